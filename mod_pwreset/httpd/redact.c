/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/redact.h"

#include <apr_strings.h>
#include <scoreboard.h>

#include "core/url.h"
#include "httpd/auth.h"
#include "httpd/route.h"

#define REDACTED "[redacted]"

/* Is the path at the beginning of `target` (up to its query) under `base`?
 * Compared decoded, as httpd will: %2Faccount must not slip through. */
static int is_under(apr_pool_t *pool, const char *target, const char *base)
{
    size_t len = strlen(base);
    char *path = apr_pstrmemdup(pool, target, strcspn(target, "?#"));

    ap_unescape_url_keep2f(path, 1);
    ap_normalize_path(path, AP_NORMALIZE_NOT_ABOVE_ROOT
                      | AP_NORMALIZE_MERGE_SLASHES);
    return strncmp(path, base, len) == 0
        && (path[len] == '/' || path[len] == '\0');
}

/* The path of an absolute URL, or the text itself. */
static const char *path_of(const char *target)
{
    const char *host = strstr(target, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;

    return host && (size_t)(host - target) < strcspn(target, "/?#")
        ? (path ? path : "/") : target;
}

/* Where the query begins, or a fragment, which no browser sends. */
static const char *query_of(const char *text)
{
    return strpbrk(text, "?#");
}

/* `text` without the query that begins at `query` and ends before " HTTP/...",
 * if at all: one with blanks in it is malformed, but still a secret. */
static char *without(apr_pool_t *pool, const char *text, const char *query)
{
    const char *end = query ? strrchr(query, ' ') : NULL;

    return query ? apr_pstrcat(pool, apr_pstrmemdup(pool, text,
                                   (apr_size_t)(query - text)),
                               "?" REDACTED,
                               end && !strncmp(end, " HTTP/", 6) ? end : "",
                               NULL)
                 : apr_pstrdup(pool, text);
}

static char *without_query(apr_pool_t *pool, const char *text)
{
    return without(pool, text, query_of(text));
}

/* Gateways that look into mails write links anew: the page that leads on to us
 * then has the whole link, with its string, in a query of its own. */
static void redact_referer(request_rec *r, const char *base, int is_ours)
{
    const char *referer = apr_table_get(r->headers_in, "Referer");
    const char *query = referer ? query_of(referer) : NULL;

    if (query && (is_ours || is_under(r->pool, path_of(referer), base))) {
        apr_table_setn(r->headers_in, "Referer",
                       without(r->pool, referer, query));
    }
}

static const char *find_escaped(const char *text)
{
    return text ? ap_strcasestr(text, "%3f") : NULL;
}

static char *with_mark(apr_pool_t *pool, const char *text)
{
    const char *escaped = find_escaped(text);

    return apr_pstrcat(pool, apr_pstrmemdup(pool, text,
                                            (apr_size_t)(escaped - text)),
                       "?", escaped + 3, NULL);
}

/* A link whose "?" is written as %3F, as mail programs and gateways do that
 * escape a link once too often: it leads where it was to lead, and what it
 * holds is a query. */
static void mend_link(request_rec *r, const pwr_site *site)
{
    const char *escaped = find_escaped(r->uri);
    char *path, *query;
    size_t len;

    if (!escaped || !find_escaped(r->unparsed_uri)) {
        return;
    }
    path = apr_pstrmemdup(r->pool, r->uri, (apr_size_t)(escaped - r->uri));
    if (!pwr_route_has(site, path)) {
        return;
    }
    query = apr_pstrdup(r->pool, escaped + 3);
    if (pwr_url_decode(query, strlen(query), &len)) {
        query[len] = '\0';
    }
    r->uri = r->parsed_uri.path = path;
    r->args = r->parsed_uri.query = query;
    r->unparsed_uri = with_mark(r->pool, r->unparsed_uri);
    if (find_escaped(r->the_request)) {
        r->the_request = with_mark(r->pool, r->the_request);
    }
}

const char *pwr_redact_request(request_rec *r, const pwr_server *self)
{
    const char *base = self->conf->base, *target, *query;
    int is_ours;

    mend_link(r, self->site);
    query = r->args;
    target = r->unparsed_uri;
    if (!target && r->the_request) {
        target = strchr(r->the_request, ' ');
        target = target ? target + 1 : NULL;
    }
    is_ours = target && is_under(r->pool, path_of(target), base);
    redact_referer(r, base, is_ours);
    if (!is_ours || !query_of(target)) {
        return NULL;
    }
    if (!query) {
        query = query_of(target);
        query = *query == '?' ? query + 1 : "";
    }
    r->args = NULL;
    r->parsed_uri.query = NULL;
    if (r->the_request) {
        r->the_request = without_query(r->pool, r->the_request);
    }
    if (r->unparsed_uri) {
        r->unparsed_uri = without_query(r->pool, r->unparsed_uri);
    }
    if (r->uri && query_of(r->uri)) {
        r->uri = without_query(r->pool, r->uri);
    }
    return query;
}

/* Whatever a LogFormat asks for: a redirect may repeat the string with which
 * it was asked for, and Set-Cookie holds a session. */
static void redact_answer(request_rec *r)
{
    const char *location = apr_table_get(r->headers_out, "Location");

    if (location) {
        apr_table_setn(r->headers_out, "Location",
                       without_query(r->pool, location));
    }
    if (apr_table_get(r->headers_out, "Set-Cookie")) {
        apr_table_setn(r->headers_out, "Set-Cookie", REDACTED);
    }
}

int pwr_redact_log(request_rec *r)
{
    const pwr_server *self = pwr_server_active(r->server);

    if (!self) {
        return DECLINED;
    }
    /* Also where PwResetHideCookie Off shows it to scripts. */
    pwr_auth_hide_cookie(r, self);
    if (pwr_redact_request(r, self)) {
        ap_update_child_status(r->connection->sbh, SERVER_BUSY_LOG, r);
    }
    if (pwr_route_own(r)) {
        redact_answer(r);
    }
    return DECLINED;
}
