/* SPDX-License-Identifier: Apache-2.0 */
/* The public URL and host names, IDN and numbers among them. */
#include "core/url.h"

#include "fuzz.h"

static void look_url(apr_pool_t *pool, const char *text)
{
    pwr_url url, again;
    const char *error = pwr_url_parse(pool, text, &url);

    FUZZ_CLAIM((error != NULL) == (url.origin == NULL));
    if (error) {
        FUZZ_CLAIM(!url.scheme && !url.host && url.port == 0);
        return;
    }
    FUZZ_CLAIM(url.port >= 1 && url.port <= 65535);
    FUZZ_CLAIM(!strpbrk(url.host, "@/\\?# ") && *url.host);
    FUZZ_CLAIM(!strchr(url.host, ':') || *url.host == '[');
    FUZZ_CLAIM(!pwr_url_parse(pool, url.origin, &again));
    FUZZ_CLAIM(fuzz_same(again.origin, url.origin)
               && fuzz_same(again.host, url.host) && again.port == url.port);
    FUZZ_CLAIM(!pwr_url_parse(pool, apr_pstrcat(pool, url.origin, "/", NULL),
                              &again));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in);
    const char *host = pwr_url_host(pool, text);

    look_url(pool, text);
    look_url(pool, apr_pstrcat(pool, "https://", text, NULL));
    if (host) {
        FUZZ_CLAIM(strlen(host) <= 253);
        FUZZ_CLAIM(host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-")]
                   == '\0');
        FUZZ_CLAIM(fuzz_same(pwr_url_host(pool, host), host));
    }
}
