/* SPDX-License-Identifier: Apache-2.0 */
#include "core/encoded.h"

#include "tap.h"

static void test_hex(void)
{
    static const struct { const char *text; const char *bytes; } table[] = {
        { "61", "a" }, { "616263", "abc" }, { "4a4B", "JK" },
        { "", NULL }, { "6", NULL }, { "616", NULL }, { "6g", NULL },
        { "61 62", NULL }, { "0x61", NULL }, { "61626364", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        unsigned char out[3];
        const char *want = table[i].bytes;
        size_t n = pwr_encoded_hex(out, sizeof(out), table[i].text,
                                   strlen(table[i].text));

        tap_ok(n == (want ? strlen(want) : 0)
               && (!want || memcmp(out, want, n) == 0),
               "hex \"%s\"", table[i].text);
    }
}

static void test_base64(void)
{
    static const struct { const char *text; const char *bytes; } table[] = {
        { "YQ==", "a" }, { "YQ=", NULL }, { "YQ", "a" }, { "YWI=", "ab" },
        { "YWI", "ab" }, { "YWJj", "abc" }, { "Pj4+", ">>>" },
        { "Pj4.", ">>>" }, { "", NULL }, { "=", NULL }, { "==", NULL },
        { "Y", NULL }, { "YWJjZA==", NULL }, { "YW Jj", NULL },
        { "YWJj\n", NULL }, { "YQ==YQ==", NULL }, { "Pj4-", NULL },
        { "YR==", NULL },       /* bits of no byte */
        { "YWJ", NULL }, { "YWJj=", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        unsigned char out[3];
        const char *want = table[i].bytes;
        size_t n = pwr_encoded_base64(out, sizeof(out), table[i].text,
                                      strlen(table[i].text));

        tap_ok(n == (want ? strlen(want) : 0)
               && (!want || memcmp(out, want, n) == 0),
               "base64 \"%s\"", table[i].text);
    }
}

static void test_bare(apr_pool_t *pool)
{
    tap_str(pwr_encoded_bare(pool, (const unsigned char *)">>>a", 4), "Pj4+YQ",
            "no padding, and not the alphabet of URLs");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_hex();
    test_base64();
    test_bare(pool);
    return tap_end();
}
