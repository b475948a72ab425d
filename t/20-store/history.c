/* SPDX-License-Identifier: Apache-2.0 */
/* Former passwords: those of one account, the last so many, and no longer than
 * the account is there. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

/* Settings alone decide whether one is kept; nothing is verified here. */
#define HASH(mark) "$2y$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKv" \
                   mark "OeW"
#define MARK_AT 57              /* by which the tests know them */
#define WEAK "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/"

/* Former ones of a user, by their marks. */
static const char *former(const scene *on, const char *realm,
                          const char *user_id, int max)
{
    pwr_history history = { .realm = realm, .user_id = user_id, .max = max };
    const char *text = "";

    if (on->store->ops->history_list(on->store, on->pool, &history)) {
        return "failed";
    }
    for (int i = 0; i < history.n; i++) {
        text = apr_psprintf(on->pool, "%s%c", text,
                            history.stored[i][MARK_AT - 1]);
    }
    return text;
}

static long long rows(const scene *on)
{
    return bench_number(on->made, "SELECT COUNT(*) FROM {p}history");
}

/* Give the user another password; `keep` former ones are kept.  A millisecond
 * goes by: without one nobody knows which was the last. */
static int give(const scene *on, const char *user_id, char mark, int keep)
{
    pwr_change change = scene_change(on, NULL, apr_psprintf(
        on->pool, HASH("%c"), mark));

    apr_sleep(apr_time_from_msec(2));
    change.user_id = user_id;
    change.stamp = scene_stamp(on, user_id);
    change.history = keep;
    return scene_change_do(on, &change);
}

static void test_keep(const scene *on)
{
    scene_reset(on);
    tap_str(former(on, "r", "u1", 24), "", "at first there is none");
    tap_int(give(on, "u1", 'a', 2), PWR_CHANGE_DONE, "the first change");
    tap_str(former(on, "r", "u1", 24), "", "what was no hash is not kept");
    give(on, "u1", 'b', 2);
    tap_str(former(on, "r", "u1", 24), "a", "one that was");
    give(on, "u1", 'c', 2);
    tap_str(former(on, "r", "u1", 24), "ba", "two, the last one first");
    give(on, "u1", 'd', 2);
    tap_str(former(on, "r", "u1", 24), "cb", "no more than that");
    tap_str(former(on, "r", "u1", 1), "c", "fewer, when fewer are asked for");
    give(on, "u1", 'e', 4);
    tap_str(former(on, "r", "u1", 24), "dcb", "more, where more are kept");
    give(on, "u1", 'f', 1);
    tap_str(former(on, "r", "u1", 24), "e", "less again");
    tap_str(former(on, "r", "u2", 24), "", "none of another user");
    tap_str(former(on, "s", "u1", 24), "", "of another realm");
    tap_str(former(on, "r ", "u1", 24), "", "of one with a blank more");
    tap_str(former(on, "r", "u1 ", 24), "", "of an id with a blank more");
    give(on, "u1", 'g', 0);
    tap_int(rows(on), 0, "none at all, when none is kept any more");
}

static void test_kinds(const scene *on)
{
    static const struct { const char *stored; int kept; } table[] = {
        { HASH("x"), 1 },
        { "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5"
          "c8y7cJHAph8ArZWb2GRPPc", 1 },
        { WEAK, 0 },
        { "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", 0 },
        { "", 0 }, { "!", 0 }, { "secret", 0 },
        { "$unknown$abc", 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        scene_reset(on);
        bench_sql(on->made, "UPDATE {p}user SET password = '%s'"
                  " WHERE id = 'u1'", table[i].stored);
        tap_int(give(on, "u1", 'a', 5), PWR_CHANGE_DONE, "from %s",
                table[i].stored);
        tap_int(rows(on), table[i].kept, "which is %skept",
                table[i].kept ? "" : "not ");
    }
    scene_reset(on);
    bench_sql(on->made, "UPDATE {p}user SET password = NULL");
    tap_int(give(on, "u1", 'a', 5), PWR_CHANGE_DONE, "from no password");
    tap_int(rows(on), 0, "which is not kept");
}

/* What is not done leaves nothing. */
static void test_undone(const scene *on)
{
    pwr_change change;

    scene_reset(on);
    give(on, "u1", 'a', 5);
    change = scene_change(on, NULL, HASH("b"));
    change.history = 5;
    change.stamp = "another";
    tap_int(scene_change_do(on, &change), PWR_CHANGE_STALE, "a stale change");
    tap_int(rows(on), 0, "leaves no former password");
    change.stamp = scene_stamp(on, "u1");
    change.is_rehearsal = 1;
    tap_int(scene_change_do(on, &change), PWR_CHANGE_DONE, "a rehearsal");
    tap_int(rows(on), 0, "neither");
}

static const char *stalest(const scene *on)
{
    const char *realm = "failed";

    on->store->ops->history_stalest(on->store, on->pool, &realm);
    return realm;
}

/* Rows written and deleted, -1 when it failed. */
static int tidy(const scene *on, const char *realm, int may_delete)
{
    int changed = -1;

    return on->store->ops->history_tidy(on->store, on->pool, realm,
                                        may_delete, &changed) ? -1 : changed;
}

static void age(const scene *on)
{
    bench_sql(on->made, "UPDATE {p}history SET checked = checked - %d",
              PWR_KEEP_SEC + 1);
}

static void test_tidy(const scene *on)
{
    scene_reset(on);
    for (char mark = 'a'; mark < 'e'; mark++) {
        give(on, "u1", mark, 5);
        give(on, "u2", mark, 5);
    }
    tap_int(rows(on), 6, "three former ones of each");
    tap_str(stalest(on), NULL, "nobody is to be looked for yet");
    tap_int(tidy(on, "r", 1), 0, "and is not");
    bench_sql(on->made, "DELETE FROM {p}user WHERE id = 'u2'");
    tap_int(tidy(on, "r", 1), 0, "also when one has gone");
    age(on);
    tap_str(stalest(on), "r", "a week later");
    tap_int(tidy(on, "s", 1), 0, "those of a realm alone");
    tap_int(tidy(on, "r", 0), 6, "where the accounts are not known here");
    tap_int(rows(on), 6, "nothing is deleted");
    tap_str(stalest(on), NULL, "and that is put off");
    age(on);
    tap_int(tidy(on, "r", 1), 6, "both are looked for");
    tap_str(former(on, "r", "u1", 24), "cba", "those of who is there stay");
    tap_int(rows(on), 3, "those of who is gone do not");
    tap_int(tidy(on, "r", 1), 0, "for a week");
}

/* One that is looked for is not deleted because the database is away. */
static void test_tidy_fails(const scene *on)
{
    scene_reset(on);
    give(on, "u1", 'a', 5);
    give(on, "u1", 'b', 5);
    age(on);
    bench_sql(on->made, "ALTER TABLE {p}user RENAME TO {p}user_away");
    tap_int(tidy(on, "r", 1), -1, "without the user table it fails");
    bench_sql(on->made, "ALTER TABLE {p}user_away RENAME TO {p}user");
    tap_int(rows(on), 1, "and deletes nothing");
    bench_log(on->made);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    test_keep(&on);
    test_kinds(&on);
    test_undone(&on);
    test_tidy(&on);
    test_tidy_fails(&on);
    return tap_end();
}
