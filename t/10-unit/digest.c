/* SPDX-License-Identifier: Apache-2.0 */
/* What programs wrote stands in t/vectors; here are published rows, and what is
 * none. */
#include "core/digest.h"

#include "tap.h"

#define MD5_HEX "5f4dcc3b5aa765d61d8327deb882cf99"
#define SHA1_HEX "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"
#define MYSQL_HEX "2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"

static int read_row(pwr_digest *digest, const char *stored)
{
    pwr_wrap wrap = pwr_wrap_of(stored);
    char text[PWR_STORED_MAX];

    return pwr_wrap_open(text, &wrap, stored)
        && pwr_digest_read(digest, &wrap, text);
}

/* All of "password". */
static void test_known(void)
{
    static const char *const table[] = {
        "{PLAIN-MD5}" MD5_HEX, "{LDAP-MD5}X03MO1qnZdYdgyfeuILPmQ==",
        "{PLAIN-MD5}5F4DCC3B5AA765D61D8327DEB882CF99",
        "{MD5}X03MO1qnZdYdgyfeuILPmQ==", "{md5raw}" MD5_HEX,
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "{SHA1}W6ph5Mm5Pz8GgiULbPgzG37mj9g", "{sha}" SHA1_HEX,
        "{SHA.HEX}" SHA1_HEX, "{PLAIN-MD4}8a9d093f14f8701df17732b2bb182c74",
        "*" MYSQL_HEX, "*2470c0c06dee42fd1618bb99005adca2ec9d1e19",
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_digest digest;

        tap_ok(read_row(&digest, table[i]), "%s is read", table[i]);
        tap_ok(pwr_digest_match(&digest, "password"), "and matches");
        tap_ok(!pwr_digest_match(&digest, "Password")
               && !pwr_digest_match(&digest, ""), "and nothing else");
        digest.bytes[digest.len - 1] ^= 1;
        tap_ok(!pwr_digest_match(&digest, "password"), "to the last bit");
    }
}

static void test_refused(void)
{
    static const char *const table[] = {
        MD5_HEX, SHA1_HEX, MYSQL_HEX, "*" MYSQL_HEX "0", "*2470C0",
        "*" "G470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", MD5_HEX ":",
        MD5_HEX "x", "a" MD5_HEX ":salt", "12345678" MD5_HEX,
        "1234567" MD5_HEX, "aB3,x$9Z" MD5_HEX "0",
        "aB3,x$9Z" "Xf4dcc3b5aa765d61d8327deb882cf99",
        "{PLAIN-MD5}" MD5_HEX "00", "{PLAIN-MD5}", "{PLAIN-MD5}" SHA1_HEX,
        "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=x", "{SHA}W6ph5Mm5",
        "{SHA256}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
        "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",  /* without salt */
        "{SSHA}", "{SSHA512}AAAA", "{SMD5}X03MO1qnZdYdgyfeuILPmQ==",
        "{CRYPT}*" MYSQL_HEX, "{CRYPT}" MD5_HEX ":salt",
        "{BITRIX}" SHA1_HEX "0", "{CRAM-MD5}" MD5_HEX, "",
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_digest digest;

        tap_ok(!read_row(&digest, table[i]), "none: %s", table[i]);
    }
}

/* Hex alone is read where the admin says what it is. */
static void test_shapes(void)
{
    static const struct { const char *stored; size_t salt_len; } table[] = {
        { MD5_HEX ":s", 1 }, { MD5_HEX ":salt:with$more", 14 },
        { "aB3,x$9Z" MD5_HEX, 8 }, { "{BITRIX}12345678" MD5_HEX, 8 },
        { "{SSHA.HEX}" SHA1_HEX "01", 1 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_digest digest;

        tap_ok(read_row(&digest, table[i].stored)
               && digest.salt_len == table[i].salt_len, "%s",
               table[i].stored);
    }
}

int main(void)
{
    tap_begin();
    test_known();
    test_refused();
    test_shapes();
    return tap_end();
}
