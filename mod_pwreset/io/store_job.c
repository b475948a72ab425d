/* SPDX-License-Identifier: Apache-2.0 */
/* Work to do: rows that are claimed by lease. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

static const char *const kinds[] = {
    [PWR_JOB_NONE] = "",
    [PWR_JOB_RECOVER] = "recover",
    [PWR_JOB_NOTICE] = "notice",
    [PWR_JOB_HOOK] = "hook",
};

typedef struct job_call {
    const pwr_store_impl *impl;
    const pwr_job *job;
    const char *owner;
    const char *error;
    int64_t seconds;            /* of lease or delay */
    int mine;
} job_call;

apr_status_t pwr_store_job_write(pwr_dbd_run *run, const pwr_store_impl *impl,
                                 const pwr_job *job)
{
    char id[PWR_ID_HEX + 1];
    const pwr_dbd_arg args[] = {
        { "id", job->id[0] ? job->id : id },
        { "kind", kinds[job->kind] },
        { "realm", job->realm },
        { "identifier",
          pwr_dbd_fit(run, job->identifier, PWR_IDENTIFIER_POINTS) },
        { "by", pwr_dbd_decimal(run, job->by) },
        { "user", job->user_id },
        { "login", pwr_dbd_fit(run, job->login, PWR_LOGIN_POINTS) },
        { "recipient",
          pwr_dbd_fit(run, job->recipient, PWR_IDENTIFIER_POINTS) },
        { "language", pwr_dbd_fit(run, job->language, PWR_LANGUAGE_POINTS) },
        { "address", pwr_dbd_fit(run, job->address, PWR_ADDRESS_POINTS) },
        { "agent", pwr_dbd_fit(run, job->agent, PWR_AGENT_POINTS) },
        { "delay", pwr_dbd_decimal(run, job->due) },
        { NULL, NULL }
    };
    apr_status_t status = pwr_store_id(impl, id);
    int added;

    if (status != APR_SUCCESS) {
        return status;
    }
    return pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_JOB_ADD], args, &added);
}

static apr_status_t add(pwr_dbd_run *run, void *baton)
{
    job_call *call = baton;
    apr_status_t status = pwr_store_job_write(run, call->impl, call->job);

    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

apr_status_t pwr_store_job_add(pwr_store *store, apr_pool_t *pool,
                               const pwr_job *job)
{
    static const pwr_dbd_work work = { .name = "job_add", .step = add };
    const pwr_store_impl *impl = store->impl;
    pwr_job row = *job;
    job_call call = { .impl = impl, .job = &row };
    apr_status_t status = row.id[0] ? APR_SUCCESS : pwr_store_id(impl, row.id);

    if (status != APR_SUCCESS) {
        return status;
    }
    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}

/* A statement that gives jobs, and what it is asked: `from` is the last one
 * seen, or what the sought ones have in common; NULL: nothing. */
typedef struct batch_call {
    const pwr_store_impl *impl;
    pwr_stmt stmt;
    int max;
    const pwr_job *from;
    pwr_jobs *jobs;
} batch_call;

static void job_read(const pwr_dbd_rows *rows, pwr_job *job)
{
    const char *id = pwr_dbd_text(rows, "id");
    const char *kind = pwr_dbd_text(rows, "kind");

    memset(job, 0, sizeof(*job));
    apr_cpystrn(job->id, id ? id : "", sizeof(job->id));
    for (int i = PWR_JOB_NONE + 1; i < PWR_JOBS_N; i++) {
        if (kind && strcmp(kind, kinds[i]) == 0) {
            job->kind = (pwr_job_kind)i;
        }
    }
    job->realm = pwr_dbd_keep(rows, "realm");
    job->identifier = pwr_dbd_keep(rows, "identifier");
    job->by = (int)pwr_dbd_number(rows, "identify_by");
    job->user_id = pwr_dbd_keep(rows, "user_id");
    job->login = pwr_dbd_keep(rows, "login");
    job->recipient = pwr_dbd_keep(rows, "recipient");
    job->language = pwr_dbd_keep(rows, "language");
    job->address = pwr_dbd_keep(rows, "address");
    job->agent = pwr_dbd_keep(rows, "agent");
    job->created = pwr_dbd_number(rows, "created");
    job->due = pwr_dbd_number(rows, "due");
    job->tries = (int)pwr_dbd_number(rows, "tries");
    job->error = pwr_dbd_keep(rows, "error");
    job->lease_until = pwr_dbd_number(rows, "lease_until");
    job->owner = pwr_dbd_keep(rows, "owner");
    job->gave_up = pwr_dbd_number(rows, "gave_up");
}

static apr_status_t batch(pwr_dbd_run *run, void *baton)
{
    batch_call *call = baton;
    const pwr_job *from = call->from;
    const pwr_dbd_arg args[] = {
        { "due", pwr_dbd_decimal(run, from ? from->due : -1) },
        { "id", from ? from->id : "" },
        { "realm", from ? from->realm : NULL },
        { "identifier", from ? from->identifier : NULL },
        { "user", from ? from->user_id : NULL },
        { "max", pwr_dbd_decimal(run, call->max) },
        { NULL, NULL }
    };
    pwr_dbd_rows rows;
    apr_status_t status;

    call->jobs->n = 0;
    status = pwr_store_clock(run, call->impl, &call->jobs->now);
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_dbd_select(run, &call->impl->sql.stmt[call->stmt], args, &rows);
    while (call->jobs->n < call->max && pwr_dbd_next(&rows)) {
        if (call->stmt != PWR_STMT_JOB_ABOUT
            || pwr_store_is_of(&rows, from->realm)) {
            job_read(&rows, &call->jobs->row[call->jobs->n++]);
        }
    }
    return rows.status;
}

static apr_status_t jobs_read(apr_pool_t *pool, const pwr_dbd_work *work,
                              batch_call *call)
{
    apr_status_t status;

    memset(call->jobs, 0, sizeof(*call->jobs));
    if (call->max < 1) {
        return APR_SUCCESS;
    }
    if (call->max > PWR_DBD_ROWS_MAX) {
        call->max = PWR_DBD_ROWS_MAX;
    }
    call->jobs->row = apr_pcalloc(pool, sizeof(*call->jobs->row)
                                        * (size_t)call->max);
    status = pwr_dbd_do(&call->impl->dbd, pool, work, call);
    if (status != APR_SUCCESS) {
        memset(call->jobs, 0, sizeof(*call->jobs));
    }
    return status;
}

apr_status_t pwr_store_job_batch(pwr_store *store, apr_pool_t *pool, int max,
                                 const pwr_job *after, pwr_jobs *jobs)
{
    static const pwr_dbd_work work = { .name = "job_batch", .step = batch };
    batch_call call = { store->impl, PWR_STMT_JOB_BATCH, max, after, jobs };

    return jobs_read(pool, &work, &call);
}

apr_status_t pwr_store_job_list(pwr_store *store, apr_pool_t *pool, int max,
                                const pwr_job *after, pwr_jobs *jobs)
{
    static const pwr_dbd_work work = { .name = "job_list", .step = batch };
    batch_call call = { store->impl, PWR_STMT_JOB_LIST, max, after, jobs };

    return jobs_read(pool, &work, &call);
}

apr_status_t pwr_store_job_find(pwr_store *store, apr_pool_t *pool,
                                const pwr_job *like, pwr_jobs *jobs)
{
    static const pwr_dbd_work work = { .name = "job_find", .step = batch };
    batch_call call = { store->impl, PWR_STMT_JOB_FIND, 1, like, jobs };

    return jobs_read(pool, &work, &call);
}

apr_status_t pwr_store_job_about(pwr_store *store, apr_pool_t *pool,
                                 const pwr_job *like, pwr_jobs *jobs)
{
    static const pwr_dbd_work work = { .name = "job_about", .step = batch };
    batch_call call = { store->impl, PWR_STMT_JOB_ABOUT, PWR_DBD_ROWS_MAX,
                        like, jobs };

    return jobs_read(pool, &work, &call);
}

/* Run one of the statements about a held job; `mine` says whether it was. */
static apr_status_t holder_exec(pwr_dbd_run *run, job_call *call, pwr_stmt id)
{
    const pwr_dbd_arg args[] = {
        { "id", call->job->id },
        { "owner", call->owner },
        { "lease", pwr_dbd_decimal(run, call->seconds) },
        { "delay", pwr_dbd_decimal(run, call->seconds) },
        { "error", pwr_dbd_fit(run, call->error, PWR_ERROR_POINTS) },
        { "recipient",
          pwr_dbd_fit(run, call->job->recipient, PWR_IDENTIFIER_POINTS) },
        { NULL, NULL }
    };

    return pwr_dbd_exec(run, &call->impl->sql.stmt[id], args, &call->mine);
}

/* One of the two statements that give a lease. */
static apr_status_t lease(pwr_store *store, apr_pool_t *pool,
                          const pwr_dbd_work *work, job_call *call, int *mine)
{
    apr_status_t status;

    *mine = 0;
    call->impl = store->impl;
    status = pwr_dbd_do(&call->impl->dbd, pool, work, call);
    *mine = status == APR_SUCCESS && call->mine == 1;
    return status;
}

static apr_status_t claim(pwr_dbd_run *run, void *baton)
{
    return holder_exec(run, baton, PWR_STMT_JOB_CLAIM);
}

apr_status_t pwr_store_job_claim(pwr_store *store, apr_pool_t *pool,
                                 const pwr_job *job, const char *owner,
                                 int64_t lease_sec, int *mine)
{
    static const pwr_dbd_work work = { .name = "job_claim", .step = claim };
    job_call call = { .job = job, .owner = owner, .seconds = lease_sec };

    return lease(store, pool, &work, &call, mine);
}

static apr_status_t hold(pwr_dbd_run *run, void *baton)
{
    return holder_exec(run, baton, PWR_STMT_JOB_HOLD);
}

apr_status_t pwr_store_job_hold(pwr_store *store, apr_pool_t *pool,
                                const pwr_job *job, const char *owner,
                                int64_t lease_sec, int *mine)
{
    static const pwr_dbd_work work = { .name = "job_hold", .step = hold };
    job_call call = { .job = job, .owner = owner, .seconds = lease_sec };

    return lease(store, pool, &work, &call, mine);
}

static apr_status_t retry(pwr_dbd_run *run, void *baton)
{
    job_call *call = baton;

    return holder_exec(run, call, call->seconds < 0 ? PWR_STMT_JOB_GIVE_UP
                                                    : PWR_STMT_JOB_RETRY);
}

apr_status_t pwr_store_job_retry(pwr_store *store, apr_pool_t *pool,
                                 const pwr_job *job, const char *owner,
                                 int64_t delay_sec, const char *error)
{
    static const pwr_dbd_work work = { .name = "job_retry", .step = retry };
    const pwr_store_impl *impl = store->impl;
    job_call call = { .impl = impl, .job = job, .owner = owner,
                      .error = error, .seconds = delay_sec };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}

static apr_status_t done(pwr_dbd_run *run, void *baton)
{
    return holder_exec(run, baton, PWR_STMT_JOB_DONE);
}

apr_status_t pwr_store_job_done(pwr_store *store, apr_pool_t *pool,
                                const pwr_job *job, const char *owner)
{
    static const pwr_dbd_work work = { .name = "job_done", .step = done };
    const pwr_store_impl *impl = store->impl;
    job_call call = { .impl = impl, .job = job, .owner = owner };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}

/* ---- an operator's orders ---- */

typedef struct order_call {
    const pwr_store_impl *impl;
    const pwr_dbd_work *work;
    pwr_stmt stmt;
    pwr_job like;
    pwr_job_order order;
} order_call;

/* The statement that writes decides.  When it changed nothing, the row tells
 * why; MySQL also calls it no change that the job was due this very second.  A
 * lease that ended between the two leaves a job that is due, but not gone. */
static apr_status_t order_do(pwr_dbd_run *run, void *baton)
{
    order_call *call = baton;
    const pwr_dbd_arg args[] = { { "id", call->like.id }, { NULL, NULL } };
    pwr_job job = { .lease_until = 0 };
    pwr_jobs jobs = { .row = &job };
    batch_call look = { call->impl, PWR_STMT_JOB_FIND, 1, &call->like, &jobs };
    int changed;
    apr_status_t status = pwr_dbd_exec(run, &call->impl->sql.stmt[call->stmt],
                                       args, &changed);

    call->order = changed == 1 ? PWR_ORDER_DONE : PWR_ORDER_NO_JOB;
    if (status != APR_SUCCESS || changed == 1) {
        return status;
    }
    status = batch(run, &look);
    if (status == APR_SUCCESS && jobs.n == 1) {
        call->order = job.lease_until > jobs.now
                   || call->stmt == PWR_STMT_JOB_DROP ? PWR_ORDER_HELD
                                                      : PWR_ORDER_DONE;
    }
    return status;
}

static apr_status_t order_give(apr_pool_t *pool, order_call *call,
                               const char *id, pwr_job_order *order)
{
    apr_status_t status = APR_SUCCESS;

    *order = PWR_ORDER_NO_JOB;
    if (!id || strlen(id) != PWR_ID_HEX) {
        return APR_SUCCESS;
    }
    apr_cpystrn(call->like.id, id, sizeof(call->like.id));
    status = pwr_dbd_do(&call->impl->dbd, pool, call->work, call);
    if (status == APR_SUCCESS) {
        *order = call->order;
    }
    return status;
}

apr_status_t pwr_store_job_again(pwr_store *store, apr_pool_t *pool,
                                 const char *id, pwr_job_order *order)
{
    static const pwr_dbd_work work = { .name = "job_again", .step = order_do };
    order_call call = { .impl = store->impl, .work = &work,
                        .stmt = PWR_STMT_JOB_AGAIN };

    return order_give(pool, &call, id, order);
}

apr_status_t pwr_store_job_drop(pwr_store *store, apr_pool_t *pool,
                                const char *id, pwr_job_order *order)
{
    static const pwr_dbd_work work = { .name = "job_drop", .step = order_do };
    order_call call = { .impl = store->impl, .work = &work,
                        .stmt = PWR_STMT_JOB_DROP };

    return order_give(pool, &call, id, order);
}
