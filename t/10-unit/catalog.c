/* SPDX-License-Identifier: Apache-2.0 */
#include "core/catalog.h"

#include <apr_strings.h>
#include <apr_time.h>

#include "tap.h"

#define N(table) (int)(sizeof(table) / sizeof(*(table)))
#define HEADER "msgid \"\"\nmsgstr \"Content-Type: text/plain; " \
               "charset=UTF-8\\n\"\n\n"

static const struct { const char *text, *english, *want; } good[] = {
    { "", "Sign in", "Sign in" },
    { HEADER, "Sign in", "Sign in" },
    { HEADER, "", "" },                     /* the header is no sentence */
    { "msgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "msgid \"a\"\nmsgstr \"b\"", "a", "b" },      /* no last line feed */
    { HEADER "msgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { HEADER "msgid \"a\"\nmsgstr \"b\"\n", "A", "A" },
    { HEADER "msgid \"a\"\nmsgstr \"b\"\n", "aa", "aa" },
    { HEADER "msgid \"a\"\r\nmsgstr \"b\"\r\n", "a", "b" },
    { "\xEF\xBB\xBF" HEADER "msgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "\xEF\xBB\xBF" "msgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "  msgid\t\"a\"  \n\tmsgstr   \"b\" \n", "a", "b" },
    { "msgid\"a\"\nmsgstr\"b\"\n", "a", "b" },
    /* strings over several lines */
    { "msgid \"\"\n\"one \"\n\"two\"\nmsgstr \"\"\n\"x\"\n\"y\"\n",
      "one two", "xy" },
    { "msgid \"one\"\n\" two\"\nmsgstr \"x\"\n\n\"y\"\n", "one two", "xy" },
    /* escapes */
    { "msgid \"a\"\nmsgstr \"x\\ny\\tz\\\"q\\\\\"\n", "a", "x\ny\tz\"q\\" },
    { "msgid \"say \\\"hi\\\"\"\nmsgstr \"b\"\n", "say \"hi\"", "b" },
    /* white space in msgid */
    { "msgid \"  one \\n\\t two \"\nmsgstr \"b\"\n", "one two", "b" },
    { "msgid \"one two\"\nmsgstr \"b\"\n", "\n one\r\n\ttwo  ", "b" },
    { "msgid \"one two\"\nmsgstr \"b\"\n", "onetwo", "onetwo" },
    { "msgid \"a\"\nmsgstr \" b \"\n", "a", " b " },
    /* comments */
    { "# c\n#. x\n#: f.c:3\n#| msgid \"z\"\nmsgid \"a\"\nmsgstr \"b\"\n",
      "a", "b" },
    { "#\nmsgid \"a\"\n# between\nmsgstr \"b\"\n# after\n", "a", "b" },
    /* fuzzy and untranslated */
    { "#, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\n", "a", "a" },
    { "#, c-format, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\n", "a", "a" },
    { "#, c-format\nmsgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "# , fuzzy logic\nmsgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "#, fuzzy\nmsgid \"z\"\nmsgstr \"y\"\nmsgid \"a\"\nmsgstr \"b\"\n",
      "a", "b" },
    { "msgid \"a\"\nmsgstr \"b\"\n#, fuzzy\nmsgid \"z\"\nmsgstr \"y\"\n",
      "a", "b" },
    { "msgid \"a\"\nmsgstr \"b\"\n#, fuzzy\nmsgid \"z\"\nmsgstr \"y\"\n",
      "z", "z" },
    { "#, fuzzy\n" HEADER "msgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "msgid \"a\"\nmsgstr \"\"\n", "a", "a" },
    { "msgid \"a\"\nmsgstr \"b\"\n#~ msgid \"old\"\n#~ msgstr \"x\"\n",
      "old", "old" },
    { "#~ msgid \"a\"\n#~ msgstr \"x\"\nmsgid \"a\"\nmsgstr \"b\"\n",
      "a", "b" },
    /* headers */
    { "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=utf-8\\n\"\n"
      "msgid \"a\"\nmsgstr \"b\"\n", "a", "b" },
    { "msgid \"\"\nmsgstr \"Language: ru\\n\"\nmsgid \"a\"\nmsgstr \"b\"\n",
      "a", "b" },
    { "msgid \"Sign in\"\nmsgstr \"\xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8"
      "\"\n", "Sign in", "\xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8" },
};

static void test_get(apr_pool_t *pool)
{
    for (int i = 0; i < N(good); i++) {
        const pwr_catalog *catalog;
        const char *problem = pwr_catalog_parse(pool, "ru.po", good[i].text,
                                                &catalog);

        tap_str(problem, NULL, "catalog %d is read", i);
        tap_str(catalog ? pwr_catalog_get(catalog, good[i].english) : NULL,
                good[i].want, "catalog %d is asked", i);
    }
    tap_str(pwr_catalog_get(NULL, " a "), " a ", "no catalog is English");
}

static const struct { const char *text, *want; } wrong[] = {
    { "hello\n", "ru.po line 1: this is no msgid, msgstr, string or "
      "comment" },
    { "\n\nmsgid \"a\"\nmsgstr \"\xFF\"\n",
      "ru.po line 4: this is not UTF-8" },
    { "msgid \"\"\nmsgstr \"x; charset=KOI8-R\\n\"\n",
      "ru.po line 1: charset is \"KOI8-R\", UTF-8 is needed" },
    { "#\nmsgid \"\"\nmsgstr \"x; CHARSET=CHARSET\\n\"\nmsgid \"a\"\n"
      "msgstr \"b\"\n", "ru.po line 2: charset is \"CHARSET\", UTF-8 is "
      "needed" },
    { "msgid \"\"\nmsgstr \"charset=UTF-8x\\n\"\n",
      "ru.po line 1: charset is \"UTF-8x\", UTF-8 is needed" },
    { "msgid \"\"\nmsgstr \"charset=\"\n",
      "ru.po line 1: charset is \"\", UTF-8 is needed" },
    { "msgctxt \"menu\"\nmsgid \"a\"\nmsgstr \"b\"\n",
      "ru.po line 1: msgctxt is not supported: sentences are told apart "
      "by their words" },
    { "msgid \"a\"\nmsgid_plural \"b\"\n",
      "ru.po line 2: plural forms are not supported: sentences are "
      "phrased to need none" },
    { "msgid \"a\"\nmsgstr[0] \"b\"\n",
      "ru.po line 2: plural forms are not supported: sentences are "
      "phrased to need none" },
    { "msgid \"a\"\nmsgstr \"b\"\n\nmsgid \" a\\n\"\nmsgstr \"c\"\n",
      "ru.po line 4: msgid stands on line 1 already" },
    { "#, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\nmsgid \"a\"\nmsgstr \"c\"\n",
      "ru.po line 4: msgid stands on line 2 already" },
    { "msgid \"a\"\nmsgid \"b\"\nmsgstr \"c\"\n",
      "ru.po line 1: msgid has no msgstr" },
    { "msgid \"b\"\nmsgstr \"c\"\nmsgid \"a\"\n",
      "ru.po line 3: msgid has no msgstr" },
    { "msgstr \"c\"\n", "ru.po line 1: msgstr without msgid" },
    { "msgid \"a\"\nmsgstr \"c\"\nmsgstr \"d\"\n",
      "ru.po line 3: msgstr without msgid" },
    { "\"a\"\n", "ru.po line 1: a string without msgid or msgstr" },
    { "msgid \"a\"\nmsgstr \"b\"\n#\n\"c\"\n",
      "ru.po line 4: a string without msgid or msgstr" },
    { "msgid a\n", "ru.po line 1: a string in quotes is missing" },
    { "msgid\n", "ru.po line 1: a string in quotes is missing" },
    { "msgid", "ru.po line 1: a string in quotes is missing" },
    { "msgid \"a\n", "ru.po line 1: the string has no closing quote" },
    { "msgid \"", "ru.po line 1: the string has no closing quote" },
    { "msgid \"a\\\"\n", "ru.po line 1: the string has no closing quote" },
    { "msgid \"a\\\n", "ru.po line 1: escape \\ is not known" },
    { "msgid \"a\\x41\"\n", "ru.po line 1: escape \\x is not known" },
    { "msgid \"a\\0\"\n", "ru.po line 1: escape \\0 is not known" },
    { "msgid \"a\" b\n", "ru.po line 1: text after the closing quote" },
    { "msgid \"a\" \"b\"\n", "ru.po line 1: text after the closing quote" },
};

static void test_errors(apr_pool_t *pool)
{
    for (int i = 0; i < N(wrong); i++) {
        const pwr_catalog *catalog = (const pwr_catalog *)pool;

        tap_str(pwr_catalog_parse(pool, "ru.po", wrong[i].text, &catalog),
                wrong[i].want, "wrong catalog %d", i);
        tap_ok(catalog == NULL, "wrong catalog %d is none", i);
    }
}

static void test_fold(void)
{
    static const struct { const char *in, *out; size_t size, len; } table[] = {
        { "", "", 9, 0 },
        { " \n\t", "", 9, 0 },
        { " a \r\n b ", "a b", 9, 3 },
        { "\v\fa", "a", 9, 1 },
        { "a\xC2\xA0" "b", "a\xC2\xA0" "b", 9, 4 }, /* a hard blank is none */
        { "abcd", "abc", 4, 4 },
        { "abc", "abc", 4, 3 },
        { "abc   d", "abc", 4, 5 },
        { "a", "", 1, 1 },
    };

    for (int i = 0; i < N(table); i++) {
        char out[16] = "###############";
        size_t len = pwr_catalog_fold(out, table[i].size, table[i].in,
                                      strlen(table[i].in));

        tap_str(out, table[i].out, "fold %d", i);
        tap_int(out[table[i].size], '#', "fold %d stays in its buffer", i);
        tap_int((long long)len, (long long)table[i].len, "length of fold %d",
                i);
    }
}

static char *filled(apr_pool_t *pool, size_t len)
{
    char *s = apr_palloc(pool, len + 1);

    memset(s, 'x', len);
    s[len] = '\0';
    return s;
}

static void test_lengths(apr_pool_t *pool)
{
    const pwr_catalog *catalog;
    const char *fits = filled(pool, 1999), *over = filled(pool, 2000);
    const char *text = apr_psprintf(pool, "msgid \"%s\"\nmsgstr \"b\"\n", fits);

    tap_str(pwr_catalog_parse(pool, "f", text, &catalog), NULL, "longest");
    tap_str(pwr_catalog_get(catalog, fits), "b", "the longest is found");
    tap_str(pwr_catalog_get(catalog, over), over, "a longer one is not");
    text = apr_psprintf(pool, "msgid \"%s\"\nmsgstr \"b\"\n", over);
    tap_str(pwr_catalog_parse(pool, "f", text, &catalog),
            "f line 1: msgid is longer than 1999 bytes", "too long");
}

/* A file of a megabyte, one string a line: quadratic work would show. */
static void test_size(apr_pool_t *pool)
{
    enum { LINES = 250000 };
    static const char head[] = "msgid \"a\"\nmsgstr \"\"\n";
    char *text = apr_palloc(pool, sizeof(head) + 4 * LINES);
    char *p = (char *)memcpy(text, head, sizeof(head)) + sizeof(head) - 1;
    const pwr_catalog *catalog;
    apr_time_t begin = apr_time_now();

    for (int i = 0; i < LINES; i++, p += 4) {
        memcpy(p, "\"x\"\n", 5);
    }
    tap_str(pwr_catalog_parse(pool, "f", text, &catalog), NULL, "1 MB");
    tap_int((long long)strlen(pwr_catalog_get(catalog, "a")), LINES,
            "all of it is there");
    tap_ok(apr_time_now() - begin < apr_time_from_sec(5), "in linear time");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_get(pool);
    test_errors(pool);
    test_fold();
    test_lengths(pool);
    test_size(pool);
    return tap_end();
}
