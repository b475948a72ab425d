/* SPDX-License-Identifier: Apache-2.0 */
/* Text as the whole project sees it. */
#include "core/text.h"
#include "core/url.h"

#include "fuzz.h"

/* The table of RFC 3629 4. */
static const struct {
    unsigned char first, last, low, high;   /* of the second byte */
    size_t len;
} sequences[] = {
    { 0x01, 0x7F, 0, 0, 1 }, { 0xC2, 0xDF, 0x80, 0xBF, 2 },
    { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
    { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 },
    { 0xF0, 0xF0, 0x90, 0xBF, 4 }, { 0xF1, 0xF3, 0x80, 0xBF, 4 },
    { 0xF4, 0xF4, 0x80, 0x8F, 4 },
};

/* Length of the sequence at `p`, 0 when there is none. */
static size_t sequence_len(const unsigned char *p, size_t left)
{
    size_t i = 0, n = sizeof(sequences) / sizeof(*sequences), len;

    while (i < n && (*p < sequences[i].first || *p > sequences[i].last)) {
        i++;
    }
    len = i < n ? sequences[i].len : 0;
    if (len > left || (len > 1 && (p[1] < sequences[i].low
                                   || p[1] > sequences[i].high))) {
        return 0;
    }
    for (size_t k = 2; k < len; k++) {
        if (p[k] < 0x80 || p[k] > 0xBF) {
            return 0;
        }
    }
    return len;
}

static int is_utf8(fuzz_input in)
{
    while (in.len > 0) {
        size_t len = sequence_len((const unsigned char *)in.bytes, in.len);

        if (len == 0) {
            return 0;
        }
        in.bytes += len;
        in.len -= len;
    }
    return 1;
}

static void look_shown(apr_pool_t *pool, const char *s)
{
    const char *printable = pwr_text_printable(pool, s, 20);
    const char *line = pwr_text_line(pool, s, 20);

    FUZZ_CLAIM(strlen(printable) <= 80);
    for (const char *p = printable; *p; p++) {
        FUZZ_CLAIM(*p >= ' ' && *p <= '~' && *p != '"');
    }
    FUZZ_CLAIM(pwr_text_is_utf8(line, strlen(line))
               && pwr_text_is_plain(line) && pwr_text_points(line) <= 21);
    FUZZ_CLAIM(fuzz_same(pwr_text_line(pool, line, 21), line));
}

static void look_encoded(apr_pool_t *pool, const char *s)
{
    char *encoded = apr_pstrdup(pool, pwr_text_urlencode(pool, s));
    size_t len;

    FUZZ_CLAIM(!strpbrk(encoded, " &=+;#?/\"<>\r\n"));
    FUZZ_CLAIM(pwr_url_decode(encoded, strlen(encoded), &len));
    FUZZ_CLAIM(len == strlen(s) && memcmp(encoded, s, len) == 0);
}

static void look_canonical(apr_pool_t *pool, const char *s)
{
    const char *canonical = pwr_text_canonical(pool, s);
    const char *trimmed = pwr_text_trim(pool, s);

    FUZZ_CLAIM(fuzz_same(pwr_text_trim(pool, trimmed), trimmed));
    if (canonical) {
        FUZZ_CLAIM(pwr_text_is_utf8(canonical, strlen(canonical)));
        FUZZ_CLAIM(fuzz_same(pwr_text_canonical(pool, canonical), canonical));
        FUZZ_CLAIM(fuzz_same(pwr_text_canonical(pool, trimmed), canonical));
    }
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    FUZZ_CLAIM(pwr_text_is_utf8(in.bytes, in.len) == is_utf8(in)
               || in.len == 0);
    while (in.len > 0) {
        const char *s = fuzz_text(pool, &in);

        look_shown(pool, s);
        look_encoded(pool, s);
        look_canonical(pool, s);
    }
}
