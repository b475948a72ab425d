/* SPDX-License-Identifier: Apache-2.0 */
/* Cookie headers (RFC 6265): our own found, taken out, and written.
 * Input is untrusted and may be huge or malformed.  Pure; any thread. */
#ifndef PWR_COOKIE_H
#define PWR_COOKIE_H

#include <apr_pools.h>

/* "__Host-pwr-XXXXXX" (https) or "pwr-XXXXXX" (http): six hex digits of the
 * realm's SHA-256.  NULL when OpenSSL fails. */
const char *pwr_cookie_name(apr_pool_t *pool, const char *realm, int https);

/* Find the value of the cookie `name` in the Cookie header `header` (may be
 * NULL).  NULL when it is absent, or occurs twice with different values: a
 * planted cookie of a sub-domain must not win by order.  Percent-decoded; NULL
 * too when that fails or gives a NUL.  Wiped memory. */
const char *pwr_cookie_find(apr_pool_t *pool, const char *header,
                            const char *name);

/* The header without any cookie called `name` or `name`-something; NULL when
 * nothing is left.  Other cookies keep their bytes and order. */
const char *pwr_cookie_remove(apr_pool_t *pool, const char *header,
                              const char *name);

/* A Set-Cookie value: HttpOnly, SameSite=Lax, Path=/, Secure when `https`.
 * `value` is percent-encoded here.  age_sec < 0: until the browser ends; 0:
 * delete. */
const char *pwr_cookie_set(apr_pool_t *pool, const char *name,
                           const char *value, long age_sec, int https);

#endif
