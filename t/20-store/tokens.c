/* SPDX-License-Identifier: Apache-2.0 */
/* Control strings: minted three jobs at a time, found in one of six states,
 * nothing on another site. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define WORKERS 6
#define ROUNDS 20

static pwr_mint mint(const scene *on, pwr_token *token)
{
    pwr_mint outcome;
    apr_status_t status = on->store->ops->token_mint(on->store, on->pool,
                                                     token, &outcome);

    return status == APR_SUCCESS ? outcome : (pwr_mint)-1;
}

static pwr_token_state state(const scene *on, const char *realm,
                             const char *digest, pwr_user *user)
{
    pwr_token token;
    apr_status_t status = on->store->ops->token_find(
        on->store, on->pool, realm, digest, &token, user);

    return status == APR_SUCCESS ? token.state : (pwr_token_state)-1;
}

static void test_find(const scene *on)
{
    pwr_token token = scene_token(on, "u1", 'a'), found;
    pwr_user user;

    tap_int(mint(on, &token), PWR_MINT_DONE, "mint one");
    on->store->ops->token_find(on->store, on->pool, "r", token.digest, &found,
                               &user);
    tap_ok(found.state == PWR_TOKEN_LIVE && !strcmp(found.digest, token.digest)
           && !strcmp(found.user_id, "u1") && !strcmp(found.login, "eve")
           && !strcmp(found.language, "ru") && !strcmp(found.job, token.job)
           && !strcmp(found.stamp, token.stamp) && found.spent_at == 0
           && found.expires == token.expires, "it is found as it was minted");
    tap_str(user.email, "eve@example.org", "and its user");
    tap_int(state(on, "R", token.digest, &user), PWR_TOKEN_UNKNOWN,
            "unknown in another realm");
    tap_int(state(on, "r ", token.digest, &user), PWR_TOKEN_UNKNOWN,
            "and in \"r \"");
    tap_int(state(on, "r", "' OR 1=1 -- ", &user), PWR_TOKEN_UNKNOWN,
            "what is no digest is unknown");
    tap_ok(!user.id, "and has no user");
    bench_sql(on->made, "UPDATE {p}user SET login = 'eva' WHERE id = 'u1'");
    tap_int(state(on, "r", token.digest, &user), PWR_TOKEN_LIVE,
            "a login that changed in between is fine");
}

static void test_states(const scene *on)
{
    static const struct {
        const char *set;        /* of the token */
        pwr_token_state state;
        int user;
    } table[] = {
        { "expires = expires - 3590", PWR_TOKEN_LIVE, 1 },
        { "expires = expires - 3600", PWR_TOKEN_GRACE, 1 },
        { "expires = expires - 4190", PWR_TOKEN_GRACE, 1 },
        { "expires = expires - 4200", PWR_TOKEN_EXPIRED, 0 },
        { "spent_at = 5, why = 'used'", PWR_TOKEN_SPENT, 1 },
        { "spent_at = 5, why = 'changed'", PWR_TOKEN_CANCELLED, 0 },
        { "spent_at = 5, why = NULL", PWR_TOKEN_CANCELLED, 0 },
        { "spent_at = 5, why = 'USED'", PWR_TOKEN_CANCELLED, 0 },
        { "stamp = ''", PWR_TOKEN_CANCELLED, 0 },
        { "user_id = 'u9'", PWR_TOKEN_CANCELLED, 0 },
        { "user_id = ''", PWR_TOKEN_CANCELLED, 0 },
        { "user_id = 'u9', spent_at = 5, why = 'used'",
          PWR_TOKEN_CANCELLED, 0 },
        { "purpose = 'notme'", PWR_TOKEN_UNKNOWN, 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_token token;
        pwr_user user;

        scene_reset(on);
        token = scene_token(on, "u1", 'a');
        mint(on, &token);
        bench_sql(on->made, "UPDATE {p}token SET %s", table[i].set);
        tap_int(state(on, "r", token.digest, &user), table[i].state,
                "%s: its state", table[i].set);
        tap_int(user.id != NULL, table[i].user, "%s: its user", table[i].set);
    }
}

static void test_foreign_change(const scene *on)
{
    static const char *const changes[] = {
        "password = 'other'", "password = NULL", "changed_at = 2",
        "email = 'new@example.org'", "email = NULL",
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        pwr_token token;
        pwr_user user;

        scene_reset(on);
        token = scene_token(on, "u1", 'a');
        mint(on, &token);
        bench_sql(on->made, "UPDATE {p}user SET %s", changes[i]);
        tap_int(state(on, "r", token.digest, &user), PWR_TOKEN_CANCELLED,
                "another program set %s", changes[i]);
    }
}

static void test_three(const scene *on)
{
    static const struct {
        char job;
        pwr_mint outcome;
    } table[] = {
        { 'a', PWR_MINT_DONE }, { 'b', PWR_MINT_DONE }, { 'c', PWR_MINT_DONE },
        { 'd', PWR_MINT_REFUSED },
        { 'a', PWR_MINT_DONE },     /* a retried job may mint again */
        { 'c', PWR_MINT_DONE },
        { 'e', PWR_MINT_REFUSED },
    };
    pwr_token token;

    scene_reset(on);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        token = scene_token(on, "u1", table[i].job);
        tap_int(mint(on, &token), table[i].outcome, "job %c", table[i].job);
    }
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"), 5,
            "those refused left nothing");
    token = scene_token(on, "u2", 'd');
    tap_int(mint(on, &token), PWR_MINT_DONE, "another user is not concerned");
    token = scene_token(on, "u1", 'd');
    token.realm = "s";
    tap_int(mint(on, &token), PWR_MINT_DONE, "nor is another realm");
    bench_sql(on->made, "UPDATE {p}token SET expires = expires - 3600"
              " WHERE job LIKE 'b%%'");
    token = scene_token(on, "u1", 'd');
    tap_int(mint(on, &token), PWR_MINT_DONE, "what expired leaves its place");
    bench_sql(on->made, "UPDATE {p}user SET password = 'i' WHERE id = 'u1'");
    token = scene_token(on, "u1", 'e');
    tap_int(mint(on, &token), PWR_MINT_DONE,
            "and so does what a change of the password ended");
}

static pwr_mint merge(const scene *on, const char *realm, char job,
                      int within_sec)
{
    pwr_token token = scene_token(on, "u1", job);

    token.realm = realm;
    token.merge_sec = within_sec;
    return mint(on, &token);
}

/* Equal requests of a moment are one: the second job mints nothing. */
static void test_merge(const scene *on)
{
    scene_reset(on);
    tap_int(merge(on, "r", 'a', 60), PWR_MINT_DONE, "no string yet");
    tap_int(merge(on, "r", 'b', 60), PWR_MINT_MERGED,
            "another job minted a moment ago");
    tap_int(merge(on, "r", 'a', 60), PWR_MINT_DONE,
            "the same job does not count");
    tap_int(merge(on, "s", 'b', 60), PWR_MINT_DONE, "nor another realm");
    bench_sql(on->made, "UPDATE {p}token SET created = created - 61");
    tap_int(merge(on, "r", 'b', 120), PWR_MINT_MERGED, "within the time");
    tap_int(merge(on, "r", 'b', 60), PWR_MINT_DONE, "nor what is old");
    bench_sql(on->made, "UPDATE {p}token SET spent_at = 5");
    tap_int(merge(on, "r", 'c', 120), PWR_MINT_DONE, "nor what is spent");
}

/* Once one of its strings was used or cancelled, a job that is tried again
 * mints no more. */
static void test_ended(const scene *on)
{
    pwr_token token;

    scene_reset(on);
    token = scene_token(on, "u1", 'a');
    mint(on, &token);
    bench_sql(on->made, "UPDATE {p}token SET spent_at = 5");
    token = scene_token(on, "u1", 'a');
    tap_int(mint(on, &token), PWR_MINT_ENDED, "the job's string has ended");
    token = scene_token(on, "u1", 'b');
    tap_int(mint(on, &token), PWR_MINT_DONE, "another job may");
    token = scene_token(on, "u2", 'a');
    tap_int(mint(on, &token), PWR_MINT_DONE, "and another user of this one");
}

/* A string for job `job` of a user whose mail goes to mailbox `box`. */
static pwr_token limited(const scene *on, const char *user_id, char job,
                         char box)
{
    pwr_token token = scene_token(on, user_id, job);

    token.rate = (pwr_rate){ 3, 3600, 3 };
    memset(token.mailbox, box, PWR_DIGEST_HEX);
    return token;
}

static pwr_mint mint_limited(const scene *on, const char *user_id, char job,
                             char box)
{
    pwr_token token = limited(on, user_id, job, box);

    return mint(on, &token);
}

/* However soon the strings end, three mails an hour are all. */
static void test_limit(const scene *on)
{
    static const struct {
        const char *name, *user_id;
        char job, box;
        pwr_mint outcome;
    } table[] = {
        { "one", "u1", 'a', '1', PWR_MINT_DONE },
        { "two", "u1", 'b', '1', PWR_MINT_DONE },
        { "two again", "u1", 'b', '1', PWR_MINT_DONE },
        { "three", "u1", 'c', '1', PWR_MINT_DONE },
        { "four", "u1", 'd', '1', PWR_MINT_LIMITED },
        { "one of the three again", "u1", 'a', '1', PWR_MINT_DONE },
        { "to another mailbox", "u1", 'd', '2', PWR_MINT_LIMITED },
        { "another account of the mailbox", "u2", 'd', '1',
          PWR_MINT_LIMITED },
        { "in the same mail as three", "u2", 'c', '1', PWR_MINT_DONE },
        { "another account elsewhere", "u2", 'd', '2', PWR_MINT_DONE },
    };
    pwr_token token;

    scene_reset(on);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(mint_limited(on, table[i].user_id, table[i].job,
                             table[i].box), table[i].outcome, "%s",
                table[i].name);
        bench_sql(on->made, "UPDATE {p}token SET expires = created");
    }
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"
                         " WHERE purpose = 'mailbox'"), 4,
            "a row for each mail");
    token = limited(on, "u1", 'd', '1');
    token.realm = "s";
    tap_int(mint(on, &token), PWR_MINT_DONE, "another realm");
    token = limited(on, "u1", 'e', '1');
    token.rate.count = 0;
    tap_int(mint(on, &token), PWR_MINT_DONE, "no limit");
    tap_int(mint_limited(on, "u1", 'f', '1'), PWR_MINT_LIMITED, "limited");
    bench_sql(on->made, "UPDATE {p}token SET created = created - 3601");
    tap_int(mint_limited(on, "u1", 'f', '1'), PWR_MINT_DONE, "an hour later");
}

static void test_double_click(const scene *on)
{
    const pwr_store_ops *ops = on->store->ops;
    pwr_token token;
    int may, sum = 0;

    scene_reset(on);
    token = scene_token(on, "u1", 'a');
    mint(on, &token);
    ops->token_double_click(on->store, on->pool, "r", token.digest, &may);
    tap_ok(!may, "a live string has no double click");
    bench_sql(on->made, "UPDATE {p}token SET why = 'used', spent_at ="
              " created - %d", PWR_DOUBLE_CLICK_SEC - 5);
    ops->token_double_click(on->store, on->pool, "s", token.digest, &may);
    tap_ok(!may, "nor has one of another realm");
    for (int i = 0; i < 10; i++) {
        ops->token_double_click(on->store, on->pool, "r", token.digest, &may);
        sum += may;
    }
    tap_int(sum, PWR_DOUBLE_CLICK_TRIES, "of ten clicks three are compared");
    bench_sql(on->made, "UPDATE {p}token SET clicks = 0, spent_at = created"
              " - %d", PWR_DOUBLE_CLICK_SEC + 1);
    ops->token_double_click(on->store, on->pool, "r", token.digest, &may);
    tap_ok(!may, "none after a minute");
    bench_sql(on->made, "UPDATE {p}token SET spent_at = created,"
              " why = 'changed'");
    ops->token_double_click(on->store, on->pool, "r", token.digest, &may);
    tap_ok(!may, "none on what was cancelled");
}

static void test_purge(const scene *on)
{
    pwr_token token;
    int purged;

    scene_reset(on);
    for (int i = 0; i < 3; i++) {
        token = scene_token(on, "u1", 'a');
        mint(on, &token);
    }
    bench_sql(on->made, "UPDATE {p}token SET expires = expires - 90001,"
              " spent_at = 5 WHERE digest = '%s'", token.digest);
    on->store->ops->purge(on->store, on->pool, 86400, &purged);
    tap_int(purged, 1, "a string dead for a day is purged, others stay");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"), 2,
            "that one");
}

typedef struct mints {
    const scene *on;
    pwr_token token[WORKERS];
    pwr_mint outcome[WORKERS];
    apr_status_t status[WORKERS];
} mints;

static void mint_one(int index, void *baton)
{
    mints *all = baton;
    pwr_store *store = all->on->store;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    all->status[index] = store->ops->token_mint(
        store, pool, &all->token[index], &all->outcome[index]);
    apr_pool_destroy(pool);
}

static void test_race(const scene *on)
{
    int fair = 0;

    for (int round = 0; round < ROUNDS; round++) {
        mints all = { .on = on };
        int done = 0, failed = 0;

        scene_reset(on);
        for (int i = 0; i < WORKERS; i++) {
            all.token[i] = scene_token(on, "u1", (char)('a' + i));
        }
        bench_threads(on->made, WORKERS, mint_one, &all);
        for (int i = 0; i < WORKERS; i++) {
            done += all.outcome[i] == PWR_MINT_DONE;
            failed += all.status[i] != APR_SUCCESS;
        }
        fair += done == PWR_TOKEN_JOBS_MAX && !failed
            && bench_number(on->made, "SELECT COUNT(*) FROM {p}token") == done;
    }
    tap_int(fair, ROUNDS, "of %d that mint at once three do", WORKERS);
}

/* Two accounts, one mailbox, and all at once. */
static void test_limit_race(const scene *on)
{
    int fair = 0;

    for (int round = 0; round < ROUNDS; round++) {
        mints all = { .on = on };
        int done = 0, limited_n = 0;

        scene_reset(on);
        for (int i = 0; i < WORKERS; i++) {
            all.token[i] = limited(on, i % 2 ? "u1" : "u2", (char)('a' + i),
                                   '1');
        }
        bench_threads(on->made, WORKERS, mint_one, &all);
        for (int i = 0; i < WORKERS; i++) {
            done += all.outcome[i] == PWR_MINT_DONE;
            limited_n += all.outcome[i] == PWR_MINT_LIMITED;
        }
        fair += done == 3 && limited_n == WORKERS - 3;
    }
    tap_int(fair, ROUNDS, "of %d mails to one mailbox at once three go",
            WORKERS);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    scene on = { .made = bench_open(pool, argc, argv), .pool = pool };

    on.store = bench_store(on.made, NULL);
    on.store->ops->schema_apply(on.store, pool);
    scene_reset(&on);
    test_find(&on);
    test_states(&on);
    test_foreign_change(&on);
    test_three(&on);
    test_merge(&on);
    test_ended(&on);
    test_limit(&on);
    test_double_click(&on);
    test_purge(&on);
    test_race(&on);
    test_limit_race(&on);
    tap_str(bench_log(on.made), "", "nothing was logged");
    return tap_end();
}
