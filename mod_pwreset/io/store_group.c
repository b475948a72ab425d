/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a user, as the provider's query has them. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/addr.h"

typedef struct group_call {
    const pwr_store_impl *impl;
    const pwr_user *user;
    apr_array_header_t *names;  /* const char * */
} group_call;

/* Of its result, by number; -1: it has none. */
typedef struct group_columns {
    int group;
    int id, login, email;       /* one at least */
} group_columns;

static apr_status_t columns_find(const pwr_dbd_rows *rows,
                                 group_columns *column)
{
    *column = (group_columns){
        .group = pwr_dbd_column(rows, "group"),
        .id = pwr_dbd_column(rows, "id"),
        .login = pwr_dbd_column(rows, "login"),
        .email = pwr_dbd_column(rows, "email"),
    };
    if (column->group < 0) {
        pwr_diag_tell(rows->run->dbd->diag, PWR_DIAG_ERROR("PWR0240", ""),
                      "%s: its result has no column \"group\"; name it so: "
                      "SELECT yours AS `group`, ...", rows->name);
        return PWR_STORE_BROKEN;
    }
    if (column->id < 0 && column->login < 0 && column->email < 0) {
        pwr_diag_tell(rows->run->dbd->diag, PWR_DIAG_ERROR("PWR0242", ""),
                      "%s: nothing in its result tells whose group a row "
                      "names; add the column that its WHERE compares, as id, "
                      "login or email: SELECT yours AS id, ...", rows->name);
        return PWR_STORE_BROKEN;
    }
    return APR_SUCCESS;
}

/* As with the user's own row, what a collation or a cast calls equal is
 * somebody else's. */
static int is_his(const pwr_dbd_rows *rows, const group_columns *column,
                  const pwr_user *user)
{
    apr_pool_t *pool = rows->run->scratch;
    const char *id = pwr_dbd_cell(rows, column->id);

    return (column->id < 0 || (id && *id && strcmp(id, user->id) == 0))
        && (column->login < 0
            || pwr_store_same_login(pool, pwr_dbd_cell(rows, column->login),
                                    user->login))
        && (column->email < 0
            || pwr_addr_same(pool, pwr_dbd_cell(rows, column->email),
                             user->email));
}

static apr_status_t groups_find(pwr_dbd_run *run, void *baton)
{
    const group_call *call = baton;
    const pwr_dbd_arg args[] = {
        { "id", call->user->id }, { "login", call->user->login },
        { "email", call->user->email }, { NULL, NULL }
    };
    apr_status_t status = APR_SUCCESS;
    group_columns column = { -1, -1, -1, -1 };
    pwr_dbd_rows rows;

    apr_array_clear(call->names);
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_GROUPS], args, &rows);
    while (status == APR_SUCCESS && pwr_dbd_next(&rows)) {
        const char *name;

        status = rows.n > 1 ? APR_SUCCESS : columns_find(&rows, &column);
        name = pwr_dbd_cell(&rows, column.group);
        if (status == APR_SUCCESS && name && *name
            && is_his(&rows, &column, call->user)) {
            APR_ARRAY_PUSH(call->names, const char *) = apr_pstrdup(run->pool,
                                                                    name);
        }
    }
    /* A rule of one that is not looked at would not hold. */
    if (rows.n >= PWR_DBD_ROWS_MAX) {
        pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0241", ""),
                      "%s gave %d groups or more for one user, and those "
                      "behind do not count: let its WHERE leave out what no "
                      "PwResetGroupPolicy and no Require names", rows.name,
                      PWR_DBD_ROWS_MAX);
    }
    return status ? status : rows.status;
}

apr_status_t pwr_store_groups_find(pwr_store *store, apr_pool_t *pool,
                                   const pwr_user *user,
                                   const char *const **groups)
{
    static const pwr_dbd_work work = { .name = "groups_find",
                                       .step = groups_find };
    const pwr_store_impl *impl = store->impl;
    group_call call = { impl, user, apr_array_make(pool, 4,
                                                   sizeof(const char *)) };
    apr_status_t status = APR_SUCCESS;

    if (impl->sql.stmt[PWR_STMT_GROUPS].name) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    if (status != APR_SUCCESS) {
        apr_array_clear(call.names);
    }
    APR_ARRAY_PUSH(call.names, const char *) = NULL;
    *groups = (const char *const *)call.names->elts;
    return status;
}
