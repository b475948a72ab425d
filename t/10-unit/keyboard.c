/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keyboard.h"

#include "tap.h"

/* As text, in a buffer of its own per form. */
static const char *text_of(const pwr_forms *forms, pwr_layout_form form)
{
    static char text[PWR_LAYOUTS_N][100];

    pwr_keyboard_encode(forms->points[form], forms->n, text[form],
                        sizeof(text[form]));
    return text[form];
}

static void test_forms(apr_pool_t *pool)
{
    static const struct {
        const char *text, *folded, *latin, *cyrillic;
    } table[] = {
        { "", "", "", "" },
        { "Password1", "password1", "password1", "зфыыцщкв1" },
        { "ПАРОЛЬ", "пароль", "gfhjkm", "пароль" },
        { "gfhjkm", "gfhjkm", "gfhjkm", "пароль" },
        { "k.,jdm", "k.,jdm", "k.,jdm", "любовь" },
        { "K>{}:\"~", "k>{}:\"~", "k>{}:\"~", "люхъжэе" },
        { "`krf", "`krf", "`krf", "елка" },
        { "Ёлка", "елка", "tkrf", "елка" },
        { "йцукенгшщзхъ", "йцукенгшщзхъ", "qwertyuiop[]", "йцукенгшщзхъ" },
        { "фывапролджэ", "фывапролджэ", "asdfghjkl;'", "фывапролджэ" },
        { "ячсмитьбю.", "ячсмитьбю.", "zxcvbnm,..", "ячсмитьбюю" },
        { "1 2!\\|/?", "1 2!\\|/?", "1 2!\\|/?", "1 2!\\|/?" },
        { "Straße ÄÖ \xF0\x9F\x94\x91", "straße äö \xF0\x9F\x94\x91",
          "straße äö \xF0\x9F\x94\x91", "ыекфßу äö \xF0\x9F\x94\x91" },
    };
    pwr_forms forms;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *text = table[i].text;

        tap_ok(pwr_keyboard_forms(pool, text, &forms), "forms of %s", text);
        tap_str(text_of(&forms, PWR_LAYOUT_FOLDED), table[i].folded,
                "... folded");
        tap_str(text_of(&forms, PWR_LAYOUT_LATIN), table[i].latin,
                "... on the Latin layout");
        tap_str(text_of(&forms, PWR_LAYOUT_CYRILLIC), table[i].cyrillic,
                "... on the Cyrillic layout");
    }
    tap_ok(!pwr_keyboard_forms(pool, "abc\xD0", &forms) && forms.n == 0,
           "no forms of what is not UTF-8");
}

static void test_encode(apr_pool_t *pool)
{
    static const uint32_t points[] = { 'a', U'я', 0x1F511 };
    static const struct { size_t size; const char *want; } table[] = {
        { 1, "" }, { 2, "a" }, { 3, "a" }, { 4, "aя" }, { 7, "aя" },
        { 8, "aя\xF0\x9F\x94\x91" }, { 50, "aя\xF0\x9F\x94\x91" },
    };
    char out[50];

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        size_t len = pwr_keyboard_encode(points, 3, out, table[i].size);

        tap_str(out, table[i].want, "encoded into %d bytes",
                (int)table[i].size);
        tap_int((long long)len, (long long)strlen(out), "... and counted");
    }
    tap_str(pwr_keyboard_latin(pool, points, 3), "az\xF0\x9F\x94\x91",
            "keys of the Latin layout");
    tap_str(pwr_keyboard_latin(pool, points, 0), "", "no keys");
}

static void test_walks(apr_pool_t *pool)
{
    static const struct { const char *text; int is_walk; } table[] = {
        { "qwerty", 1 }, { "qwertyuiop12", 1 }, { "poiuytrewq", 1 },
        { "qwertyuiop[]", 1 }, { "asdfghjkl;'", 1 }, { "zxcvbnm,./", 1 },
        { "1234567890-=", 1 }, { "!@#$%^&*()_+", 1 },
        { "йцукенгшщзхъ", 1 }, { "фывапролджэ", 1 }, { "ячсмитьбю", 1 },
        { "qazwsxedcrfv", 1 }, { "1qaz2wsx3edc", 1 }, { "zaq12wsxcde3", 1 },
        { "!QAZ2wsx#EDC", 1 }, { "йфяцычувс", 1 }, { "qweasdzxc123", 1 },
        { "1q2w3e4r5t6y", 1 }, { "q1w2e3r4t5y6", 1 }, { "1й2ц3у4к5е6н", 1 },
        { "a1b2c3d4e5f6", 1 }, { "qawsedrftgyh", 1 }, { "112233445566", 1 },
        { "abcdefghijkl", 1 }, { "zyxwvutsrqpo", 1 }, { "абвгдежзийкл", 1 },
        { "f,dult;pbqrk", 1 },
        { "111111111111", 1 }, { "aaaaaaaaaaaa", 1 }, { "aaabbbcccddd", 1 },
        { "123456789012", 1 }, { "098765432109", 1 }, { "135791357913", 1 },
        { "147258369147", 1 }, { "abc123abc123", 1 }, { "Xqwertyuiop9", 1 },
        { "", 0 }, { "a", 0 }, { "ab", 0 }, { "  ", 0 }, { "qxetvqzyn", 0 },
        { "qwXXertYYzxZZcv", 0 }, { "correcthorsebattery", 0 },
        { "correct horse battery staple", 0 }, { "sweaterdresses", 0 },
        { "redresser trees", 0 }, { "property powerpoint", 0 },
        { "лошадь скрепка батарея верно", 0 }, { "программирование", 0 },
        { "молоко", 0 }, { "ßßßßßßßß", 1 },
        { "xK9#mQ2!vB7$pL4w", 0 }, { "583920174658", 0 }, { "19850417", 0 },
        { "\xF0\x9F\x94\x91\xF0\x9F\x9A\xB2\xF0\x9F\x90\x8E", 0 },
    };
    pwr_forms forms;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        int walks_n = 0;

        pwr_keyboard_forms(pool, table[i].text, &forms);
        for (int form = 0; form < PWR_LAYOUTS_N; form++) {
            walks_n += pwr_keyboard_is_walk(forms.points[form], forms.n);
        }
        tap_int(walks_n > 0, table[i].is_walk, "%s is %s walk", table[i].text,
                table[i].is_walk ? "a" : "no");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_forms(pool);
    test_encode(pool);
    test_walks(pool);
    return tap_end();
}
