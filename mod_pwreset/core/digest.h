/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords stored as one message digest, with or without salt: the rows of
 * mail servers, of old applications and of MySQL's PASSWORD().
 *
 * They are verified and never written: whoever has the table tries billions a
 * second.  MD4 is OpenSSL's legacy provider's, loaded for the one call.
 * Any thread. */
#ifndef PWR_DIGEST_H
#define PWR_DIGEST_H

#include "core/wrap.h"

#define PWR_DIGEST_MAX 64           /* bytes of the longest, SHA-512 */

typedef struct pwr_digest {
    const char *name;               /* OpenSSL's, "SHA256" */
    int is_twice;                   /* the digest of the digest's bytes */
    int is_salt_first;
    size_t len, salt_len;
    unsigned char bytes[PWR_DIGEST_MAX];
    unsigned char salt[PWR_STORED_MAX];
} pwr_digest;

/* Read the body of a row, `text` of pwr_wrap_open().  Without a prefix it is
 * told by its shape:
 *
 *   MySQL 4.1   * and 40 digits of hex        sha1(sha1(password))
 *   Joomla      32 of hex, ':' and a salt     md5(password, salt)
 *   Bitrix      salt of eight, 32 of hex      md5(salt, password)
 *
 * Hex alone tells nothing (MD5, NT and half a SHA-256 look alike): such rows
 * need a scheme, see pwr_wrap_default(), also Bitrix' where the salt is hex.
 * Returns 0 when it is none. */
int pwr_digest_read(pwr_digest *digest, const pwr_wrap *wrap,
                    const char *text);

/* Does `password` have it?  The time depends on lengths only. */
int pwr_digest_match(const pwr_digest *digest, const char *password);

/* The same for the two states of HMAC-MD5 that CRAM-MD5 (RFC 2195) needs. */
int pwr_digest_cram_match(const pwr_digest *digest, const char *password);

#endif
