/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that break at every possible moment, on MariaDB only: a visitor
 * sees none of it, and nothing happens twice. */
#include "scene.h"

#include <apr_atomic.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <apr_time.h>

#include "tap.h"

#define POOL 12                 /* connections that are stale at once */
#define WRITERS 4
#define SEE_SEC 10

static pwr_store *through_proxy(bench *made)
{
    return bench_store_at(made, NULL, bench_extra(made, 1));
}

static void ping(int index, void *baton)
{
    const scene *on = baton;
    pwr_jobs jobs;
    apr_pool_t *pool;

    (void)index;
    apr_pool_create(&pool, NULL);
    on->store->ops->job_batch(on->store, pool, 1, NULL, &jobs);
    apr_pool_destroy(pool);
}

/* Enough threads at once that the lender has many idle connections. */
static void warm(const scene *on)
{
    for (int i = 0; i < 20; i++) {
        bench_threads(on->made, POOL, ping, (void *)on);
    }
}

static void test_stale(const scene *on, const char *how)
{
    pwr_change change;

    scene_reset(on);
    change = scene_change(on, scene_mint(on, "u1", 'a'), "new");
    warm(on);
    bench_log(on->made);
    bench_ask(how);
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE,
            "after %s of all connections a change is done", how);
    tap_str(bench_log(on->made), "", "and nothing is logged");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}job"), 1,
            "one notice");
}

/* The same for a work that is no transaction. */
static void test_stale_plain(const scene *on)
{
    pwr_users users = { 0 };

    scene_reset(on);
    warm(on);
    bench_ask("cut");
    tap_ok(on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_LOGIN,
                                      "eve", &users) == APR_SUCCESS
           && users.n == 1, "after cut a user is found");
    tap_str(bench_log(on->made), "", "and nothing is logged");
}

static void test_down(const scene *on)
{
    const char *token;
    pwr_change change;
    apr_time_t begun;

    scene_reset(on);
    token = scene_mint(on, "u1", 'a');
    change = scene_change(on, token, "new");
    bench_ask("stop");
    begun = apr_time_now();
    tap_int(on->store->ops->password_change(on->store, on->pool, &change),
            PWR_STORE_AWAY, "with the server stopped: away");
    tap_ok(apr_time_now() - begun < apr_time_from_sec(1), "told at once");
    bench_ask("start");
    bench_log(on->made);
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE,
            "when it is back: done");
}

/* It accepts connections and answers nothing. */
static void test_hanging(const scene *on)
{
    apr_time_t begun;
    pwr_users users = { 0 };

    bench_forget(on->made);
    bench_ask("pause");
    begun = apr_time_now();
    tap_int(on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_LOGIN,
                                       "eve", &users), PWR_STORE_AWAY,
            "a server that hangs: away");
    tap_ok(apr_time_now() - begun < apr_time_from_sec(4),
           "by the option file's connect-timeout");
    bench_ask("resume");
    tap_int(on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_LOGIN,
                                       "eve", &users), APR_SUCCESS,
            "when it goes on: found");
}

typedef struct cut_change {
    scene on;
    pwr_change change;
    apr_status_t status;
} cut_change;

static void change_or_cut(int index, void *baton)
{
    cut_change *all = baton;
    apr_time_t until = apr_time_now() + apr_time_from_sec(SEE_SEC);

    if (index == 0) {
        all->status = all->on.store->ops->password_change(
            all->on.store, all->on.pool, &all->change);
        return;
    }
    while (bench_number(all->on.made, "SELECT COUNT(*) FROM"
                        " information_schema.processlist"
                        " WHERE state = 'User sleep'") == 0
           && apr_time_now() < until) {
        apr_sleep(1000);
    }
    bench_ask("cut");
}

/* The first try sleeps in its transaction, and is killed there. */
static void test_middle(bench *made, apr_pool_t *pool)
{
    static const char *const after[] = {
        "UPDATE {prefix}user SET name = SLEEP(0.5) WHERE id = :id", NULL
    };
    const pwr_store_conf conf = { .after_change = after };
    apr_pool_t *own;
    cut_change all;

    apr_pool_create(&own, NULL);
    all.on = (scene){ made, own, bench_store(made, &conf) };
    scene_reset(&all.on);
    all.change = scene_change(&all.on, scene_mint(&all.on, "u1", 'a'), "new");
    bench_log(made);
    bench_threads(made, 2, change_or_cut, &all);
    tap_ok(all.status == APR_SUCCESS && all.change.outcome == PWR_CHANGE_DONE,
           "killed in the middle of a change: done all the same");
    all.on.pool = pool;
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 1, "once");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}token WHERE why ="
                         " 'used'"), 1, "one string spent");
    tap_str(bench_log(made), "", "nothing is logged");
}

/* COMMIT gets no answer: the proxy drops the connection either before the
 * server sees it or after the server has done it. */
static void test_commit(bench *made, apr_pool_t *pool, const char *when,
                        int signed_in)
{
    scene on = { made, pool, bench_store(made, NULL) };
    scene far = { made, pool, through_proxy(made) };
    const char *name = signed_in ? "/change" : "/reset";
    pwr_session fresh = { .realm = "r", .user_id = "u1" };
    pwr_change change;

    scene_reset(&on);
    change = scene_change(&on, signed_in ? NULL : scene_mint(&on, "u1", 'a'),
                          "new");
    apr_cpystrn(fresh.digest, bench_digest(pool), sizeof(fresh.digest));
    change.session = &fresh;
    change.session_lifetime_sec = 60;
    bench_ask(when);
    tap_int(scene_change_do(&far, &change), PWR_CHANGE_DONE,
            "%s, %s COMMIT: done", name, when);
    tap_str(change.user.password, "new", "with the user as it stands");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 1,
            "one notice");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}session"), 1,
            "one session");
    tap_ok(scene_is_signed_in(&on, "r", fresh.digest), "that lives");
    tap_str(bench_log(made), "", "nothing is logged");
}

static void change_or_thaw(int index, void *baton)
{
    cut_change *all = baton;
    apr_time_t until = apr_time_now() + apr_time_from_sec(SEE_SEC);

    if (index == 0) {
        all->status = all->on.store->ops->password_change(
            all->on.store, all->on.pool, &all->change);
        return;
    }
    while (bench_number(all->on.made, "SELECT COUNT(*) FROM"
                        " information_schema.processlist WHERE user = 'app'"
                        " AND state LIKE 'Waiting for%%'") < 2
           && apr_time_now() < until) {
        apr_sleep(1000);
    }
    bench_ask("pass");
}

/* The server is still at the COMMIT of the lost connection when the change is
 * tried again: the rows do not show it yet. */
static void test_commit_slow(bench *made, apr_pool_t *pool, int signed_in)
{
    scene on = { made, pool, bench_store(made, NULL) };
    const char *name = signed_in ? "/change" : "/reset";
    cut_change all;

    scene_reset(&on);
    all.change = scene_change(&on, signed_in ? NULL
                                             : scene_mint(&on, "u1", 'a'),
                              "new");
    apr_pool_create(&all.on.pool, NULL);
    all.on.made = made;
    all.on.store = through_proxy(made);
    bench_ask("drop-during");
    bench_threads(made, 2, change_or_thaw, &all);
    tap_ok(all.status == APR_SUCCESS && all.change.outcome == PWR_CHANGE_DONE,
           "%s, a slow COMMIT: done", name);
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 1,
            "one notice");
    tap_str(bench_log(made), "", "nothing is logged");
}

static void test_mint_commit(bench *made, apr_pool_t *pool, const char *when)
{
    scene on = { made, pool, bench_store(made, NULL) };
    pwr_store *far = through_proxy(made);
    pwr_token token;
    pwr_mint outcome;

    scene_reset(&on);
    token = scene_token(&on, "u1", 'a');
    bench_ask(when);
    tap_ok(far->ops->token_mint(far, pool, &token, &outcome) == APR_SUCCESS
           && outcome == PWR_MINT_DONE, "minting, %s COMMIT: done", when);
    tap_int(scene_token_state(&on, token.digest), PWR_TOKEN_LIVE,
            "and the string lives");
}

/* Nobody can be asked what became of it: away, and a second post is told. */
static void test_commit_unknown(bench *made, apr_pool_t *pool)
{
    scene on = { made, pool, bench_store(made, NULL) };
    scene far = { made, pool, through_proxy(made) };
    const char *token;
    pwr_change change;

    scene_reset(&on);
    token = scene_mint(&on, "u1", 'a');
    change = scene_change(&on, token, "new");
    bench_ask("drop-after-and-refuse");
    tap_int(far.store->ops->password_change(far.store, pool, &change),
            PWR_STORE_AWAY, "COMMIT done, and then no database: away");
    tap_ok(change.outcome == PWR_CHANGE_REFUSED && !change.user.id,
           "which claims nothing");
    bench_ask("pass");
    bench_log(made);
    tap_ok(scene_change_do(&far, &change) == PWR_CHANGE_REFUSED
           && change.token_state == PWR_TOKEN_SPENT,
           "the next post finds the string spent");
    tap_str(bench_value(made, "SELECT password FROM {p}user WHERE id = 'u1'"),
            "new", "and the password is the new one");
}

/* Another node of a Galera cluster was quicker, again and again: that is no
 * connection that broke, and nothing was done. */
static void test_commit_denied(bench *made, apr_pool_t *pool)
{
    scene on = { made, pool, bench_store(made, NULL) };
    scene far = { made, pool, through_proxy(made) };
    pwr_change change;
    const char *log;

    scene_reset(&on);
    change = scene_change(&on, scene_mint(&on, "u1", 'a'), "new");
    bench_log(made);
    bench_ask("deny");
    tap_int(far.store->ops->password_change(far.store, pool, &change),
            PWR_STORE_AWAY, "COMMIT is refused for three seconds: away");
    log = bench_log(made);
    if (!tap_ok(strstr(log, "PWR0200") && strstr(log, "COMMIT failed")
                && strstr(log, "1213"), "which is told as what it is")) {
        printf("#  %s", log);
    }
    bench_ask("pass");
    tap_int(scene_change_do(&far, &change), PWR_CHANGE_DONE,
            "when it is taken: done");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}job"), 1,
            "one notice");
    tap_str(bench_log(made), "", "nothing is logged");
}

typedef struct writers {
    scene on;
    int done[WRITERS], away[WRITERS], other[WRITERS];
    apr_uint32_t stop;
} writers;

static void write_on(int index, void *baton)
{
    writers *all = baton;
    pwr_store *store = all->on.store;
    pwr_job job = { .kind = PWR_JOB_RECOVER, .realm = "r" };
    apr_pool_t *pool;

    if (index == WRITERS) {
        bench_ask("restart");
        bench_ask("cut");
        bench_ask("restart");
        apr_atomic_set32(&all->stop, 1);
        return;
    }
    apr_pool_create(&pool, NULL);
    while (!apr_atomic_read32(&all->stop)) {
        apr_status_t status = store->ops->job_add(store, pool, &job);

        all->done[index] += status == APR_SUCCESS;
        all->away[index] += status == PWR_STORE_AWAY;
        all->other[index] += status != APR_SUCCESS && status != PWR_STORE_AWAY;
        apr_sleep(status == APR_SUCCESS ? 0 : 2000);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
}

/* What was said to be done is there, once. */
static void test_restarts(const scene *on)
{
    writers all = { .on = *on };
    long long rows, done = 0, away = 0, other = 0;

    scene_reset(on);
    bench_threads(on->made, WRITERS + 1, write_on, &all);
    for (int i = 0; i < WRITERS; i++) {
        done += all.done[i];
        away += all.away[i];
        other += all.other[i];
    }
    rows = bench_number(on->made, "SELECT COUNT(*) FROM {p}job");
    tap_ok(done > 0 && rows >= done && rows <= done + away,
           "two restarts under load: %lld done, %lld away, %lld rows", done,
           away, rows);
    tap_int(other, 0, "nothing is called broken that is only away");
    bench_log(on->made);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    test_stale(&on, "cut");
    test_stale(&on, "restart");
    test_stale_plain(&on);
    test_down(&on);
    test_hanging(&on);
    test_middle(made, pool);
    bench_log(made);
    for (int signed_in = 0; signed_in < 2; signed_in++) {
        test_commit(made, pool, "drop-before", signed_in);
        test_commit(made, pool, "drop-after", signed_in);
        test_commit_slow(made, pool, signed_in);
    }
    test_mint_commit(made, pool, "drop-before");
    test_mint_commit(made, pool, "drop-after");
    test_commit_unknown(made, pool);
    test_commit_denied(made, pool);
    test_restarts(&on);
    return tap_end();
}
