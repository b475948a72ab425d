/* SPDX-License-Identifier: Apache-2.0 */
/* Is the database as the store needs it?  For `pwresetctl check`; nothing that
 * is asked here is written. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

typedef struct inspect_call {
    const pwr_store_impl *impl;
    apr_array_header_t *faults; /* of const char * */
    int width;
} inspect_call;

/* One that has the same cause was told already. */
static int is_told(const apr_array_header_t *faults, const char *cause)
{
    for (int i = 0; i < faults->nelts; i++) {
        if (strncmp(APR_ARRAY_IDX(faults, i, const char *), cause,
                    strlen(cause)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The statement that failed last, unless it is a matter of trying again. */
static apr_status_t fault_take(pwr_dbd_run *run, apr_status_t status,
                               apr_array_header_t *faults)
{
    const char *cause, *said;

    if (status == APR_SUCCESS || !run->error || status == PWR_DBD_AGAIN
        || status == PWR_DBD_LOST) {
        return status;
    }
    said = pwr_dbd_error_said(run);
    cause = *said
        ? apr_psprintf(run->pool, "%s: %s", said, run->error->remedy)
        : apr_psprintf(run->pool, "error %d of the database: %s",
                       run->error_code, run->error->remedy);
    if (!is_told(faults, cause)) {
        APR_ARRAY_PUSH(faults, const char *) = apr_psprintf(
            run->pool, "%s (%s)", cause, run->error_name);
    }
    run->error = NULL;
    return APR_SUCCESS;
}

/* To prepare one takes the tables, the columns and the rights that it needs. */
static apr_status_t statements_try(pwr_dbd_run *run, void *baton)
{
    const inspect_call *call = baton;
    const pwr_store_sql *sql = &call->impl->sql;
    apr_status_t status = APR_SUCCESS;

    apr_array_clear(call->faults);
    for (int i = 0; status == APR_SUCCESS && i < PWR_STMT_OTHERS; i++) {
        if (sql->stmt[i].name) {
            status = fault_take(run, pwr_dbd_try(run, &sql->stmt[i]),
                                call->faults);
        }
    }
    for (int i = 0; status == APR_SUCCESS && i < sql->after_n; i++) {
        status = fault_take(run, pwr_dbd_try(run, &sql->after[i]),
                            call->faults);
    }
    return status;
}

/* In a transaction that is undone. */
static apr_status_t changes_try(pwr_dbd_run *run, void *baton)
{
    const inspect_call *call = baton;
    const pwr_job job = { .kind = PWR_JOB_RECOVER, .realm = "check" };
    apr_status_t status;

    apr_array_clear(call->faults);
    status = pwr_store_lock(run, call->impl, job.realm, "check");
    if (status == APR_SUCCESS) {
        status = pwr_store_job_write(run, call->impl, &job);
    }
    return fault_take(run, status, call->faults);
}

/* `price` is what not mending it costs. */
static apr_status_t engine_try(pwr_dbd_run *run, const inspect_call *call,
                               const char *sql, const char *price)
{
    const char *fault;
    apr_status_t status = pwr_store_engine_look(run, call->impl, sql, &fault);

    if (status == APR_SUCCESS && fault) {
        APR_ARRAY_PUSH(call->faults, const char *) = apr_psprintf(
            run->pool, "%s; until then %s", fault, price);
    }
    return status;
}

static apr_status_t engines_try(pwr_dbd_run *run, void *baton)
{
    const inspect_call *call = baton;
    const pwr_store_impl *impl = call->impl;
    const pwr_sqltext *update = &impl->sql.stmt[PWR_STMT_PASSWORD_UPDATE].sql;
    apr_status_t status = APR_SUCCESS;
    const char *name;

    apr_array_clear(call->faults);
    for (size_t i = 0; status == APR_SUCCESS
                       && (name = pwr_store_table_name(i)) != NULL; i++) {
        status = engine_try(run, call, apr_pstrcat(run->scratch, impl->prefix,
                                                   name, NULL),
                            "what is done by halves is not undone");
    }
    if (status == APR_SUCCESS && !impl->may_half) {
        status = engine_try(run, call, update->format,
                            "no password is changed, unless PwResetInsist says "
                            PWR_INSIST_NO_TRANSACTIONS);
    }
    for (int i = 0; status == APR_SUCCESS && i < impl->sql.after_n; i++) {
        status = engine_try(run, call, impl->sql.after[i].sql.format,
                            "what PwResetAfterChange writes there stays, also "
                            "of a change that is undone");
    }
    return status;
}

static const pwr_dbd_work aspects[] = {
    [PWR_ASPECT_STATEMENTS]
        = { .name = "inspect statements", .step = statements_try },
    [PWR_ASPECT_CHANGES]
        = { .name = "inspect changes", .transaction = 1, .step = changes_try },
    [PWR_ASPECT_ENGINES]
        = { .name = "inspect engines", .step = engines_try },
};

apr_status_t pwr_store_inspect(pwr_store *store, apr_pool_t *pool,
                               pwr_aspect aspect, apr_array_header_t *faults)
{
    const pwr_store_impl *impl = store->impl;
    inspect_call call = { .impl = impl, .faults = faults };

    return pwr_dbd_do(&impl->dbd, pool, &aspects[aspect], &call);
}

static apr_status_t width_find(pwr_dbd_run *run, void *baton)
{
    inspect_call *call = baton;
    const pwr_store_sql *sql = &call->impl->sql;
    const pwr_sqltext *update = &sql->stmt[PWR_STMT_PASSWORD_UPDATE].sql;
    const char *column = pwr_sqltext_column(run->scratch, update, "hash");
    const pwr_sql_name *names = pwr_sqltext_names(run->scratch,
                                                  update->format);
    apr_status_t status = APR_SUCCESS;

    call->width = 0;
    if (!column || run->dbd->dialect == PWR_DIALECT_SQLITE) {
        return APR_SUCCESS;
    }
    for (; status == APR_SUCCESS && !call->width && names->name; names++) {
        const pwr_dbd_arg args[] = {
            { "base", names->base }, { "table", names->name },
            { "column", column }, { NULL, NULL }
        };
        pwr_dbd_rows rows;

        pwr_dbd_select(run, &sql->stmt[PWR_STMT_WIDTH_OF], args, &rows);
        while (pwr_dbd_next(&rows)) {
            call->width = (int)pwr_dbd_number(&rows, "width");
        }
        status = rows.status;
    }
    return status;
}

apr_status_t pwr_store_password_width(pwr_store *store, apr_pool_t *pool,
                                      int *width)
{
    static const pwr_dbd_work work = { .name = "password_width",
                                       .step = width_find };
    const pwr_store_impl *impl = store->impl;
    inspect_call call = { .impl = impl };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *width = status == APR_SUCCESS ? call.width : 0;
    return status;
}
