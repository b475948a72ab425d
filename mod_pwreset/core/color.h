/* SPDX-License-Identifier: Apache-2.0 */
/* Colours of sRGB, and whether one can be read on another (WCAG 2.2, 1.4.3).
 * Pure. */
#ifndef PWR_COLOR_H
#define PWR_COLOR_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

typedef uint32_t pwr_color;         /* 0xRRGGBB */

#define PWR_COLOR_BLACK 0x000000U
#define PWR_COLOR_WHITE 0xFFFFFFU

/* Read "#1a5fb4" or "#15b", in either case, from the beginning of `text`.
 * Returns its length; 0 when none stands there, or a letter or digit behind. */
size_t pwr_color_read(const char *text, pwr_color *color);

/* "#1a5fb4". */
const char *pwr_color_show(apr_pool_t *pool, pwr_color color);

/* From 1 (the same) to 21 (black on white), whichever is the ground. */
double pwr_color_contrast(pwr_color a, pwr_color b);

/* `from` with `percent` of `to` in it. */
pwr_color pwr_color_mix(pwr_color from, pwr_color to, unsigned percent);

#endif
