/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions end by idleness, by age, by any change of the password, and are
 * nothing on another site. */
#include "bench.h"

#include <apr_strings.h>

#include "tap.h"

#define IDLE 600
#define LIFETIME 3600

typedef struct scene {
    bench *made;
    apr_pool_t *pool;
    pwr_store *store;
    pwr_user user;              /* as the store sees it */
} scene;

static int is_live(const scene *on, const char *realm, const char *digest)
{
    pwr_session_lookup lookup = { realm, digest, .idle_sec = IDLE };
    apr_status_t status = on->store->ops->session_find(on->store, on->pool,
                                                       &lookup);

    if (status != APR_SUCCESS) {
        return -1;
    }
    if (lookup.state != PWR_SESSION_LIVE) {
        return lookup.session.user_id || lookup.user.id ? -2 : 0;
    }
    return !strcmp(lookup.session.user_id, lookup.user.id) ? 1 : -3;
}

static pwr_session session_make(const scene *on)
{
    pwr_session session = { .realm = "r", .user_id = on->user.id,
                            .login = "eve", .address = "192.0.2.1",
                            .agent = "Browser" };
    pwr_users users = { 0 };

    on->store->ops->users_find(on->store, on->pool, PWR_USER_BY_ID,
                               on->user.id, &users);
    apr_cpystrn(session.stamp, users.row[0].stamp, sizeof(session.stamp));
    apr_cpystrn(session.digest, bench_digest(on->pool),
                sizeof(session.digest));
    on->store->ops->session_add(on->store, on->pool, &session, LIFETIME,
                                NULL);
    return session;
}

static void test_find(const scene *on)
{
    const pwr_store_ops *ops = on->store->ops;
    pwr_session made = session_make(on), *session;
    pwr_session_lookup lookup = { "r", made.digest, .idle_sec = IDLE };

    ops->session_find(on->store, on->pool, &lookup);
    session = &lookup.session;
    tap_ok(lookup.state == PWR_SESSION_LIVE
           && !strcmp(session->agent, "Browser")
           && !strcmp(session->login, "eve")
           && !strcmp(session->digest, made.digest)
           && session->expires == session->created + LIFETIME
           && session->seen == session->created, "a session as it was made");
    tap_str(lookup.user.email, "eve@example.org", "and its user");
    tap_int(ops->session_add(on->store, on->pool, &made, LIFETIME, NULL),
            APR_SUCCESS, "adding it again is the same");
    tap_int(is_live(on, "R", made.digest), 0, "nothing in another realm");
    tap_int(is_live(on, "r ", made.digest), 0, "nor in \"r \"");
    tap_int(is_live(on, "r", bench_digest(on->pool)), 0, "unknown");
    tap_int(is_live(on, "r", ""), 0, "empty");
    tap_int(is_live(on, "r", "' OR '1'='1"), 0, "no digest at all");
    ops->session_end(on->store, on->pool, "s", made.digest);
    tap_int(is_live(on, "r", made.digest), 1, "not ended by another realm");
    ops->session_end(on->store, on->pool, "r", made.digest);
    tap_int(is_live(on, "r", made.digest), 0, "ended");
}

static void test_time(const scene *on)
{
    pwr_session made = session_make(on);
    const char *digest = made.digest;
    int purged;

    bench_sql(on->made, "UPDATE {p}session SET seen = seen - %d", IDLE / 12);
    is_live(on, "r", digest);
    tap_int(bench_number(on->made, "SELECT created - seen FROM {p}session"),
            IDLE / 12, "seen lately: not written again");
    bench_sql(on->made, "UPDATE {p}session SET seen = seen - %d", IDLE / 6);
    tap_int(is_live(on, "r", digest), 1, "seen some time ago: live");
    tap_ok(bench_number(on->made, "SELECT seen - created FROM {p}session") >= 0,
           "and marked as seen now");
    bench_sql(on->made, "UPDATE {p}session SET seen = seen - %d", IDLE + 1);
    tap_int(is_live(on, "r", digest), 0, "idle too long");
    bench_sql(on->made, "UPDATE {p}session SET seen = seen + %d", IDLE + 1);
    tap_int(is_live(on, "r", digest), 1, "live again");
    bench_sql(on->made, "UPDATE {p}session SET expires = expires - %d",
              LIFETIME + 1);
    tap_int(is_live(on, "r", digest), 0, "too old, however busy");
    on->store->ops->purge(on->store, on->pool, 86400, &purged);
    tap_int(purged, 1, "purged at once");
    on->store->ops->purge(on->store, on->pool, 86400, &purged);
    tap_int(purged, 0, "nothing left to purge");
}

/* Who was where is forgotten, the session is not. */
static void test_forget(const scene *on)
{
    const pwr_store_ops *ops = on->store->ops;
    pwr_session made = session_make(on);
    int forgotten;

    ops->forget(on->store, on->pool, "r", 3600, &forgotten);
    tap_int(forgotten, 0, "nothing is forgotten at once");
    bench_sql(on->made, "UPDATE {p}session SET created = created - 3601");
    ops->forget(on->store, on->pool, "s", 3600, &forgotten);
    tap_int(forgotten, 0, "nor by another realm");
    ops->forget(on->store, on->pool, "r ", 3600, &forgotten);
    tap_int(forgotten, 0, "nor by \"r \"");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}session"
                         " WHERE address IS NULL OR agent IS NULL"), 0,
            "addresses are there");
    tap_ok(ops->forget(on->store, on->pool, "r", 3600, &forgotten)
           == APR_SUCCESS && forgotten == 1, "after an hour");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}session"
                         " WHERE address IS NULL AND agent IS NULL"), 1,
            "address and agent are gone");
    tap_int(is_live(on, "r", made.digest), 1, "and the session is live");
    ops->forget(on->store, on->pool, "r", 3600, &forgotten);
    tap_int(forgotten, 0, "nothing left");
    ops->session_end(on->store, on->pool, "r", made.digest);
}

static void test_stamp(const scene *on)
{
    static const char *const foreign[] = {
        "password = 'other'", "password = NULL", "password = ''",
        "changed_at = changed_at + 1",
    };

    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++) {
        pwr_session made = session_make(on);

        bench_sql(on->made, "UPDATE {p}user SET email = 'new@example.org'");
        tap_int(is_live(on, "r", made.digest), 1, "another address is no end");
        bench_sql(on->made, "UPDATE {p}user SET %s", foreign[i]);
        tap_int(is_live(on, "r", made.digest), 0,
                "another program set %s: ended", foreign[i]);
    }
}

/* What `digest` sees: the sessions' last digits, its own first. */
static const char *seen_by(const scene *on, const char *digest)
{
    pwr_sessions list = { "r", on->user.id, digest, IDLE, 0, NULL };
    apr_status_t status = on->store->ops->sessions_list(on->store, on->pool,
                                                        &list);
    const char *seen = status == APR_SUCCESS ? "" : "failed";

    for (int i = 0; i < list.n; i++) {
        seen = apr_pstrcat(on->pool, seen, list.row[i].digest, " ", NULL);
    }
    return seen;
}

static const char *words(const scene *on, const pwr_session *a,
                         const pwr_session *b)
{
    return apr_pstrcat(on->pool, a ? a->digest : "", a ? " " : "",
                       b ? b->digest : "", b ? " " : "", NULL);
}

static void test_list(const scene *on)
{
    /* Each ends one of three sessions, or makes it another's. */
    static const char *const sets[] = {
        "expires = expires - 3601", "seen = seen - 600", "stamp = ''",
        "realm = 'R'", "realm = 'r '", "user_id = 'u9'",
    };
    pwr_session mine, old, third;

    bench_sql(on->made, "DELETE FROM {p}session");
    mine = session_make(on);
    old = session_make(on);
    bench_sql(on->made, "UPDATE {p}session SET seen = seen - 60");
    third = session_make(on);
    tap_str(seen_by(on, mine.digest), apr_pstrcat(on->pool, mine.digest, " ",
            words(on, &third, &old), NULL), "the own one, then the latest");
    for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
        pwr_session other = session_make(on);

        bench_sql(on->made, "UPDATE {p}session SET %s WHERE digest = '%s'",
                  sets[i], other.digest);
        tap_str(seen_by(on, mine.digest), apr_pstrcat(on->pool, mine.digest,
                " ", words(on, &third, &old), NULL), "not with %s", sets[i]);
        tap_str(seen_by(on, other.digest), "", "nor does it see any");
    }
    bench_sql(on->made, "UPDATE {p}session SET user_id = '%s '"
              " WHERE digest = '%s'", on->user.id, old.digest);
    tap_str(seen_by(on, mine.digest), words(on, &mine, &third),
            "an id with a blank at its end is another");
    tap_str(seen_by(on, "' OR 1=1 -- "), "", "no digest at all");
    bench_sql(on->made, "UPDATE {p}user SET password = 'foreign'");
    tap_str(seen_by(on, mine.digest), "", "none after a foreign change");
}

static void test_many(const scene *on)
{
    pwr_session mine;
    pwr_sessions list = { "r", on->user.id, NULL, IDLE, 0, NULL };

    bench_sql(on->made, "DELETE FROM {p}session");
    mine = session_make(on);
    bench_sql(on->made, "UPDATE {p}session SET seen = seen - 60");
    for (int i = 0; i < PWR_SESSIONS_MAX + 1; i++) {
        session_make(on);
    }
    list.digest = mine.digest;
    on->store->ops->sessions_list(on->store, on->pool, &list);
    tap_int(list.n, PWR_SESSIONS_MAX, "a list has its end");
    tap_str(list.row[0].digest, mine.digest, "the own one is on it");
}

static void test_end_others(const scene *on)
{
    pwr_session mine, other, site;
    pwr_sessions list = { "r", on->user.id, NULL, IDLE, 0, NULL };

    bench_sql(on->made, "DELETE FROM {p}session");
    site = session_make(on);
    bench_sql(on->made, "UPDATE {p}session SET realm = 's'");
    other = session_make(on);
    bench_sql(on->made, "UPDATE {p}session SET user_id = 'u9'"
              " WHERE realm = 'r'");
    session_make(on);
    session_make(on);
    mine = session_make(on);
    list.digest = mine.digest;
    on->store->ops->sessions_end_others(on->store, on->pool, &list);
    tap_str(seen_by(on, mine.digest), words(on, &mine, NULL),
            "all others have ended");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}session WHERE"
                         " digest = '%s' OR digest = '%s'", other.digest,
                         site.digest), 2,
            "but not another user's, nor those of another site");
}

static void test_gone(const scene *on)
{
    pwr_session made = session_make(on);

    bench_sql(on->made, "UPDATE {p}user SET id = 'other'");
    tap_int(is_live(on, "r", made.digest), 0, "the account is gone");
}

/* Marking is no reason to fail: a reader's page must not need the writer. */
static void test_locked(const scene *on)
{
    pwr_session made = session_make(on);

    bench_sql(on->made, "UPDATE {p}session SET seen = seen - %d", IDLE / 2);
    bench_sql(on->made, bench_is_mysql(on->made) ? "BEGIN" : "BEGIN IMMEDIATE");
    bench_sql(on->made, "UPDATE {p}session SET agent = 'held'");
    tap_int(is_live(on, "r", made.digest), 1,
            "live while another holds the row");
    bench_sql(on->made, "ROLLBACK");
    tap_int(is_live(on, "r", made.digest), 1, "and afterwards");
}

/* A note of meta, one for each realm. */
static void test_proxy(bench *made, apr_pool_t *pool, pwr_store *store)
{
    int64_t age_sec = 7;

    store->ops->proxy_age(store, pool, "r", &age_sec);
    tap_int(age_sec, -1, "no proxy was seen");
    for (int i = 0; i < 2; i++) {
        tap_int(store->ops->proxy_seen(store, pool, "r"), APR_SUCCESS,
                "a proxy is seen");
        store->ops->proxy_age(store, pool, "r", &age_sec);
        tap_ok(age_sec >= 0 && age_sec < 60, "a moment ago");
        bench_sql(made, "UPDATE {p}meta SET value = value - 5000"
                  " WHERE name LIKE 'proxy-%%'");
        store->ops->proxy_age(store, pool, "r", &age_sec);
        tap_ok(age_sec >= 5000 && age_sec < 5060, "time passes");
    }
    store->ops->proxy_age(store, pool, "s", &age_sec);
    tap_int(age_sec, -1, "in another realm there was none");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}meta"
                         " WHERE name LIKE 'proxy-%%'"), 1, "one row");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    scene on = { .made = bench_open(pool, argc, argv), .pool = pool };
    pwr_user user = { .login = "eve", .email = "eve@example.org",
                      .password = "h" };
    pwr_users users = { 0 };
    int added;

    on.store = bench_store(on.made, NULL);
    on.store->ops->schema_apply(on.store, pool);
    on.store->ops->user_add(on.store, pool, &user, &added);
    on.store->ops->users_find(on.store, pool, PWR_USER_BY_LOGIN, "eve",
                              &users);
    on.user = users.row[0];
    test_find(&on);
    test_time(&on);
    test_forget(&on);
    test_stamp(&on);
    test_list(&on);
    test_many(&on);
    test_end_others(&on);
    test_proxy(on.made, pool, on.store);
    tap_str(bench_log(on.made), "", "nothing was logged");
    test_locked(&on);
    test_gone(&on);
    return tap_end();
}
