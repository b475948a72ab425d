/* SPDX-License-Identifier: Apache-2.0 */
/* What programs write in front of a hash: "{SSHA512}", "{BLF-CRYPT}", "$wp".
 *
 * A prefix says what stands behind it (a hash of its own that is told again by
 * its own prefix, a digest, a password), and which program's reader it is for;
 * so a new hash of the same row can be written where that one understands it.
 *
 * Names between braces are those of Dovecot (doc: password schemes), which
 * Postfixadmin, mailcow, Modoboa and iRedMail write as well, of Courier, Apache
 * ("{SHA}") and OpenSSL (ProFTPD's "{sha1}"), in any case.  Behind a name
 * .HEX, .B64 or .BASE64 tells how the rest is encoded; else hex or base64 is
 * told by its length.  Pure; any thread. */
#ifndef PWR_WRAP_H
#define PWR_WRAP_H

#include <stddef.h>

#include <apr_pools.h>

/* A stored password has fewer bytes, or counts as unknown; what crypt(3) may
 * make (CRYPT_OUTPUT_SIZE) fits. */
#define PWR_STORED_MAX 384
#define PWR_PREFIX_MAX 32           /* of a prefix that may be kept */
#define PWR_DJANGO_PREFIX "pbkdf2_sha256$"

/* What stands behind the prefix. */
typedef enum pwr_body {
    PWR_BODY_NONE = 0,      /* nobody knows: another name in braces */
    PWR_BODY_CRYPT,         /* what is told by its own prefix or shape */
    PWR_BODY_NT,            /* the hex of crypt(3)'s $3$ */
    PWR_BODY_PLAIN,         /* the password */
    PWR_BODY_CUT,           /* "10-" and its first ten bytes */
    PWR_BODY_DIGEST,        /* H(password) */
    PWR_BODY_SALTED,        /* H(password, salt), salt */
    PWR_BODY_LOGIN,         /* H(user:realm:password), and behind a colon
                             * "user:realm:", see pwr_wrap_with_login() */
    PWR_BODY_SALT8,         /* salt of eight characters, H(salt, password) */
    PWR_BODY_CRAM,          /* the two states of HMAC-MD5 */
    PWR_BODY_SCRAM,         /* rounds,salt,stored key,server key (RFC 5803) */
    PWR_BODY_PBKDF2,        /* rounds$salt$hash, both base64 */
    PWR_BODY_PBKDF2_TEXT,   /* rounds$salt$hash, the salt as it stands */
    PWR_BODY_PBKDF2_DOVECOT /* $1$salt$rounds$hex */
} pwr_body;

/* What is done to a password before it is hashed. */
typedef enum pwr_prehash {
    PWR_PREHASH_NONE = 0,
    PWR_PREHASH_TRIM,       /* WordPress takes blanks off both ends */
    PWR_PREHASH_WORDPRESS,  /* and then base64(HMAC-SHA-384), from 6.8 on */
    PWR_PREHASH_SHA256,     /* its hex: Django's bcrypt_sha256$ */
    PWR_PREHASH_MD5         /* its hex: Drupal's U$ */
} pwr_prehash;

typedef enum pwr_encoding {
    PWR_ENCODING_AUTO = 0,
    PWR_ENCODING_HEX,
    PWR_ENCODING_BASE64
} pwr_encoding;

typedef struct pwr_wrap {
    pwr_body body;
    const char *begins;     /* what stands behind it begins so; or NULL */
    const char *md;         /* OpenSSL's name of the digest, or NULL */
    pwr_prehash prehash;
    pwr_encoding encoding;
    const char *prefix;     /* that is not in braces, or NULL */
    size_t len;             /* of the prefix; 0: there is none */
    const char *fallback;   /* what stands before a new hash where its scheme is
                             * not kept: "" nothing, NULL the prefix itself */
} pwr_wrap;

/* Whatever `stored` is; without a prefix the body is PWR_BODY_CRYPT. */
pwr_wrap pwr_wrap_of(const char *stored);

/* What stands behind the prefix, in `out` of PWR_STORED_MAX bytes, a hash with
 * its encoding undone.  Returns 0, and "" in `out`, when it is malformed. */
int pwr_wrap_open(char *out, const pwr_wrap *wrap, const char *stored);

/* The prefix as it stands, without the suffix of its encoding, in `out`
 * (PWR_PREFIX_MAX). */
void pwr_wrap_prefix(char *out, const pwr_wrap *wrap, const char *stored);

/* `stored` as a row of the scheme `name` when it has no prefix of its own and
 * is no locked account ("!...", "*..."), else `stored` itself.  NULL as `name`:
 * there is no such scheme.  The copy is wiped with `pool`. */
const char *pwr_wrap_default(apr_pool_t *pool, const char *name,
                             const char *stored);

/* `stored` with what a scheme that needs the login name (DIGEST-MD5, RFC 2831)
 * is read with; any other as it is.  The realm is what stands behind the @, as
 * Dovecot has it.  The copy is wiped with `pool`. */
const char *pwr_wrap_with_login(apr_pool_t *pool, const char *login,
                                const char *stored);

/* Is `name` one that may stand between braces?  Else returns a sentence. */
const char *pwr_wrap_name_refusal(apr_pool_t *pool, const char *name);

#endif
