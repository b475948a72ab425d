/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"

#include "tap.h"

static void test_utf8(void)
{
    static const struct { const char *bytes; size_t len; int ok; } table[] = {
        { "", 0, 1 },
        { "abc", 3, 1 },
        { "\xD0\x9F\xD1\x80", 4, 1 },
        { "a\0b", 3, 0 },               /* NUL */
        { "\xC0\x80", 2, 0 },           /* overlong NUL */
        { "\xED\xA0\x80", 3, 0 },       /* surrogate */
        { "\xF4\x90\x80\x80", 4, 0 },   /* beyond U+10FFFF */
        { "\xD0", 1, 0 },               /* cut */
        { "\xFF", 1, 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(pwr_text_is_utf8(table[i].bytes, table[i].len), table[i].ok,
                "utf8 case %d", (int)i);
    }
}

static void test_canonical(apr_pool_t *pool)
{
    static const struct { const char *in, *out; } table[] = {
        { "admin", "admin" },
        { "  ADMIN \t", "admin" },
        { "\xC2\xA0" "admin" "\xC2\xA0", "admin" },
        { "Cafe\xCC\x81", "caf\xC3\xA9" },              /* NFC */
        { "W\xCC\x8A", "\xE1\xBA\x98" },             /* composed when folded */
        { "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD",    /* Cyrillic keeps case */
          "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD" },
        { "stra\xC3\x9F" "e", "stra\xC3\x9F" "e" },     /* never ss */
        { "\xEF\xBC\xA1", "\xEF\xBC\xA1" },             /* full width stays */
        { "\xC4\xB1", "\xC4\xB1" },                     /* dotless i stays */
        { "a b", "a b" },
        { " ", "" },
        { "\xC3", NULL },
        { "\xE2\x84\xAA" "arl", NULL },                /* Kelvin sign */
        { "a\xCD\xBE", NULL }, { "\xE1\xBF\xAF", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_text_canonical(pool, table[i].in), table[i].out,
                "canonical case %d", (int)i);
    }
}

static void test_output(apr_pool_t *pool)
{
    char hex[7];

    tap_str(pwr_text_printable(pool, "a\n\"\xD0", 99), "a\\x0a\\x22\\xd0",
            "log text is escaped");
    tap_str(pwr_text_printable(pool, "abcdef", 3), "abc", "log text is cut");
    tap_str(pwr_text_printable(pool, NULL, 3), "-", "no text");
    tap_str(pwr_text_urlencode(pool, "a b&\xD0\x9F~"), "a%20b%26%D0%9F~",
            "query values are encoded");
    pwr_text_hex(hex, (const unsigned char *)"\x00\xff\x10", 3);
    tap_str(hex, "00ff10", "hex");
    tap_int((long long)pwr_text_points("\xD0\x9F" "a\xF0\x9F\x94\x91"), 3,
            "code points");
    tap_ok(pwr_text_is_plain("a\xD0\x9F b") && !pwr_text_is_plain("a\tb")
           && !pwr_text_is_plain("\xC2\x85") && !pwr_text_is_plain("\x7F"),
           "control characters are found");
    tap_ok(pwr_text_same("AbC", "aBc") && !pwr_text_same(NULL, NULL),
           "names without case, NULL equals nothing");
}

#define FFFD "\xEF\xBF\xBD"
#define ELLIPSIS "\xE2\x80\xA6"

static void test_line(apr_pool_t *pool)
{
    static const struct { const char *in; size_t max; const char *out; } table[]
        = {
        { "", 3, "" },
        { "", 0, "" },
        { "a", 0, ELLIPSIS },
        { "abc", 3, "abc" },
        { "abcd", 3, "abc" ELLIPSIS },
        { "\xD0\x98\xD0\xB2\xD0\xB0", 2, "\xD0\x98\xD0\xB2" ELLIPSIS },
        { "\xF0\x9F\x94\x91", 1, "\xF0\x9F\x94\x91" },
        { "a\r\nb", 9, "a" FFFD FFFD "b" },
        { "\x1B[0m\x7F", 9, FFFD "[0m" FFFD },
        { "a\xC2\x85" "b", 9, "a" FFFD "b" },                /* C1: NEL */
        { "\xE2\x80\xA8\xE2\x80\xA9", 9, FFFD FFFD },       /* U+2028 2029 */
        { "\xE2\x80\xAE" "a\xE2\x81\xA6", 9, FFFD "a" FFFD },  /* 202E 2066 */
        { "\xE2\x80\x8F" "a", 9, "\xE2\x80\x8F" "a" },       /* U+200F stays */
        { "\xFF" "a\xD0", 9, FFFD "a" FFFD },
        { "<a> & \"b\"", 9, "<a> & \"b\"" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_text_line(pool, table[i].in, table[i].max), table[i].out,
                "line case %d", (int)i);
    }
}

static void test_unmarked(void)
{
    tap_str(pwr_text_unmarked("\xEF\xBB\xBF" "a"), "a", "a byte order mark");
    tap_str(pwr_text_unmarked("a\xEF\xBB\xBF"), "a\xEF\xBB\xBF",
            "only at the beginning");
    tap_str(pwr_text_unmarked("\xEF\xBB"), "\xEF\xBB", "only the whole");
    tap_str(pwr_text_unmarked(""), "", "an empty text has none");
}

static void test_replace(apr_pool_t *pool)
{
    tap_str(pwr_text_replace(pool, "{a}b{a}{a", "{a}", "x{a}"), "x{a}bx{a}{a",
            "each is replaced, once");
    tap_str(pwr_text_replace(pool, "", "{a}", "x"), "", "an empty text");
    tap_str(pwr_text_replace(pool, "b", "{a}", "x"), "b", "a text without it");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_utf8();
    test_canonical(pool);
    test_output(pool);
    test_line(pool);
    test_unmarked();
    test_replace(pool);
    return tap_end();
}
