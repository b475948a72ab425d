/* SPDX-License-Identifier: Apache-2.0 */
#include "core/token.h"

#include <time.h>

#include <apr_strings.h>

#include "tap.h"

#define SYMBOLS "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#define SHOWN "M9S3-46Q3-D25V-T4F5-V37E-3S3E-28J1"
#define BARE "M9S346Q3D25VT4F5V37E3S3E28J1"
#define WRONG "M9S3-46Q3-D25V-T4F5-V37E-3S3E-28J2"

static const char *const names[] = {
    [PWR_TOKEN_MISTYPED] = "mistyped",
    [PWR_TOKEN_EMPTY] = "empty",
    [PWR_TOKEN_READ] = "read",
};

/* The check symbols were worked out by another program. */
static void test_make(apr_pool_t *pool)
{
    static const char *const table[] = {
        "0000000000000000000000000000",
        "ZZZZZZZZZZZZZZZZZZZZZZZZZZZV",
        "0123456789ABCDEFGHJKMNPQRST5",
        "56789ABCDEFGHJKMNPQRSTVWXYZP",
        "100000000000000000000000000Y",
        "000000000000000000000000001Y",
        BARE,
    };
    unsigned char random[PWR_TOKEN_RANDOM];
    char out[PWR_TOKEN_LEN + 1];

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        for (size_t j = 0; j < PWR_TOKEN_RANDOM; j++) {
            /* The three upper bits must not count. */
            random[j] = (unsigned char)(0xA0 | (strchr(SYMBOLS, table[i][j])
                                                - SYMBOLS));
        }
        pwr_token_make(out, random);
        tap_str(out, table[i], "made %s", table[i]);
    }
    tap_str(pwr_token_show(pool, BARE), SHOWN, "shown in groups of four");
    tap_int(PWR_TOKEN_SHOWN, strlen(SHOWN), "length as shown");
    tap_str(pwr_token_show(pool, ""), "", "nothing to show");
}

static void test_check_symbol(void)
{
    char typed[] = BARE, out[PWR_TOKEN_LEN + 1];
    int missed_n = 0, swaps_missed_n = 0, swaps_n = 0;

    for (size_t i = 0; i < PWR_TOKEN_LEN; i++) {
        for (const char *p = SYMBOLS; *p; p++) {
            typed[i] = *p;
            missed_n += *p != BARE[i]
                && (pwr_token_read(out, typed) != PWR_TOKEN_MISTYPED || *out);
        }
        typed[i] = BARE[i];
    }
    tap_int(missed_n, 0, "every wrong symbol is found, in all 28 places");
    for (size_t i = 0; i + 1 < PWR_TOKEN_LEN; i++) {
        if (BARE[i] == BARE[i + 1]) {
            continue;
        }
        typed[i] = BARE[i + 1];
        typed[i + 1] = BARE[i];
        swaps_n++;
        swaps_missed_n += pwr_token_read(out, typed) == PWR_TOKEN_READ;
        typed[i] = BARE[i];
        typed[i + 1] = BARE[i + 1];
    }
    tap_ok(swaps_n > 20 && swaps_missed_n == 0,
           "swapped neighbours are found (%d)", swaps_n);
    tap_str(typed, BARE, "the string of the test is whole again");
}

static const struct {
    const char *typed;
    pwr_token_reading want;
} readings[] = {
    { BARE, PWR_TOKEN_READ },
    { SHOWN, PWR_TOKEN_READ },
    { "m9s346q3d25vt4f5v37e3s3e28j1", PWR_TOKEN_READ },
    { " \t" SHOWN "\r\n", PWR_TOKEN_READ },
    { "M9S3 46Q3 D25V T4F5 V37E 3S3E 28J1", PWR_TOKEN_READ },
    { "M9 S346-Q3D25VT4F5 V3-7E3S3E28J1", PWR_TOKEN_READ },
    { "M-9-S-3-4-6-Q-3-D-2-5-V-T-4-F-5-V-3-7-E-3-S-3-E-2-8-J-1",
      PWR_TOKEN_READ },
    { "M9S3 – 46Q3—D25V‑T4F5−V37E‒3S3E-28J1", PWR_TOKEN_READ },
    { "M9S3\xC2\xA0" "46Q3\xE2\x80\xAF" "D25VT4F5\xE3\x80\x80"
      "V37E3S3E28J1", PWR_TOKEN_READ },
    { "\xEF\xBB\xBFM9S3-\xE2\x80\x8B" "46Q3-\xC2\xAD" "D2\xC2\xAD" "5V-"
      "T4F5-V37E-3S3E-28J1\xE2\x80\x8F", PWR_TOKEN_READ },
    /* the forgiven letters: O for 0, I and L for 1, Cyrillic */
    { "oO0o0oO0o0oO0o0oO0o0oO0o0oO0", PWR_TOKEN_READ },
    { "IO0000000000000000000000000y", PWR_TOKEN_READ },
    { "lO0000000000000000000000000Y", PWR_TOKEN_READ },
    { "М9S3-46Q3-D25V-Т4F5-V37Е-3S3е-28J1", PWR_TOKEN_READ },
    /* whole lines and pages */
    { "Контрольная строка: " SHOWN, PWR_TOKEN_READ },
    { "Контрольная строка:" SHOWN ".", PWR_TOKEN_READ },
    { "Control string: " SHOWN " (valid until 14:05)", PWR_TOKEN_READ },
    { "https://example.org/account/reset?token=" SHOWN "&lang=ru",
      PWR_TOKEN_READ },
    { "https://example.org/account/reset?lang=ru&token=" BARE,
      PWR_TOKEN_READ },
    { "<a href=\"/reset?token=" SHOWN "\">" SHOWN "</a>", PWR_TOKEN_READ },
    { "> Control string:\n> M9S3-46Q3-D25V-\n> T4F5-V37E-3S3E-28J1\n",
      PWR_TOKEN_READ },
    { "M9S3-46Q3\n-D25V-T4F5\n\n>> -V37E-3S3E-28J1", PWR_TOKEN_READ },
    { "| M9S3-46Q3-D25V-T4F5-V37E-3S3E-28J1 |", PWR_TOKEN_READ },
    { "here is that code " SHOWN " that came", PWR_TOKEN_READ },
    { "code " BARE " then", PWR_TOKEN_READ },
    { "кар хор тест " SHOWN " вот она", PWR_TOKEN_READ },
    { WRONG " " SHOWN, PWR_TOKEN_READ },
    { "\xFF\xFE" SHOWN, PWR_TOKEN_READ },
    /* nothing typed */
    { NULL, PWR_TOKEN_EMPTY },
    { "", PWR_TOKEN_EMPTY },
    { " \t\r\n", PWR_TOKEN_EMPTY },
    { "\xC2\xA0\xE2\x80\x8B\xEF\xBB\xBF - — \xC2\xAD", PWR_TOKEN_EMPTY },
    /* something else typed */
    { WRONG, PWR_TOKEN_MISTYPED },
    { "here is that code " WRONG " that came", PWR_TOKEN_MISTYPED },
    /* "head" and "tens" make the check symbol right by accident */
    { "head " WRONG, PWR_TOKEN_MISTYPED },
    { WRONG " tens", PWR_TOKEN_MISTYPED },
    { "0", PWR_TOKEN_MISTYPED },
    { "?", PWR_TOKEN_MISTYPED },
    { "\xFF", PWR_TOKEN_MISTYPED },
    { "M9S3-46Q3-D25V-T4F5-V37E-3S3E-28J", PWR_TOKEN_MISTYPED },
    { "M9S3-46Q3-D25V-T4F5-V37E-3S3E", PWR_TOKEN_MISTYPED },
    { SHOWN "1", PWR_TOKEN_MISTYPED },
    { "0" SHOWN, PWR_TOKEN_MISTYPED },
    { BARE BARE, PWR_TOKEN_MISTYPED },
    { "M9S3-46Q3-D25V-T4F5-U37E-3S3E-28J1", PWR_TOKEN_MISTYPED },
    { "M9S3-46Q3-D25V-T4F5-Ф37E-3S3E-28J1", PWR_TOKEN_MISTYPED },
    { "M9S3-46Q3-D25V-T4F5-V3\xD0" "7E-3S3E-28J1", PWR_TOKEN_MISTYPED },
    { "user@example.org", PWR_TOKEN_MISTYPED },
};

static void test_read(void)
{
    char out[PWR_TOKEN_LEN + 1];

    for (size_t i = 0; i < sizeof(readings) / sizeof(*readings); i++) {
        pwr_token_reading got;

        memset(out, 'x', sizeof(out));
        got = pwr_token_read(out, readings[i].typed);
        tap_ok(got == readings[i].want
               && strlen(out) == (got == PWR_TOKEN_READ ? PWR_TOKEN_LEN : 0),
               "reading case %d: %s, is %s \"%s\"", (int)i,
               names[readings[i].want], names[got], out);
    }
}

/* What is read is the string itself, whatever stood around it. */
static void test_read_value(void)
{
    static const char *const around[][2] = {
        { "", "" },
        { "code ", "" },
        { "that code ", " that came here" },
        { "", " then" },
        { "", " tent" },        /* with these words another window fits */
        { "head ", "" },
        { "test test test test test test test ", " test test test" },
        { "Контрольная строка: ", "\n\nС уважением" },
        { "?token=", "&lang=ru" },
        { "000000000000000000000000000 0 ", "" },
    };
    char out[PWR_TOKEN_LEN + 1], typed[256];

    for (size_t i = 0; i < sizeof(around) / sizeof(*around); i++) {
        snprintf(typed, sizeof(typed), "%s%s%s", around[i][0], SHOWN,
                 around[i][1]);
        pwr_token_read(out, typed);
        tap_str(out, BARE, "\"%s\" before, \"%s\" behind", around[i][0],
                *around[i][1] == '\n' ? "..." : around[i][1]);
    }
    pwr_token_read(out, "М9S3-46Q3-D25V-Т4F5-V37Е-3S3е-28J1");
    tap_str(out, BARE, "Cyrillic letters became Latin ones");
    pwr_token_read(out, "АВЕКМНОРСТУХ000000000000000G");
    tap_str(out, "", "all look-alikes, wrong check symbol");
}

/* Each look-alike, both cases, read as the Latin letter. */
static void test_look_alikes(void)
{
    static const char *const upper[] = {
        "А", "В", "Е", "К", "М", "Н", "О", "Р", "С", "Т", "У", "Х" };
    static const char *const lower[] = {
        "а", "в", "е", "к", "м", "н", "о", "р", "с", "т", "у", "х" };
    static const char latin[] = "ABEKMH0PCTYX";
    unsigned char random[PWR_TOKEN_RANDOM] = { 0 };
    char bare[PWR_TOKEN_LEN + 1], out[PWR_TOKEN_LEN + 1], typed[64];

    for (size_t i = 0; i < sizeof(upper) / sizeof(*upper); i++) {
        random[0] = (unsigned char)(strchr(SYMBOLS, latin[i]) - SYMBOLS);
        pwr_token_make(bare, random);
        snprintf(typed, sizeof(typed), "%s%s", upper[i], bare + 1);
        pwr_token_read(out, typed);
        tap_str(out, bare, "%s is %c", upper[i], latin[i]);
        snprintf(typed, sizeof(typed), "%s%s", lower[i], bare + 1);
        pwr_token_read(out, typed);
        tap_str(out, bare, "%s is %c", lower[i], latin[i]);
    }
}

/* Processor time of one reading of `n` bytes of a repeated pattern, in ms. */
static double reading_ms(apr_pool_t *pool, const char *pattern, size_t n)
{
    char *typed = apr_palloc(pool, n + 1), out[PWR_TOKEN_LEN + 1];
    size_t len = strlen(pattern);
    clock_t begun;

    for (size_t i = 0; i < n; i++) {
        typed[i] = pattern[i % len];
    }
    typed[n] = '\0';
    begun = clock();
    pwr_token_read(out, typed);
    return 1000.0 * (double)(clock() - begun) / CLOCKS_PER_SEC;
}

static void test_hostile(apr_pool_t *pool)
{
    static const char *const patterns[] = {
        "0", "0 ", "0-", "A B-", " ", "\xC2\xAD", "\xFF", "\xD0", "?", "0?",
        "M9S3-", BARE " ", WRONG "-",
    };

    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        double small = reading_ms(pool, patterns[i], 1 << 17);
        double big = reading_ms(pool, patterns[i], 1 << 20);

        /* Eight times the input: quadratic would be 64 times the time. */
        tap_ok(big < 24 * small + 20 && big < 2000,
               "1 MB of pattern %d: %.0f ms, an eighth of it %.0f ms",
               (int)i, big, small);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_make(pool);
    test_check_symbol();
    test_read();
    test_read_value();
    test_look_alikes();
    test_hostile(pool);
    return tap_end();
}
