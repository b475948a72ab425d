/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status.h"

#include <ap_expr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>

#include "httpd/exchange.h"
#include "httpd/snapshot.h"

#define HANDLER_NAME "pwreset-status"
#define STYLE "assets/status.css"

/* What follows the ? */
static const struct {
    const char *query;
    pwr_status_as as;
    const char *type;
} formats[] = {
    { "auto", PWR_STATUS_AUTO, "text/plain; charset=utf-8" },
    { "json", PWR_STATUS_JSON, "application/json" },
    { "metrics", PWR_STATUS_METRICS,
      "text/plain; version=0.0.4; charset=utf-8" },
    { NULL, PWR_STATUS_HTML, "text/html; charset=utf-8" }
};

/* ---- may it be shown? ---- */

/* The handler that a Location, or the server, says. */
static const char *handler_of(request_rec *r)
{
    const core_dir_config *conf = ap_get_core_module_config(
        r->per_dir_config);
    const char *error = NULL, *name = conf->handler;

    if (conf->expr_handler) {
        name = ap_expr_str_exec(r, conf->expr_handler, &error);
    }
    return name && !error ? name : "";
}

static int is_on(const request_rec *r)
{
    const pwr_server *self = pwr_server_of(r->server);

    return self->server == r->server && self->conf->status;
}

int pwr_status_translate(request_rec *r)
{
    if (r->main || r->prev || !is_on(r)
        || strcmp(handler_of(r), HANDLER_NAME) != 0) {
        return DECLINED;
    }
    apr_pool_userdata_setn(r, HANDLER_NAME, NULL, r->pool);
    /* No folder of the site, and nothing in it, has a say. */
    r->filename = apr_pstrdup(r->pool, HANDLER_NAME);
    return OK;
}

/* An internal redirect has the pool of the request it began with. */
static int is_ours(request_rec *r)
{
    void *marked = NULL;

    apr_pool_userdata_get(&marked, HANDLER_NAME, r->pool);
    return marked == r;
}

int pwr_status_map(request_rec *r)
{
    return is_ours(r) ? OK : DECLINED;
}

/* ---- answer ---- */

static int is_asked(const char *args, const char *query)
{
    size_t len = strlen(query);

    return args && strncmp(args, query, len) == 0
        && (args[len] == '\0' || args[len] == '&' || args[len] == '=');
}

static int send_bytes(request_rec *r, const char *type, const char *bytes,
                      size_t len)
{
    pwr_exchange_protect(r);
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)len);
    if (!r->header_only) {
        ap_rwrite(bytes, (int)len, r);
    }
    return OK;
}

int pwr_status_handle(request_rec *r)
{
    const pwr_builtin *style = pwr_builtin_find(STYLE);
    const char *bytes;
    pwr_status status;
    size_t len;
    int i = 0;

    if (strcmp(r->handler ? r->handler : "", HANDLER_NAME) != 0) {
        return DECLINED;
    }
    if (!is_ours(r)) {
        return HTTP_NOT_FOUND;
    }
    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
    if (r->method_number != M_GET) {
        return HTTP_METHOD_NOT_ALLOWED;
    }
    if (is_asked(r->args, "css")) {
        return send_bytes(r, "text/css; charset=utf-8", style->bytes,
                          style->len);
    }
    while (formats[i].query && !is_asked(r->args, formats[i].query)) {
        i++;
    }
    status = pwr_snapshot_take(r->pool, ap_server_conf);
    bytes = pwr_status_show(r->pool, &status, formats[i].as, &len);
    return send_bytes(r, formats[i].type, bytes, len);
}
