/* SPDX-License-Identifier: Apache-2.0 */
#include "core/catalog.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <unistr.h>

#include "core/text.h"

#define MSGID_MAX 2000          /* bytes with the NUL: of a buffer */
#define SHOWN_MAX 40            /* bytes of the admin's text in a message */

typedef struct translation {
    int line;
    const char *text;           /* NULL: fuzzy or not yet translated */
} translation;

struct pwr_catalog {
    apr_hash_t *translations;   /* by folded msgid */
};

/* A string that grows line by line; `bytes` has the size of the file. */
typedef struct pile {
    char *bytes;
    size_t len;
} pile;

typedef struct reader {
    apr_pool_t *pool;           /* of the catalog and of messages */
    apr_pool_t *scratch;
    const char *file;
    int line;
    apr_hash_t *translations;
    pile msgid, msgstr;
    pile *open;                 /* what the next string continues, or NULL */
    int msgid_line;             /* 0: no entry has begun */
    int fuzzy;                  /* said of the entry to come */
} reader;

/* How a line may begin; `rest` follows the keyword. */
typedef struct keyword {
    const char *name;
    const char *(*take)(reader *r, const char *rest);
} keyword;

__attribute__((format(printf, 3, 4)))
static const char *fail(const reader *r, int line, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = apr_pvsprintf(r->pool, format, args);
    va_end(args);
    return apr_psprintf(r->pool, "%s line %d: %s", r->file, line, text);
}

static int is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

size_t pwr_catalog_fold(char *out, size_t size, const char *text, size_t len)
{
    size_t n = 0;
    int gap = 0;

    for (size_t i = 0; i < len; i++) {
        if (is_space(text[i])) {
            gap = n > 0;
            continue;
        }
        if (gap) {
            if (n + 1 < size) {
                out[n] = ' ';
            }
            n++;
            gap = 0;
        }
        if (n + 1 < size) {
            out[n] = text[i];
        }
        n++;
    }
    out[n < size ? n : size - 1] = '\0';
    return n;
}

/* A page in another charset would show garbage, and a mail could not be
 * written at all. */
static const char *judge_header(const reader *r, const char *header)
{
    static const char name[] = "charset=";
    const char *value = header;
    size_t len;

    while (*value && apr_cstr_casecmpn(value, name, sizeof(name) - 1) != 0) {
        value++;
    }
    if (!*value) {
        return NULL;
    }
    value += sizeof(name) - 1;
    len = strcspn(value, "; \t\n");
    if (len == 5 && apr_cstr_casecmpn(value, "UTF-8", len) == 0) {
        return NULL;
    }
    value = apr_pstrmemdup(r->scratch, value, len);
    return fail(r, r->msgid_line, "charset is \"%s\", UTF-8 is needed",
                pwr_text_printable(r->pool, value, SHOWN_MAX));
}

/* What makes the entry that has been read unusable; NULL when nothing does. */
static const char *judge_entry(const reader *r, const char *key, size_t len)
{
    const translation *other;

    if (r->open != &r->msgstr) {
        return fail(r, r->msgid_line, "msgid has no msgstr");
    }
    if (len >= MSGID_MAX) {
        return fail(r, r->msgid_line, "msgid is longer than %d bytes",
                    MSGID_MAX - 1);
    }
    other = apr_hash_get(r->translations, key, (apr_ssize_t)len);
    if (other) {
        return fail(r, r->msgid_line, "msgid stands on line %d already",
                    other->line);
    }
    return len > 0 ? NULL
        : judge_header(r, apr_pstrmemdup(r->scratch, r->msgstr.bytes,
                                         r->msgstr.len));
}

/* Take over the entry that has been read, if there is one. */
static const char *finish(reader *r)
{
    char key[MSGID_MAX];
    const char *problem;
    translation *entry;
    size_t len;

    if (!r->msgid_line) {
        return NULL;
    }
    len = pwr_catalog_fold(key, sizeof(key), r->msgid.bytes, r->msgid.len);
    problem = judge_entry(r, key, len);
    if (problem) {
        return problem;
    }
    entry = apr_palloc(r->pool, sizeof(*entry));
    entry->line = r->msgid_line;
    entry->text = len > 0 && r->msgstr.len > 0 && !r->fuzzy
        ? apr_pstrmemdup(r->pool, r->msgstr.bytes, r->msgstr.len) : NULL;
    apr_hash_set(r->translations, apr_pstrmemdup(r->pool, key, len),
                 (apr_ssize_t)len, entry);
    r->open = NULL;
    r->msgid_line = 0;
    r->fuzzy = 0;
    return NULL;
}

/* "\n" and the like; NULL for those that no sentence needs. */
static const char *unescaped(char c)
{
    static const char escapes[] = "n\nt\t\"\"\\\\";

    for (const char *p = escapes; *p; p += 2) {
        if (*p == c) {
            return p + 1;
        }
    }
    return NULL;
}

static const char *take_string(reader *r, const char *quoted)
{
    const char *p = quoted;

    if (!r->open) {
        return fail(r, r->line, "a string without msgid or msgstr");
    }
    while (is_space(*p)) {
        p++;
    }
    if (*p != '"') {
        return fail(r, r->line, "a string in quotes is missing");
    }
    for (p++; *p && *p != '"'; p++) {
        const char *c = *p == '\\' ? unescaped(*++p) : p;

        if (!c) {
            return fail(r, r->line, "escape \\%s is not known",
                        pwr_text_printable(r->pool, p, 1));
        }
        r->open->bytes[r->open->len++] = *c;
    }
    if (!*p) {
        return fail(r, r->line, "the string has no closing quote");
    }
    for (p++; is_space(*p); p++) {
    }
    return *p ? fail(r, r->line, "text after the closing quote") : NULL;
}

static const char *take_msgid(reader *r, const char *rest)
{
    const char *problem = finish(r);

    if (problem) {
        return problem;
    }
    r->msgid.len = r->msgstr.len = 0;
    r->msgid_line = r->line;
    r->open = &r->msgid;
    return take_string(r, rest);
}

static const char *take_msgstr(reader *r, const char *rest)
{
    if (r->open != &r->msgid) {
        return fail(r, r->line, "msgstr without msgid");
    }
    r->open = &r->msgstr;
    return take_string(r, rest);
}

static const char *refuse_context(reader *r, const char *rest)
{
    (void)rest;
    return fail(r, r->line, "msgctxt is not supported: sentences are told "
                "apart by their words");
}

static const char *refuse_plural(reader *r, const char *rest)
{
    (void)rest;
    return fail(r, r->line, "plural forms are not supported: sentences are "
                "phrased to need none");
}

/* Flags ("#, fuzzy") belong to the entry below; other comments and obsolete
 * entries ("#~") are passed over. */
static const char *take_comment(reader *r, const char *rest)
{
    const char *problem = NULL;

    if (r->open == &r->msgstr) {
        problem = finish(r);
    }
    if (*rest == ',' && strstr(rest, "fuzzy")) {
        r->fuzzy = 1;
    }
    return problem;
}

static const char *take_line(reader *r, const char *line)
{
    static const keyword keywords[] = {
        { "#", take_comment },
        { "msgctxt", refuse_context },
        { "msgid_plural", refuse_plural },
        { "msgstr[", refuse_plural },
        { "msgid", take_msgid },
        { "msgstr", take_msgstr },
        { NULL, NULL }
    };

    while (is_space(*line)) {
        line++;
    }
    if (*line == '"') {
        return take_string(r, line);
    }
    for (const keyword *k = keywords; *line && k->name; k++) {
        size_t len = strlen(k->name);

        if (strncmp(line, k->name, len) == 0) {
            return k->take(r, line + len);
        }
    }
    return *line == '\0' ? NULL
        : fail(r, r->line, "this is no msgid, msgstr, string or comment");
}

static const char *take_lines(reader *r, const char *text)
{
    const char *problem = NULL;

    while (*text && !problem) {
        size_t len = strcspn(text, "\n");

        r->line++;
        problem = take_line(r, apr_pstrmemdup(r->scratch, text, len));
        text += len + (text[len] == '\n');
    }
    return problem ? problem : finish(r);
}

static int line_of(const char *text, const char *place)
{
    int line = 1;

    for (; text < place; text++) {
        line += *text == '\n';
    }
    return line;
}

const char *pwr_catalog_parse(apr_pool_t *pool, const char *file,
                              const char *text, const pwr_catalog **catalog)
{
    size_t size = strlen(text) + 1;
    const char *wrong = (const char *)u8_check((const uint8_t *)text, size - 1);
    reader r = { .pool = pool, .file = file };
    const char *problem;
    pwr_catalog *made;

    *catalog = NULL;
    if (wrong) {
        return fail(&r, line_of(text, wrong), "this is not UTF-8");
    }
    text = pwr_text_unmarked(text);
    apr_pool_create(&r.scratch, pool);
    r.translations = apr_hash_make(pool);
    r.msgid.bytes = apr_palloc(r.scratch, size);
    r.msgstr.bytes = apr_palloc(r.scratch, size);
    problem = take_lines(&r, text);
    apr_pool_destroy(r.scratch);
    if (problem) {
        return problem;
    }
    made = apr_palloc(pool, sizeof(*made));
    made->translations = r.translations;
    *catalog = made;
    return NULL;
}

const char *pwr_catalog_get(const pwr_catalog *catalog, const char *english)
{
    char key[MSGID_MAX];
    const translation *entry;
    size_t len;

    if (!catalog) {
        return english;
    }
    len = pwr_catalog_fold(key, sizeof(key), english, strlen(english));
    if (len >= sizeof(key)) {
        return english;
    }
    entry = apr_hash_get(catalog->translations, key, (apr_ssize_t)len);
    return entry && entry->text ? entry->text : english;
}
