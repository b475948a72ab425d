/* SPDX-License-Identifier: Apache-2.0 */
/* Which version our tables have: told, minded, and brought up to ours. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/text.h"
#include "io/now.h"

#define LOOK_EVERY_MS 60000     /* for an upgrade, where connections live */

/* What brings tables of the version before to `version`: a table that is made,
 * by its name, or what MySQL is told ({prefix} is ours; SQLite does not mind
 * the width of a column).  The order is that of versions.  Each may be done
 * again, by several at once and after an interruption; what a module of
 * PWR_SCHEMA_LEAST does must go on meanwhile. */
static const struct {
    int version;
    const char *creates;
    const char *mysql;
} steps[] = {
    { 2, "guess", NULL },
    { 2, "device", NULL },
    { 3, "history", NULL },
    { 3, NULL, "ALTER TABLE {prefix}job MODIFY error VARCHAR(1000)" },
};

#define STEPS_N (sizeof(steps) / sizeof(*steps))

/* As it stands in meta. */
typedef struct version_call {
    const pwr_store_impl *impl;
    int version;                /* 0: none */
    int least;                  /* the oldest module's that may use it */
} version_call;

static apr_status_t version_read(pwr_dbd_run *run, version_call *call)
{
    static const pwr_dbd_arg none[] = { { NULL, NULL } };
    pwr_dbd_rows rows;

    call->version = call->least = 0;
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_SCHEMA_VERSION], none,
                   &rows);
    while (pwr_dbd_next(&rows)) {
        int value = (int)pwr_dbd_number(&rows, "value");

        if (strcmp(pwr_dbd_text(&rows, "name"), "schema") == 0) {
            call->version = value;
        }
        else {
            call->least = value;
        }
    }
    return rows.status;
}

static apr_status_t version_step(pwr_dbd_run *run, void *baton)
{
    apr_status_t status = version_read(run, baton);

    return status == PWR_DBD_NO_TABLE ? APR_SUCCESS : status;
}

apr_status_t pwr_store_schema_version(pwr_store *store, apr_pool_t *pool,
                                      int *version)
{
    static const pwr_dbd_work work = { .name = "schema_version",
                                       .any_schema = 1,
                                       .step = version_step };
    const pwr_store_impl *impl = store->impl;
    version_call call = { .impl = impl };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *version = status == APR_SUCCESS ? call.version : 0;
    return status;
}

/* A newer version says in meta how old a module may be that uses it: nothing
 * is guessed. */
static int is_ours(const version_call *call)
{
    return call->version == PWR_SCHEMA_VERSION
        || (call->version > PWR_SCHEMA_VERSION && call->least > 0
            && call->least <= PWR_SCHEMA_VERSION);
}

apr_status_t pwr_store_vet(pwr_dbd_run *run, void *baton)
{
    const pwr_store_impl *impl = baton;
    int64_t *until_ms = pwr_dbd_note(run, impl->prefix);
    version_call call = { .impl = impl };
    apr_status_t status;

    if (pwr_now_ms() < *until_ms) {
        return APR_SUCCESS;
    }
    status = version_read(run, &call);
    if (status != APR_SUCCESS) {
        /* Whatever needs the tables tells that they are not there. */
        return status == PWR_DBD_NO_TABLE ? APR_SUCCESS : status;
    }
    if (is_ours(&call)) {
        *until_ms = pwr_now_ms() + LOOK_EVERY_MS;
        return APR_SUCCESS;
    }
    pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0228", impl->prefix),
                  "the tables %s* have schema version %d, and this mod_pwreset "
                  "needs %d: %s", impl->prefix, call.version,
                  PWR_SCHEMA_VERSION, call.version > PWR_SCHEMA_VERSION
                  ? "install the newer one on this host, too"
                  : call.version > 0
                  ? "back them up and run `pwresetctl schema --upgrade`"
                  : "run `pwresetctl schema --apply`");
    return PWR_STORE_BROKEN;
}

/* Who may go on beside us comes first: nobody must see the new version without
 * it. */
static apr_status_t version_write(pwr_dbd_run *run,
                                  const pwr_store_impl *impl, int version)
{
    apr_status_t status = pwr_dbd_plain(run, "schema rows", pwr_store_meta_sql(
        run->scratch, run->dbd->dialect, impl->prefix));

    if (status == APR_SUCCESS) {
        status = pwr_dbd_plain(run, "schema version", apr_psprintf(
            run->scratch, "UPDATE %smeta SET value = %d"
            " WHERE name = 'schema-least'", impl->prefix, PWR_SCHEMA_LEAST));
    }
    return status ? status : pwr_dbd_plain(run, "schema version", apr_psprintf(
        run->scratch, "UPDATE %smeta SET value = %d"
        " WHERE name = 'schema' AND value < %d", impl->prefix, version,
        version));
}

static apr_status_t table_make(pwr_dbd_run *run, const pwr_store_impl *impl,
                               const char *name)
{
    apr_array_header_t *list = pwr_store_table_sql(
        run->scratch, run->dbd->dialect, impl->prefix, name);
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < list->nelts; i++) {
        status = pwr_dbd_plain(run, "CREATE TABLE",
                               APR_ARRAY_IDX(list, i, const char *));
    }
    return status;
}

static apr_status_t step_do(pwr_dbd_run *run, const pwr_store_impl *impl,
                            size_t i)
{
    if (steps[i].creates) {
        return table_make(run, impl, steps[i].creates);
    }
    return run->dbd->dialect != PWR_DIALECT_MYSQL ? APR_SUCCESS
        : pwr_dbd_plain(run, "ALTER TABLE", pwr_text_replace(
            run->scratch, steps[i].mysql, "{prefix}", impl->prefix));
}

/* The version is written behind the last step to it. */
static apr_status_t upgrade(pwr_dbd_run *run, void *baton)
{
    version_call *call = baton;
    apr_status_t status = version_read(run, call);

    for (size_t i = 0; status == APR_SUCCESS && i < STEPS_N; i++) {
        int is_last = i + 1 == STEPS_N
            || steps[i + 1].version > steps[i].version;

        if (steps[i].version <= call->version) {
            continue;
        }
        status = step_do(run, call->impl, i);
        if (status == APR_SUCCESS && is_last) {
            status = version_write(run, call->impl, steps[i].version);
        }
    }
    return status;
}

apr_status_t pwr_store_schema_upgrade(pwr_store *store, apr_pool_t *pool)
{
    static const pwr_dbd_work work = { .name = "schema_upgrade",
                                       .any_schema = 1, .step = upgrade };
    const pwr_store_impl *impl = store->impl;
    version_call call = { .impl = impl };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}
