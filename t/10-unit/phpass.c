/* SPDX-License-Identifier: Apache-2.0 */
#include "core/phpass.h"

#include "tap.h"

#define SALT_MD5 "IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"
#define SALT_SHA "33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"

/* Of phpass' own test, and hashcat's examples. */
static void test_known(void)
{
    static const struct { const char *password, *stored; int log; } table[] = {
        { "test12345", "$P$9" SALT_MD5, 11 },
        { "test12345", "$H$9" SALT_MD5, 11 },
        { "hashcat", "$P$984478476IagS59wHZvyQMArzfx58u.", 11 },
        { "hashcat", "$S$C" SALT_SHA, 14 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *stored = table[i].stored;
        char other[64];

        tap_int((long long)pwr_phpass_rounds(stored), 1 << table[i].log,
                "rounds of %s", stored);
        tap_ok(pwr_phpass_match(table[i].password, stored), "it matches");
        tap_ok(!pwr_phpass_match("test12346", stored)
               && !pwr_phpass_match("", stored), "and nothing else");
        memcpy(other, stored, strlen(stored) + 1);
        other[strlen(other) - 1] ^= 1;
        tap_ok(!pwr_phpass_match(table[i].password, other), "to the last");
    }
}

static void test_refused(void)
{
    static const char *const table[] = {
        "", "$P$", "$P$9", "$P$9IQRaTwmf", "$P$9" SALT_MD5 "x",
        "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L", "$X$9" SALT_MD5,
        "$P$4" SALT_MD5,        /* 2^6 */
        "$P$I" SALT_MD5,        /* 2^20 */
        "$P$z" SALT_MD5, "$P$!" SALT_MD5,
        "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r!L0", "$S$9" SALT_MD5,
        "$P$9" SALT_SHA, "$S$I" SALT_SHA,
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int((long long)pwr_phpass_rounds(table[i]), 0, "none: %s",
                table[i]);
    }
}

static void test_make(apr_pool_t *pool)
{
    static const char *const bad[] = { "", "$S$", "$S$4", "$S$I", "$S$9x" };
    const char *one = pwr_phpass_make(pool, "$S$9", "pencil");
    const char *other = pwr_phpass_make(pool, "$S$9", "pencil");

    tap_ok(one && other && strcmp(one, other) != 0 && strlen(one) == 55
           && pwr_phpass_rounds(one) == 1 << 11, "made: %s", one);
    tap_ok(one && pwr_phpass_match("pencil", one)
           && !pwr_phpass_match("pencils", one), "and matches");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        tap_str(pwr_phpass_make(pool, bad[i], "pencil"), NULL,
                "not made: \"%s\"", bad[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_known();
    test_refused();
    test_make(pool);
    return tap_end();
}
