/* SPDX-License-Identifier: Apache-2.0 */
#include "core/person.h"

#include <apr_strings.h>

#include "tap.h"

static const pwr_policy_person ivan = {
    .login = "Ivan.Petrov", .email = "i.v.petrov@Post.example",
    .name = "Пётр Иванов", .site_name = "Ромашка Shop",
    .site_host = "kabinet.romashka.org",
};

/* All texts of a person, one behind the other. */
static const char *texts_of(apr_pool_t *pool, const pwr_policy_person *person)
{
    return apr_array_pstrcat(
        pool, pwr_person_texts(pool, pwr_person_words(pool, person)), ' ');
}

static void test_words(apr_pool_t *pool)
{
    static const struct { pwr_policy_person person; const char *want; }
    table[] = {
        { { 0 }, "" },
        { { .login = "" }, "" },
        { { .login = "bob" }, "" },
        { { .login = "anna" }, "anna anna" },
        { { .login = "Ann_Maria-Li" },
          "ann_maria-li ann_maria-li maria maria" },
        { { .login = "иван" }, "иван bdfy" },
        { { .email = "anna@x.org" }, "anna@x.org anna@x.org anna anna anna "
          "anna" },
        { { .email = "@" }, "" },
        { { .email = "nodomain" }, "nodomain nodomain nodomain nodomain" },
        { { .name = "  Анна Ли  " }, "  анна ли     fyyf kb   анна fyyf" },
        { { .site_host = "www.shop.info" }, "www.shop www.shop shop shop" },
        { { .site_host = "localhost" }, "localhost localhost" },
        { { .site_host = "a.b" }, "" },
        { { .login = "ab\xFF\xFE" "cdef" }, NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *texts = texts_of(pool, &table[i].person);

        if (table[i].want) {
            tap_str(texts, table[i].want, "words of person %d", (int)i);
        }
        else {
            tap_ok(strstr(texts, "cdef") != NULL, "words that are not UTF-8");
        }
    }
    tap_str(texts_of(pool, NULL), "", "words of nobody");
}

static void test_rest(apr_pool_t *pool)
{
    static const struct { const char *password; size_t rest; } table[] = {
        { "", 0 },
        { "correct horse", 13 },
        { "ivan.petrov", 0 },
        { "IVAN.PETROV", 0 },
        { "Petrov-Ivan-2026", 6 },
        { "petrovpetrov", 0 },
        { "xpetrovx", 2 },
        { "petro", 5 },
        { "шмфтюзуекщм77", 2 },         /* ivan.petrov on the other layout */
        { "Gtnh Bdfyjd 12", 3 },        /* Пётр Иванов on the other layout */
        { "петриванов", 0 },
        { "пётр-ИВАНОВ", 1 },
        { "kabinet romashka", 1 },
        { "ромашкашоп", 3 },
        { "organic", 7 },               /* the last label does not count */
        { "i.v.petrov@post.example1", 1 },
        { "ivanivanovpetrov", 2 },      /* "ov" behind "Ivan" */
    };
    apr_array_header_t *words = pwr_person_words(pool, &ivan);

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_forms forms;

        pwr_keyboard_forms(pool, table[i].password, &forms);
        tap_int((long long)pwr_person_rest(pool, words, &forms),
                (long long)table[i].rest, "left of %s", table[i].password);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_words(pool);
    test_rest(pool);
    return tap_end();
}
