/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

static int is_blank(const char *s, size_t *width)
{
    if (*s == ' ' || (*s >= '\t' && *s <= '\r')) {
        *width = 1;
        return 1;
    }
    if (memcmp(s, "\xC2\xA0", 2) == 0) {
        *width = 2;
        return 1;
    }
    return 0;
}

int pwr_text_is_utf8(const char *bytes, size_t len)
{
    return memchr(bytes, '\0', len) == NULL
        && u8_check((const uint8_t *)bytes, len) == NULL;
}

int pwr_text_is_plain(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    for (; *p; p++) {
        int c1 = p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;

        if (*p < 0x20 || *p == 0x7F || c1) {
            return 0;
        }
    }
    return 1;
}

size_t pwr_text_points(const char *s)
{
    size_t n = 0;

    for (; *s; s++) {
        n += ((unsigned char)*s & 0xC0) != 0x80;
    }
    return n;
}

const char *pwr_text_trim(apr_pool_t *pool, const char *s)
{
    size_t width, len;

    while (*s && is_blank(s, &width)) {
        s += width;
    }
    for (len = strlen(s); len > 0; len -= width) {
        size_t at = len >= 2 && (unsigned char)s[len - 1] == 0xA0
                        ? len - 2 : len - 1;

        if (!is_blank(s + at, &width) || at + width != len) {
            break;
        }
    }
    return apr_pstrmemdup(pool, s, len);
}

const char *pwr_text_unmarked(const char *text)
{
    static const char mark[] = "\xEF\xBB\xBF";

    return strncmp(text, mark, sizeof(mark) - 1) == 0
        ? text + sizeof(mark) - 1 : text;
}

/* The only characters that NFC itself turns into ASCII: Kelvin sign, Greek
 * question mark and varia would make a foreign name equal to a plain one. */
static int turns_ascii(const char *s)
{
    return strstr(s, "\xE2\x84\xAA") || strstr(s, "\xCD\xBE")
        || strstr(s, "\xE1\xBF\xAF");
}

const char *pwr_text_canonical(apr_pool_t *pool, const char *s)
{
    const char *result;
    char *folded;
    uint8_t *composed;
    size_t len;

    if (!pwr_text_is_utf8(s, strlen(s)) || turns_ascii(s)) {
        return NULL;
    }
    /* Folded first: "w" and a ring have one letter, "W" and a ring none. */
    folded = apr_pstrdup(pool, pwr_text_trim(pool, s));
    for (char *p = folded; *p; p++) {
        if (*p >= 'A' && *p <= 'Z') {
            *p = (char)(*p + ('a' - 'A'));
        }
    }
    composed = u8_normalize(UNINORM_NFC, (const uint8_t *)folded,
                            strlen(folded), NULL, &len);
    if (!composed) {
        return NULL;
    }
    result = apr_pstrmemdup(pool, (const char *)composed, len);
    free(composed);
    return result;
}

const char *pwr_text_printable(apr_pool_t *pool, const char *s,
                               size_t bytes_max)
{
    char *out, *p;

    if (!s) {
        return "-";
    }
    out = p = apr_palloc(pool, 4 * bytes_max + 1);
    for (; *s && bytes_max > 0; s++, bytes_max--) {
        unsigned char c = (unsigned char)*s;

        if (c >= 0x20 && c < 0x7F && c != '\\' && c != '"') {
            *p++ = (char)c;
            continue;
        }
        *p++ = '\\';
        *p++ = 'x';
        pwr_text_hex(p, &c, 1);
        p += 2;
    }
    *p = '\0';
    return out;
}

/* Controls, line and paragraph separators, and what turns the direction of
 * the text behind it. */
static int is_disruptive(ucs4_t point)
{
    return uc_is_general_category(point, UC_CONTROL)
        || uc_is_general_category(point, UC_LINE_SEPARATOR)
        || uc_is_general_category(point, UC_PARAGRAPH_SEPARATOR)
        || (point >= 0x202A && point <= 0x202E)
        || (point >= 0x2066 && point <= 0x2069);
}

const char *pwr_text_line(apr_pool_t *pool, const char *s, size_t points_max)
{
    static const char replacement[] = "\xEF\xBF\xBD", rest[] = "\xE2\x80\xA6";
    size_t len = strlen(s);
    /* A replacement is three bytes, and stands for one at least. */
    char *out = apr_palloc(pool, 3 * len + sizeof(rest)), *p = out;

    for (; len > 0 && points_max > 0; points_max--) {
        ucs4_t point;
        int width = u8_mbtouc(&point, (const uint8_t *)s, len);
        const char *from = point == 0xFFFD || is_disruptive(point)
                               ? replacement : s;
        size_t n = from == s ? (size_t)width : sizeof(replacement) - 1;

        memcpy(p, from, n);
        p += n;
        s += width;
        len -= (size_t)width;
    }
    memcpy(p, rest, sizeof(rest));
    if (len == 0) {
        *p = '\0';
    }
    return out;
}

const char *pwr_text_replace(apr_pool_t *pool, const char *text,
                             const char *word, const char *by)
{
    const char *out = "", *at;

    while ((at = strstr(text, word)) != NULL) {
        out = apr_pstrcat(pool, out,
                          apr_pstrmemdup(pool, text, (size_t)(at - text)), by,
                          NULL);
        text = at + strlen(word);
    }
    return apr_pstrcat(pool, out, text, NULL);
}

void pwr_text_hex(char *out, const unsigned char *bytes, size_t len)
{
    static const char hex[] = "0123456789abcdef";

    for (; len > 0; len--, bytes++) {
        *out++ = hex[*bytes >> 4];
        *out++ = hex[*bytes & 15];
    }
    *out = '\0';
}

const char *pwr_text_urlencode(apr_pool_t *pool, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = apr_palloc(pool, 3 * strlen(s) + 1), *p = out;

    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c < 0x80 && (apr_isalnum(c) || strchr("-._~", c))) {
            *p++ = (char)c;
            continue;
        }
        *p++ = '%';
        *p++ = hex[c >> 4];
        *p++ = hex[c & 15];
    }
    *p = '\0';
    return out;
}

int pwr_text_same(const char *a, const char *b)
{
    return a && b && apr_cstr_casecmp(a, b) == 0;
}
