/* SPDX-License-Identifier: Apache-2.0 */
/* Header words: what a mail program reads is what was written. */
#include "core/mime.h"

#include <apr_base64.h>

#include "core/text.h"
#include "fuzz.h"

#define WORD "=?UTF-8?B?"

/* A field's value with its folding undone (RFC 5322 2.2.3). */
static char *field(apr_pool_t *pool, const char *mail, const char *name)
{
    const char *begin = strstr(mail, apr_pstrcat(pool, "\n", name, ":", NULL));
    char *value, *to;

    FUZZ_CLAIM(begin);
    begin += strlen(name) + 2;
    value = to = apr_palloc(pool, strlen(begin) + 1);
    for (; *begin && (*begin != '\n' || begin[1] == ' '); begin++) {
        if (*begin != '\n') {
            *to++ = *begin;
        }
    }
    *to = '\0';
    return value;
}

/* Encoded words side by side (RFC 2047 6.2: the blanks between them go), up to
 * the end or " <".  Whole characters each, 75 bytes at most. */
static const char *decoded(apr_pool_t *pool, const char *p)
{
    const char *out = "";

    while (strncmp(p, WORD, strlen(WORD)) == 0) {
        size_t len = strcspn(p + strlen(WORD), "?");
        char *word = apr_pstrmemdup(pool, p + strlen(WORD), len);
        char *bytes = apr_palloc(pool, (size_t)apr_base64_decode_len(word) + 1);
        int n = apr_base64_decode(bytes, word);

        FUZZ_CLAIM(strlen(WORD) + len + 2 <= 75);
        bytes[n] = '\0';
        FUZZ_CLAIM(n > 0 && pwr_text_is_utf8(bytes, (size_t)n));
        out = apr_pstrcat(pool, out, bytes, NULL);
        p += strlen(WORD) + len;
        FUZZ_CLAIM(p[0] == '?' && p[1] == '=');
        p += 2 + (p[2] == ' ' && p[3] == '=');
    }
    FUZZ_CLAIM(!*p || strncmp(p, " <", 2) == 0);
    return out;
}

/* A quoted-string, or words as they are. */
static const char *unquoted(apr_pool_t *pool, const char *p)
{
    char *out = apr_pstrdup(pool, p), *to = out;
    int is_quoted = *p == '"';

    for (p += is_quoted; *p && *p != (is_quoted ? '"' : '<'); p++) {
        p += *p == '\\';
        *to++ = *p;
    }
    to -= !is_quoted && to > out && to[-1] == ' ';
    *to = '\0';
    return out;
}

static const char *meaning(apr_pool_t *pool, const char *value)
{
    FUZZ_CLAIM(*value == ' ');
    value++;
    return strncmp(value, "=?", 2) == 0 ? decoded(pool, value)
                                        : unquoted(pool, value);
}

/* No line but our own, none too long, nothing but ASCII (RFC 5322 2.1.1). */
static void look_lines(const char *mail)
{
    const char *end = strstr(mail, "\n\n");

    FUZZ_CLAIM(end);
    for (const char *p = mail; p < end; p = strchr(p, '\n') + 1) {
        size_t len = strcspn(p, "\n");

        FUZZ_CLAIM(len > 0 && len <= 998 && strspn(p, " ") < len);
        for (size_t i = 0; i < len; i++) {
            FUZZ_CLAIM(p[i] >= ' ' && p[i] <= '~');
        }
    }
}

/* An input: the subject, the sender's name. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    pwr_message m = { .from = "no-reply@example.org", .to = "a@example.org",
                      .id = "0", .text = "x" };
    const char *mail, *value;
    size_t len;

    m.subject = fuzz_text(pool, &in);
    m.from_name = fuzz_text_or_null(pool, &in);
    if (pwr_mime_render(pool, &m, &mail, &len) != APR_SUCCESS) {
        FUZZ_CLAIM(!mail && len == 0);
        return;
    }
    FUZZ_CLAIM(pwr_text_is_plain(m.subject) && *m.subject);
    mail = apr_pstrcat(pool, "X: x\n", mail, NULL);
    look_lines(mail);
    value = field(pool, mail, "Subject");
    FUZZ_CLAIM(fuzz_same(strncmp(value, " =?", 3) == 0
                             ? decoded(pool, value + 1) : value + 1,
                         m.subject));
    if (m.from_name && *m.from_name) {
        value = field(pool, mail, "From");
        FUZZ_CLAIM(fuzz_same(meaning(pool, value), m.from_name));
        value += strlen(value) - strlen(" <no-reply@example.org>");
        FUZZ_CLAIM(fuzz_same(value, " <no-reply@example.org>"));
    }
}
