/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a request:
 *
 *  hop     file                  in -> out
 *  match   httpd/route.c         request_rec -> pwr_route, or DECLINED
 *  read    httpd/exchange.c      request_rec -> pwr_request {form, language,
 *                                client, visitor}
 *  count   httpd/limits.c        client -> may, or 429
 *  decide  flow/forgot.c, ...    pwr_request -> pwr_response {status, cookies,
 *                                page, model}
 *  keep    io/store.h            plain structs <-> rows
 *  show    flow/page.c,          model -> bytes
 *          core/template_render.c
 *  answer  httpd/exchange.c      pwr_response -> wire
 *          (httpd/asset.c        a file below /assets/ -> wire)
 *  later   httpd/worker.c ->     job row -> message -> mail program -> row gone
 *          flow/deliver.c -> flow/letter.c -> io/outbox.c -> core/mime.c
 *          -> io/sendmail.c -> io/program.c (flow/hook.c -> io/program.c)
 */
#include "httpd/route.h"

#include <apr_strings.h>
#include <http_core.h>

#include "flow/change.h"
#include "flow/forgot.h"
#include "flow/login.h"
#include "flow/notme.h"
#include "flow/reset.h"
#include "flow/sessions.h"
#include "httpd/alias.h"
#include "httpd/asset.h"
#include "httpd/auth.h"
#include "httpd/exchange.h"
#include "httpd/redact.h"

#define NAME_BYTES 1024         /* 255 letters; an address has fewer */
#define PASSWORD_BYTES PWR_PASSWORD_BYTES_MAX
#define TOKEN_BYTES 2000        /* a whole pasted line of the mail */
#define PATH_BYTES 2000
#define HANDLER_NAME "pwreset"

#define LANG { "lang", 35 }     /* RFC 5646 4.4.1 */
#define HERE { PWR_ALIAS_MARK, 1 }
#define ALWAYS LANG, HERE       /* in every query */

static const pwr_form_field no_fields[] = { ALWAYS, { NULL, 0 } };

static const pwr_form_field login_query[] = {
    ALWAYS, { "return", PATH_BYTES }, { NULL, 0 }
};

static const pwr_form_field login_form[] = {
    { "login", NAME_BYTES }, { "password", PASSWORD_BYTES },
    { "return", PATH_BYTES }, { "cookies", 1 }, { NULL, 0 }
};

static const pwr_form_field forgot_form[] = {
    { "email", NAME_BYTES }, { NULL, 0 }
};

static const pwr_form_field reset_query[] = {
    ALWAYS, { "token", TOKEN_BYTES }, { "done", 1 }, { NULL, 0 }
};

static const pwr_form_field reset_form[] = {
    { "token", TOKEN_BYTES }, { "login", NAME_BYTES },
    { "password", PASSWORD_BYTES }, { "confirm", PASSWORD_BYTES }, { NULL, 0 }
};

static const pwr_form_field notme_query[] = {
    ALWAYS, { "token", TOKEN_BYTES }, { "done", 1 }, { NULL, 0 }
};

static const pwr_form_field notme_form[] = {
    { "token", TOKEN_BYTES }, { NULL, 0 }
};

static const pwr_form_field sessions_query[] = {
    ALWAYS, { "done", 6 }, { NULL, 0 }
};

static const pwr_form_field sessions_form[] = {
    { "end", PWR_DIGEST_HEX }, { NULL, 0 }
};

static const pwr_form_field change_query[] = {
    ALWAYS, { "done", 1 }, { NULL, 0 }
};

static const pwr_form_field change_form[] = {
    { "current", PASSWORD_BYTES }, { "password", PASSWORD_BYTES },
    { "confirm", PASSWORD_BYTES }, { NULL, 0 }
};

#define VISITOR_AND_LOGIN (PWR_NEEDS_VISITOR | PWR_NEEDS_LOGIN)

static const pwr_route routes[] = {
    { "/login", VISITOR_AND_LOGIN, pwr_login_show, pwr_login_enter,
      login_query, login_form, PWR_LIMIT_LOGIN_CLIENT, NULL },
    { "/logout", VISITOR_AND_LOGIN, pwr_logout_show, pwr_logout_leave,
      no_fields, no_fields, PWR_LIMIT_NONE, NULL },
    { "/forgot", PWR_NEEDS_NOTHING, pwr_forgot_show, pwr_forgot_ask,
      no_fields, forgot_form, PWR_LIMIT_FORGOT_CLIENT, NULL },
    { "/reset", PWR_NEEDS_NOTHING, pwr_reset_show, pwr_reset_change,
      reset_query, reset_form, PWR_LIMIT_RESET_CLIENT, "token" },
    { "/change", VISITOR_AND_LOGIN, pwr_change_show, pwr_change_password,
      change_query, change_form, PWR_LIMIT_NONE, NULL },
    { "/sessions", VISITOR_AND_LOGIN, pwr_sessions_show, pwr_sessions_end,
      sessions_query, sessions_form, PWR_LIMIT_NONE, NULL },
    { "/notme", PWR_NEEDS_NOTHING, pwr_notme_show, pwr_notme_cancel,
      notme_query, notme_form, PWR_LIMIT_RESET_CLIENT, "token" },
    { NULL, 0, NULL, NULL, NULL, NULL, PWR_LIMIT_NONE, NULL }
};

static const pwr_route lead_in_route = {
    "/.well-known/change-password", PWR_NEEDS_NOTHING, pwr_change_lead_in,
    NULL, no_fields, NULL, PWR_LIMIT_NONE, NULL
};

/* Never GET here, see pwr_route_handle(): a page only tells what is wrong. */
static const pwr_route asset_route = {
    "/assets/", PWR_NEEDS_NOTHING, NULL, NULL, no_fields, NULL,
    PWR_LIMIT_NONE, NULL
};

/* The route of a path, or of a file below /assets/ (then `*asset` is set);
 * NULL: not ours. */
static const pwr_route *route_find(const pwr_site *site, const char *path,
                                   const pwr_builtin **asset)
{
    const char *base = site->conf->base;
    size_t base_len = strlen(base);
    const pwr_route *route;

    *asset = NULL;
    if (strcmp(path, lead_in_route.path) == 0) {
        return &lead_in_route;
    }
    if (strncmp(path, base, base_len) != 0) {
        return NULL;
    }
    path += base_len;
    for (route = routes; route->path; route++) {
        if (strcmp(path, route->path) == 0) {
            return route;
        }
    }
    if (strncmp(path, asset_route.path, strlen(asset_route.path)) == 0) {
        *asset = pwr_site_asset(site, path + 1);
    }
    return *asset ? &asset_route : NULL;
}

int pwr_route_has(const pwr_site *site, const char *path)
{
    const pwr_builtin *asset;

    return route_find(site, path, &asset) != NULL;
}

pwr_call *pwr_call_of(request_rec *r)
{
    pwr_call *call = NULL;

    while (r && !call) {
        call = ap_get_module_config(r->request_config, &pwreset_module);
        r = r->prev ? r->prev : r->main;
    }
    return call;
}

/* mod_http2 would make the request anew of what we have left of it, without
 * the session and the string: it stays what it is, as RFC 9110 7.8 permits. */
static void decline_h2c(request_rec *r, const pwr_call *call)
{
    if ((call->cookies || call->query)
        && ap_find_token(r->pool, apr_table_get(r->headers_in, "Upgrade"),
                         "h2c")) {
        apr_table_unset(r->headers_in, "Upgrade");
    }
}

int pwr_route_read(request_rec *r)
{
    pwr_server *self = pwr_server_active(r->server);
    pwr_call *call;

    if (!self || pwr_call_of(r)) {
        return DECLINED;
    }
    call = apr_pcalloc(r->pool, sizeof(*call));
    ap_set_module_config(r->request_config, &pwreset_module, call);
    call->target = r->unparsed_uri;
    call->query = pwr_redact_request(r, self);
    pwr_auth_conceal(r, self, call);
    decline_h2c(r, call);
    return DECLINED;
}

/* What lies under our base and is no page of ours gets its query after all;
 * its log line does not. */
static void give_back_query(request_rec *r, const pwr_call *call)
{
    if (call->query) {
        r->args = apr_pstrdup(r->pool, call->query);
        r->parsed_uri.query = r->args;
        r->unparsed_uri = apr_pstrdup(r->pool, call->target);
    }
}

int pwr_route_translate(request_rec *r)
{
    pwr_server *self = pwr_server_active(r->server);
    pwr_call *call = pwr_call_of(r);

    if (!self || !call || r->main || r->prev) {
        return DECLINED;
    }
    call->route = route_find(self->site, r->uri, &call->asset);
    if (!call->route) {
        give_back_query(r, call);
        return DECLINED;
    }
    /* No folder and no suffix: neither MultiViews nor AddType, AddEncoding or
     * AddOutputFilter finds anything in it. */
    r->filename = apr_pstrdup(r->pool, HANDLER_NAME);
    /* Given back by pre_translate_name, where the path was encoded. */
    pwr_redact_request(r, self);
    return OK;
}

int pwr_route_decode(request_rec *r)
{
    pwr_server *self = pwr_server_active(r->server);

    if (self && !r->main && !r->prev) {
        pwr_redact_request(r, self);
    }
    return DECLINED;
}

pwr_call *pwr_route_own(request_rec *r)
{
    pwr_call *call = pwr_call_of(r);

    return call && call->route && !r->main && !r->prev ? call : NULL;
}

int pwr_route_map(request_rec *r)
{
    return pwr_route_own(r) ? OK : DECLINED;
}

/* FallbackResource takes what no handler takes. */
int pwr_route_bind(request_rec *r)
{
    if (pwr_route_own(r)) {
        r->handler = HANDLER_NAME;
    }
    return DECLINED;
}

int pwr_route_handle(request_rec *r)
{
    pwr_call *call = pwr_route_own(r);

    if (!call) {
        return DECLINED;
    }
    /* DefaultLanguage and the like speak of the vhost's files. */
    r->content_languages = NULL;
    r->content_encoding = NULL;
    return call->asset && r->method_number == M_GET
        ? pwr_asset_send(r, call->asset)
        : pwr_exchange_page(r, pwr_server_of(r->server), call);
}
