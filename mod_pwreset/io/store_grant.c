/* SPDX-License-Identifier: Apache-2.0 */
/* The rights that the store's statements need, for `pwresetctl schema
 * --grants`: read from the statements themselves. */
#include "io/store_parts.h"

#include <apr_strings.h>

#include "core/sqluse.h"
#include "core/text.h"

static const char *const right_words[PWR_SQL_RIGHTS_N] = {
    [PWR_SQL_RIGHT_SELECT] = "SELECT",
    [PWR_SQL_RIGHT_INSERT] = "INSERT",
    [PWR_SQL_RIGHT_UPDATE] = "UPDATE",
    [PWR_SQL_RIGHT_DELETE] = "DELETE",
};

typedef struct grants {
    apr_pool_t *pool;
    const pwr_grantee *to;
    apr_array_header_t *uses;   /* of pwr_sql_use */
    const char *unread;         /* comments about what cannot be read */
} grants;

static void stmt_read(grants *g, const pwr_dbd_stmt *stmt)
{
    const char *fault = stmt->sql.format
        ? pwr_sqluse_read(g->pool, stmt->sql.format, g->uses) : NULL;

    if (fault) {
        g->unread = apr_pstrcat(g->pool, g->unread, "-- ", stmt->name, ": ",
                                fault, "; until then GRANT by hand what it "
                                "needs\n", NULL);
    }
}

/* "SELECT (`a`, `b`)", "DELETE", or NULL. */
static const char *right_show(const grants *g, const pwr_sql_name *table,
                              pwr_sql_right right)
{
    const char *columns = NULL;

    for (int i = 0; i < g->uses->nelts; i++) {
        const pwr_sql_use *use = &APR_ARRAY_IDX(g->uses, i, pwr_sql_use);

        if (use->right != right
            || !pwr_sqltext_same_name(&use->table, table)) {
            continue;
        }
        if (!use->column) {
            return right_words[right];
        }
        columns = apr_pstrcat(g->pool, columns ? columns : "",
                              columns ? ", " : "", "`", use->column, "`",
                              NULL);
    }
    return columns ? apr_pstrcat(g->pool, right_words[right], " (", columns,
                                 ")", NULL) : NULL;
}

static const char *table_show(const grants *g, const pwr_sql_name *table)
{
    const char *base = table->base ? table->base : g->to->base;

    return apr_pstrcat(g->pool, base ? "`" : "", base ? base : "",
                       base ? "`." : "", "`", table->name, "`", NULL);
}

static const char *quoted(apr_pool_t *pool, const char *text)
{
    text = pwr_text_replace(pool, text, "\\", "\\\\");
    return apr_pstrcat(pool, "'", pwr_text_replace(pool, text, "'", "''"),
                       "'", NULL);
}

static const char *grant_show(const grants *g, const pwr_sql_name *table)
{
    const char *rights = NULL;

    for (int right = 0; right < PWR_SQL_RIGHTS_N; right++) {
        const char *one = right_show(g, table, (pwr_sql_right)right);

        if (one) {
            rights = apr_pstrcat(g->pool, rights ? rights : "",
                                 rights ? ",\n      " : "", one, NULL);
        }
    }
    return apr_pstrcat(g->pool, "GRANT ", rights, "\n   ON ",
                       table_show(g, table), " TO ",
                       quoted(g->pool, g->to->user), "@",
                       quoted(g->pool, g->to->host), ";\n", NULL);
}

static int is_shown(const grants *g, int before)
{
    const pwr_sql_use *use = &APR_ARRAY_IDX(g->uses, before, pwr_sql_use);

    for (int i = 0; i < before; i++) {
        if (pwr_sqltext_same_name(
                &APR_ARRAY_IDX(g->uses, i, pwr_sql_use).table, &use->table)) {
            return 1;
        }
    }
    return 0;
}

const char *pwr_store_dbd_grants(apr_pool_t *pool, const pwr_store *store,
                                 const pwr_grantee *to)
{
    const pwr_store_impl *impl = store->impl;
    const pwr_store_sql *sql = &impl->sql;
    grants g = { pool, to, apr_array_make(pool, 64, sizeof(pwr_sql_use)), "" };
    const char *text = "";

    for (int i = 0; i < PWR_STMT_OTHERS; i++) {
        stmt_read(&g, &sql->stmt[i]);
    }
    for (int i = 0; i < sql->after_n; i++) {
        stmt_read(&g, &sql->after[i]);
    }
    stmt_read(&g, &sql->stmt[PWR_STMT_USER_LIST]);
    if (to->adds_users) {
        stmt_read(&g, &sql->stmt[PWR_STMT_USER_ADD]);
    }
    for (int i = 0; i < g.uses->nelts; i++) {
        if (!is_shown(&g, i)) {
            text = apr_pstrcat(pool, text, grant_show(&g, &APR_ARRAY_IDX(
                                   g.uses, i, pwr_sql_use).table), NULL);
        }
    }
    return apr_pstrcat(pool, g.unread, text, NULL);
}
