/* SPDX-License-Identifier: Apache-2.0 */
#include "core/phpass.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/crypto.h"
#include "core/encoded.h"

#define COST_AT 3
#define SALT_AT 4
#define SALT_LEN 8
#define HASH_AT (SALT_AT + SALT_LEN)
#define LOG_MIN 7
#define HASH_DIGITS_MAX 88          /* of 64 bytes, and the NUL */

static const struct {
    const char *prefix;
    const char *md;
    size_t hash_len;                /* Drupal's column was of 55 */
} kinds[] = {
    { "$P$", "MD5", 22 },
    { "$H$", "MD5", 22 },
    { "$S$", "SHA512", 43 },
};

static size_t kind_of(const char *stored)
{
    size_t n = sizeof(kinds) / sizeof(*kinds), i = 0;

    while (i < n && strncmp(stored, kinds[i].prefix, COST_AT) != 0) {
        i++;
    }
    return i < n ? i : 0;
}

/* Of a setting alone, too. */
static uint64_t rounds_of(const char *stored)
{
    int log = pwr_encoded_crypt_digit(stored[COST_AT]);

    return log >= LOG_MIN && log <= PWR_PHPASS_LOG_MAX ? UINT64_C(1) << log
                                                       : 0;
}

uint64_t pwr_phpass_rounds(const char *stored)
{
    size_t kind = kind_of(stored);

    if (strncmp(stored, kinds[kind].prefix, COST_AT) != 0
        || strlen(stored) != HASH_AT + kinds[kind].hash_len
        || strspn(stored + HASH_AT, pwr_encoded_crypt_digits)
               != kinds[kind].hash_len) {
        return 0;
    }
    return rounds_of(stored);
}

/* Six bits a digit, the lowest first. */
static void digits_put(char *out, const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        uint32_t word = bytes[i];

        word |= i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0;
        word |= i + 2 < n ? (uint32_t)bytes[i + 2] << 16 : 0;
        for (size_t digit = 0; digit <= (n - i < 3 ? n - i : 3); digit++) {
            *out++ = pwr_encoded_crypt_digits[word >> (6 * digit) & 63];
        }
    }
    *out = '\0';
}

/* H(salt, password), then H(hash, password) so often.  All of the hash in
 * `out`, of HASH_DIGITS_MAX; returns 0 when OpenSSL failed. */
static int hash_make(char *out, const char *password, const char *stored)
{
    const EVP_MD *md
        = EVP_get_digestbyname(kinds[kind_of(stored)].md);
    EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t len = strlen(password);
    unsigned n = SALT_LEN;
    int ok = ctx != NULL;

    memcpy(hash, stored + SALT_AT, SALT_LEN);
    for (uint64_t left = rounds_of(stored) + 1; ok && left > 0; left--) {
        ok = EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, hash, n)
            && EVP_DigestUpdate(ctx, password, len)
            && EVP_DigestFinal_ex(ctx, hash, &n);
    }
    EVP_MD_CTX_free(ctx);
    *out = '\0';
    if (ok) {
        digits_put(out, hash, n);
    }
    OPENSSL_cleanse(hash, sizeof(hash));
    return ok;
}

int pwr_phpass_match(const char *password, const char *stored)
{
    char made[HASH_DIGITS_MAX];
    int match = hash_make(made, password, stored);

    made[kinds[kind_of(stored)].hash_len] = '\0';
    match = match && pwr_crypto_equal(made, stored + HASH_AT);
    OPENSSL_cleanse(made, sizeof(made));
    return match;
}

const char *pwr_phpass_make(apr_pool_t *pool, const char *setting,
                            const char *password)
{
    unsigned char salt[SALT_LEN];
    char row[HASH_AT + 1], made[HASH_DIGITS_MAX];
    const char *stored = NULL;

    if (strlen(setting) != SALT_AT || !rounds_of(setting)
        || pwr_crypto_random(salt, sizeof(salt)) != APR_SUCCESS) {
        return NULL;
    }
    memcpy(row, setting, SALT_AT);
    for (int i = 0; i < SALT_LEN; i++) {
        row[SALT_AT + i] = pwr_encoded_crypt_digits[salt[i] & 63];
    }
    row[HASH_AT] = '\0';
    if (hash_make(made, password, row)) {
        made[kinds[kind_of(row)].hash_len] = '\0';
        stored = apr_pstrcat(pool, row, made, NULL);
    }
    OPENSSL_cleanse(made, sizeof(made));
    return stored;
}
