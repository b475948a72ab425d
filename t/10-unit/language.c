/* SPDX-License-Identifier: Apache-2.0 */
#include "core/language.h"

#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

static const char *const enabled[] = { "en", "ru", "de", NULL };

static const struct { const char *header, *language; } accepted[] = {
    { NULL, "en" },
    { "", "en" },
    { "ru", "ru" },
    { "RU", "ru" },
    { "ru-RU,ru;q=0.9,en;q=0.8", "ru" },
    { "en-US,en;q=0.5", "en" },
    { "de-DE-1996", "de" },
    { "fr,ru;q=0.1", "ru" },
    { "fr", "en" },
    { "fr-FR, es;q=0.9", "en" },
    { "en;q=0.5,ru;q=0.6", "ru" },
    { "en;q=0.5 , ru ; q=0.6", "ru" },
    { "\ten;q=0.5\t,\tru;Q=0.6\t", "ru" },
    { "ru;q=0.001,de;q=0.01", "de" },
    { "ru;q=0.500,de;q=0.5", "ru" },
    { "de,ru", "de" },                          /* ties: the earlier */
    { "ru;q=0.7,de;q=0.7", "ru" },
    { "ru;q=0.5,en;q=0.5,ru-RU;q=0.5", "ru" },
    { "ru;q=1.000,en", "ru" },
    { "ru;q=1.,en;q=0.", "ru" },
    { ",, ,ru,,", "ru" },
    /* several ranges for one language: the best of them */
    { "ru-RU;q=0.1,en;q=0.5,ru;q=0.9", "ru" },
    { "ru;q=0.9,en;q=0.5,ru-UA;q=0.1", "ru" },
    /* "*" stands for what is not named */
    { "*", "en" },
    { "*;q=0.5,ru;q=0.4", "en" },
    { "*;q=0.5,en;q=0.4", "ru" },
    { "*,ru", "en" },
    { "ru,*", "ru" },
    { "ru;q=0.3,*;q=0.3", "ru" },
    { "en-*;q=0.2,ru;q=0.1", "en" },
    /* refused */
    { "en;q=0", "ru" },
    { "en;q=0.000, ru;q=0", "de" },
    { "en;q=0,*", "ru" },
    { "en;q=0,de", "de" },
    { "*;q=0", "en" },
    { "*;q=0,de", "de" },
    { "en;q=0,ru;q=0,de;q=0", "en" },
    { "en;q=0,en-US", "en" },
    /* malformed elements count for nothing */
    { "ru;q=2", "en" },
    { "ru;q=1.001", "en" },
    { "ru;q=0.1234", "en" },
    { "ru;q=-1", "en" },
    { "en;q=/", "en" },
    { "ru;q=0x9", "en" },
    { "ru xq=1", "en" },
    { "ru;q=", "en" },
    { "ru;q", "en" },
    { "ru;", "en" },
    { "ru;q=a", "en" },
    { "ru;q =1", "en" },
    { "ru;q= 1", "en" },
    { "ru;x=1", "en" },
    { "ru;q=0.5;q=1", "en" },
    { "ru de", "en" },
    { "ru/de", "en" },
    { "-ru", "en" },
    { ";q=1", "en" },
    { "q=1", "en" },
    { "\xD1\x80\xD1\x83", "en" },
    { "ru\xC2\xA0", "en" },
    { "ru;q=zz,de;q=0.1", "de" },
    { "rus", "en" },
    { "r", "en" },
    { "e", "en" },
};

static void test_accept(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
        tap_str(pwr_language_accept(enabled, accepted[i].header),
                accepted[i].language, "accept %s",
                pwr_text_printable(pool, accepted[i].header, 60));
    }
}

static void test_enabled(apr_pool_t *pool)
{
    static const struct { const char *tag, *language; } table[] = {
        { NULL, NULL },
        { "", NULL },
        { "ru", "ru" },
        { "RU", "ru" },
        { "ru-RU", "ru" },
        { "De-at-1996", "de" },
        { "ru_RU.UTF-8", "ru" },
        { "ru.UTF-8", "ru" },
        { "ru@latin", "ru" },
        { "fr", NULL },
        { "r", NULL },
        { "rus", NULL },
        { "*", NULL },
        { "-ru", NULL },
        { " ru", NULL },
        { "ru ", NULL },
        { "../ru", NULL },
        { "russian", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *found = pwr_language_enabled(enabled, table[i].tag);

        tap_str(found, table[i].language, "enabled %s",
                pwr_text_printable(pool, table[i].tag, 60));
    }
    tap_ok(pwr_language_enabled(enabled, "RU-ru") == enabled[1],
           "an element of the list comes back, not what was typed");
}

/* Quadratic work on these would take minutes. */
static void test_huge(apr_pool_t *pool)
{
    static const char *const pieces[] = {
        "ru;q=0.5,", ",", ";", "a-", "*", "*,", "ru ", "ru;q=0.000"
    };
    enum { HEADER_BYTES = 1000000 };
    char *header = apr_palloc(pool, HEADER_BYTES + 1);

    header[HEADER_BYTES] = '\0';
    for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
        for (size_t j = 0; j < HEADER_BYTES; j++) {
            header[j] = pieces[i][j % strlen(pieces[i])];
        }
        tap_str(pwr_language_accept(enabled, header), i == 0 ? "ru" : "en",
                "a million bytes of \"%s\"", pieces[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_accept(pool);
    test_enabled(pool);
    test_huge(pool);
    return tap_end();
}
