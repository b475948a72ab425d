/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of another version are brought to ours or left alone, and nobody
 * works with what he does not know. */
#include "scene.h"

#include <apr_strings.h>

#include "tap.h"

#define NODES 4

/* As version 2 was. */
static void unmake_third(const scene *on)
{
    bench_sql(on->made, "DROP TABLE IF EXISTS {p}history");
    if (bench_is_mysql(on->made)) {
        bench_sql(on->made, "ALTER TABLE {p}job MODIFY error VARCHAR(255)");
    }
    bench_sql(on->made, "DELETE FROM {p}meta WHERE name = 'schema-least'");
    bench_sql(on->made, "UPDATE {p}meta SET value = 2 WHERE name = 'schema'");
}

/* As version 1 was: without two more tables. */
static void make_first(const scene *on)
{
    scene_reset(on);
    unmake_third(on);
    bench_sql(on->made, "DROP TABLE IF EXISTS {p}guess");
    bench_sql(on->made, "DROP TABLE IF EXISTS {p}device");
    bench_sql(on->made, "UPDATE {p}meta SET value = 1 WHERE name = 'schema'");
    bench_forget(on->made);
    bench_log(on->made);
}

static int version_of(const scene *on)
{
    int version = -1;

    on->store->ops->schema_version(on->store, on->pool, &version);
    return version;
}

/* All columns of our tables, as text. */
static const char *shape(bench *made, const char *prefix)
{
    if (bench_is_mysql(made)) {
        bench_sql(made, "SET SESSION group_concat_max_len = 100000");
        return bench_value(made, "SELECT GROUP_CONCAT(SUBSTR(table_name, %d),"
                           " ordinal_position, column_name, column_type,"
                           " is_nullable, IFNULL(collation_name, '-'),"
                           " column_key ORDER BY table_name, ordinal_position)"
                           " FROM information_schema.columns WHERE"
                           " table_schema = DATABASE() AND"
                           " LEFT(table_name, %d) = '%s'",
                           (int)strlen(prefix) + 1, (int)strlen(prefix),
                           prefix);
    }
    return bench_value(made, "SELECT GROUP_CONCAT(said, '') FROM (SELECT"
                       " REPLACE(sql, '%s', '') AS said FROM sqlite_master"
                       " WHERE name LIKE '%s%%' ORDER BY name)", prefix,
                       prefix);
}

static int works(const scene *on)
{
    pwr_guess guess = { .realm = "r", .name = "eve", .network = "n",
                        .rate = { 1, 1, 1 } };

    return on->store->ops->guess_take(on->store, on->pool, &guess)
        == APR_SUCCESS;
}

static void is_upgraded(const scene *on, const char *name)
{
    const pwr_store_conf conf = { .prefix = "fresh_" };
    pwr_store *fresh = bench_store(on->made, &conf);

    fresh->ops->schema_apply(fresh, on->pool);
    tap_int(version_of(on), PWR_SCHEMA_VERSION, "%s: the version", name);
    tap_int(bench_number(on->made, "SELECT value FROM {p}meta"
                         " WHERE name = 'schema-least'"), PWR_SCHEMA_LEAST,
            "%s: who may use it, too", name);
    tap_str(shape(on->made, "schema_"), shape(on->made, "fresh_"),
            "%s: as if made today", name);
    tap_ok(works(on), "%s: it works", name);
    tap_int(bench_number(on->made, "SELECT COUNT(*) FROM {p}user"), 2,
            "%s: nobody is lost", name);
    tap_str(bench_log(on->made), "", "%s: nothing to tell", name);
}

/* Where version 2 works beside us it finds its tables as they were, but for a
 * wider column. */
static void test_second(const scene *on)
{
    scene_reset(on);
    unmake_third(on);
    bench_forget(on->made);
    tap_ok(!works(on) && strstr(bench_log(on->made), "schema version 2"),
           "version 2 is not worked with");
    bench_sql(on->made, "INSERT INTO {p}job (id, kind, realm, identify_by,"
              " created, due, error) VALUES ('x', 'recover', 'r', 1, 1, 1,"
              " 'said before')");
    tap_int(on->store->ops->schema_upgrade(on->store, on->pool), APR_SUCCESS,
            "upgrade from it");
    tap_str(bench_value(on->made, "SELECT error FROM {p}job"), "said before",
            "with all that it held");
    bench_sql(on->made, "DELETE FROM {p}job");
    is_upgraded(on, "from version 2");
}

static void test_upgrade(const scene *on)
{
    const char *log;

    make_first(on);
    tap_ok(!works(on), "an older version is not worked with");
    log = bench_log(on->made);
    tap_ok(strstr(log, "PWR0228") && strstr(log, "schema version 1")
           && strstr(log, "pwresetctl schema --upgrade"),
           "the admin is told what to do");
    on->store->ops->schema_apply(on->store, on->pool);
    tap_int(version_of(on), 1, "to apply is not to upgrade");
    for (int i = 0; i < 2; i++) {
        tap_int(on->store->ops->schema_upgrade(on->store, on->pool),
                APR_SUCCESS, "upgrade");
        is_upgraded(on, i ? "twice" : "once");
    }
}

/* It was ended after each of its statements: what is left of it is this. */
static void test_interrupted(const scene *on)
{
    static const struct { const char *table; int version; } left[] = {
        { NULL, 2 }, { "history", 2 }, { NULL, 1 }, { "device", 1 },
        { "guess", 1 },
    };

    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
        make_first(on);
        on->store->ops->schema_upgrade(on->store, on->pool);
        for (size_t k = 0; k <= i; k++) {
            if (left[k].version == 1) {
                unmake_third(on);
            }
            if (left[k].table) {
                bench_sql(on->made, "DROP TABLE IF EXISTS {p}%s",
                          left[k].table);
            }
        }
        bench_sql(on->made, "UPDATE {p}meta SET value = %d"
                  " WHERE name = 'schema'", left[i].version);
        bench_forget(on->made);
        on->store->ops->schema_upgrade(on->store, on->pool);
        is_upgraded(on, "after an interruption");
    }
}

typedef struct nodes {
    const scene *on;
    apr_status_t status[NODES];
} nodes;

static void upgrade_one(int index, void *baton)
{
    nodes *all = baton;
    pwr_store *store = all->on->store;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    all->status[index] = store->ops->schema_upgrade(store, pool);
    apr_pool_destroy(pool);
}

static void test_at_once(const scene *on)
{
    nodes all = { .on = on };

    make_first(on);
    bench_threads(on->made, NODES, upgrade_one, &all);
    for (int i = 0; i < NODES; i++) {
        tap_int(all.status[i], APR_SUCCESS, "one of several at once");
    }
    is_upgraded(on, "several at once");
}

/* What a module of the future leaves behind, and whether we go on. */
static void test_newer(const scene *on)
{
    static const struct { int version, least, works; } table[] = {
        { PWR_SCHEMA_VERSION + 1, 0, 0 },
        { PWR_SCHEMA_VERSION + 1, PWR_SCHEMA_VERSION + 1, 0 },
        { PWR_SCHEMA_VERSION + 1, PWR_SCHEMA_VERSION, 1 },
        { PWR_SCHEMA_VERSION + 9, 1, 1 },
        { PWR_SCHEMA_VERSION, 0, 1 },
        { PWR_SCHEMA_VERSION - 1, 1, 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        bench_sql(on->made, "UPDATE {p}meta SET value = %d"
                  " WHERE name = 'schema'", table[i].version);
        bench_sql(on->made, "DELETE FROM {p}meta WHERE name = 'schema-least'");
        if (table[i].least) {
            bench_sql(on->made, "INSERT INTO {p}meta VALUES ('schema-least',"
                      " %d)", table[i].least);
        }
        bench_forget(on->made);
        bench_log(on->made);
        tap_int(works(on), table[i].works, "version %d for modules from %d",
                table[i].version, table[i].least);
        tap_int(strstr(bench_log(on->made), "PWR0228") == NULL,
                table[i].works, "and it is told");
    }
    bench_sql(on->made, "DELETE FROM {p}meta WHERE name LIKE 'schema%%'");
    bench_forget(on->made);
    tap_ok(!works(on), "no version at all is not worked with");
    tap_ok(strstr(bench_log(on->made), "pwresetctl schema --apply") != NULL,
           "which is told");
    on->store->ops->schema_apply(on->store, on->pool);
    is_upgraded(on, "applied again");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    scene on = { made, pool, bench_store(made, NULL) };

    on.store->ops->schema_apply(on.store, pool);
    test_second(&on);
    test_upgrade(&on);
    test_interrupted(&on);
    test_at_once(&on);
    test_newer(&on);
    return tap_end();
}
