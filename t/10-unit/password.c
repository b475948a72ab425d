/* SPDX-License-Identifier: Apache-2.0 */
#include "core/password.h"

#include <time.h>

#include <apr_strings.h>

#include "tap.h"

#define PASSPHRASE "secret one"

static int verify(const char *password, const char *stored)
{
    int match = 1;

    pwr_password_verify(password, stored, &match);
    return match;
}

/* Made by other programs (OpenSSL, htpasswd, Python's hashlib) or published
 * with the format; only the last seven come from libxcrypt and libargon2. */
static const struct { const char *password, *stored; } vectors[] = {
    { "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" },
    { "rasmuslerdorf",
      "$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi" },
    { PASSPHRASE,
      "$2y$10$peJHjOYTMdPw/9EkrSaXsuWO.UJqE7Vv69s/adv1V5Le9U6pNbRaO" },
    { "correct horse", "$7$C6..../....kCtyXCHNmvhHqQsWbKqYc1$qt7LoYJJTWvZ11viy"
      "oWCOAAidV96hwhC1jwJ4.p91wB" },
    { "correct horse", "$7$86....0....kCtyXCHNmvhHqQsWbKqYc1$Z7PXq.FU93Q1ni6y6"
      "JRshTUEaxWygPyRTo3t7n6fD47" },
    { "пароль", "$6$abcdefghijklmnop$dRUpjCQeRtIDsiuLpjDekFf7jpl6lwcdKZPD/qy/F"
      "5.nA9pvKVoz7zD1mpVXTRKnRN/d53NyEeuuExVvk27WW1" },
    { PASSPHRASE, "$5$abcdefghijklmnop$E5Fapcmn61/LleTemA/wMh/.KUqgjqEu8V4AxnY"
      "Tyy9" },
    { PASSPHRASE, "$1$abcdefgh$gIkpm/Mf.j.NzD82MOVS00" },
    { PASSPHRASE, "$apr1$abcdefgh$4LI/Gn3evKPkoomhqknWK." },
    { "пароль", "{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=" },
    { "password", "$3$$8846f7eaee8fb117ad06bdd830b7586c" },
    { "password", "{NTLM}8846F7EAEE8FB117AD06BDD830B7586C" },
    { "password", "$sha1$64000$wnUR8T1U$vt1TFQ50tBMFgkflAFAOer2CwdYZ" },
    { "rasmuslerdorf", "_J9..rasmBYk8r9AiWNc" },
    { "rasmuslerdorf", "rl.3StKT.4T8M" },
    { "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA"
      "4rEsF5h7TKyQwu9U1bMCHGi/4" },
    { "password", "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79i"
      "DXuL5/0ttZwg2f/5U52iv1cDc" },
    { "password", "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQ"
      "an76Q5esCFVoT5MAeIM1Oq2E" },
    { "password", "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur"
      "+GP960kN9j7emXX8zwY" },
    { "password",
      "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$4k32S5d0K+RTKTAK6uHKNQ" },
    { "p\xC3\xA4ss", "$argon2id$v=19$m=256,t=2,p=4$MDEyMzQ1Njc4OWFiY2RlZg$6Dq1"
      "4i8rIhQ4dYZVI8QH39iaPdrHAGDO" },
    { PASSPHRASE,
      "$2b$05$CCCCCCCCCCCCCCCCCCCCC.Tpy.dunmoMOmmDPtkoCtbHu2l6p4AH." },
    { PASSPHRASE,
      "$2x$05$CCCCCCCCCCCCCCCCCCCCC.Tpy.dunmoMOmmDPtkoCtbHu2l6p4AH." },
    { PASSPHRASE, "$y$j75$F5Jx5fExrKuPp53xLKQ..1$9jxY8voZ0dcbgZhhCKUPGAPwTLQut"
      "DbKqANnYyiuKOB" },
    { PASSPHRASE, "$gy$j75$F5Jx5fExrKuPp53xLKQ..1$1EUoZxgOaKlVBibPAk3/.ie8EFha"
      "pIp1/DCd9KTBA2C" },
    { "passwd", "$md5,rounds=5000$GUBv0xjJ$$.CELi7blTxp3uq3U/gb171" },
};

static void test_vectors(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
        const char *password = vectors[i].password, *stored = vectors[i].stored;
        char *other = apr_pstrdup(pool, stored);
        size_t last = strlen(stored) - 2;

        tap_ok(verify(password, stored), "%s is verified", stored);
        tap_ok(!verify(apr_pstrcat(pool, "x", password, NULL), stored)
               && !verify("", stored) && !verify(stored, stored),
               "... another password is not");
        other[last] = other[last] == 'k' ? 'm' : 'k';
        tap_ok(!verify(password, other), "... nor with another hash");
        other[last] = '\0';
        tap_ok(!verify(password, other), "... nor with a cut one");
        tap_ok(!verify(password, apr_pstrcat(pool, stored, "k", NULL)),
               "... nor with a longer one");
    }
}

/* What never verifies, above all what is stored being the password itself. */
static void test_refused(void)
{
    static const struct { const char *password, *stored; } table[] = {
        { NULL, NULL }, { "x", NULL }, { NULL, "x" },
        { "", "" }, { "*", "*" }, { "!", "!" }, { "x", "" }, { "", "*" },
        { "*0", "*0" }, { "*1", "*1" }, { "password", "password" },
        { "correcthorses", "correcthorses" },       /* 13, looks like DES */
        { "_J9..rasmBYk8r9AiWNx", "_J9..rasmBYk8r9AiWNx" },
        { "password", "5f4dcc3b5aa765d61d8327deb882cf99" },
        { "password", "{PLAIN}" }, { "", "{PLAIN}" }, { "x", "{PLAIN}xx" },
        { "{PLAIN}x", "{PLAIN}x" }, { "x", "{PLAIN-TRUNC}0-" },
        { "password", "{PLAIN-TRUNC}0-x" },
        { "xylophone", "{PLAIN-TRUNC}1-x" },    /* nearly nothing is kept */
        { "passwort", "{PLAIN-TRUNC}8-password" },
        { "pass", "{PLAIN-TRUNC}8-password" },
        { " ", "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/" },
        { "", "$1$abcdefgh$" },
        { "", "$1$abcdefgh$M55TzYaaccxVGbptZWaxX/" },   /* of the empty one */
        { "", "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=" },
        { "", "d41d8cd98f00b204e9800998ecf8427e" },
        { "", "{PLAIN-MD5}d41d8cd98f00b204e9800998ecf8427e" },
        { "password", "$3$$" },
        { "password", "$6$salt$" },
        { "password", "{SHA}" },
        { "password", "$apr1$" },
        { "password", "$apr1$abcdefgh$" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$$" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65" },
        /* right, but of twelve bytes */
        { "password",
          "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$OXo6kFR2rHqtxDDr" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/u"
          "IPnA4rEsF5h7TKyQwu9U1bMCHGi/4=" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/u"
          "IPnA4rEsF5h7TKyQwu9U1bMCHGi/4$" },
        { "password", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhb!Q$nf65EOgLrQMR/u"
          "IPnA4rEsF5h7TKyQwu9U1bMCHGi/4" },
        { "password", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uI"
          "PnA4rEsF5h7TKyQwu9U1bMCHGi/4" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_ok(!verify(table[i].password, table[i].stored),
               "refused case %d: %s", (int)i,
               table[i].stored ? table[i].stored : "NULL");
    }
}

/* A row that would hash for hours is refused before any hashing. */
static void test_ceilings(void)
{
    static const char *const table[] = {
        "$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$6$rounds=999999999$abcdefghijklmnop$dRUpjCQeRtIDsiuLpjDekF",
        "$sha1$4294967295$wnUR8T1U$vt1TFQ50tBMFgkflAFAOer2CwdYZ",
        "$md5,rounds=4294967295$GUBv0xjJ$$.CELi7blTxp3uq3U/gb171",
        "$y$jFT$F5Jx5fExrKuPp53xLKQ..1$9jxY8voZ0dcbgZhhCKUPGAPwTLQutDbKqANnYy",
        "$7$GU..../....kCtyXCHNmvhHqQsWbKqYc1$qt7LoYJJTWvZ11viyoWCOAAidV96hwh",
        "$argon2id$v=19$m=4194304,t=9,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF",
        "{BLF-CRYPT}$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyO"
        "eW", "$wp$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$P$StLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/", "U$P$StLiYOYfOdtfWUfXbRaCvxWcdJt"
        "GdJ/", "pbkdf2_sha256$9000000$x$GiC4k5kqbbR9qWBlsRgDywNqC2vd9kqfk7zdo"
        "rEnNas=", "{SCRAM-SHA-1}9000000,QSXCR+Q6sek8bf92,6dlGYMOdZcOPutkcNY8U"
        "2g7vK9Y=,D+CSWLOshSulAsxiupA+qs2/fTE=", "{PBKDF2}$1$salt$9000000$4b00"
        "7901b765489abead49d926f721d065a429c1",
    };
    clock_t begun = clock();

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_ok(!verify(PASSPHRASE, table[i]), "too dear: %s", table[i]);
    }
    tap_ok(clock() - begun < CLOCKS_PER_SEC / 2, "... and nothing was hashed");
}

static char *repeat(apr_pool_t *pool, char c, size_t n)
{
    char *s = apr_palloc(pool, n + 1);

    memset(s, c, n);
    s[n] = '\0';
    return s;
}

/* bcrypt would take any tail beyond 72 bytes for the password. */
static void test_lengths(apr_pool_t *pool)
{
    static const struct { pwr_scheme scheme; size_t max; } table[] = {
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10 }, 72 },
        { { .kind = PWR_SCHEME_SHA512_CRYPT, .cost = 5000 }, 511 },
        { { .kind = PWR_SCHEME_ARGON2ID }, 4096 },
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10, .prefix = "$wp",
            .prehash = PWR_PREHASH_WORDPRESS }, 4096 },
        { { .kind = PWR_SCHEME_DRUPAL, .setting = "$S$9" }, 512 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        char *longest = repeat(pool, 'a', table[i].max);
        char *longer = repeat(pool, 'a', table[i].max + 1);
        const char *stored = "unset";

        tap_int(pwr_password_make(pool, &table[i].scheme, longer, &stored),
                APR_EINVAL, "%d bytes are refused", (int)strlen(longer));
        tap_str(stored, NULL, "... and nothing is made");
        tap_int(pwr_password_make(pool, &table[i].scheme, longest, &stored),
                APR_SUCCESS, "%d bytes are hashed", (int)strlen(longest));
        tap_ok(verify(longest, stored), "... verified");
        tap_ok(!verify(longer, stored), "... and not with a byte more");
        longest[table[i].max - 1] = 'b';
        tap_ok(!verify(longest, stored), "... and the last byte counts");
    }
    tap_ok(!verify(repeat(pool, 'a', 1 << 20), vectors[0].stored)
           && !verify(repeat(pool, 'a', 4097), apr_pstrcat(
               pool, "{PLAIN}", repeat(pool, 'a', 4097), NULL)),
           "a megabyte is no password, nor 4097 bytes");
    tap_ok(verify(repeat(pool, 'a', 4096), "{SHA}jFH7agtYfslcp0rPpD33U5tIYpc=")
           && !verify(repeat(pool, 'a', 4097),
                      "{SHA}MjROJekcCwfVIW3klijuJDgTwO0="),
           "not even of a hash that would be right");
    tap_ok(pwr_password_fits("x", "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/")
           && !pwr_password_fits(" ", "$P$BtLiYOYfOdtfWUfXbRaCvxWcdJtGdJ/")
           && !pwr_password_fits(repeat(pool, 'a', 73), vectors[0].stored)
           && !pwr_password_fits("x", "!") && !pwr_password_fits("x", NULL),
           "what takes no hash is known before");
}

static void test_make(apr_pool_t *pool)
{
    static const struct { pwr_scheme scheme; const char *begins; } table[] = {
        { { .kind = PWR_SCHEME_BCRYPT }, "$2y$12$" },
        { { .kind = PWR_SCHEME_BCRYPT, .setting = "$2b$10$" }, "$2b$10$" },
        { { .kind = PWR_SCHEME_YESCRYPT }, "$y$j9T$" },
        { { .kind = PWR_SCHEME_SCRYPT, .setting = "$7$C6..../...." },
          "$7$C6..../...." },
        { { .kind = PWR_SCHEME_SHA512_CRYPT }, "$6$rounds=100000$" },
        { { .kind = PWR_SCHEME_SHA512_CRYPT, .cost = 5000 }, "$6$" },
        { { .kind = PWR_SCHEME_ARGON2ID }, "$argon2id$v=19$m=19456,t=2,p=1$" },
        { { .kind = PWR_SCHEME_ARGON2ID,
            .setting = "$argon2id$v=16$m=7168,t=5,p=4$" },
          "$argon2id$v=19$m=7168,t=5,p=4$" },
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10, .prefix = "{BLF-CRYPT}" },
          "{BLF-CRYPT}$2y$10$" },
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10, .prefix = "$wp",
            .prehash = PWR_PREHASH_WORDPRESS }, "$wp$2y$10$" },
        { { .kind = PWR_SCHEME_BCRYPT, .cost = 10, .prefix = "bcrypt_sha256$",
            .prehash = PWR_PREHASH_SHA256 }, "bcrypt_sha256$$2y$10$" },
        { { .kind = PWR_SCHEME_DJANGO }, "pbkdf2_sha256$600000$" },
        { { .kind = PWR_SCHEME_DRUPAL }, "$S$F" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *begins = table[i].begins, *a, *b;
        apr_status_t status = pwr_password_make(pool, &table[i].scheme,
                                                PASSPHRASE, &a);

        tap_int(status, APR_SUCCESS, "%s is made", begins);
        pwr_password_make(pool, &table[i].scheme, PASSPHRASE, &b);
        tap_ok(a && strncmp(a, begins, strlen(begins)) == 0
               && !strstr(a + strlen(begins), "rounds="), "... as %s", a);
        tap_ok(verify(PASSPHRASE, a) && !verify("secret onf", a),
               "... and verified");
        tap_ok(a && b && strcmp(a, b) != 0, "... with a salt of its own");
    }
}

static void test_make_refused(apr_pool_t *pool)
{
    static const struct { pwr_scheme scheme; const char *password; } table[] = {
        { { .kind = PWR_SCHEME_NONE }, PASSPHRASE },
        { { .kind = PWR_SCHEME_KEEP }, PASSPHRASE },
        { { .kind = PWR_SCHEME_BCRYPT }, "" },
        { { .kind = PWR_SCHEME_ARGON2ID }, "" },
        { { .kind = PWR_SCHEME_BCRYPT, .setting = "$9z$" }, PASSPHRASE },
        { { .kind = PWR_SCHEME_ARGON2ID, .setting = "$9z$" }, PASSPHRASE },
        { { .kind = PWR_SCHEME_DJANGO, .setting = "$9z$" }, PASSPHRASE },
        { { .kind = PWR_SCHEME_DRUPAL, .setting = "$9z$" }, PASSPHRASE },
        { { .kind = PWR_SCHEME_BCRYPT, .prehash = PWR_PREHASH_TRIM }, " \t" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *stored = "unset";
        apr_status_t status = pwr_password_make(pool, &table[i].scheme,
                                                table[i].password, &stored);

        tap_ok(status != APR_SUCCESS && !stored, "not made: case %d", (int)i);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_vectors(pool);
    test_refused();
    test_ceilings();
    test_lengths(pool);
    test_make(pool);
    test_make_refused(pool);
    return tap_end();
}
