/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mime.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "core/sink.h"
#include "core/text.h"

#define LINE_MAX_BYTES 76       /* RFC 2045 6.7 (5), RFC 2047 2 */
#define LINK_MAX_BYTES 998      /* RFC 5322 2.1.1 */
#define WORD_MAX_BYTES 75       /* RFC 2047 2: an encoded word */
#define ASCII_MAX_BYTES 60      /* words that are written as they are */
#define ID_MAX_BYTES 64         /* a boundary has at most 70: RFC 2046 5.1.1 */
#define ADDRESS_MAX_BYTES 320
#define LANGUAGE_MAX_BYTES 35
#define DATE_MAX_SEC 253402300799   /* 9999-12-31T23:59:59Z */

#define WORD_BEGIN "=?UTF-8?B?"
#define WORD_END "?="
#define WORD_FRAME (sizeof(WORD_BEGIN) + sizeof(WORD_END) - 2)

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A header field being written. */
typedef struct field {
    pwr_sink *sink;
    size_t column;
    int is_begun;               /* the first line is never left empty */
} field;

/* Is `s` 1 to `bytes_max` bytes, all of them from `set`? */
static int consists_of(const char *s, const char *set, size_t bytes_max)
{
    size_t len = s ? strspn(s, set) : 0;

    return len > 0 && len <= bytes_max && s[len] == '\0';
}

static int is_header(const char *s)
{
    return s && *s && pwr_text_is_utf8(s, strlen(s)) && pwr_text_is_plain(s);
}

static int is_body(const char *s)
{
    return s && *s && pwr_text_is_utf8(s, strlen(s));
}

/* pwr_addr_mailbox has judged more strictly; here one address must not become
 * two, or another header. */
static int is_address(const char *s)
{
    const char *at = s ? strchr(s, '@') : NULL;

    return at && at != s && at[1] && !strchr(at + 1, '@')
        && is_header(s) && strlen(s) <= ADDRESS_MAX_BYTES
        && s[strcspn(s, " ()<>[]:;\\,\"")] == '\0';
}

static int is_valid(const pwr_message *m)
{
    return (!m->from_name || !*m->from_name || is_header(m->from_name))
        && is_address(m->from) && is_address(m->to) && is_header(m->subject)
        && consists_of(m->id, DIGITS "abcdef.-", ID_MAX_BYTES)
        && (!m->language || consists_of(m->language, DIGITS LETTERS "-",
                                        LANGUAGE_MAX_BYTES))
        && m->date_epoch_sec >= 0 && m->date_epoch_sec <= DATE_MAX_SEC
        && is_body(m->text) && (!m->html || is_body(m->html));
}

static void begin_field(field *f, pwr_sink *sink, const char *name)
{
    f->sink = sink;
    f->column = strlen(name) + 1;
    f->is_begun = 0;
    pwr_sink_text(sink, name);
    pwr_sink_add(sink, ":", 1);
}

/* A blank, or a line of its own where the line is full, and the bytes. */
static void add_piece(field *f, const char *bytes, size_t len)
{
    if (f->is_begun && f->column + 1 + len > LINE_MAX_BYTES) {
        pwr_sink_add(f->sink, "\n", 1);
        f->column = 0;
    }
    pwr_sink_add(f->sink, " ", 1);
    pwr_sink_add(f->sink, bytes, len);
    f->column += 1 + len;
    f->is_begun = 1;
}

static void add_field(pwr_sink *sink, const char *name, const char *value)
{
    pwr_sink_text(sink, name);
    pwr_sink_add(sink, ": ", 2);
    pwr_sink_text(sink, value);
    pwr_sink_add(sink, "\n", 1);
}

/* Printable ASCII that can be folded at its blanks without a loss, and that
 * nobody takes for an encoded word. */
static int is_ascii(const char *s)
{
    size_t word = 0;

    if (strstr(s, "=?")) {
        return 0;
    }
    for (; *s; s++) {
        if (*s == ' ' ? word == 0 : (*s < '!' || *s > '~')) {
            return 0;
        }
        word = *s == ' ' ? 0 : word + 1;
        if (word > ASCII_MAX_BYTES) {
            return 0;
        }
    }
    return word > 0;
}

static void add_ascii(field *f, const char *s)
{
    while (*s) {
        size_t len = strcspn(s, " ");

        add_piece(f, s, len);
        s += len + (s[len] == ' ');
    }
}

/* How much of `s` an encoded word of `room` bytes holds, in whole characters
 * (RFC 2047 5). */
static size_t word_bytes(const char *s, size_t room)
{
    size_t len = strnlen(s, (room - WORD_FRAME) / 4 * 3);

    while (((unsigned char)s[len] & 0xC0) == 0x80) {
        len--;
    }
    return len;
}

static void add_encoded(field *f, const char *s)
{
    while (*s) {
        char word[WORD_MAX_BYTES + 1] = WORD_BEGIN;
        size_t room = LINE_MAX_BYTES - 1, len;
        int n;

        if (f->column + WORD_MAX_BYTES / 2 < LINE_MAX_BYTES) {
            room -= f->column;
        }
        len = word_bytes(s, room);
        n = apr_base64_encode(word + sizeof(WORD_BEGIN) - 1, s, (int)len);
        memcpy(word + sizeof(WORD_BEGIN) - 2 + n, WORD_END, sizeof(WORD_END));
        add_piece(f, word, strlen(word));
        s += len;
    }
}

static void add_subject(pwr_sink *sink, const char *subject)
{
    field f;

    begin_field(&f, sink, "Subject");
    if (is_ascii(subject)) {
        add_ascii(&f, subject);
    }
    else {
        add_encoded(&f, subject);
    }
    pwr_sink_add(sink, "\n", 1);
}

/* A quoted-string of RFC 5322 3.2.4. */
static void add_quoted(field *f, const char *s)
{
    char quoted[2 * ASCII_MAX_BYTES + 2], *p = quoted;

    *p++ = '"';
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            *p++ = '\\';
        }
        *p++ = *s;
    }
    *p++ = '"';
    add_piece(f, quoted, (size_t)(p - quoted));
}

static void add_from(pwr_sink *sink, const pwr_message *m)
{
    static const char atoms[] = DIGITS LETTERS "!#$%&'*+-/=?^_`{|}~ ";
    const char *name = m->from_name;
    field f;

    if (!name || !*name) {
        add_field(sink, "From", m->from);
        return;
    }
    begin_field(&f, sink, "From");
    if (!is_ascii(name) || strlen(name) > ASCII_MAX_BYTES) {
        add_encoded(&f, name);
    }
    else if (name[strspn(name, atoms)] == '\0') {
        add_ascii(&f, name);
    }
    else {
        add_quoted(&f, name);
    }
    if (f.column + 3 + strlen(m->from) > LINE_MAX_BYTES) {
        pwr_sink_add(sink, "\n", 1);
    }
    pwr_sink_add(sink, " <", 2);
    pwr_sink_text(sink, m->from);
    pwr_sink_add(sink, ">\n", 2);
}

/* RFC 5322 3.3 */
static void add_date(pwr_sink *sink, int64_t epoch_sec)
{
    char date[32];
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, apr_time_from_sec(epoch_sec));
    apr_snprintf(date, sizeof(date), "%s, %02d %s %04d %02d:%02d:%02d +0000",
                 apr_day_snames[t.tm_wday], t.tm_mday,
                 apr_month_snames[t.tm_mon], 1900 + t.tm_year, t.tm_hour,
                 t.tm_min, t.tm_sec);
    add_field(sink, "Date", date);
}

static void add_headers(pwr_sink *sink, const pwr_message *m)
{
    add_from(sink, m);
    add_field(sink, "To", m->to);
    add_subject(sink, m->subject);
    add_date(sink, m->date_epoch_sec);
    pwr_sink_text(sink, "Message-ID: <");
    pwr_sink_text(sink, m->id);
    pwr_sink_text(sink, strchr(m->from, '@'));
    pwr_sink_text(sink, ">\n");
    add_field(sink, "MIME-Version", "1.0");
    add_field(sink, "Auto-Submitted", "auto-generated");
    add_field(sink, "X-Auto-Response-Suppress", "All");
    if (m->language) {
        add_field(sink, "Content-Language", m->language);
    }
}

/* May the byte at `s` stand as it is (RFC 2045 6.7)?  Besides what must be
 * encoded: a dot at the begin of a line, which ends a message for some
 * programs, and "From ", which begins another. */
static int is_literal(const char *s, const char *end, int begins_line)
{
    if (*s == ' ' || *s == '\t') {
        return s + 1 < end;
    }
    if (*s < '!' || *s > '~' || *s == '=') {
        return 0;
    }
    return !begins_line
        || (*s != '.' && (end - s < 5 || strncmp(s, "From ", 5) != 0));
}

static void add_byte(pwr_sink *sink, const char *s, int literal)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char c = (unsigned char)*s;
    const char code[] = { '=', hex[c >> 4], hex[c & 15] };

    if (literal) {
        pwr_sink_add(sink, s, 1);
        return;
    }
    pwr_sink_add(sink, code, sizeof(code));
}

/* Is the line one URL that may be longer than lines are?  Mail programs that
 * join soft breaks wrongly would make a dead link of it. */
static int is_link(const char *s, const char *end)
{
    size_t len = 0;

    if (strncmp(s, "http://", 7) != 0 && strncmp(s, "https://", 8) != 0) {
        return 0;
    }
    for (; s < end && *s != ' ' && *s != '\t'; s++) {
        len += is_literal(s, end, 0) ? 1 : 3;
    }
    return s == end && len <= LINK_MAX_BYTES;
}

static void add_line(pwr_sink *sink, const char *s, const char *end)
{
    size_t max = is_link(s, end) ? LINK_MAX_BYTES : LINE_MAX_BYTES - 1;
    size_t column = 0;

    for (; s < end; s++) {
        int literal = is_literal(s, end, column == 0);

        if (column + (literal ? 1 : 3) > max) {
            pwr_sink_add(sink, "=\n", 2);
            column = 0;
            literal = is_literal(s, end, 1);
        }
        add_byte(sink, s, literal);
        column += literal ? 1 : 3;
    }
    pwr_sink_add(sink, "\n", 1);
}

static void add_part(pwr_sink *sink, const char *type, const char *text)
{
    add_field(sink, "Content-Type", type);
    add_field(sink, "Content-Transfer-Encoding", "quoted-printable");
    pwr_sink_add(sink, "\n", 1);
    while (*text) {
        const char *end = text + strcspn(text, "\n");
        const char *next = end + (*end == '\n');

        add_line(sink, text, end > text && end[-1] == '\r' ? end - 1 : end);
        text = next;
    }
}

/* "=_" is never written by quoted-printable, so no part can hold the boundary
 * (RFC 2045 6.7). */
static void add_boundary(pwr_sink *sink, const pwr_message *m,
                         const char *before, const char *after)
{
    pwr_sink_text(sink, before);
    pwr_sink_text(sink, "=_");
    pwr_sink_text(sink, m->id);
    pwr_sink_text(sink, after);
}

static void add_message(pwr_sink *sink, const pwr_message *m)
{
    add_headers(sink, m);
    if (m->html) {
        add_boundary(sink, m, "Content-Type: multipart/alternative;\n "
                     "boundary=\"", "\"\n");
        add_boundary(sink, m, "\n--", "\n");
    }
    add_part(sink, "text/plain; charset=utf-8", m->text);
    if (m->html) {
        add_boundary(sink, m, "\n--", "\n");
        add_part(sink, "text/html; charset=utf-8", m->html);
        add_boundary(sink, m, "\n--", "--\n");
    }
}

apr_status_t pwr_mime_render(apr_pool_t *pool, const pwr_message *message,
                             const char **bytes, size_t *len)
{
    pwr_sink sink = { .len = 0 };

    *bytes = NULL;
    *len = 0;
    if (!is_valid(message)) {
        return APR_EINVAL;
    }
    add_message(&sink, message);
    *bytes = pwr_sink_open(pool, &sink);
    add_message(&sink, message);
    *len = sink.len;
    return APR_SUCCESS;
}
