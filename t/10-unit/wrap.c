/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wrap.h"

#include <apr_strings.h>

#include "tap.h"

#define BCRYPT "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

/* What stands behind the prefix, and what would stand before a new hash. */
static const struct {
    const char *stored;
    pwr_body body;
    const char *md;
    const char *opened;
    const char *prefix;
} known[] = {
    { BCRYPT, PWR_BODY_CRYPT, NULL, BCRYPT, "" },
    { "secret", PWR_BODY_CRYPT, NULL, "secret", "" },
    { "{PLAIN}pass{word}", PWR_BODY_PLAIN, NULL, "pass{word}", "{PLAIN}" },
    { "{plain}x", PWR_BODY_PLAIN, NULL, "x", "{plain}" },
    { "{PLAIN.B64}cGFzcw==", PWR_BODY_PLAIN, NULL, "pass", "{PLAIN}" },
    { "{PLAIN.HEX}70617373", PWR_BODY_PLAIN, NULL, "pass", "{PLAIN}" },
    { "{Clear.base64}cGFzcw", PWR_BODY_PLAIN, NULL, "pass", "{Clear}" },
    { "{CRYPT}" BCRYPT, PWR_BODY_CRYPT, NULL, BCRYPT, "{CRYPT}" },
    { "{BLF-CRYPT}" BCRYPT, PWR_BODY_CRYPT, NULL, BCRYPT, "{BLF-CRYPT}" },
    { "{SHA512-CRYPT.B64}JDYkc2FsdCR4", PWR_BODY_CRYPT, NULL, "$6$salt$x",
      "{SHA512-CRYPT}" },
    { "{MD5}$1$abcdefgh$x", PWR_BODY_CRYPT, NULL, "$1$abcdefgh$x", "{MD5}" },
    { "{MD5}X03MO1qnZdYdgyfeuILPmQ==", PWR_BODY_DIGEST, "MD5",
      "X03MO1qnZdYdgyfeuILPmQ==", "{MD5}" },
    { "{md5.HEX}5f4d", PWR_BODY_DIGEST, "MD5", "5f4d", "{md5}" },
    { "{SSHA512}x", PWR_BODY_SALTED, "SHA512", "x", "{SSHA512}" },
    { "{NTLM}8846F7EAEE8FB117AD06BDD830B7586C", PWR_BODY_NT, NULL,
      "$3$$8846f7eaee8fb117ad06bdd830b7586c", "{NTLM}" },
    { "$wp" BCRYPT, PWR_BODY_CRYPT, NULL, BCRYPT, "$wp" },
    { "bcrypt_sha256$" BCRYPT, PWR_BODY_CRYPT, NULL, BCRYPT,
      "bcrypt_sha256$" },
    { "argon2$argon2id$v=19$x", PWR_BODY_CRYPT, NULL, "$argon2id$v=19$x",
      "argon2" },
    { "U$S$x", PWR_BODY_CRYPT, NULL, "$S$x", "U" },
    { "Uwe", PWR_BODY_CRYPT, NULL, "Uwe", "" },
    { "1|" BCRYPT, PWR_BODY_CRYPT, NULL, BCRYPT, "1|" },
    { "2|$argon2i$v=19$x", PWR_BODY_CRYPT, NULL, "$argon2i$v=19$x", "2|" },
    { "3|$argon2id$v=19$x", PWR_BODY_CRYPT, NULL, "$argon2id$v=19$x",
      "3|" },
    { "4|" BCRYPT, PWR_BODY_CRYPT, NULL, "4|" BCRYPT, "" },
    { "1|$6$salt$x", PWR_BODY_CRYPT, NULL, "1|$6$salt$x", "" },
    { "pbkdf2_sha256$1$s$x", PWR_BODY_PBKDF2_TEXT, "SHA256", "1$s$x",
      "pbkdf2_sha256$" },
};

static void test_known(void)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        const char *stored = known[i].stored;
        pwr_wrap wrap = pwr_wrap_of(stored);
        char opened[PWR_STORED_MAX], prefix[PWR_PREFIX_MAX];

        tap_int(wrap.body, known[i].body, "%s", stored);
        tap_str(wrap.md, known[i].md, "its digest");
        tap_ok(pwr_wrap_open(opened, &wrap, stored), "it opens");
        tap_str(opened, known[i].opened, "and holds");
        pwr_wrap_prefix(prefix, &wrap, stored);
        tap_str(prefix, known[i].prefix, "behind");
    }
}

static void test_unknown(void)
{
    static const char *const table[] = {
        "{", "{}", "{}x", "{FOO}x", "{PLAIN", "{PLAIN.}x", "{PLAIN.XML}x",
        "{.HEX}x", "{ PLAIN}x", "{PLAIN }x", "{BLF-CRYPT}$6$salt$x",
        ("{SHA512-CRYPT}" BCRYPT), "{LANMAN}x",
    };
    static const char *const broken[] = {
        "{SHA512-CRYPT.B64}JDUkc2FsdCR4", "{BLF-CRYPT.HEX}2436",
        "{PLAIN.B64}!", "{PLAIN.HEX}7", "{PLAIN.HEX}700071", "{PLAIN.B64}",
        "{NTLM}8846f7", "{NTLM}8846F7EAEE8FB117AD06BDD830B7586C00",
    };
    char opened[PWR_STORED_MAX];

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_wrap wrap = pwr_wrap_of(table[i]);

        tap_ok(wrap.body == PWR_BODY_NONE
               && !pwr_wrap_open(opened, &wrap, table[i]) && !*opened,
               "unknown: %s", table[i]);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        pwr_wrap wrap = pwr_wrap_of(broken[i]);

        tap_ok(!pwr_wrap_open(opened, &wrap, broken[i]) && !*opened,
               "broken: %s", broken[i]);
    }
}

static void test_long(apr_pool_t *pool)
{
    char *text = apr_palloc(pool, 2 * PWR_STORED_MAX), *stored;
    char opened[PWR_STORED_MAX];

    for (size_t n = PWR_STORED_MAX - 1; n <= PWR_STORED_MAX; n++) {
        pwr_wrap wrap;

        memset(text, 'a', n);
        text[n] = '\0';
        stored = apr_pstrcat(pool, "{PLAIN}", text, NULL);
        wrap = pwr_wrap_of(stored);
        tap_int(pwr_wrap_open(opened, &wrap, stored), n < PWR_STORED_MAX,
                "%d bytes", (int)n);
    }
}

static void test_default(apr_pool_t *pool)
{
    static const struct { const char *name, *stored, *named; } table[] = {
        { "PLAIN-MD5", "5f4dcc", "{PLAIN-MD5}5f4dcc" },
        { "PLAIN", "correcthorses", "{PLAIN}correcthorses" },
        { "SHA", "_J9..rasmBYk8r9AiWNc", "{SHA}_J9..rasmBYk8r9AiWNc" },
        { NULL, "5f4dcc", "5f4dcc" },
        { "PLAIN", "{SHA}x", "{SHA}x" }, { "PLAIN", "{FOO}x", "{FOO}x" },
        { "PLAIN", BCRYPT, BCRYPT }, { "PLAIN", "$x", "$x" },
        { "PLAIN", "", "" }, { "PLAIN", "*", "*" }, { "PLAIN", "!x", "!x" },
        { "PLAIN", "U$S$x", "U$S$x" },
        { "PLAIN", "argon2$argon2id$x", "argon2$argon2id$x" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_wrap_default(pool, table[i].name, table[i].stored),
                table[i].named, "%s by %s", table[i].stored,
                table[i].name ? table[i].name : "(none)");
    }
    tap_str(pwr_wrap_default(pool, "PLAIN", NULL), NULL, "nothing stored");
}

static void test_login(apr_pool_t *pool)
{
    static const struct { const char *login, *stored, *whole; } table[] = {
        { "ivan", "{DIGEST-MD5}5f4d", "{DIGEST-MD5}5f4d:ivan::" },
        { "ivan@a.example", "{digest-md5}5f4d",
          "{digest-md5}5f4d:ivan:a.example:" },
        { "a@b@c", "{DIGEST-MD5.B64}x", "{DIGEST-MD5.B64}x:a:b@c:" },
        { "", "{DIGEST-MD5}5f4d", "{DIGEST-MD5}5f4d:::" },
        { NULL, "{DIGEST-MD5}5f4d", "{DIGEST-MD5}5f4d" },
        { "ivan", "{DIGEST-MD5}5f4d:olga::", "{DIGEST-MD5}5f4d:olga::" },
        { "ivan", "{PLAIN-MD5}5f4d", "{PLAIN-MD5}5f4d" },
        { "ivan", BCRYPT, BCRYPT }, { "ivan", NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_wrap_with_login(pool, table[i].login, table[i].stored),
                table[i].whole, "%s of %s",
                table[i].stored ? table[i].stored : "nothing",
                table[i].login ? table[i].login : "nobody");
    }
}

static void test_names(apr_pool_t *pool)
{
    static const char *const good[] = {
        "PLAIN-MD5", "plain-md5", "CRYPT", "Ssha512", "BITRIX",
    };
    static const char *const bad[] = {
        "", "MD55", "{PLAIN}", "PLAIN.HEX", "LANMAN",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        tap_str(pwr_wrap_name_refusal(pool, good[i]), NULL, "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *said = pwr_wrap_name_refusal(pool, bad[i]);

        tap_ok(said && strstr(said, "possible are PLAIN CLEARTEXT"),
               "no \"%s\"", bad[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_known();
    test_unknown();
    test_long(pool);
    test_default(pool);
    test_login(pool);
    test_names(pool);
    return tap_end();
}
