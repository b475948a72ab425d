/* SPDX-License-Identifier: Apache-2.0 */
#include "core/encoded.h"

#include <string.h>

#include <apr_encode.h>
#include <apr_strings.h>
#include <openssl/crypto.h>

#define TEXT_MAX 512

static const char digits64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/.";

int pwr_encoded_hex_byte(const char *digits)
{
    int high = pwr_encoded_hex_digit(digits[0]);
    int low = high < 0 ? -1 : pwr_encoded_hex_digit(digits[1]);

    return low < 0 ? -1 : 16 * high + low;
}

size_t pwr_encoded_hex(unsigned char *out, size_t size, const char *text,
                       size_t len)
{
    if (len % 2 != 0 || len / 2 > size) {
        return 0;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int byte = pwr_encoded_hex_byte(text + 2 * i);

        if (byte < 0) {
            return 0;
        }
        out[i] = (unsigned char)byte;
    }
    return len / 2;
}

/* The last digit holds bits of no byte, and they are 0: else one hash could be
 * written in several ways. */
static int has_spare_bits(const char *text, size_t len)
{
    const char *found = strchr(digits64, text[len - 1]);
    size_t digit = found ? (size_t)(found - digits64) : 0;

    return (len % 4 == 2 && digit % 16 != 0)
        || (len % 4 == 3 && digit % 4 != 0);
}

size_t pwr_encoded_base64(unsigned char *out, size_t size, const char *text,
                          size_t len)
{
    char plain[TEXT_MAX + 1];
    apr_size_t n = 0;

    if (len > 0 && len % 4 == 0) {
        len -= text[len - 1] == '=';
        len -= text[len - 1] == '=';
    }
    if (len == 0 || len > TEXT_MAX || len % 4 == 1 || len * 3 / 4 > size
        || strspn(text, digits64) < len || has_spare_bits(text, len)) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        plain[i] = (char)(text[i] == '.' ? '+' : text[i]);
    }
    plain[len] = '\0';
    if (apr_decode_base64_binary(out, plain, (apr_ssize_t)len, 0, &n)
        != APR_SUCCESS) {
        n = 0;
    }
    OPENSSL_cleanse(plain, sizeof(plain));
    return n;
}

const char pwr_encoded_crypt_digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

int pwr_encoded_crypt_digit(char c)
{
    const char *found = c ? strchr(pwr_encoded_crypt_digits, c) : NULL;

    return found ? (int)(found - pwr_encoded_crypt_digits) : -1;
}

/* APR_ENCODE_NOPADDING would also choose the alphabet of URLs. */
const char *pwr_encoded_bare(apr_pool_t *pool, const unsigned char *bytes,
                             size_t n)
{
    const char *text = apr_pencode_base64_binary(
        pool, bytes, (apr_ssize_t)n, APR_ENCODE_NONE, NULL);

    return apr_pstrmemdup(pool, text, strcspn(text, "="));
}
