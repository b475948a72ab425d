/* SPDX-License-Identifier: Apache-2.0 */
#include "core/words.h"

#include <apr_strings.h>

#include "core/builtin.h"
#include "tap.h"

static const char *shipped_text(void)
{
    const pwr_builtin *file = pwr_builtin_find("common-passwords.txt");

    return file ? file->bytes : "";
}

static const char *const refused[] = {
    /* the word and digits or punctuation around it */
    "password", "password1234", "Password123456!", "PASSWORD!!!!",
    "2026-Password-2026", "p@ssw0rd1234", "administrator", "Administrator1",
    "welcome12345", "summer2026", "Summer2026!!", "iloveyou1234",
    "пароль123456", "ПАРОЛЬ123456", "администратор", "россия2024",
    "москва2025", "наташа123456", "спартак123456", "любимаямамочка",
    "!!!Наташа1987!!!", "ёлочка2025", "елочка2025", "ЁЛОЧКА2025",
    "natasha123456", "privet123456", "yatebyalublu",
    /* the same keys on the other layout */
    "gfhjkm123456", "Gfhjkm123456", "gfhjkm", "yfnfif2026", "k.,jdm2026",
    "K>,JDM2026", "ghbdtn123456", "зфыыцщкв1234", "шдщмунщг1234",
    ",f,jxrf", "`kjxrf2026", "~kjxrf2026", ";bpym2026",
    /* run together */
    "i love you 2026", "p.a.s.s.w.o.r.d", "люблю тебя 2026", "люблю-тебя!",
    "I-Love-You-1234",
    /* again and again */
    "приветпривет", "любовьлюбовь", "qwertyqwerty", "passwordpassword",
    "PasswordPassword1", "наташанаташанаташа", "привет привет",
    "привет-привет-привет", "ghbdtnghbdtn", "администраторадминистратор",
    "administratoradministrator!", "lalalalalala", "лопухлопух",
    "xK9#xK9#xK9#", "121212121212", "19851985", "198519851985", "aaaaaaaaaaaa",
    "ааааааааааааа", "111111111111", "............", "            ",
    "password123password123", "qwerty1qwerty1",
    /* walks */
    "йцукенгшщзхъ", "qwertyuiop12", "123456789012", "1q2w3e4r5t6y",
    "qazwsxedcrfv", "фывапролджэ", "asdfghjkl123", "zxcvbnm,./12",
    "1qaz2wsx3edc", "!QAZ2wsx#EDC", "q1w2e3r4t5y6", "йфяцычувс123",
    "1й2ц3у4к5е6н", "abcdefghijkl", "абвгдеёжзийк", "098765432109",
    "112233445566", "qwerty123456", "123qweasdzxc",
};

static const char *const passed[] = {
    "correct horse battery staple", "correcthorsebatterystaple",
    "лошадь скрепка батарея верно", "лошадьскрепкабатареяверно",
    "xK9#mQ2!vB7$pL4w", "Zt4-jh7w.Qq9xPm2", "hVx8rT2nQzLw6KdB",
    "password manager wins", "my password is a poem", "parole d'honneur",
    "summertime sadness", "hellojupiterwaves", "пароль от калитки",
    "наташа и кашалот", "москвабезпробок", "спартаковский дворик",
    "приветствую тебя", "мамонтёнок на льдине", "abcxyzqwfpnu",
    "583920174658", "qwertz-layout-fan", "48-ert-88293", "7ж3902жж5561",
    "\xF0\x9F\x94\x91\xF0\x9F\x9A\xB2\xF0\x9F\x90\x8E\xF0\x9F\x8C\xB5",
    "xK9mQ2vBxK9mQ2vB", "", "\xFF\xFFpassword", "pass\xD0",
};

static void test_shipped(apr_pool_t *pool)
{
    const pwr_words *words = pwr_words_parse(pool, shipped_text(), NULL);

    if (!tap_ok(words != NULL, "the shipped list is UTF-8")) {
        return;
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        tap_ok(pwr_words_has(pool, words, refused[i]), "common: \"%s\"",
               refused[i]);
    }
    for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++) {
        tap_ok(!pwr_words_has(pool, words, passed[i]), "not common: case %d",
               (int)i);
    }
}

static apr_array_header_t *shipped_lines(apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, 4096, sizeof(char *));
    char *text = apr_pstrdup(pool, shipped_text()), *line;

    while ((line = text) != NULL && *line) {
        text = strchr(line, '\n');
        if (text) {
            *text++ = '\0';
        }
        APR_ARRAY_PUSH(lines, const char *) = line;
    }
    return lines;
}

/* Every pair of lines differs in some bit of its numbers: if no line of one
 * half is refused by the list of the other half, for each bit, then no line
 * stands twice, in no disguise, and none is refused without being listed. */
static int spare_lines(apr_pool_t *pool, const apr_array_header_t *lines,
                       int bit, int value)
{
    apr_array_header_t *half = apr_array_make(pool, 4096, sizeof(char *));
    const pwr_words *words;
    int spare_n = 0;

    for (int i = 0; i < lines->nelts; i++) {
        if ((i >> bit & 1) == value) {
            APR_ARRAY_PUSH(half, const char *) =
                APR_ARRAY_IDX(lines, i, const char *);
        }
    }
    words = pwr_words_parse(pool, apr_array_pstrcat(pool, half, '\n'), NULL);
    for (int i = 0; i < lines->nelts; i++) {
        const char *line = APR_ARRAY_IDX(lines, i, const char *);

        if ((i >> bit & 1) != value && *line != '#'
            && pwr_words_has(pool, words, line)) {
            printf("# line %d is spare: %s\n", i + 1, line);
            spare_n++;
        }
    }
    return spare_n;
}

static void test_shipped_lines(apr_pool_t *pool)
{
    const apr_array_header_t *lines = shipped_lines(pool);
    int spare_n = 0, unsorted_n = 0, words_n = 0;

    for (int i = 1; i < lines->nelts; i++) {
        const char *before = APR_ARRAY_IDX(lines, i - 1, const char *);
        const char *line = APR_ARRAY_IDX(lines, i, const char *);
        int is_word = *line && *line != '#';

        words_n += is_word;
        unsorted_n += is_word && *before != '#' && strcmp(before, line) > 0;
    }
    tap_ok(words_n >= 1500, "the shipped list has %d words", words_n);
    tap_int(unsorted_n, 0, "... sorted below each heading");
    for (int bit = 0; 1 << bit < lines->nelts; bit++) {
        spare_n += spare_lines(pool, lines, bit, 0);
        spare_n += spare_lines(pool, lines, bit, 1);
    }
    tap_int(spare_n, 0, "... each of which is needed, and stands once");
}

static void test_parse(apr_pool_t *pool)
{
    const pwr_words *empty = pwr_words_parse(pool, "", NULL);
    const pwr_words *own = pwr_words_parse(
        pool, "\xEF\xBB\xBFZamok-Ozero \r\n\n#Kommentar\n  ЗаводЗвезда\n"
              "# ours\n1c-bitrix\n1c-bitrix", NULL);
    const pwr_words *both = pwr_words_parse(pool, "Krokodilgena\n", own);

    tap_ok(empty && !pwr_words_has(pool, empty, "password"),
           "an empty list knows no word");
    tap_ok(pwr_words_has(pool, empty, "qwertyuiop12")
           && pwr_words_has(pool, empty, "lalalalalala"),
           "... but walks and repetitions");
    tap_ok(own && pwr_words_has(pool, own, "zamok-ozero2026")
           && pwr_words_has(pool, own, "ЗАВОДЗВЕЗДА!")
           && pwr_words_has(pool, own, "pfdjlpdtplf1")
           && pwr_words_has(pool, own, "1C-Bitrix"),
           "words are trimmed and folded");
    tap_ok(!pwr_words_has(pool, own, "kommentar")
           && !pwr_words_has(pool, own, "# ours"), "comments are no words");
    tap_ok(!pwr_words_has(pool, own, "krokodilgena")
           && pwr_words_has(pool, both, "krokodilgena")
           && pwr_words_has(pool, both, "zamok-ozero"),
           "a list is added to another, which stays as it was");
    tap_ok(!pwr_words_parse(pool, "пароль\n\xEF\xE0\xF0\xEE\xEB\xFC\n", NULL),
           "a list in another encoding is refused");
}

/* Place of a word in a dictionary for zxcvbn, -1 when it is not there. */
static int place_of(const char **dictionary, const char *word)
{
    for (int i = 0; dictionary[i]; i++) {
        if (strcmp(dictionary[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

static void test_dictionary(apr_pool_t *pool)
{
    apr_array_header_t *own = apr_array_make(pool, 2, sizeof(char *));
    const pwr_words *words = pwr_words_parse(
        pool, "пароль\nKrokodil\nкот\nслон\nмышь", NULL);
    const char **dictionary;
    pwr_forms forms;

    APR_ARRAY_PUSH(own, const char *) = "ivanov";
    APR_ARRAY_PUSH(own, const char *) = "petrov";
    pwr_keyboard_forms(pool, "Мой-Пароль:krokodil,кот,ckjy", &forms);
    dictionary = pwr_words_dictionary(pool, words, &forms, own);
    tap_ok(place_of(dictionary, "ivanov") == 0
           && place_of(dictionary, "petrov") == 1,
           "one's own words come first");
    tap_ok(place_of(dictionary, "gfhjkm") > 500
           && place_of(dictionary, "krokodil") > 500
           && place_of(dictionary, "ckjy") > 500,
           "words of the password far behind, on the Latin layout");
    tap_ok(place_of(dictionary, "vsim") < 0 && place_of(dictionary, "rjn") < 0,
           "no others, and no short ones");
    dictionary = pwr_words_dictionary(pool, NULL, &forms, own);
    tap_ok(place_of(dictionary, "petrov") == 1
           && place_of(dictionary, "gfhjkm") < 0, "without a list too");
}

/* A megabyte does not take long, whatever it repeats. */
static void test_hostile(apr_pool_t *pool)
{
    static const char *const patterns[] = {
        "a", "ab", "q1w2", "qwertyuiop", "привет", "aaaaaaaaaaaaaaab",
        "[];',./", "abcdefghijklmnopqrstuvwxyzabcdefg", " ", "1",
    };
    const pwr_words *words = pwr_words_parse(pool, shipped_text(), NULL);
    char *huge = apr_palloc(pool, 1 << 20);

    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        size_t len = strlen(patterns[i]), n = ((1 << 20) - 2) / len * len;
        apr_pool_t *step;

        apr_pool_create(&step, pool);
        for (size_t j = 0; j < n; j++) {
            huge[j] = patterns[i][j % len];
        }
        memcpy(huge + n, "x", 2);
        tap_ok(pwr_words_has(step, words, huge) >= 0,
               "1 MB of pattern %d is judged", (int)i);
        apr_pool_destroy(step);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_shipped(pool);
    test_shipped_lines(pool);
    test_parse(pool);
    test_dictionary(pool);
    test_hostile(pool);
    return tap_end();
}
