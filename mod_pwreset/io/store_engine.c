/* SPDX-License-Identifier: Apache-2.0 */
/* Can what is written to a table be undone?  A password must not change while
 * its string stays unspent, so what cannot is refused before it is written. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#define DEPTH_MAX 4             /* views on views */

static apr_status_t names_look(pwr_dbd_run *run, const pwr_store_impl *impl,
                               const pwr_sql_name *names, int depth,
                               const char **fault);

static const char *shown(const pwr_dbd_run *run, const pwr_sql_name *name)
{
    return apr_pstrcat(run->scratch, name->base ? name->base : "",
                       name->base ? "." : "", name->name, NULL);
}

/* Its definition names whole whatever it is made of. */
static apr_status_t view_look(pwr_dbd_run *run, const pwr_store_impl *impl,
                              const pwr_sql_name *name, int depth,
                              const char **fault)
{
    const pwr_dbd_arg args[] = { { "base", name->base },
                                 { "table", name->name }, { NULL, NULL } };
    const char *text = NULL;
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &impl->sql.stmt[PWR_STMT_VIEW_OF], args, &rows);
    while (pwr_dbd_next(&rows)) {
        text = pwr_dbd_text(&rows, "definition");
    }
    if (rows.status != APR_SUCCESS) {
        return rows.status;
    }
    if (!text || !*text || depth == DEPTH_MAX) {
        *fault = apr_psprintf(run->pool, "the view %s hides which tables it "
                              "writes to: GRANT SHOW VIEW on it to the user "
                              "of DBDParams", shown(run, name));
        return APR_SUCCESS;
    }
    return names_look(run, impl, pwr_sqltext_names(run->scratch, text),
                      depth + 1, fault);
}

/* What is no table's name finds nothing. */
static apr_status_t name_look(pwr_dbd_run *run, const pwr_store_impl *impl,
                              const pwr_sql_name *name, int depth,
                              const char **fault)
{
    const pwr_dbd_arg args[] = { { "base", name->base },
                                 { "table", name->name }, { NULL, NULL } };
    const char *kind = NULL, *engine = NULL, *can = NULL;
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &impl->sql.stmt[PWR_STMT_ENGINE_OF], args, &rows);
    while (pwr_dbd_next(&rows)) {
        kind = pwr_dbd_text(&rows, "kind");
        engine = pwr_dbd_text(&rows, "engine");
        can = pwr_dbd_text(&rows, "can");
    }
    if (rows.status != APR_SUCCESS || !kind) {
        return rows.status;
    }
    if (strcmp(kind, "VIEW") == 0) {
        return view_look(run, impl, name, depth, fault);
    }
    if (!can || strcmp(can, "YES") != 0) {
        *fault = apr_psprintf(run->pool, "the table %s is of engine %s, where "
                              "nothing can be undone: ALTER TABLE %s ENGINE="
                              "InnoDB", shown(run, name),
                              engine ? engine : "(none)", shown(run, name));
    }
    return APR_SUCCESS;
}

static apr_status_t names_look(pwr_dbd_run *run, const pwr_store_impl *impl,
                               const pwr_sql_name *names, int depth,
                               const char **fault)
{
    apr_status_t status = APR_SUCCESS;

    for (; status == APR_SUCCESS && !*fault && names->name; names++) {
        status = name_look(run, impl, names, depth, fault);
    }
    return status;
}

apr_status_t pwr_store_engine_look(pwr_dbd_run *run,
                                   const pwr_store_impl *impl,
                                   const char *sql, const char **fault)
{
    *fault = NULL;
    if (run->dbd->dialect == PWR_DIALECT_SQLITE) {
        return APR_SUCCESS;
    }
    return names_look(run, impl, pwr_sqltext_names(run->scratch, sql), 0,
                      fault);
}

apr_status_t pwr_store_engine_mind(pwr_dbd_run *run,
                                   const pwr_store_impl *impl)
{
    const char *fault;
    apr_status_t status;

    if (impl->may_half) {
        return APR_SUCCESS;
    }
    status = pwr_store_engine_look(
        run, impl, impl->sql.stmt[PWR_STMT_PASSWORD_UPDATE].sql.format,
        &fault);
    if (status == APR_SUCCESS && fault) {
        pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0229", fault),
                      "PwResetPasswordUpdate was not run and no password was "
                      "changed: %s, or take the risk with PwResetInsist "
                      PWR_INSIST_NO_TRANSACTIONS, fault);
        return PWR_STORE_BROKEN;
    }
    return status;
}
