/* SPDX-License-Identifier: Apache-2.0 */
#include "core/palette.h"

#include "core/builtin.h"
#include "tap.h"

static const char *take(apr_pool_t *pool, pwr_palette *palette,
                        const char *name, const char *day, const char *night)
{
    const char *argv[] = { name, day, night };

    return pwr_palette_take(pool, night ? 3 : 2, argv, palette);
}

static int has(const char *text, const char *word)
{
    return text && strstr(text, word);
}

static const char *style(void)
{
    return pwr_builtin_find("assets/pwreset.css")->bytes;
}

static const char *shown(apr_pool_t *pool, const pwr_palette *palette,
                         pwr_daytime daytime, pwr_hue hue)
{
    return pwr_color_show(pool, palette->color[daytime][hue]);
}

static void test_take(apr_pool_t *pool)
{
    pwr_palette palette = { 0 };

    tap_str(take(pool, &palette, "Accent", "#123456", NULL), NULL, "a colour");
    tap_int((int)palette.set[PWR_DAY], 1 << PWR_HUE_ACCENT, "by day");
    tap_int((int)palette.set[PWR_NIGHT], 0, "and not by night");
    tap_ok(has(take(pool, &palette, "accents", "#123456", NULL),
               "knows no colour 'accents', but accent accent-strong "),
             "another name");
    tap_ok(has(take(pool, &palette, "}*{color", "#123456", NULL),
               "knows no colour"), "no name");
    tap_ok(has(take(pool, &palette, "page", "red", NULL),
               "'red' is no colour such as"), "no colour");
    tap_ok(has(take(pool, &palette, "page", "#fff", "#fff;}"),
               "is no colour"), "more than a colour at night");
    tap_int((int)palette.set[PWR_DAY], 1 << PWR_HUE_ACCENT,
            "what is refused changes nothing");
}

static void test_inherit(apr_pool_t *pool)
{
    pwr_palette own = { 0 }, base = { 0 };

    take(pool, &base, "accent", "#111111", "#eeeeee");
    take(pool, &base, "page", "#222222", "#dddddd");
    take(pool, &own, "accent", "#333333", NULL);
    pwr_palette_inherit(&own, &base);
    tap_str(shown(pool, &own, PWR_DAY, PWR_HUE_ACCENT), "#333333",
            "one's own stays");
    tap_ok(!(own.set[PWR_NIGHT] & 1U << PWR_HUE_ACCENT),
           "another day's night is not inherited");
    tap_str(shown(pool, &own, PWR_DAY, PWR_HUE_PAGE), "#222222", "others are");
    tap_str(shown(pool, &own, PWR_NIGHT, PWR_HUE_PAGE), "#dddddd",
            "by night, too");
}

/* The shipped ones can all be read, and all are there. */
static void test_shipped(apr_pool_t *pool)
{
    pwr_palette palette = { 0 };
    int at = 0;

    pwr_palette_complete(&palette, style());
    tap_str(pwr_palette_css(pool, &palette), NULL, "nothing is set");
    for (int i = 0; i < PWR_DAYTIMES_N; i++) {
        for (int hue = 0; hue < PWR_HUES_N; hue++) {
            tap_ok(palette.color[i][hue] != 0, "%s is found",
                   pwr_palette_name((pwr_hue)hue));
        }
        palette.set[i] = (1U << PWR_HUES_N) - 1;
    }
    tap_str(shown(pool, &palette, PWR_DAY, PWR_HUE_PAGE), "#f2f4f7", "by day");
    tap_str(shown(pool, &palette, PWR_NIGHT, PWR_HUE_PAGE), "#0e131a",
            "by night");
    tap_str(pwr_palette_complaint(pool, &palette, &at), NULL,
            "and can be read");
}

/* Of one colour: does all that is not said follow, and can it be read? */
static void test_accents(apr_pool_t *pool)
{
    static const struct { const char *day, *on; int is_good; } table[] = {
        { "#8a1538", "#ffffff", 1 },
        { "#0f5fb8", "#ffffff", 1 },
        { "#000000", "#ffffff", 1 },
        { "#1b5e20", "#ffffff", 1 },
        { "#5b2a86", "#ffffff", 1 },
        { "#6e6e6e", "#ffffff", 1 },
        /* No link on white can be read; the button can. */
        { "#ffcc00", "#000000", 0 },
        { "#ffffff", "#000000", 0 },
        { "#808080", "#000000", 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_palette palette = { 0 };
        int at = 0, n = 0;
        const char *complaint;

        take(pool, &palette, "accent", table[i].day, NULL);
        pwr_palette_complete(&palette, style());
        tap_str(shown(pool, &palette, PWR_DAY, PWR_HUE_ON_ACCENT),
                table[i].on, "%s: what is written on it", table[i].day);
        for (int daytime = 0; daytime < PWR_DAYTIMES_N; daytime++) {
            const pwr_color *color = palette.color[daytime];

            tap_ok(pwr_color_contrast(color[PWR_HUE_ON_ACCENT],
                                      color[PWR_HUE_ACCENT]) >= 4.5,
                   "%s: can be read", table[i].day);
        }
        while ((complaint = pwr_palette_complaint(pool, &palette, &at))) {
            n++;
            tap_ok(has(complaint, "by day"), "%s: %s", table[i].day,
                   complaint);
        }
        tap_int(n == 0, table[i].is_good, "%s: %d complaints", table[i].day,
                n);
    }
}

static void test_css(apr_pool_t *pool)
{
    pwr_palette palette = { 0 };

    take(pool, &palette, "page", "#fef", NULL);
    pwr_palette_complete(&palette, style());
    tap_str(pwr_palette_css(pool, &palette),
            ":root {\n    --pwr-page: #ffeeff;\n}\n", "by day alone");
    take(pool, &palette, "page", "#fef", "#010203");
    tap_str(pwr_palette_css(pool, &palette),
            ":root {\n    --pwr-page: #ffeeff;\n}\n"
            "@media (prefers-color-scheme: dark) {\n"
            ":root {\n    --pwr-page: #010203;\n}\n}\n", "and by night");
}

static void test_complaints(apr_pool_t *pool)
{
    pwr_palette palette = { 0 };
    int at = 0;

    take(pool, &palette, "text", "#cccccc", "#ffffff");
    pwr_palette_complete(&palette, style());
    tap_str(pwr_palette_complaint(pool, &palette, &at),
            "text #cccccc on surface #ffffff has a contrast of 1.61:1 by day; "
            "WCAG 2.2 asks for 4.5:1", "what is wrong");
    tap_ok(has(pwr_palette_complaint(pool, &palette, &at),
               "text #cccccc on page #f2f4f7"), "and where else");
    /* A stylesheet of the admin's that has none of this. */
    palette = (pwr_palette){ 0 };
    pwr_palette_complete(&palette, "p { color: --pwr-accent }");
    at = 0;
    tap_str(pwr_palette_complaint(pool, &palette, &at), NULL,
            "nothing of what nobody set");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_take(pool);
    test_inherit(pool);
    test_shipped(pool);
    test_accents(pool);
    test_css(pool);
    test_complaints(pool);
    return tap_end();
}
