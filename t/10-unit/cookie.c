/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cookie.h"

#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

#define NAME "pwr-ab12cd"

static void test_name(apr_pool_t *pool)
{
    /* SHA-256("abc"), FIPS 180-2 appendix B.1, begins with ba7816bf. */
    tap_str(pwr_cookie_name(pool, "abc", 0), "pwr-ba7816", "name for http");
    tap_str(pwr_cookie_name(pool, "abc", 1), "__Host-pwr-ba7816",
            "name for https");
    tap_str(pwr_cookie_name(pool, "", 0), "pwr-e3b0c4", "an empty realm");
}

static void test_find(apr_pool_t *pool)
{
    static const struct { const char *header, *value; } table[] = {
        { NULL, NULL },
        { "", NULL },
        { ";", NULL },
        { "=", NULL },
        { "&=", NULL },
        { "=x", NULL },
        { "&=; =x;=;;", NULL },
        { " ; =; " NAME "=v", "v" },
        { NAME, NULL },
        { NAME ";", NULL },
        { NAME "=", "" },
        { NAME "=v", "v" },
        { NAME "=v;", "v" },
        { "a=b; " NAME "=v; c=d", "v" },
        { "a=b;" NAME "=v;c=d", "v" },
        { "a=b;\t " NAME " \t= v ; c=d", "v" },
        { NAME "=\"v\"", "v" },
        { NAME "=\"\"", "" },
        { NAME "=\"", "\"" },
        { NAME "=\"v", "\"v" },
        { NAME "=a=b", "a=b" },
        { NAME "=a%20b%D0%9F%25", "a b\xD0\x9F%" },
        { NAME "=a+b", "a+b" },
        { NAME "=%zz", NULL },
        { NAME "=%4", NULL },
        { NAME "=%", NULL },
        { NAME "=a%00b", NULL },
        { NAME "-login=x", NULL },
        { NAME "e=x", NULL },
        { "x" NAME "=x", NULL },
        { "PWR-AB12CD=x", NULL },
        { "%70wr-ab12cd=x", NULL },
        { "a=\"b; " NAME "=v\"", "v\"" },
        { "a=" NAME "=v", NULL },
        { "a=b, " NAME "=v", NULL },
        /* planted by a sub-domain or a path: neither may win */
        { NAME "=v; " NAME "=w", NULL },
        { NAME "=v; " NAME "=", NULL },
        { NAME "=; " NAME "=v", NULL },
        { NAME "=v; a=b; " NAME "=vv", NULL },
        { NAME "=v; " NAME "=V", NULL },
        { NAME "=v; " NAME "=v; " NAME "=w", NULL },
        { NAME "=v; " NAME "=v", "v" },
        { NAME "=v; " NAME, "v" },
        { NAME "-login=x; " NAME "=v; " NAME "-login=y", "v" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_cookie_find(pool, table[i].header, NAME), table[i].value,
                "find in %s", pwr_text_printable(pool, table[i].header, 60));
    }
}

static void test_remove(apr_pool_t *pool)
{
    static const struct { const char *header, *left; } table[] = {
        { NULL, NULL },
        { "", NULL },
        { " ", NULL },
        { ";;", NULL },
        { NAME "=v", NULL },
        { " " NAME "=v ; ", NULL },
        { NAME, NULL },
        { NAME "=v; " NAME "=w; " NAME "-login=x", NULL },
        { NAME "=v; a=b", "a=b" },
        { "a=b; " NAME "=v", "a=b" },
        { "a=b; " NAME "=v; c=d", "a=b; c=d" },
        { "a=b;" NAME "=v;c=d", "a=b;c=d" },
        { "a=b; " NAME " =v; c=d", "a=b; c=d" },
        { "a=b; " NAME "-login=v; " NAME "-x-y=w; c=d", "a=b; c=d" },
        { "a=b; " NAME "e=v", "a=b; " NAME "e=v" },
        { "pwr-ab12c=v; x" NAME "=w", "pwr-ab12c=v; x" NAME "=w" },
        { "PWR-AB12CD=v", "PWR-AB12CD=v" },
        { "a=" NAME "=v", "a=" NAME "=v" },
        /* others keep their bytes, however odd */
        { "a=\"b c\";  d ; =x;\te=%zz\xD0;",
          "a=\"b c\";  d ; =x;\te=%zz\xD0;" },
        { "b=1; a=2; b=3", "b=1; a=2; b=3" },
        { "=x; " NAME "=v", "=x" },
        { "=", "=" },
        { "a=\"b; " NAME "=v; c\"", "a=\"b; c\"" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_cookie_remove(pool, table[i].header, NAME), table[i].left,
                "remove from %s",
                pwr_text_printable(pool, table[i].header, 60));
    }
}

static void test_many(apr_pool_t *pool)
{
    enum { PAIRS_N = 20000 };
    const char *pair = "a=b; ";
    size_t len = strlen(pair);
    char *header = apr_palloc(pool, PAIRS_N * len + 1);
    const char *last, *left;

    for (size_t i = 0; i < PAIRS_N; i++) {
        memcpy(header + i * len, pair, len);
    }
    header[PAIRS_N * len] = '\0';
    last = apr_pstrcat(pool, header, NAME "=v", NULL);
    tap_str(pwr_cookie_find(pool, last, NAME), "v",
            "found behind thousands of cookies");
    left = pwr_cookie_remove(pool, last, NAME);
    tap_ok(left && strlen(left) == PAIRS_N * len - 2
           && strncmp(left, header, strlen(left)) == 0,
           "taken out from behind thousands of cookies");
    memset(header, '=', PAIRS_N * len);
    tap_str(pwr_cookie_find(pool, header, NAME), NULL, "a header of =");
    memset(header, '"', PAIRS_N * len);
    tap_str(pwr_cookie_remove(pool, header, NAME), header, "a header of \"");
    memset(header, ';', PAIRS_N * len);
    tap_str(pwr_cookie_remove(pool, header, NAME), NULL, "a header of ;");
}

static void test_set(apr_pool_t *pool)
{
    const char *set;

    tap_str(pwr_cookie_set(pool, NAME, "0af", -1, 0),
            NAME "=0af; Path=/; HttpOnly; SameSite=Lax", "a session cookie");
    tap_str(pwr_cookie_set(pool, "__Host-" NAME, "0af", 600, 1),
            "__Host-" NAME "=0af; Path=/; HttpOnly; SameSite=Lax; Secure"
            "; Max-Age=600", "ten minutes, https");
    tap_str(pwr_cookie_set(pool, NAME, "", 0, 1),
            NAME "=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
            "deletion");
    set = pwr_cookie_set(pool, NAME, "a b;\r\n\"%\xD0\x9F=,", -1, 0);
    tap_str(set, NAME "=a%20b%3B%0D%0A%22%25%D0%9F%3D%2C"
            "; Path=/; HttpOnly; SameSite=Lax", "a value cannot add to it");
    tap_str(pwr_cookie_find(pool, apr_pstrmemdup(pool, set, strcspn(set, ";")),
                            NAME),
            "a b;\r\n\"%\xD0\x9F=,", "and is found as it was");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_name(pool);
    test_find(pool);
    test_remove(pool);
    test_many(pool);
    test_set(pool);
    return tap_end();
}
