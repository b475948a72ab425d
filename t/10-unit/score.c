/* SPDX-License-Identifier: Apache-2.0 */
#include "core/score.h"

#include "core/builtin.h"
#include "core/person.h"
#include "tap.h"

static const pwr_policy_person ivan = { .login = "kolobrod" };

/* How much the Russian words and one's own count. */
static void test_scores(apr_pool_t *pool)
{
    static const struct { const char *password; int min, max; } table[] = {
        { "", 0, 0 },
        { "password", 0, 0 },
        { "password1234", 0, 0 },
        { "p@ssw0rd1234", 0, 0 },
        { "qwertyuiop12", 0, 2 },
        { "Summer2026!!", 0, 2 },
        { "kolobrod2026", 0, 2 },               /* one's own */
        { "лщдщикщв2026", 0, 2 },
        { "natashapetrova", 0, 2 },             /* two listed words */
        { "наташапетрова", 0, 2 },
        { "yfnfifgtnhjdf", 0, 2 },
        { "мойпарольмосква", 0, 2 },
        { "correct horse battery staple", 4, 4 },
        { "correcthorsebattery", 3, 4 },
        { "лошадь скрепка батарея верно", 4, 4 },
        { "лошадьскрепкабатарея", 4, 4 },
        { "авиацияавтобусадвокатакула", 3, 4 },
        { "xK9#mQ2!vB7$pL4w", 4, 4 },
        { "зачем ты ушла вчера", 4, 4 },
        { "\xF0\x9F\x94\x91\xF0\x9F\x9A\xB2\xF0\x9F\x90\x8E", 3, 4 },
        { "зфыыцщкв", 0, 0 },                   /* password, ЙЦУКЕН on */
        /* 32 letters are all that is looked at, 64 on the Latin layout */
        { "аааааааааааааааааааааааааааааааалошадьскрепкабатарея", 0, 2 },
    };
    const pwr_builtin *list = pwr_builtin_find("common-passwords.txt");
    const pwr_words *words = pwr_words_parse(pool, list->bytes, NULL);
    apr_array_header_t *own = pwr_person_words(pool, &ivan);

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_forms forms;
        int score;

        pwr_keyboard_forms(pool, table[i].password, &forms);
        score = pwr_score_of(pool, table[i].password, &forms, words, own);
        tap_ok(score >= table[i].min && score <= table[i].max,
               "score of \"%s\" is %d", table[i].password, score);
    }
}

/* The list and the user's words make the difference, not zxcvbn's own. */
static void test_without(apr_pool_t *pool)
{
    static const char *const table[] = { "наташапетрова", "kolobrodkolobrox" };
    apr_array_header_t *nobody = pwr_person_words(pool, NULL);

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_forms forms;

        pwr_keyboard_forms(pool, table[i], &forms);
        tap_ok(pwr_score_of(pool, table[i], &forms, NULL, nobody) >= 3,
               "without lists \"%s\" seems good", table[i]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_scores(pool);
    test_without(pool);
    return tap_end();
}
