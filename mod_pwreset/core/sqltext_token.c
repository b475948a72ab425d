/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sqltext_token.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "core/sqltext.h"

#define DIGITS "0123456789"

int pwr_sqltext_is_name(char c)
{
    return apr_isalnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Other words that begin with a digit are names: 2024_users. */
static int is_number(const char *text)
{
    size_t len = strspn(text, DIGITS), at = len, more = 0;

    if (strncmp(text, "0x", 2) == 0 || strncmp(text, "0b", 2) == 0) {
        at = 2;
        more = strspn(text + at, text[1] == 'b' ? "01"
                                                : DIGITS "abcdefABCDEF");
    }
    else if (len > 0 && (text[len] == 'e' || text[len] == 'E')) {
        at += 1 + (text[len + 1] == '-' || text[len + 1] == '+');
        more = strspn(text + at, DIGITS);
    }
    len = more > 0 ? at + more : len;
    return len > 0 && !pwr_sqltext_is_name(text[len]);
}

static const char *part_take(apr_pool_t *pool, const char **text)
{
    const char *from = *text;
    size_t len = 0;

    if (*from == '`') {
        len = strcspn(from + 1, "`");
        *text += len + 1 + (from[len + 1] == '`');
        return apr_pstrmemdup(pool, from + 1, len);
    }
    while (pwr_sqltext_is_name(from[len])) {
        len++;
    }
    *text += len;
    return apr_pstrmemdup(pool, from, len);
}

static void blanks_skip(const char **text)
{
    while (**text) {
        size_t len = pwr_sqltext_comment_len(*text);

        if (len == 0 && !apr_isspace(**text)) {
            return;
        }
        *text += len ? len : 1;
    }
}

/* a, a.b, a.b.c, a.* */
static void name_take(apr_pool_t *pool, const char **text, pwr_sql_token *t)
{
    t->kind = PWR_SQL_TOKEN_NAME;
    t->is_bare = **text != '`';
    do {
        t->part[t->parts_n++] = part_take(pool, text);
        /* _utf8'x', x'FF' */
        if (t->is_bare && **text == '\'') {
            t->kind = PWR_SQL_TOKEN_VALUE;
            *text += pwr_sqltext_quote_len(*text);
            return;
        }
        blanks_skip(text);
        if (**text != '.' || t->parts_n == PWR_SQL_PARTS_MAX) {
            return;
        }
        t->is_bare = 0;
        ++*text;
        blanks_skip(text);
        if (**text == '*') {
            t->is_all = 1;
            ++*text;
            return;
        }
    } while (pwr_sqltext_is_name(**text) || **text == '`');
}

static void value_take(const char **text)
{
    size_t len = pwr_sqltext_quote_len(*text);

    if (len == 0) {
        len = strspn(*text, "@");
        while (pwr_sqltext_is_name((*text)[len]) || (*text)[len] == '.') {
            len++;
        }
    }
    *text += len;
}

pwr_sql_token pwr_sql_token_take(apr_pool_t *pool, const char **text)
{
    pwr_sql_token t = { .kind = PWR_SQL_TOKEN_END };

    blanks_skip(text);
    if (**text == '%') {
        /* a parameter, or the operator */
        t.kind = (*text)[1] == 's' ? PWR_SQL_TOKEN_VALUE : PWR_SQL_TOKEN_SIGN;
        t.sign = '%';
        *text += (*text)[1] ? 2 : 1;
    }
    else if (is_number(*text) || **text == '@'
             || pwr_sqltext_quote_len(*text)) {
        t.kind = PWR_SQL_TOKEN_VALUE;
        value_take(text);
    }
    else if (pwr_sqltext_is_name(**text) || **text == '`') {
        name_take(pool, text, &t);
    }
    else if (**text) {
        t.kind = PWR_SQL_TOKEN_SIGN;
        t.sign = *(*text)++;
    }
    blanks_skip(text);
    return t;
}

int pwr_sql_token_is(const pwr_sql_token *token, const char *word)
{
    return token->kind == PWR_SQL_TOKEN_NAME && token->is_bare
        && apr_cstr_casecmp(token->part[0], word) == 0;
}

/* ---- names ---- */

int pwr_sqltext_same_name(const pwr_sql_name *a, const pwr_sql_name *b)
{
    return strcmp(a->name, b->name) == 0
        && strcmp(a->base ? a->base : "", b->base ? b->base : "") == 0;
}

static void name_add(apr_array_header_t *names, const pwr_sql_name *name)
{
    for (int i = 0; i < names->nelts; i++) {
        if (pwr_sqltext_same_name(&APR_ARRAY_IDX(names, i, pwr_sql_name),
                                  name)) {
            return;
        }
    }
    APR_ARRAY_PUSH(names, pwr_sql_name) = *name;
}

const pwr_sql_name *pwr_sqltext_names(apr_pool_t *pool, const char *sql)
{
    apr_array_header_t *names = apr_array_make(pool, 8, sizeof(pwr_sql_name));
    pwr_sql_token t = pwr_sql_token_take(pool, &sql);

    while (t.kind != PWR_SQL_TOKEN_END && !pwr_sql_token_is(&t, "SET")) {
        if (t.kind == PWR_SQL_TOKEN_NAME) {
            const pwr_sql_name name = {
                .base = t.parts_n > 1 ? t.part[0] : NULL,
                .name = t.part[t.parts_n > 1]
            };

            name_add(names, &name);
        }
        t = pwr_sql_token_take(pool, &sql);
    }
    *(pwr_sql_name *)apr_array_push(names) = (pwr_sql_name){ .name = NULL };
    return (const pwr_sql_name *)names->elts;
}
