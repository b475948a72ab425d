/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "core/text.h"

#define SECRET_BYTES 32

typedef struct secret_memory {
    void *bytes;
    size_t size;
} secret_memory;

static const char *const purpose_names[] = {
    [PWR_PURPOSE_RECOVER] = "recover",
    [PWR_PURPOSE_SESSION] = "session",
    [PWR_PURPOSE_NOTME] = "notme",
    [PWR_PURPOSE_DEVICE] = "device",
};

apr_status_t pwr_crypto_random(unsigned char *bytes, size_t len)
{
    if (RAND_bytes(bytes, (int)len) == 1) {
        return APR_SUCCESS;
    }
    memset(bytes, 0, len);
    return APR_EGENERAL;
}

apr_status_t pwr_crypto_id(char *out)
{
    unsigned char bytes[PWR_ID_BYTES];
    apr_status_t status = pwr_crypto_random(bytes, sizeof(bytes));

    pwr_text_hex(out, bytes, status ? 0 : sizeof(bytes));
    return status;
}

apr_status_t pwr_crypto_secret(apr_pool_t *pool, const char **secret)
{
    unsigned char bytes[SECRET_BYTES];
    char *out = pwr_secret_alloc(pool, 2 * SECRET_BYTES + 1);
    apr_status_t status = pwr_crypto_random(bytes, sizeof(bytes));

    *secret = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_text_hex(out, bytes, sizeof(bytes));
    OPENSSL_cleanse(bytes, sizeof(bytes));
    *secret = out;
    return APR_SUCCESS;
}

static apr_status_t finish(EVP_MD_CTX *ctx, int ok, char *out)
{
    unsigned char digest[PWR_DIGEST_BYTES];

    ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL);
    EVP_MD_CTX_free(ctx);
    pwr_text_hex(out, digest, ok ? sizeof(digest) : 0);
    return ok ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t pwr_crypto_digest(char *out, const char *realm,
                               pwr_purpose purpose, const char *secret)
{
    EVP_MD_CTX *ctx;
    const char *name;
    int ok;

    *out = '\0';
    if (purpose == PWR_PURPOSE_NONE || !realm || !secret || !*secret) {
        return APR_EINVAL;
    }
    name = purpose_names[purpose];
    ctx = EVP_MD_CTX_new();
    ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
        && EVP_DigestUpdate(ctx, realm, strlen(realm) + 1)
        && EVP_DigestUpdate(ctx, name, strlen(name) + 1)
        && EVP_DigestUpdate(ctx, secret, strlen(secret));
    return finish(ctx, ok, out);
}

/* Big-endian lengths: nodes of different byte order share one database. */
static int fingerprint_add(EVP_MD_CTX *ctx, const char *s)
{
    uint64_t len = s ? strlen(s) : UINT64_MAX;
    unsigned char head[8];

    for (int i = 0; i < 8; i++) {
        head[i] = (unsigned char)(len >> (56 - 8 * i));
    }
    return EVP_DigestUpdate(ctx, head, sizeof(head))
        && (!s || EVP_DigestUpdate(ctx, s, len));
}

apr_status_t pwr_crypto_fingerprint(char *out, const char *const *strings,
                                    size_t n)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);

    for (size_t i = 0; ok && i < n; i++) {
        ok = fingerprint_add(ctx, strings[i]);
    }
    return finish(ctx, ok, out);
}

apr_status_t pwr_crypto_content(char *out, const void *bytes, size_t len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
        && EVP_DigestUpdate(ctx, bytes, len);

    return finish(ctx, ok, out);
}

apr_status_t pwr_crypto_place(uint64_t *place, const unsigned char *key,
                              const void *bytes, size_t len)
{
    unsigned char digest[PWR_DIGEST_BYTES];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL)
        && EVP_DigestUpdate(ctx, key, PWR_DIGEST_BYTES)
        && EVP_DigestUpdate(ctx, bytes, len)
        && EVP_DigestFinal_ex(ctx, digest, NULL);

    EVP_MD_CTX_free(ctx);
    *place = 0;
    if (!ok) {
        return APR_EGENERAL;
    }
    memcpy(place, digest, sizeof(*place));
    return APR_SUCCESS;
}

int pwr_crypto_equal(const char *a, const char *b)
{
    size_t len;

    if (!a || !b || (len = strlen(a)) != strlen(b)) {
        return 0;
    }
    return CRYPTO_memcmp(a, b, len) == 0;
}

static apr_status_t wipe(void *data)
{
    secret_memory *memory = data;

    OPENSSL_cleanse(memory->bytes, memory->size);
    return APR_SUCCESS;
}

void *pwr_secret_alloc(apr_pool_t *pool, size_t size)
{
    secret_memory *memory = apr_palloc(pool, sizeof(*memory));

    memory->bytes = apr_pcalloc(pool, size);
    memory->size = size;
    apr_pool_cleanup_register(pool, memory, wipe, apr_pool_cleanup_null);
    return memory->bytes;
}

char *pwr_secret_copy(apr_pool_t *pool, const char *s, size_t len)
{
    char *copy = pwr_secret_alloc(pool, len + 1);

    memcpy(copy, s, len);
    return copy;
}
