/* SPDX-License-Identifier: Apache-2.0 */
/* Groups are what the provider's query says of one user, by the column's
 * name. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define MANY 150

/* Groups as a text, or what went wrong. */
static const char *groups_of(const scene *on, const pwr_user *user)
{
    const char *const *groups;
    const char *text = "";

    if (on->store->ops->groups_find(on->store, on->pool, user, &groups)) {
        return groups[0] ? "failed, with groups" : "failed";
    }
    for (; *groups; groups++) {
        text = apr_pstrcat(on->pool, text, *text ? " " : "", *groups, NULL);
    }
    return text;
}

static const char *by(const scene *on, const char *query,
                      const pwr_user *user)
{
    const pwr_store_conf conf = { .group_query = query };
    scene other = { on->made, on->pool, bench_store(on->made, &conf) };

    bench_log(on->made);
    return groups_of(&other, user);
}

static void test_found(const scene *on)
{
    static const struct { const char *query, *groups; } table[] = {
        { NULL, "" },
        { "SELECT name AS `group` FROM {prefix}member WHERE uid = :id"
          " ORDER BY name", "Редакторы admins" },
        { "SELECT 1 AS one, name AS `GROUP` FROM {prefix}member"
          " WHERE uid = :id AND name = 'admins'", "admins" },
        { "SELECT name AS `group` FROM {prefix}member WHERE login = :login",
          "admins" },
        { "SELECT 'staff' AS `group` FROM {prefix}user WHERE email = :email",
          "staff" },
        { "SELECT name AS `group` FROM {prefix}member WHERE uid = :id"
          " AND 1 = 0", "" },
        { "SELECT NULL AS `group` FROM {prefix}user WHERE id = :id", "" },
        { "SELECT '' AS `group` FROM {prefix}user WHERE id = :id", "" },
    };
    const pwr_user eve = { .id = "u1", .login = "eve",
                           .email = "eve@example.org" };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *found = by(on, table[i].query, &eve);

        /* Collations sort Cyrillic before or behind. */
        tap_ok(strcmp(found, table[i].groups) == 0
               || (i == 1 && strcmp(found, "admins Редакторы") == 0),
               "groups by query %d: %s", (int)i, found);
        tap_str(bench_log(on->made), "", "nothing to tell");
    }
}

static void test_hostile(const scene *on)
{
    static const char query[] = "SELECT name AS `group` FROM {prefix}member"
                                " WHERE uid = :id";
    static const char *const ids[] = {
        "u2", "nobody", "", "' OR '1' = '1", "u1' -- ", "%", "u1 OR 1",
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        const pwr_user user = { .id = ids[i], .login = "eve",
                                .email = "eve@example.org" };

        tap_str(by(on, query, &user), "", "none for %s", ids[i]);
    }
}

static void test_wrong(const scene *on)
{
    static const struct { const char *query, *id; } table[] = {
        { "SELECT name FROM {prefix}member WHERE uid = :id", "PWR0240" },
        { "SELECT name AS `group` FROM {prefix}nowhere WHERE uid = :id",
          "PWR0204" },
        { "SELECT title AS `group` FROM {prefix}member WHERE uid = :id",
          "PWR0205" },
    };
    const pwr_user eve = { .id = "u1", .login = "eve" };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(by(on, table[i].query, &eve), "failed", "wrong query %d",
                (int)i);
        tap_ok(strstr(bench_log(on->made), table[i].id) != NULL,
               "and the admin is told (%s)", table[i].id);
    }
}

static void test_many(const scene *on)
{
    const pwr_user bob = { .id = "u2", .login = "bob" };
    const char *found, *blank;
    int n = 1;

    for (int i = 0; i < MANY; i++) {
        bench_sql(on->made, "INSERT INTO {p}member (uid, login, name)"
                  " VALUES ('u2', 'bob', 'g%d')", i);
    }
    found = by(on, "SELECT name AS `group` FROM {prefix}member"
               " WHERE uid = :id", &bob);
    for (blank = found; (blank = strchr(blank, ' ')) != NULL; blank++) {
        n++;
    }
    tap_int(n, 100, "a hundred of %d groups", MANY);
    tap_ok(strstr(bench_log(on->made), "PWR0241") != NULL,
           "and the admin is told");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    scene_reset(&on);
    bench_sql(made, "CREATE TABLE {p}member (uid VARCHAR(40),"
              " login VARCHAR(40), name VARCHAR(40))");
    bench_sql(made, "INSERT INTO {p}member (uid, login, name) VALUES"
              " ('u1', 'eve', 'admins'), ('u1', 'other', 'Редакторы')");
    test_found(&on);
    test_hostile(&on);
    test_wrong(&on);
    test_many(&on);
    return tap_end();
}
