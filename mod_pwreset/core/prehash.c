/* SPDX-License-Identifier: Apache-2.0 */
#include "core/prehash.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/crypto.h"
#include "core/text.h"

#define BLANKS " \t\n\r\v"          /* of PHP's trim(), beside NUL */

/* Where the trimmed text begins, and its length. */
static const char *trimmed(const char *password, size_t *len)
{
    password += strspn(password, BLANKS);
    *len = strlen(password);
    while (*len > 0 && strchr(BLANKS, password[*len - 1])) {
        --*len;
    }
    return password;
}

const char *pwr_prehash_trim(apr_pool_t *pool, const char *password)
{
    size_t len;
    const char *begin = trimmed(password, &len);

    return begin == password && !password[len]
        ? password : pwr_secret_copy(pool, begin, len);
}

static int hex_do(char *out, const EVP_MD *md, const char *password,
                  size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int ok = EVP_Digest(password, len, digest, &n, md, NULL);

    pwr_text_hex(out, digest, ok ? n : 0);
    OPENSSL_cleanse(digest, sizeof(digest));
    return ok;
}

static int wordpress_do(char *out, const char *password, size_t len)
{
    static const char key[] = "wp-sha384";
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int ok = HMAC(EVP_sha384(), key, sizeof(key) - 1,
                  (const unsigned char *)password, len, mac, &n) != NULL;

    if (ok) {
        EVP_EncodeBlock((unsigned char *)out, mac, (int)n);
    }
    OPENSSL_cleanse(mac, sizeof(mac));
    return ok;
}

int pwr_prehash_do(char *out, pwr_prehash prehash, const char *password)
{
    size_t len = strlen(password);
    int ok = 1;

    if (prehash == PWR_PREHASH_TRIM || prehash == PWR_PREHASH_WORDPRESS) {
        password = trimmed(password, &len);
    }
    *out = '\0';
    if (len == 0 || len >= PWR_PREHASH_MAX) {
        return 0;
    }
    if (prehash == PWR_PREHASH_WORDPRESS) {
        ok = wordpress_do(out, password, len);
    }
    else if (prehash == PWR_PREHASH_SHA256) {
        ok = hex_do(out, EVP_sha256(), password, len);
    }
    else if (prehash == PWR_PREHASH_MD5) {
        ok = hex_do(out, EVP_md5(), password, len);
    }
    else {
        memcpy(out, password, len);
        out[len] = '\0';
    }
    return ok && *out;
}
