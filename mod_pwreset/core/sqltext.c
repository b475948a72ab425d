/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sqltext.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "core/sqltext_token.h"

#define PREFIX_MARK "{prefix}"

typedef struct scanner {
    apr_pool_t *pool;
    const char *p;                  /* what comes next */
    const char *const *allowed;
    const char *prefix;
    apr_array_header_t *text;       /* of char: the format so far */
    apr_array_header_t *params;     /* of const char * */
    pwr_sql_verb verb;
    int begun;                      /* the statement's first word was seen */
    int ended;                      /* its ";" was seen */
} scanner;

/* Text that is handed on without a look for parameters. */
typedef struct kept_row {
    const char *start, *end;
    int backslash;                  /* guards the next character */
    int comment;                    /* no part of the statement */
    const char *unclosed;           /* NULL: the end of the text closes it */
} kept_row;

static const kept_row kept_rows[] = {
    { "'", "'", 1, 0, "a ' is not closed" },
    { "\"", "\"", 1, 0, "a \" is not closed" },
    { "`", "`", 0, 0, "a ` is not closed" },
    { "/*", "*/", 0, 1, "a comment /* is not closed" },
    { "--", "\n", 0, 1, NULL },
    { "#", "\n", 0, 1, NULL },
    { NULL, NULL, 0, 0, NULL }
};

/* What is read as something else by another database than the one tried. */
static const struct {
    const char *start, *error;
} refused_rows[] = {
    { "?", "a bare ? is the database's own parameter: name it, as in :email" },
    { "/*!", "a comment /*! is run by MySQL: write what it holds, or nothing" },
    { "/*M!", "a comment /*M! is run by MariaDB: write what it holds, or"
      " nothing" },
};

static const struct {
    const char *word;
    pwr_sql_verb verb;
} verbs[] = {
    { "SELECT", PWR_SQL_SELECT },
    { "INSERT", PWR_SQL_INSERT },
    { "UPDATE", PWR_SQL_UPDATE },
    { "DELETE", PWR_SQL_DELETE },
};

/* Nearly always the first character decides; a thousand sites have 100000
 * statements. */
static int starts(const char *s, const char *with)
{
    while (*with && *s == *with) {
        s++;
        with++;
    }
    return !*with;
}

static int is_word(char c)
{
    return apr_isalnum(c) || c == '_';
}

static size_t word_len(const char *s)
{
    size_t len = 0;

    while (is_word(s[len])) {
        len++;
    }
    return len;
}

static void emit(scanner *scan, char c)
{
    APR_ARRAY_PUSH(scan->text, char) = c;
}

/* The next `len` bytes as they are.  apr_dbd takes a % for a parameter even
 * inside quotes and comments. */
static void emit_next(scanner *scan, size_t len)
{
    for (; len > 0; len--, scan->p++) {
        emit(scan, *scan->p);
        if (*scan->p == '%') {
            emit(scan, '%');
        }
    }
}

/* Length of a kept text, with its ends; 0 when it is not closed. */
static size_t kept_len(const char *text, const kept_row *row)
{
    const char *p = text + strlen(row->start);

    for (; *p; p++) {
        if (starts(p, row->end)) {
            return (size_t)(p - text) + strlen(row->end);
        }
        if (row->backslash && *p == '\\' && p[1]) {
            p++;
        }
    }
    return row->unclosed ? 0 : (size_t)(p - text);
}

static const kept_row *find_kept(const char *p)
{
    const kept_row *row = kept_rows;

    while (row->start && !starts(p, row->start)) {
        row++;
    }
    return row->start ? row : NULL;
}

size_t pwr_sqltext_quote_len(const char *text)
{
    const kept_row *row = *text == '`' ? NULL : find_kept(text);

    return row && !row->comment ? kept_len(text, row) : 0;
}

size_t pwr_sqltext_comment_len(const char *text)
{
    const kept_row *row = find_kept(text);

    return row && row->comment ? kept_len(text, row) : 0;
}

static const char *keep(scanner *scan, const kept_row *row)
{
    size_t len = kept_len(scan->p, row);

    /* MySQL reads "5--3" as 5 - (-3), others as 5 and a comment. */
    if (starts(scan->p, "--") && scan->p[2] && !apr_isspace(scan->p[2])) {
        return "a -- needs a blank after it (a comment) or between (signs)";
    }
    if (len == 0) {
        return row->unclosed;
    }
    emit_next(scan, len);
    return NULL;
}

static const char *list_allowed(scanner *scan)
{
    const char *list = "";

    for (const char *const *name = scan->allowed; *name; name++) {
        list = apr_pstrcat(scan->pool, list, " :", *name, NULL);
    }
    return *list ? list : " none";
}

static const char *take_param(scanner *scan)
{
    const char *const *known = scan->allowed;
    const char *name = apr_pstrmemdup(scan->pool, scan->p + 1,
                                      word_len(scan->p + 1));

    while (*known && strcmp(*known, name) != 0) {
        known++;
    }
    if (!*known) {
        return apr_pstrcat(scan->pool, "the parameter :", name,
                           " is unknown here; there are:",
                           list_allowed(scan), NULL);
    }
    if (scan->params->nelts == PWR_SQL_PARAMS_MAX) {
        return "it holds more than " APR_STRINGIFY(PWR_SQL_PARAMS_MAX)
               " parameters";
    }
    APR_ARRAY_PUSH(scan->params, const char *) = *known;
    emit(scan, '%');
    emit(scan, 's');
    scan->p += 1 + strlen(name);
    return NULL;
}

int pwr_sqltext_is_prefix(const char *prefix)
{
    while (is_word(*prefix) || *prefix == '$' || *prefix == '.') {
        prefix++;
    }
    return *prefix == '\0';
}

/* Only a name may stand in for the mark: what it becomes is not looked at
 * again. */
static const char *take_prefix(scanner *scan)
{
    if (!pwr_sqltext_is_prefix(scan->prefix)) {
        return "the table prefix holds something other than letters,"
               " digits, _ $ and .";
    }
    for (const char *p = scan->prefix; *p; p++) {
        emit(scan, *p);
    }
    scan->p += strlen(PREFIX_MARK);
    return NULL;
}

static void begin(scanner *scan)
{
    size_t len = word_len(scan->p);

    scan->begun = 1;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
        if (strlen(verbs[i].word) == len
            && apr_cstr_casecmpn(scan->p, verbs[i].word, len) == 0) {
            scan->verb = verbs[i].verb;
        }
    }
}

/* One piece of the statement itself, at a character that is no blank. */
static const char *take_piece(scanner *scan)
{
    if (scan->ended) {
        return "it holds more than one statement: end it at the first ;";
    }
    if (*scan->p == ';') {
        scan->ended = 1;
        scan->p++;
        return NULL;
    }
    if (!scan->begun && *scan->p != '(') {
        begin(scan);
    }
    if (starts(scan->p, "::")) {
        emit_next(scan, 2);
        return NULL;
    }
    if (*scan->p == ':' && apr_isalpha(scan->p[1])) {
        return take_param(scan);
    }
    if (scan->prefix && starts(scan->p, PREFIX_MARK)) {
        return take_prefix(scan);
    }
    emit_next(scan, 1);
    return NULL;
}

static const char *step(scanner *scan)
{
    const kept_row *row = find_kept(scan->p);

    for (size_t i = 0; i < sizeof(refused_rows) / sizeof(*refused_rows); i++) {
        if (starts(scan->p, refused_rows[i].start)) {
            return refused_rows[i].error;
        }
    }
    if (apr_isspace(*scan->p)) {
        emit_next(scan, 1);
        return NULL;
    }
    if (!row) {
        return take_piece(scan);
    }
    if (!row->comment) {
        if (scan->ended) {
            return take_piece(scan);
        }
        scan->begun = 1;
    }
    return keep(scan, row);
}

const char *pwr_sqltext_compile(apr_pool_t *pool, const char *sql,
                                const char *const *allowed,
                                const char *prefix, pwr_sqltext *out)
{
    scanner scan = {
        .pool = pool, .p = sql, .allowed = allowed, .prefix = prefix,
        .text = apr_array_make(pool, (int)strlen(sql) + 1, sizeof(char)),
        .params = apr_array_make(pool, 4, sizeof(const char *)),
    };

    memset(out, 0, sizeof(*out));
    while (*scan.p) {
        const char *error = step(&scan);

        if (error) {
            return error;
        }
    }
    if (!scan.begun) {
        return "it holds no statement";
    }
    emit(&scan, '\0');
    APR_ARRAY_PUSH(scan.params, const char *) = NULL;
    out->format = (const char *)scan.text->elts;
    out->params = (const char **)scan.params->elts;
    out->params_n = scan.params->nelts - 1;
    out->verb = scan.verb;
    return NULL;
}

/* ---- a column ---- */

/* Where the parameter of this number, from 0, stands in the format. */
static const char *param_find(const char *format, int number)
{
    for (const char *p = strchr(format, '%'); p; p = strchr(p + 2, '%')) {
        if (p[1] == 's' && number-- == 0) {
            return p;
        }
    }
    return NULL;
}

static const char *back_over(const char *start, const char *p,
                             int (*is_one)(char c))
{
    while (p > start && is_one(p[-1])) {
        p--;
    }
    return p;
}

static int is_blank(char c)
{
    return apr_isspace(c);
}

static int is_quoted(char c)
{
    return c != '`';
}

const char *pwr_sqltext_column(apr_pool_t *pool, const pwr_sqltext *sql,
                               const char *param)
{
    const char *start = sql->format, *p, *end;
    int i = 0;

    while (i < sql->params_n && strcmp(sql->params[i], param) != 0) {
        i++;
    }
    p = i < sql->params_n ? param_find(start, i) : NULL;
    p = p ? back_over(start, p, is_blank) : start;
    if (p == start || p[-1] != '=') {
        return NULL;
    }
    end = back_over(start, p - 1, is_blank);
    if (end > start && end[-1] == '`') {
        end--;
        p = back_over(start, end, is_quoted);
    }
    else {
        p = back_over(start, end, pwr_sqltext_is_name);
    }
    return p < end ? apr_pstrmemdup(pool, p, (apr_size_t)(end - p)) : NULL;
}

/* ---- a guard ---- */

/* What may follow a WHERE, or make it somebody else's. */
static const char *const no_guards[] = {
    "ORDER", "LIMIT", "RETURNING", "WHERE", "SELECT", "PROCEDURE",
};

static int is_word_of(const char *p, size_t len, const char *word)
{
    return strlen(word) == len && apr_cstr_casecmpn(p, word, len) == 0;
}

/* What stands behind the only WHERE, or NULL. */
static const char *where_find(const char *sql)
{
    const size_t n = sizeof(no_guards) / sizeof(*no_guards);
    const char *found = NULL;

    while (*sql) {
        const kept_row *row = find_kept(sql);
        size_t len = row ? kept_len(sql, row) : word_len(sql);

        if (!row && !found && is_word_of(sql, len, "WHERE")) {
            found = sql + len;
            sql = found;
            continue;
        }
        for (size_t i = 0; !row && i < n; i++) {
            if (is_word_of(sql, len, no_guards[i])) {
                return NULL;
            }
        }
        sql += len > 0 ? len : 1;
    }
    return found;
}

/* The line feed ends a comment. */
int pwr_sqltext_guard(apr_pool_t *pool, const pwr_sqltext *sql,
                      const char *set, const char *is, pwr_sqltext *out)
{
    const char *column = pwr_sqltext_column(pool, sql, set);
    const char *condition = where_find(sql->format);
    const char **params;

    memset(out, 0, sizeof(*out));
    if (!column || !condition || strpbrk(column, "`%")
        || sql->params_n >= PWR_SQL_PARAMS_MAX) {
        return 0;
    }
    params = apr_pcalloc(pool, (size_t)(sql->params_n + 2) * sizeof(*params));
    memcpy(params, sql->params, (size_t)sql->params_n * sizeof(*params));
    params[sql->params_n] = is;
    *out = (pwr_sqltext){
        .format = apr_psprintf(pool, "%.*s (%s\n) AND `%s` = %%s",
                               (int)(condition - sql->format), sql->format,
                               condition, column),
        .params = params, .params_n = sql->params_n + 1, .verb = sql->verb,
    };
    return 1;
}
