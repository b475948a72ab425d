/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a configuration, said before anybody meets it. */
#include <ap_listen.h>
#include <ap_mpm.h>
#include <apr_dbd.h>
#include <apr_strings.h>
#include <http_core.h>

#include "core/text.h"
#include "httpd/auth.h"
#include "httpd/config.h"
#include "httpd/dbd.h"
#include "httpd/trail.h"
#include "io/store_dbd.h"

#define SQLITE_CHILDREN_MAX 4

/* ---- the public URL of a site that only this machine can reach ---- */

static int is_loopback(const apr_sockaddr_t *address)
{
    const unsigned char *bytes = address->ipaddr_ptr;

    return address->family == APR_INET ? bytes[0] == 127
                                       : IN6_IS_ADDR_LOOPBACK(bytes);
}

/* A loopback listener on `port` (0: any), when all of them are loopback. */
static const apr_sockaddr_t *loopback_listener(apr_port_t port)
{
    const apr_sockaddr_t *found = NULL;

    for (ap_listen_rec *l = ap_listeners; l; l = l->next) {
        if (port && l->bind_addr->port != port) {
            continue;
        }
        if (!is_loopback(l->bind_addr)) {
            return NULL;
        }
        found = found ? found : l->bind_addr;
    }
    return found;
}

static const apr_sockaddr_t *loopback_of(const server_rec *server)
{
    const apr_sockaddr_t *found = NULL;

    if (!server->is_virtual) {
        return loopback_listener(0);
    }
    for (server_addr_rec *a = server->addrs; a; a = a->next) {
        const apr_sockaddr_t *one = is_loopback(a->host_addr)
            ? a->host_addr : loopback_listener(a->host_port);

        if (!one) {
            return NULL;
        }
        found = found ? found : one;
    }
    return found;
}

static const char *loopback_url(apr_pool_t *pool, const server_rec *server)
{
    const apr_sockaddr_t *address = loopback_of(server);
    char *ip;

    if (!address
        || apr_sockaddr_ip_get(&ip, (apr_sockaddr_t *)address)) {
        return NULL;
    }
    return apr_psprintf(pool, address->family == APR_INET ? "http://%s:%d"
                                                          : "http://[%s]:%d",
                        ip, address->port);
}

/* ---- what nobody set ---- */

static const char *default_realm(apr_pool_t *pool, const pwr_conf *conf)
{
    pwr_url url;

    if (pwr_url_parse(pool, conf->public_url, &url)) {
        return NULL;
    }
    return apr_pstrcat(pool, strstr(url.origin, "://") + 3, conf->base, NULL);
}

static const char *complete(apr_pool_t *pool, const pwr_server *self,
                            pwr_conf *conf)
{
    const server_rec *server = self->server;

    pwr_conf_defaults(pool, conf);
    if (!conf->public_url) {
        conf->public_url = loopback_url(pool, server);
    }
    if (!conf->public_url) {
        return "PwResetPublicURL is missing: say under which address people "
               "reach this site, for instance PwResetPublicURL "
               "https://www.example.org";
    }
    if (!conf->realm) {
        conf->realm = default_realm(pool, conf);
    }
    if (!conf->site_name) {
        conf->site_name = server->server_hostname;
    }
    if (!conf->contact) {
        conf->contact = server->server_admin;
    }
    return NULL;
}

/* ---- what does not go together ---- */

static const char *check_mysql(apr_pool_t *pool, const char *params)
{
    const char *reconnect = pwr_store_dbd_param(pool, params, "reconnect");
    const char *group = pwr_store_dbd_param(pool, params, "group");

    if (!reconnect || strcmp(reconnect, "0") != 0) {
        return "DBDParams needs reconnect=0: otherwise one restart of the "
               "database makes every request fail until httpd is restarted";
    }
    if (!group || !*group) {
        return "DBDParams needs group=NAME, a group of the MySQL option file "
               "with connect-timeout and the session settings; copy "
               "conf/pwreset-my.cnf and use group=pwreset";
    }
    return NULL;
}

static const char *check_dbd(apr_pool_t *pool, const pwr_server *self)
{
    const char *driver = self->dbd_driver;

    if (!pwr_dbd_is_loaded()) {
        return "mod_dbd is not loaded: add LoadModule dbd_module "
               "modules/mod_dbd.so (Debian: a2enmod dbd)";
    }
    if (!driver) {
        return "DBDriver is missing: mysql or sqlite3, with DBDParams";
    }
    if (!self->dbd_params) {
        return "DBDParams is missing: how to connect to the database, with "
               "DBDriver sqlite3 the name of its file";
    }
    if (strcmp(driver, "mysql") == 0) {
        return check_mysql(pool, self->dbd_params);
    }
    if (strcmp(driver, "sqlite3") != 0) {
        return apr_psprintf(pool, "DBDriver %s is not supported: use mysql "
                            "or sqlite3", driver);
    }
    return NULL;
}

/* A token of RFC 9110 5.6.2. */
static int is_header_name(const char *name)
{
    return *name && !*ap_scan_http_token(name);
}

/* What httpd itself reads after we have taken it out of the request: without
 * Content-Length, a body would be the next request. */
static int is_header_of_http(const char *name)
{
    static const char *const names[] = {
        "Connection", "Content-Length", "Content-Type", "Cookie", "Expect",
        "Host", "Transfer-Encoding", "Upgrade", NULL
    };
    int i = 0;

    while (names[i] && !pwr_auth_is_alike(names[i], name)) {
        i++;
    }
    return names[i] != NULL;
}

static int is_link(const char *text)
{
    return pwr_url_is_local(text) || strncmp(text, "https://", 8) == 0
        || strncmp(text, "http://", 7) == 0;
}

static const char *check_names(const pwr_conf *conf)
{
    if (conf->user_header && (!is_header_name(conf->user_header)
                              || is_header_of_http(conf->user_header))) {
        return "PwResetUserHeader must be the name of a header that HTTP has "
               "no use for, such as X-Remote-User";
    }
    if (conf->login_url && !is_link(conf->login_url)) {
        return "PwResetLoginURL must begin with https://, http:// or one "
               "slash";
    }
    if (!pwr_url_is_local(conf->landing)) {
        return "PwResetLanding must be a path of this site, such as /portal/";
    }
    return NULL;
}

/* A rule that nobody can meet, or that nobody is ever asked about. */
static const char *check_groups(apr_pool_t *pool, const pwr_conf *conf)
{
    const pwr_group_policy **group = conf->group_policies;

    if (group && !conf->group_query) {
        return "PwResetGroupPolicy needs PwResetGroupQuery, which says who is "
               "in which group";
    }
    for (; group && *group; group++) {
        if ((*group)->points_min > conf->password_length[1]) {
            return apr_psprintf(pool, "PwResetGroupPolicy %s: length=%d is "
                                "more than PwResetPasswordLength allows, %d",
                                (*group)->group, (*group)->points_min,
                                conf->password_length[1]);
        }
    }
    return check_names(conf);
}

static const char *check_values(apr_pool_t *pool, const pwr_conf *conf)
{
    const char *error;

    if (pwr_text_points(conf->realm) > PWR_REALM_POINTS) {
        return apr_psprintf(pool, "the realm, '%s', is too long: give the "
                            "site a PwResetRealm of at most %d characters",
                            conf->realm, PWR_REALM_POINTS);
    }
    if (*conf->sendmail[0] != '/') {
        return "PwResetSendmail must begin with the whole path of a program, "
               "such as /usr/sbin/sendmail";
    }
    if (conf->hook && *conf->hook[0] != '/') {
        return "PwResetHook must begin with the whole path of a program, such "
               "as /usr/local/sbin/password-changed";
    }
    if (!conf->mail_from) {
        return "PwResetMailFrom is missing: the sender of the mails, for "
               "instance PwResetMailFrom noreply@example.org";
    }
    if (conf->session_idle_sec > conf->session_lifetime_sec) {
        return "PwResetSessionIdle must not be longer than "
               "PwResetSessionLifetime";
    }
    if (conf->session_cache_sec > conf->session_idle_sec) {
        return "PwResetSessionCache must not be longer than "
               "PwResetSessionIdle";
    }
    error = pwr_conf_refusal(pool, conf);
    return error ? error : check_groups(pool, conf);
}

static void warn_sqlite(const pwr_server *self)
{
    int children = 0;

    if (strcmp(self->dbd_driver, "sqlite3") != 0
        || ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children) != APR_SUCCESS
        || children <= SQLITE_CHILDREN_MAX) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, self->server,
                 PWR_LOG("PWR0012") "SQLite is for small sites: %d children "
                 "would queue at its one lock; set ServerLimit or "
                 "MaxRequestWorkers so that there are at most %d, or use "
                 "DBDriver mysql", children, SQLITE_CHILDREN_MAX);
}

/* mod_dbd's default is 1. */
static void warn_min(const pwr_server *self)
{
    if (strcmp(self->dbd_driver, "mysql") == 0
        && (!self->dbd_min || apr_atoi64(self->dbd_min) != 0)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, self->server,
                     PWR_LOG("PWR0017") "without DBDMin 0 each child of httpd "
                     "connects to the database before it serves anything: "
                     "while that hangs, static pages hang too; add DBDMin 0");
    }
}

/* Not an error, as jobs wait for it; and only for `-t`, since a job that has
 * to wait says so too. */
static void warn_program(apr_pool_t *pool, const pwr_server *self,
                         const char *directive, const char *program)
{
    apr_finfo_t info;
    apr_status_t status = apr_stat(&info, program,
                                   APR_FINFO_TYPE | APR_FINFO_PROT, pool);

    if (status == APR_SUCCESS && info.filetype == APR_REG
        && (info.protection & (APR_UEXECUTE | APR_GEXECUTE | APR_WEXECUTE))) {
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_WARNING, status, self->server,
                 PWR_LOG("PWR0014") "%s: '%s' is no program that can be run, "
                 "and its jobs will wait until it is: install it or correct "
                 "the path; options are words of their own", directive,
                 program);
}

static const char *make_store(apr_pool_t *pool, pwr_server *self)
{
    const pwr_dbd_lender lender = pwr_dbd_lender_for(pool, self->server);
    const pwr_store_conf store = pwr_store_dbd_conf(self->conf,
                                                    self->dbd_driver);

    return pwr_store_dbd_make(pool, &store, &lender, &self->diag,
                              &self->store);
}

/* Make one vhost ready; NULL, or what is wrong. */
static const char *check_vhost(apr_pool_t *pool, pwr_server *self,
                               pwr_kit *kit, int strict)
{
    const char *error = check_dbd(pool, self);

    if (!error) {
        error = complete(pool, self, self->conf);
    }
    if (!error) {
        error = check_values(pool, self->conf);
    }
    if (!error) {
        error = make_store(pool, self);
    }
    if (!error) {
        error = pwr_site_make(pool, self->conf, kit, &self->diag, strict,
                              &self->site);
    }
    if (!error) {
        warn_sqlite(self);
        warn_min(self);
    }
    if (!error && strict) {
        warn_program(pool, self, "PwResetSendmail", self->conf->sendmail[0]);
        if (self->conf->hook) {
            warn_program(pool, self, "PwResetHook", self->conf->hook[0]);
        }
        pwr_trail_check(pool, self);
    }
    return error;
}

int pwr_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *main_server)
{
    int strict = ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST;
    pwr_kit *kit = NULL;
    int result = OK;

    (void)plog;
    (void)ptemp;
    /* What is there once for the whole server stands in the main one. */
    pwr_conf_defaults(pconf, pwr_server_of(main_server)->conf);
    for (server_rec *server = main_server; server; server = server->next) {
        pwr_server *self = pwr_server_of(server);
        const char *error;

        /* A vhost that says nothing of ours shares the main server's part. */
        if (!self->conf->enabled || self->server != server) {
            continue;
        }
        kit = kit ? kit : pwr_kit_make(pconf);
        error = check_vhost(pconf, self, kit, strict);
        if (error) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, server,
                         PWR_LOG("PWR0011") "%s (in the server defined at "
                         "%s:%u)", error, server->defn_name
                         ? server->defn_name : "the main configuration",
                         server->defn_line_number);
            result = HTTP_INTERNAL_SERVER_ERROR;
        }
    }
    return result;
}
