/* SPDX-License-Identifier: Apache-2.0 */
/* The table of jobs, for an operator. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>
#include <jansson.h>

#include "cli/command.h"
#include "core/text.h"
#include "io/remedy.h"

#define PAGE 100
#define REALM_POINTS 28         /* of columns; longer ones shift the rest */
#define WHOM_POINTS 28

/* ---- words ---- */

static const char *kind_of(const pwr_job *job)
{
    static const char *const kinds[PWR_JOBS_N] = {
        [PWR_JOB_NONE] = "unknown",
        [PWR_JOB_RECOVER] = "recover",
        [PWR_JOB_NOTICE] = "notice",
        [PWR_JOB_HOOK] = "hook",
    };

    return kinds[job->kind];
}

static const char *whom_of(const pwr_job *job)
{
    return job->kind == PWR_JOB_NOTICE ? job->recipient
        : job->kind == PWR_JOB_HOOK ? job->login : job->identifier;
}

static const char *due_of(const pwr_call *call, const pwr_job *job,
                          int64_t now)
{
    return job->gave_up ? "given up" : pwr_call_when(call, now, job->due);
}

static const char *lease_of(const pwr_call *call, const pwr_job *job,
                            int64_t now)
{
    return job->lease_until > now
        ? apr_psprintf(call->pool, "%" APR_INT64_T_FMT " s",
                       (apr_int64_t)(job->lease_until - now)) : "-";
}

/* ---- list ---- */

static const char *column(const pwr_call *call, const char *text,
                          size_t points_max)
{
    const char *shown = pwr_call_shown(call, text);
    size_t points = pwr_text_points(shown);

    return apr_psprintf(call->pool, "%s%*s", shown,
                        points < points_max ? (int)(points_max - points) : 0,
                        "");
}

static void row_print(const pwr_call *call, const pwr_job *job, int64_t now)
{
    printf("%-32s  %s  %-7s  %s  %5d  %-10s  %-6s  %s\n", job->id,
           column(call, job->realm, REALM_POINTS), kind_of(job),
           column(call, whom_of(job), WHOM_POINTS), job->tries,
           due_of(call, job, now), lease_of(call, job, now),
           pwr_call_shown(call, job->error));
}

static void head_print(void)
{
    printf("%-32s  %-*s  %-7s  %-*s  %5s  %-10s  %-6s  %s\n", "ID",
           REALM_POINTS, "REALM", "KIND", WHOM_POINTS, "FOR", "TRIES", "DUE",
           "LEASE", "ERROR");
}

static json_t *number_json(int is_there, int64_t number)
{
    return is_there ? json_integer(number) : json_null();
}

/* jansson takes UTF-8 alone, which is all that the store gives. */
static void json_print(const pwr_job *job)
{
    json_t *object = json_pack(
        "{s:s, s:s?, s:s, s:s?, s:s?, s:i, s:I, s:o, s:o, s:s?, s:o, s:s?,"
        " s:s?, s:s?}",
        "id", job->id, "realm", job->realm, "kind", kind_of(job),
        "for", whom_of(job), "user_id", job->user_id, "tries", job->tries,
        "created", (json_int_t)job->created,
        "due", number_json(!job->gave_up, job->due),
        "gave_up", number_json(job->gave_up != 0, job->gave_up),
        "owner", job->owner,
        "lease_until", number_json(job->owner != NULL, job->lease_until),
        "address", job->address, "agent", job->agent, "error", job->error);

    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

/* Returns how many of them were printed. */
static int page_print(const pwr_call *call, const pwr_jobs *jobs)
{
    int n = 0;

    for (int i = 0; i < jobs->n; i++) {
        const pwr_job *job = &jobs->row[i];

        if (!pwr_call_option(call, "all")
            && (!job->realm
                || strcmp(job->realm, call->vhost->conf->realm) != 0)) {
            continue;
        }
        n++;
        if (pwr_call_option(call, "json")) {
            json_print(job);
        }
        else {
            row_print(call, job, jobs->now);
        }
    }
    return n;
}

int pwr_command_queue_list(pwr_call *call)
{
    apr_pool_t *page_pool, *pool = call->pool;
    pwr_jobs jobs = { .n = PAGE };
    pwr_job last = { .id = "" };
    const pwr_job *after = NULL;
    apr_status_t done = APR_SUCCESS;
    int n = 0, is_json = pwr_call_option(call, "json") != NULL;

    if (!is_json && call->site_i == 0) {
        head_print();
    }
    apr_pool_create(&page_pool, pool);
    call->pool = page_pool;
    while (jobs.n == PAGE) {
        apr_pool_clear(page_pool);
        done = call->store->ops->job_list(call->store, page_pool, PAGE, after,
                                          &jobs);
        if (done != APR_SUCCESS) {
            break;
        }
        n += page_print(call, &jobs);
        if (jobs.n > 0) {
            last.due = jobs.row[jobs.n - 1].due;
            memcpy(last.id, jobs.row[jobs.n - 1].id, sizeof(last.id));
            after = &last;
        }
    }
    call->pool = pool;
    if (done == APR_SUCCESS && n == 0 && !is_json) {
        printf("no jobs of %s\n", pwr_call_option(call, "all")
                                  ? "any realm" : call->vhost->conf->realm);
    }
    return pwr_call_store_status(done);
}

/* ---- one of them ---- */

static int unknown(const pwr_call *call)
{
    return pwr_call_fail(EX_DATAERR, "there is no job %s: it is done, or was "
                         "dropped or purged; pwresetctl queue list has the ids",
                         pwr_text_printable(call->pool, call->args[0], 40));
}

static int id_check(const pwr_call *call, pwr_job *like)
{
    const char *id = call->args[0];

    memset(like, 0, sizeof(*like));
    if (strlen(id) != PWR_ID_HEX
        || strspn(id, "0123456789abcdef") != PWR_ID_HEX) {
        return pwr_call_fail(EX_USAGE, "'%s' is no id of a job: give the %d "
                             "hex digits that pwresetctl queue list shows",
                             pwr_text_printable(call->pool, id, 40),
                             PWR_ID_HEX);
    }
    apr_cpystrn(like->id, id, sizeof(like->id));
    return EX_OK;
}

static void job_print(const pwr_call *call, const pwr_job *job, int64_t now)
{
    const struct { const char *name, *value; } lines[] = {
        { "id", job->id },
        { "realm", pwr_call_shown(call, job->realm) },
        { "kind", kind_of(job) },
        { "for", pwr_call_shown(call, whom_of(job)) },
        { "user id", pwr_call_shown(call, job->user_id) },
        { "asked", pwr_call_when(call, now, job->created) },
        { "from", pwr_call_shown(call, job->address) },
        { "browser", pwr_call_shown(call, job->agent) },
        { "language", pwr_call_shown(call, job->language) },
        { "tries", apr_itoa(call->pool, job->tries) },
        { "due", due_of(call, job, now) },
        { "given up", job->gave_up ? pwr_call_when(call, now, job->gave_up)
                                   : "-" },
        { "held by", job->lease_until > now
                     ? pwr_call_shown(call, job->owner) : "-" },
        { "for yet", lease_of(call, job, now) },
        { "error", pwr_call_shown(call, job->error) },
        { "remedy", job->error ? pwr_remedy_of_job(job) : "-" },
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        printf("%-8s  %s\n", lines[i].name, lines[i].value);
    }
}

int pwr_command_queue_show(pwr_call *call)
{
    pwr_job like;
    pwr_jobs jobs;
    apr_status_t done;
    int status = id_check(call, &like);

    if (status != EX_OK) {
        return status;
    }
    done = call->store->ops->job_find(call->store, call->pool, &like, &jobs);
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (jobs.n == 0) {
        return unknown(call);
    }
    job_print(call, jobs.row, jobs.now);
    return EX_OK;
}

static int order_tell(const pwr_call *call, pwr_job_order order,
                      const char *done)
{
    if (order == PWR_ORDER_NO_JOB) {
        return unknown(call);
    }
    if (order == PWR_ORDER_HELD) {
        return pwr_call_fail(EX_TEMPFAIL, "a worker is at this job: nothing "
                             "was done, try again when queue show says that "
                             "nobody holds it");
    }
    puts(done);
    return EX_OK;
}

typedef apr_status_t give_order(pwr_store *store, apr_pool_t *pool,
                                const char *id, pwr_job_order *order);

/* `done` is what the operator reads when it was. */
static int order_give(pwr_call *call, give_order *give, const char *done)
{
    pwr_job_order order;
    pwr_job like;
    apr_status_t given;
    int status = id_check(call, &like);

    if (status != EX_OK) {
        return status;
    }
    given = give(call->store, call->pool, like.id, &order);
    return given == APR_SUCCESS ? order_tell(call, order, done)
                                : pwr_call_store_status(given);
}

int pwr_command_queue_retry(pwr_call *call)
{
    return order_give(call, call->store->ops->job_again,
                      "due now; " PWR_NEXT_LOOK);
}

/* Another realm's may stand in the same table. */
static const char *realm_of(const pwr_call *call, const char *id)
{
    pwr_job like = { .created = 0 };
    pwr_jobs jobs = { 0 };

    apr_cpystrn(like.id, id, sizeof(like.id));
    call->store->ops->job_find(call->store, call->pool, &like, &jobs);
    return jobs.n > 0 ? jobs.row->realm : call->vhost->conf->realm;
}

int pwr_command_queue_drop(pwr_call *call)
{
    const char *id = call->args[0], *realm = realm_of(call, id);
    int status = order_give(call, call->store->ops->job_drop,
                            "dropped; it will never be done");

    if (status == EX_OK) {
        pwr_call_audit(call, &(pwr_event){ .kind = PWR_EVENT_OPERATOR_DROPPED,
                                           .realm = realm, .job = id });
    }
    return status;
}
