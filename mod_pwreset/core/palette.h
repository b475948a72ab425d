/* SPDX-License-Identifier: Apache-2.0 */
/* The colours of a site's pages, by day and by night: those of the stylesheet,
 * those that PwResetColor puts in their place, and those that follow from them.
 * Pure. */
#ifndef PWR_PALETTE_H
#define PWR_PALETTE_H

#include "core/color.h"

/* Each is a custom property of htdocs/assets/pwreset.css, "--pwr-accent" and so
 * on.  Line colours and the like that nothing is read by are not ours. */
typedef enum pwr_hue {
    PWR_HUE_ACCENT = 0,             /* buttons, links, focus */
    PWR_HUE_ACCENT_STRONG,
    PWR_HUE_ON_ACCENT,
    PWR_HUE_PAGE,
    PWR_HUE_SURFACE,
    PWR_HUE_QUIET,
    PWR_HUE_TEXT,
    PWR_HUE_MUTED,
    PWR_HUE_LINE,
    PWR_HUE_FIELD_LINE,
    PWR_HUE_GOOD,
    PWR_HUE_GOOD_SURFACE,
    PWR_HUE_BAD,
    PWR_HUE_BAD_SURFACE,
    PWR_HUES_N
} pwr_hue;

typedef enum pwr_daytime { PWR_DAY = 0, PWR_NIGHT, PWR_DAYTIMES_N } pwr_daytime;

typedef struct pwr_palette {
    pwr_color color[PWR_DAYTIMES_N][PWR_HUES_N];
    unsigned set[PWR_DAYTIMES_N];       /* 1 << hue: somebody has set it */
    unsigned known[PWR_DAYTIMES_N];     /* or the stylesheet has it */
} pwr_palette;

/* "accent", ...: what PwResetColor and the stylesheet call it. */
const char *pwr_palette_name(pwr_hue hue);

/* Take "NAME DAY [NIGHT]" into a palette.  Returns a sentence when it is none,
 * else NULL. */
const char *pwr_palette_take(apr_pool_t *pool, int argc,
                             const char *const *argv, pwr_palette *palette);

/* What `to` has not set comes from `from`, hue by hue. */
void pwr_palette_inherit(pwr_palette *to, const pwr_palette *from);

/* Complete a palette from a stylesheet, in which each property is set twice,
 * first by day.  Where the accent was set and they were not, the stronger one
 * and what is written on it follow from it, and its night from its day: as
 * light as can be read. */
void pwr_palette_complete(pwr_palette *palette, const char *css);

/* A stylesheet of what a complete palette has set; NULL: it has set nothing. */
const char *pwr_palette_css(apr_pool_t *pool, const pwr_palette *palette);

/* What cannot be read in a complete palette: the next sentence of it from
 * `*at`, 0 at first; NULL: there is no more.  Pairs of which nobody has set
 * anything, or one is unknown, are not looked at. */
const char *pwr_palette_complaint(apr_pool_t *pool,
                                  const pwr_palette *palette, int *at);

#endif
