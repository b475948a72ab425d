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
        { "crypt", "eight characters" },
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
        { PWR_SCHEME_ARGON2ID, 4096 },
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
    test_salt();
    test_bytes_max();
    test_decoy(pool);
    return tap_end();
}
