/* SPDX-License-Identifier: Apache-2.0 */
/* The groups of a user, as the provider's query has them. */
#include "io/store_parts.h"

#include <apr_strings.h>

typedef struct group_call {
    const pwr_store_impl *impl;
    const pwr_user *user;
    apr_array_header_t *names;  /* const char * */
} group_call;

static apr_status_t column_mind(const pwr_dbd_rows *rows, int column)
{
    if (column >= 0) {
        return APR_SUCCESS;
    }
    pwr_diag_tell(rows->run->dbd->diag, PWR_DIAG_ERROR("PWR0240", ""),
                  "%s: its result has no column \"group\"; name it so: "
                  "SELECT yours AS `group` ...", rows->name);
    return PWR_STORE_BROKEN;
}

static apr_status_t groups_find(pwr_dbd_run *run, void *baton)
{
    const group_call *call = baton;
    const pwr_dbd_arg args[] = {
        { "id", call->user->id }, { "login", call->user->login },
        { "email", call->user->email }, { NULL, NULL }
    };
    apr_status_t status = APR_SUCCESS;
    pwr_dbd_rows rows;
    int column = -1;

    apr_array_clear(call->names);
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_GROUPS], args, &rows);
    while (status == APR_SUCCESS && pwr_dbd_next(&rows)) {
        const char *name;

        column = rows.n > 1 ? column : pwr_dbd_column(&rows, "group");
        status = column_mind(&rows, column);
        name = pwr_dbd_cell(&rows, column);
        if (name && *name) {
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
