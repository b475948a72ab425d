/* SPDX-License-Identifier: Apache-2.0 */
/* Stored passwords: verify what providers' tables hold, write one scheme.
 *
 * Verified: whatever apr_password_validate and crypt_r know ($2a$ $2b$ $2y$
 * $y$ $gy$ $7$ $6$ $5$ $1$ $apr1$ {SHA} ...) and $argon2id$/$argon2i$.
 * Written: bcrypt ($2y$), yescrypt, sha512-crypt, argon2id.
 * Nothing is trimmed, cut or normalised (ASVS 6.2.8); what a scheme would cut
 * is refused.  Every call costs a whole core for 20 to 500 ms: callers pass
 * the gate first and hold no database connection.  Any thread. */
#ifndef PWR_PASSWORD_H
#define PWR_PASSWORD_H

#include <stddef.h>

#include <apr_errno.h>
#include <apr_pools.h>

#define PWR_PASSWORD_BYTES_MAX 4096     /* refused above, before any hash */
#define PWR_BCRYPT_BYTES_MAX 72

typedef enum pwr_scheme_kind {
    PWR_SCHEME_NONE = 0,        /* unknown or not writable */
    PWR_SCHEME_KEEP,            /* the row's own, where that is strong */
    PWR_SCHEME_BCRYPT,
    PWR_SCHEME_YESCRYPT,
    PWR_SCHEME_SCRYPT,          /* $7$ */
    PWR_SCHEME_SHA512_CRYPT,
    PWR_SCHEME_ARGON2ID
} pwr_scheme_kind;

typedef struct pwr_scheme {
    pwr_scheme_kind kind;
    unsigned cost;              /* bcrypt 10-16, yescrypt 1-11, sha512-crypt
                                 * rounds; 0: our default */
} pwr_scheme;

/* Parse "keep", "bcrypt[:cost]", "yescrypt[:cost]", "sha512-crypt" or
 * "argon2id".  Returns NULL and fills `*scheme`, or a sentence saying what is
 * possible. Weak schemes are named and refused with the reason. */
const char *pwr_scheme_parse(apr_pool_t *pool, const char *text,
                             pwr_scheme *scheme);

/* The scheme as an admin would write it. */
const char *pwr_scheme_show(apr_pool_t *pool, const pwr_scheme *scheme);

/* The scheme a new password is written in for a row that holds `stored` (may
 * be NULL or ""), given the directive's value.  PWR_SCHEME_KEEP keeps the
 * row's own scheme, cost and prefix where it is bcrypt of cost 10 or more,
 * yescrypt, scrypt, argon2id or sha512-crypt (rounds raised to 100000), else
 * gives bcrypt:12. Never returns KEEP or NONE. */
pwr_scheme pwr_scheme_choose(const pwr_scheme *configured,
                             const char *stored);

/* Most bytes a password may have under this scheme: 72 for bcrypt, else
 * PWR_PASSWORD_BYTES_MAX. */
size_t pwr_scheme_bytes_max(const pwr_scheme *scheme);

/* Does `password` match `stored`?  `*match` is 0 on every other outcome:
 * NULL, empty, "*", unknown format, over-long password, a bcrypt row and a
 * password over 72 bytes, cost parameters above the ceiling (a row must not be
 * able to hang the server). Constant time in the comparison of the hashes. */
void pwr_password_verify(const char *password, const char *stored,
                         int *match);

/* A well-formed stored password of this scheme and cost (KEEP: of what we
 * write) that nothing matches: verified when there is no such user, so that
 * the work is the same.  Made without hashing. */
const char *pwr_scheme_decoy(apr_pool_t *pool, const pwr_scheme *scheme);

/* Hash `password` with a fresh salt from the operating system.  `stored` is
 * NUL-terminated, of `pool`.  APR_EINVAL when the password is empty or too
 * long for the scheme; APR_EGENERAL when hashing failed. */
apr_status_t pwr_password_make(apr_pool_t *pool, const pwr_scheme *scheme,
                               const char *password, const char **stored);

#endif
