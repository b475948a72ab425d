/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator sees of an account's strings, and how he ends all that lets
 * somebody in. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define HOSTILE "';DROP TABLE x;--\\ %s %% :id {now} \"`\xF0\x9F\x94\x91"
#define ROUNDS 20

static pwr_tokens listed(const scene *on, const char *realm,
                         const char *user_id)
{
    pwr_tokens tokens = { .realm = realm, .user_id = user_id };

    if (on->store->ops->tokens_list(on->store, on->pool, &tokens)) {
        tokens.n = -1;
    }
    return tokens;
}

static void test_list_nothing(const scene *on)
{
    scene_reset(on);
    scene_mint(on, "u1", 'a');
    tap_int(listed(on, "r", "u2").n, 0, "a user without strings");
    tap_int(listed(on, "s", "u1").n, 0, "of another realm");
    tap_int(listed(on, "r ", "u1").n, 0, "of one with a blank more");
    tap_int(listed(on, "r", "u1 ").n, 0, "an id with a blank more");
    tap_int(listed(on, HOSTILE, HOSTILE).n, 0, "hostile texts");
    tap_ok(listed(on, "r", "u2").now > 1700000000, "but the clock");
}

static void test_list(const scene *on)
{
    pwr_token third = scene_token(on, "u1", 'c');
    pwr_tokens list;
    pwr_mint outcome;

    scene_reset(on);
    scene_mint(on, "u1", 'a');
    scene_mint(on, "u1", 'b');
    third.rate = (pwr_rate){ 3, 3600, 3 };
    memset(third.mailbox, 'f', PWR_DIGEST_HEX);
    scene_notme(on, &third);
    on->store->ops->token_mint(on->store, on->pool, &third, &outcome);
    bench_sql(on->made, "UPDATE {p}token SET created = created - 60, spent_at"
              " = created, why = 'notme' WHERE job LIKE 'b%%'");
    bench_sql(on->made, "UPDATE {p}token SET created = created - 7000,"
              " expires = expires - 9000 WHERE job LIKE 'a%%'");
    list = listed(on, "r", "u1");
    tap_int(list.n, 3, "strings alone, not the link nor the mailbox");
    tap_ok(list.n == 3 && list.row[0].job[0] == 'c'
           && list.row[1].job[0] == 'b' && list.row[2].job[0] == 'a',
           "the newest first");
    tap_ok(list.n == 3 && list.row[0].state == PWR_TOKEN_LIVE
           && !list.row[0].why && list.row[0].created <= list.now
           && list.row[0].expires > list.now
           && !strcmp(list.row[0].stamp, scene_mail_stamp(on, "u1")),
           "one that lives");
    tap_ok(list.n == 3 && list.row[1].state == PWR_TOKEN_CANCELLED
           && !strcmp(list.row[1].why, "notme"), "one that was cancelled");
    tap_int(list.n == 3 ? (int)list.row[2].state : -1, PWR_TOKEN_EXPIRED,
            "one that is over");
    list = (pwr_tokens){ .realm = "r", .user_id = third.mailbox,
                         .is_mailbox = 1 };
    on->store->ops->tokens_list(on->store, on->pool, &list);
    tap_ok(list.n == 1 && list.row[0].job[0] == 'c', "mails to the mailbox");
}

/* A string, a session and a browser of this account. */
static void enter(const scene *on, const char *realm, const char *user_id,
                  const char **session)
{
    pwr_device device = { .realm = realm, .user_id = user_id,
                          .stamp = scene_stamp(on, user_id) };
    pwr_token token = scene_token(on, user_id, user_id[1]);
    pwr_mint outcome;

    token.realm = realm;
    apr_cpystrn(device.digest, bench_digest(on->pool), sizeof(device.digest));
    on->store->ops->token_mint(on->store, on->pool, &token, &outcome);
    on->store->ops->device_add(on->store, on->pool, &device, NULL);
    *session = scene_sign_in(on, realm, user_id);
}

static pwr_revocation revoke_all(const scene *on, const char *realm,
                             const char *user_id)
{
    pwr_revocation r = { .realm = realm, .user_id = user_id, .sessions = -1 };

    if (on->store->ops->account_revoke(on->store, on->pool, &r)) {
        r.sessions = -1;
    }
    return r;
}

/* All that is left, of everybody. */
static const char *rest(const scene *on)
{
    return apr_psprintf(on->pool, "%s %s %s",
        bench_value(on->made, "SELECT COUNT(*) FROM {p}session"),
        bench_value(on->made, "SELECT COUNT(*) FROM {p}token"
                    " WHERE spent_at = 0"),
        bench_value(on->made, "SELECT COUNT(*) FROM {p}device"));
}

static void test_revoke(const scene *on)
{
    static const struct { const char *realm, *user_id; } nobody[] = {
        { "x", "u1" }, { "r", "u3" }, { HOSTILE, HOSTILE }, { "r", "" },
    };
    const char *session, *other;
    pwr_revocation r;

    scene_reset(on);
    bench_sql(on->made, "DELETE FROM {p}device");
    enter(on, "r", "u1", &session);
    enter(on, "r", "u2", &other);
    enter(on, "s", "u1", &other);
    for (size_t i = 0; i < sizeof(nobody) / sizeof(*nobody); i++) {
        r = revoke_all(on, nobody[i].realm, nobody[i].user_id);
        tap_ok(r.sessions == 0 && r.strings == 0 && r.devices == 0,
               "nothing is revoked of %s in %s", nobody[i].user_id,
               nobody[i].realm);
    }
    tap_str(rest(on), "3 3 3", "all is there");
    tap_ok(scene_is_signed_in(on, "r", session), "he is signed in");
    r = revoke_all(on, "r", "u1");
    tap_ok(r.sessions == 1 && r.strings == 1 && r.devices == 1,
           "one of each is revoked (%d %d %d)", r.sessions, r.strings,
           r.devices);
    tap_str(rest(on), "2 2 2", "nobody else's, and none of another realm");
    tap_ok(!scene_is_signed_in(on, "r", session), "he is signed in no more");
    tap_str(bench_value(on->made, "SELECT why FROM {p}token"
                        " WHERE spent_at > 0"), "revoked", "it is told why");
    r = revoke_all(on, "r", "u1");
    tap_ok(r.sessions == 0 && r.strings == 0 && r.devices == 0,
           "the second time there is nothing");
}

static void test_revoke_dead(const scene *on)
{
    const char *digest;
    pwr_change change;

    scene_reset(on);
    digest = scene_mint(on, "u1", 'a');
    bench_sql(on->made, "UPDATE {p}token SET expires = expires - 4199");
    tap_int(revoke_all(on, "r", "u1").strings, 1,
            "a POST in its grace ends, too");
    tap_int(scene_token_state(on, digest), PWR_TOKEN_CANCELLED,
            "it is cancelled");
    change = scene_change(on, digest, "new");
    tap_int(scene_change_do(on, &change), PWR_CHANGE_REFUSED,
            "no password is changed with it");
    scene_mint(on, "u1", 'b');
    bench_sql(on->made, "UPDATE {p}token SET expires = expires - 4201"
              " WHERE job LIKE 'b%%'");
    tap_int(revoke_all(on, "r", "u1").strings, 0,
            "what is over is not counted");
}

typedef struct race {
    const scene *on;
    const char *digest;
    int changed;
    int revoked;
} race;

static void race_one(int index, void *baton)
{
    race *r = baton;
    scene on = *r->on;

    apr_pool_create(&on.pool, NULL);
    if (index == 0) {
        pwr_change change = scene_change(&on, r->digest, "new");

        r->changed = scene_change_do(&on, &change) == PWR_CHANGE_DONE;
    }
    else if (index == 1) {
        r->revoked = revoke_all(&on, "r", "u1").strings;
    }
    apr_pool_destroy(on.pool);
}

/* Whoever comes first: the string changes a password or is revoked. */
static void test_race(const scene *on)
{
    int fair = 0;

    for (int i = 0; i < ROUNDS; i++) {
        race r = { .on = on };

        scene_reset(on);
        r.digest = scene_mint(on, "u1", 'a');
        bench_threads(on->made, 2, race_one, &r);
        fair += r.changed + r.revoked == 1;
    }
    tap_int(fair, ROUNDS, "a reset and a revocation: one of them, each time");
}

static void test_away(const scene *on)
{
    pwr_revocation r = { .realm = "r", .user_id = "u1" };

    scene_reset(on);
    scene_mint(on, "u1", 'a');
    bench_log(on->made);
    bench_sql(on->made, "ALTER TABLE {p}session RENAME TO {p}gone");
    tap_ok(on->store->ops->account_revoke(on->store, on->pool, &r)
           == PWR_STORE_BROKEN && r.strings == 0, "no table, nothing done");
    bench_sql(on->made, "ALTER TABLE {p}gone RENAME TO {p}session");
    tap_ok(strstr(bench_log(on->made), "PWR0204") != NULL, "and logged");
    tap_str(bench_value(on->made, "SELECT spent_at FROM {p}token"
                        " WHERE job LIKE 'a%%'"), "0", "its string lives");
}

int main(int argc, const char *const *argv)
{
    scene on;

    on.pool = tap_begin();
    on.made = bench_open(on.pool, argc, argv);
    on.store = bench_store(on.made, NULL);
    on.store->ops->schema_apply(on.store, on.pool);
    test_list_nothing(&on);
    test_list(&on);
    test_revoke(&on);
    test_revoke_dead(&on);
    test_race(&on);
    tap_str(bench_log(on.made), "", "nothing was logged");
    test_away(&on);
    return tap_end();
}
