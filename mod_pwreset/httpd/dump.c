/* SPDX-License-Identifier: Apache-2.0 */
/* `httpd -t -D DUMP_PWRESET`: the resolved configuration as JSON, which the
 * command reads instead of parsing httpd.conf. */
#include <stdlib.h>
#include <unistd.h>

#include <http_core.h>
#include <jansson.h>

#include "httpd/config.h"

static json_t *words(const char *const *argv)
{
    json_t *array = json_array();

    for (; *argv; argv++) {
        json_array_append_new(array, json_string(*argv));
    }
    return array;
}

static json_t *directives(apr_pool_t *pool, const pwr_conf *conf)
{
    json_t *object = json_object();

    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        apr_array_header_t *uses = pwr_conf_uses(pool, conf, row);
        json_t *array = json_array();

        for (int i = 0; i < uses->nelts; i++) {
            json_array_append_new(array, words(APR_ARRAY_IDX(uses, i,
                                                    const char *const *)));
        }
        json_object_set_new(object, row->name, array);
    }
    return object;
}

/* Only in the pipe of the command are the connection parameters, which may hold
 * a password, not masked. */
static json_t *vhost(apr_pool_t *pool, const pwr_server *self, int unmasked)
{
    const server_rec *server = self->server;
    /* ServerName's own port, which most leave out, or the vhost's. */
    int port = server->port || !server->addrs ? server->port
                                              : server->addrs->host_port;

    return json_pack("{s:s, s:i, s:s?, s:i, s:s, s:s?, s:s?, s:o}",
                     "server", server->server_hostname
                     ? server->server_hostname : "",
                     "port", port,
                     "file", server->defn_name,
                     "line", (int)server->defn_line_number,
                     "realm", self->conf->realm,
                     "driver", self->dbd_driver,
                     "params", unmasked ? self->dbd_params : "(masked)",
                     "directives", directives(pool, self->conf));
}

void pwr_config_dump(apr_pool_t *pconf, server_rec *main_server)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): under httpd -t, no thread yet */
    const char *fd_text = getenv(PWR_DUMP_VARIABLE);
    int fd = fd_text ? (int)strtol(fd_text, NULL, 10) : STDOUT_FILENO;
    json_t *vhosts, *root;

    if (!ap_exists_config_define(PWR_DUMP_DEFINE)) {
        return;
    }
    vhosts = json_array();
    for (server_rec *server = main_server; server; server = server->next) {
        const pwr_server *self = pwr_server_of(server);

        if (self->site && self->server == server) {
            json_array_append_new(vhosts, vhost(pconf, self,
                                                fd_text != NULL));
        }
    }
    root = json_pack("{s:s, s:o}", "version", PWR_VERSION, "vhosts",
                     vhosts);
    json_dumpfd(root, fd, JSON_INDENT(2));
    if (write(fd, "\n", 1) != 1) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server,
                     PWR_LOG("PWR0013") "the dump could not be written");
    }
    json_decref(root);
}
