/* SPDX-License-Identifier: Apache-2.0 */
/* A change of password and all that belongs to it, in one transaction.
 *
 * Rows are locked in one order everywhere: the user's lock, strings, sessions,
 * jobs, former passwords, the provider's row, devices.  The provider's is
 * written as late as can be, as there are tables that undo nothing
 * (PwResetInsist no-transactions). */
#include "io/store_parts.h"

#include <string.h>

#include "core/addr.h"

typedef struct change_call {
    const pwr_store_impl *impl;
    pwr_change *change;
    char id[PWR_ID_HEX + 1];    /* of this change, written to the strings */
    const char *now;
    pwr_user before;
    int is_ours;                /* an earlier try wrote this hash, into a table
                                 * that undoes nothing */
    int committing;             /* a COMMIT was begun; it may have been done */
    int was_done;               /* ... and it was */
} change_call;

static apr_status_t refuse(change_call *call, pwr_change_outcome outcome,
                           pwr_token_state state)
{
    call->change->outcome = outcome;
    call->change->token_state = state;
    return APR_SUCCESS;
}

static int is_done(const change_call *call)
{
    return call->change->outcome == PWR_CHANGE_DONE;
}

/* May the string still be spent on this user?  The row alone never decides:
 * PWR_STMT_TOKEN_SPEND does, by changing exactly one row. */
static apr_status_t token_judge(pwr_dbd_run *run, change_call *call)
{
    const pwr_change *change = call->change;
    const pwr_token_key key = { change->realm, change->token_digest, 0 };
    pwr_token token;
    const char *spent_by;
    apr_status_t status = pwr_store_token_read(run, call->impl, &key, &token,
                                               &spent_by);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (spent_by && strcmp(spent_by, call->id) == 0) {
        call->was_done = 1;
        return APR_SUCCESS;
    }
    if (!token.user_id || strcmp(token.user_id, change->user_id) != 0) {
        return refuse(call, PWR_CHANGE_REFUSED, PWR_TOKEN_UNKNOWN);
    }
    if (token.state < PWR_TOKEN_GRACE) {
        return refuse(call, PWR_CHANGE_REFUSED, token.state);
    }
    if (!call->is_ours
        && !pwr_crypto_equal(token.stamp, call->before.mail_stamp)) {
        return refuse(call, PWR_CHANGE_REFUSED, PWR_TOKEN_CANCELLED);
    }
    call->change->token_state = token.state;
    return APR_SUCCESS;
}

static apr_status_t judge(pwr_dbd_run *run, change_call *call)
{
    pwr_change *change = call->change;
    apr_status_t status = pwr_store_user_read(
        run, call->impl, change->user_id, &call->before);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!call->before.id) {
        return refuse(call, PWR_CHANGE_NO_USER, PWR_TOKEN_CANCELLED);
    }
    change->outcome = PWR_CHANGE_DONE;
    /* Only ours has our salt. */
    call->is_ours = pwr_crypto_equal(call->before.password, change->stored);
    if (change->token_digest) {
        status = token_judge(run, call);
    }
    else {
        call->was_done = call->committing && call->is_ours;
    }
    if (status == APR_SUCCESS && is_done(call) && !call->was_done
        && !call->is_ours
        && !pwr_crypto_equal(change->stamp, call->before.stamp)) {
        return refuse(call, PWR_CHANGE_STALE, PWR_TOKEN_CANCELLED);
    }
    return status;
}

static apr_status_t tokens_end(pwr_dbd_run *run, change_call *call)
{
    const pwr_change *change = call->change;
    const pwr_dbd_stmt *stmt = call->impl->sql.stmt;
    const pwr_dbd_arg args[] = {
        { "realm", change->realm }, { "digest", change->token_digest },
        { "user", change->user_id }, { "change", call->id }, { NULL, NULL }
    };
    apr_status_t status;
    int changed;

    if (change->token_digest) {
        status = pwr_dbd_exec(run, &stmt[PWR_STMT_TOKEN_SPEND], args, &changed);
        if (status != APR_SUCCESS) {
            return status;
        }
        if (changed != 1) {
            return refuse(call, PWR_CHANGE_REFUSED, PWR_TOKEN_EXPIRED);
        }
    }
    status = pwr_dbd_exec(run, &stmt[PWR_STMT_TOKEN_CANCEL], args, &changed);
    if (status != APR_SUCCESS) {
        return status;
    }
    return pwr_dbd_exec(run, &stmt[PWR_STMT_SESSION_END_USER], args, &changed);
}

apr_status_t pwr_store_password_write(pwr_dbd_run *run,
                                      const pwr_dbd_stmt *stmt,
                                      const pwr_dbd_arg *args, int *changed)
{
    apr_status_t status = pwr_dbd_exec(run, stmt, args, changed);

    if (status == APR_SUCCESS && *changed > 1) {
        pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0222", ""),
                      "PwResetPasswordUpdate would change %d rows and was "
                      "undone: its WHERE must name one user, by :id",
                      *changed);
        return PWR_STORE_BROKEN;
    }
    return status;
}

static apr_status_t password_write(pwr_dbd_run *run, change_call *call)
{
    const pwr_store_sql *sql = &call->impl->sql;
    const pwr_dbd_arg args[] = {
        { "hash", call->change->stored }, { "id", call->before.id },
        { "login", call->before.login }, { "email", call->before.email },
        { "now", call->now }, { NULL, NULL }
    };
    int changed = 1;
    apr_status_t status = call->is_ours
        ? APR_SUCCESS
        : pwr_store_password_write(run, &sql->stmt[PWR_STMT_PASSWORD_UPDATE],
                                   args, &changed);

    if (status == APR_SUCCESS && changed != 1) {
        return refuse(call, PWR_CHANGE_NO_USER, PWR_TOKEN_CANCELLED);
    }
    for (int i = 0; status == APR_SUCCESS && i < sql->after_n; i++) {
        status = pwr_dbd_exec(run, &sql->after[i], args, &changed);
    }
    return status;
}

/* A column too narrow for the hash, or a trigger of the provider, would lock
 * the user out for good. */
apr_status_t pwr_store_password_check(pwr_dbd_run *run,
                                      const pwr_store_impl *impl,
                                      const char *id, const char *stored,
                                      pwr_user *user)
{
    apr_status_t status = pwr_store_user_read(run, impl, id, user);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!pwr_crypto_equal(user->password, stored)) {
        pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0223", ""),
                      "the password column did not keep the hash of %d "
                      "characters and the change was undone: widen it to 255, "
                      "see whether a trigger changes it, and that "
                      "PwResetPasswordUpdate writes the column that "
                      "PwResetIdQuery reads as \"password\"",
                      (int)strlen(stored));
        return PWR_STORE_BROKEN;
    }
    return APR_SUCCESS;
}

/* A job like this one, about the user as it stood before the change. */
static apr_status_t job_write(pwr_dbd_run *run, change_call *call,
                              const pwr_job *like, const char *recipient)
{
    pwr_job job = *like;

    job.id[0] = '\0';
    job.realm = call->change->realm;
    job.user_id = call->before.id;
    job.login = call->before.login;
    job.recipient = recipient;
    return pwr_store_job_write(run, call->impl, &job);
}

static apr_status_t notice_write(pwr_dbd_run *run, change_call *call,
                                 const char *recipient)
{
    return recipient && *recipient
        ? job_write(run, call, call->change->notice, recipient) : APR_SUCCESS;
}

/* To the addresses as they stood before the change: it is their owner who is
 * to learn of it. */
static apr_status_t notices_write(pwr_dbd_run *run, change_call *call)
{
    const pwr_user *user = &call->before;
    apr_status_t status = notice_write(run, call, user->email);

    if (status != APR_SUCCESS
        || pwr_addr_same(run->scratch, user->email, user->recovery_email)) {
        return status;
    }
    return notice_write(run, call, user->recovery_email);
}

static apr_status_t jobs_write(pwr_dbd_run *run, change_call *call)
{
    const pwr_change *change = call->change;
    apr_status_t status = change->notice ? notices_write(run, call)
                                         : APR_SUCCESS;

    return status == APR_SUCCESS && change->hook
        ? job_write(run, call, change->hook, NULL) : status;
}

static apr_status_t all_write(pwr_dbd_run *run, change_call *call)
{
    pwr_change *change = call->change;
    apr_status_t status = tokens_end(run, call);

    if (status == APR_SUCCESS && is_done(call)) {
        status = jobs_write(run, call);
    }
    if (status == APR_SUCCESS && is_done(call) && !call->is_ours) {
        status = pwr_store_history_write(run, call->impl, change,
                                         &call->before, call->id);
    }
    if (status == APR_SUCCESS && is_done(call)) {
        status = password_write(run, call);
    }
    if (status != APR_SUCCESS || !is_done(call)) {
        return status;
    }
    status = pwr_store_password_check(run, call->impl, change->user_id,
                                      change->stored, &change->user);
    if (status == APR_SUCCESS && change->session) {
        status = pwr_store_session_write(
            run, call->impl, change->session, change->user_id,
            change->user.stamp, change->session_lifetime_sec);
    }
    if (status == APR_SUCCESS && change->device) {
        status = pwr_store_device_write(run, call->impl, change->device,
                                        change->user.stamp,
                                        change->device_before);
    }
    return status;
}

static apr_status_t change_step(pwr_dbd_run *run, void *baton)
{
    change_call *call = baton;
    int64_t now = 0;
    apr_status_t status;

    refuse(call, PWR_CHANGE_REFUSED, PWR_TOKEN_UNKNOWN);
    status = pwr_store_engine_mind(run, call->impl);
    if (status == APR_SUCCESS) {
        status = pwr_store_lock(run, call->impl, call->change->realm,
                                call->change->user_id);
    }
    if (status == APR_SUCCESS) {
        status = pwr_store_clock(run, call->impl, &now);
    }
    if (status == APR_SUCCESS) {
        call->now = pwr_dbd_decimal(run, now);
        status = judge(run, call);
    }
    if (call->was_done) {
        call->change->user = call->before;
        return status;
    }
    if (status == APR_SUCCESS && is_done(call)) {
        status = all_write(run, call);
    }
    run->keep = status == APR_SUCCESS && is_done(call)
        && !call->change->is_rehearsal;
    call->committing |= run->keep;
    return status;
}

apr_status_t pwr_store_password_change(pwr_store *store, apr_pool_t *pool,
                                       pwr_change *change)
{
    static const pwr_dbd_work work = {
        .name = "password_change", .transaction = 1, .step = change_step
    };
    const pwr_store_impl *impl = store->impl;
    change_call call = { .impl = impl, .change = change };
    apr_status_t status = pwr_store_id(impl, call.id);

    memset(&change->user, 0, sizeof(change->user));
    if (status == APR_SUCCESS) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    if (status != APR_SUCCESS) {
        refuse(&call, PWR_CHANGE_REFUSED, PWR_TOKEN_UNKNOWN);
    }
    if (!is_done(&call)) {
        memset(&change->user, 0, sizeof(change->user));
    }
    return status;
}
