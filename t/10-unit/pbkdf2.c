/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pbkdf2.h"

#include "core/format.h"
#include "tap.h"

#define SHA1_4096 "4b007901b765489abead49d926f721d065a429c1"
#define SCRAM_SALT "QSXCR+Q6sek8bf92"
#define SCRAM_KEYS "6dlGYMOdZcOPutkcNY8U2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE="
#define KEY256 "GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zdorEnNas="

static int read_row(pwr_pbkdf2 *row, const char *stored)
{
    pwr_wrap wrap = pwr_wrap_of(stored);
    char text[PWR_STORED_MAX];

    return pwr_wrap_open(text, &wrap, stored)
        && pwr_pbkdf2_read(row, &wrap, text);
}

/* RFC 6070, 5802 and 7677, and hashcat's example. */
static void test_known(void)
{
    static const struct { const char *password, *stored; } table[] = {
        { "password", "{PBKDF2}$1$salt$4096$" SHA1_4096 },
        { "pencil", "{SCRAM-SHA-1}4096," SCRAM_SALT "," SCRAM_KEYS },
        { "pencil", "{scram-sha-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcP"
          "nkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrm"
          "fPwDl2dU=" },
        { "hashcat", "pbkdf2_sha256$20000$H0dPx8NeajVu$" KEY256 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_pbkdf2 row;

        tap_ok(read_row(&row, table[i].stored), "%s is read", table[i].stored);
        tap_ok(pwr_pbkdf2_match(&row, table[i].password), "and matches");
        tap_ok(!pwr_pbkdf2_match(&row, "Pencil")
               && !pwr_pbkdf2_match(&row, ""), "and nothing else");
        row.bytes[row.len - 1] ^= 1;
        tap_ok(!pwr_pbkdf2_match(&row, table[i].password), "to the last bit");
    }
}

static void test_refused(void)
{
    static const char *const table[] = {
        "{PBKDF2}$1$salt$4096$" SHA1_4096 "00", "{PBKDF2}$1$salt$4096$",
        "{PBKDF2}$2$salt$4096$" SHA1_4096, "{PBKDF2}$1$$4096$" SHA1_4096,
        "{PBKDF2}$1$salt$0$" SHA1_4096, "{PBKDF2}$1$salt$4000001$" SHA1_4096,
        "{PBKDF2}$1$salt$99999999$" SHA1_4096, "{PBKDF2}$1$salt",
        "{PBKDF2}$1$salt$+409$" SHA1_4096, "{PBKDF2}",
        "{PBKDF2}$1$salt$4096$" SHA1_4096 "$x",
        "{SCRAM-SHA-1}4096," SCRAM_SALT, "{SCRAM-SHA-1}4096,,," SCRAM_KEYS,
        "{SCRAM-SHA-1}9999999," SCRAM_SALT "," SCRAM_KEYS,
        "{SCRAM-SHA-256}4096," SCRAM_SALT "," SCRAM_KEYS,
        "pbkdf2_sha256$20000$H0dPx8NeajVu$GiC4", "pbkdf2_sha256$20000$x",
        "pbkdf2_sha256$20000$$" KEY256, "pbkdf2_sha1$1000$x$" KEY256,
        "pbkdf2_sha256$$x$" KEY256, "pbkdf2_sha256$-1$x$" KEY256,
        "$pbkdf2-sha256$1000$!$" KEY256, "$pbkdf2-sha256$", "",
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_pbkdf2 row;

        tap_ok(!read_row(&row, table[i]), "none: %s", table[i]);
    }
}

static void test_make(apr_pool_t *pool)
{
    static const char *const bad[] = {
        "", "pbkdf2_sha256$", "pbkdf2_sha256$0$", "pbkdf2_sha1$1000$",
        "pbkdf2_sha256$9999999$",
    };
    const char *one = pwr_pbkdf2_make(pool, "pbkdf2_sha256$1000$", "pencil");
    const char *other = pwr_pbkdf2_make(pool, "pbkdf2_sha256$1000$", "pencil");
    pwr_pbkdf2 row;

    tap_ok(one && other && strcmp(one, other) != 0
           && strncmp(one, "pbkdf2_sha256$1000$", 19) == 0
           && one[strlen(one) - 1] == '=', "made: %s", one);
    tap_ok(one && read_row(&row, one) && pwr_pbkdf2_match(&row, "pencil")
           && !pwr_pbkdf2_match(&row, "pencils"), "and matches");
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        tap_str(pwr_pbkdf2_make(pool, bad[i], "pencil"), NULL,
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
