/* SPDX-License-Identifier: Apache-2.0 */
/* Stored passwords: verify what providers' tables hold, write one scheme.
 *
 * Verified: bcrypt ($2a$ $2b$ $2x$ $2y$), yescrypt ($y$ $gy$), scrypt ($7$),
 * sha-crypt ($6$ $5$), $sha1$, $md5, $1$, $3$, BSDi and DES crypt, $apr1$,
 * $argon2id$, $argon2i$, phpass, PBKDF2, SCRAM, digests with and without salt,
 * clear text; those that begin with a scheme in braces or with a program's
 * prefix are told by core/wrap.h, the ceilings are in core/format.h, and
 * docs/formats.md has the table.
 * Written: bcrypt, yescrypt, scrypt, sha512-crypt, argon2id, Django's PBKDF2,
 * Drupal's SHA-512.
 * Nothing is trimmed, cut or normalised (ASVS 6.2.8) but as WordPress does for
 * its own rows; what bcrypt would cut is refused.  Every call costs a whole
 * core for up to 500 ms: callers pass the gate first and hold no database
 * connection.  Any thread. */
#ifndef PWR_PASSWORD_H
#define PWR_PASSWORD_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "core/scheme.h"

/* Does `password` match `stored`?  `*match` is 0 on every other outcome:
 * NULL, empty, "*", unknown format, over-long password, a bcrypt row and a
 * password over 72 bytes, cost parameters above the ceiling (a row must not be
 * able to hang the server).  Constant time in the comparison of the hashes. */
void pwr_password_verify(const char *password, const char *stored,
                         int *match);

/* Does it take the hash's time to verify `password` against `stored`?  Not
 * when there is nothing to hash, or it is over-long. */
int pwr_password_fits(const char *password, const char *stored);

/* Hash `password` with a fresh salt from the operating system.  `stored` is
 * NUL-terminated, of `pool`.  APR_EINVAL when the password is empty or too
 * long for the scheme, or the scheme cannot be written; APR_EGENERAL when
 * hashing failed. */
apr_status_t pwr_password_make(apr_pool_t *pool, const pwr_scheme *scheme,
                               const char *password, const char **stored);

#endif
