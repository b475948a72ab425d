/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/exchange.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <openssl/crypto.h>

#include "core/accept.h"
#include "core/cookie.h"
#include "core/language.h"
#include "core/origin.h"
#include "core/text.h"
#include "flow/audit.h"
#include "flow/page.h"
#include "httpd/alias.h"
#include "httpd/auth.h"
#include "httpd/delay.h"
#include "httpd/etag.h"
#include "httpd/host.h"
#include "httpd/limits.h"
#include "httpd/route.h"
#include "httpd/shared.h"

#define BODY_BYTES_MAX 16384
#define AGENT_BYTES_MAX 200
#define HINT_BYTES_MAX 1024
#define RETRY_AFTER_SEC 5
#define FORM_TYPE "application/x-www-form-urlencoded"
#define HTML_TYPE "text/html; charset=utf-8"
#define JSON_TYPE "application/json"
#define PROBLEM_TYPE "application/problem+json"

#define CSP "default-src 'none'; style-src 'self'; script-src 'self'; " \
            "img-src 'self'; base-uri 'none'; frame-ancestors 'none'"

/* Why a request never reaches its flow: status, and what the visitor reads. */
typedef struct refusal {
    int status;
    const char *heading;
    const char *text;
    const char *why;            /* in the audit; NULL: it is no event */
} refusal;

static const refusal malformed = {
    HTTP_BAD_REQUEST, N_("The request could not be read"),
    N_("Something in it was repeated, too long or garbled. Nothing has been "
       "changed. Open the page again and fill in the form once more."),
    "malformed"
};
static const refusal too_large = {
    HTTP_REQUEST_ENTITY_TOO_LARGE, N_("The request is too large"),
    N_("More was sent than the form can hold. Nothing has been changed. Open "
       "the page again and fill in the form once more."),
    "too-large"
};
static const refusal wrong_type = {
    HTTP_UNSUPPORTED_MEDIA_TYPE, N_("The request has an unknown format"),
    N_("We understand only what the form on this page sends. Open the page in "
       "a browser and use the form."),
    "type"
};
static const refusal wrong_method = {
    HTTP_METHOD_NOT_ALLOWED, N_("That is not possible here"),
    N_("This page does not take requests of this kind. Open it in a browser."),
    "method"
};
static const refusal foreign = {
    HTTP_FORBIDDEN, N_("The form came from another site"),
    N_("To protect you, we take forms only from our own pages. Nothing has "
       "been changed. Open the page again and fill in the form there."),
    "cross-site"
};
static const refusal not_here = {
    HTTP_NOT_FOUND, N_("There is no such page"),
    N_("Please check the address."), NULL
};
/* Nothing is said about the password: when the connection was lost in a COMMIT
 * nobody knows yet. */
static const refusal away = {
    HTTP_SERVICE_UNAVAILABLE, N_("Please try again in a minute"),
    N_("We cannot answer just now. Wait a moment and try again."), NULL
};
static const refusal broken = {
    HTTP_INTERNAL_SERVER_ERROR, N_("Something went wrong on our side"),
    N_("We have made a note of it. Please try again later."), NULL
};

/* ---- read ---- */

/* The request's own scheme and host, as its sender saw them: in an Origin the
 * default port is left out. */
static const char *own_origin(request_rec *r)
{
    const char *host = apr_table_get(r->headers_in, "Host");
    const char *scheme = ap_http_scheme(r);
    const char *port = apr_psprintf(r->pool, ":%d",
                                    ap_run_default_port(r));
    size_t len, port_len = strlen(port);

    if (!host) {
        return NULL;
    }
    len = strlen(host);
    if (len > port_len && strcmp(host + len - port_len, port) == 0) {
        len -= port_len;
    }
    return apr_psprintf(r->pool, "%s://%.*s", scheme, (int)len, host);
}

static int is_own_post(request_rec *r, const pwr_site *site)
{
    const pwr_origin_facts facts = {
        .sec_fetch_site = apr_table_get(r->headers_in, "Sec-Fetch-Site"),
        .origin = apr_table_get(r->headers_in, "Origin"),
        .public_origin = site->url.origin,
        .own_origin = own_origin(r),
    };

    return pwr_origin_is_own(&facts);
}

typedef pwr_form_verdict decoder(apr_pool_t *pool, const char *encoded,
                                 size_t len, const pwr_form_field *fields,
                                 const pwr_form **form);

static int is_of_type(request_rec *r, const char *wanted)
{
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    size_t len = strlen(wanted);

    return type && apr_cstr_casecmpn(type, wanted, len) == 0
        && (type[len] == '\0' || strchr("; \t", type[len]));
}

/* What reads this body; NULL: nothing does. */
static decoder *decoder_of(request_rec *r, const pwr_request *request)
{
    return is_of_type(r, FORM_TYPE) ? pwr_form_decode
        : request->is_program && is_of_type(r, JSON_TYPE)
              ? pwr_form_decode_json : NULL;
}

/* Read the whole body, of at most BODY_BYTES_MAX, into wiped memory. */
static const refusal *read_body(request_rec *r, const char **body,
                                size_t *len)
{
    char buffer[BODY_BYTES_MAX + 1];
    int refused = ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK);
    long n = 0;

    *body = "";
    *len = 0;
    /* The former by LimitRequestBody. */
    if (refused == HTTP_REQUEST_ENTITY_TOO_LARGE
        || r->remaining > BODY_BYTES_MAX) {
        return &too_large;
    }
    if (refused) {
        return &malformed;
    }
    if (!ap_should_client_block(r)) {
        return NULL;
    }
    while (*len <= BODY_BYTES_MAX
           && (n = ap_get_client_block(r, buffer + *len, BODY_BYTES_MAX + 1
                                       - *len)) > 0) {
        *len += (size_t)n;
    }
    *body = pwr_secret_copy(r->pool, buffer, *len);
    OPENSSL_cleanse(buffer, n < 0 ? sizeof(buffer) : *len);
    if (n < 0) {
        return &malformed;
    }
    return *len > BODY_BYTES_MAX ? &too_large : NULL;
}

static const refusal *refusal_of(pwr_form_verdict verdict)
{
    switch (verdict) {
    case PWR_FORM_OK:
        return NULL;
    case PWR_FORM_OVERSIZED:
        return &too_large;
    case PWR_FORM_UNDECODABLE:
    case PWR_FORM_REPEATED:
        break;
    }
    return &malformed;
}

static const refusal *read_form(request_rec *r, const pwr_site *site,
                                const pwr_route *route,
                                pwr_request *request)
{
    decoder *decode = decoder_of(r, request);
    const char *body;
    size_t len;
    const refusal *refused;

    if (!is_own_post(r, site)) {
        return &foreign;
    }
    if (!decode) {
        return &wrong_type;
    }
    refused = read_body(r, &body, &len);
    return refused ? refused : refusal_of(decode(r->pool, body, len,
                                                 route->form,
                                                 &request->form));
}

/* A User-Agent is shown in mails and lists: short, and text. */
static const char *agent_of(request_rec *r)
{
    const char *agent = apr_table_get(r->headers_in, "User-Agent");
    size_t len;

    if (!agent || !pwr_text_is_utf8(agent, strlen(agent))
        || !pwr_text_is_plain(agent)) {
        return NULL;
    }
    len = strnlen(agent, AGENT_BYTES_MAX);
    while (len > 0 && ((unsigned char)agent[len] & 0xC0) == 0x80) {
        len--;
    }
    return apr_pstrmemdup(r->pool, agent, len);
}

/* The login name that a cookie of ours carries to the login page: untrusted,
 * shown and nothing else. */
static const char *login_hint(request_rec *r, const pwr_site *site,
                              const pwr_call *call)
{
    const char *hint = pwr_cookie_find(r->pool, call->cookies,
                                       site->login_cookie);

    return hint && strlen(hint) <= HINT_BYTES_MAX && pwr_text_is_plain(hint)
        && pwr_text_is_utf8(hint, strlen(hint)) ? hint : NULL;
}

/* ?lang= where it names an enabled language, else what the browser prefers. */
static void choose_language(request_rec *r, const pwr_site *site,
                            pwr_request *request)
{
    const char *asked = pwr_form_get(request->query, "lang");

    request->lang = pwr_language_enabled(site->tags, asked);
    request->voice = pwr_site_voice(site, request->lang ? request->lang
        : pwr_language_accept(site->tags, apr_table_get(r->headers_in,
                                                        "Accept-Language")));
}

static const refusal *read_request(request_rec *r, const pwr_site *site,
                                   const pwr_call *call, pwr_request *request)
{
    const pwr_route *route = call->route;
    /* Only the queries of our own pages are taken out of the request. */
    const char *query = call->query ? call->query : r->args ? r->args : "";
    const refusal *refused;

    memset(request, 0, sizeof(*request));
    refused = refusal_of(pwr_form_decode(r->pool, query, strlen(query),
                                         route->query, &request->query));
    request->is_program = pwr_accept_json(apr_table_get(r->headers_in,
                                                        "Accept"));
    choose_language(r, site, request);
    request->is_post = r->method_number == M_POST;
    request->client_address = r->useragent_ip;
    request->agent = agent_of(r);
    request->device = pwr_cookie_find(r->pool, call->cookies,
                                      site->device_cookie);
    /* All our cookies' names begin with that of the session's. */
    request->sends_cookies = call->cookies
        && strstr(call->cookies, site->cookie);
    request->login_hint = login_hint(r, site, call);
    if (refused) {
        return refused;
    }
    if (request->is_post ? !route->post : r->method_number != M_GET) {
        return &wrong_method;
    }
    return request->is_post ? read_form(r, site, route, request) : NULL;
}

/* ---- answer ---- */

void pwr_exchange_protect(request_rec *r)
{
    static const struct { const char *name, *value; } headers[] = {
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        /* Not no-referrer: browsers would then send "Origin: null". */
        { "Referrer-Policy", "strict-origin" },
        { "Content-Security-Policy", CSP },
    };

    r->no_cache = 1;
    r->no_local_copy = 1;
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        apr_table_setn(r->headers_out, headers[i].name, headers[i].value);
    }
}

static void set_headers(request_rec *r, const pwr_env *env,
                        const pwr_request *request,
                        const pwr_response *response)
{
    int https = strcmp(env->site->url.scheme, "https") == 0;

    pwr_exchange_protect(r);
    apr_table_setn(r->headers_out, "Vary",
                   "Accept, Accept-Language, Cookie");
    apr_table_setn(r->headers_out, "Content-Language", request->voice->tag);
    if (response->retry_after_sec) {
        apr_table_setn(r->headers_out, "Retry-After",
                       apr_itoa(r->pool, response->retry_after_sec));
    }
    /* BREACH: what compresses together with a secret tells about it. */
    if (response->shows_secret) {
        apr_table_setn(r->subprocess_env, "no-gzip", "1");
        apr_table_setn(r->subprocess_env, "no-brotli", "1");
    }
    for (int i = 0; i < response->cookies_n; i++) {
        const pwr_set_cookie *c = &response->cookie[i];

        apr_table_addn(r->headers_out, "Set-Cookie",
                       pwr_cookie_set(r->pool, c->name, c->value, c->age_sec,
                                      https));
    }
}

static const char *type_of(const pwr_request *request,
                           const pwr_response *response)
{
    return !request->is_program ? HTML_TYPE
        : response->status < HTTP_BAD_REQUEST ? JSON_TYPE : PROBLEM_TYPE;
}

/* The answer's bytes; NULL: an admin's template has no end. */
static const char *body_of(const pwr_env *env, const pwr_request *request,
                           const pwr_response *response, size_t *len)
{
    if (request->is_program) {
        /* "422 Unprocessable Entity" */
        return pwr_page_json(env, response,
                             ap_get_status_line(response->status) + 4, len);
    }
    *len = 0;
    return response->page == PWR_PAGE_NONE ? ""
        : pwr_page_render(env, request, response, len);
}

/* The flow says so; where anything speaks against it, it is not believed. */
static int is_common(const pwr_request *request, const pwr_response *response)
{
    return response->is_common && response->status == HTTP_OK
        && !request->is_post && !request->is_program
        && !request->visitor.login && !response->errors
        && !response->shows_secret && !response->cookies_n;
}

/* Our own error pages set the status and return OK: otherwise ErrorDocument
 * would replace them. */
static int answer(request_rec *r, const pwr_env *env,
                  const pwr_request *request, const pwr_response *response)
{
    size_t len;
    const char *bytes = body_of(env, request, response, &len);

    r->status = response->status;
    set_headers(r, env, request, response);
    ap_set_content_type(r, type_of(request, response));
    if (response->location) {
        apr_table_setn(r->headers_out, "Location", response->location);
    }
    if (!bytes) {
        pwr_diag_tell(env->diag, PWR_DIAG_ERROR("PWR0052", ""),
                      "a template in PwResetTemplates does not end: sections "
                      "of lists stand within themselves");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (is_common(request, response)
        && pwr_etag_is_had(r, r->content_type, request->voice->tag, bytes)) {
        return HTTP_NOT_MODIFIED;
    }
    ap_set_content_length(r, (apr_off_t)len);
    return pwr_delay_send(r, bytes, len, response->answer_at_usec);
}

static int refuse(request_rec *r, const pwr_env *env,
                  const pwr_request *request, const refusal *why)
{
    const pwr_route *route = pwr_call_of(r)->route;
    /* What takes no form is no page to go back to. */
    const char *back = route->form && why->status != HTTP_NOT_FOUND
        ? route->path : NULL;
    const pwr_message_page message = {
        why->status, why->heading, why->text, back, N_("Try again"), NULL
    };
    pwr_response response = { 0 };

    if (why->why) {
        pwr_audit_visit(env, request, PWR_EVENT_REQUEST_REFUSED, NULL,
                        why->why);
    }
    if (why->status == HTTP_METHOD_NOT_ALLOWED) {
        apr_table_setn(r->headers_out, "Allow", route->post
                       ? "GET, HEAD, POST" : "GET, HEAD");
    }
    pwr_page_message(env, request, &message, &response);
    response.retry_after_sec = why->status == HTTP_SERVICE_UNAVAILABLE
        ? RETRY_AFTER_SEC : 0;
    return answer(r, env, request, &response);
}

/* What the store and the gate refuse was logged there, with the remedy. */
static const refusal *refusal_for(request_rec *r, apr_status_t status)
{
    const char *path = pwr_call_of(r)->route->path;

    if (status == PWR_STORE_AWAY || status == PWR_STORE_BROKEN
        || status == PWR_GATE_FULL) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, PWR_LOG("PWR0051")
                      "%s: could not be done", path);
        pwr_shared_count(pwr_server_of(r->server), PWR_COUNT_UNAVAILABLE);
        return &away;
    }
    pwr_diag_tell(&pwr_server_of(r->server)->diag,
                  PWR_DIAG_ERROR("PWR0053", ""), "%s: no random numbers, "
                  "digest or hash: OpenSSL or crypt(3) failed (status %d); see "
                  "memory limits, `openssl rand -hex 16` and `pwresetctl hash "
                  "make`", path, status);
    return &broken;
}

static int lead_to(request_rec *r, const pwr_env *env,
                   const pwr_request *request, const char *url)
{
    pwr_response response = { 0 };

    pwr_page_redirect(&response, url);
    return answer(r, env, request, &response);
}

static int refuse_for_now(request_rec *r, const pwr_env *env,
                          const pwr_request *request, int64_t retry_sec)
{
    const pwr_route *route = pwr_call_of(r)->route;
    pwr_model *values = pwr_model_make(r->pool);
    const pwr_message_page message = {
        HTTP_TOO_MANY_REQUESTS, N_("Too many requests"),
        N_("Too many requests came from your network. Nothing has been "
           "changed. Please try again after {{until}}."),
        route->path, N_("Try again"), values
    };
    pwr_response response = { 0 };

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, PWR_LOG("PWR0422")
                  "%s: over the limit %s of realm %s", route->path,
                  pwr_limit_name(route->limit), env->site->conf->realm);
    pwr_audit_visit(env, request, PWR_EVENT_LIMIT_CLIENT, NULL,
                    pwr_limit_name(route->limit));
    pwr_model_text(values, "until", pwr_page_until(env, retry_sec));
    pwr_page_message(env, request, &message, &response);
    response.retry_after_sec = (int)retry_sec;
    return answer(r, env, request, &response);
}

/* Count the request against its client; 0, or in how many seconds he may come
 * again. */
static int64_t count_client(request_rec *r, const pwr_server *self,
                            const pwr_request *request, pwr_taken *taken)
{
    const pwr_route *route = pwr_call_of(r)->route;
    int is_counted = request->is_post
        || (route->limited && pwr_form_get(request->query, route->limited));

    memset(taken, 0, sizeof(*taken));
    return route->limit && is_counted
        ? pwr_limits_take_client(r, self, route->limit, taken) : 0;
}

/* PwResetLogin Off: the pages that need our login lead to the site's own. */
static int lead_elsewhere(request_rec *r, const pwr_env *env,
                          const pwr_request *request)
{
    if (request->is_post || !env->site->conf->login_url) {
        return refuse(r, env, request, &not_here);
    }
    return lead_to(r, env, request, env->site->conf->login_url);
}

static apr_status_t decide(request_rec *r, pwr_server *self, pwr_call *call,
                           const pwr_env *env, pwr_request *request,
                           pwr_response *response)
{
    apr_status_t status = APR_SUCCESS;

    if (call->route->needs & PWR_NEEDS_VISITOR) {
        status = pwr_auth_visitor(r, self, call);
        request->visitor = call->visitor;
    }
    if (status == APR_SUCCESS) {
        status = (request->is_post ? call->route->post : call->route->get)(
            env, request, response);
    }
    return status;
}

int pwr_exchange_page(request_rec *r, pwr_server *self, pwr_call *call)
{
    pwr_env env = pwr_host_env(r->pool, self);
    pwr_request request;
    pwr_response response = { 0 };
    pwr_taken taken;
    const refusal *refused = read_request(r, self->site, call, &request);
    const char *home;
    apr_status_t status;
    int64_t retry_sec;

    if (refused) {
        return refuse(r, &env, &request, refused);
    }
    home = pwr_alias_lead(r, self, &request);
    if (home) {
        return lead_to(r, &env, &request, home);
    }
    if ((call->route->needs & PWR_NEEDS_LOGIN) && !self->conf->login) {
        return lead_elsewhere(r, &env, &request);
    }
    /* Before anything is looked up; what is refused above costs nothing, or
     * another site could use up its visitors' allowance here. */
    retry_sec = count_client(r, self, &request, &taken);
    if (retry_sec) {
        return refuse_for_now(r, &env, &request, retry_sec);
    }
    status = decide(r, self, call, &env, &request, &response);
    if (status != APR_SUCCESS || response.spares_limit) {
        pwr_limits_give(self, &taken);
    }
    if (status != APR_SUCCESS) {
        return refuse(r, &env, &request, refusal_for(r, status));
    }
    if (response.status == HTTP_UNAUTHORIZED) {
        pwr_auth_demand(r, self);
    }
    return answer(r, &env, &request, &response);
}

int pwr_exchange_unknown(request_rec *r, pwr_server *self, const char *login)
{
    const pwr_message_page message = {
        HTTP_UNAUTHORIZED, N_("Please sign in"),
        N_("What you sent was not taken: you are not signed in, or your "
           "session has ended. Sign in, then send it again."),
        login ? "/login" : NULL, N_("Continue to sign-in"), NULL
    };
    pwr_env env = pwr_host_env(r->pool, self);
    pwr_request request = {
        .voice = pwr_site_voice(self->site, pwr_language_accept(
            self->site->tags, apr_table_get(r->headers_in,
                                            "Accept-Language"))),
    };
    pwr_response response = { 0 };

    pwr_page_message(&env, &request, &message, &response);
    if (login) {
        pwr_model_text(response.model, "back_url", login);
    }
    if (self->conf->login) {
        pwr_page_languages(&env, &request, &response, login);
    }
    /* No handler runs: what "Header always" says is added as to any error. */
    ap_run_insert_error_filter(r);
    answer(r, &env, &request, &response);
    return DONE;
}

int pwr_exchange_away(request_rec *r)
{
    pwr_shared_count(pwr_server_of(r->server), PWR_COUNT_UNAVAILABLE);
    apr_table_setn(r->err_headers_out, "Retry-After",
                   apr_itoa(r->pool, RETRY_AFTER_SEC));
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    return HTTP_SERVICE_UNAVAILABLE;
}
