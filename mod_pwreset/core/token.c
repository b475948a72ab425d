/* SPDX-License-Identifier: Apache-2.0 */
#include "core/token.h"

#include <stdint.h>
#include <string.h>

#include <openssl/crypto.h>
#include <unistr.h>

#include "core/crypto.h"

#define SYMBOLS_N 32
#define GROUP_LEN 4
#define CAPITAL_A 0x410u        /* the first Cyrillic capital */
#define SMALL_A 0x430u

static const char alphabet[SYMBOLS_N + 1] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* What the Cyrillic letters from U+0410 on look like; a dot: nothing here. */
static const char look_alikes[SYMBOLS_N + 1] =
    "A.B..E....K.MHO.PCTY.X..........";

typedef struct range {
    uint32_t first, last;
} range;

static const range dashes[] = {
    { '-', '-' }, { '_', '_' },
    { 0x2010, 0x2015 },         /* hyphens, en and em dash */
    { 0x2043, 0x2043 }, { 0x2212, 0x2212 }, { 0x2500, 0x2500 },
    { 0xFE58, 0xFE58 }, { 0xFE63, 0xFE63 }, { 0xFF0D, 0xFF0D },
    { 0, 0 }
};

/* Also the marks that mail programs put before quoted lines. */
static const range blanks[] = {
    { 0x01, ' ' }, { '>', '>' }, { '|', '|' }, { 0x7F, 0xA0 },
    { 0x1680, 0x1680 }, { 0x2000, 0x200A }, { 0x2028, 0x2029 },
    { 0x202F, 0x202F }, { 0x205F, 0x205F }, { 0x3000, 0x3000 },
    { 0, 0 }
};

/* Zero width, direction marks, soft hyphen: not even a gap between groups. */
static const range invisible[] = {
    { 0xAD, 0xAD }, { 0x34F, 0x34F }, { 0x61C, 0x61C }, { 0x180E, 0x180E },
    { 0x200B, 0x200F }, { 0x202A, 0x202E }, { 0x2060, 0x206F },
    { 0xFE00, 0xFE0F }, { 0xFEFF, 0xFEFF },
    { 0, 0 }
};

/* What stands before a symbol. */
typedef enum gap {
    GAP_NONE = 0,       /* another symbol: inside a group */
    GAP_BLANK,          /* the beginning of a group */
    GAP_DASH
} gap;

typedef struct place {
    unsigned char value;
    unsigned char before;       /* a gap */
} place;

/* How much a group sequence of 28 symbols looks like a string of ours. */
typedef enum shape {
    SHAPE_NONE = 0,
    SHAPE_ANY,
    SHAPE_SHOWN         /* seven dashed groups of four, or one group of 28 */
} shape;

/* The last PWR_TOKEN_LEN symbols of a run, which words and punctuation other
 * than dashes and blanks end; memory and time do not grow with the input. */
typedef struct reader {
    place ring[PWR_TOKEN_LEN];
    size_t run_n;
    gap before;
    shape best;
    int something;      /* more than blanks and dashes was typed */
    char *out;
} reader;

static int is_in(const range *ranges, uint32_t c)
{
    for (; ranges->last; ranges++) {
        if (c >= ranges->first && c <= ranges->last) {
            return 1;
        }
    }
    return 0;
}

/* The value of a symbol, -1 when `c` is none. */
static int symbol_value(uint32_t c)
{
    const char *found;

    if (c >= CAPITAL_A && c < CAPITAL_A + 2 * SYMBOLS_N) {
        c = (uint32_t)look_alikes[(c - CAPITAL_A) % SYMBOLS_N];
    }
    if (c >= 'a' && c <= 'z') {
        c -= 'a' - 'A';
    }
    if (c == 'O') {
        return 0;
    }
    if (c == 'I' || c == 'L') {
        return 1;
    }
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): NUL is no symbol */
    found = c < 0x80 ? memchr(alphabet, (int)c, SYMBOLS_N) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* Luhn mod 32: every second value, counted from the check symbol, is doubled
 * and its two base-32 digits added.  Doubling so permutes the 32 values, hence
 * no single wrong symbol leaves the sum alone. */
static unsigned luhn_add(unsigned sum, size_t i, unsigned value)
{
    if ((PWR_TOKEN_LEN - 1 - i) % 2 == 1) {
        value = value * 2 / SYMBOLS_N + value * 2 % SYMBOLS_N;
    }
    return (sum + value) % SYMBOLS_N;
}

void pwr_token_make(char *out, const unsigned char *random)
{
    unsigned sum = 0;

    for (size_t i = 0; i < PWR_TOKEN_RANDOM; i++) {
        unsigned value = random[i] % SYMBOLS_N;

        out[i] = alphabet[value];
        sum = luhn_add(sum, i, value);
    }
    out[PWR_TOKEN_RANDOM] = alphabet[(SYMBOLS_N - sum) % SYMBOLS_N];
    out[PWR_TOKEN_LEN] = '\0';
}

static const place *place_at(const reader *r, size_t i)
{
    return &r->ring[(r->run_n + i) % PWR_TOKEN_LEN];
}

static int is_checked(const reader *r)
{
    unsigned sum = 0;

    for (size_t i = 0; i < PWR_TOKEN_LEN; i++) {
        sum = luhn_add(sum, i, place_at(r, i)->value);
    }
    return sum == 0;
}

static shape window_shape(const reader *r)
{
    size_t dashed_n = 0, inner_n = 0;

    for (size_t i = 1; i < PWR_TOKEN_LEN; i++) {
        gap before = place_at(r, i)->before;

        inner_n += before != GAP_NONE;
        dashed_n += before == GAP_DASH && i % GROUP_LEN == 0;
    }
    return inner_n == dashed_n
        && (inner_n == 0 || inner_n == PWR_TOKEN_LEN / GROUP_LEN - 1)
            ? SHAPE_SHOWN : SHAPE_ANY;
}

/* At the end of a group: are the last 28 symbols a string?  Words around it
 * may consist of symbols too ("code ABCD-..."), and one sequence of 32 has a
 * right check symbol by chance.  Hence the shape decides first: beside a
 * mistyped string that looks like ours no accident is read. */
static void group_end(reader *r)
{
    shape found;

    if (r->before != GAP_NONE || r->run_n < PWR_TOKEN_LEN
        || place_at(r, 0)->before == GAP_NONE) {
        return;
    }
    found = window_shape(r);
    if (found > r->best) {
        r->best = found;
        r->out[0] = '\0';
    }
    if (found < r->best || !is_checked(r)) {
        return;
    }
    for (size_t i = 0; i < PWR_TOKEN_LEN; i++) {
        r->out[i] = alphabet[place_at(r, i)->value];
    }
}

static void symbol_take(reader *r, int value)
{
    place *p = &r->ring[r->run_n % PWR_TOKEN_LEN];

    p->value = (unsigned char)value;
    p->before = (unsigned char)r->before;
    r->run_n++;
    r->before = GAP_NONE;
    r->something = 1;
}

static void separator_take(reader *r, gap kind)
{
    group_end(r);
    if (kind > r->before) {
        r->before = kind;
    }
}

static void stranger_take(reader *r)
{
    group_end(r);
    r->run_n = 0;
    r->before = GAP_BLANK;
    r->something = 1;
}

static void point_take(reader *r, uint32_t c)
{
    int value = symbol_value(c);

    if (value >= 0) {
        symbol_take(r, value);
        return;
    }
    if (is_in(invisible, c)) {
        return;
    }
    if (is_in(dashes, c)) {
        separator_take(r, GAP_DASH);
        return;
    }
    if (is_in(blanks, c)) {
        separator_take(r, GAP_BLANK);
        return;
    }
    stranger_take(r);
}

pwr_token_reading pwr_token_read(char *out, const char *typed)
{
    reader r = { .before = GAP_BLANK, .out = out };
    const uint8_t *p = (const uint8_t *)typed;

    memset(out, 0, PWR_TOKEN_LEN + 1);
    while (p && *p) {
        ucs4_t c;
        int width = u8_strmbtouc(&c, p);

        point_take(&r, width > 0 ? c : UINT32_MAX);
        p += width > 0 ? width : 1;
    }
    group_end(&r);
    OPENSSL_cleanse(r.ring, sizeof(r.ring));
    if (*out) {
        return PWR_TOKEN_READ;
    }
    memset(out, 0, PWR_TOKEN_LEN + 1);
    return r.something ? PWR_TOKEN_MISTYPED : PWR_TOKEN_EMPTY;
}

const char *pwr_token_show(apr_pool_t *pool, const char *bare)
{
    char *shown = pwr_secret_alloc(pool, PWR_TOKEN_SHOWN + 1), *p = shown;

    for (size_t i = 0; i < PWR_TOKEN_LEN && bare[i]; i++) {
        if (i > 0 && i % GROUP_LEN == 0) {
            *p++ = '-';
        }
        *p++ = bare[i];
    }
    return shown;
}
