/* SPDX-License-Identifier: Apache-2.0 */
/* What a stored password is: told by prefix and shape, with what verifying it
 * would cost.  docs/formats.md lists them all, and which program writes them.
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
 *   phpass            2^19 rounds (core/phpass.h)
 *   PBKDF2, SCRAM     4,000,000 rounds (core/pbkdf2.h)
 *
 * Pure; any thread. */
#ifndef PWR_FORMAT_H
#define PWR_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "core/scheme.h"
#include "core/wrap.h"

typedef enum pwr_engine {
    PWR_ENGINE_NONE = 0,    /* nobody verifies it: unknown or too costly */
    PWR_ENGINE_CRYPT,       /* crypt_r */
    PWR_ENGINE_APR,         /* APR's $apr1$ */
    PWR_ENGINE_ARGON2I,
    PWR_ENGINE_ARGON2ID,
    PWR_ENGINE_PHPASS,
    PWR_ENGINE_PBKDF2,      /* and SCRAM */
    PWR_ENGINE_DIGEST,
    PWR_ENGINE_CRAM,
    PWR_ENGINE_PLAIN,
    PWR_ENGINE_CUT          /* Dovecot's {PLAIN-TRUNC} */
} pwr_engine;

typedef struct pwr_argon2_cost {
    uint32_t version;       /* 0x10 or 0x13 */
    uint32_t memory_kib;
    uint32_t passes_n;
    uint32_t lanes_n;
} pwr_argon2_cost;

typedef struct pwr_format {
    pwr_engine engine;
    pwr_wrap wrap;          /* its prefix; all else is of what is behind it */
    pwr_prehash prehash;    /* what is done to a password first */
    pwr_scheme_kind kind;   /* NONE: only verified, never written */
    uint64_t work;          /* bcrypt's cost, rounds, or KiB written */
    int is_strong;          /* enough work to write the like of it today */
    size_t setting_len;     /* of what precedes the salt, without prefix */
    size_t bytes_max;       /* of a password, before the scheme would cut it */
    size_t cuts_at;         /* what is behind so many bytes of a password is
                             * not looked at, and that is let be; or 0 */
    pwr_argon2_cost argon2;
} pwr_format;

/* Judge a stored password, NULL and "" included.  What PWR_ENGINE_NONE comes
 * with has no meaning.  A setting of argon2 without salt is read as well. */
pwr_format pwr_format_of(const char *stored);

/* A stored password that takes as long to verify as `stored`, with nobody's
 * salt and hash in it, which nothing matches: of the same scheme and cost, or,
 * where there are many that cost the same (PBKDF2, digests), of one of them.
 * Returns 0, and "" in `out`, when nobody verifies `stored` or `size` is too
 * small. */
int pwr_format_mask(char *out, size_t size, const char *stored);

#endif
