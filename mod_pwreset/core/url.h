/* SPDX-License-Identifier: Apache-2.0 */
/* Our own URLs, built from PwResetPublicURL only (never from Host or
 * X-Forwarded-*), and the judgement of a return address.  Pure; any thread. */
#ifndef PWR_URL_H
#define PWR_URL_H

#include <stddef.h>

#include <apr_pools.h>

typedef struct pwr_url {
    const char *scheme;     /* "http" or "https" */
    const char *host;       /* lower case, A-labels; IPv6 in brackets */
    int port;               /* the scheme's own when not written */
    const char *origin;     /* scheme://host[:port], default port left out */
} pwr_url;

/* Parse a public URL: http or https, host, optional port, no user, and no path
 * but "/".  Returns NULL and fills `*url`, or what is wrong, for the admin: a
 * clause that follows the name of the directive and never repeats the text,
 * which may hold a password.  `*url` is then zeroed. */
const char *pwr_url_parse(apr_pool_t *pool, const char *text, pwr_url *url);

/* The host name `text` (UTF-8) as a host of letters, digits and hyphens: lower
 * case, A-labels (IDNA2008 without the mapping of look-alikes to ASCII), no dot
 * at the end.  NULL when it is none; addresses are none, in any notation. */
const char *pwr_url_host(apr_pool_t *pool, const char *text);

/* Percent-decode `len` bytes in place; `*decoded_len` of them are left, any
 * byte may be among them, and no NUL is added.  Zero when an escape is
 * malformed: nothing is guessed. */
int pwr_url_decode(char *bytes, size_t len, size_t *decoded_len);

/* Is `target` a path on this origin that a browser cannot be led away with?
 * Printable ASCII without a backslash, quote or angle bracket; one "/", and
 * behind it no "/" or "@", nor an escaped "/", "\", "@" or "%"; in the path no
 * escaped control character and no "." or ".." segment, be the slashes around
 * it escaped; at most 2000 bytes.
 * "/x//evil" is let through: every browser stays on the host with it, and real
 * sites have such paths. */
int pwr_url_is_local(const char *target);

/* `path` with `name=value` (percent-encoded) added to its query, before the
 * fragment; a NULL value returns `path`. */
const char *pwr_url_with(apr_pool_t *pool, const char *path, const char *name,
                         const char *value);

#endif
