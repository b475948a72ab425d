/* SPDX-License-Identifier: Apache-2.0 */
/* PBKDF2 (RFC 8018) as Django, Dovecot, 389 DS and passlib store it, and SCRAM
 * (RFC 5802), whose keys come of it.
 *
 *   pbkdf2_sha256$ROUNDS$salt$base64          Django; also _sha1
 *   {PBKDF2}$1$salt$ROUNDS$hex                Dovecot, SHA-1
 *   {PBKDF2-SHA512}ROUNDS$base64$base64       389 DS, mailcow, passlib
 *   $pbkdf2-sha256$ROUNDS$base64$base64       passlib
 *   {SCRAM-SHA-256}ROUNDS,base64,base64,base64
 *
 * Any thread. */
#ifndef PWR_PBKDF2_H
#define PWR_PBKDF2_H

#include <stdint.h>

#include "core/digest.h"

#define PWR_PBKDF2_ROUNDS_MAX 4000000
/* OWASP Password Storage, of HMAC-SHA-256. */
#define PWR_PBKDF2_ROUNDS 600000

typedef struct pwr_pbkdf2 {
    const char *md;                 /* OpenSSL's name of it */
    uint32_t rounds;
    int is_scram;                   /* `bytes` is the stored key */
    size_t len, salt_len;
    unsigned char bytes[PWR_DIGEST_MAX];
    unsigned char salt[PWR_STORED_MAX];
} pwr_pbkdf2;

/* Read the body of a row, `text` of pwr_wrap_open().  Returns 0 when it is
 * none, has no rounds or more than PWR_PBKDF2_ROUNDS_MAX, or a hash that is not
 * as long as its digest. */
int pwr_pbkdf2_read(pwr_pbkdf2 *row, const pwr_wrap *wrap, const char *text);

/* Does `password` have it?  The comparison is constant in time. */
int pwr_pbkdf2_match(const pwr_pbkdf2 *row, const char *password);

/* A row of Django's with a fresh salt; `setting` is "pbkdf2_sha256$600000$".
 * NULL when it failed. */
const char *pwr_pbkdf2_make(apr_pool_t *pool, const char *setting,
                            const char *password);

#endif
