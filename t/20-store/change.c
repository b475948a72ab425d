/* SPDX-License-Identifier: Apache-2.0 */
/* A change of password does everything that belongs to it, or nothing. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define KEY_EMOJI "\xF0\x9F\x94\x91"

static const char *password(const scene *on)
{
    return bench_value(on->made,
                       "SELECT password FROM {p}user WHERE id = 'u1'");
}

static long long jobs(const scene *on)
{
    return bench_number(on->made, "SELECT COUNT(*) FROM {p}job");
}

/* Nothing at all was done. */
static void is_untouched(const scene *on, const char *token,
                         const char *session, const char *name)
{
    tap_ok(!strcmp(password(on), "old") && jobs(on) == 0
           && scene_token_state(on, token) == PWR_TOKEN_LIVE
           && scene_is_signed_in(on, "r", session), "%s: all as before", name);
}

static void test_redeem(const scene *on)
{
    const char *first, *sibling, *bobs, *session, *bob;
    pwr_session fresh = { .realm = "r", .user_id = "u1", .login = "eve" };
    pwr_change change;

    scene_reset(on);
    first = scene_mint(on, "u1", 'a');
    sibling = scene_mint(on, "u1", 'b');
    bobs = scene_mint(on, "u2", 'c');
    session = scene_sign_in(on, "r", "u1");
    bob = scene_sign_in(on, "r", "u2");
    change = scene_change(on, first, "new");
    apr_cpystrn(fresh.digest, bench_digest(on->pool), sizeof(fresh.digest));
    change.session = &fresh;
    change.session_lifetime_sec = 3600;

    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "redeem a string");
    tap_str(password(on), "new", "the password is written");
    tap_str(change.user.password, "new", "and given back");
    tap_int(scene_token_state(on, first), PWR_TOKEN_SPENT, "the string spent");
    tap_int(scene_token_state(on, sibling), PWR_TOKEN_CANCELLED,
            "its sibling cancelled");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"
                         " WHERE why = 'changed' AND spent_at > 0"), 1,
            "not by its stamp alone");
    tap_int(scene_token_state(on, bobs), PWR_TOKEN_LIVE, "another user's not");
    tap_ok(!scene_is_signed_in(on, "r", session), "the old session ended");
    tap_ok(scene_is_signed_in(on, "r", fresh.digest), "the new one lives");
    tap_ok(scene_is_signed_in(on, "r", bob), "another user's too");
    tap_int(jobs(on), 1, "one notice");
    tap_str(bench_value(on->made, "SELECT recipient FROM {p}job"),
            "eve@example.org", "to the user");
    tap_str(bench_value(on->made, "SELECT language FROM {p}job"), "en",
            "in the language that the caller chose");
    tap_str(bench_value(on->made, "SELECT agent FROM {p}job"), "Browser/2",
            "saying who it was");

    change = scene_change(on, first, "newer");
    tap_ok(scene_change_do(on, &change) == PWR_CHANGE_REFUSED
           && change.token_state == PWR_TOKEN_SPENT && !change.user.id,
           "the string does not work twice");
    change = scene_change(on, sibling, "newer");
    tap_ok(scene_change_do(on, &change) == PWR_CHANGE_REFUSED
           && change.token_state == PWR_TOKEN_CANCELLED, "nor its sibling");
    tap_str(password(on), "new", "the password stands");
}

/* With /change there is no string; the stamp is what the caller verified. */
static void test_signed_in(const scene *on)
{
    const char *token, *session;
    pwr_change first, second;

    scene_reset(on);
    token = scene_mint(on, "u1", 'a');
    session = scene_sign_in(on, "r", "u1");
    first = scene_change(on, NULL, "new");
    second = first;
    second.stored = "newer";
    tap_int(scene_change_do(on, &first), PWR_CHANGE_DONE, "/change");
    tap_int(scene_change_do(on, &second), PWR_CHANGE_STALE,
            "a second one that verified the old row is stale");
    tap_str(password(on), "new", "and writes nothing");
    tap_int(scene_token_state(on, token), PWR_TOKEN_CANCELLED,
            "strings are cancelled");
    tap_ok(!scene_is_signed_in(on, "r", session), "sessions end");
    tap_int(jobs(on), 1, "one notice");
}

/* Once for each change that was made, whatever its notices. */
static void test_hook(const scene *on)
{
    static const pwr_job hook = { .kind = PWR_JOB_HOOK, .by = 2,
                                  .language = "en", .address = "192.0.2.7" };
    pwr_change change;

    scene_reset(on);
    change = scene_change(on, NULL, "new");
    change.hook = &hook;
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "with a hook");
    tap_int(jobs(on), 2, "a notice and a hook");
    tap_str(bench_value(on->made, "SELECT login FROM {p}job"
                        " WHERE kind = 'hook' AND user_id = 'u1'"
                        " AND identify_by = 2 AND recipient IS NULL"), "eve",
            "of the user");
    change.stored = "newer";
    tap_int(scene_change_do(on, &change), PWR_CHANGE_STALE,
            "a change that is refused");
    tap_int(jobs(on), 2, "has none");
    change = scene_change(on, NULL, "newer");
    change.hook = &hook;
    change.is_rehearsal = 1;
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "a rehearsal");
    tap_int(jobs(on), 2, "leaves none");
}

static void test_refused(const scene *on)
{
    static const struct {
        const char *sql;
        const char *realm;
        const char *user_id;
        pwr_change_outcome outcome;
        pwr_token_state state;
    } table[] = {
        { "UPDATE {p}token SET expires = expires - 4199", "r", "u1",
          PWR_CHANGE_DONE, PWR_TOKEN_GRACE },
        { "UPDATE {p}token SET expires = expires - 4201", "r", "u1",
          PWR_CHANGE_REFUSED, PWR_TOKEN_EXPIRED },
        { "DELETE FROM {p}token", "r", "u1", PWR_CHANGE_REFUSED,
          PWR_TOKEN_UNKNOWN },
        { "DELETE FROM {p}job", "s", "u1", PWR_CHANGE_REFUSED,
          PWR_TOKEN_UNKNOWN },
        { "DELETE FROM {p}job", "r", "u2", PWR_CHANGE_REFUSED,
          PWR_TOKEN_UNKNOWN },
        { "DELETE FROM {p}user WHERE id = 'u1'", "r", "u1",
          PWR_CHANGE_NO_USER, PWR_TOKEN_CANCELLED },
        { "UPDATE {p}user SET password = 'other'", "r", "u1",
          PWR_CHANGE_REFUSED, PWR_TOKEN_CANCELLED },
        { "UPDATE {p}user SET email = 'new@example.org'", "r", "u1",
          PWR_CHANGE_REFUSED, PWR_TOKEN_CANCELLED },
        { "UPDATE {p}token SET stamp = ''", "r", "u1", PWR_CHANGE_REFUSED,
          PWR_TOKEN_CANCELLED },
        { "UPDATE {p}token SET purpose = 'notme'", "r", "u1",
          PWR_CHANGE_REFUSED, PWR_TOKEN_UNKNOWN },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_change change;

        scene_reset(on);
        change = scene_change(on, scene_mint(on, "u1", 'a'), "new");
        change.realm = table[i].realm;
        change.user_id = table[i].user_id;
        bench_sql(on->made, "%s", table[i].sql);
        tap_int(scene_change_do(on, &change), table[i].outcome,
                "%s (%s, %s)", table[i].sql, table[i].realm,
                table[i].user_id);
        tap_int(change.token_state, table[i].state, "and why");
        if (table[i].outcome != PWR_CHANGE_DONE) {
            tap_int(jobs(on) + bench_number(on->made,
                        "SELECT COUNT(*) FROM {p}user WHERE password = 'new'"),
                    0, "nothing was done");
        }
    }
}

/* The caller's stamp guards even where the string's own would pass. */
static void test_stamp(const scene *on)
{
    static const char *const stamps[] = { "", NULL, "0" };

    for (size_t i = 0; i < sizeof(stamps) / sizeof(*stamps); i++) {
        const char *token;
        pwr_change change;

        scene_reset(on);
        token = scene_mint(on, "u1", 'a');
        change = scene_change(on, token, "new");
        change.stamp = stamps[i];
        tap_int(scene_change_do(on, &change), PWR_CHANGE_STALE,
                "stamp %s is stale", stamps[i] ? stamps[i] : "NULL");
        is_untouched(on, token, scene_sign_in(on, "r", "u1"), "stale");
    }
}

static void test_addresses(bench *made, apr_pool_t *pool)
{
    static const struct { const char *email, *recovery; int notices; } table[]
        = {
        { "'eve@example.org'", "'eve@second.org'", 2 },
        { "'eve@example.org'", "'EVE@Example.ORG'", 1 },
        { "'eve@xn--bcher-kva.org'", "'Eve@b\xC3\xBC" "cher.org'", 1 },
        { "'eve@example.org'", "NULL", 1 },
        { "'eve@example.org'", "''", 1 },
        { "NULL", "'eve@second.org'", 1 },
        { "NULL", "NULL", 0 },
    };
    const pwr_store_conf conf = {
        .id_query = "SELECT id, login, email, password, name AS recovery_email"
                    " FROM {prefix}user WHERE id = :id",
    };
    scene on = { made, pool, bench_store(made, &conf) };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_change change;

        scene_reset(&on);
        bench_sql(made, "UPDATE {p}user SET email = %s, name = %s"
                  " WHERE id = 'u1'", table[i].email, table[i].recovery);
        change = scene_change(&on, NULL, "new");
        tap_int(scene_change_do(&on, &change), PWR_CHANGE_DONE, "change");
        tap_int(jobs(&on), table[i].notices, "notices to %s and %s",
                table[i].email, table[i].recovery);
    }
}

/* The notice goes where the owner was before, whatever comes after. */
static void test_moved(bench *made, apr_pool_t *pool)
{
    static const char *const after[] = {
        "UPDATE {prefix}user SET email = 'moved@example.org' WHERE id = :id",
        NULL
    };
    const pwr_store_conf conf = { .after_change = after };
    scene on = { made, pool, bench_store(made, &conf) };
    pwr_change change;

    scene_reset(&on);
    change = scene_change(&on, NULL, "new");
    tap_int(scene_change_do(&on, &change), PWR_CHANGE_DONE, "change");
    tap_str(change.user.email, "moved@example.org", "and move");
    tap_str(bench_value(made, "SELECT recipient FROM {p}job"),
            "eve@example.org", "the old address is told");
}

static void test_after(bench *made, apr_pool_t *pool)
{
    static const char *const after[] = {
        "UPDATE {prefix}user SET changed_at = 777, name = 'after :x %'"
            " WHERE id = :id",
        "INSERT INTO {prefix}trail (who, login, email, hash, at)"
            " VALUES (:id, :login, :email, :hash, :now)",
        "DELETE FROM {prefix}trail WHERE who = 'old'",
        NULL
    };
    const pwr_store_conf conf = { .after_change = after };
    scene on = { made, pool, bench_store(made, &conf) };
    pwr_session fresh = { .realm = "r", .user_id = "u1" };
    pwr_change change;

    bench_sql(made, "DROP TABLE IF EXISTS {p}trail");
    bench_sql(made, "CREATE TABLE {p}trail (who VARCHAR(9), login VARCHAR(9),"
              " email VARCHAR(99), hash VARCHAR(99), at BIGINT)");
    bench_sql(made, "INSERT INTO {p}trail (who) VALUES ('old')");
    scene_reset(&on);
    change = scene_change(&on, NULL, "new");
    apr_cpystrn(fresh.digest, bench_digest(pool), sizeof(fresh.digest));
    change.session = &fresh;
    change.session_lifetime_sec = 60;
    tap_int(scene_change_do(&on, &change), PWR_CHANGE_DONE, "change");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}trail WHERE who = 'u1'"
                         " AND login = 'eve' AND email = 'eve@example.org'"
                         " AND hash = 'new' AND at > 1700000000"), 1,
            "after-change statements have all values");
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}trail"), 1,
            "and are all run");
    tap_str(change.user.name, "after :x %", "the user is as they left it");
    tap_ok(scene_is_signed_in(&on, "r", fresh.digest),
           "the session is of the row after them");

    bench_sql(made, "DROP TABLE {p}trail");
    scene_reset(&on);
    change = scene_change(&on, NULL, "new");
    tap_int(scene_change_do(&on, &change), -1, "one of them fails");
    tap_str(password(&on), "old", "so nothing is done");
    tap_int(jobs(&on), 0, "and nobody is told");
    tap_ok(strstr(bench_log(made), "PWR0204 password_change:"
                  " PwResetAfterChange failed") != NULL, "the admin is");
}

static void test_hostile(const scene *on)
{
    static const char hash[] = "$2y$12$'\\\"%s%%:id{now};--" KEY_EMOJI;
    pwr_change change;

    scene_reset(on);
    change = scene_change(on, scene_mint(on, "u1", 'a'), hash);
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "a hostile hash");
    tap_str(password(on), hash, "is written as it is");
}

static void test_twins(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .password_update = "UPDATE {prefix}user SET password = :hash"
                           " WHERE id = :id OR login = 'bob'",
    };
    const pwr_store_conf never = {
        .password_update = "UPDATE {prefix}user SET password = :hash"
                           " WHERE id = :id AND login = 'nobody'",
    };
    scene on = { made, pool, bench_store(made, &conf) };
    const char *token;
    pwr_change change;

    scene_reset(&on);
    token = scene_mint(&on, "u1", 'a');
    change = scene_change(&on, token, "new");
    tap_int(scene_change_do(&on, &change), -1, "two rows would change");
    is_untouched(&on, token, scene_sign_in(&on, "r", "u1"), "two rows");
    tap_ok(strstr(bench_log(made), "PWR0222") != NULL, "the admin is told");

    on.store = bench_store(made, &never);
    change = scene_change(&on, token, "new");
    tap_int(scene_change_do(&on, &change), PWR_CHANGE_NO_USER,
            "no row would change");
    is_untouched(&on, token, scene_sign_in(&on, "r", "u1"), "no row");
}

/* The column is too narrow and the server cuts; or a trigger meddles. */
static void test_not_kept(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .password_update = "UPDATE {prefix}user SET password ="
                           " SUBSTR(:hash, 1, 5) WHERE id = :id",
    };
    scene on = { made, pool, bench_store(made, &conf) };
    const char *token, *log;
    pwr_change change;

    scene_reset(&on);
    token = scene_mint(&on, "u1", 'a');
    change = scene_change(&on, token, "$2y$12$longer");
    tap_int(scene_change_do(&on, &change), -1, "a hash that is cut");
    is_untouched(&on, token, scene_sign_in(&on, "r", "u1"), "a cut hash");
    log = bench_log(made);
    tap_ok(strstr(log, "PWR0223") && strstr(log, "255"),
           "the admin is told to widen the column");
    tap_ok(!strstr(log, "longer"), "and not the hash");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    test_redeem(&on);
    test_signed_in(&on);
    test_hook(&on);
    test_refused(&on);
    test_stamp(&on);
    test_addresses(made, pool);
    test_moved(made, pool);
    test_hostile(&on);
    tap_str(bench_log(made), "", "nothing was logged");
    test_after(made, pool);
    test_twins(made, pool);
    test_not_kept(made, pool);
    return tap_end();
}
