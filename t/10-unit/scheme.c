/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scheme.h"

#include <crypt.h>

#include "core/format.h"
#include "tap.h"

#define TAIL53 "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define SALT_HASH "CCCCCCCCCCCCCCCCCCCCC.$FIm3EHrVgIp0MIvmwLO8kB"

static void test_parse(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        pwr_scheme_kind kind;
        unsigned cost;
        const char *shown;
    } table[] = {
        { "keep", PWR_SCHEME_KEEP, 0, "keep" },
        { "KEEP", PWR_SCHEME_KEEP, 0, "keep" },
        { "bcrypt", PWR_SCHEME_BCRYPT, 0, "bcrypt" },
        { "Bcrypt:10", PWR_SCHEME_BCRYPT, 10, "bcrypt:10" },
        { "bcrypt:16", PWR_SCHEME_BCRYPT, 16, "bcrypt:16" },
        { "yescrypt", PWR_SCHEME_YESCRYPT, 0, "yescrypt" },
        { "yescrypt:9", PWR_SCHEME_YESCRYPT, 9, "yescrypt:9" },
        { "sha512-crypt", PWR_SCHEME_SHA512_CRYPT, 0, "sha512-crypt" },
        { "sha512-crypt:5000", PWR_SCHEME_SHA512_CRYPT, 5000,
          "sha512-crypt:5000" },
        { "argon2id", PWR_SCHEME_ARGON2ID, 0, "argon2id" },
        { "{blf-crypt}", PWR_SCHEME_BCRYPT, 0, "{BLF-CRYPT}" },
        { "{BLF-CRYPT}:10", PWR_SCHEME_BCRYPT, 10, "{BLF-CRYPT}:10" },
        { "{SHA512-CRYPT}:5000", PWR_SCHEME_SHA512_CRYPT, 5000,
          "{SHA512-CRYPT}:5000" },
        { "{ARGON2ID}", PWR_SCHEME_ARGON2ID, 0, "{ARGON2ID}" },
        { "wordpress:10", PWR_SCHEME_BCRYPT, 10, "wordpress:10" },
        { "django", PWR_SCHEME_DJANGO, 0, "django" },
        { "drupal", PWR_SCHEME_DRUPAL, 0, "drupal" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_scheme scheme;
        const char *problem = pwr_scheme_parse(pool, table[i].text, &scheme);

        tap_str(problem, NULL, "%s is a scheme", table[i].text);
        tap_ok(scheme.kind == table[i].kind && scheme.cost == table[i].cost
               && !scheme.setting[0], "%s parsed", table[i].text);
        tap_str(pwr_scheme_show(pool, &scheme), table[i].shown, "%s shown",
                table[i].text);
    }
}

static void test_parse_refused(apr_pool_t *pool)
{
    static const struct { const char *text, *says; } table[] = {
        { "", "possible are keep" },
        { ":", "possible are keep" },
        { "bcryptt", "there is no scheme \"bcryptt\"" },
        { "bcrypt ", "there is no scheme \"bcrypt \"" },
        { "\xFF\n", "\"\\xff\\x0a\"" },
        { "scrypt", "there is no scheme" },
        { "bcrypt:", "from 10 to 16" },
        { "bcrypt:9", "from 10 to 16" },
        { "bcrypt:17", "from 10 to 16" },
        { "bcrypt:12x", "from 10 to 16" },
        { "bcrypt:-12", "from 10 to 16" },
        { "bcrypt:4294967308", "from 10 to 16" },
        { "bcrypt:99999999999999999999", "from 10 to 16" },
        { "yescrypt:4", "from 5 to 9" },
        { "yescrypt:10", "from 5 to 9" },
        { "sha512-crypt:4999", "from 5000 to 2000000" },
        { "argon2id:3", "argon2id takes no cost" },
        { "keep:12", "keep takes no cost" },
        { "MD5", "md5 is never written" },
        { "plain", "whoever reads the table" },
        { "sha1:5", "graphics card" },
        { "{SHA}", "sha is never written" },
        { "{PLAIN-MD5}", "plain-md5 is never written" },
        { "{clear}", "clear is never written" },
        { "des", "eight characters" },
        { "mysql", "mysql is never written" },
        { "aes", "who has the key would have every password" },
        { "crypt", "eight characters" },
        { "{SSHA512}", "ssha512 is never written" },
        { "{PLAIN}", "plain is never written" },
        { "{CRAM-MD5}", "could sign in with it" },
        { "{FOO}", "there is no scheme \"{FOO}\"" },
        { "{", "there is no scheme \"{\"" },
        { "{BLF-CRYPT}:9", "the cost of {BLF-CRYPT} is a number from 10" },
        { "wordpress:17", "the cost of wordpress is a number from 10 to 16" },
        { "drupal:3", "drupal takes no cost" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_scheme scheme = { .kind = PWR_SCHEME_KEEP, .cost = 7 };
        const char *problem = pwr_scheme_parse(pool, table[i].text, &scheme);

        tap_ok(problem && strstr(problem, table[i].says)
               && scheme.kind == PWR_SCHEME_NONE && scheme.cost == 0,
               "\"%s\" is refused: %s", i == 4 ? "..." : table[i].text,
               problem ? problem : "(NULL)");
    }
}

static void test_choose(void)
{
    static const struct {
        const char *stored;
        pwr_scheme_kind kind;
        const char *setting;
    } table[] = {
        { "$2y$13$" TAIL53, PWR_SCHEME_BCRYPT, "$2y$13$" },
        { "$2b$10$" TAIL53, PWR_SCHEME_BCRYPT, "$2b$10$" },
        { "$2a$12$" TAIL53, PWR_SCHEME_BCRYPT, "$2a$12$" },
        { "$2a$09$" TAIL53, PWR_SCHEME_BCRYPT, "" },
        { "$2b$17$" TAIL53, PWR_SCHEME_BCRYPT, "" },
        { "$2x$12$" TAIL53, PWR_SCHEME_BCRYPT, "" },
        { "$2y$13$short", PWR_SCHEME_BCRYPT, "" },
        { "$y$jCT$" SALT_HASH, PWR_SCHEME_YESCRYPT, "$y$jCT$" },
        { "$y$j75$" SALT_HASH, PWR_SCHEME_YESCRYPT, "" },
        { "$y$jFT$" SALT_HASH, PWR_SCHEME_BCRYPT, "" },
        { "$7$C6..../...." SALT_HASH, PWR_SCHEME_SCRYPT, "$7$C6..../...." },
        { "$6$abcdefghijklmnop$x", PWR_SCHEME_SHA512_CRYPT, "" },
        { "$6$rounds=5000$abcdefghijklmnop$x", PWR_SCHEME_SHA512_CRYPT, "" },
        { "$6$rounds=656000$abcdefghijklmnop$x", PWR_SCHEME_SHA512_CRYPT,
          "$6$rounds=656000$" },
        { "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$x",
          PWR_SCHEME_ARGON2ID, "$argon2id$v=19$m=65536,t=3,p=4$" },
        { "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$x", PWR_SCHEME_ARGON2ID,
          "" },
        { "$argon2i$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$x", PWR_SCHEME_BCRYPT,
          "" },
        { "$1$abcdefgh$gIkpm/Mf.j.NzD82MOVS00", PWR_SCHEME_BCRYPT, "" },
        { "{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=", PWR_SCHEME_BCRYPT, "" },
        { "rl.3StKT.4T8M", PWR_SCHEME_BCRYPT, "" },
        { "password", PWR_SCHEME_BCRYPT, "" },
        { "*", PWR_SCHEME_BCRYPT, "" },
        { "", PWR_SCHEME_BCRYPT, "" },
        { NULL, PWR_SCHEME_BCRYPT, "" },
    };
    pwr_scheme keep = { .kind = PWR_SCHEME_KEEP }, none = { 0 };
    pwr_scheme fixed = { .kind = PWR_SCHEME_YESCRYPT, .cost = 7 };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_scheme scheme = pwr_scheme_choose(&keep, table[i].stored);

        tap_int(scheme.kind, table[i].kind, "kind for %s",
                table[i].stored ? table[i].stored : "NULL");
        tap_str(scheme.setting, table[i].setting, "kept of %s",
                table[i].stored ? table[i].stored : "NULL");
        scheme = pwr_scheme_choose(&fixed, table[i].stored);
        tap_ok(scheme.kind == PWR_SCHEME_YESCRYPT && scheme.cost == 7
               && !scheme.setting[0], "the directive's scheme wins");
    }
    tap_int(pwr_scheme_choose(&none, NULL).kind, PWR_SCHEME_BCRYPT,
            "nothing configured is bcrypt");
}

/* Behind a prefix: what its reader knows is written. */
static const struct {
    const char *stored, *begins;
    pwr_prehash prehash;
} prefixed[] = {
    { "{BLF-CRYPT}$2b$13$" TAIL53, "{BLF-CRYPT}$2b$13$", 0 },
    { "{blf-crypt}$2y$05$" TAIL53, "{blf-crypt}$2y$12$", 0 },
    { "{CRYPT}$6$rounds=656000$abcdefghijklmnop$x",
      "{CRYPT}$6$rounds=656000$", 0 },
    { "{crypt}$1$abcdefgh$gIkpm/Mf.j.NzD82MOVS00", "{crypt}$2y$12$", 0 },
    { "{SHA512-CRYPT}$6$salt$x", "{SHA512-CRYPT}$6$rounds=100000$", 0 },
    { "{SHA512-CRYPT.B64}JDYkc2FsdCR4", "{SHA512-CRYPT}$6$rounds=100000$",
      0 },
    { "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$x",
      "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$", 0 },
    { "{ARGON2ID}$argon2id$v=19$m=262145,t=3,p=1$c29tZXNhbHQ$x",
      "{BLF-CRYPT}$2y$12$", 0 },
    { "{SHA512-CRYPT}$6$rounds=2000001$salt$x", "{BLF-CRYPT}$2y$12$", 0 },
    { "{SHA512-CRYPT.B64}JDUkc2FsdCR4", "{BLF-CRYPT}$2y$12$", 0 },
    { "{ARGON2I}$argon2i$v=19$m=65536,t=3,p=1$c29tZXNhbHQ$x",
      "{BLF-CRYPT}$2y$12$", 0 },
    { "{SSHA512}x", "{BLF-CRYPT}$2y$12$", 0 },
    { "{SSHA256.HEX}00", "{BLF-CRYPT}$2y$12$", 0 },
    { "{PLAIN}secret", "{BLF-CRYPT}$2y$12$", 0 },
    { "{MD5-CRYPT}$1$abcdefgh$x", "{BLF-CRYPT}$2y$12$", 0 },
    { "{DIGEST-MD5}x", "{BLF-CRYPT}$2y$12$", 0 },
    { "{MD5}X03MO1qnZdYdgyfeuILPmQ==", "{CRYPT}$2y$12$", 0 },
    { "{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=", "$2y$12$", 0 },
    { "{md5}X03MO1qnZdYdgyfeuILPmQ==", "$2y$12$", 0 },
    { "{sha1}VnC0NYrih/6OdML/b2KT+QVAkHc=", "$2y$12$", 0 },
    { "$wp$2y$10$" TAIL53, "$wp$2y$10$", PWR_PREHASH_WORDPRESS },
    { "$wp$2y$05$" TAIL53, "$wp$2y$12$", PWR_PREHASH_WORDPRESS },
    { "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/", "$2y$12$", PWR_PREHASH_TRIM },
    { "$H$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "$2y$12$", 0 },
    { "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$x",
      "argon2$argon2id$v=19$m=102400,t=2,p=8$", 0 },
    { "argon2$argon2i$v=19$m=512,t=2,p=2$c29tZXNhbHQ$x",
      "pbkdf2_sha256$600000$", 0 },
    { "bcrypt_sha256$$2b$12$" TAIL53, "bcrypt_sha256$$2b$12$",
      PWR_PREHASH_SHA256 },
    { "bcrypt$$2b$12$" TAIL53, "bcrypt$$2b$12$", 0 },
    { "1|$2y$10$" TAIL53, "1|$2y$10$", 0 },
    { "1|$2y$08$" TAIL53, "1|$2y$12$", 0 },
    { "2|$argon2i$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$x", "1|$2y$12$", 0 },
    { "3|$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$x",
      "3|$argon2id$v=19$m=65536,t=4,p=1$", 0 },
    { "3|$argon2id$v=19$m=524288,t=4,p=1$c29tZXNhbHQ$x", "1|$2y$12$", 0 },
    { "pbkdf2_sha256$870000$salt$GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zdorEnN"
      "as=", "pbkdf2_sha256$870000$", 0 },
    { "pbkdf2_sha256$20000$salt$GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zdorEnN"
      "as=", "pbkdf2_sha256$600000$", 0 },
    { "pbkdf2_sha1$20000$salt$S3mQesGn6EvmhaLXxvKmNFaGzdE=",
      "pbkdf2_sha256$600000$", 0 },
    { "$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf", "$S$F",
      0 },
    { "U$S$C33783772bRXEx1aCsvY.dqgaaSu76XmVlKrW9Qu8IQlvxHlmzLf", "$S$F",
      0 },
    { "U$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0", "$2y$12$", 0 },
    { "5f4dcc3b5aa765d61d8327deb882cf99:salt", "$2y$12$", 0 },
};

static void test_choose_prefix(apr_pool_t *pool)
{
    pwr_scheme keep = { .kind = PWR_SCHEME_KEEP };

    for (size_t i = 0; i < sizeof(prefixed) / sizeof(*prefixed); i++) {
        const char *begins = prefixed[i].begins;
        pwr_scheme scheme = pwr_scheme_choose(&keep, prefixed[i].stored);
        const char *decoy = pwr_scheme_decoy(pool, &scheme);

        tap_ok(strncmp(decoy, begins, strlen(begins)) == 0
               && scheme.prehash == prefixed[i].prehash
               && pwr_format_of(decoy).engine != PWR_ENGINE_NONE
               && pwr_format_of(decoy).prehash
                      == (scheme.prehash == PWR_PREHASH_TRIM
                          ? PWR_PREHASH_NONE : scheme.prehash),
               "%s gives %s", prefixed[i].stored, decoy);
    }
}

static void test_taken(apr_pool_t *pool)
{
    pwr_scheme plain = { .kind = PWR_SCHEME_BCRYPT };
    pwr_scheme press = { .kind = PWR_SCHEME_BCRYPT, .prefix = "$wp",
                         .prehash = PWR_PREHASH_WORDPRESS };

    tap_str(pwr_scheme_taken(pool, &plain, " a "), " a ", "nothing is trimmed");
    tap_str(pwr_scheme_taken(pool, &press, " a "), "a", "but for WordPress");
    tap_int((long long)pwr_scheme_bytes_max(&press), 4096,
            "whose bcrypt does not cut");
}

static void test_outdated(apr_pool_t *pool)
{
    static const struct {
        const char *configured, *stored;
        int is_outdated;
    } table[] = {
        { "keep", "$2y$12$" TAIL53, 0 }, { "keep", "$2a$10$" TAIL53, 0 },
        { "keep", "$2y$09$" TAIL53, 1 }, { "keep", "$6$salt$x", 1 },
        { "keep", "$6$rounds=100000$salt$x", 0 },
        { "keep", "{SHA512-CRYPT.B64}JDYkcm91bmRzPTEwMDAwMCRzYWx0JHg=", 0 },
        { "keep", "$1$abcdefgh$x", 1 }, { "keep", "{SSHA512}x", 0 },
        { "keep", "{PLAIN}x", 1 }, { "keep", "$wp$2y$10$" TAIL53, 0 },
        { "keep", "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/", 1 },
        { "keep", "1|$2y$10$" TAIL53, 0 }, { "keep", "1|$2y$08$" TAIL53, 1 },
        { "keep", "!", 0 }, { "keep", "", 0 }, { "keep", "unknown", 0 },
        { "keep", "pbkdf2_sha256$870000$salt$GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7"
          "zdorEnNas=", 0 },
        { "keep", "pbkdf2_sha256$1000$salt$GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zd"
          "orEnNas=", 1 },
        { "bcrypt:12", "$2y$12$" TAIL53, 0 },
        { "bcrypt:12", "$2y$13$" TAIL53, 0 },
        { "bcrypt:12", "$2y$11$" TAIL53, 1 },
        { "bcrypt:12", "$2b$12$" TAIL53, 0 },
        { "bcrypt:12", "{BLF-CRYPT}$2y$12$" TAIL53, 1 },
        { "{BLF-CRYPT}:12", "{BLF-CRYPT}$2y$12$" TAIL53, 0 },
        { "{BLF-CRYPT}:12", "{blf-crypt}$2y$12$" TAIL53, 0 },
        { "{BLF-CRYPT}:12", "$2y$12$" TAIL53, 1 },
        { "argon2id", "$2y$12$" TAIL53, 1 },
        { "wordpress", "$2y$12$" TAIL53, 1 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_scheme scheme;

        pwr_scheme_parse(pool, table[i].configured, &scheme);
        tap_int(pwr_scheme_is_outdated(pool, &scheme, table[i].stored),
                table[i].is_outdated, "%s under %s", table[i].stored,
                table[i].configured);
    }
}

static void test_salt(void)
{
    static const struct { pwr_scheme scheme; const char *begins; } table[] = {
        { { .kind = PWR_SCHEME_BCRYPT }, "$2y$12$" },
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10 }, "$2y$10$" },
        { { .kind = PWR_SCHEME_BCRYPT, .setting = "$2a$13$" }, "$2a$13$" },
        { { .kind = PWR_SCHEME_YESCRYPT }, "$y$j9T$" },
        { { .kind = PWR_SCHEME_YESCRYPT, .setting = "$y$jCT$" }, "$y$jCT$" },
        { { .kind = PWR_SCHEME_SCRYPT, .setting = "$7$C6..../...." },
          "$7$C6..../...." },
        { { .kind = PWR_SCHEME_SHA512_CRYPT }, "$6$rounds=100000$" },
        { { .kind = PWR_SCHEME_SHA512_CRYPT, .setting = "$6$rounds=656000$" },
          "$6$rounds=656000$" },
        { { .kind = PWR_SCHEME_ARGON2ID }, NULL },
        { { .kind = PWR_SCHEME_KEEP }, NULL },
        { { .kind = PWR_SCHEME_NONE }, NULL },
    };
    char a[CRYPT_GENSALT_OUTPUT_SIZE], b[CRYPT_GENSALT_OUTPUT_SIZE];

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *begins = table[i].begins;
        int ok = pwr_scheme_salt(&table[i].scheme, a);

        pwr_scheme_salt(&table[i].scheme, b);
        tap_ok(begins ? ok && strncmp(a, begins, strlen(begins)) == 0
                            && strlen(a) >= strlen(begins) + 16
                            && !strchr(a + strlen(begins), '$')
                            && strcmp(a, b) != 0
                      : !ok && !*a,
               "salt case %d: %s", (int)i, a);
    }
}

static void test_bytes_max(void)
{
    static const struct { pwr_scheme_kind kind; size_t max; } table[] = {
        { PWR_SCHEME_NONE, 72 }, { PWR_SCHEME_KEEP, 72 },
        { PWR_SCHEME_BCRYPT, 72 }, { PWR_SCHEME_YESCRYPT, 511 },
        { PWR_SCHEME_SCRYPT, 511 }, { PWR_SCHEME_SHA512_CRYPT, 511 },
        { PWR_SCHEME_ARGON2ID, 4096 }, { PWR_SCHEME_DJANGO, 4096 },
        { PWR_SCHEME_DRUPAL, 512 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_scheme scheme = { .kind = table[i].kind };

        tap_int((long long)pwr_scheme_bytes_max(&scheme),
                (long long)table[i].max, "most bytes of kind %d",
                table[i].kind);
    }
}

/* A decoy is verified like any row, so it must be one that is: the same engine
 * and the same work as what we write. */
static void test_decoy(apr_pool_t *pool)
{
    static const struct { pwr_scheme scheme; const char *begins; } table[] = {
        { { .kind = PWR_SCHEME_KEEP }, "$2y$12$" },
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10 }, "$2y$10$" },
        { { .kind = PWR_SCHEME_YESCRYPT }, "$y$j9T$" },
        { { .kind = PWR_SCHEME_SHA512_CRYPT }, "$6$rounds=100000$" },
        { { .kind = PWR_SCHEME_ARGON2ID }, PWR_ARGON2ID_SETTING },
        { { .kind = PWR_SCHEME_DJANGO }, PWR_DJANGO_SETTING },
        { { .kind = PWR_SCHEME_DRUPAL }, PWR_DRUPAL_SETTING },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *decoy = pwr_scheme_decoy(pool, &table[i].scheme);
        const char *begins = table[i].begins;

        tap_ok(strncmp(decoy, begins, strlen(begins)) == 0
               && pwr_format_of(decoy).engine != PWR_ENGINE_NONE,
               "decoy case %d: %s", (int)i, decoy);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_parse(pool);
    test_parse_refused(pool);
    test_choose();
    test_choose_prefix(pool);
    test_taken(pool);
    test_outdated(pool);
    test_salt();
    test_bytes_max();
    test_decoy(pool);
    return tap_end();
}
