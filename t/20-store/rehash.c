/* SPDX-License-Identifier: Apache-2.0 */
/* The same password under a better hash: nothing else changes. */
#include "scene.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "tap.h"

#define LOGINS 4                /* at once, one of which hashes anew */
#define ROUNDS 20
#define LATE_USEC 200

static const char *password(const scene *on)
{
    return bench_value(on->made,
                       "SELECT password FROM {p}user WHERE id = 'u1'");
}

/* The account as its password was verified. */
static pwr_user verified(const scene *on)
{
    pwr_users users = { 0 };

    on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_ID, "u1",
                               &users);
    return users.n == 1 ? users.row[0] : (pwr_user){ 0 };
}

/* 1 done, 0 not, -1: the machine could not. */
static int rehash(const scene *on, const pwr_user *user, const char *stored)
{
    pwr_rehash call = { .realm = "r", .user = user, .stored = stored };
    apr_status_t status = on->store->ops->password_rehash(on->store, on->pool,
                                                          &call);

    return status == APR_SUCCESS ? call.is_done : -1;
}

static const char *known_browser(const scene *on, const pwr_user *user)
{
    pwr_device device = { .realm = "r", .user_id = "u1",
                          .stamp = user->stamp };

    apr_cpystrn(device.digest, bench_digest(on->pool), sizeof(device.digest));
    on->store->ops->device_add(on->store, on->pool, &device, NULL);
    return apr_pstrdup(on->pool, device.digest);
}

static int is_known(const scene *on, const char *digest)
{
    const pwr_user user = verified(on);
    const pwr_rate rate = { .count = 9, .period_sec = 60, .burst = 9 };
    pwr_device device = { .realm = "r", .user_id = "u1",
                          .stamp = user.stamp };
    int taken = 0;

    apr_cpystrn(device.digest, digest, sizeof(device.digest));
    on->store->ops->device_take(on->store, on->pool, &device, &rate, &taken);
    return taken;
}

static void test_done(const scene *on)
{
    const char *session, *elsewhere, *token, *browser;
    pwr_user user;

    scene_reset(on);
    user = verified(on);
    session = scene_sign_in(on, "r", "u1");
    elsewhere = scene_sign_in(on, "s", "u1");
    token = scene_mint(on, "u1", 'a');
    browser = known_browser(on, &user);
    tap_int(rehash(on, &user, "new"), 1, "hashed anew");
    tap_str(password(on), "new", "it is written");
    tap_int(bench_number(on->made, "SELECT changed_at FROM {p}user"
                         " WHERE id = 'u1'"), 1,
            "the password was not changed then");
    tap_ok(scene_is_signed_in(on, "r", session), "the session lives");
    tap_int(scene_token_state(on, token), PWR_TOKEN_LIVE, "the string, too");
    tap_ok(is_known(on, browser), "the browser is known still");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}job"), 0,
            "nobody is told");
    tap_ok(!scene_is_signed_in(on, "s", elsewhere),
           "another realm cannot know that it is the same password");
    tap_str(bench_value(on->made, "SELECT password FROM {p}user"
                        " WHERE id = 'u2'"), "old", "another user's is not");
    tap_int(rehash(on, &user, "newer"), 0, "once");
    tap_str(password(on), "new", "and no more");
}

/* Whoever has changed the password meanwhile wins. */
static void test_meanwhile(const scene *on)
{
    static const char *const changes[] = {
        "UPDATE {p}user SET password = 'other' WHERE id = 'u1'",
        "UPDATE {p}user SET password = 'OLD' WHERE id = 'u1'",
        "UPDATE {p}user SET changed_at = 2 WHERE id = 'u1'",
        "DELETE FROM {p}user WHERE id = 'u1'",
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        pwr_user user;

        scene_reset(on);
        user = verified(on);
        bench_sql(on->made, "%s", changes[i]);
        tap_int(rehash(on, &user, "new"), 0, "%s", changes[i]);
        tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}user"
                             " WHERE password = 'new'"), 0, "and stays");
    }
}

/* A session that was made to be added, if the row is as it was `verified`. */
static pwr_session session_of(const scene *on, const pwr_user *verified_as)
{
    pwr_session session = { .realm = "r", .user_id = "u1", .login = "eve" };

    apr_cpystrn(session.stamp, verified_as->stamp, sizeof(session.stamp));
    apr_cpystrn(session.digest, bench_digest(on->pool),
                sizeof(session.digest));
    return session;
}

/* -1: the machine could not. */
static int add(const scene *on, const pwr_session *session)
{
    int added = 7;
    apr_status_t status = on->store->ops->session_add(
        on->store, on->pool, session, 3600, &added);

    return status == APR_SUCCESS ? added : -1;
}

/* Whoever has verified the old hash is told that it is no more. */
static void test_late(const scene *on)
{
    static const char *const changes[] = {
        "UPDATE {p}user SET password = 'other' WHERE id = 'u1'",
        "UPDATE {p}user SET changed_at = 2 WHERE id = 'u1'",
        "DELETE FROM {p}user WHERE id = 'u1'",
    };
    pwr_user before, after;
    pwr_session early, late;

    scene_reset(on);
    before = verified(on);
    early = session_of(on, &before);
    late = session_of(on, &before);
    tap_int(add(on, &early), 1, "a session of before");
    tap_int(add(on, &early), 1, "adding it again is the same");
    rehash(on, &before, "new");
    after = verified(on);
    tap_int(add(on, &late), 0, "none of the hash of before");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}session"), 1,
            "is there");
    apr_cpystrn(late.stamp, after.stamp, sizeof(late.stamp));
    tap_int(add(on, &late), 1, "but of what is stored now");
    tap_ok(scene_is_signed_in(on, "r", early.digest)
           && scene_is_signed_in(on, "r", late.digest), "both live");
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        scene_reset(on);
        before = verified(on);
        late = session_of(on, &before);
        bench_sql(on->made, "%s", changes[i]);
        tap_int(add(on, &late), 0, "nor after %s", changes[i]);
    }
}

typedef struct logins {
    scene on;
    pwr_user before;
    pwr_session session[LOGINS];
    int added[LOGINS];
    int is_blind;               /* nobody asks what became of the row */
    int late_usec;              /* all but the first wait so long */
} logins;

/* Index 0 hashes the password anew, which all have verified. */
static void login(int index, void *baton)
{
    logins *all = baton;
    scene on = all->on;

    apr_pool_create(&on.pool, NULL);
    if (index > 0) {
        apr_sleep(all->late_usec);
    }
    if (index == 0) {
        rehash(&on, &all->before, "new");
    }
    else if (all->is_blind) {
        all->added[index] = on.store->ops->session_add(
            on.store, on.pool, &all->session[index], 3600, NULL)
            == APR_SUCCESS;
    }
    else {
        all->added[index] = add(&on, &all->session[index]);
    }
    apr_pool_destroy(on.pool);
}

/* How many sessions were said to be there and were dead. */
static int dead_in(logins *all)
{
    int dead = 0;

    for (int round = 0; round < ROUNDS; round++) {
        scene_reset(&all->on);
        all->before = verified(&all->on);
        for (int i = 1; i < LOGINS; i++) {
            all->session[i] = session_of(&all->on, &all->before);
        }
        all->late_usec = round * LATE_USEC;
        bench_threads(all->on.made, LOGINS, login, all);
        for (int i = 1; i < LOGINS; i++) {
            dead += all->added[i] < 0
                || (all->added[i] && !scene_is_signed_in(
                        &all->on, "r", all->session[i].digest));
        }
    }
    return dead;
}

static void test_at_once(const scene *on)
{
    logins all = { .on = *on };

    tap_int(dead_in(&all), 0, "of logins at once, each session that is added "
            "lives");
    all.is_blind = 1;
    tap_ok(dead_in(&all) > 0, "control: without asking, some do not");
}

/* ---- a visitor meanwhile ---- */

#define HASHES 100              /* one after the other */
#define VISITORS 3

typedef struct visits {
    scene on;
    const char *session;
    int begun, done;            /* hashes; atomic, as the rest */
    int n, sent_away;
} visits;

static int add_to(int *counter, int n)
{
    return __atomic_add_fetch(counter, n, __ATOMIC_ACQ_REL);
}

/* A login hashes anew once; here two may do so in the time of one look, and of
 * such a look nothing is said. */
static void look(visits *all, const scene *on)
{
    int done = add_to(&all->done, 0);
    int is_in = scene_is_signed_in(on, "r", all->session);
    int within = add_to(&all->begun, 0) - done;

    add_to(&all->n, within < 2);
    add_to(&all->sent_away, within < 2 && !is_in);
}

/* Index 0 hashes the password anew, time and again. */
static void visit(int index, void *baton)
{
    visits *all = baton;
    scene on = all->on;

    apr_pool_create(&on.pool, NULL);
    for (int i = 0; index == 0 && i < HASHES; i++) {
        pwr_user user = verified(&on);

        add_to(&all->begun, 1);
        rehash(&on, &user, apr_psprintf(on.pool, "new %d", i));
        add_to(&all->done, 1);
    }
    while (index > 0 && add_to(&all->done, 0) < HASHES) {
        look(all, &on);
    }
    apr_pool_destroy(on.pool);
}

static void test_visits(const scene *on)
{
    visits all = { .on = *on };

    scene_reset(on);
    all.session = scene_sign_in(on, "r", "u1");
    bench_threads(on->made, 1 + VISITORS, visit, &all);
    tap_ok(strcmp(password(on), "old") != 0 && all.n > 0,
           "a session is used while the password is hashed anew: %d times",
           all.n);
    tap_int(all.sent_away, 0, "and its visitor never sent away");
}

/* Even between the look at the row and the UPDATE: here the look is always at
 * what was there. */
static void test_between(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .id_query = "SELECT id, login, email, COALESCE(name, 'old') AS"
                    " password FROM {prefix}user WHERE id = :id",
        .password_update = "UPDATE {prefix}user SET password = :hash,"
                           " name = :hash WHERE id = :id",
    };
    scene on = { made, pool, bench_store(made, &conf) };
    pwr_user user;
    pwr_change change;

    scene_reset(&on);
    user = verified(&on);
    bench_sql(made, "UPDATE {p}user SET password = 'other' WHERE id = 'u1'");
    tap_int(rehash(&on, &user, "new"), 0, "the UPDATE itself compares");
    tap_str(password(&on), "other", "and leaves it");
    change = scene_change(&on, NULL, "new");
    tap_int(scene_change_do(&on, &change), PWR_CHANGE_DONE,
            "control: without comparing");
    tap_str(password(&on), "new", "it would be lost");
}

static void test_not_kept(bench *made, apr_pool_t *pool)
{
    scene on = { made, pool, bench_store(made, NULL) };
    const char *session;
    pwr_user user;

    scene_reset(&on);
    user = verified(&on);
    session = scene_sign_in(&on, "r", "u1");
    if (bench_is_mysql(made)) {
        bench_sql(made, "CREATE TRIGGER {p}cut BEFORE UPDATE ON {p}user FOR"
                  " EACH ROW SET NEW.password = LEFT(NEW.password, 5)");
    }
    else {
        bench_sql(made, "CREATE TRIGGER {p}cut AFTER UPDATE OF password ON"
                  " {p}user WHEN length(NEW.password) > 5 BEGIN UPDATE {p}user"
                  " SET password = substr(NEW.password, 1, 5)"
                  " WHERE id = NEW.id; END");
    }
    tap_int(rehash(&on, &user, "$2y$12$longer"), -1, "a hash that is cut");
    tap_str(password(&on), "old", "is undone");
    tap_ok(scene_is_signed_in(&on, "r", session), "and the session lives");
    tap_ok(strstr(bench_log(made), "PWR0223") != NULL, "the admin is told");
    bench_sql(made, "DROP TRIGGER {p}cut");
}

/* What PwResetRehash needs is known before; without it nothing is asked. */
static void test_impossible(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .password_update = "UPDATE {prefix}user SET password ="
                           " SUBSTR(:hash, 1, 99) WHERE id = :id",
    };
    scene on = { made, pool, bench_store(made, &conf) };
    pwr_user user;

    scene_reset(&on);
    user = verified(&on);
    tap_int(rehash(&on, &user, "new"), 0, "no such UPDATE");
    tap_str(password(&on), "old", "so it stays as it is");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    test_done(&on);
    test_meanwhile(&on);
    test_late(&on);
    test_at_once(&on);
    test_visits(&on);
    test_between(made, pool);
    test_impossible(made, pool);
    tap_str(bench_log(made), "", "nothing was logged");
    test_not_kept(made, pool);
    return tap_end();
}
