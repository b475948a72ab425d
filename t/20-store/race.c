/* SPDX-License-Identifier: Apache-2.0 */
/* Posted at once: exactly one wins, one password is written, one notice is
 * sent, whoever else was told otherwise. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define ROUNDS 50
#define SQLITE_ROUNDS 15        /* its driver waits 100 ms for the file */
#define MYSQL_THREADS 8
#define SQLITE_THREADS 4
#define THREADS_MAX 8

typedef struct posts {
    scene on;
    int n;
    pwr_change change[THREADS_MAX];
    apr_status_t status[THREADS_MAX];
    const char *minted;         /* by whoever mints meanwhile ... */
    const char *mail_stamp;     /* ... under this stamp */
} posts;

static void post(int index, void *baton)
{
    posts *all = baton;
    pwr_store *store = all->on.store;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    all->status[index] = store->ops->password_change(store, pool,
                                                     &all->change[index]);
    apr_pool_destroy(pool);
}

/* Index 0 mints for u1 while the others redeem. */
static void post_or_mint(int index, void *baton)
{
    posts *all = baton;
    pwr_store *store = all->on.store;
    pwr_token token = { .realm = "r", .user_id = "u1",
                        .job = "ffffffffffffffffffffffffffffffff",
                        .lifetime_sec = 3600 };
    pwr_mint outcome;
    apr_pool_t *pool;

    if (index > 0) {
        post(index, baton);
        return;
    }
    apr_pool_create(&pool, NULL);
    apr_cpystrn(token.digest, all->minted, sizeof(token.digest));
    apr_cpystrn(token.stamp, all->mail_stamp, sizeof(token.stamp));
    all->status[0] = store->ops->token_mint(store, pool, &token, &outcome);
    apr_pool_destroy(pool);
}

static const char *hash_of(const posts *all, int round, int index)
{
    return apr_psprintf(all->on.pool, "hash-%d-%d", round, index);
}

/* One winner, whose password stands; one notice; everybody got an answer. */
static int is_fair(const posts *all, int first)
{
    const char *stored = bench_value(
        all->on.made, "SELECT password FROM {p}user WHERE id = 'u1'");
    int winners = 0, right = 0;

    for (int i = first; i < all->n; i++) {
        if (all->status[i] != APR_SUCCESS) {
            return 0;
        }
        if (all->change[i].outcome == PWR_CHANGE_DONE) {
            winners++;
            right += !strcmp(stored, all->change[i].stored);
        }
    }
    return winners == 1 && right == 1
        && bench_number(all->on.made, "SELECT COUNT(*) FROM {p}job") == 1;
}

typedef enum contest { SAME_STRING, OWN_STRINGS, SIGNED_IN } contest;

static int round_run(posts *all, contest kind, int round)
{
    const char *shared = NULL;
    char job = 'a';

    scene_reset(&all->on);
    if (kind == SAME_STRING) {
        shared = scene_mint(&all->on, "u1", job);
    }
    for (int i = 0; i < all->n; i++) {
        const char *digest = kind == OWN_STRINGS
            ? scene_mint(&all->on, "u1", job) : shared;

        all->change[i] = scene_change(&all->on, digest,
                                      hash_of(all, round, i));
    }
    bench_threads(all->on.made, all->n, post, all);
    return is_fair(all, 0);
}

static void test_contest(posts *all, contest kind, int rounds,
                         const char *name)
{
    int fair = 0;

    for (int round = 0; round < rounds; round++) {
        fair += round_run(all, kind, round);
    }
    tap_int(fair, rounds, "%s: one of %d wins", name, all->n);
}

/* A string minted while the password changes must not survive the change. */
static void test_mint(posts *all, int rounds)
{
    int fair = 0, dead = 0;

    for (int round = 0; round < rounds; round++) {
        const char *digest;

        scene_reset(&all->on);
        digest = scene_mint(&all->on, "u1", 'a');
        all->minted = bench_digest(all->on.pool);
        all->mail_stamp = scene_mail_stamp(&all->on, "u1");
        for (int i = 0; i < all->n; i++) {
            all->change[i] = scene_change(&all->on, digest,
                                          hash_of(all, round, i));
        }
        bench_threads(all->on.made, all->n, post_or_mint, all);
        fair += is_fair(all, 1) && all->status[0] == APR_SUCCESS;
        dead += scene_token_state(&all->on, all->minted)
             == PWR_TOKEN_CANCELLED;
    }
    tap_int(fair, rounds, "minting meanwhile: one of %d wins", all->n - 1);
    tap_int(dead, rounds, "what was minted meanwhile is cancelled");
}

/* After-change statements lock rows in an order that we do not choose. */
static void test_foreign(posts *all, int rounds)
{
    static const char *const after[] = {
        "UPDATE {prefix}user SET name = :now WHERE id = 'u2'", NULL
    };
    const pwr_store_conf conf = { .after_change = after };
    posts other = *all;

    other.on.store = bench_store(all->on.made, &conf);
    test_contest(&other, OWN_STRINGS, rounds, "with a row of another user");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    posts all = { .on = { made, pool, bench_store(made, NULL) } };

    int rounds = bench_is_mysql(made) ? ROUNDS : SQLITE_ROUNDS;

    all.n = bench_is_mysql(made) ? MYSQL_THREADS : SQLITE_THREADS;
    all.on.store->ops->schema_apply(all.on.store, pool);
    test_contest(&all, SAME_STRING, ROUNDS, "one string");
    test_contest(&all, OWN_STRINGS, rounds, "a string each");
    test_contest(&all, SIGNED_IN, rounds, "no string");
    test_mint(&all, rounds);
    test_foreign(&all, rounds);
    tap_str(bench_log(made), "", "nothing was logged");
    return tap_end();
}
