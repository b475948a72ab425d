/* SPDX-License-Identifier: Apache-2.0 */
/* How many of everything there are, realm by realm. */
#include "bench.h"

#include <apr_strings.h>

#include "io/now.h"
#include "tap.h"

#define MANY 230                /* realms: more than one SELECT is read of */

static void put_job(bench *made, const char *realm, const char *rest)
{
    static int n;

    bench_sql(made, "INSERT INTO {p}job (id, kind, realm, identifier,"
              " identify_by, login, user_id, recipient, created, due,"
              " lease_until, gave_up, error) VALUES ('%032d', 'recover', '%s',"
              " 'ivan@example.org', 1, 'ivan', '4711', 'post@example.com',"
              " %s)", ++n, realm, rest);
}

static void put_session(bench *made, const char *realm, const char *rest)
{
    static int n;

    bench_sql(made, "INSERT INTO {p}session (realm, digest, user_id, stamp,"
              " created, seen, expires) VALUES ('%s', '%064d', '1', '%064d',"
              " %s)", realm, ++n, 0, rest);
}

static void fill(bench *made, long long now)
{
    char rest[200];

    snprintf(rest, sizeof(rest), "%lld, %lld, 0, 0, NULL", now - 50, now);
    put_job(made, "a", rest);
    put_job(made, "a", rest);
    snprintf(rest, sizeof(rest), "%lld, %lld, %lld, 0, NULL", now - 90,
             now, now + 60);
    put_job(made, "a", rest);
    snprintf(rest, sizeof(rest), "%lld, %lld, 0, 0, 'for Ivan: "
             "<x@y> and 4711 of post, sooner'", now - 10, now + 60);
    put_job(made, "a", rest);
    snprintf(rest, sizeof(rest), "%lld, %lld, 0, 0, 'for Ivan: "
             "<x@y> and 4711 of post; ivanov'", now - 10, now + 90);
    put_job(made, "a", rest);
    snprintf(rest, sizeof(rest), "1, 9223372036854775807, 0, %lld, 'old'",
             now - 400);
    put_job(made, "a", rest);
    put_job(made, "b", rest);

    snprintf(rest, sizeof(rest), "1, %lld, %lld", now - 20, now + 900);
    put_session(made, "a", rest);
    put_session(made, "a", rest);
    put_session(made, "b", rest);
    snprintf(rest, sizeof(rest), "1, %lld, %lld", now - 3000, now + 900);
    put_session(made, "a", rest);
    snprintf(rest, sizeof(rest), "1, %lld, %lld", now, now - 1);
    put_session(made, "a", rest);
}

static long long now_of(pwr_store *store, apr_pool_t *pool)
{
    pwr_jobs jobs;

    store->ops->job_batch(store, pool, 1, NULL, &jobs);
    return jobs.now;
}

static void test_counts(bench *made, pwr_store *store, apr_pool_t *pool)
{
    pwr_survey_row row[] = {
        { .realm = "a", .idle_sec = 1000 }, { .realm = "b", .idle_sec = 10 },
        { .realm = "c", .idle_sec = 1000 }
    };
    pwr_survey survey = { .row = row, .n = 3,
                          .until_ms = pwr_now_ms() + 9000 };

    fill(made, now_of(store, pool));
    tap_int(store->ops->survey(store, pool, &survey), APR_SUCCESS, "a survey");
    tap_ok(survey.is_whole, "of all");
    tap_int(row[0].waiting, 2, "waiting");
    tap_int(row[0].leased, 1, "leased");
    tap_int(row[0].failing, 2, "failing");
    tap_int(row[0].given_up, 1, "given up");
    tap_ok(row[0].oldest_sec >= 90 && row[0].oldest_sec < 100, "the oldest");
    tap_int(row[0].sessions, 2, "sessions, neither idle nor over");
    tap_str(row[0].error, "for [name]: <[address]> and [name] of [name]; "
            "ivanov", "the last error, without those it was for");
    tap_ok(row[1].waiting == 0 && row[1].given_up == 1
           && row[1].oldest_sec == 0 && row[1].sessions == 0,
           "another realm, idle sooner");
    tap_str(row[1].error, "old", "what was given up counts where nothing "
            "fails");
    tap_ok(row[2].waiting == 0 && row[2].leased == 0 && row[2].failing == 0
           && row[2].given_up == 0 && row[2].sessions == 0 && !row[2].error,
           "a realm that has nothing");
    bench_sql(made, "DELETE FROM {p}job");
    bench_sql(made, "DELETE FROM {p}session");
}

static void test_many(bench *made, pwr_store *store, apr_pool_t *pool)
{
    pwr_survey_row *row = apr_pcalloc(pool, sizeof(*row) * MANY);
    pwr_survey survey = { .row = row, .n = MANY,
                          .until_ms = pwr_now_ms() + 30000 };
    int seen = 0;

    for (int i = 0; i < MANY; i++) {
        row[i].realm = apr_psprintf(pool, "realm%d.example/x", i);
        put_job(made, row[i].realm, "1, 1, 0, 0, NULL");
    }
    tap_int(store->ops->survey(store, pool, &survey), APR_SUCCESS,
            "many realms");
    for (int i = 0; i < MANY; i++) {
        seen += row[i].waiting == 1;
    }
    tap_int(seen, MANY, "each has its job");
    bench_sql(made, "DELETE FROM {p}job");
}

static void test_late(bench *made, pwr_store *store, apr_pool_t *pool)
{
    pwr_survey_row row = { .realm = "a", .idle_sec = 1000, .sessions = 7 };
    pwr_survey survey = { .row = &row, .n = 1, .until_ms = pwr_now_ms() };

    tap_int(store->ops->survey(store, pool, &survey), APR_SUCCESS, "too late");
    tap_ok(!survey.is_whole && row.sessions == -1, "is not whole");
    bench_sql(made, "ALTER TABLE {p}session RENAME TO {p}gone");
    survey.until_ms = pwr_now_ms() + 9000;
    tap_int(store->ops->survey(store, pool, &survey), PWR_STORE_BROKEN,
            "a table is missing");
    tap_ok(row.waiting == -1 && row.sessions == -1, "then nobody knows");
    tap_ok(strstr(bench_log(made), "PWR0204") != NULL, "and it is told");
    bench_sql(made, "ALTER TABLE {p}gone RENAME TO {p}session");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    pwr_store *store = bench_store(made, NULL);

    store->ops->schema_apply(store, pool);
    test_counts(made, store, pool);
    test_many(made, store, pool);
    test_late(made, store, pool);
    return tap_end();
}
