/* SPDX-License-Identifier: Apache-2.0 */
/* PwResetColor over a stylesheet: of the site's own, perhaps. */
#include "core/palette.h"

#include "fuzz.h"

#define WORDS_MAX 3
#define COMPLAINTS_MAX 64

/* "NAME DAY [NIGHT]"; what is refused changes nothing. */
static void take(apr_pool_t *pool, char *text, pwr_palette *palette)
{
    const char *argv[WORDS_MAX];
    pwr_palette before = *palette;
    char *word, *rest;
    int argc = 0;

    for (word = apr_strtok(text, " ", &rest); word && argc < WORDS_MAX;
         word = apr_strtok(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    if (argc > 1 && pwr_palette_take(pool, argc, argv, palette)) {
        FUZZ_CLAIM(memcmp(&before, palette, sizeof(before)) == 0);
    }
}

static int is_in(const unsigned *set, int daytime, int hue)
{
    return (set[daytime] >> hue & 1) != 0;
}

/* What follows from an accent is all that is added, and to no other site. */
static void look_added(const pwr_palette *before, const pwr_palette *palette)
{
    int has_accent = is_in(before->set, PWR_DAY, PWR_HUE_ACCENT);

    for (int i = 0; i < PWR_DAYTIMES_N; i++) {
        has_accent |= is_in(before->set, i, PWR_HUE_ACCENT);
        FUZZ_CLAIM((palette->set[i] & ~palette->known[i]) == 0);
        FUZZ_CLAIM(palette->known[i] < 1U << PWR_HUES_N);
        for (int hue = 0; hue < PWR_HUES_N; hue++) {
            int is_old = is_in(before->set, i, hue);

            FUZZ_CLAIM(palette->color[i][hue] <= PWR_COLOR_WHITE);
            FUZZ_CLAIM(!is_old || (is_in(palette->set, i, hue)
                                   && before->color[i][hue]
                                          == palette->color[i][hue]));
            FUZZ_CLAIM(is_old || !is_in(palette->set, i, hue)
                       || (has_accent && (hue == PWR_HUE_ACCENT
                                          || hue == PWR_HUE_ACCENT_STRONG
                                          || hue == PWR_HUE_ON_ACCENT)));
        }
    }
}

/* The stylesheet that is sent says what was set, and no more. */
static void look_css(apr_pool_t *pool, const pwr_palette *palette)
{
    const char *css = pwr_palette_css(pool, palette);
    pwr_palette again = { 0 };

    FUZZ_CLAIM((css != NULL)
               == (palette->set[PWR_DAY] || palette->set[PWR_NIGHT]));
    if (!css) {
        return;
    }
    FUZZ_CLAIM(strspn(css, "abcdefghijklmnopqrstuvwxyz0123456789-#:;{}()@ \n")
               == strlen(css));
    pwr_palette_complete(&again, css);
    for (int hue = 0; hue < PWR_HUES_N; hue++) {
        int is_day = is_in(palette->set, PWR_DAY, hue);

        for (int i = 0; is_day && i < PWR_DAYTIMES_N; i++) {
            FUZZ_CLAIM(is_in(palette->set, i, hue)
                       == is_in(again.known, i, hue));
            FUZZ_CLAIM(!is_in(palette->set, i, hue)
                       || palette->color[i][hue] == again.color[i][hue]);
        }
    }
}

static void look_complaints(apr_pool_t *pool, const pwr_palette *palette)
{
    const char *complaint;
    int at = 0, n = 0;

    while ((complaint = pwr_palette_complaint(pool, palette, &at)) != NULL) {
        FUZZ_CLAIM(strstr(complaint, "WCAG") && ++n < COMPLAINTS_MAX);
    }
    FUZZ_CLAIM(n == 0 || palette->set[PWR_DAY] || palette->set[PWR_NIGHT]);
}

/* An input: a stylesheet, and what PwResetColor says. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *css = fuzz_text(pool, &in);
    pwr_palette palette = { 0 }, before, again;

    while (in.len > 0) {
        take(pool, fuzz_text(pool, &in), &palette);
    }
    before = palette;
    pwr_palette_complete(&palette, css);
    look_added(&before, &palette);
    again = palette;
    pwr_palette_complete(&again, css);
    FUZZ_CLAIM(memcmp(&again, &palette, sizeof(again)) == 0);
    look_css(pool, &palette);
    look_complaints(pool, &palette);
}
