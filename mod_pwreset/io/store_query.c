/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's own statements: PwResetUserQuery and its like. */
#include "io/store_sql.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

/* What the provider's statements may use, and what they must be. */
static const struct {
    pwr_stmt id;
    const char *name;
    size_t offset;              /* in pwr_store_conf */
    pwr_sql_verb verb;
    const char *must;           /* NULL: :id, :login or :email */
    const char *params[8];
} directives[] = {
    { PWR_STMT_USER_BY_EMAIL, "PwResetUserQuery",
      offsetof(pwr_store_conf, user_query), PWR_SQL_SELECT, "email",
      { "email" } },
    { PWR_STMT_USER_BY_LOGIN, "PwResetLoginQuery",
      offsetof(pwr_store_conf, login_query), PWR_SQL_SELECT, "login",
      { "login" } },
    { PWR_STMT_USER_BY_ID, "PwResetIdQuery",
      offsetof(pwr_store_conf, id_query), PWR_SQL_SELECT, "id", { "id" } },
    { PWR_STMT_USER_LIST, "PwResetListQuery",
      offsetof(pwr_store_conf, list_query), PWR_SQL_SELECT, "after",
      { "after", "max" } },
    { PWR_STMT_PASSWORD_UPDATE, "PwResetPasswordUpdate",
      offsetof(pwr_store_conf, password_update), PWR_SQL_UPDATE, "hash",
      { "hash", "id", "now", "login", "email" } },
    { PWR_STMT_GROUPS, "PwResetGroupQuery",
      offsetof(pwr_store_conf, group_query), PWR_SQL_SELECT, NULL,
      { "id", "login", "email" } },
};

#define DIRECTIVES_N (sizeof(directives) / sizeof(*directives))

static const char *const after_params[] = {
    "id", "login", "email", "now", "hash", NULL
};

static int uses(const pwr_sqltext *sql, const char *param)
{
    for (int i = 0; i < sql->params_n; i++) {
        if (strcmp(sql->params[i], param) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Without one of these it would write every row of the table. */
static int names_user(const pwr_sqltext *sql)
{
    return uses(sql, "id") || uses(sql, "login") || uses(sql, "email");
}

static int is_optional(pwr_stmt id)
{
    return id == PWR_STMT_USER_LIST || id == PWR_STMT_GROUPS;
}

static const char *directive_compile(apr_pool_t *pool,
                                     const pwr_store_conf *conf,
                                     const char *text, size_t i,
                                     pwr_dbd_stmt *stmt)
{
    const char *name = directives[i].name;
    const char *fault = pwr_sqltext_compile(pool, text, directives[i].params,
                                            conf->prefix, &stmt->sql);

    stmt->name = name;
    if (fault) {
        return apr_pstrcat(pool, name, ": ", fault, NULL);
    }
    if (stmt->sql.verb != directives[i].verb) {
        return apr_psprintf(pool, "%s must be one %s statement", name,
                            directives[i].verb == PWR_SQL_SELECT
                                ? "SELECT" : "UPDATE");
    }
    if (directives[i].must && !uses(&stmt->sql, directives[i].must)) {
        return apr_psprintf(pool, "%s must use :%s", name, directives[i].must);
    }
    if ((!directives[i].must || stmt->sql.verb == PWR_SQL_UPDATE)
        && !names_user(&stmt->sql)) {
        return apr_pstrcat(pool, name, " must use :id", NULL);
    }
    return NULL;
}

static const char *directives_compile(apr_pool_t *pool,
                                      const pwr_store_conf *conf,
                                      pwr_store_sql *sql)
{
    const char *fault = NULL;

    for (size_t i = 0; !fault && i < DIRECTIVES_N; i++) {
        const char *text
            = *(const char *const *)((const char *)conf + directives[i].offset);

        if (text || !is_optional(directives[i].id)) {
            fault = directive_compile(pool, conf, text, i,
                                      &sql->stmt[directives[i].id]);
        }
    }
    return fault;
}

/* A SELECT has rows that nobody would read, and the connection would be out
 * of step for whoever gets it next. */
static const char *after_compile(apr_pool_t *pool, const pwr_store_conf *conf,
                                 pwr_store_sql *sql)
{
    static const char *const none[] = { NULL };
    const char *const *texts = conf->after_change ? conf->after_change : none;
    int n = 0;

    while (texts[n]) {
        n++;
    }
    sql->after_n = n;
    sql->after = apr_pcalloc(pool, sizeof(*sql->after) * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        pwr_dbd_stmt *stmt = &sql->after[i];
        const char *fault = pwr_sqltext_compile(pool, texts[i], after_params,
                                                conf->prefix, &stmt->sql);

        stmt->name = "PwResetAfterChange";
        if (fault) {
            return apr_pstrcat(pool, "PwResetAfterChange: ", fault, NULL);
        }
        if (stmt->sql.verb == PWR_SQL_OTHER
            || stmt->sql.verb == PWR_SQL_SELECT) {
            return "PwResetAfterChange must be one INSERT, UPDATE or DELETE "
                   "statement";
        }
    }
    return NULL;
}

/* A password that is changed meanwhile must not be undone by the hash of the
 * one before. */
static const char *rehash_compile(apr_pool_t *pool, const pwr_store_conf *conf,
                                  pwr_store_sql *sql)
{
    pwr_dbd_stmt *stmt = &sql->stmt[PWR_STMT_PASSWORD_REHASH];

    stmt->name = "PwResetPasswordUpdate for PwResetRehash";
    if (pwr_sqltext_guard(pool, &sql->stmt[PWR_STMT_PASSWORD_UPDATE].sql,
                          "hash", "old", &stmt->sql) || !conf->rehash) {
        return NULL;
    }
    return "PwResetRehash needs a PwResetPasswordUpdate that sets one column "
           "to :hash, as in SET password = :hash, and ends with its WHERE: no "
           "ORDER BY, LIMIT or SELECT";
}

const char *pwr_store_query_compile(apr_pool_t *pool,
                                    const pwr_store_conf *conf,
                                    pwr_store_sql *sql)
{
    const char *fault = directives_compile(pool, conf, sql);

    if (!fault) {
        fault = after_compile(pool, conf, sql);
    }
    return fault ? fault : rehash_compile(pool, conf, sql);
}
