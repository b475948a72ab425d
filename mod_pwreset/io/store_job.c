/* SPDX-License-Identifier: Apache-2.0 */
/* Work to do: rows that are claimed by lease. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

static const char *const kinds[] = {
    [PWR_JOB_NONE] = "",
    [PWR_JOB_RECOVER] = "recover",
    [PWR_JOB_NOTICE] = "notice",
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

typedef struct batch_call {
    const pwr_store_impl *impl;
    int max;
    const pwr_job *after;
    pwr_jobs *jobs;
} batch_call;

static void job_read(const pwr_dbd_rows *rows, pwr_job *job)
{
    const char *id = pwr_dbd_text(rows, "id");
    const char *kind = pwr_dbd_text(rows, "kind");

    memset(job, 0, sizeof(*job));
    apr_cpystrn(job->id, id ? id : "", sizeof(job->id));
    for (int i = PWR_JOB_RECOVER; i <= PWR_JOB_NOTICE; i++) {
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
}

static apr_status_t batch(pwr_dbd_run *run, void *baton)
{
    batch_call *call = baton;
    const pwr_job *after = call->after;
    const pwr_dbd_arg args[] = {
        { "due", pwr_dbd_decimal(run, after ? after->due : -1) },
        { "id", after ? after->id : "" },
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
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_JOB_BATCH], args,
                   &rows);
    while (call->jobs->n < call->max && pwr_dbd_next(&rows)) {
        job_read(&rows, &call->jobs->row[call->jobs->n++]);
    }
    return rows.status;
}

apr_status_t pwr_store_job_batch(pwr_store *store, apr_pool_t *pool, int max,
                                 const pwr_job *after, pwr_jobs *jobs)
{
    static const pwr_dbd_work work = { .name = "job_batch", .step = batch };
    const pwr_store_impl *impl = store->impl;
    batch_call call = { impl, max < PWR_DBD_ROWS_MAX ? max : PWR_DBD_ROWS_MAX,
                        after, jobs };
    apr_status_t status;

    memset(jobs, 0, sizeof(*jobs));
    if (max < 1) {
        return APR_SUCCESS;
    }
    jobs->row = apr_pcalloc(pool, sizeof(*jobs->row) * (size_t)call.max);
    status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    if (status != APR_SUCCESS) {
        memset(jobs, 0, sizeof(*jobs));
    }
    return status;
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
