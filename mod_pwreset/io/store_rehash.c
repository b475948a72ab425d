/* SPDX-License-Identifier: Apache-2.0 */
/* The same password under a better hash, which changes nothing for anybody.
 *
 * Any other program may write the row at any time, so the one UPDATE names the
 * hash it takes the place of: whoever changed the password meanwhile wins. */
#include "io/store_parts.h"

#include <string.h>

typedef struct rehash_call {
    const pwr_store_impl *impl;
    pwr_rehash *rehash;
    pwr_user before, after;
    int committing;             /* a COMMIT was begun; it may have been done */
} rehash_call;

/* A password that is not changed keeps the time of its last change, where that
 * is told in seconds. */
static const char *changed_at(pwr_dbd_run *run, const pwr_user *user,
                              int64_t now)
{
    const char *text = user->changed_at;

    return text && *text && strlen(text) < 20
        && strspn(text, "0123456789") == strlen(text)
        ? text : pwr_dbd_decimal(run, now);
}

static apr_status_t hash_write(pwr_dbd_run *run, rehash_call *call, int *done)
{
    const pwr_store_sql *sql = &call->impl->sql;
    const pwr_user *user = &call->before;
    int64_t now = 0;
    apr_status_t status = pwr_store_clock(run, call->impl, &now);
    const pwr_dbd_arg args[] = {
        { "hash", call->rehash->stored }, { "old", user->password },
        { "id", user->id }, { "login", user->login }, { "email", user->email },
        { "now", changed_at(run, user, now) }, { NULL, NULL }
    };
    int changed = 0;

    if (status == APR_SUCCESS) {
        status = pwr_store_password_write(
            run, &sql->stmt[PWR_STMT_PASSWORD_REHASH], args, &changed);
    }
    *done = status == APR_SUCCESS && changed == 1;
    return status;
}

static apr_status_t restamp(pwr_dbd_run *run, const rehash_call *call)
{
    static const pwr_stmt stmts[] = {
        PWR_STMT_TOKEN_RESTAMP, PWR_STMT_SESSION_RESTAMP,
        PWR_STMT_DEVICE_RESTAMP,
    };
    apr_status_t status = APR_SUCCESS;

    for (size_t i = 0; status == APR_SUCCESS
                       && i < sizeof(stmts) / sizeof(*stmts); i++) {
        int is_token = stmts[i] == PWR_STMT_TOKEN_RESTAMP, changed;
        const pwr_dbd_arg args[] = {
            { "realm", call->rehash->realm }, { "user", call->before.id },
            { "before", is_token ? call->before.mail_stamp
                                 : call->before.stamp },
            { "stamp", is_token ? call->after.mail_stamp : call->after.stamp },
            { NULL, NULL }
        };

        status = pwr_dbd_exec(run, &call->impl->sql.stmt[stmts[i]], args,
                              &changed);
    }
    return status;
}

/* The row as it stands, and whether it is the one that was verified. */
static apr_status_t row_read(pwr_dbd_run *run, rehash_call *call, int *same)
{
    const pwr_rehash *rehash = call->rehash;
    apr_status_t status = pwr_store_user_read(run, call->impl,
                                              rehash->user->id, &call->before);

    *same = status == APR_SUCCESS && call->before.id
        && pwr_crypto_equal(call->before.password, rehash->user->password)
        && pwr_crypto_equal(call->before.stamp, rehash->user->stamp);
    /* Only ours has our salt. */
    call->rehash->is_done = status == APR_SUCCESS && call->committing
        && pwr_crypto_equal(call->before.password, rehash->stored);
    return status;
}

static apr_status_t rehash_step(pwr_dbd_run *run, void *baton)
{
    rehash_call *call = baton;
    pwr_rehash *rehash = call->rehash;
    int go_on = 0;
    apr_status_t status = pwr_store_engine_mind(run, call->impl);

    rehash->is_done = 0;
    if (status == APR_SUCCESS) {
        status = pwr_store_lock(run, call->impl, rehash->realm,
                                rehash->user->id);
    }
    if (status == APR_SUCCESS) {
        status = row_read(run, call, &go_on);
    }
    if (go_on) {
        status = hash_write(run, call, &go_on);
    }
    if (go_on) {
        status = pwr_store_password_check(run, call->impl, rehash->user->id,
                                          rehash->stored, &call->after);
    }
    if (go_on && status == APR_SUCCESS) {
        status = restamp(run, call);
        rehash->is_done = status == APR_SUCCESS;
        run->keep = rehash->is_done;
        call->committing |= run->keep;
    }
    return status;
}

apr_status_t pwr_store_password_rehash(pwr_store *store, apr_pool_t *pool,
                                       pwr_rehash *rehash)
{
    static const pwr_dbd_work work = {
        .name = "password_rehash", .transaction = 1, .step = rehash_step
    };
    const pwr_store_impl *impl = store->impl;
    rehash_call call = { .impl = impl, .rehash = rehash };
    apr_status_t status = APR_SUCCESS;

    rehash->is_done = 0;
    /* Where nothing is undone, a hash that is cut would lock the user out. */
    if (!impl->may_half
        && impl->sql.stmt[PWR_STMT_PASSWORD_REHASH].sql.format) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    if (status != APR_SUCCESS) {
        rehash->is_done = 0;
    }
    return status;
}
