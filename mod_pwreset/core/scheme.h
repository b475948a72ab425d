/* SPDX-License-Identifier: Apache-2.0 */
/* Which scheme a new password is written in.
 *
 * The admin's directive names one, or says "keep": then every row keeps its
 * own, so that the other programs that read the table go on understanding it.
 * Pure; any thread. */
#ifndef PWR_SCHEME_H
#define PWR_SCHEME_H

#include <stddef.h>

#include <apr_pools.h>

#include "core/wrap.h"

#define PWR_PASSWORD_BYTES_MAX 4096     /* refused above, before any hash */
#define PWR_BCRYPT_BYTES_MAX 72         /* bcrypt would ignore the rest */
#define PWR_CRYPT_BYTES_MAX 511         /* crypt_r refuses the rest */

/* OWASP Password Storage: 19 MiB, two passes, one lane. */
#define PWR_ARGON2ID_SETTING "$argon2id$v=19$m=19456,t=2,p=1$"

/* Drupal refuses longer ones; 2^17 rounds. */
#define PWR_DRUPAL_BYTES_MAX 512
#define PWR_DRUPAL_SETTING "$S$F"
#define PWR_DJANGO_SETTING PWR_DJANGO_PREFIX "600000$"

#define PWR_SETTING_MAX 48

typedef enum pwr_scheme_kind {
    PWR_SCHEME_NONE = 0,        /* unknown or not writable */
    PWR_SCHEME_KEEP,            /* the row's own, where that is strong */
    PWR_SCHEME_BCRYPT,
    PWR_SCHEME_YESCRYPT,
    PWR_SCHEME_SCRYPT,          /* $7$ */
    PWR_SCHEME_SHA512_CRYPT,
    PWR_SCHEME_ARGON2ID,
    PWR_SCHEME_DJANGO,          /* pbkdf2_sha256$ */
    PWR_SCHEME_DRUPAL           /* $S$ */
} pwr_scheme_kind;

typedef struct pwr_scheme {
    pwr_scheme_kind kind;
    unsigned cost;              /* bcrypt 10-16, yescrypt 5-9, sha512-crypt
                                 * rounds; 0: our default */
    char setting[PWR_SETTING_MAX];  /* of a kept row: all that precedes the
                                 * salt, "$2b$13$"; else "" */
    char prefix[PWR_PREFIX_MAX];    /* stands before it, "{BLF-CRYPT}" */
    pwr_prehash prehash;        /* what the readers of such rows do first */
} pwr_scheme;

/* Parse "keep", "bcrypt[:cost]", "yescrypt[:cost]", "sha512-crypt[:rounds]",
 * "argon2id", one of those as a program wants it ("{BLF-CRYPT}[:cost]",
 * "{SHA512-CRYPT}[:rounds]", "{ARGON2ID}", "wordpress[:cost]"), "django" or
 * "drupal".  Returns NULL and fills `*scheme`, or a sentence saying what is
 * possible.  Weak schemes are named and refused with the reason. */
const char *pwr_scheme_parse(apr_pool_t *pool, const char *text,
                             pwr_scheme *scheme);

/* What pwr_scheme_parse took, as an admin would write it. */
const char *pwr_scheme_show(apr_pool_t *pool, const pwr_scheme *scheme);

/* The scheme a new password is written in for a row that holds `stored` (may
 * be NULL or ""), given the directive's value.  PWR_SCHEME_KEEP keeps the
 * row's own prefix and cost where it is bcrypt of cost 10 or more, yescrypt,
 * scrypt, argon2id, sha512-crypt, or Django's or Drupal's own; one of these but
 * bcrypt whose cost is below ours keeps the scheme and gets our cost.  All else
 * gives bcrypt:12, with a prefix that its reader knows (core/wrap.h), or
 * Django's own.  Never returns KEEP or NONE. */
pwr_scheme pwr_scheme_choose(const pwr_scheme *configured,
                             const char *stored);

/* Would a password of the row `stored` be written better than it is: another
 * scheme or prefix, or a greater cost?  Not of a row that nobody verifies. */
int pwr_scheme_is_outdated(apr_pool_t *pool, const pwr_scheme *configured,
                           const char *stored);

/* Most bytes a password may have under this scheme: 72 for bcrypt, 511 for
 * what crypt_r makes, else PWR_PASSWORD_BYTES_MAX, also where the password is
 * hashed before.  KEEP counts as bcrypt. */
size_t pwr_scheme_bytes_max(const pwr_scheme *scheme);

/* The password that is hashed in place of `password`: for WordPress, whose
 * pages take blanks off both ends, without them.  The copy is wiped with
 * `pool`. */
const char *pwr_scheme_taken(apr_pool_t *pool, const pwr_scheme *scheme,
                             const char *password);

/* A setting for crypt_r with a fresh salt of the operating system, in `out`
 * (CRYPT_GENSALT_OUTPUT_SIZE).  Returns 0 when the scheme is none of
 * crypt_r's. */
int pwr_scheme_salt(const pwr_scheme *scheme, char *out);

/* What precedes the salt in what is none of crypt_r's, in `out`
 * (PWR_SETTING_MAX). */
void pwr_scheme_setting(const pwr_scheme *scheme, char *out);

/* A well-formed stored password of this scheme and cost (KEEP: bcrypt:12) that
 * nothing matches: verified when there is no such user, so that the work is
 * the same.  Made without hashing. */
const char *pwr_scheme_decoy(apr_pool_t *pool, const pwr_scheme *scheme);

#endif
