/* SPDX-License-Identifier: Apache-2.0 */
/* The states of HMAC-MD5 can be had of OpenSSL's older functions alone. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "core/digest.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/provider.h>

#include "core/encoded.h"

#define MD5_HEX 32
#define SHA1_HEX 40
#define BITRIX_SALT 8
#define BITRIX_LEN (BITRIX_SALT + MD5_HEX)
#define CRAM_BYTES 32
#define BLOCK_BYTES 64              /* of MD5 */

static const char hex_digits[] = "0123456789abcdefABCDEF";

static const struct {
    const char *name;
    size_t len;
} kinds[] = {
    { "MD4", 16 }, { "MD5", 16 }, { "SHA1", 20 }, { "SHA224", 28 },
    { "SHA256", 32 }, { "SHA384", 48 }, { "SHA512", 64 },
};

static size_t len_of(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].len;
        }
    }
    return 0;
}

/* Hex where it is asked for, or as long as `len` bytes are in it. */
static size_t bytes_read(unsigned char *out, size_t size, const char *text,
                         const pwr_wrap *wrap, size_t len)
{
    size_t digits = strlen(text);
    int is_hex = wrap->encoding == PWR_ENCODING_HEX
        || (wrap->encoding == PWR_ENCODING_AUTO && digits == 2 * len);

    return is_hex ? pwr_encoded_hex(out, size, text, digits)
                  : pwr_encoded_base64(out, size, text, digits);
}

static int plain_read(pwr_digest *digest, const pwr_wrap *wrap,
                      const char *text)
{
    digest->len = len_of(wrap->md);
    return bytes_read(digest->bytes, sizeof(digest->bytes), text, wrap,
                      digest->len) == digest->len;
}

/* What is left behind the digest is the salt, of any length but none. */
static int salted_read(pwr_digest *digest, const pwr_wrap *wrap,
                       const char *text)
{
    unsigned char all[PWR_STORED_MAX];
    size_t n = bytes_read(all, sizeof(all), text, wrap, sizeof(all));

    digest->len = len_of(wrap->md);
    if (n > digest->len) {
        digest->salt_len = n - digest->len;
        memcpy(digest->bytes, all, digest->len);
        memcpy(digest->salt, all + digest->len, digest->salt_len);
    }
    OPENSSL_cleanse(all, sizeof(all));
    return n > digest->len;
}

static int cram_read(pwr_digest *digest, const pwr_wrap *wrap,
                     const char *text)
{
    digest->len = CRAM_BYTES;
    return bytes_read(digest->bytes, sizeof(digest->bytes), text, wrap,
                      CRAM_BYTES) == CRAM_BYTES;
}

/* Before the colon hex or base64, behind it what comes before the password. */
static int login_read(pwr_digest *digest, const pwr_wrap *wrap,
                      const char *text)
{
    char head[2 * PWR_DIGEST_MAX];
    size_t len = strcspn(text, ":");
    int is_read;

    if (!text[len] || len >= sizeof(head)) {
        return 0;
    }
    memcpy(head, text, len);
    head[len] = '\0';
    digest->is_salt_first = 1;
    digest->salt_len = strlen(text + len + 1);
    memcpy(digest->salt, text + len + 1, digest->salt_len);
    is_read = plain_read(digest, wrap, head);
    OPENSSL_cleanse(head, sizeof(head));
    return is_read;
}

static int salt8_read(pwr_digest *digest, const pwr_wrap *wrap,
                      const char *text)
{
    (void)wrap;
    if (strlen(text) != BITRIX_LEN) {
        return 0;
    }
    digest->name = "MD5";
    digest->is_salt_first = 1;
    digest->salt_len = BITRIX_SALT;
    memcpy(digest->salt, text, BITRIX_SALT);
    digest->len = pwr_encoded_hex(digest->bytes, sizeof(digest->bytes),
                                  text + BITRIX_SALT, MD5_HEX);
    return digest->len > 0;
}

static int joomla_read(pwr_digest *digest, const char *text)
{
    digest->name = "MD5";
    digest->len = pwr_encoded_hex(digest->bytes, sizeof(digest->bytes), text,
                                  MD5_HEX);
    digest->salt_len = strlen(text + MD5_HEX + 1);
    memcpy(digest->salt, text + MD5_HEX + 1, digest->salt_len);
    return digest->len > 0 && digest->salt_len > 0;
}

static int mysql_read(pwr_digest *digest, const char *text)
{
    digest->name = "SHA1";
    digest->is_twice = 1;
    digest->len = pwr_encoded_hex(digest->bytes, sizeof(digest->bytes),
                                  text + 1, SHA1_HEX);
    return digest->len > 0;
}

static int shape_read(pwr_digest *digest, const pwr_wrap *wrap,
                      const char *text)
{
    size_t len = strlen(text), hex_len = strspn(text, hex_digits);

    if (wrap->len > 0) {
        return 0;
    }
    if (*text == '*') {
        return len == 1 + SHA1_HEX && mysql_read(digest, text);
    }
    if (hex_len == MD5_HEX && text[MD5_HEX] == ':') {
        return joomla_read(digest, text);
    }
    return hex_len < len && salt8_read(digest, wrap, text);
}

int pwr_digest_read(pwr_digest *digest, const pwr_wrap *wrap,
                    const char *text)
{
    static int (*const readers[])(pwr_digest *, const pwr_wrap *,
                                  const char *) = {
        [PWR_BODY_CRYPT] = shape_read,
        [PWR_BODY_DIGEST] = plain_read,
        [PWR_BODY_SALTED] = salted_read,
        [PWR_BODY_LOGIN] = login_read,
        [PWR_BODY_SALT8] = salt8_read,
        [PWR_BODY_CRAM] = cram_read,
    };
    size_t n = sizeof(readers) / sizeof(*readers);

    memset(digest, 0, sizeof(*digest));
    digest->name = wrap->md;
    return (size_t)wrap->body < n && readers[wrap->body]
        && readers[wrap->body](digest, wrap, text);
}

static int update_all(EVP_MD_CTX *ctx, const pwr_digest *digest,
                      const char *password)
{
    size_t before = digest->is_salt_first ? digest->salt_len : 0;

    return EVP_DigestUpdate(ctx, digest->salt, before)
        && EVP_DigestUpdate(ctx, password, strlen(password))
        && EVP_DigestUpdate(ctx, digest->salt, digest->salt_len - before);
}

static int digest_make(const EVP_MD *md, const pwr_digest *digest,
                       const char *password, unsigned char *out)
{
    EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;
    unsigned n = 0;
    int ok = ctx && EVP_DigestInit_ex(ctx, md, NULL)
        && update_all(ctx, digest, password)
        && EVP_DigestFinal_ex(ctx, out, &n);

    if (ok && digest->is_twice) {
        ok = EVP_DigestInit_ex(ctx, md, NULL) && EVP_DigestUpdate(ctx, out, n)
            && EVP_DigestFinal_ex(ctx, out, &n);
    }
    EVP_MD_CTX_free(ctx);
    return ok && n == digest->len;
}

static int is_equal(const pwr_digest *digest, const unsigned char *made)
{
    return CRYPTO_memcmp(made, digest->bytes, digest->len) == 0;
}

/* In a library context of its own: a provider that is loaded by name switches
 * the others off for the whole process. */
static int legacy_match(const pwr_digest *digest, const char *password)
{
    unsigned char made[EVP_MAX_MD_SIZE];
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *legacy = context
        ? OSSL_PROVIDER_load(context, "legacy") : NULL;
    EVP_MD *md = legacy ? EVP_MD_fetch(context, digest->name, NULL) : NULL;
    int match = digest_make(md, digest, password, made)
        && is_equal(digest, made);

    OPENSSL_cleanse(made, sizeof(made));
    EVP_MD_free(md);
    if (legacy) {
        OSSL_PROVIDER_unload(legacy);
    }
    OSSL_LIB_CTX_free(context);
    return match;
}

int pwr_digest_match(const pwr_digest *digest, const char *password)
{
    unsigned char made[EVP_MAX_MD_SIZE];
    int match;

    if (strcmp(digest->name, "MD4") == 0) {
        return legacy_match(digest, password);
    }
    match = digest_make(EVP_get_digestbyname(digest->name), digest, password,
                        made) && is_equal(digest, made);
    OPENSSL_cleanse(made, sizeof(made));
    return match;
}

/* ---- CRAM-MD5 ---- */

static void word_put(unsigned char *out, MD5_LONG word)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (unsigned char)(word >> (8 * i));
    }
}

/* MD5's state after the one block `key` xor `pad`. */
static int state_make(unsigned char *out, const unsigned char *key,
                      unsigned char pad)
{
    unsigned char block[BLOCK_BYTES];
    MD5_CTX ctx;
    int ok;

    for (int i = 0; i < BLOCK_BYTES; i++) {
        block[i] = key[i] ^ pad;
    }
    ok = MD5_Init(&ctx) && MD5_Update(&ctx, block, sizeof(block));
    word_put(out, ctx.A);
    word_put(out + 4, ctx.B);
    word_put(out + 8, ctx.C);
    word_put(out + 12, ctx.D);
    OPENSSL_cleanse(block, sizeof(block));
    OPENSSL_cleanse(&ctx, sizeof(ctx));
    return ok;
}

/* The outer one comes first. */
int pwr_digest_cram_match(const pwr_digest *digest, const char *password)
{
    unsigned char key[BLOCK_BYTES] = { 0 }, made[CRAM_BYTES];
    size_t len = strlen(password);
    int ok = 1;

    if (len > sizeof(key)) {
        ok = EVP_Digest(password, len, key, NULL, EVP_md5(), NULL);
    }
    else {
        /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): a key of HMAC */
        memcpy(key, password, len);
    }
    ok = ok && state_make(made, key, 0x5C)
        && state_make(made + CRAM_BYTES / 2, key, 0x36)
        && is_equal(digest, made);
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(made, sizeof(made));
    return ok;
}
