/* SPDX-License-Identifier: Apache-2.0 */
/* What a stored password is: told by prefix and shape, with what verifying it
 * would cost.
 *
 * Whoever can write a row could otherwise make the server hash for hours or
 * claim all its memory, so cost parameters are read before any hash is begun,
 * and a row above these ceilings counts as unknown (each is at most a few
 * seconds of one core):
 *
 *   bcrypt            cost 16
 *   sha-crypt, $sha1$, $md5   2,000,000 rounds
 *   yescrypt, scrypt  256 MiB; only yescrypt's usual parameters (flavour j,
 *                     no parallelism or extra time)
 *   argon2            256 MiB, 16 passes, 16 lanes, 1 GiB written in all
 *   BSDi's DES        all that its four digits can say
 *
 * Pure; any thread. */
#ifndef PWR_FORMAT_H
#define PWR_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "core/scheme.h"

typedef enum pwr_engine {
    PWR_ENGINE_NONE = 0,    /* nobody verifies it: unknown or too costly */
    PWR_ENGINE_CRYPT,       /* crypt_r */
    PWR_ENGINE_APR,         /* apr_password_validate */
    PWR_ENGINE_ARGON2I,
    PWR_ENGINE_ARGON2ID
} pwr_engine;

typedef struct pwr_argon2_cost {
    uint32_t version;       /* 0x10 or 0x13 */
    uint32_t memory_kib;
    uint32_t passes_n;
    uint32_t lanes_n;
} pwr_argon2_cost;

typedef struct pwr_format {
    pwr_engine engine;
    pwr_scheme_kind kind;   /* NONE: only verified, never written */
    uint64_t work;          /* bcrypt's cost, rounds, or KiB written */
    int is_strong;          /* enough work to write the like of it today */
    size_t setting_len;     /* of what precedes the salt */
    size_t bytes_max;       /* of a password, before the scheme would cut it */
    pwr_argon2_cost argon2;
} pwr_format;

/* Judge a stored password, NULL and "" included.  What PWR_ENGINE_NONE comes
 * with has no meaning.  A setting of argon2 without salt is read as well. */
pwr_format pwr_format_of(const char *stored);

/* A stored password of the same scheme, cost and lengths as `stored` with
 * nobody's salt and hash in it, which nothing matches.  Returns 0, and "" in
 * `out`, when nobody verifies `stored` or `size` is too small. */
int pwr_format_mask(char *out, size_t size, const char *stored);

#endif
