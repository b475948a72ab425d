/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sqluse_token.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "core/sqltext.h"

static int is_name(char c)
{
    return apr_isalnum(c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
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
    while (is_name(from[len])) {
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
    } while (is_name(**text) || **text == '`');
}

static void value_take(const char **text)
{
    size_t len = pwr_sqltext_quote_len(*text);

    if (len == 0) {
        len = strspn(*text, "@");
        while (is_name((*text)[len]) || (*text)[len] == '.') {
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
    else if (apr_isdigit(**text) || **text == '@'
             || pwr_sqltext_quote_len(*text)) {
        t.kind = PWR_SQL_TOKEN_VALUE;
        value_take(text);
    }
    else if (is_name(**text) || **text == '`') {
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
