/* SPDX-License-Identifier: Apache-2.0 */
/* Randomness, digests and memory for secrets; all cryptography is OpenSSL's.
 *
 * The database holds SHA-256(realm 0 purpose 0 secret) and no secret, so a
 * string of one purpose or one site is nothing elsewhere, and there is no key
 * to manage. */
#ifndef PWR_CRYPTO_H
#define PWR_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include <apr_errno.h>
#include <apr_pools.h>

#define PWR_DIGEST_BYTES 32
#define PWR_DIGEST_HEX (2 * PWR_DIGEST_BYTES)   /* without the NUL */
#define PWR_ID_BYTES 16                         /* 128 bits */
#define PWR_ID_HEX (2 * PWR_ID_BYTES)

/* What a random secret is good for; part of its digest. */
typedef enum pwr_purpose {
    PWR_PURPOSE_NONE = 0,   /* refuses: pwr_crypto_digest returns APR_EINVAL */
    PWR_PURPOSE_RECOVER,    /* a control string */
    PWR_PURPOSE_SESSION,    /* a session id */
    PWR_PURPOSE_NOTME,      /* of the link "this was not me" */
    PWR_PURPOSE_DEVICE      /* a browser that has signed in before */
} pwr_purpose;

/* Each apr_status_t here is APR_SUCCESS, or APR_EGENERAL: OpenSSL failed; what
 * was to be filled is then zeroed, "" or NULL, and must not be used. */

/* Fill `len` bytes from OpenSSL's generator (NIST SP 800-90A), which the
 * operating system seeds. */
apr_status_t pwr_crypto_random(unsigned char *bytes, size_t len);

/* A fresh random id of PWR_ID_HEX hex digits in `out` (PWR_ID_HEX + 1). */
apr_status_t pwr_crypto_id(char *out);

/* A fresh secret of 256 bits as 64 hex digits, in wiped memory of `pool`. */
apr_status_t pwr_crypto_secret(apr_pool_t *pool, const char **secret);

/* Digest of a secret as PWR_DIGEST_HEX hex digits in `out` (+ 1).  APR_EINVAL
 * without realm, purpose or secret, or when that is "". */
apr_status_t pwr_crypto_digest(char *out, const char *realm,
                               pwr_purpose purpose, const char *secret);

/* SHA-256 of the concatenation of `n` strings, each preceded by its length in
 * eight bytes so that no two lists collide; NULL counts as absent and differs
 * from "".  For stamps and fingerprints. `out` as above. */
apr_status_t pwr_crypto_fingerprint(char *out, const char *const *strings,
                                    size_t n);

/* SHA-256 of `len` bytes, to name a content by.  `out` as above. */
apr_status_t pwr_crypto_content(char *out, const void *bytes, size_t len);

/* 64 bits of SHA-256(key || bytes), the key of PWR_DIGEST_BYTES: places in
 * tables that nobody may choose, in the byte order of this host.  No HMAC, as a
 * digest cut to 64 bits cannot be extended. */
apr_status_t pwr_crypto_place(uint64_t *place, const unsigned char *key,
                              const void *bytes, size_t len);

/* Compare two NUL-terminated strings; time depends on their lengths only.
 * NULL equals nothing. */
int pwr_crypto_equal(const char *a, const char *b);

/* Zeroed memory of `size` bytes that is wiped when `pool` is cleared. */
void *pwr_secret_alloc(apr_pool_t *pool, size_t size);

/* A copy of the `len` bytes at `s`, NUL-terminated, in wiped memory. */
char *pwr_secret_copy(apr_pool_t *pool, const char *s, size_t len);

#endif
