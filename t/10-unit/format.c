/* SPDX-License-Identifier: Apache-2.0 */
#include "core/format.h"

#include <stdlib.h>

#include <apr_strings.h>
#include <crypt.h>

#include "tap.h"

#define SALT22 "CCCCCCCCCCCCCCCCCCCCC."
#define TAIL53 SALT22 "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define HASH43 "FIm3EHrVgIp0MIvmwLO8kB/tDdLxqVHL4tKhqNbCRSA"

#define HASH44 "GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zdorEnNas="
#define SALT_SHA "33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf"
#define DIGEST_MASK "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ARGON2_ZEROS "AAAAAAAAAAAAAAAAAAAAAA$" \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define DOTS53 "....................................................."
#define MD5_HEX "5f4dcc3b5aa765d61d8327deb882cf99"

static const struct {
    const char *stored;
    pwr_engine engine;
    pwr_scheme_kind kind;
    int is_strong;
    size_t setting_len;
} known[] = {
    { "$2y$12$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 1, 7 },
    { "$2b$10$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 1, 7 },
    { "$2a$09$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 0, 7 },
    { "$2y$16$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 1, 7 },
    { "$2x$12$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_NONE, 1, 7 },
    { "$y$j9T$" SALT22 "$" HASH43, PWR_ENGINE_CRYPT,
      PWR_SCHEME_YESCRYPT, 1, 7 },
    { "$y$jDT$" SALT22 "$" HASH43, PWR_ENGINE_CRYPT,
      PWR_SCHEME_YESCRYPT, 1, 7 },
    { "$y$j75$" SALT22 "$" HASH43, PWR_ENGINE_CRYPT,
      PWR_SCHEME_YESCRYPT, 0, 7 },
    { "$gy$j9T$" SALT22 "$" HASH43, PWR_ENGINE_CRYPT, PWR_SCHEME_NONE,
      1, 8 },
    { "$7$C6..../...." SALT22 "$" HASH43, PWR_ENGINE_CRYPT,
      PWR_SCHEME_SCRYPT, 1, 14 },
    { "$7$86..../...." SALT22 "$" HASH43, PWR_ENGINE_CRYPT,
      PWR_SCHEME_SCRYPT, 0, 14 },
    { "$6$salt$hash", PWR_ENGINE_CRYPT, PWR_SCHEME_SHA512_CRYPT, 0, 3 },
    { "$6$rounds=99999$salt$hash", PWR_ENGINE_CRYPT,
      PWR_SCHEME_SHA512_CRYPT, 0, 16 },
    { "$6$rounds=100000$salt$hash", PWR_ENGINE_CRYPT,
      PWR_SCHEME_SHA512_CRYPT, 1, 17 },
    { "$6$rounds=2000000$salt$hash", PWR_ENGINE_CRYPT,
      PWR_SCHEME_SHA512_CRYPT, 1, 18 },
    { "$5$rounds=100000$salt$hash", PWR_ENGINE_CRYPT, PWR_SCHEME_NONE,
      1, 17 },
    { "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2ID, PWR_SCHEME_ARGON2ID, 1, 31 },
    { "$argon2id$v=19$m=7168,t=5,p=1$", PWR_ENGINE_ARGON2ID,
      PWR_SCHEME_ARGON2ID, 1, 30 },
    { "$argon2id$v=19$m=7168,t=4,p=1$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2ID, PWR_SCHEME_ARGON2ID, 0, 30 },
    { "$argon2id$m=65536,t=4,p=16$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2ID, PWR_SCHEME_ARGON2ID, 1, 27 },
    { "$argon2id$v=16$m=262144,t=4,p=1$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2ID, PWR_SCHEME_ARGON2ID, 1, 32 },
    { "$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2I, PWR_SCHEME_NONE, 1, 30 },
    /* behind a prefix */
    { "{BLF-CRYPT}$2y$12$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 1, 7 },
    { "{blf-crypt}$2b$04$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 0, 7 },
    { "{CRYPT}$y$j9T$" SALT22 "$" HASH43, PWR_ENGINE_CRYPT,
      PWR_SCHEME_YESCRYPT, 1, 7 },
    { "{SHA512-CRYPT}$6$rounds=100000$salt$hash", PWR_ENGINE_CRYPT,
      PWR_SCHEME_SHA512_CRYPT, 1, 17 },
    { "{ARGON2ID}$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2ID, PWR_SCHEME_ARGON2ID, 1, 31 },
    { "argon2$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
      PWR_ENGINE_ARGON2ID, PWR_SCHEME_ARGON2ID, 1, 31 },
    { "$wp$2y$10$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT, 1, 7 },
    { "bcrypt_sha256$$2b$12$" TAIL53, PWR_ENGINE_CRYPT, PWR_SCHEME_BCRYPT,
      1, 7 },
    { "pbkdf2_sha256$600000$salt$" HASH44, PWR_ENGINE_PBKDF2,
      PWR_SCHEME_DJANGO, 1, 7 },
    { "pbkdf2_sha256$599999$salt$" HASH44, PWR_ENGINE_PBKDF2,
      PWR_SCHEME_DJANGO, 0, 7 },
    { "$S$F" SALT_SHA, PWR_ENGINE_PHPASS, PWR_SCHEME_DRUPAL, 1, 4 },
    { "$S$D" SALT_SHA, PWR_ENGINE_PHPASS, PWR_SCHEME_DRUPAL, 0, 4 },
};

static void test_known(void)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        pwr_format format = pwr_format_of(known[i].stored);

        tap_ok(format.engine == known[i].engine
               && format.kind == known[i].kind
               && format.is_strong == known[i].is_strong
               && format.setting_len == known[i].setting_len,
               "known: %s", known[i].stored);
        if (format.setting_len != known[i].setting_len) {
            printf("# setting_len: %d\n", (int)format.setting_len);
        }
    }
}

static void test_verified_only(void)
{
    static const char *const table[] = {
        "$5$salt$hash", "$1$abcdefgh$gIkpm/Mf.j.NzD82MOVS00",
        "$3$$8846f7eaee8fb117ad06bdd830b7586c",
        "$sha1$64000$wnUR8T1U$vt1TFQ50tBMFgkflAFAOer2CwdYZ",
        "$md5,rounds=5000$GUBv0xjJ$$.CELi7blTxp3uq3U/gb171",
        "$md5$GUBv0xjJ$$d6ejxDllt.ZPqcsHlq20e.",
        "$apr1$abcdefgh$4LI/Gn3evKPkoomhqknWK.",
        "{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=",
        "_J9..rasmBYk8r9AiWNc", "rl.3StKT.4T8M",
        "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/", "$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r"
        ".L0", "{PLAIN}password", "{sha}VnC0NYrih/6OdML/b2KT+QVAkHc=",
        MD5_HEX ":salt", "aB3,x$9Z" MD5_HEX, "{PLAIN-MD5}" MD5_HEX,
        "{SMD5}X03MO1qnZdYdgyfeuILPmQAB", "{PLAIN-TRUNC}8-password",
        "pbkdf2_sha1$1000$salt$S3mQesGn6EvmhaLXxvKmNFaGzdE=",
        "{PBKDF2}$1$salt$4096$4b007901b765489abead49d926f721d065a429c1",
        "{MD5}$1$abcdefgh$gIkpm/Mf.j.NzD82MOVS00", "{CRYPT}rl.3StKT.4T8M",
        "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_format format = pwr_format_of(table[i]);

        tap_ok(format.engine != PWR_ENGINE_NONE
               && format.kind == PWR_SCHEME_NONE,
               "verified, not written: %s", table[i]);
    }
}

/* Unknown, malformed, or dearer than the ceilings. */
static void test_refused(apr_pool_t *pool)
{
    static const char *const table[] = {
        NULL, "", "*", "*0", "!", "!!", "x", "password", "correct horse",
        "!$2y$12$" TAIL53, "$", "$$", "$2y$", "$2y$12$", "$2$12$" TAIL53,
        "$2y$17$" TAIL53, "$2y$31$" TAIL53, "$2y$99$" TAIL53,
        "$2y$00$" TAIL53, "$2y$12$" TAIL53 "x", "$2y$1x$" TAIL53,
        "$2y$012$" TAIL53, "$2y$12$" SALT22, "$2Y$12$" TAIL53,
        "$6$rounds=2000001$salt$hash", "$6$rounds=999999999$salt$hash",
        "$6$rounds=9999999999$salt$hash", "$6$rounds=$salt$hash",
        "$6$rounds=0100000$salt$hash", "$6$rounds=-1$salt$hash",
        "$6$rounds=+5000$salt$hash", "$6$rounds=5000", "$6$rounds=0$salt$hash",
        "$5$rounds=2000001$salt$hash", "$sha1$2000001$salt$hash",
        "$sha1$salt$hash", "$md5,rounds=2000000$salt$$hash", "$md5x$salt$$h",
        "$y$jET$" SALT22 "$" HASH43, "$y$jFT$" SALT22 "$" HASH43,
        "$y$jjj$" SALT22 "$" HASH43, "$y$j9Tz$" SALT22 "$" HASH43,
        "$y$jzT$" SALT22 "$" HASH43, "$y$j9z$" SALT22 "$" HASH43,
        "$y$z9T$" SALT22 "$" HASH43, "$y$j", "$y$", "$gy$jFT$" SALT22,
        "$7$GU..../...." SALT22 "$" HASH43, "$7$zU..../...." SALT22,
        "$7$Czzzzz/...." SALT22, "$7$C6....zzzzz" SALT22,
        "$7$C6....zzz.." SALT22, "$7$zzzzzzzzzzz" SALT22,
        "$7$C........../" SALT22, "$7$C6.", "$7$",
        "$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=19$m=19456,t=17,p=1$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=19$m=262144,t=5,p=1$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=19$m=19456,t=2,p=17$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=19$m=19456,t=2,p=0$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=18$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
        "$argon2id$v=19$m=0,t=2,p=1$", "$argon2id$v=19$m=19456,t=0,p=1$",
        "$argon2id$v=19$t=2,m=19456,p=1$", "$argon2id$v=19$m=19456,t=2$",
        "$argon2id$v=19$m=,t=,p=$", "$argon2id$v=19$", "$argon2id$",
        "$argon2d$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
        "$P$", "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ", "$P$zabcdefgh",
        "$S$I" SALT_SHA, "$P$ItLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/", "$wp",
        MD5_HEX, "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        "12345678" MD5_HEX, "{PLAIN}", "{FOO}password", "{PLAIN-TRUNC}8-",
        "{PLAIN-TRUNC}password", "{BLF-CRYPT}$2y$17$" TAIL53,
        "{BLF-CRYPT}$6$salt$hash", "{SHA512-CRYPT}$6$rounds=2000001$salt$hash",
        "{CRYPT}", "{CRYPT}x", "{CRYPT}{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=",
        "{DIGEST-MD5}" MD5_HEX, "{DIGEST-MD5}5f4d:ivan::",
        "pbkdf2_sha256$4000001$salt$" HASH44,
        "argon2$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$" HASH43,
        "$wp$2y$31$" TAIL53, "bcrypt_sha256$$2b$17$" TAIL53,
        "rl.3StKT.4T8", "rl.3StKT.4T8Mx", "rl.3StKT.4T8!", "_J9..rasm",
        "_J9..rasmBYk8r9AiWN!", "\xFF\xFE", "\xD0\xBF\xD0\xB0\xD1\x80",
    };
    char *huge = apr_palloc(pool, 1 << 20);

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(pwr_format_of(table[i]).engine, PWR_ENGINE_NONE,
                "refused: %s", table[i] ? table[i] : "NULL");
    }
    memset(huge, 'a', (1 << 20) - 1);
    huge[(1 << 20) - 1] = '\0';
    memcpy(huge, "$6$", 3);
    tap_int(pwr_format_of(huge).engine, PWR_ENGINE_NONE, "refused: 1 MB");
}

/* What `like` tells of its cost is all that is left of `stored`. */
static void test_mask_of(const char *stored, const char *like)
{
    char mask[128];
    pwr_format of = pwr_format_of(stored), masked;
    struct crypt_data *data = calloc(1, sizeof(*data));
    int is_masked = pwr_format_mask(mask, sizeof(mask), stored);
    const char *made;

    masked = pwr_format_of(mask);
    tap_ok(is_masked && strlen(mask) == strlen(like)
           && masked.engine == of.engine && masked.work == of.work
           && masked.setting_len == of.setting_len,
           "masked: %s is %s", stored, mask);
    tap_str(mask + of.setting_len + strspn(mask + of.setting_len, ".A$"), "",
            "no salt and no hash is left");
    made = crypt_r("x", mask, data);
    tap_ok(of.engine != PWR_ENGINE_CRYPT
           || (made && *made != '*' && strcmp(made, mask) != 0),
           "and it is hashed in earnest");
    free(data);
}

static void test_mask(void)
{
    static const char *const table[] = {
        "$2y$05$" TAIL53, "$2b$05$" TAIL53, "$2a$05$" TAIL53,
        "$2x$05$" TAIL53, "$y$j75$" SALT22 "$" HASH43,
        "$gy$j75$" SALT22 "$" HASH43, "$7$56..../...." SALT22 "$" HASH43,
        "$6$salt$hash", "$6$rounds=6000$salt$hash", "$5$salt$hash",
        "$5$rounds=6000$salt$hash", "$1$abcdefgh$gIkpm/Mf.j.NzD82MOVS00",
        "$3$$8846f7eaee8fb117ad06bdd830b7586c",
        "$sha1$6000$wnUR8T1U$vt1TFQ50tBMFgkflAFAOer2CwdYZ",
        "$md5,rounds=5000$GUBv0xjJ$$.CELi7blTxp3uq3U/gb171",
        "$md5$GUBv0xjJ$$d6ejxDllt.ZPqcsHlq20e.",
        "$apr1$abcdefgh$4LI/Gn3evKPkoomhqknWK.",
        "_J9..rasmBYk8r9AiWNc", "rl.3StKT.4T8M",
        "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/", ("$S$C" SALT_SHA),
    };
    static const struct { const char *stored, *mask; } same[] = {
        { "{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=", DIGEST_MASK },
        { "{PLAIN}password", DIGEST_MASK },
        { "{PLAIN-TRUNC}8-password", DIGEST_MASK },
        { MD5_HEX ":salt", DIGEST_MASK },
        { "{PLAIN-MD4}8a9d093f14f8701df17732b2bb182c74",
          "{PLAIN-MD4}00000000000000000000000000000000" },
        { "pbkdf2_sha256$20000$H0dPx8NeajVu$" HASH44, "$pbkdf2-sha256$20000$AA$"
          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
        { "{PBKDF2}$1$salt$4096$4b007901b765489abead49d926f721d065a429c1",
          "$pbkdf2$4096$AA$AAAAAAAAAAAAAAAAAAAAAAAAAAA" },
        { "{SCRAM-SHA-1}4096,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U2g7vK9Y=,"
          "D+CSWLOshSulAsxiupA+qs2/fTE=",
          "$pbkdf2$4096$AA$AAAAAAAAAAAAAAAAAAAAAAAAAAA" },
        { "{BLF-CRYPT}$2y$05$" TAIL53, "$2y$05$" DOTS53 },
        { "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
          "$argon2id$v=19$m=19456,t=2,p=1$" ARGON2_ZEROS },
        { "$argon2i$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdHNvbWVzYWx0$" HASH43
          HASH43, "$argon2i$m=65536,t=3,p=4$" ARGON2_ZEROS },
        { "$wp$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$" HASH43,
          "$wp$argon2id$v=19$m=19456,t=2,p=1$" ARGON2_ZEROS },
        { "$wp$2y$05$" TAIL53, "$wp$2y$05$" DOTS53 },
        { "bcrypt_sha256$$2b$05$" TAIL53, "bcrypt_sha256$$2b$05$" DOTS53 },
        { "{SHA512-CRYPT}$6$salt$hash", "$6$....$...." },
    };
    char mask[128];

    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++) {
        pwr_format_mask(mask, sizeof(mask), same[i].stored);
        tap_str(mask, same[i].mask, "the mask of %s", same[i].stored);
        tap_ok(pwr_format_of(mask).work == pwr_format_of(same[i].stored).work,
               "and as much work");
    }

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        test_mask_of(table[i], table[i]);
    }
    tap_ok(!pwr_format_mask(mask, sizeof(mask), NULL) && !*mask, "NULL");
    tap_ok(!pwr_format_mask(mask, sizeof(mask), "!$2y$05$" TAIL53) && !*mask,
           "nothing is made of what nobody verifies");
    tap_ok(!pwr_format_mask(mask, 60, "$2y$05$" TAIL53) && !*mask,
           "nor of what does not fit");
    tap_ok(pwr_format_mask(mask, 61, "$2y$05$" TAIL53), "just fits");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_known();
    test_verified_only();
    test_refused(pool);
    test_mask();
    return tap_end();
}
