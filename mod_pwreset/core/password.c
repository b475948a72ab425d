/* SPDX-License-Identifier: Apache-2.0 */
#include "core/password.h"

#include <string.h>

#include <apr_md5.h>
#include <apr_strings.h>
#include <crypt.h>
#include <openssl/crypto.h>

#include "core/argon2id.h"
#include "core/crypto.h"
#include "core/format.h"

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

static int apr_match(const pwr_format *format, const char *password,
                     const char *stored)
{
    (void)format;
    return apr_password_validate(password, stored) == APR_SUCCESS;
}

static int (*const matchers[])(const pwr_format *, const char *,
                               const char *) = {
    [PWR_ENGINE_CRYPT] = crypt_match,
    [PWR_ENGINE_APR] = apr_match,
    [PWR_ENGINE_ARGON2I] = pwr_argon2id_match,
    [PWR_ENGINE_ARGON2ID] = pwr_argon2id_match,
};

void pwr_password_verify(const char *password, const char *stored,
                         int *match)
{
    pwr_format format = pwr_format_of(stored);

    *match = 0;
    if (format.engine != PWR_ENGINE_NONE && password && *password
        && strlen(password) <= format.bytes_max) {
        *match = matchers[format.engine](&format, password, stored);
    }
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

apr_status_t pwr_password_make(apr_pool_t *pool, const pwr_scheme *scheme,
                               const char *password, const char **stored)
{
    *stored = NULL;
    if (scheme->kind <= PWR_SCHEME_KEEP || !*password
        || strlen(password) > pwr_scheme_bytes_max(scheme)) {
        return APR_EINVAL;
    }
    if (scheme->kind == PWR_SCHEME_ARGON2ID) {
        *stored = pwr_argon2id_make(
            pool, scheme->setting[0] ? scheme->setting : PWR_ARGON2ID_SETTING,
            password);
    }
    else {
        *stored = crypt_make(pool, scheme, password);
    }
    return *stored ? APR_SUCCESS : APR_EGENERAL;
}
