/* SPDX-License-Identifier: Apache-2.0 */
/* Groups are what the provider's query says of one user, by the column's
 * name. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define MANY 150
#define SHARP_S "stra\xC3\x9F" "e"

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
        { "SELECT uid AS id, name AS `group` FROM {prefix}member"
          " WHERE uid = :id ORDER BY name", "Редакторы admins" },
        { "SELECT 1 AS one, name AS `GROUP`, uid AS ID FROM {prefix}member"
          " WHERE uid = :id AND name = 'admins'", "admins" },
        { "SELECT uid AS id, name AS \"group\" FROM {prefix}member"
          " WHERE uid = :id AND name = 'admins'", "admins" },
        { "SELECT login, name AS `group` FROM {prefix}member"
          " WHERE login = :login", "admins" },
        { "SELECT email, 'staff' AS `group` FROM {prefix}user"
          " WHERE email = :email", "staff" },
        { "SELECT uid AS id, name AS `group` FROM {prefix}member"
          " WHERE uid = :id AND 1 = 0", "" },
        { "SELECT id, NULL AS `group` FROM {prefix}user WHERE id = :id", "" },
        { "SELECT id, '' AS `group` FROM {prefix}user WHERE id = :id", "" },
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
    static const char query[] = "SELECT uid AS id, name AS `group`"
                                " FROM {prefix}member WHERE uid = :id";
    static const char *const ids[] = {
        "u2", "nobody", "", "' OR '1' = '1", "u1' -- ", "%", "u1 OR 1",
    };

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        const pwr_user user = { .id = ids[i], .login = "eve",
                                .email = "eve@example.org" };

        tap_str(by(on, query, &user), "", "none for %s", ids[i]);
    }
}

/* The groups of one account are not those of another that only a collation or a
 * cast takes for the same: here the database takes all for the same. */
static void test_alike(const scene *on)
{
    static const char *const queries[] = {
        "SELECT uid AS id, name AS `group` FROM {prefix}alike"
        " WHERE :id = :id",
        "SELECT login, name AS `group` FROM {prefix}alike"
        " WHERE :login = :login",
        "SELECT email, name AS `group` FROM {prefix}alike"
        " WHERE :email = :email",
        "SELECT uid AS id, login, email, name AS `group` FROM {prefix}alike"
        " WHERE :id = :id",
    };
    static const struct { pwr_user user; const char *groups; } table[] = {
        { { .id = "1", .login = "strasse", .email = "strasse@x.org" }, "a" },
        { { .id = "01", .login = SHARP_S, .email = SHARP_S "@x.org" }, "b" },
        { { .id = "1x", .login = "stra", .email = "stra@x.org" }, "" },
        { { .id = "", .login = "", .email = "" }, "" },
        { { .id = "1 ", .login = NULL, .email = NULL }, "" },
    };

    bench_sql(on->made, "CREATE TABLE {p}alike (uid VARCHAR(40),"
              " login VARCHAR(40), email VARCHAR(40), name VARCHAR(40))");
    bench_sql(on->made, "INSERT INTO {p}alike VALUES"
              " ('1', 'strasse', 'strasse@x.org', 'a'),"
              " ('01', '" SHARP_S "', '" SHARP_S "@x.org', 'b'),"
              " ('', '', '', 'c'), (NULL, NULL, NULL, 'd')");
    for (size_t q = 0; q < sizeof(queries) / sizeof(*queries); q++) {
        for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
            tap_str(by(on, queries[q], &table[i].user), table[i].groups,
                    "query %d finds those of %s alone", (int)q,
                    table[i].user.id);
        }
    }
}

/* What a collation of MySQL's does by itself. */
static void test_collation(const scene *on)
{
    static const char query[] = "SELECT login, name AS `group`"
                                " FROM {prefix}loose WHERE login = :login";
    const pwr_user one = { .id = "1", .login = "strasse" };
    const pwr_user other = { .id = "2", .login = SHARP_S };

    bench_sql(on->made, "CREATE TABLE {p}loose (login VARCHAR(40),"
              " name VARCHAR(40)) CHARACTER SET utf8mb4"
              " COLLATE utf8mb4_unicode_ci");
    bench_sql(on->made, "INSERT INTO {p}loose VALUES ('strasse', 'admins')");
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}loose"
                         " WHERE login = '" SHARP_S "'"), 1,
            "control: to the database they are one");
    tap_str(by(on, query, &one), "admins", "who is in the group");
    tap_str(by(on, query, &other), "", "who is not");
}

static void test_wrong(const scene *on)
{
    static const struct { const char *query, *id; } table[] = {
        { "SELECT uid AS id, name FROM {prefix}member WHERE uid = :id",
          "PWR0240" },
        { "SELECT name AS `group` FROM {prefix}member WHERE uid = :id",
          "PWR0242" },
        { "SELECT uid, name AS `group` FROM {prefix}member WHERE uid = :id",
          "PWR0242" },
        { "SELECT uid AS id, name AS `group` FROM {prefix}nowhere"
          " WHERE uid = :id", "PWR0204" },
        { "SELECT uid AS id, title AS `group` FROM {prefix}member"
          " WHERE uid = :id", "PWR0205" },
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
    found = by(on, "SELECT uid AS id, name AS `group` FROM {prefix}member"
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
    test_alike(&on);
    if (bench_is_mysql(made)) {
        test_collation(&on);
    }
    test_wrong(&on);
    test_many(&on);
    return tap_end();
}
