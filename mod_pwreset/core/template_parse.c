/* SPDX-License-Identifier: Apache-2.0 */
#include "core/template.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>
#include <unistr.h>

#include "core/catalog.h"
#include "core/template_int.h"
#include "core/text.h"

#define PARTIAL_LEVELS_MAX 16
#define PARTIALS_MAX 1000
#define BYTES_MAX (2 * 1024 * 1024)     /* partials as often as they stand */
#define NODES_N 64                      /* first size */
#define SHOWN_MAX 40                    /* bytes of a name in a message */

typedef struct open_section {
    int node;
    char sigil;
    const char *name;
    int line;
} open_section;

/* What a template and its partials have in common. */
typedef struct parser {
    apr_pool_t *pool;
    const pwr_template_source *source;
    apr_array_header_t *nodes;          /* of pwr_node */
    open_section open[PWR_TEMPLATE_SECTIONS_MAX];
    int open_n;
    int partial_level;
    int partials_n;
    uint64_t bytes_n;
} parser;

/* One text being read: a file or a translation. */
typedef struct reader {
    parser *p;
    const char *file;
    const char *at;
    int line;
    const char *line_start;     /* NULL behind a tag: no tag that follows on
                                 * this line stands alone */
    int open_n;                 /* sections opened by the texts around it */
    int is_translation;
} reader;

typedef struct tag {
    char sigil;                 /* '{' and '&' are both '&'; none: 0 */
    const char *start, *end;    /* braces included */
    const char *name;
    int line;
    const char *indent;         /* the blanks before a tag that stands alone */
    size_t indent_len;          /* on its line; 0 of others */
} tag;

static const char *read_text(reader *r);

__attribute__((format(printf, 3, 4)))
static const char *fail(const reader *r, int line, const char *format, ...)
{
    const char *text;
    va_list args;

    va_start(args, format);
    text = apr_pvsprintf(r->p->pool, format, args);
    va_end(args);
    return apr_psprintf(r->p->pool, "%s line %d: %s", r->file, line, text);
}

static const char *shown(const reader *r, const char *text)
{
    return pwr_text_printable(r->p->pool, text, SHOWN_MAX);
}

static void advance(reader *r, const char *to)
{
    const char *feed;

    while ((feed = memchr(r->at, '\n', (size_t)(to - r->at)))) {
        r->line++;
        r->at = r->line_start = feed + 1;
    }
    r->at = to;
}

static pwr_node *add_node(parser *p, pwr_node_kind kind)
{
    pwr_node *node = apr_array_push(p->nodes);

    *node = (pwr_node){ .kind = kind };
    return node;
}

static void add_text(parser *p, const char *text, const char *end)
{
    pwr_node *node;

    if (text < end) {
        node = add_node(p, PWR_NODE_TEXT);
        node->text = text;
        node->len = (size_t)(end - text);
    }
}

static void add_word(apr_array_header_t *path, const char *text)
{
    APR_ARRAY_PUSH(path, pwr_word) = (pwr_word){ text, pwr_model_hash(text) };
}

static void add_name(parser *p, pwr_node_kind kind, const char *name)
{
    apr_array_header_t *path = apr_array_make(p->pool, 2, sizeof(pwr_word));
    const char *dot;

    for (; (dot = strchr(name, '.')); name = dot + 1) {
        add_word(path, apr_pstrmemdup(p->pool, name, (size_t)(dot - name)));
    }
    add_word(path, name);
    APR_ARRAY_PUSH(path, pwr_word) = (pwr_word){ NULL, 0 };
    add_node(p, kind)->path = (const pwr_word *)path->elts;
}

/* Words joined by single separators: so neither "." nor "../x" is a name. */
static int is_name(const char *name, const char *separators)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strspn(name, letters);

    while (len > 0 && name[len] && strchr(separators, name[len])) {
        name += len + 1;
        len = strspn(name, letters);
    }
    return len > 0 && name[len] == '\0';
}

static const char *judge_name(const reader *r, const tag *t)
{
    if (t->sigil == '=') {
        return fail(r, t->line, "delimiters cannot be changed");
    }
    if (t->sigil == '!' || is_name(t->name, t->sigil == '>' ? "./" : ".")) {
        return NULL;
    }
    return fail(r, t->line, "\"%s\" is not a name (or a tag is not closed)",
                shown(r, t->name));
}

/* strstr, which under AddressSanitizer measures the whole rest each time: a
 * fuzzer would wait for minutes. */
static const char *find(const char *text, const char *braces)
{
    size_t len = strlen(braces);

    /* Nobody reads on after a tag that is not closed: fail() gives no NULL.
     * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    while ((text = strchr(text, *braces)) && strncmp(text, braces, len) != 0) {
        text++;
    }
    return text;
}

/* Read the tag at r->at, and stay there. */
static const char *read_tag(const reader *r, tag *t)
{
    const char *inner = r->at + 2, *close;
    int is_raw = *inner == '{';

    *t = (tag){ .start = r->at, .line = r->line };
    if (is_raw || (*inner && strchr("#^/!>&=", *inner))) {
        t->sigil = (char)(is_raw ? '&' : *inner);
        inner++;
    }
    close = find(inner, is_raw ? "}}}" : "}}");
    if (!close) {
        return fail(r, t->line, "a tag %s is not closed",
                    is_raw ? "{{{" : "{{");
    }
    t->end = close + (is_raw ? 3 : 2);
    inner += strspn(inner, " \t\r\n");
    while (close > inner && strchr(" \t\r\n", close[-1])) {
        close--;
    }
    t->name = apr_pstrmemdup(r->p->pool, inner, (size_t)(close - inner));
    return judge_name(r, t);
}

static const char *charge(const reader *r, uint64_t bytes_n)
{
    r->p->bytes_n += bytes_n;
    return r->p->bytes_n <= BYTES_MAX ? NULL
        : fail(r, r->line, "the template and its partials are larger than %d "
               "bytes", BYTES_MAX);
}

/* One byte that is not UTF-8 would make a mail that cannot be written. */
static const char *judge_text(const reader *r, const char *text)
{
    size_t len = strlen(text);
    const char *problem = charge(r, len), *wrong;
    int line = r->line;

    if (problem) {
        return problem;
    }
    wrong = (const char *)u8_check((const uint8_t *)text, len);
    if (!wrong) {
        return NULL;
    }
    for (; text < wrong; text++) {
        line += *text == '\n';
    }
    return fail(r, line, "this is not UTF-8");
}

/* Read `text`, which lives as long as the template. */
static const char *read_copy(reader *r, const char *text)
{
    r->at = r->line_start = text;
    r->open_n = r->p->open_n;
    return read_text(r);
}

static const char *take_variable(reader *r, const tag *t)
{
    add_name(r->p, t->sigil ? PWR_NODE_RAW : PWR_NODE_VARIABLE, t->name);
    return NULL;
}

static const char *take_comment(reader *r, const tag *t)
{
    (void)r;
    (void)t;
    return NULL;
}

/* The words between {{#_}} and {{/_}}, read as a template of variables. */
static const char *add_words(reader *r, const tag *t, const char *words,
                             size_t len)
{
    const pwr_template_source *source = r->p->source;
    char *english = apr_palloc(r->p->pool, len + 1);
    reader inner = { .p = r->p, .line = 1, .is_translation = 1 };
    const char *text, *problem;

    pwr_catalog_fold(english, len + 1, words, len);
    text = source->translate ? source->translate(source->baton, english)
                             : english;
    inner.file = apr_psprintf(r->p->pool, "%s line %d: translation of \"%s\"",
                              r->file, t->line, shown(r, english));
    problem = judge_text(&inner, text);
    if (problem) {
        return problem;
    }
    return read_copy(&inner, apr_pstrdup(r->p->pool, text));
}

static int is_words(const tag *t)
{
    return t->sigil == '#' && strcmp(t->name, "_") == 0;
}

static const char *judge_words(const reader *r, const tag *t)
{
    return !t->sigil || t->sigil == '&' ? NULL
        : fail(r, t->line, "only variables may stand between {{#_}} and "
               "{{/_}}, not {{%c%s}}", t->sigil, shown(r, t->name));
}

static const char *take_words(reader *r, const tag *t)
{
    const char *words = r->at, *problem;
    tag inner;

    for (;;) {
        const char *next = find(r->at, "{{");

        if (!next) {
            return fail(r, t->line, "section {{#_}} is not closed");
        }
        advance(r, next);
        problem = read_tag(r, &inner);
        if (problem) {
            return problem;
        }
        advance(r, inner.end);
        if (inner.sigil == '/' && strcmp(inner.name, "_") == 0) {
            return add_words(r, t, words, (size_t)(inner.start - words));
        }
        problem = judge_words(r, &inner);
        if (problem) {
            return problem;
        }
    }
}

static const char *take_section(reader *r, const tag *t)
{
    parser *p = r->p;
    open_section *open = &p->open[p->open_n];

    if (is_words(t)) {
        return take_words(r, t);
    }
    if (p->open_n == PWR_TEMPLATE_SECTIONS_MAX) {
        return fail(r, t->line, "sections are nested more than %d deep",
                    PWR_TEMPLATE_SECTIONS_MAX);
    }
    *open = (open_section){ p->nodes->nelts, t->sigil, t->name, t->line };
    p->open_n++;
    add_name(p, t->sigil == '#' ? PWR_NODE_SECTION : PWR_NODE_INVERTED,
             t->name);
    return NULL;
}

static const char *take_close(reader *r, const tag *t)
{
    parser *p = r->p;
    const open_section *last;

    if (p->open_n == r->open_n) {
        return fail(r, t->line, "{{/%s}} closes nothing", shown(r, t->name));
    }
    last = &p->open[--p->open_n];
    if (strcmp(last->name, t->name) != 0) {
        return fail(r, t->line, "{{/%s}} stands where {{%c%s}} of line %d is "
                    "to be closed", shown(r, t->name), last->sigil,
                    shown(r, last->name), last->line);
    }
    APR_ARRAY_IDX(p->nodes, last->node, pwr_node).inner_n =
        p->nodes->nelts - last->node - 1;
    return NULL;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; *text; text++) {
        n += *text == '\n' || text[1] == '\0';
    }
    return n;
}

/* A copy with the blanks that stand before the partial's tag before each of
 * its lines. */
static const char *indented(apr_pool_t *pool, const tag *t, const char *text)
{
    char *copy = apr_palloc(pool, strlen(text) + 1
                            + lines_of(text) * t->indent_len);
    char *out = copy;

    while (*text) {
        size_t len = strcspn(text, "\n");

        len += text[len] == '\n';
        memcpy(out, t->indent, t->indent_len);
        memcpy(out + t->indent_len, text, len);
        out += t->indent_len + len;
        text += len;
    }
    *out = '\0';
    return copy;
}

static const char *add_partial(reader *r, const tag *t, const char *text,
                               const char *file)
{
    reader inner = { .p = r->p, .file = file, .line = 1 };
    const char *problem = judge_text(&inner, text);

    if (!problem) {
        text = pwr_text_unmarked(text);
        problem = charge(&inner, (uint64_t)lines_of(text) * t->indent_len);
    }
    return problem ? problem
        : read_copy(&inner, indented(r->p->pool, t, text));
}

static const char *take_partial(reader *r, const tag *t)
{
    parser *p = r->p;
    const char *name = shown(r, t->name), *file = t->name, *text, *problem;

    if (p->partial_level == PARTIAL_LEVELS_MAX) {
        return fail(r, t->line, "partials are nested more than %d deep at "
                    "{{> %s}}", PARTIAL_LEVELS_MAX, name);
    }
    if (p->partials_n == PARTIALS_MAX) {
        return fail(r, t->line, "there are more than %d partials",
                    PARTIALS_MAX);
    }
    text = p->source->partial
        ? p->source->partial(p->source->baton, t->name, &file) : NULL;
    if (!text) {
        return fail(r, t->line, "there is no partial {{> %s}}", name);
    }
    p->partials_n++;
    p->partial_level++;
    problem = add_partial(r, t, text, file);
    p->partial_level--;
    return problem;
}

/* Where the next line begins, for a tag that stands alone on its own; NULL for
 * others. */
static const char *next_line(const reader *r, const tag *t)
{
    const char *p = r->line_start;

    if (!p || !t->sigil || t->sigil == '&' || is_words(t)) {
        return NULL;
    }
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    if (p != t->start) {
        return NULL;
    }
    p = t->end + strspn(t->end, " \t");
    p += p[0] == '\r' && p[1] == '\n';
    if (*p == '\n') {
        return p + 1;
    }
    return *p == '\0' ? p : NULL;
}

static const char *take_tag(reader *r, const tag *t)
{
    static const struct {
        char sigil;
        const char *(*take)(reader *r, const tag *t);
    } rows[] = {
        { 0, take_variable },
        { '&', take_variable },
        { '#', take_section },
        { '^', take_section },
        { '/', take_close },
        { '>', take_partial },
        { '!', take_comment },
    };
    size_t i = 0;

    while (rows[i].sigil != t->sigil) {
        i++;
    }
    return rows[i].take(r, t);
}

/* Read up to and with the tag at `next`. */
static const char *read_to(reader *r, const char *next)
{
    const char *text = r->at, *line, *problem;
    tag t;

    advance(r, next);
    problem = read_tag(r, &t);
    if (!problem && r->is_translation) {
        problem = judge_words(r, &t);
    }
    if (problem) {
        return problem;
    }
    line = next_line(r, &t);
    t.indent = line ? r->line_start : t.start;
    t.indent_len = (size_t)(t.start - t.indent);
    add_text(r->p, text, t.indent);
    advance(r, line ? line : t.end);
    r->line_start = line;
    /* cppcheck-suppress returnDanglingLifetime; sentences are of the pool */
    return take_tag(r, &t);
}

static const char *read_text(reader *r)
{
    const char *next, *problem;
    const open_section *last;

    while ((next = find(r->at, "{{"))) {
        problem = read_to(r, next);
        if (problem) {
            return problem;
        }
    }
    /* As in find().  NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    add_text(r->p, r->at, r->at + strlen(r->at));
    if (r->p->open_n == r->open_n) {
        return NULL;
    }
    last = &r->p->open[r->p->open_n - 1];
    return fail(r, last->line, "section {{%c%s}} is not closed", last->sigil,
                shown(r, last->name));
}

static size_t text_len(const apr_array_header_t *nodes)
{
    size_t len = 0;

    for (int i = 0; i < nodes->nelts; i++) {
        len += APR_ARRAY_IDX(nodes, i, pwr_node).len;
    }
    return len;
}

const char *pwr_template_parse(apr_pool_t *pool, const char *file,
                               const char *text,
                               const pwr_template_source *source,
                               const pwr_template **template)
{
    parser p = { .pool = pool, .source = source };
    reader r = { .p = &p, .file = file, .line = 1 };
    const char *problem = judge_text(&r, text);
    pwr_template *made;

    *template = NULL;
    if (problem) {
        return problem;
    }
    p.nodes = apr_array_make(pool, NODES_N, sizeof(pwr_node));
    problem = read_copy(&r, apr_pstrdup(pool, pwr_text_unmarked(text)));
    if (problem) {
        return problem;
    }
    made = apr_palloc(pool, sizeof(*made));
    made->escape = source->escape;
    made->nodes = (const pwr_node *)p.nodes->elts;
    made->nodes_n = p.nodes->nelts;
    made->text_len = text_len(p.nodes);
    *template = made;
    return NULL;
}
