/* SPDX-License-Identifier: Apache-2.0 */
#include "core/keyboard.h"

#include <string.h>
#include <uchar.h>

#include <unicase.h>
#include <unistr.h>

#include "core/crypto.h"
#include "core/text.h"

#define ROWS_N 4
#define RUN_MIN 3
#define PLAIT_MIN 8             /* молоко: м л к between о о о */

typedef enum layout {
    LAYOUT_LATIN,
    LAYOUT_LATIN_SHIFT,         /* its letters are folded before */
    LAYOUT_CYRILLIC,
    LAYOUTS_N
} layout;

/* Blanks hold the places of keys that a layout does not add anything to; the
 * keys of a column lie below one another. */
static const char32_t *const keys[LAYOUTS_N][ROWS_N] = {
    { U"`1234567890-=", U" qwertyuiop[]\\", U" asdfghjkl;'", U" zxcvbnm,./" },
    { U"~!@#$%^&*()_+", U"           {}|", U"          :\"", U"        <>?" },
    { U"ё            ", U" йцукенгшщзхъ", U" фывапролджэ", U" ячсмитьбю" },
};

typedef struct key {
    layout of;                  /* LAYOUTS_N: on no key */
    int row, column;
} key;

static key key_find(uint32_t point)
{
    layout first = point < 0x80 ? LAYOUT_LATIN : LAYOUT_CYRILLIC;

    for (layout of = first; of < LAYOUTS_N && point > ' '; of++) {
        for (int row = 0; row < ROWS_N; row++) {
            const char32_t *p = keys[of][row];

            for (int column = 0; p[column]; column++) {
                if (p[column] == point) {
                    return (key){ of, row, column };
                }
            }
        }
    }
    return (key){ LAYOUTS_N, 0, 0 };
}

static uint32_t point_fold(uint32_t point)
{
    point = uc_tolower(point);
    return point == U'ё' ? U'е' : point;
}

static uint32_t point_latin(uint32_t point)
{
    key k = key_find(point);

    return k.of == LAYOUT_CYRILLIC ? keys[LAYOUT_LATIN][k.row][k.column]
                                   : point;
}

static uint32_t point_cyrillic(uint32_t point)
{
    key k = key_find(point);
    const char32_t *row = keys[LAYOUT_CYRILLIC][k.row];

    if (k.of >= LAYOUT_CYRILLIC) {
        return point;
    }
    for (int i = 0; *row && i < k.column; i++) {
        row++;
    }
    return *row > ' ' ? point_fold(*row) : point;
}

size_t pwr_keyboard_fold(const char *text, size_t len, uint32_t *out)
{
    const uint8_t *p = (const uint8_t *)text, *end = p + len;
    size_t n = 0;

    while (p < end) {
        ucs4_t point;

        p += u8_mbtouc(&point, p, (size_t)(end - p));
        out[n++] = point_fold(point);
    }
    return n;
}

int pwr_keyboard_forms(apr_pool_t *pool, const char *text, pwr_forms *forms)
{
    size_t len = strlen(text);

    forms->n = 0;
    for (int i = 0; i < PWR_LAYOUTS_N; i++) {
        forms->points[i] = pwr_secret_alloc(pool, (len + 1)
                                                      * sizeof(uint32_t));
    }
    if (!pwr_text_is_utf8(text, len)) {
        return 0;
    }
    forms->n = pwr_keyboard_fold(text, len, forms->points[PWR_LAYOUT_FOLDED]);
    for (size_t i = 0; i < forms->n; i++) {
        uint32_t point = forms->points[PWR_LAYOUT_FOLDED][i];

        forms->points[PWR_LAYOUT_LATIN][i] = point_latin(point);
        forms->points[PWR_LAYOUT_CYRILLIC][i] = point_cyrillic(point);
    }
    return 1;
}

size_t pwr_keyboard_encode(const uint32_t *points, size_t n, char *out,
                           size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        int width = u8_uctomb((uint8_t *)out + len, points[i],
                              (ptrdiff_t)(size - 1 - len));

        if (width <= 0) {
            break;
        }
        len += (size_t)width;
    }
    out[len] = '\0';
    return len;
}

const char *pwr_keyboard_latin(apr_pool_t *pool, const uint32_t *points,
                               size_t n)
{
    size_t size = PWR_UTF8_WIDTH_MAX * n + 1, len = 0;
    char *text = apr_pcalloc(pool, size);

    for (size_t i = 0; i < n; i++) {
        uint32_t point = point_latin(points[i]);

        len += pwr_keyboard_encode(&point, 1, text + len, size - len);
    }
    return text;
}

static int is_digit(uint32_t point)
{
    return point >= '0' && point <= '9';
}

static int is_letter(uint32_t point)
{
    return (point >= 'a' && point <= 'z') || (point >= U'а' && point <= U'я');
}

/* Bits of a step: what kind of run it could belong to.  One step may be of
 * several kinds (f to g: the next key, and the next letter). */
#define STEP_SAME (1u << 0)
#define STEP_LETTER_UP (1u << 1)
#define STEP_LETTER_DOWN (1u << 2)
#define STEP_DIGIT 3            /* 1 to 9 more, modulo 10: nine bits */
#define STEP_KEY 13             /* the eight keys around, and itself */

static unsigned key_step(uint32_t from, uint32_t to)
{
    key a = key_find(from), b = key_find(to);
    int down = b.row - a.row, right = b.column - a.column;

    if (a.of == LAYOUTS_N || b.of == LAYOUTS_N || down < -1 || down > 1
        || right < -1 || right > 1) {
        return 0;
    }
    return 1u << (STEP_KEY + 3 * (down + 1) + right + 1);
}

static unsigned step_kinds(uint32_t from, uint32_t to)
{
    unsigned kinds = from == to ? STEP_SAME : key_step(from, to);

    if (is_digit(from) && is_digit(to) && from != to) {
        kinds |= 1u << (STEP_DIGIT + (to + 10 - from) % 10 - 1);
    }
    if (is_letter(from) && is_letter(to)) {
        kinds |= to == from + 1 ? STEP_LETTER_UP : 0;
        kinds |= from == to + 1 ? STEP_LETTER_DOWN : 0;
    }
    return kinds;
}

/* Number of code points, every `stride`-th from `at`, that go one way. */
static size_t run_len(const uint32_t *points, size_t n, size_t at,
                      size_t stride)
{
    unsigned kinds = ~0u;
    size_t len = 1;

    for (; at + stride < n; at += stride, len++) {
        kinds &= step_kinds(points[at], points[at + stride]);
        if (!kinds) {
            break;
        }
    }
    return len;
}

static int is_covered(const uint32_t *points, size_t n, size_t start,
                      size_t stride)
{
    size_t total = (n - start + stride - 1) / stride, stray = 0;

    for (size_t at = start; at < n && 5 * stray <= total;) {
        size_t len = run_len(points, n, at, stride);

        stray += len < RUN_MIN ? len : 0;
        at += len * stride;
    }
    return stray < total && 5 * stray <= total;
}

int pwr_keyboard_is_walk(const uint32_t *points, size_t n)
{
    return n >= RUN_MIN
        && (is_covered(points, n, 0, 1)
            || (n >= PLAIT_MIN && is_covered(points, n, 0, 2)
                && is_covered(points, n, 1, 2)));
}
