/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/vhost.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "core/text.h"

#define ARGUMENTS_MAX 100       /* of one use of a directive */

static int misfit(const char *what)
{
    return pwr_call_fail(EX_CONFIG, "the dump of httpd is not understood (%s): "
                         "install mod_pwreset and pwresetctl " PWR_VERSION
                         " together", what);
}

static const char *member_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static int member_int(const json_t *object, const char *key)
{
    return (int)json_integer_value(json_object_get(object, key));
}

/* "www.example.org:443"; NULL when it has no name. */
static const char *name_of(apr_pool_t *pool, const json_t *from)
{
    const char *server = member_text(from, "server");

    if (!server || !json_is_integer(json_object_get(from, "port"))) {
        return NULL;
    }
    return apr_psprintf(pool, "%s:%d", server, member_int(from, "port"));
}

/* One use of a directive: an array of its arguments. */
static int use_take(apr_pool_t *pool, const pwr_vhost *vhost, pwr_conf *conf,
                    const pwr_conf_row *row, const json_t *use)
{
    const char *argv[ARGUMENTS_MAX], *error;
    size_t argc = json_array_size(use);

    if (!json_is_array(use) || argc > ARGUMENTS_MAX) {
        return misfit(row->name);
    }
    for (size_t i = 0; i < argc; i++) {
        const json_t *argument = json_array_get(use, i);

        if (!json_is_string(argument)) {
            return misfit(row->name);
        }
        argv[i] = apr_pstrdup(pool, json_string_value(argument));
    }
    error = pwr_conf_set(pool, conf, row, (int)argc, argv);
    if (error) {
        return pwr_call_fail(EX_CONFIG, "%s:%d: %s %s", vhost->file,
                             vhost->line, row->name, error);
    }
    return EX_OK;
}

static int directive_take(apr_pool_t *pool, const pwr_vhost *vhost,
                          pwr_conf *conf, const char *name,
                          const json_t *uses)
{
    const pwr_conf_row *row = pwr_conf_row_find(name);
    int status = EX_OK;

    if (!row || !json_is_array(uses)) {
        return misfit(name);
    }
    for (size_t i = 0; status == EX_OK && i < json_array_size(uses); i++) {
        status = use_take(pool, vhost, conf, row, json_array_get(uses, i));
    }
    return status;
}

static int vhost_make(apr_pool_t *pool, const json_t *from, pwr_vhost *vhost)
{
    json_t *directives = json_object_get(from, "directives"), *uses;
    const char *name, *realm = member_text(from, "realm");
    const char *file = member_text(from, "file");
    pwr_conf *conf = pwr_conf_make(pool);
    int status = EX_OK;

    if (!json_is_object(directives) || !realm) {
        return misfit(realm ? "directives" : "realm");
    }
    vhost->server = name_of(pool, from);
    vhost->file = apr_pstrdup(pool, file ? file : "-");
    vhost->line = member_int(from, "line");
    vhost->driver = apr_pstrdup(pool, member_text(from, "driver"));
    vhost->params = apr_pstrdup(pool, member_text(from, "params"));
    vhost->conf = conf;
    json_object_foreach(directives, name, uses) {
        status = directive_take(pool, vhost, conf, name, uses);
        if (status != EX_OK) {
            return status;
        }
    }
    conf->realm = apr_pstrdup(pool, realm);
    pwr_conf_defaults(pool, conf);
    return EX_OK;
}

/* With or without the port. */
static int is_called(apr_pool_t *pool, const json_t *from, const char *name)
{
    return pwr_text_same(name, member_text(from, "server"))
        || pwr_text_same(name, name_of(pool, from));
}

static int list_fail(apr_pool_t *pool, const json_t *vhosts,
                     const char *complaint)
{
    const json_t *from;
    size_t i;

    pwr_call_fail(EX_USAGE, "%s: choose one with -s", complaint);
    json_array_foreach(vhosts, i, from) {
        const char *file = member_text(from, "file");

        fprintf(stderr, "  %s  (%s:%d)\n", name_of(pool, from),
                file ? file : "-", member_int(from, "line"));
    }
    return EX_USAGE;
}

/* The vhosts of that name, or all, as the dump has them. */
static int candidates_find(apr_pool_t *pool, const json_t *dump,
                           const char *name, apr_array_header_t *found)
{
    const json_t *vhosts = json_object_get(dump, "vhosts"), *from;
    size_t i;

    if (!json_is_array(vhosts)) {
        return misfit("vhosts");
    }
    if (json_array_size(vhosts) == 0) {
        return pwr_call_fail(EX_CONFIG, "no site is configured: say PwReset On "
                             "in the virtual host that is to have it");
    }
    json_array_foreach(vhosts, i, from) {
        if (!name_of(pool, from)) {
            return misfit("server");
        }
        if (!name || is_called(pool, from, name)) {
            APR_ARRAY_PUSH(found, const json_t *) = from;
        }
    }
    return found->nelts > 0
        ? EX_OK : list_fail(pool, vhosts, "no virtual host of that name says "
                            "PwReset On");
}

int pwr_vhost_choose(apr_pool_t *pool, const json_t *dump, const char *name,
                     const pwr_vhost **vhost)
{
    apr_array_header_t *found = apr_array_make(pool, 1,
                                               sizeof(const json_t *));
    pwr_vhost *made = apr_pcalloc(pool, sizeof(*made));
    int status = candidates_find(pool, dump, name, found);

    *vhost = NULL;
    if (status == EX_OK && found->nelts > 1) {
        status = list_fail(pool, json_object_get(dump, "vhosts"),
                           "several virtual hosts say PwReset On");
    }
    if (status == EX_OK) {
        status = vhost_make(pool, APR_ARRAY_IDX(found, 0, const json_t *),
                            made);
    }
    *vhost = status == EX_OK ? made : NULL;
    return status;
}

static int is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int is_known(const apr_array_header_t *vhosts, const pwr_vhost *vhost)
{
    for (int i = 0; i < vhosts->nelts; i++) {
        const pwr_vhost *other = APR_ARRAY_IDX(vhosts, i, const pwr_vhost *);

        if (is_same(vhost->conf->realm, other->conf->realm)
            && is_same(vhost->conf->table_prefix, other->conf->table_prefix)
            && is_same(vhost->driver, other->driver)
            && is_same(vhost->params, other->params)) {
            return 1;
        }
    }
    return 0;
}

int pwr_vhost_each(apr_pool_t *pool, const json_t *dump, const char *name,
                   apr_array_header_t **vhosts)
{
    apr_array_header_t *found = apr_array_make(pool, 8,
                                               sizeof(const json_t *));
    int status = candidates_find(pool, dump, name, found);

    *vhosts = apr_array_make(pool, 8, sizeof(const pwr_vhost *));
    for (int i = 0; status == EX_OK && i < found->nelts; i++) {
        pwr_vhost *made = apr_pcalloc(pool, sizeof(*made));

        status = vhost_make(pool, APR_ARRAY_IDX(found, i, const json_t *),
                            made);
        if (status == EX_OK && !is_known(*vhosts, made)) {
            APR_ARRAY_PUSH(*vhosts, const pwr_vhost *) = made;
        }
    }
    return status;
}
