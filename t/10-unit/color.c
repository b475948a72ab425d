/* SPDX-License-Identifier: Apache-2.0 */
#include "core/color.h"

#include "tap.h"

static void test_read(apr_pool_t *pool)
{
    static const struct { const char *text, *shown; } table[] = {
        { "#1a5fb4", "#1a5fb4" },
        { "#1A5FB4", "#1a5fb4" },
        { "#000000", "#000000" },
        { "#fff", "#ffffff" },
        { "#15b", "#1155bb" },
        { "#15b;", "#1155bb" },
        { "#15b }", "#1155bb" },
        { "", NULL },
        { "#", NULL },
        { "1a5fb4", NULL },
        { " #1a5fb4", NULL },
        { "#1", NULL },
        { "#12", NULL },
        { "#1234", NULL },
        { "#12345", NULL },
        { "#1234567", NULL },
        { "#1a5fb4ff", NULL },
        { "#1a5fbg", NULL },
        { "#12g", NULL },
        { "#+12345", NULL },
        { "#0x1234", NULL },
        { "red", NULL },
        { "rgb(1,2,3)", NULL },
        { "#fff\xD0", "#ffffff" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_color color = 1;
        size_t len = pwr_color_read(table[i].text, &color);

        tap_str(len > 0 ? pwr_color_show(pool, color) : NULL, table[i].shown,
                "'%s'", table[i].text);
        tap_int((int)len, !table[i].shown ? 0
                : (int)strspn(table[i].text, "#0123456789abcdefABCDEF"),
                "and no more");
    }
}

/* Of the formulas in WCAG 2.2, as WebAIM's checker shows them. */
static void test_contrast(void)
{
    static const struct { pwr_color a, b; int hundredths; } table[] = {
        { 0xFFFFFF, 0x000000, 2100 },
        { 0x000000, 0x000000, 100 },
        { 0x777777, 0xFFFFFF, 447 },
        { 0x767676, 0xFFFFFF, 454 },
        { 0xFF0000, 0xFFFFFF, 399 },
        { 0x0000FF, 0xFFFFFF, 859 },
        { 0x00FF00, 0xFFFFFF, 137 },
        { 0xFFFF00, 0x000000, 1955 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        double there = pwr_color_contrast(table[i].a, table[i].b);
        double back = pwr_color_contrast(table[i].b, table[i].a);

        tap_int((int)(100 * there), table[i].hundredths, "%06x on %06x",
                (unsigned)table[i].a, (unsigned)table[i].b);
        tap_ok(there == back, "and the other way round");
    }
}

static void test_mix(void)
{
    tap_int(pwr_color_mix(0x102030, 0xFFFFFF, 0), 0x102030, "none of it");
    tap_int(pwr_color_mix(0x102030, 0xFFFFFF, 100), 0xFFFFFF, "all of it");
    tap_int(pwr_color_mix(0x000000, 0xFFFFFF, 50), 0x808080, "half of it");
    tap_int(pwr_color_mix(0xFF0000, 0x0000FF, 25), 0xBF0040, "a quarter");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_read(pool);
    test_contrast();
    test_mix();
    return tap_end();
}
