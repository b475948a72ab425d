/* SPDX-License-Identifier: Apache-2.0 */
#include "core/argon2id.h"

#include <string.h>

#include <apr_strings.h>
#include <argon2.h>
#include <openssl/crypto.h>

#include "core/crypto.h"
#include "core/encoded.h"

#define SALT_BYTES 16
#define HASH_BYTES 32
/* Shorter ones, as a cut row would have, are too easily met by accident. */
#define HASH_BYTES_MIN 16
#define PART_BYTES_MAX 64

static argon2_context context_make(const pwr_argon2_cost *cost,
                                   const char *password)
{
    argon2_context context = {
        .pwd = (uint8_t *)password,
        .pwdlen = (uint32_t)strlen(password),
        .t_cost = cost->passes_n,
        .m_cost = cost->memory_kib,
        .lanes = cost->lanes_n,
        .threads = 1,
        .version = cost->version,
        .flags = ARGON2_DEFAULT_FLAGS,
    };
    return context;
}

/* Decode `len` digits of base64 without padding into `out`
 * (PART_BYTES_MAX).  Returns the number of bytes, 0 when malformed. */
static uint32_t part_decode(const char *part, size_t len, uint8_t *out)
{
    if (memchr(part, '=', len) || memchr(part, '.', len)) {
        return 0;
    }
    return (uint32_t)pwr_encoded_base64(out, PART_BYTES_MAX, part, len);
}

int pwr_argon2id_match(const pwr_format *format, const char *password,
                       const char *stored)
{
    argon2_context context = context_make(&format->argon2, password);
    uint8_t salt[PART_BYTES_MAX], hash[PART_BYTES_MAX], out[PART_BYTES_MAX];
    const char *salt_at = stored + format->setting_len;
    const char *hash_at = strchr(salt_at, '$');
    argon2_type type = format->engine == PWR_ENGINE_ARGON2ID
                           ? Argon2_id : Argon2_i;
    int match;

    if (!hash_at) {
        return 0;
    }
    context.salt = salt;
    context.saltlen = part_decode(salt_at, (size_t)(hash_at - salt_at), salt);
    hash_at++;
    context.out = out;
    context.outlen = part_decode(hash_at, strlen(hash_at), hash);
    match = context.outlen >= HASH_BYTES_MIN
        && argon2_verify_ctx(&context, (const char *)hash, type) == ARGON2_OK;
    OPENSSL_cleanse(hash, sizeof(hash));
    OPENSSL_cleanse(out, sizeof(out));
    return match;
}

const char *pwr_argon2id_make(apr_pool_t *pool, const char *setting,
                              const char *password)
{
    pwr_format format = pwr_format_of(setting);
    argon2_context context = context_make(&format.argon2, password);
    uint8_t salt[SALT_BYTES], hash[HASH_BYTES];
    const char *made = NULL;

    context.salt = salt;
    context.saltlen = sizeof(salt);
    context.out = hash;
    context.outlen = sizeof(hash);
    context.version = ARGON2_VERSION_13;
    if (format.engine == PWR_ENGINE_ARGON2ID
        && pwr_crypto_random(salt, sizeof(salt)) == APR_SUCCESS
        && argon2_ctx(&context, Argon2_id) == ARGON2_OK) {
        made = apr_psprintf(pool, "$argon2id$v=%d$m=%u,t=%u,p=%u$%s$%s",
                            ARGON2_VERSION_13, context.m_cost, context.t_cost,
                            context.lanes,
                            pwr_encoded_bare(pool, salt, sizeof(salt)),
                            pwr_encoded_bare(pool, hash, sizeof(hash)));
    }
    OPENSSL_cleanse(hash, sizeof(hash));
    return made;
}
