/* SPDX-License-Identifier: Apache-2.0 */
#include "core/palette.h"

#include <string.h>

#include <apr_strings.h>

#include "core/text.h"

#define PROPERTY "--pwr-"
#define READABLE 4.5            /* WCAG 2.2, 1.4.3: text */
#define VISIBLE 3.0             /* 1.4.11: what marks a field */
#define STRONGER_PERCENT 25
#define STEP_PERCENT 5

static const char *const names[] = {
    [PWR_HUE_ACCENT] = "accent",
    [PWR_HUE_ACCENT_STRONG] = "accent-strong",
    [PWR_HUE_ON_ACCENT] = "on-accent",
    [PWR_HUE_PAGE] = "page",
    [PWR_HUE_SURFACE] = "surface",
    [PWR_HUE_QUIET] = "quiet",
    [PWR_HUE_TEXT] = "text",
    [PWR_HUE_MUTED] = "muted",
    [PWR_HUE_LINE] = "line",
    [PWR_HUE_FIELD_LINE] = "field-line",
    [PWR_HUE_GOOD] = "good",
    [PWR_HUE_GOOD_SURFACE] = "good-surface",
    [PWR_HUE_BAD] = "bad",
    [PWR_HUE_BAD_SURFACE] = "bad-surface",
};

/* What stands on what, and how well it must be seen. */
static const struct pair {
    pwr_hue what, ground;
    double least;
} pairs[] = {
    { PWR_HUE_ON_ACCENT, PWR_HUE_ACCENT, READABLE },
    { PWR_HUE_ON_ACCENT, PWR_HUE_ACCENT_STRONG, READABLE },
    { PWR_HUE_ACCENT, PWR_HUE_SURFACE, READABLE },
    { PWR_HUE_ACCENT_STRONG, PWR_HUE_SURFACE, READABLE },
    { PWR_HUE_TEXT, PWR_HUE_SURFACE, READABLE },
    { PWR_HUE_TEXT, PWR_HUE_PAGE, READABLE },
    { PWR_HUE_TEXT, PWR_HUE_QUIET, READABLE },
    { PWR_HUE_TEXT, PWR_HUE_GOOD_SURFACE, READABLE },
    { PWR_HUE_TEXT, PWR_HUE_BAD_SURFACE, READABLE },
    { PWR_HUE_MUTED, PWR_HUE_SURFACE, READABLE },
    { PWR_HUE_MUTED, PWR_HUE_PAGE, READABLE },
    { PWR_HUE_GOOD, PWR_HUE_SURFACE, READABLE },
    { PWR_HUE_BAD, PWR_HUE_SURFACE, READABLE },
    { PWR_HUE_BAD, PWR_HUE_BAD_SURFACE, READABLE },
    { PWR_HUE_ACCENT, PWR_HUE_GOOD_SURFACE, READABLE },
    { PWR_HUE_FIELD_LINE, PWR_HUE_SURFACE, VISIBLE },
};

static const char *const daytimes[] = {
    [PWR_DAY] = "by day",
    [PWR_NIGHT] = "by night (prefers-color-scheme: dark)",
};

const char *pwr_palette_name(pwr_hue hue)
{
    return names[hue];
}

static int is_set(const pwr_palette *palette, int daytime, pwr_hue hue)
{
    return (palette->set[daytime] >> hue & 1) != 0;
}

static int is_known(const pwr_palette *palette, int daytime, pwr_hue hue)
{
    return (palette->known[daytime] >> hue & 1) != 0;
}

static void put(pwr_palette *palette, int daytime, pwr_hue hue,
                pwr_color color)
{
    palette->color[daytime][hue] = color;
    palette->set[daytime] |= 1U << hue;
    palette->known[daytime] |= 1U << hue;
}

static const char *all_names(apr_pool_t *pool)
{
    const char *list = names[0];

    for (int hue = 1; hue < PWR_HUES_N; hue++) {
        list = apr_pstrcat(pool, list, " ", names[hue], NULL);
    }
    return list;
}

const char *pwr_palette_take(apr_pool_t *pool, int argc,
                             const char *const *argv, pwr_palette *palette)
{
    pwr_color color[PWR_DAYTIMES_N] = { 0, 0 };
    int hue = 0, given = argc - 1;

    while (hue < PWR_HUES_N && !pwr_text_same(argv[0], names[hue])) {
        hue++;
    }
    if (hue == PWR_HUES_N) {
        return apr_psprintf(pool, "knows no colour '%s', but %s",
                            pwr_text_printable(pool, argv[0], 40),
                            all_names(pool));
    }
    for (int i = 0; i < given; i++) {
        size_t len = pwr_color_read(argv[1 + i], &color[i]);

        if (len == 0 || argv[1 + i][len]) {
            return apr_psprintf(pool, "'%s' is no colour such as #1a5fb4",
                                pwr_text_printable(pool, argv[1 + i], 40));
        }
    }
    for (int i = 0; i < given; i++) {
        put(palette, i, (pwr_hue)hue, color[i]);
    }
    return NULL;
}

void pwr_palette_inherit(pwr_palette *to, const pwr_palette *from)
{
    for (int hue = 0; hue < PWR_HUES_N; hue++) {
        /* A day's own colour does not go with an inherited night. */
        int is_own = is_set(to, PWR_DAY, (pwr_hue)hue);

        for (int i = 0; !is_own && i < PWR_DAYTIMES_N; i++) {
            if (is_set(from, i, (pwr_hue)hue)) {
                put(to, i, (pwr_hue)hue, from->color[i][hue]);
            }
        }
    }
}

/* ---- the rest of a palette ---- */

/* The colour of a property where it is set for the `nth` time, from 0. */
static int find_property(const char *css, const char *name, int nth,
                         pwr_color *color)
{
    size_t len = strlen(name), prefix_len = strlen(PROPERTY);
    const char *p = css;

    while ((p = strstr(p, PROPERTY)) != NULL) {
        p += prefix_len;
        if (strncmp(p, name, len) != 0 || p[len] != ':' || nth-- > 0) {
            continue;
        }
        p += len + 1;
        return pwr_color_read(p + strspn(p, " "), color) > 0;
    }
    return 0;
}

/* Which of both can be read better. */
static pwr_color legible_on(pwr_color ground)
{
    return pwr_color_contrast(PWR_COLOR_WHITE, ground) >= READABLE
        || pwr_color_contrast(PWR_COLOR_WHITE, ground)
               >= pwr_color_contrast(PWR_COLOR_BLACK, ground)
        ? PWR_COLOR_WHITE : PWR_COLOR_BLACK;
}

/* Can a link of this colour be read wherever links stand? */
static int is_legible(const pwr_color *palette, pwr_color link)
{
    return pwr_color_contrast(link, palette[PWR_HUE_SURFACE]) >= READABLE
        && pwr_color_contrast(link, palette[PWR_HUE_GOOD_SURFACE])
               >= READABLE;
}

/* Lighter and lighter, until it can be read by night. */
static pwr_color lighten(const pwr_color *night, pwr_color color)
{
    pwr_color lighter = color;

    for (unsigned percent = 0; percent <= 100 && !is_legible(night, lighter);
         percent += STEP_PERCENT) {
        lighter = pwr_color_mix(color, PWR_COLOR_WHITE, percent);
    }
    return lighter;
}

static void follow_accent(pwr_palette *palette, int daytime)
{
    pwr_color *color = palette->color[daytime];
    pwr_color accent = color[PWR_HUE_ACCENT], legible = legible_on(accent);

    if (!is_set(palette, daytime, PWR_HUE_ON_ACCENT)) {
        put(palette, daytime, PWR_HUE_ON_ACCENT, legible);
    }
    /* Away from what is written on it. */
    if (!is_set(palette, daytime, PWR_HUE_ACCENT_STRONG)) {
        put(palette, daytime, PWR_HUE_ACCENT_STRONG,
            pwr_color_mix(accent, legible == PWR_COLOR_WHITE
                          ? PWR_COLOR_BLACK : PWR_COLOR_WHITE,
                          STRONGER_PERCENT));
    }
}

void pwr_palette_complete(pwr_palette *palette, const char *css)
{
    for (int i = 0; i < PWR_DAYTIMES_N; i++) {
        for (int hue = 0; hue < PWR_HUES_N; hue++) {
            if (!is_set(palette, i, (pwr_hue)hue)
                && find_property(css, names[hue], i,
                                 &palette->color[i][hue])) {
                palette->known[i] |= 1U << hue;
            }
        }
    }
    if (is_set(palette, PWR_DAY, PWR_HUE_ACCENT)
        && !is_set(palette, PWR_NIGHT, PWR_HUE_ACCENT)) {
        put(palette, PWR_NIGHT, PWR_HUE_ACCENT,
            lighten(palette->color[PWR_NIGHT],
                    palette->color[PWR_DAY][PWR_HUE_ACCENT]));
    }
    for (int i = 0; i < PWR_DAYTIMES_N; i++) {
        if (is_set(palette, i, PWR_HUE_ACCENT)) {
            follow_accent(palette, i);
        }
    }
}

/* ---- what comes of it ---- */

static const char *rule(apr_pool_t *pool, const pwr_palette *palette,
                        int daytime)
{
    const char *text = ":root {\n";

    for (int hue = 0; hue < PWR_HUES_N; hue++) {
        if (is_set(palette, daytime, (pwr_hue)hue)) {
            text = apr_pstrcat(pool, text, "    " PROPERTY, names[hue], ": ",
                               pwr_color_show(pool,
                                              palette->color[daytime][hue]),
                               ";\n", NULL);
        }
    }
    return apr_pstrcat(pool, text, "}\n", NULL);
}

const char *pwr_palette_css(apr_pool_t *pool, const pwr_palette *palette)
{
    const char *day = palette->set[PWR_DAY] ? rule(pool, palette, PWR_DAY)
                                            : "";

    if (!palette->set[PWR_DAY] && !palette->set[PWR_NIGHT]) {
        return NULL;
    }
    return !palette->set[PWR_NIGHT] ? day
        : apr_pstrcat(pool, day, "@media (prefers-color-scheme: dark) {\n",
                      rule(pool, palette, PWR_NIGHT), "}\n", NULL);
}

static int is_bad(const pwr_palette *palette, int daytime,
                  const struct pair *pair)
{
    const pwr_color *color = palette->color[daytime];

    return (is_set(palette, daytime, pair->what)
            || is_set(palette, daytime, pair->ground))
        && is_known(palette, daytime, pair->what)
        && is_known(palette, daytime, pair->ground)
        && pwr_color_contrast(color[pair->what], color[pair->ground])
               < pair->least;
}

static const char *complain(apr_pool_t *pool, const pwr_color *color,
                            const struct pair *pair, const char *daytime)
{
    return apr_psprintf(pool, "%s %s on %s %s has a contrast of %.2f:1 %s; "
                        "WCAG 2.2 asks for %.1f:1", names[pair->what],
                        pwr_color_show(pool, color[pair->what]),
                        names[pair->ground],
                        pwr_color_show(pool, color[pair->ground]),
                        pwr_color_contrast(color[pair->what],
                                           color[pair->ground]),
                        daytime, pair->least);
}

const char *pwr_palette_complaint(apr_pool_t *pool,
                                  const pwr_palette *palette, int *at)
{
    int n = (int)(sizeof(pairs) / sizeof(*pairs));

    while (*at < PWR_DAYTIMES_N * n) {
        const struct pair *pair = &pairs[*at % n];
        int daytime = (*at)++ / n;

        if (is_bad(palette, daytime, pair)) {
            return complain(pool, palette->color[daytime], pair,
                            daytimes[daytime]);
        }
    }
    return NULL;
}
