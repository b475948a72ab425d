/* SPDX-License-Identifier: Apache-2.0 */
#include "core/password.h"

#include <stdlib.h>
#include <string.h>

#include <apr_md5.h>
#include <apr_strings.h>
#include <crypt.h>
#include <openssl/crypto.h>

#include "core/argon2id.h"
#include "core/crypto.h"
#include "core/digest.h"
#include "core/format.h"
#include "core/pbkdf2.h"
#include "core/phpass.h"
#include "core/prehash.h"

#define APR1_MAX 120
/* What is left of a password must be one. */
#define CUT_BYTES_MIN 8

/* `data` of crypt_r has 32 KiB: too much for a thread's stack, and it is to be
 * wiped.  Failures begin with '*' or are NULL. */
static struct crypt_data *crypt_begin(void)
{
    return OPENSSL_zalloc(sizeof(struct crypt_data));
}

static void crypt_end(struct crypt_data *data)
{
    OPENSSL_clear_free(data, sizeof(*data));
}

/* Each takes what stands behind the prefix. */
typedef int matcher(const pwr_format *format, const char *password,
                    const char *stored);

static int crypt_match(const pwr_format *format, const char *password,
                       const char *stored)
{
    struct crypt_data *data = crypt_begin();
    const char *made = data ? crypt_r(password, stored, data) : NULL;
    int match = made && *made != '*' && pwr_crypto_equal(made, stored);

    (void)format;
    crypt_end(data);
    return match;
}

/* apr_password_validate stops comparing at the first difference. */
static int apr_match(const pwr_format *format, const char *password,
                     const char *stored)
{
    char made[APR1_MAX];
    int match = apr_md5_encode(password, stored, made, sizeof(made))
        == APR_SUCCESS && pwr_crypto_equal(made, stored);

    (void)format;
    OPENSSL_cleanse(made, sizeof(made));
    return match;
}

static int phpass_match(const pwr_format *format, const char *password,
                        const char *stored)
{
    (void)format;
    return pwr_phpass_match(password, stored);
}

static int pbkdf2_match(const pwr_format *format, const char *password,
                        const char *stored)
{
    pwr_pbkdf2 row;
    int match = pwr_pbkdf2_read(&row, &format->wrap, stored)
        && pwr_pbkdf2_match(&row, password);

    OPENSSL_cleanse(&row, sizeof(row));
    return match;
}

static int digest_match(const pwr_format *format, const char *password,
                        const char *stored)
{
    pwr_digest digest;
    int match = pwr_digest_read(&digest, &format->wrap, stored)
        && (format->engine == PWR_ENGINE_CRAM
            ? pwr_digest_cram_match(&digest, password)
            : pwr_digest_match(&digest, password));

    OPENSSL_cleanse(&digest, sizeof(digest));
    return match;
}

static int plain_match(const pwr_format *format, const char *password,
                       const char *stored)
{
    (void)format;
    return pwr_crypto_equal(password, stored);
}

/* "10-" and the first ten bytes of a password, whose rest nobody knows. */
static int cut_match(const pwr_format *format, const char *password,
                     const char *stored)
{
    const char *kept = strchr(stored, '-') + 1;
    size_t len = strlen(kept);
    int is_cut = strtoul(stored, NULL, 10) == len && len >= CUT_BYTES_MIN;

    (void)format;
    return is_cut ? strlen(password) >= len
                        && CRYPTO_memcmp(password, kept, len) == 0
                  : pwr_crypto_equal(password, kept);
}

static matcher *const matchers[] = {
    [PWR_ENGINE_CRYPT] = crypt_match,
    [PWR_ENGINE_APR] = apr_match,
    [PWR_ENGINE_ARGON2I] = pwr_argon2id_match,
    [PWR_ENGINE_ARGON2ID] = pwr_argon2id_match,
    [PWR_ENGINE_PHPASS] = phpass_match,
    [PWR_ENGINE_PBKDF2] = pbkdf2_match,
    [PWR_ENGINE_DIGEST] = digest_match,
    [PWR_ENGINE_CRAM] = digest_match,
    [PWR_ENGINE_PLAIN] = plain_match,
    [PWR_ENGINE_CUT] = cut_match,
};

/* What is hashed, in `taken` of PWR_PREHASH_MAX, which the caller wipes. */
static int take(const pwr_format *format, const char *password, char *taken)
{
    return format->engine != PWR_ENGINE_NONE && password && *password
        && strlen(password) <= format->bytes_max
        && pwr_prehash_do(taken, format->prehash, password);
}

int pwr_password_fits(const char *password, const char *stored)
{
    pwr_format format = pwr_format_of(stored);
    char taken[PWR_PREHASH_MAX];
    int fits = take(&format, password, taken);

    OPENSSL_cleanse(taken, sizeof(taken));
    return fits;
}

void pwr_password_verify(const char *password, const char *stored,
                         int *match)
{
    pwr_format format = pwr_format_of(stored);
    char taken[PWR_PREHASH_MAX], text[PWR_STORED_MAX];

    *match = 0;
    if (take(&format, password, taken)) {
        pwr_wrap_open(text, &format.wrap, stored);
        *match = matchers[format.engine](&format, taken, text);
        OPENSSL_cleanse(text, sizeof(text));
    }
    OPENSSL_cleanse(taken, sizeof(taken));
}

static const char *crypt_make(apr_pool_t *pool, const pwr_scheme *scheme,
                              const char *password)
{
    struct crypt_data *data = crypt_begin();
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *made = data && pwr_scheme_salt(scheme, salt)
                           ? crypt_r(password, salt, data) : NULL;
    const char *stored = made && *made != '*' ? apr_pstrdup(pool, made) : NULL;

    crypt_end(data);
    return stored;
}

/* What is none of crypt_r's. */
static const char *other_make(apr_pool_t *pool, const pwr_scheme *scheme,
                              const char *password)
{
    char setting[PWR_SETTING_MAX];

    pwr_scheme_setting(scheme, setting);
    if (scheme->kind == PWR_SCHEME_DRUPAL) {
        return pwr_phpass_make(pool, setting, password);
    }
    if (scheme->kind == PWR_SCHEME_DJANGO) {
        return pwr_pbkdf2_make(pool, setting, password);
    }
    return pwr_argon2id_make(pool, setting, password);
}

apr_status_t pwr_password_make(apr_pool_t *pool, const pwr_scheme *scheme,
                               const char *password, const char **stored)
{
    char taken[PWR_PREHASH_MAX];
    const char *made;
    int is_taken;

    *stored = NULL;
    if (scheme->kind <= PWR_SCHEME_KEEP || !*password
        || strlen(password) > pwr_scheme_bytes_max(scheme)) {
        return APR_EINVAL;
    }
    is_taken = pwr_prehash_do(taken, scheme->prehash, password);
    made = !is_taken ? NULL : scheme->kind >= PWR_SCHEME_ARGON2ID
        ? other_make(pool, scheme, taken) : crypt_make(pool, scheme, taken);
    OPENSSL_cleanse(taken, sizeof(taken));
    if (!is_taken) {
        return APR_EINVAL;
    }
    *stored = made ? apr_pstrcat(pool, scheme->prefix, made, NULL) : NULL;
    return made ? APR_SUCCESS : APR_EGENERAL;
}
