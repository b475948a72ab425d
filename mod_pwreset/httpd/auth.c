/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/auth.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <mod_core.h>
#include <util_filter.h>

#include "core/cookie.h"
#include "core/text.h"
#include "core/url.h"
#include "httpd/cache.h"
#include "httpd/exchange.h"
#include "httpd/log.h"
#include "httpd/route.h"

#define AUTH_TYPE "PwReset"
#define URI_SHOWN_MAX 100
#define FILTER_NAME "PWRESET_PRIVATE"

/* ---- who it is ---- */

static apr_status_t ask_store(request_rec *r, const pwr_server *self,
                              const char *digest, pwr_visitor *visitor)
{
    pwr_session_lookup lookup = {
        .realm = self->conf->realm,
        .digest = digest,
        .idle_sec = self->conf->session_idle_sec,
    };
    apr_status_t status = self->store->ops->session_find(self->store, r->pool,
                                                         &lookup);

    if (status != APR_SUCCESS || lookup.state != PWR_SESSION_LIVE) {
        return status;
    }
    status = self->store->ops->groups_find(self->store, r->pool, &lookup.user,
                                           &visitor->groups);
    if (status == APR_SUCCESS) {
        visitor->login = lookup.user.login;
        visitor->user_id = lookup.user.id;
        visitor->session_digest = digest;
    }
    return status;
}

static apr_status_t find_session(request_rec *r, const pwr_server *self,
                                 const char *digest, pwr_visitor *visitor)
{
    uint32_t clock;
    apr_status_t status;

    if (pwr_cache_get(r, self, digest, visitor)) {
        return APR_SUCCESS;
    }
    clock = pwr_cache_clock();
    status = ask_store(r, self, digest, visitor);
    if (status == APR_SUCCESS && visitor->login) {
        pwr_cache_put(r, self, visitor, clock);
    }
    return status;
}

apr_status_t pwr_auth_visitor(request_rec *r, const pwr_server *self,
                              pwr_call *call)
{
    const char *secret;
    char *digest;
    apr_status_t status;

    if (call->is_visitor_known) {
        return APR_SUCCESS;
    }
    secret = pwr_cookie_find(r->pool, call->cookies, self->site->cookie);
    if (!secret || !*secret) {
        call->is_visitor_known = 1;
        return APR_SUCCESS;
    }
    digest = apr_palloc(r->pool, PWR_DIGEST_HEX + 1);
    status = pwr_crypto_digest(digest, self->conf->realm,
                               PWR_PURPOSE_SESSION, secret);
    if (status == APR_SUCCESS) {
        status = find_session(r, self, digest, &call->visitor);
    }
    call->is_visitor_known = status == APR_SUCCESS;
    return status;
}

/* ---- what others see of it ---- */

int pwr_auth_is_alike(const char *name, const char *other)
{
    while (*name && (*name == '_' ? '-' : apr_tolower(*name))
                        == (*other == '_' ? '-' : apr_tolower(*other))) {
        name++;
        other++;
    }
    return *name == '\0' && *other == '\0';
}

static const char *find_alike(const apr_table_t *headers, const char *name)
{
    const apr_array_header_t *all = apr_table_elts(headers);

    for (int i = 0; i < all->nelts; i++) {
        const char *key = APR_ARRAY_IDX(all, i, apr_table_entry_t).key;

        if (pwr_auth_is_alike(key, name)) {
            return key;
        }
    }
    return NULL;
}

static void remove_header(request_rec *r, const char *name)
{
    const char *key;

    while ((key = find_alike(r->headers_in, name)) != NULL) {
        apr_table_unset(r->headers_in, key);
    }
}

/* "Connection: X-User" tells mod_proxy to drop what we are going to set, as it
 * did with X-Forwarded-For (CVE-2022-31813). */
static void protect_header(request_rec *r, const char *name)
{
    if (ap_find_token(r->pool, apr_table_get(r->headers_in, "Connection"),
                      name)) {
        apr_table_setn(r->headers_in, "Connection", "close");
    }
}

void pwr_auth_hide_cookie(request_rec *r, const pwr_server *self)
{
    const char *cookies = apr_table_get(r->headers_in, "Cookie");
    const char *left = pwr_cookie_remove(r->pool, cookies,
                                         self->site->cookie);

    if (left) {
        apr_table_setn(r->headers_in, "Cookie", left);
    }
    else {
        apr_table_unset(r->headers_in, "Cookie");
    }
}

void pwr_auth_conceal(request_rec *r, const pwr_server *self, pwr_call *call)
{
    const pwr_conf *conf = self->conf;

    call->cookies = apr_table_get(r->headers_in, "Cookie");
    if (conf->hide_cookie) {
        pwr_auth_hide_cookie(r, self);
    }
    if (conf->user_header) {
        remove_header(r, conf->user_header);
        protect_header(r, conf->user_header);
    }
}

static apr_status_t mark_private(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const char *said = apr_table_getm(r->pool, r->headers_out,
                                      "Cache-Control");
    const char *always = apr_table_getm(r->pool, r->err_headers_out,
                                        "Cache-Control");
    int no_store = (said && ap_strcasestr(said, "no-store"))
        || (always && ap_strcasestr(always, "no-store"));

    /* "Header always set Cache-Control public" would go out beside ours. */
    apr_table_unset(r->err_headers_out, "Cache-Control");
    apr_table_setn(r->headers_out, "Cache-Control",
                   no_store ? "private, no-store" : "private, no-cache");
    apr_table_mergen(r->headers_out, "Vary", "Cookie");
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

void pwr_auth_register_filter(void)
{
    /* Behind everything that sets headers, before they are sent. */
    ap_register_output_filter(FILTER_NAME, mark_private, NULL,
                              AP_FTYPE_PROTOCOL - 1);
}

void pwr_auth_insert_filter(request_rec *r)
{
    const pwr_call *call = pwr_call_of(r);

    /* An ErrorDocument may stand elsewhere; it still tells how the visitor
     * fared. */
    if (r->main || pwr_route_own(r)
        || !(pwr_text_same(ap_auth_type(r), AUTH_TYPE)
             || (call && call->is_guarded))) {
        return;
    }
    /* Not in check_authn: where "Require ip" sufficed nobody was asked who he
     * is, and mod_cache would give the answer to everybody. */
    r->no_cache = 1;
    ap_add_output_filter(FILTER_NAME, NULL, r, r->connection);
}

/* ---- the hooks of authentication ---- */

int pwr_auth_own_page(request_rec *r)
{
    /* "Require ip" and "Require all denied" have refused by now; what is left
     * lacked only a user of ours, and these pages are how one becomes one. */
    return pwr_route_own(r) && pwr_text_same(ap_auth_type(r), AUTH_TYPE)
        ? OK : DECLINED;
}

static void welcome(request_rec *r, const pwr_server *self,
                    const pwr_visitor *visitor)
{
    const char *header = self->conf->user_header;

    r->user = apr_pstrdup(r->pool, visitor->login);
    r->ap_auth_type = apr_pstrdup(r->pool, AUTH_TYPE);
    if (header && pwr_text_is_plain(visitor->login)) {
        apr_table_setn(r->headers_in, header, r->user);
    }
}

/* A page that a person asked for; anything else wants a status to read. */
static int is_navigation(request_rec *r)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");
    const char *accept = apr_table_get(r->headers_in, "Accept");

    if (r->method_number != M_GET) {
        return 0;
    }
    if (mode) {
        return strcmp(mode, "navigate") == 0;
    }
    return accept && ap_strcasestr(accept, "text/html")
        && !apr_table_get(r->headers_in, "X-Requested-With");
}

/* A form that a person sent: his browser will show what we answer.  Scripts say
 * what they are, or what they want. */
static int is_form(request_rec *r)
{
    const char *mode = apr_table_get(r->headers_in, "Sec-Fetch-Mode");
    const char *accept = apr_table_get(r->headers_in, "Accept");

    if (r->method_number != M_POST || r->main || r->prev) {
        return 0;
    }
    if (mode) {
        return strcmp(mode, "navigate") == 0;
    }
    return !apr_table_get(r->headers_in, "X-Requested-With")
        && (!accept || ap_strcasestr(accept, "text/html")
            || strstr(accept, "*/*"));
}

/* The address as the browser knows it. */
static const char *asked_for(const request_rec *r)
{
    while (r->main || r->prev) {
        r = r->main ? r->main : r->prev;
    }
    return r->unparsed_uri;
}

/* Lead a person to the login page and back; others get 401.  A form gets it
 * with a page: a redirect would drop what was typed, without a word. */
static int turn_away(request_rec *r, pwr_server *self)
{
    const pwr_conf *conf = self->conf;
    const char *login = conf->login
        ? apr_pstrcat(r->pool, conf->base, "/login", NULL) : conf->login_url;
    const char *target = asked_for(r);

    if (conf->login && target && pwr_url_is_local(target)) {
        login = pwr_url_with(r->pool, login, "return", target);
    }
    if (is_form(r) && !ap_response_code_string(r, ap_index_of_response(
                                                   HTTP_UNAUTHORIZED))) {
        ap_note_auth_failure(r);
        return pwr_exchange_unknown(r, self, login);
    }
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    if (!login || !is_navigation(r)) {
        ap_note_auth_failure(r);
        return HTTP_UNAUTHORIZED;
    }
    apr_table_setn(r->err_headers_out, "Location", login);
    return HTTP_SEE_OTHER;
}

int pwr_auth_check(request_rec *r)
{
    pwr_server *self = pwr_server_active(r->server);
    pwr_call *call = pwr_call_of(r);

    if (!pwr_text_same(ap_auth_type(r), AUTH_TYPE)) {
        return DECLINED;
    }
    if (!self || !call) {
        const pwr_diag diag = pwr_log_for(r->server);

        pwr_diag_tell(&diag, PWR_DIAG_ERROR("PWR0041", ""), "AuthType PwReset "
                      "in a vhost without PwReset On: add PwReset On to this "
                      "vhost; asked for was %s",
                      pwr_text_printable(r->pool, r->uri, URI_SHOWN_MAX));
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    call->is_guarded = 1;
    if (pwr_auth_visitor(r, self, call) != APR_SUCCESS) {
        return pwr_exchange_away(r);
    }
    if (!call->visitor.login) {
        return turn_away(r, self);
    }
    welcome(r, self, &call->visitor);
    return OK;
}

void pwr_auth_demand(request_rec *r, const pwr_server *self)
{
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   apr_psprintf(r->pool, AUTH_TYPE " realm=\"%s\"",
                                ap_escape_quotes(r->pool,
                                                 self->conf->realm)));
}

int pwr_auth_challenge(request_rec *r, const char *auth_type)
{
    const pwr_server *self = pwr_server_active(r->server);

    if (!self || !pwr_text_same(auth_type, AUTH_TYPE)) {
        return DECLINED;
    }
    pwr_auth_demand(r, self);
    return OK;
}

/* ---- Require pwreset-group ---- */

static int is_in(const pwr_visitor *visitor, const char *group)
{
    const char *const *name = visitor->groups;

    while (name && *name && strcmp(*name, group) != 0) {
        name++;
    }
    return name && *name;
}

/* The groups are those of the session that signed r->user in. */
static authz_status check_group(request_rec *r, const char *names,
                                const void *parsed)
{
    const pwr_server *self = pwr_server_active(r->server);
    const pwr_call *call = pwr_call_of(r);

    (void)parsed;
    if (!r->user) {
        return AUTHZ_DENIED_NO_USER;
    }
    if (!self || !call || !call->visitor.login
        || !pwr_text_same(r->ap_auth_type, AUTH_TYPE)) {
        return AUTHZ_DENIED;
    }
    if (!self->conf->group_query) {
        pwr_diag_tell(&self->diag, PWR_DIAG_ERROR("PWR0042", ""),
                      "Require pwreset-group without PwResetGroupQuery in "
                      "this vhost: nobody is in any group");
        return AUTHZ_DENIED;
    }
    while (*names) {
        if (is_in(&call->visitor, ap_getword_conf(r->pool, &names))) {
            return AUTHZ_GRANTED;
        }
    }
    return AUTHZ_DENIED;
}

static const char *parse_group(cmd_parms *cmd, const char *names,
                               const void **parsed)
{
    (void)cmd;
    (void)parsed;
    return *names ? NULL : "Require pwreset-group needs the name of a group";
}

void pwr_auth_register_groups(apr_pool_t *pool)
{
    static const authz_provider provider = { check_group, parse_group };

    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "pwreset-group",
                              AUTHZ_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
}
