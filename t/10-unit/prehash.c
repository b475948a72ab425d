/* SPDX-License-Identifier: Apache-2.0 */
#include "core/prehash.h"

#include "tap.h"

static void test_trim(apr_pool_t *pool)
{
    static const struct { const char *text, *trimmed; } table[] = {
        { "pass", "pass" }, { " pass\t", "pass" }, { "\r\n\vpa ss ", "pa ss" },
        { "", "" }, { " \t ", "" }, { "\fpass\f", "\fpass\f" },
        { "\xC2\xA0pass", "\xC2\xA0pass" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_prehash_trim(pool, table[i].text), table[i].trimmed,
                "trim, as PHP does, case %d", (int)i);
    }
}

/* Those of RFC 4231 are under other keys; this is PHP's
 * base64_encode(hash_hmac('sha384', 'password', 'wp-sha384', true)). */
static void test_done(void)
{
    static const struct {
        pwr_prehash prehash;
        const char *password, *taken;
    } table[] = {
        { PWR_PREHASH_NONE, " pass ", " pass " },
        { PWR_PREHASH_TRIM, " pass ", "pass" },
        { PWR_PREHASH_MD5, "password", "5f4dcc3b5aa765d61d8327deb882cf99" },
        { PWR_PREHASH_SHA256, "password", "5e884898da28047151d0e56f8dc62927736"
          "03d0d6aabbdd62a11ef721d1542d8" },
        { PWR_PREHASH_NONE, "", "" }, { PWR_PREHASH_TRIM, "  ", "" },
        { PWR_PREHASH_WORDPRESS, " ", "" }, { PWR_PREHASH_MD5, "", "" },
    };
    char out[PWR_PREHASH_MAX], again[PWR_PREHASH_MAX];

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        int ok = pwr_prehash_do(out, table[i].prehash, table[i].password);

        tap_str(out, table[i].taken, "case %d", (int)i);
        tap_int(ok, *table[i].taken != '\0', "and it is said");
    }
    tap_ok(pwr_prehash_do(out, PWR_PREHASH_WORDPRESS, " password\n")
           && pwr_prehash_do(again, PWR_PREHASH_WORDPRESS, "password")
           && strcmp(out, again) == 0 && strlen(out) == 64,
           "WordPress: %s", out);
}

static void test_long(void)
{
    char longest[PWR_PREHASH_MAX + 1], out[PWR_PREHASH_MAX];

    memset(longest, 'a', sizeof(longest));
    longest[PWR_PREHASH_MAX - 1] = '\0';
    tap_ok(pwr_prehash_do(out, PWR_PREHASH_NONE, longest)
           && strcmp(out, longest) == 0, "4096 bytes");
    longest[PWR_PREHASH_MAX - 1] = 'a';
    longest[PWR_PREHASH_MAX] = '\0';
    tap_ok(!pwr_prehash_do(out, PWR_PREHASH_NONE, longest) && !*out,
           "one more is refused");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_trim(pool);
    test_done();
    test_long();
    return tap_end();
}
