/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's queries with named parameters. */
#include "core/sqltext.h"

#include "core/sqluse.h"
#include "core/text.h"
#include "fuzz.h"

static const char *const allowed[] = { "id", "email", "hash", NULL };

static int is_allowed(const char *name)
{
    const char *const *one = allowed;

    while (*one && strcmp(*one, name) != 0) {
        one++;
    }
    return *one != NULL;
}

/* apr_dbd counts every "%" and letter, quoted or not; a parameter more or less
 * than we count makes the MySQL driver bind past its array.  The statement is
 * written back as it was meant. */
static const char *look_format(apr_pool_t *pool, const pwr_sqltext *sql)
{
    char *back = apr_palloc(pool, 8 * strlen(sql->format) + 1), *to = back;
    int n = 0;

    for (const char *p = sql->format; *p; p++) {
        if (*p != '%') {
            *to++ = *p;
            continue;
        }
        p++;
        FUZZ_CLAIM(*p == '%' || *p == 's');
        if (*p == '%') {
            *to++ = '%';
            continue;
        }
        FUZZ_CLAIM(n < sql->params_n && is_allowed(sql->params[n]));
        to = apr_cpystrn(to, apr_pstrcat(pool, ":", sql->params[n], NULL), 8);
        n++;
    }
    FUZZ_CLAIM(n == sql->params_n && !sql->params[n]);
    *to = '\0';
    return back;
}

/* A name is written somewhere in the text, and none comes twice. */
static void look_names(apr_pool_t *pool, const pwr_sqltext *sql)
{
    const pwr_sql_name *names = pwr_sqltext_names(pool, sql->format);
    const char *column = sql->params_n
        ? pwr_sqltext_column(pool, sql, sql->params[0]) : NULL;

    for (const pwr_sql_name *name = names; name->name; name++) {
        FUZZ_CLAIM(strstr(sql->format, name->name) != NULL);
        FUZZ_CLAIM(!name->base || strstr(sql->format, name->base));
        for (const pwr_sql_name *past = names; past < name; past++) {
            FUZZ_CLAIM(!fuzz_same(past->name, name->name)
                       || !past->base != !name->base
                       || (name->base && !fuzz_same(past->base, name->base)));
        }
    }
    FUZZ_CLAIM(!column || (*column && strstr(sql->format, column)));
}

/* With a condition more it is a statement still, of one parameter more. */
static void look_guard(apr_pool_t *pool, const pwr_sqltext *sql)
{
    pwr_sqltext guarded, again;

    if (!pwr_sqltext_guard(pool, sql, "hash", "id", &guarded)) {
        FUZZ_CLAIM(!guarded.format);
        return;
    }
    FUZZ_CLAIM(guarded.params_n == sql->params_n + 1
               && guarded.verb == sql->verb);
    FUZZ_CLAIM(!pwr_sqltext_compile(pool, look_format(pool, &guarded), allowed,
                                    NULL, &again));
    FUZZ_CLAIM(again.params_n == guarded.params_n);
}

/* What a GRANT would name stands in the text, and comes once. */
static void look_uses(apr_pool_t *pool, const pwr_sqltext *sql)
{
    apr_array_header_t *uses = apr_array_make(pool, 4, sizeof(pwr_sql_use));
    const char *fault = pwr_sqluse_read(pool, sql->format, uses);

    FUZZ_CLAIM(!fault || uses->nelts == 0);
    for (int i = 0; i < uses->nelts; i++) {
        const pwr_sql_use *use = &APR_ARRAY_IDX(uses, i, pwr_sql_use);

        FUZZ_CLAIM(use->table.name && strstr(sql->format, use->table.name));
        FUZZ_CLAIM(!use->column || strstr(sql->format, use->column));
        FUZZ_CLAIM(use->right < PWR_SQL_RIGHTS_N);
        for (int k = 0; k < i; k++) {
            const pwr_sql_use *past = &APR_ARRAY_IDX(uses, k, pwr_sql_use);

            FUZZ_CLAIM(past->right != use->right
                       || !fuzz_same(past->table.name, use->table.name)
                       || !past->table.base != !use->table.base
                       || (use->table.base
                           && !fuzz_same(past->table.base, use->table.base))
                       || !past->column != !use->column
                       || (use->column
                           && !fuzz_same(past->column, use->column)));
        }
    }
}

/* An input: the statement, a table prefix or none. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in), *back;
    const char *prefix = fuzz_text_or_null(pool, &in);
    pwr_sqltext sql, again;
    const char *problem = pwr_sqltext_compile(pool, text, allowed, prefix,
                                              &sql);

    FUZZ_CLAIM((problem != NULL) == (sql.format == NULL));
    if (problem) {
        FUZZ_CLAIM(!sql.params && sql.params_n == 0 && !sql.verb);
        return;
    }
    FUZZ_CLAIM(sql.params_n <= PWR_SQL_PARAMS_MAX);
    look_names(pool, &sql);
    look_uses(pool, &sql);
    if (!strchr(text, ';') && !prefix) {
        look_guard(pool, &sql);
    }
    back = look_format(pool, &sql);
    /* A ";" that was dropped may have kept two signs apart, a prefix joined a
     * name with a parameter. */
    if (!strchr(text, ';') && !prefix) {
        FUZZ_CLAIM(!pwr_sqltext_compile(pool, back, allowed, NULL, &again));
        FUZZ_CLAIM(fuzz_same(again.format, sql.format)
                   && again.verb == sql.verb
                   && again.params_n == sql.params_n);
    }
}
