/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"

#include <stdint.h>
#include <string.h>

#include <apr_strings.h>
#include <unistr.h>

#include "core/encoded.h"
#include "core/text.h"

#define UNIT_LEN 6              /* of \uXXXX */
#define REPLACEMENT 0xFFFD

/* ---- reading ---- */

static void skip_blanks(pwr_json_reader *reader)
{
    while (reader->at < reader->end && *reader->at
           && strchr(" \t\r\n", *reader->at)) {
        reader->at++;
    }
}

/* Skip blanks, and then this character; zero when another stands there. */
static int skip(pwr_json_reader *reader, char wanted)
{
    skip_blanks(reader);
    if (reader->at == reader->end || *reader->at != wanted) {
        return 0;
    }
    reader->at++;
    return 1;
}

/* The unit of UTF-16 that \uXXXX at `p` names; zero when none stands there. */
static int read_unit(const char *p, const char *end, uint32_t *unit)
{
    if (end - p < UNIT_LEN || p[0] != '\\' || p[1] != 'u') {
        return 0;
    }
    *unit = 0;
    for (int i = 2; i < UNIT_LEN; i++) {
        int digit = pwr_encoded_hex_digit(p[i]);

        if (digit < 0) {
            return 0;
        }
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return 1;
}

/* \uXXXX at `p`, or two of them that are one character, as UTF-8 at `*to`.
 * Returns what stands behind; NULL when it is no character. */
static char *take_units(char *p, const char *end, char **to)
{
    uint32_t point, low;
    int width;

    if (!read_unit(p, end, &point) || point == 0) {
        return NULL;
    }
    p += UNIT_LEN;
    if (point >= 0xD800 && point <= 0xDBFF) {
        if (!read_unit(p, end, &low) || low < 0xDC00 || low > 0xDFFF) {
            return NULL;
        }
        p += UNIT_LEN;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    /* Shorter than what it was written as; half a pair is refused here. */
    width = u8_uctomb((uint8_t *)*to, point, UNIT_LEN);
    if (width < 0) {
        return NULL;
    }
    *to += width;
    return p;
}

/* The same for any escape. */
static char *take_escape(char *p, const char *end, char **to)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *found;

    if (end - p < 2) {
        return NULL;
    }
    found = memchr(names, p[1], sizeof(names) - 1);
    if (!found) {
        return take_units(p, end, to);
    }
    *(*to)++ = meant[found - names];
    return p + 2;
}

/* A string, decoded in place and ended with a NUL, for which its quotes leave
 * room; NULL when none stands there. */
static const char *read_string(pwr_json_reader *reader, size_t *len)
{
    char *from, *to, *start;

    if (!skip(reader, '"')) {
        return NULL;
    }
    from = to = start = reader->at;
    while (from && from < reader->end && *from != '"') {
        if ((unsigned char)*from < ' ') {
            return NULL;
        }
        if (*from == '\\') {
            from = take_escape(from, reader->end, &to);
        }
        else {
            *to++ = *from++;
        }
    }
    if (!from || from == reader->end) {
        return NULL;
    }
    reader->at = from + 1;
    *to = '\0';
    *len = (size_t)(to - start);
    return pwr_text_is_utf8(start, *len) ? start : NULL;
}

static int is_at_end(pwr_json_reader *reader)
{
    skip_blanks(reader);
    return reader->at == reader->end;
}

pwr_json_step pwr_json_next(pwr_json_reader *reader, pwr_json_member *member)
{
    int is_first = !reader->is_open;
    size_t name_len;

    reader->is_open = 1;
    if (is_first && !skip(reader, '{')) {
        return PWR_JSON_BAD;
    }
    if (skip(reader, '}')) {
        return is_at_end(reader) ? PWR_JSON_END : PWR_JSON_BAD;
    }
    if (!is_first && !skip(reader, ',')) {
        return PWR_JSON_BAD;
    }
    member->name = read_string(reader, &name_len);
    if (!member->name || !skip(reader, ':')) {
        return PWR_JSON_BAD;
    }
    member->value = read_string(reader, &member->value_len);
    return member->value ? PWR_JSON_MEMBER : PWR_JSON_BAD;
}

/* ---- writing ---- */

size_t pwr_json_escape(char *out, uint32_t point)
{
    const size_t size = PWR_JSON_ESCAPE_MAX;

    if (point == '"' || point == '\\') {
        return (size_t)apr_snprintf(out, size, "\\%c", (char)point);
    }
    if (point < 0x10000) {
        return (size_t)apr_snprintf(out, size, "\\u%04x", (unsigned)point);
    }
    point -= 0x10000;
    return (size_t)apr_snprintf(out, size, "\\u%04x\\u%04x",
                                0xD800 + (unsigned)(point >> 10),
                                0xDC00 + (unsigned)(point & 0x3FF));
}

/* "<" too: nobody who takes this for a page finds a tag in it. */
static int needs_escape(ucs4_t point)
{
    return point < ' ' || point == 0x7F || point == '"' || point == '\\'
        || point == '<';
}

void pwr_json_text(pwr_sink *sink, const char *text)
{
    size_t left = strlen(text);

    pwr_sink_text(sink, "\"");
    while (left > 0) {
        ucs4_t point;
        int width = u8_mbtouc(&point, (const uint8_t *)text, left);
        char escaped[PWR_JSON_ESCAPE_MAX];

        if (needs_escape(point)) {
            pwr_sink_add(sink, escaped, pwr_json_escape(escaped, point));
        }
        else if (point == REPLACEMENT) {
            pwr_sink_text(sink, "\xEF\xBF\xBD");
        }
        else {
            pwr_sink_add(sink, text, (size_t)width);
        }
        text += width;
        left -= (size_t)width;
    }
    pwr_sink_text(sink, "\"");
}

static void write_map(pwr_sink *sink, const pwr_model *model)
{
    pwr_sink_text(sink, "{");
    pwr_json_members(sink, model, NULL, 1);
    pwr_sink_text(sink, "}");
}

static void write_list(pwr_sink *sink, const pwr_list *list)
{
    pwr_sink_text(sink, "[");
    for (int i = 0; i < pwr_list_n(list); i++) {
        if (i > 0) {
            pwr_sink_text(sink, ",");
        }
        write_map(sink, pwr_list_at(list, i));
    }
    pwr_sink_text(sink, "]");
}

static void write_value(pwr_sink *sink, const pwr_model_value *value)
{
    switch (value->kind) {
    case PWR_MODEL_TEXT:
        pwr_json_text(sink, value->text);
        return;
    case PWR_MODEL_LIST:
        write_list(sink, value->list);
        return;
    case PWR_MODEL_MAP:
        write_map(sink, value->map);
        return;
    case PWR_MODEL_FLAG:
    case PWR_MODEL_ABSENT:
        break;
    }
    pwr_sink_text(sink, "true");
}

void pwr_json_members(pwr_sink *sink, const pwr_model *model,
                      const char *const *keys, int is_first)
{
    int n = pwr_model_n(model);

    for (int i = 0; keys ? keys[i] != NULL : i < n; i++) {
        const pwr_model_value *value = keys ? pwr_model_get(model, keys[i])
                                            : pwr_model_at(model, i);

        if (!value || value->kind == PWR_MODEL_ABSENT) {
            continue;
        }
        if (!is_first) {
            pwr_sink_text(sink, ",");
        }
        is_first = 0;
        pwr_json_text(sink, value->key);
        pwr_sink_text(sink, ":");
        write_value(sink, value);
    }
}
