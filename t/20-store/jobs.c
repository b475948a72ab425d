/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs: nobody does one twice at once, none is lost. */
#include "bench.h"

#include <apr_strings.h>

#include "tap.h"

#define WORKERS 6
#define ROUNDS 50
#define KEY_EMOJI "\xF0\x9F\x94\x91"
#define HOSTILE "';DROP TABLE x;--\\ %s %% :id {now} \"`" KEY_EMOJI

static const pwr_job plain = {
    .kind = PWR_JOB_RECOVER, .realm = "r", .identifier = "a@example.org",
    .by = 3, .language = "ru", .address = "192.0.2.1", .agent = "Browser/1",
};

static int batch(pwr_store *store, apr_pool_t *pool, pwr_jobs *jobs)
{
    return store->ops->job_batch(store, pool, 50, NULL, jobs) == APR_SUCCESS;
}

static void test_roundtrip(bench *made, pwr_store *store, apr_pool_t *pool)
{
    pwr_job notice = { .kind = PWR_JOB_NOTICE, .realm = HOSTILE,
                       .user_id = HOSTILE, .login = HOSTILE,
                       .recipient = HOSTILE, .address = HOSTILE,
                       .agent = HOSTILE };
    pwr_jobs jobs;
    pwr_job *job;

    tap_ok(batch(store, pool, &jobs) && jobs.n == 0 && jobs.now > 1700000000,
           "no jobs, but the clock");
    tap_int(store->ops->job_add(store, pool, &plain), APR_SUCCESS, "add one");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1, "it is due");
    job = jobs.row;
    tap_ok(job->kind == PWR_JOB_RECOVER && job->by == 3 && job->tries == 0
           && strlen(job->id) == PWR_ID_HEX && !job->user_id && !job->error
           && job->created == job->due && job->created <= jobs.now,
           "its numbers");
    tap_str(job->identifier, plain.identifier, "its identifier");
    tap_str(job->agent, plain.agent, "its agent");
    bench_sql(made, "DELETE FROM {p}job");

    tap_int(store->ops->job_add(store, pool, &notice), APR_SUCCESS,
            "add one of hostile texts");
    batch(store, pool, &jobs);
    job = jobs.row;
    tap_ok(jobs.n == 1 && !strcmp(job->realm, HOSTILE)
           && !strcmp(job->user_id, HOSTILE) && !strcmp(job->login, HOSTILE)
           && !strcmp(job->recipient, HOSTILE)
           && !strcmp(job->address, HOSTILE) && !strcmp(job->agent, HOSTILE),
           "they come back as they were");
    bench_sql(made, "DELETE FROM {p}job");
}

/* What a client may send as User-Agent and type as an address. */
static void test_monsters(bench *made, pwr_store *store, apr_pool_t *pool)
{
    char *huge = apr_palloc(pool, 100001);
    pwr_job job = plain;
    pwr_jobs jobs;
    int mine;

    for (int i = 0; i < 100000; i += 4) {
        memcpy(huge + i, KEY_EMOJI, 5);
    }
    job.agent = job.identifier = job.address = job.language = huge;
    tap_int(store->ops->job_add(store, pool, &job), APR_SUCCESS,
            "values of 100 KB are cut, not refused");
    batch(store, pool, &jobs);
    tap_ok(jobs.n == 1 && strlen(jobs.row->agent) == 255 * 4
           && strlen(jobs.row->identifier) == 512 * 4
           && strlen(jobs.row->address) == 64 * 4, "at whole characters");
    store->ops->job_claim(store, pool, jobs.row, "A", 60, &mine);
    store->ops->job_retry(store, pool, jobs.row, "A", 0, huge);
    batch(store, pool, &jobs);
    tap_ok(jobs.n == 1 && strlen(jobs.row->error) == 1000 * 4,
           "so is what a mail program said");
    bench_sql(made, "DELETE FROM {p}job");

    job = plain;
    job.agent = "a\xFF\xC3(";
    tap_int(store->ops->job_add(store, pool, &job), APR_SUCCESS,
            "an agent that is no text is taken");
    batch(store, pool, &jobs);
    tap_str(jobs.n == 1 ? jobs.row->agent : NULL, "a\\xff\\xc3(", "escaped");
    bench_sql(made, "DELETE FROM {p}job");
}

static void test_same_id(bench *made, pwr_store *store, apr_pool_t *pool)
{
    pwr_job job = plain;

    memset(job.id, 'a', PWR_ID_HEX);
    store->ops->job_add(store, pool, &job);
    tap_int(store->ops->job_add(store, pool, &job), APR_SUCCESS,
            "adding what is there already succeeds");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 1,
            "and adds nothing");
    bench_sql(made, "DELETE FROM {p}job");
}

static void test_lease(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_store_ops *ops = store->ops;
    pwr_job late = plain;
    pwr_jobs jobs;
    pwr_job job;
    int mine;

    late.due = 3600;
    ops->job_add(store, pool, &late);
    tap_ok(batch(store, pool, &jobs) && jobs.n == 0, "due in an hour");
    bench_sql(made, "UPDATE {p}job SET due = due - 3600");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1, "an hour later");
    job = *jobs.row;
    tap_ok(ops->job_claim(store, pool, &job, "A", 60, &mine) == APR_SUCCESS
           && mine, "A claims it");
    tap_ok(ops->job_claim(store, pool, &job, "B", 60, &mine) == APR_SUCCESS
           && !mine, "B does not get it");
    tap_ok(ops->job_claim(store, pool, &job, "A", 60, &mine) == APR_SUCCESS
           && !mine, "nor does A a second time");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 0, "nobody is shown it");

    bench_sql(made, "UPDATE {p}job SET lease_until = lease_until - 59");
    tap_ok(ops->job_hold(store, pool, &job, "A", 60, &mine) == APR_SUCCESS
           && mine, "A holds on to it");
    bench_sql(made, "UPDATE {p}job SET lease_until = lease_until - 50");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 0, "from then on");
    tap_ok(ops->job_hold(store, pool, &job, "B", 60, &mine) == APR_SUCCESS
           && !mine, "B has nothing to hold on to");
    bench_sql(made, "UPDATE {p}job SET lease_until = lease_until - 10");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1, "its lease ran out");
    ops->job_claim(store, pool, &job, "B", 60, &mine);
    tap_ok(mine, "B gets it");
    ops->job_done(store, pool, &job, "A");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 1,
            "A is too late to be done");
    tap_ok(ops->job_hold(store, pool, &job, "A", 60, &mine) == APR_SUCCESS
           && !mine, "and to hold on to it");
    ops->job_retry(store, pool, &job, "A", 0, "A says");
    ops->job_retry(store, pool, &job, "A", -1, "A says");
    tap_str(bench_value(made, "SELECT owner FROM {p}job"), "B",
            "and to put it back or give it up");
    ops->job_retry(store, pool, &job, "B", 300, "what " HOSTILE);
    tap_ok(batch(store, pool, &jobs) && jobs.n == 0, "B puts it back");
    bench_sql(made, "UPDATE {p}job SET due = due - 300");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1 && jobs.row->tries == 2,
           "due again, after two tries");
    tap_str(jobs.n ? jobs.row->error : NULL, "what " HOSTILE, "with its error");
    ops->job_claim(store, pool, &job, "B", 60, &mine);
    ops->job_done(store, pool, &job, "B");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 0, "done");
}

static void test_give_up(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_store_ops *ops = store->ops;
    pwr_jobs jobs;
    int mine, purged;

    ops->job_add(store, pool, &plain);
    batch(store, pool, &jobs);
    ops->job_claim(store, pool, jobs.row, "A", 60, &mine);
    ops->job_retry(store, pool, jobs.row, "A", -1, "no such mailbox");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 0, "given up: never due");
    tap_str(bench_value(made, "SELECT error FROM {p}job WHERE gave_up > 0"),
            "no such mailbox", "but there for the admin");
    ops->purge(store, pool, 3600, &purged);
    tap_int(purged, 0, "for an hour");
    bench_sql(made, "UPDATE {p}job SET gave_up = gave_up - 3601");
    tap_ok(ops->purge(store, pool, 3600, &purged) == APR_SUCCESS
           && purged == 1, "and not longer");
}

/* Of a site that is no more: no server knows the realm. */
static void test_lost(bench *made, pwr_store *store, apr_pool_t *pool)
{
    static const struct { const char *set; int purged; } table[] = {
        { "due = 0", 0 },
        { "created = 0, due = due - 3599", 0 },
        { "created = 0, lease_until = due + 60, due = due - 3700", 0 },
        { "created = 0, lease_until = due - 60, due = due - 3700", 1 },
    };
    int purged;

    bench_log(made);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        store->ops->job_add(store, pool, &plain);
        bench_sql(made, "UPDATE {p}job SET %s", table[i].set);
        store->ops->purge(store, pool, 3600, &purged);
        tap_int(purged, table[i].purged, "%s", table[i].set);
        tap_int(strstr(bench_log(made), "PWR0227 1 mails") != NULL,
                table[i].purged, "which the admin is told");
        bench_sql(made, "DELETE FROM {p}job");
    }
}

static void test_forget(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_store_ops *ops = store->ops;
    pwr_jobs jobs;
    int forgotten, mine;

    ops->job_add(store, pool, &plain);
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1 && jobs.row->address,
           "a job says who asked");
    ops->forget(store, pool, jobs.row->realm, 3600, &forgotten);
    tap_int(forgotten, 0, "for an hour");
    bench_sql(made, "UPDATE {p}job SET created = created - 3601");
    ops->forget(store, pool, "other", 3600, &forgotten);
    tap_int(forgotten, 0, "where another realm forgets sooner");
    ops->forget(store, pool, jobs.row->realm, 3600, &forgotten);
    tap_int(forgotten, 1, "and not longer");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1 && !jobs.row->address
           && !jobs.row->agent, "but it is still to be done");
    ops->job_claim(store, pool, jobs.row, "A", 60, &mine);
    ops->job_done(store, pool, jobs.row, "A");
}

static void test_sweep(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_job *after = NULL;
    int seen = 0, sorted = 1;

    for (int i = 0; i < 23; i++) {
        pwr_job job = plain;

        job.realm = i % 2 ? "r" : "s";
        store->ops->job_add(store, pool, &job);
    }
    bench_sql(made, "UPDATE {p}job SET due = due - 10 WHERE realm = 's'");
    for (int i = 0; i < 10; i++) {
        pwr_jobs jobs;

        store->ops->job_batch(store, pool, 5, after, &jobs);
        for (int k = 0; k < jobs.n; k++) {
            pwr_job *job = &jobs.row[k];

            sorted &= !after || job->due > after->due
                || (job->due == after->due && strcmp(job->id, after->id) > 0);
            after = job;
            seen++;
        }
    }
    tap_ok(seen == 23 && sorted, "a sweep sees each once, oldest first (%d)",
           seen);
    bench_sql(made, "DELETE FROM {p}job");
}

/* The jobs of a listing, one page of two after the other: their identifiers. */
static const char *listed(pwr_store *store, apr_pool_t *pool)
{
    const pwr_job *after = NULL;
    const char *text = "";
    pwr_jobs jobs;

    do {
        if (store->ops->job_list(store, pool, 2, after, &jobs)) {
            return "failed";
        }
        for (int i = 0; i < jobs.n; i++) {
            after = &jobs.row[i];
            text = apr_pstrcat(pool, text, after->identifier, " ", NULL);
        }
    } while (jobs.n > 0);
    return text;
}

/* What operators see: waiting, held, given up, of any realm. */
static void test_list(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_store_ops *ops = store->ops;
    static const char *const names[] = { "late", "held", "over", "over2" };
    pwr_jobs jobs;
    int mine;

    tap_str(listed(store, pool), "", "no jobs, an empty list");
    for (int i = 0; i < 4; i++) {
        pwr_job job = plain;

        job.identifier = names[i];
        job.realm = i % 2 ? "s" : "r";
        ops->job_add(store, pool, &job);
    }
    batch(store, pool, &jobs);
    for (int i = 0; i < jobs.n; i++) {
        pwr_job *job = &jobs.row[i];

        if (strcmp(job->identifier, "late")) {
            ops->job_claim(store, pool, job, "A", 600, &mine);
        }
        if (!strncmp(job->identifier, "over", 4)) {
            ops->job_retry(store, pool, job, "A", -1, "no " HOSTILE);
        }
    }
    bench_sql(made, "UPDATE {p}job SET due = due + 99 WHERE identifier ="
              " 'late'");
    bench_sql(made, "UPDATE {p}job SET id = '0' WHERE identifier = 'over2'");
    tap_str(listed(store, pool), "held late over2 over ",
            "all, by due, those that were given up last");
    ops->job_list(store, pool, 9, NULL, &jobs);
    tap_ok(jobs.n == 4 && jobs.row[0].lease_until > jobs.now + 500
           && !strcmp(jobs.row[0].owner, "A") && jobs.row[0].gave_up == 0
           && jobs.row[0].tries == 1, "who holds one until when");
    tap_ok(jobs.n == 4 && jobs.row[3].gave_up > 0 && !jobs.row[3].owner
           && !strcmp(jobs.row[3].error, "no " HOSTILE),
           "when one was given up, and why");
    bench_sql(made, "DELETE FROM {p}job");
}

static void test_about(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_store_ops *ops = store->ops;
    pwr_job notice = { .kind = PWR_JOB_NOTICE, .realm = "r", .user_id = "7",
                       .recipient = "a@example.org" };
    pwr_job other = plain, like = { .realm = "r", .user_id = "7",
                                    .identifier = plain.identifier };
    pwr_jobs jobs;

    other.realm = "r ";
    ops->job_add(store, pool, &plain);
    ops->job_add(store, pool, &other);
    ops->job_add(store, pool, &notice);
    tap_ok(ops->job_about(store, pool, &like, &jobs) == APR_SUCCESS
           && jobs.n == 2 && jobs.now > 0, "what is about somebody");
    like.user_id = NULL;
    ops->job_about(store, pool, &like, &jobs);
    tap_ok(jobs.n == 1 && jobs.row->kind == PWR_JOB_RECOVER,
           "by what was typed alone, of this realm and no other");
    like = (pwr_job){ .realm = "r" };
    ops->job_about(store, pool, &like, &jobs);
    tap_int(jobs.n, 0, "by nothing: nothing");
    like.identifier = HOSTILE;
    tap_ok(ops->job_about(store, pool, &like, &jobs) == APR_SUCCESS
           && jobs.n == 0, "by a hostile text: nothing");
    tap_ok(ops->job_find(store, pool, &like, &jobs) == APR_SUCCESS
           && jobs.n == 0 && jobs.now > 0, "no id, no job, but the clock");
    bench_sql(made, "DELETE FROM {p}job WHERE realm <> 'r'"
              " OR kind = 'notice'");
    apr_cpystrn(like.id, bench_value(made, "SELECT id FROM {p}job"),
                sizeof(like.id));
    ops->job_find(store, pool, &like, &jobs);
    tap_str(jobs.n == 1 ? jobs.row->identifier : NULL, plain.identifier,
            "one by its id");
    bench_sql(made, "DELETE FROM {p}job");
}

static pwr_job_order again(pwr_store *store, apr_pool_t *pool, const char *id)
{
    pwr_job_order order;

    return store->ops->job_again(store, pool, id, &order) == APR_SUCCESS
        ? order : (pwr_job_order)-1;
}

static pwr_job_order drop(pwr_store *store, apr_pool_t *pool, const char *id)
{
    pwr_job_order order;

    return store->ops->job_drop(store, pool, id, &order) == APR_SUCCESS
        ? order : (pwr_job_order)-1;
}

static void test_orders(bench *made, pwr_store *store, apr_pool_t *pool)
{
    const pwr_store_ops *ops = store->ops;
    static const char *const wrong[] = {
        "", "x", HOSTILE, "00000000000000000000000000000000"
    };
    const char *id;
    pwr_jobs jobs;
    int mine;

    ops->job_add(store, pool, &plain);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        tap_ok(again(store, pool, wrong[i]) == PWR_ORDER_NO_JOB
               && drop(store, pool, wrong[i]) == PWR_ORDER_NO_JOB,
               "no such job: %s", wrong[i]);
    }
    batch(store, pool, &jobs);
    id = jobs.row->id;
    tap_int(again(store, pool, id), PWR_ORDER_DONE, "one that is due is due");
    ops->job_claim(store, pool, jobs.row, "A", 60, &mine);
    tap_int(again(store, pool, id), PWR_ORDER_HELD, "a held one is left alone");
    tap_int(drop(store, pool, id), PWR_ORDER_HELD, "and not taken away");
    tap_str(bench_value(made, "SELECT owner FROM {p}job"), "A", "A has it");
    ops->job_retry(store, pool, jobs.row, "A", 300, "busy");
    tap_int(again(store, pool, id), PWR_ORDER_DONE, "before its time");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1 && jobs.row->tries == 1,
           "it is due, and what was tried counts");
    ops->job_claim(store, pool, jobs.row, "A", 60, &mine);
    ops->job_retry(store, pool, jobs.row, "A", -1, "no such mailbox");
    tap_int(again(store, pool, id), PWR_ORDER_DONE, "one that was given up");
    tap_ok(batch(store, pool, &jobs) && jobs.n == 1
           && jobs.row->gave_up == 0
           && !strcmp(jobs.row->error, "no such mailbox"),
           "is due again, and its error stays");
    tap_int(drop(store, pool, id), PWR_ORDER_DONE, "dropped");
    tap_int(drop(store, pool, id), PWR_ORDER_NO_JOB, "once");
}

typedef struct claims {
    pwr_store *store;
    pwr_job job;
    int mine[WORKERS];
    apr_status_t status[WORKERS];
} claims;

static void claim(int index, void *baton)
{
    claims *all = baton;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    all->status[index] = all->store->ops->job_claim(
        all->store, pool, &all->job, apr_psprintf(pool, "w%d", index), 60,
        &all->mine[index]);
    apr_pool_destroy(pool);
}

static void test_race(bench *made, pwr_store *store, apr_pool_t *pool)
{
    int fair = 0;

    for (int round = 0; round < ROUNDS; round++) {
        claims all = { .store = store };
        int winners = 0, failures = 0;
        pwr_jobs jobs;

        store->ops->job_add(store, pool, &plain);
        batch(store, pool, &jobs);
        all.job = *jobs.row;
        bench_threads(made, WORKERS, claim, &all);
        for (int i = 0; i < WORKERS; i++) {
            winners += all.mine[i];
            failures += all.status[i] != APR_SUCCESS;
        }
        fair += winners == 1 && !failures;
        bench_sql(made, "DELETE FROM {p}job");
    }
    tap_int(fair, ROUNDS, "of %d claimers one wins, every time", WORKERS);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    pwr_store *store = bench_store(made, NULL);

    store->ops->schema_apply(store, pool);
    test_roundtrip(made, store, pool);
    test_monsters(made, store, pool);
    test_same_id(made, store, pool);
    test_lease(made, store, pool);
    test_give_up(made, store, pool);
    test_lost(made, store, pool);
    test_forget(made, store, pool);
    test_sweep(made, store, pool);
    test_list(made, store, pool);
    test_about(made, store, pool);
    test_orders(made, store, pool);
    test_race(made, store, pool);
    tap_str(bench_log(made), "", "nothing was logged");
    return tap_end();
}
