/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/alias.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <http_main.h>
#include <http_protocol.h>

#include "core/text.h"
#include "httpd/route.h"

/* A request that has one of these came through a proxy.  What it says there of
 * host and scheme is not believed; but what httpd sees of them is not what the
 * visitor sees, and the proxy is who should lead him. */
static const char *const proxy_headers[] = {
    "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host",
    "X-Forwarded-Proto", "X-Real-IP", NULL
};

static int is_through_proxy(request_rec *r)
{
    for (const char *const *name = proxy_headers; *name; name++) {
        if (apr_table_get(r->headers_in, *name)) {
            return 1;
        }
    }
    /* mod_remoteip takes away what it has read. */
    return strcmp(r->useragent_ip, r->connection->client_ip) != 0;
}

/* People come to an address, and to localhost, through tunnels and forwarded
 * ports that httpd knows nothing of. */
static int is_name(const char *host)
{
    return !strchr(host, ':') && host[strspn(host, "0123456789.")]
        && apr_cstr_casecmp(host, "localhost") != 0;
}

static int is_listed(const apr_array_header_t *names, const char *host,
                     int is_wild)
{
    for (int i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        if (name && (is_wild ? !ap_strcasecmp_match(host, name)
                             : !apr_cstr_casecmp(host, name))) {
            return 1;
        }
    }
    return 0;
}

/* Does the vhost bear this name, by ServerName or ServerAlias? */
static int has_name(const server_rec *server, const char *host)
{
    return (server->server_hostname
            && apr_cstr_casecmp(host, server->server_hostname) == 0)
        || is_listed(server->names, host, 0)
        || is_listed(server->wild_names, host, 1);
}

/* Does this httpd itself serve the public URL?  Only then can it know that a
 * plain connection is not one whose TLS ended at a proxy. */
static int serves(const pwr_url *url)
{
    for (const server_rec *s = ap_server_conf; s; s = s->next) {
        for (const server_addr_rec *a = s->addrs; a; a = a->next) {
            if (a->host_port == url->port && has_name(s, url->host)) {
                return 1;
            }
        }
    }
    return 0;
}

static int is_elsewhere(request_rec *r, const pwr_url *url)
{
    if (!r->hostname || !is_name(r->hostname) || !is_name(url->host)
        || is_through_proxy(r)) {
        return 0;
    }
    if (apr_cstr_casecmp(r->hostname, url->host) != 0) {
        return has_name(r->server, r->hostname);
    }
    return strcmp(url->scheme, "https") == 0
        && strcmp(ap_http_scheme(r), "http") == 0 && serves(url);
}

const char *pwr_alias_lead(request_rec *r, const pwr_server *self,
                           const pwr_request *request)
{
    const pwr_url *url = &self->site->url;
    const pwr_form_field *field = pwr_call_of(r)->route->query;
    const char *to;

    if (request->is_post || pwr_form_get(request->query, PWR_ALIAS_MARK)
        || !is_elsewhere(r, url)) {
        return NULL;
    }
    to = apr_pstrcat(r->pool, url->origin, r->uri, NULL);
    for (; field->name; field++) {
        to = pwr_url_with(r->pool, to, field->name,
                          pwr_form_get(request->query, field->name));
    }
    return pwr_url_with(r->pool, to, PWR_ALIAS_MARK, "1");
}
