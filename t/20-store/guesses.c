/* SPDX-License-Identifier: Apache-2.0 */
/* Attempts to sign in: as many slots as the rate has, each taken by one, and
 * browsers that an account knows have a queue of their own. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define MINUTE_MS 60000
#define THREADS 8
#define SQLITE_THREADS 4
#define EACH 10
#define ROUNDS 15

static const pwr_rate rate = { .count = 10, .period_sec = 600, .burst = 10 };

static pwr_guess guess_make(const char *realm, const char *name,
                            const char *network)
{
    pwr_guess made = { .realm = realm, .name = name, .network = network,
                       .rate = rate };

    return made;
}

/* -1 when the machine could not, else the lane. */
static int lane(const scene *on, pwr_guess *guess)
{
    apr_status_t status = on->store->ops->guess_take(on->store, on->pool,
                                                     guess);

    return status == APR_SUCCESS ? (int)guess->lane : -1;
}

static int passed(const scene *on, const char *realm, const char *name,
                  const char *network, int n)
{
    int count = 0;

    for (int i = 0; i < n; i++) {
        pwr_guess guess = guess_make(realm, name, network);

        count += lane(on, &guess) > PWR_GUESS_REFUSED;
    }
    return count;
}

static void forget(const scene *on)
{
    bench_sql(on->made, "DELETE FROM {p}guess");
    bench_sql(on->made, "DELETE FROM {p}device");
}

static void pass_time(const scene *on, int ms)
{
    bench_sql(on->made, "UPDATE {p}guess SET next_ms = next_ms - %d", ms);
    bench_sql(on->made, "UPDATE {p}device SET next_ms = next_ms - %d", ms);
}

static const char *rows_of(const scene *on)
{
    return bench_value(on->made, bench_is_mysql(on->made)
        ? "SELECT GROUP_CONCAT(digest, next_ms ORDER BY digest) FROM {p}guess"
        : "SELECT GROUP_CONCAT(digest || next_ms) FROM {p}guess");
}

static void test_slots(const scene *on)
{
    pwr_guess guess = guess_make("r", "eve", "192.0.2.1");
    const char *before;

    forget(on);
    tap_int(passed(on, "r", "eve", "192.0.2.1", 40), 10, "forty: the burst");
    before = rows_of(on);
    tap_int(lane(on, &guess), PWR_GUESS_REFUSED, "then none");
    tap_str(rows_of(on), before, "a refusal writes nothing");
    tap_int(passed(on, "r", "bob", "192.0.2.1", 40), 10, "another name");
    tap_int(passed(on, "R", "eve", "192.0.2.1", 40), 10, "another realm");
    tap_int(passed(on, "r ", "eve", "192.0.2.1", 40), 10, "\"r \" is another");
    tap_int(passed(on, "r", "eve", "192.0.2.1", 1), 0, "eve's are still taken");
    pass_time(on, MINUTE_MS - 4000);
    tap_ok(lane(on, &guess) == PWR_GUESS_COMMON && guess.wait_ms > 1000
           && guess.wait_ms <= 4000, "a minute later: one, in %d ms",
           (int)guess.wait_ms);
    tap_int(lane(on, &guess), PWR_GUESS_REFUSED, "and no second");
    tap_int(guess.wait_ms, 0, "who is refused waits for nothing");
}

static void test_newcomers(const scene *on)
{
    forget(on);
    passed(on, "r", "eve", "192.0.2.1", 40);
    tap_int(passed(on, "r", "eve", "192.0.2.2", 40), 3,
            "a newcomer gets in while the burst is used up");
    tap_int(passed(on, "r", "eve", "2001:db8::", 40), 3, "so does another");
    tap_int(passed(on, "r", "bob", "192.0.2.2", 40), 10,
            "its share is one of this name");
}

/* A right password is no guess. */
static void test_give_back(const scene *on)
{
    pwr_guess common = guess_make("r", "eve", "192.0.2.1");
    pwr_guess newcomer = guess_make("r", "eve", "192.0.2.2");
    const pwr_store_ops *ops = on->store->ops;
    int in = 0;

    forget(on);
    for (int i = 0; i < 40; i++) {
        in += lane(on, &common) == PWR_GUESS_COMMON;
        ops->guess_give_back(on->store, on->pool, &common);
    }
    tap_int(in, 40, "forty right passwords");
    tap_int(passed(on, "r", "eve", "192.0.2.1", 40), 10,
            "take nothing, and give nothing");
    common.lane = PWR_GUESS_REFUSED;
    ops->guess_give_back(on->store, on->pool, &common);
    tap_int(lane(on, &common), PWR_GUESS_REFUSED, "a refusal gives nothing");
    for (int i = in = 0; i < 40; i++) {
        in += lane(on, &newcomer) == PWR_GUESS_NEWCOMERS;
        ops->guess_give_back(on->store, on->pool, &newcomer);
    }
    tap_int(in, 40, "a newcomer's share comes back, too");
}

typedef struct racers {
    scene on;
    int is_spread;              /* each from a network of its own */
    int each;
    int passed[THREADS];
    int failed[THREADS];
} racers;

static void race(int index, void *baton)
{
    racers *all = baton;
    pwr_store *store = all->on.store;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    all->passed[index] = all->failed[index] = 0;
    for (int i = 0; i < all->each; i++) {
        pwr_guess guess = guess_make("r", "eve", all->is_spread
            ? apr_psprintf(pool, "192.0.2.%d", 10 + index) : "192.0.2.1");

        if (store->ops->guess_take(store, pool, &guess) != APR_SUCCESS) {
            all->failed[index]++;
        }
        all->passed[index] += guess.lane != PWR_GUESS_REFUSED;
    }
    apr_pool_destroy(pool);
}

static int race_run(racers *all, int is_spread, int each)
{
    int n = bench_is_mysql(all->on.made) ? THREADS : SQLITE_THREADS, sum = 0;

    all->is_spread = is_spread;
    all->each = each;
    bench_threads(all->on.made, n, race, all);
    for (int i = 0; i < n; i++) {
        sum += all->failed[i] ? 1000 : all->passed[i];
    }
    return sum;
}

static void test_race(const scene *on)
{
    racers all = { .on = *on };
    int burst = 0, one = 0, share = 0, spread = 0;
    int n = bench_is_mysql(on->made) ? THREADS : SQLITE_THREADS;

    for (int i = 0; i < ROUNDS; i++) {
        forget(on);
        burst += race_run(&all, 0, EACH);
        pass_time(on, MINUTE_MS);
        one += race_run(&all, 0, 1);
        passed(on, "r", "eve", "192.0.2.9", 1);
        bench_sql(on->made, "UPDATE {p}guess SET network = 'x'");
        share += race_run(&all, 0, EACH);
        spread += race_run(&all, 1, EACH);
    }
    tap_int(burst, ROUNDS * 10, "all at once: the burst");
    tap_int(one, ROUNDS, "all at once: one slot is one's");
    tap_int(share, ROUNDS * 3, "all at once from one network: its share");
    tap_int(spread, ROUNDS * n * 3, "and from several: each its own");
    tap_str(bench_log(on->made), "", "nothing was logged");
}

/* ---- browsers ---- */

static pwr_device device_make(const scene *on, const char *user_id)
{
    pwr_device made = { .realm = "r", .user_id = user_id,
                        .stamp = scene_stamp(on, user_id) };

    apr_cpystrn(made.digest, bench_digest(on->pool), sizeof(made.digest));
    return made;
}

static pwr_device device_add(const scene *on, const char *user_id,
                             const char *before)
{
    pwr_device made = device_make(on, user_id);

    on->store->ops->device_add(on->store, on->pool, &made, before);
    return made;
}

static int known(const scene *on, const pwr_device *device)
{
    int taken = 7;

    return on->store->ops->device_take(on->store, on->pool, device, &rate,
                                       &taken) == APR_SUCCESS ? taken : -1;
}

static void test_device(const scene *on)
{
    pwr_device device, other;
    int in = 0;

    forget(on);
    device = device_add(on, "u1", NULL);
    tap_int(known(on, &device), 1, "known");
    tap_int(on->store->ops->device_add(on->store, on->pool, &device, NULL),
            APR_SUCCESS, "adding it again is the same");
    other = device_make(on, "u1");
    tap_int(known(on, &other), 0, "another cookie");
    other = device;
    other.realm = "R";
    tap_int(known(on, &other), 0, "another realm");
    other = device;
    other.user_id = "u2";
    tap_int(known(on, &other), 0, "somebody else's");
    other.user_id = NULL;
    tap_int(known(on, &other), 0, "nobody's");
    other = device;
    other.stamp = scene_mail_stamp(on, "u1");
    tap_int(known(on, &other), 0, "before the password was changed");
    for (int i = 0; i < 40; i++) {
        in += known(on, &device);
    }
    tap_int(in, 9, "its queue has as many places as an account's");
    pass_time(on, MINUTE_MS);
    tap_int(known(on, &device), 1, "and a minute later another");
    other = device_add(on, "u1", NULL);
    tap_int(known(on, &other), 1, "another browser is not slowed");
    bench_sql(on->made, "UPDATE {p}device SET expires = expires - %d",
              PWR_DEVICE_LIFETIME_SEC + 1);
    tap_int(known(on, &other), 0, "unused for too long");
}

/* A browser with several accounts has one cookie. */
static void test_accounts(const scene *on)
{
    pwr_device eve, bob, planted;

    forget(on);
    eve = device_add(on, "u1", NULL);
    bob = device_add(on, "u2", eve.digest);
    tap_int(known(on, &bob), 1, "the second account is known");
    tap_int(known(on, &eve), 0, "the old cookie is nothing");
    apr_cpystrn(eve.digest, bob.digest, sizeof(eve.digest));
    tap_int(known(on, &eve), 1, "the first account goes with the new one");
    planted = bob;
    bob = device_add(on, "u2", bob.digest);
    tap_int(known(on, &bob), 1, "signed in again");
    apr_cpystrn(eve.digest, bob.digest, sizeof(eve.digest));
    tap_int(known(on, &eve), 1, "the first account still goes with it");
    planted.user_id = "u1";
    planted.stamp = eve.stamp;
    tap_int(known(on, &planted), 0, "a cookie that was planted is not");
}

static void test_trim(const scene *on)
{
    pwr_device first, last;

    forget(on);
    first = device_add(on, "u1", NULL);
    bench_sql(on->made, "UPDATE {p}device SET expires = expires - 5");
    for (int i = 1; i < PWR_DEVICES_MAX; i++) {
        device_add(on, "u1", NULL);
    }
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}device"),
            PWR_DEVICES_MAX, "as many as may be");
    last = device_add(on, "u1", NULL);
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}device"),
            PWR_DEVICES_MAX, "one more is not one more");
    tap_int(known(on, &first), 0, "the one unused for longest goes");
    tap_int(known(on, &last), 1, "the newest stays");
}

static void test_change(const scene *on)
{
    pwr_device thief, owner;
    pwr_change change;

    scene_reset(on);
    forget(on);
    thief = device_add(on, "u1", NULL);
    owner = device_make(on, "u1");
    change = scene_change(on, scene_mint(on, "u1", 'a'), "new");
    change.device = &owner;
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "a reset");
    owner.stamp = thief.stamp = change.user.stamp;
    tap_int(known(on, &owner), 1, "its browser is known");
    tap_int(known(on, &thief), 0, "no other is");
    bench_sql(on->made, "UPDATE {p}user SET password = 'x' WHERE id = 'u1'");
    owner.stamp = scene_stamp(on, "u1");
    tap_int(known(on, &owner), 0, "another program's change ends all");
}

static void test_purge(const scene *on)
{
    int purged;

    scene_reset(on);
    forget(on);
    passed(on, "r", "eve", "192.0.2.1", 40);
    passed(on, "r", "eve", "192.0.2.2", 1);
    device_add(on, "u1", NULL);
    on->store->ops->purge(on->store, on->pool, 86400, &purged);
    tap_int(purged, 0, "nothing has ended");
    pass_time(on, 30 * MINUTE_MS);
    on->store->ops->purge(on->store, on->pool, 86400, &purged);
    tap_int(purged, 2, "queues that everybody has left");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}guess"), 1,
            "a newcomer's share stays");
    bench_sql(on->made, "UPDATE {p}device SET expires = expires - %d",
              PWR_DEVICE_LIFETIME_SEC + 1);
    on->store->ops->purge(on->store, on->pool, 86400, &purged);
    tap_int(purged, 1, "browsers unused for too long");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    scene_reset(&on);
    test_slots(&on);
    test_newcomers(&on);
    test_give_back(&on);
    test_race(&on);
    test_device(&on);
    test_accounts(&on);
    test_trim(&on);
    test_change(&on);
    test_purge(&on);
    tap_str(bench_log(made), "", "nothing was logged");
    return tap_end();
}
