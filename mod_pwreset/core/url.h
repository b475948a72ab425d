/* SPDX-License-Identifier: Apache-2.0 */
/* Our own URLs, built from PwResetPublicURL only (never from Host or
 * X-Forwarded-*), and the judgement of a return address.  Pure; any thread. */
#ifndef PWR_URL_H
#define PWR_URL_H

#include <apr_pools.h>

typedef struct pwr_url {
    const char *scheme;     /* "http" or "https" */
    const char *host;       /* lower case, A-labels; IPv6 in brackets */
    int port;               /* the scheme's own when not written */
    const char *origin;     /* scheme://host[:port], default port left out */
} pwr_url;

/* Parse a public URL: http or https, host, optional port, no user, and no path
 * but "/".  Returns NULL and fills `*url`, or a sentence for the admin. */
const char *pwr_url_parse(apr_pool_t *pool, const char *text, pwr_url *url);

/* Is `target` a path on this origin that a browser cannot be led away with?
 * It begins with one "/", and has no "//" or "/\" there, no backslash, control
 * character, or "@"-trick anywhere; at most 2000 bytes. */
int pwr_url_is_local(const char *target);

/* `path` with `name=value` (percent-encoded) added to its query; a NULL value
 * returns `path`. */
const char *pwr_url_with(apr_pool_t *pool, const char *path, const char *name,
                         const char *value);

#endif
