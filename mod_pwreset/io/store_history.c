/* SPDX-License-Identifier: Apache-2.0 */
/* Former passwords of accounts, so that none is taken again.
 *
 * A hash that nobody would write today is not kept: what is broken in minutes
 * must not outlive the row that it was in.  Rows belong to an account of the
 * provider's, which goes without a word to us, so it is looked for now and
 * then. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/format.h"
#include "core/text.h"

#define STALE_MAX 100           /* rows that are looked at in one work */

typedef struct history_call {
    const pwr_store_impl *impl;
    pwr_history *history;
    const char *realm;
    int may_delete;
    int changed;
} history_call;

/* ---- a change ---- */

static int is_kept(const char *stored)
{
    pwr_format format = pwr_format_of(stored);

    return format.engine != PWR_ENGINE_NONE
        && format.kind != PWR_SCHEME_NONE
        && pwr_text_points(stored) <= PWR_HISTORY_POINTS;
}

apr_status_t pwr_store_history_write(pwr_dbd_run *run,
                                     const pwr_store_impl *impl,
                                     const pwr_change *change,
                                     const pwr_user *before, const char *id)
{
    const pwr_dbd_arg args[] = {
        { "id", id }, { "realm", change->realm }, { "user", change->user_id },
        { "password", before->password }, { NULL, NULL }
    };
    const pwr_trim trim = {
        PWR_STMT_HISTORY_LEAST, PWR_STMT_HISTORY_TRIM, change->realm,
        change->user_id, change->history
    };
    apr_status_t status = APR_SUCCESS;
    int changed;

    if (change->history > 0 && is_kept(before->password)) {
        status = pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_HISTORY_ADD],
                              args, &changed);
    }
    return status ? status : pwr_store_trim(run, impl, &trim);
}

/* ---- what an account had ---- */

/* MySQL's collations ignore blanks at the end: "u1 " is somebody else. */
static int is_of(const pwr_dbd_rows *rows, const pwr_history *history)
{
    const char *user_id = pwr_dbd_text(rows, "user_id");

    return pwr_store_is_of(rows, history->realm)
        && user_id && strcmp(user_id, history->user_id) == 0;
}

static apr_status_t history_list(pwr_dbd_run *run, void *baton)
{
    const history_call *call = baton;
    pwr_history *history = call->history;
    const pwr_dbd_arg args[] = {
        { "realm", history->realm }, { "user", history->user_id },
        { "max", pwr_dbd_decimal(run, history->max) }, { NULL, NULL }
    };
    pwr_dbd_rows rows;

    history->n = 0;
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_HISTORY_LIST], args,
                   &rows);
    while (history->n < history->max && pwr_dbd_next(&rows)) {
        const char *stored = pwr_dbd_text(&rows, "password");

        if (stored && is_of(&rows, history)) {
            history->stored[history->n++] = pwr_secret_copy(
                run->pool, stored, strlen(stored));
        }
    }
    return rows.status;
}

apr_status_t pwr_store_history_list(pwr_store *store, apr_pool_t *pool,
                                    pwr_history *history)
{
    static const pwr_dbd_work work = { .name = "history_list",
                                       .step = history_list };
    const pwr_store_impl *impl = store->impl;
    history_call call = { .impl = impl, .history = history };
    apr_status_t status;

    history->stored = apr_pcalloc(pool, (size_t)history->max
                                        * sizeof(*history->stored));
    status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    if (status != APR_SUCCESS) {
        history->n = 0;
    }
    return status;
}

/* ---- accounts that are gone ---- */

static apr_status_t stalest(pwr_dbd_run *run, void *baton)
{
    history_call *call = baton;
    const pwr_dbd_arg args[] = {
        { "keep", pwr_dbd_decimal(run, PWR_KEEP_SEC) }, { NULL, NULL }
    };
    pwr_dbd_rows rows;

    call->realm = NULL;
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_HISTORY_STALEST], args,
                   &rows);
    while (pwr_dbd_next(&rows)) {
        call->realm = pwr_dbd_keep(&rows, "realm");
    }
    return rows.status;
}

apr_status_t pwr_store_history_stalest(pwr_store *store, apr_pool_t *pool,
                                       const char **realm)
{
    static const pwr_dbd_work work = { .name = "history_stalest",
                                       .step = stalest };
    const pwr_store_impl *impl = store->impl;
    history_call call = { .impl = impl };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *realm = status == APR_SUCCESS ? call.realm : NULL;
    return status;
}

/* Some users of a realm, each once; the rows of one come one after another. */
static apr_status_t users_read(pwr_dbd_run *run, const history_call *call,
                               apr_array_header_t *users)
{
    const pwr_dbd_arg args[] = {
        { "realm", call->realm },
        { "keep", pwr_dbd_decimal(run, PWR_KEEP_SEC) },
        { "max", APR_STRINGIFY(STALE_MAX) }, { NULL, NULL }
    };
    const char *last = NULL;
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_HISTORY_STALE], args,
                   &rows);
    while (pwr_dbd_next(&rows)) {
        const char *user_id = pwr_dbd_text(&rows, "user_id");

        if (user_id && pwr_store_is_of(&rows, call->realm)
            && (!last || strcmp(last, user_id) != 0)) {
            APR_ARRAY_PUSH(users, const char *) = user_id;
            last = user_id;
        }
    }
    return rows.status;
}

static apr_status_t user_mind(pwr_dbd_run *run, history_call *call,
                              const char *user_id)
{
    const pwr_dbd_arg args[] = {
        { "realm", call->realm }, { "user", user_id }, { NULL, NULL }
    };
    pwr_stmt stmt = PWR_STMT_HISTORY_SEEN;
    apr_status_t status = APR_SUCCESS;
    pwr_user user;
    int changed = 0;

    if (call->may_delete) {
        status = pwr_store_user_read(run, call->impl, user_id, &user);
        if (status == APR_SUCCESS && !user.id) {
            stmt = PWR_STMT_HISTORY_DROP;
        }
    }
    if (status == APR_SUCCESS) {
        status = pwr_dbd_exec(run, &call->impl->sql.stmt[stmt], args,
                              &changed);
    }
    call->changed += changed;
    return status;
}

static apr_status_t history_tidy(pwr_dbd_run *run, void *baton)
{
    history_call *call = baton;
    apr_array_header_t *users = apr_array_make(run->scratch, 8,
                                               sizeof(const char *));
    apr_status_t status = users_read(run, call, users);

    call->changed = 0;
    for (int i = 0; status == APR_SUCCESS && i < users->nelts; i++) {
        status = user_mind(run, call, APR_ARRAY_IDX(users, i, const char *));
    }
    return status;
}

apr_status_t pwr_store_history_tidy(pwr_store *store, apr_pool_t *pool,
                                    const char *realm, int may_delete,
                                    int *changed)
{
    static const pwr_dbd_work work = { .name = "history_tidy",
                                       .step = history_tidy };
    const pwr_store_impl *impl = store->impl;
    history_call call = { .impl = impl, .realm = realm,
                          .may_delete = may_delete };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *changed = status == APR_SUCCESS ? call.changed : 0;
    return status;
}
