/* SPDX-License-Identifier: Apache-2.0 */
#include "core/form.h"

#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

static const pwr_form_field fields[] = {
    { "email", 20 },
    { "token", 8 },
    { "return", 0 },
    { NULL, 0 }
};

/* Bodies without a NUL; email and token are what is then found. */
static const struct {
    const char *body;
    pwr_form_verdict verdict;
    const char *email, *token;
} decoded[] = {
    { "", PWR_FORM_OK, NULL, NULL },
    { "email=a%40b.org&token=xyz", PWR_FORM_OK, "a@b.org", "xyz" },
    { "email=", PWR_FORM_OK, "", NULL },
    { "email", PWR_FORM_OK, "", NULL },
    { "email&token=t", PWR_FORM_OK, "", "t" },
    { "=", PWR_FORM_OK, NULL, NULL },
    { "&", PWR_FORM_OK, NULL, NULL },
    { "&&&=&&=x&email=a", PWR_FORM_OK, "a", NULL },
    { "email=a&", PWR_FORM_OK, "a", NULL },
    { "email==b=c", PWR_FORM_OK, "=b=c", NULL },
    { "email=+a+b+", PWR_FORM_OK, " a b ", NULL },
    { "email=a%2Bb", PWR_FORM_OK, "a+b", NULL },
    { "email=a%2bb", PWR_FORM_OK, "a+b", NULL },
    { "email=A%26token=b", PWR_FORM_OK, "A&token=b", NULL },
    { "%65mail=a", PWR_FORM_OK, "a", NULL },
    { "EMAIL=a", PWR_FORM_OK, NULL, NULL },
    { "email=a%0D%0Ab", PWR_FORM_OK, "a\r\nb", NULL },
    { "email=a\r\nb", PWR_FORM_OK, "a\r\nb", NULL },
    { "email=%25zz", PWR_FORM_OK, "%zz", NULL },
    { "email=%D0%9F", PWR_FORM_OK, "\xD0\x9F", NULL },
    { "email=\xD0\x9F", PWR_FORM_OK, "\xD0\x9F", NULL },
    { "email=\xD0%9F", PWR_FORM_OK, "\xD0\x9F", NULL },
    { "email=a;token=b", PWR_FORM_OK, "a;token=b", NULL },
    /* names that other languages would merge with a known one */
    { "token=a&token[]=b", PWR_FORM_OK, NULL, "a" },
    { "token=a&token%5B%5D=b&token+=c&+token=d&Token=e", PWR_FORM_OK,
      NULL, "a" },
    { "token=a&token%20=b&token.=c&token%5B0%5D=d", PWR_FORM_OK,
      NULL, "a" },
    { "other=1&other=2&email=a", PWR_FORM_OK, "a", NULL },
    /* repeated */
    { "email=a&email=b", PWR_FORM_REPEATED, NULL, NULL },
    { "email=a&email=a", PWR_FORM_REPEATED, NULL, NULL },
    { "email=a&email", PWR_FORM_REPEATED, NULL, NULL },
    { "email=&email=a", PWR_FORM_REPEATED, NULL, NULL },
    { "email=a&%65%6D%61%69%6C=b", PWR_FORM_REPEATED, NULL, NULL },
    { "email=a&token=b&x=y&email=c", PWR_FORM_REPEATED, NULL, NULL },
    /* undecodable */
    { "email=%zz", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%4", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%&token=40", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%4&token=0", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%+1", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=% 1", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%-1", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%u0041", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%%341", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%00", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=a%00b", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=\x80", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%80", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%FF", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%C0%80", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%C0%AF", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%E0%80%AF", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%ED%A0%80", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%F4%90%80%80", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=%D0", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email%00=a", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=a&token%00x=b", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=a&unknown=%zz", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=a&%zz=b", PWR_FORM_UNDECODABLE, NULL, NULL },
    { "email=a&%zz", PWR_FORM_UNDECODABLE, NULL, NULL },
    /* sizes are of the decoded value */
    { "token=%61%61%61%61%61%61%61%61", PWR_FORM_OK, NULL, "aaaaaaaa" },
    { "token=aaaaaaaaa", PWR_FORM_OVERSIZED, NULL, NULL },
    { "return=", PWR_FORM_OK, NULL, NULL },
    { "return=x", PWR_FORM_OVERSIZED, NULL, NULL },
};

static void test_decode(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(decoded) / sizeof(*decoded); i++) {
        const pwr_form *form;
        const char *shown = pwr_text_printable(pool, decoded[i].body, 60);
        pwr_form_verdict verdict
            = pwr_form_decode(pool, decoded[i].body, strlen(decoded[i].body),
                              fields, &form);

        tap_int(verdict, decoded[i].verdict, "verdict on %s", shown);
        tap_ok((form != NULL) == (verdict == PWR_FORM_OK),
               "a form only where it is good: %s", shown);
        tap_str(pwr_form_get(form, "email"), decoded[i].email,
                "email of %s", shown);
        tap_str(pwr_form_get(form, "token"), decoded[i].token,
                "token of %s", shown);
    }
}

#define O PWR_FORM_OK
#define U PWR_FORM_UNDECODABLE

/* JSON without a NUL, likewise. */
static const struct {
    const char *body;
    pwr_form_verdict verdict;
    const char *email, *token;
} json[] = {
    { "{}", O, NULL, NULL },
    { " \t\r\n{ } \n", O, NULL, NULL },
    { "{\"email\":\"a@b.org\",\"token\":\"xyz\"}", O, "a@b.org", "xyz" },
    { " { \"email\" : \"a\" , \"token\" : \"\" } ", O, "a", "" },
    { "{\"email\":\"+%40&=\"}", O, "+%40&=", NULL },
    { "{\"email\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", O,
      "\"\\/\b\f\n\r\t", NULL },
    { "{\"email\":\"\\u0041\\u041F\\u041f\"}", O, "A\xD0\x9F\xD0\x9F",
      NULL },
    { "{\"email\":\"\\uD83D\\uDE00\"}", O, "\xF0\x9F\x98\x80", NULL },
    { "{\"email\":\"\xD0\x9F\"}", O, "\xD0\x9F", NULL },
    { "{\"\\u0065mail\":\"a\"}", O, "a", NULL },
    { "{\"Email\":\"a\",\"token[]\":\"b\",\"token \":\"c\",\"\":\"d\"}", O,
      NULL, NULL },
    { "{\"x\":\"1\",\"x\":\"2\",\"email\":\"a\"}", O, "a", NULL },
    /* repeated */
    { "{\"email\":\"a\",\"email\":\"b\"}", PWR_FORM_REPEATED, NULL, NULL },
    { "{\"email\":\"a\",\"email\":\"a\"}", PWR_FORM_REPEATED, NULL, NULL },
    { "{\"email\":\"a\",\"\\u0065mail\":\"b\"}", PWR_FORM_REPEATED, NULL,
      NULL },
    /* other values */
    { "{\"email\":null}", U, NULL, NULL },
    { "{\"email\":true}", U, NULL, NULL },
    { "{\"email\":0}", U, NULL, NULL },
    { "{\"email\":[\"a\",\"b\"]}", U, NULL, NULL },
    { "{\"email\":{\"$ne\":\"\"}}", U, NULL, NULL },
    { "{\"email\":\"a\",\"x\":1}", U, NULL, NULL },
    /* no object */
    { "", U, NULL, NULL },
    { " ", U, NULL, NULL },
    { "null", U, NULL, NULL },
    { "\"email\"", U, NULL, NULL },
    { "[\"email\",\"a\"]", U, NULL, NULL },
    { "[{\"email\":\"a\"}]", U, NULL, NULL },
    { "email=a", U, NULL, NULL },
    { "{\"email\":\"a\"}{}", U, NULL, NULL },
    { "{\"email\":\"a\"} x", U, NULL, NULL },
    { "{}}", U, NULL, NULL },
    { "\xEF\xBB\xBF{}", U, NULL, NULL },
    /* broken */
    { "{", U, NULL, NULL },
    { "{\"email\"", U, NULL, NULL },
    { "{\"email\":", U, NULL, NULL },
    { "{\"email\":\"a", U, NULL, NULL },
    { "{\"email\":\"a\"", U, NULL, NULL },
    { "{\"email\":\"a\",", U, NULL, NULL },
    { "{\"email\":\"a\",}", U, NULL, NULL },
    { "{,\"email\":\"a\"}", U, NULL, NULL },
    { "{\"email\" \"a\"}", U, NULL, NULL },
    { "{\"email\":\"a\" \"token\":\"b\"}", U, NULL, NULL },
    { "{email:\"a\"}", U, NULL, NULL },
    { "{'email':'a'}", U, NULL, NULL },
    { "{\"email\":\"a\" /* b */}", U, NULL, NULL },
    { "{\"email\":\"a\nb\"}", U, NULL, NULL },
    { "{\"email\":\"a\x1F\"}", U, NULL, NULL },
    /* escapes */
    { "{\"email\":\"\\\"}", U, NULL, NULL },
    { "{\"email\":\"\\", U, NULL, NULL },
    { "{\"email\":\"\\a\"}", U, NULL, NULL },
    { "{\"email\":\"\\x41\"}", U, NULL, NULL },
    { "{\"email\":\"\\U0041\"}", U, NULL, NULL },
    { "{\"email\":\"\\u\"}", U, NULL, NULL },
    { "{\"email\":\"\\u004", U, NULL, NULL },
    { "{\"email\":\"\\u004\"}", U, NULL, NULL },
    { "{\"email\":\"\\u00g1\"}", U, NULL, NULL },
    { "{\"email\":\"\\u+041\"}", U, NULL, NULL },
    { "{\"email\":\"a\\u0000b\"}", U, NULL, NULL },
    { "{\"ema\\u0000il\":\"a\"}", U, NULL, NULL },
    { "{\"email\":\"\\uD83D\"}", U, NULL, NULL },
    { "{\"email\":\"\\uDE00\"}", U, NULL, NULL },
    { "{\"email\":\"\\uD83D\\uD83D\"}", U, NULL, NULL },
    { "{\"email\":\"\\uD83Dx\"}", U, NULL, NULL },
    { "{\"email\":\"\\uD83D\\u0041\"}", U, NULL, NULL },
    /* not UTF-8 */
    { "{\"email\":\"\xFF\"}", U, NULL, NULL },
    { "{\"email\":\"\xC0\xAF\"}", U, NULL, NULL },
    { "{\"email\":\"\xED\xA0\x80\"}", U, NULL, NULL },
    { "{\"email\":\"\xD0\"}", U, NULL, NULL },
    { "{\"\x80\":\"a\"}", U, NULL, NULL },
    /* sizes are of the decoded value */
    { "{\"token\":\"\\u0061\\u0061aaaaaa\"}", O, NULL, "aaaaaaaa" },
    { "{\"token\":\"aaaaaaaaa\"}", PWR_FORM_OVERSIZED, NULL, NULL },
};

static void test_json(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(json) / sizeof(*json); i++) {
        const pwr_form *form;
        const char *shown = pwr_text_printable(pool, json[i].body, 60);
        pwr_form_verdict verdict
            = pwr_form_decode_json(pool, json[i].body, strlen(json[i].body),
                                   fields, &form);

        tap_int(verdict, json[i].verdict, "verdict on %s", shown);
        tap_ok((form != NULL) == (verdict == PWR_FORM_OK),
               "a form only where it is good: %s", shown);
        tap_str(pwr_form_get(form, "email"), json[i].email, "email of %s",
                shown);
        tap_str(pwr_form_get(form, "token"), json[i].token, "token of %s",
                shown);
    }
}

static void test_json_nul(apr_pool_t *pool)
{
    static const char value[] = "{\"email\":\"a\0b\"}", behind[] = "{}\0";
    const pwr_form *form;

    tap_int(pwr_form_decode_json(pool, value, sizeof(value) - 1, fields,
                                 &form), U, "a raw NUL in a value of JSON");
    tap_int(pwr_form_decode_json(pool, behind, 3, fields, &form), U,
            "and behind the object");
    tap_int(pwr_form_decode_json(pool, behind, 2, fields, &form), O,
            "bytes behind the body are not read");
}

static void test_nul(apr_pool_t *pool)
{
    static const char value[] = "email=a\0b", name[] = "ema\0il=a";
    const pwr_form *form = (const pwr_form *)pool;

    tap_int(pwr_form_decode(pool, value, sizeof(value) - 1, fields, &form),
            PWR_FORM_UNDECODABLE, "a raw NUL in a value");
    tap_ok(form == NULL, "the form is NULL after a refusal");
    tap_int(pwr_form_decode(pool, name, sizeof(name) - 1, fields, &form),
            PWR_FORM_UNDECODABLE, "a raw NUL in a name");
    tap_int(pwr_form_decode(pool, "email=abc", 7, fields, &form), PWR_FORM_OK,
            "bytes behind the body");
    tap_str(pwr_form_get(form, "email"), "a", "are not read");
}

static const char *repeat(apr_pool_t *pool, const char *piece, int n)
{
    size_t len = strlen(piece);
    char *text = apr_palloc(pool, len * (size_t)n + 1);

    for (int i = 0; i < n; i++) {
        memcpy(text + len * (size_t)i, piece, len);
    }
    text[len * (size_t)n] = '\0';
    return text;
}

static void test_sizes(apr_pool_t *pool)
{
    const struct {
        const char *name, *body;
        pwr_form_verdict verdict;
    } table[] = {
        { "32 fields", repeat(pool, "a=b&", 32), PWR_FORM_OK },
        { "33 fields", repeat(pool, "a=b&", 33), PWR_FORM_OVERSIZED },
        { "33 names alone", repeat(pool, "a&", 33), PWR_FORM_OVERSIZED },
        { "a million fields", repeat(pool, "a&", 1000000),
          PWR_FORM_OVERSIZED },
        { "a million empty pairs", repeat(pool, "&", 1000000), PWR_FORM_OK },
        { "a huge known value",
          apr_pstrcat(pool, "email=", repeat(pool, "%61", 500000), NULL),
          PWR_FORM_OVERSIZED },
        { "a huge unknown value", repeat(pool, "a=", 500000), PWR_FORM_OK },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const pwr_form *form;

        tap_int(pwr_form_decode(pool, table[i].body, strlen(table[i].body),
                                fields, &form),
                table[i].verdict, "%s", table[i].name);
    }
}

static void test_json_sizes(apr_pool_t *pool)
{
    const char *full = apr_pstrcat(pool, "{", repeat(pool, "\"a\":\"\",", 31),
                                   "\"a\":\"\"}", NULL);
    const char *more = apr_pstrcat(pool, "{", repeat(pool, "\"a\":\"\",", 32),
                                   "\"a\":\"\"}", NULL);
    const char *deep = repeat(pool, "{\"a\":", 1000000);
    const pwr_form *form;

    tap_int(pwr_form_decode_json(pool, full, strlen(full), fields, &form), O,
            "32 members");
    tap_int(pwr_form_decode_json(pool, more, strlen(more), fields, &form),
            PWR_FORM_OVERSIZED, "33 members");
    tap_int(pwr_form_decode_json(pool, deep, strlen(deep), fields, &form), U,
            "a million objects, each in the other");
}

static void test_get(apr_pool_t *pool)
{
    static const pwr_form_field none[] = { { NULL, 0 } };
    const pwr_form *form;

    tap_str(pwr_form_get(NULL, "email"), NULL, "no form has no field");
    pwr_form_decode(pool, "email=a&x=y", 11, fields, &form);
    tap_str(pwr_form_get(form, "x"), NULL, "an unknown field is not kept");
    tap_str(pwr_form_get(form, "token"), NULL, "a field that was not sent");
    tap_int(pwr_form_decode(pool, "email=a", 7, none, &form), PWR_FORM_OK,
            "a page that takes no field");
    tap_str(pwr_form_get(form, "email"), NULL, "gets none");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_decode(pool);
    test_json(pool);
    test_json_nul(pool);
    test_nul(pool);
    test_sizes(pool);
    test_json_sizes(pool);
    test_get(pool);
    return tap_end();
}
