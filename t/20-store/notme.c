/* SPDX-License-Identifier: Apache-2.0 */
/* "This was not me": ends every live string of one account at one site, as
 * often as it is asked, and nothing else. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define ROUNDS 15

/* Mint a string of this job with its link; `*string` is its digest. */
static const char *minted(const scene *on, const char *user_id, char job,
                          const char **string)
{
    pwr_token token = scene_token(on, user_id, job);
    const char *link = scene_notme(on, &token);
    pwr_mint outcome;

    on->store->ops->token_mint(on->store, on->pool, &token, &outcome);
    *string = apr_pstrdup(on->pool, token.digest);
    return outcome == PWR_MINT_DONE ? link : NULL;
}

static pwr_token_state look(const scene *on, const char *realm,
                            const char *digest, pwr_user *user)
{
    pwr_token token;
    apr_status_t status = on->store->ops->notme_find(
        on->store, on->pool, realm, digest, &token, user);

    return status == APR_SUCCESS ? token.state : (pwr_token_state)-1;
}

static pwr_notme use(const scene *on, const char *realm, const char *digest)
{
    pwr_notme notme = { .realm = realm, .digest = digest };
    apr_status_t status = on->store->ops->notme_do(on->store, on->pool,
                                                   &notme);

    if (status != APR_SUCCESS) {
        notme.state = (pwr_token_state)-1;
    }
    return notme;
}

/* All that somebody else's strings, passwords and sessions are. */
static const char *rest(const scene *on)
{
    return apr_psprintf(on->pool, "%s %s %s", bench_value(on->made,
        "SELECT SUM(spent_at) FROM {p}token WHERE purpose = 'notme'"
        " OR user_id <> 'u1' OR realm <> 'r'"),
        bench_value(on->made, "SELECT COUNT(*) FROM {p}session"),
        bench_value(on->made, "SELECT COUNT(*) FROM {p}user"
                    " WHERE password = 'old' AND changed_at = 1"));
}

static void test_use(const scene *on)
{
    const char *first, *second, *bobs, *late, *link, *before, *session;
    pwr_user user;
    pwr_notme done;

    scene_reset(on);
    link = minted(on, "u1", 'a', &first);
    minted(on, "u1", 'b', &second);
    minted(on, "u2", 'c', &bobs);
    session = scene_sign_in(on, "r", "u1");
    before = rest(on);
    for (int i = 0; i < 3; i++) {
        tap_int(look(on, "r", link, &user), PWR_TOKEN_LIVE, "look at it");
    }
    tap_str(user.login, "eve", "whose it is");
    tap_int(scene_token_state(on, first), PWR_TOKEN_LIVE,
            "looking ends nothing");
    done = use(on, "r", link);
    tap_int(done.state, PWR_TOKEN_LIVE, "use it");
    tap_int(done.cancelled, 2, "two strings worked until now");
    tap_str(done.user_id, "u1", "of this user");
    tap_int(scene_token_state(on, first), PWR_TOKEN_CANCELLED,
            "its own string ends");
    tap_int(scene_token_state(on, second), PWR_TOKEN_CANCELLED,
            "and that of another job");
    tap_int(scene_token_state(on, bobs), PWR_TOKEN_LIVE, "nobody else's");
    tap_ok(scene_is_signed_in(on, "r", session), "no session ends");
    tap_str(rest(on), before, "and all the rest is as it was");
    done = use(on, "r", link);
    tap_ok(done.state == PWR_TOKEN_LIVE && done.cancelled == 0,
           "again: nothing is left to end");
    minted(on, "u1", 'd', &late);
    done = use(on, "r", link);
    tap_ok(done.state == PWR_TOKEN_LIVE && done.cancelled == 1
           && scene_token_state(on, late) == PWR_TOKEN_CANCELLED,
           "it ends what was asked for later, too");
}

static void test_ended(const scene *on)
{
    static const char *const sets[] = {
        "why = 'used', spent_at = 5", "why = 'changed', spent_at = 5",
        "expires = expires - 4201",
    };

    for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
        const char *string, *link;
        long long was;

        scene_reset(on);
        link = minted(on, "u1", 'a', &string);
        bench_sql(on->made, "UPDATE {p}token SET %s WHERE digest = '%s'",
                  sets[i], string);
        was = bench_number(on->made, "SELECT SUM(spent_at) FROM {p}token");
        tap_int(use(on, "r", link).cancelled, 0, "%s: had ended", sets[i]);
        tap_int(bench_number(on->made, "SELECT SUM(spent_at) FROM {p}token"),
                was, "and its reason stays");
    }
}

static void test_states(const scene *on)
{
    static const struct {
        const char *sql;
        pwr_token_state state;
    } table[] = {
        { "UPDATE {p}token SET expires = expires - 604790",
          PWR_TOKEN_LIVE },
        { "UPDATE {p}token SET expires = expires - 604801",
          PWR_TOKEN_GRACE },
        { "UPDATE {p}token SET expires = expires - 605401",
          PWR_TOKEN_EXPIRED },
        { "UPDATE {p}user SET password = 'new', changed_at = 9",
          PWR_TOKEN_LIVE },
        { "UPDATE {p}user SET name = 'x', language = 'en'", PWR_TOKEN_LIVE },
        { "UPDATE {p}user SET email = 'new@example.org'",
          PWR_TOKEN_CANCELLED },
        { "UPDATE {p}user SET email = NULL", PWR_TOKEN_CANCELLED },
        { "DELETE FROM {p}user WHERE id = 'u1'", PWR_TOKEN_CANCELLED },
        { "DELETE FROM {p}token", PWR_TOKEN_UNKNOWN },
        { "UPDATE {p}token SET stamp = ''", PWR_TOKEN_CANCELLED },
        { "UPDATE {p}token SET purpose = 'recover'", PWR_TOKEN_UNKNOWN },
        { "UPDATE {p}token SET realm = 's'", PWR_TOKEN_UNKNOWN },
        { "UPDATE {p}token SET realm = 'r '", PWR_TOKEN_UNKNOWN },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *string, *link;
        int works = table[i].state >= PWR_TOKEN_GRACE;
        pwr_user user;
        pwr_notme done;

        scene_reset(on);
        link = minted(on, "u1", 'a', &string);
        bench_sql(on->made, "UPDATE {p}token SET expires = expires + 604800"
                  " WHERE digest = '%s'", string);
        bench_sql(on->made, "%s", table[i].sql);
        tap_int(look(on, "r", link, &user), table[i].state, "%s",
                table[i].sql);
        tap_int(user.id != NULL, works, "and its user");
        done = use(on, "r", link);
        tap_int(done.state, table[i].state, "used: the same");
        tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"
                             " WHERE spent_at > 0"), works && done.user_id,
                "%s is done", works ? "it" : "nothing");
    }
}

/* Neither is the other, whichever page it is given to. */
static void test_purposes(const scene *on)
{
    static const char *const hostile[] = {
        "", "' OR 1=1 -- ", "%", "recover"
    };
    const char *string, *link;
    pwr_user user;
    pwr_change change;

    scene_reset(on);
    link = minted(on, "u1", 'a', &string);
    tap_int(look(on, "r", string, &user), PWR_TOKEN_UNKNOWN,
            "a control string is no such link");
    tap_int(use(on, "r", string).state, PWR_TOKEN_UNKNOWN, "nor used as one");
    tap_int(scene_token_state(on, link), PWR_TOKEN_UNKNOWN,
            "the link's secret is no control string");
    change = scene_change(on, link, "new");
    tap_int(scene_change_do(on, &change), PWR_CHANGE_REFUSED,
            "and changes no password");
    tap_int(use(on, "R", link).state, PWR_TOKEN_UNKNOWN, "another realm");
    for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
        tap_int(use(on, "r", hostile[i]).state, PWR_TOKEN_UNKNOWN,
                "no digest at all (%d)", (int)i);
    }
    tap_int(scene_token_state(on, string), PWR_TOKEN_LIVE, "all is as before");
}

/* The links take no place of a string, and outlive what is done with one. */
static void test_places(const scene *on)
{
    const char *string[4], *link = NULL;
    pwr_token token;
    pwr_mint outcome;
    pwr_change change;

    scene_reset(on);
    for (int i = 0; i < 3; i++) {
        link = minted(on, "u1", (char)('a' + i), &string[i]);
        tap_ok(link != NULL, "string %d and its link", i + 1);
    }
    tap_ok(!minted(on, "u1", 'd', &string[3]), "the fourth gets neither");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"), 6,
            "three of each");
    tap_int(use(on, "r", link).cancelled, 3, "\"not me\" frees the places");
    token = scene_token(on, "u1", 'e');
    token.merge_sec = 60;
    on->store->ops->token_mint(on->store, on->pool, &token, &outcome);
    tap_int(outcome, PWR_MINT_DONE, "a live link is no equal request");
    change = scene_change(on, token.digest, "new");
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "a change");
    tap_int(use(on, "r", link).state, PWR_TOKEN_LIVE, "the link outlives it");
    bench_sql(on->made, "UPDATE {p}token SET expires = expires - 691201");
    on->store->ops->purge(on->store, on->pool, 86400, &(int){ 0 });
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}token"), 0,
            "and is purged in the end");
}

typedef struct duel {
    const scene *on;
    const char *link;
    pwr_change change;
    int cancelled;
    apr_status_t status[2];
} duel;

static void fight(int index, void *baton)
{
    duel *d = baton;
    pwr_store *store = d->on->store;
    pwr_notme notme = { .realm = "r", .digest = d->link };
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    d->status[index] = index == 0
        ? store->ops->notme_do(store, pool, &notme)
        : store->ops->password_change(store, pool, &d->change);
    if (index == 0) {
        d->cancelled = notme.cancelled;
    }
    apr_pool_destroy(pool);
}

/* The owner and somebody with the string, at once: one of them has it. */
static void test_race(const scene *on)
{
    int fair = 0;

    for (int round = 0; round < ROUNDS; round++) {
        duel d = { .on = on };
        const char *string;
        int changed;

        scene_reset(on);
        d.link = minted(on, "u1", 'a', &string);
        d.change = scene_change(on, string, "new");
        bench_threads(on->made, 2, fight, &d);
        changed = d.change.outcome == PWR_CHANGE_DONE;
        fair += !d.status[0] && !d.status[1] && changed + d.cancelled == 1
            && bench_number(on->made, "SELECT COUNT(*) FROM {p}user"
                            " WHERE password = 'new'") == changed;
    }
    tap_int(fair, ROUNDS, "used and disowned at once: one of both is done");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    scene on = { .made = bench_open(pool, argc, argv), .pool = pool };

    on.store = bench_store(on.made, NULL);
    on.store->ops->schema_apply(on.store, pool);
    test_use(&on);
    test_ended(&on);
    test_states(&on);
    test_purposes(&on);
    test_places(&on);
    test_race(&on);
    tap_str(bench_log(on.made), "", "nothing was logged");
    return tap_end();
}
