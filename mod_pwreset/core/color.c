/* SPDX-License-Identifier: Apache-2.0 */
#include "core/color.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define SHORT_LEN 3
#define LONG_LEN 6

size_t pwr_color_read(const char *text, pwr_color *color)
{
    size_t len = 0;
    pwr_color read = 0;

    *color = 0;
    if (*text++ != '#') {
        return 0;
    }
    while (apr_isxdigit(text[len])) {
        len++;
    }
    if ((len != SHORT_LEN && len != LONG_LEN) || apr_isalnum(text[len])) {
        return 0;
    }
    read = (pwr_color)strtoul(text, NULL, 16);
    if (len == SHORT_LEN) {
        read = ((read & 0xF00) << 8 | (read & 0xF0) << 4 | (read & 0xF)) * 17;
    }
    *color = read;
    return 1 + len;
}

const char *pwr_color_show(apr_pool_t *pool, pwr_color color)
{
    return apr_psprintf(pool, "#%06x", (unsigned)color);
}

/* One of red, green and blue, by how far it is shifted. */
static unsigned channel(pwr_color color, int shift)
{
    return color >> shift & 0xFF;
}

/* "relative luminance" of WCAG 2.2. */
static double luminance(pwr_color color)
{
    static const struct { int shift; double weight; } channels[] = {
        { 16, 0.2126 }, { 8, 0.7152 }, { 0, 0.0722 }
    };
    double sum = 0;

    for (size_t i = 0; i < sizeof(channels) / sizeof(*channels); i++) {
        double c = channel(color, channels[i].shift) / 255.0;

        sum += channels[i].weight * (c <= 0.04045 ? c / 12.92
                                     : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

double pwr_color_contrast(pwr_color a, pwr_color b)
{
    double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

    return x > y ? x / y : y / x;
}

pwr_color pwr_color_mix(pwr_color from, pwr_color to, unsigned percent)
{
    pwr_color mixed = 0;

    for (int shift = 16; shift >= 0; shift -= 8) {
        mixed |= ((channel(from, shift) * (100 - percent)
                   + channel(to, shift) * percent + 50) / 100) << shift;
    }
    return mixed;
}
