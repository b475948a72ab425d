/* SPDX-License-Identifier: Apache-2.0 */
/* What an admin got wrong is told to the admin, with the remedy; nothing
 * half-done stays, and nobody waits for long. */
#include "scene.h"

#include <apr_strings.h>
#include <apr_time.h>

#include "tap.h"

#define SECRET "s3cret-hash-value"
#define PATIENCE_SEC 6
#define STATEMENTS 100

static const char *status_name(apr_status_t status)
{
    return status == APR_SUCCESS ? "success"
         : status == PWR_STORE_AWAY ? "away"
         : status == PWR_STORE_BROKEN ? "broken" : "?";
}

/* Every operation on a store in this state; all out-parameters refuse. */
static void all_fail(bench *made, apr_pool_t *pool, pwr_store *store,
                     const char *want, const char *name)
{
    const pwr_store_ops *ops = store->ops;
    pwr_users users = { .n = 7 };
    pwr_jobs jobs = { 7, NULL, 7 };
    pwr_job job = { .kind = PWR_JOB_RECOVER, .realm = "r", .id = "1" };
    pwr_token token = { .realm = "r", .user_id = "u1", .job = "j",
                        .state = PWR_TOKEN_LIVE };
    pwr_session session = { .realm = "r", .user_id = "u1" };
    pwr_change change = { .realm = "r", .user_id = "u1", .stored = SECRET,
                          .stamp = "x", .outcome = PWR_CHANGE_DONE };
    pwr_session_lookup lookup = { "r", "d", .idle_sec = 5,
                                  .state = PWR_SESSION_LIVE };
    pwr_mint mint = PWR_MINT_DONE;
    pwr_guess guess = { .realm = "r", .name = "eve", .network = "n",
                        .rate = { 1, 1, 1 }, .lane = PWR_GUESS_COMMON,
                        .wait_ms = 7 }, given = guess;
    pwr_device device = { .realm = "r", .user_id = "u1", .stamp = "s" };
    pwr_user user = { .id = "7", .login = "e", .password = SECRET };
    int may = 7, mine = 7, added = 7, taken = 7, begun = 7;
    int64_t age_sec = 7;
    apr_status_t got[] = {
        ops->users_find(store, pool, PWR_USER_BY_LOGIN, "eve", &users),
        ops->job_add(store, pool, &job),
        ops->job_batch(store, pool, 5, NULL, &jobs),
        ops->job_claim(store, pool, &job, "A", 5, &mine),
        ops->job_retry(store, pool, &job, "A", 5, "no"),
        ops->job_done(store, pool, &job, "A"),
        ops->token_mint(store, pool, &token, &mint),
        ops->token_find(store, pool, "r", "d", &token, &user),
        ops->token_double_click(store, pool, "r", "d", &may),
        ops->password_change(store, pool, &change),
        ops->session_add(store, pool, &session, 5, &begun),
        ops->session_add(store, pool, &session, 5, NULL),
        ops->session_find(store, pool, &lookup),
        ops->session_end(store, pool, "r", "d"),
        ops->guess_take(store, pool, &guess),
        ops->guess_give_back(store, pool, &given),
        ops->device_take(store, pool, &device, &guess.rate, &taken),
        ops->device_add(store, pool, &device, NULL),
        ops->user_add(store, pool, &user, &added),
        ops->proxy_seen(store, pool, "r"),
        ops->proxy_age(store, pool, "r", &age_sec),
    };

    for (size_t i = 0; i < sizeof(got) / sizeof(*got); i++) {
        tap_str(status_name(got[i]), want, "%s: operation %d", name, (int)i);
    }
    tap_ok(users.n == 0 && jobs.n == 0 && mine == 0 && may == 0
           && mint == PWR_MINT_REFUSED && token.state == PWR_TOKEN_UNKNOWN
           && !user.id && change.outcome == PWR_CHANGE_REFUSED
           && change.token_state == PWR_TOKEN_UNKNOWN && added == 0
           && begun == 0
           && guess.lane == PWR_GUESS_REFUSED && guess.wait_ms == 0
           && taken == 0 && age_sec == -1 && lookup.state == PWR_SESSION_NONE
           && !lookup.session.user_id,
           "%s: all answers refuse", name);
    (void)made;
}

static void test_no_schema(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = { .prefix = "none_" };
    pwr_store *store = bench_store(made, &conf);
    const char *log;
    int version = 7;

    bench_log(made);
    tap_ok(store->ops->schema_version(store, pool, &version) == APR_SUCCESS
           && version == 0, "no schema is version 0");
    tap_str(bench_log(made), "", "which is no fault");
    all_fail(made, pool, store, "broken", "no schema");
    log = bench_log(made);
    tap_ok(strstr(log, "PWR0204 job_add: job_add failed") != NULL
           && strstr(log, "pwresetctl schema --apply") != NULL
           && strstr(log, "none_job") != NULL, "the table and the remedy");
}

static void test_no_connection(bench *made, apr_pool_t *pool)
{
    pwr_store *store = bench_store(made, NULL);

    bench_refuse(made, 1000);
    all_fail(made, pool, store, "away", "no connection");
    bench_refuse(made, 0);
    tap_str(bench_log(made), "", "the lender tells why, not the store");
}

static void test_schema(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .prefix = bench_is_mysql(made) ? "pwreset.twice_" : "main.twice_",
    };
    pwr_store *store = bench_store(made, &conf);
    const char *text;
    int version;

    for (int i = 0; i < 2; i++) {
        tap_int(store->ops->schema_apply(store, pool), APR_SUCCESS,
                "apply the schema, to a prefix with a schema's name");
        store->ops->schema_version(store, pool, &version);
        tap_int(version, PWR_SCHEMA_VERSION, "its version");
    }
    bench_sql(made, "UPDATE twice_meta SET value = 99 WHERE name = 'schema'");
    store->ops->schema_apply(store, pool);
    store->ops->schema_version(store, pool, &version);
    tap_int(version, 99, "a schema of the future is left alone");

    text = pwr_store_dbd_schema(pool, PWR_DIALECT_MYSQL, "x_");
    tap_ok(strstr(text, "CREATE TABLE IF NOT EXISTS x_token") != NULL
           && strstr(text, "ENGINE=InnoDB") != NULL && !strchr(text, '{')
           && text[strlen(text) - 1] == '\n', "its text for MySQL");
    text = pwr_store_dbd_schema(pool, PWR_DIALECT_SQLITE, "main.x_");
    tap_ok(strstr(text, "CREATE INDEX IF NOT EXISTS main.x_token_owner"
                  " ON x_token") != NULL && !strstr(text, "InnoDB")
           && !strchr(text, '{'), "its text for SQLite");
    tap_str(bench_log(made), "", "nothing was logged");
}

typedef struct fault {
    const char *name;
    const char *sql;            /* done before */
    pwr_store_conf conf;
    const char *id, *words;     /* of the log line */
} fault;

/* Each breaks /change of u1; what was written is undone. */
static void fault_run(bench *made, apr_pool_t *pool, const fault *one)
{
    scene on = { made, pool, bench_store(made, NULL) };
    pwr_change change;
    const char *log;

    scene_reset(&on);
    change = scene_change(&on, scene_mint(&on, "u1", 'a'), SECRET);
    bench_sql(made, "%s", one->sql);
    bench_log(made);
    on.store = bench_store(made, &one->conf);
    tap_int(scene_change_do(&on, &change), -1, "%s", one->name);
    log = bench_log(made);
    if (!tap_ok(strstr(log, one->id) && strstr(log, one->words),
                "%s: told as %s", one->name, one->id)) {
        printf("#  %s", log);
    }
    tap_ok(!strstr(log, SECRET), "%s: no value is told", one->name);
    tap_int(bench_number(made, "SELECT COUNT(*) FROM {p}token"
                         " WHERE spent_at > 0"), 0, "%s: no string spent",
            one->name);
    tap_str(bench_value(made, "SELECT password FROM {p}user WHERE id = 'u1'"),
            "old", "%s: no password changed", one->name);
}

static void test_faults(bench *made, apr_pool_t *pool)
{
    static const fault faults[] = {
        { "a column that is not there", "DELETE FROM {p}job",
          { .password_update = "UPDATE {prefix}user SET passwort = :hash"
                               " WHERE id = :id" },
          "PWR0205", "passwort" },
        { "a table that is not there", "DELETE FROM {p}job",
          { .id_query = "SELECT * FROM {prefix}users WHERE id = :id" },
          "PWR0204", "users" },
        { "SQL that is none", "DELETE FROM {p}job",
          { .id_query = "SELECT FROM WHERE :id" }, "PWR0207",
          "PwResetIdQuery" },
        { "a query without the password", "DELETE FROM {p}job",
          { .id_query = "SELECT id, login, email FROM {prefix}user"
                        " WHERE id = :id" },
          "PWR0220", "no column \"password\"" },
        { "a query without the id", "DELETE FROM {p}job",
          { .id_query = "SELECT login, email, password FROM {prefix}user"
                        " WHERE id = :id" },
          "PWR0220", "AS id" },
        { "a column that may not be NULL", "DELETE FROM {p}job",
          { .password_update = "UPDATE {prefix}user SET password = :hash,"
                               " changed_at = NULL WHERE id = :id" },
          "PWR0205", "changed_at" },
        { "a key that is taken", "DELETE FROM {p}job",
          { .password_update = "UPDATE {prefix}user SET password = :hash,"
                               " login = 'bob' WHERE id = :id" },
          "PWR0210", "PwResetPasswordUpdate" },
        { "no lock rows", "DELETE FROM {p}meta WHERE name <> 'schema'",
          { .prefix = NULL }, "PWR0221", "schema --apply" },
    };

    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        fault_run(made, pool, &faults[i]);
    }
}

static void test_mysql_faults(bench *made, apr_pool_t *pool)
{
    static const fault faults[] = {
        { "a narrow column",
          "ALTER TABLE {p}user MODIFY password VARCHAR(10)",
          { .prefix = NULL }, "PWR0208", "255" },
        { "a number's column, whose error quotes the value",
          "ALTER TABLE {p}user MODIFY password VARCHAR(255)",
          { .password_update = "UPDATE {prefix}user SET password = :hash,"
                               " changed_at = :hash WHERE id = :id" },
          "PWR0208", "wrong type" },
        { "another function's name",
          "DELETE FROM {p}job",
          { .id_query = "SELECT id, login, email, password FROM {prefix}user"
                        " WHERE id = NOSUCH(:id)" }, "PWR0207", "NOSUCH" },
        { "a query that takes too long", "DELETE FROM {p}job",
          { .id_query = "SELECT id, login, email, password FROM {prefix}user"
                        " WHERE id = :id AND SLEEP(20) = 0" },
          "PWR0202", "max_statement_time" },
    };
    apr_time_t begun = apr_time_now();

    bench_sql(made, "INSERT IGNORE INTO {p}meta VALUES ('lock-0', 0)");
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        fault_run(made, pool, &faults[i]);
    }
    tap_ok(apr_time_now() - begun < apr_time_from_sec(PATIENCE_SEC),
           "and within seconds");
}

/* What is written there stays, whatever comes after it: refused before. */
static void test_engines(bench *made, apr_pool_t *pool)
{
    static const fault faults[] = {
        { "a table that can undo nothing", "ALTER TABLE {p}user ENGINE=MyISAM",
          { .prefix = NULL }, "PWR0229", "faults_user ENGINE=InnoDB" },
        { "the same in a join, by another name", "DELETE FROM {p}job",
          { .password_update = "UPDATE {prefix}meta AS m JOIN `pwreset` ."
                               " {prefix}user AS u ON m.name = 'schema' SET"
                               " u.password = :hash WHERE u.id = :id" },
          "PWR0229", "of engine MyISAM" },
        { "the same below a view",
          "CREATE OR REPLACE VIEW {p}seen AS SELECT u.* FROM {p}user u",
          { .password_update = "UPDATE {prefix}seen SET password = :hash"
                               " WHERE id = :id" },
          "PWR0229", "pwreset.faults_user is of engine MyISAM" },
        { "and below two of them",
          "CREATE OR REPLACE VIEW {p}far AS SELECT * FROM {p}seen",
          { .password_update = "UPDATE {prefix}far SET password = :hash"
                               " WHERE id = :id" },
          "PWR0229", "pwreset.faults_user is of engine MyISAM" },
        { "a trigger that cuts", "CREATE TRIGGER {p}cut BEFORE UPDATE ON"
          " {p}aside FOR EACH ROW SET NEW.password = LEFT(NEW.password, 5)",
          { .password_update = "UPDATE {prefix}aside SET password = :hash"
                               " WHERE id = :id",
            .id_query = "SELECT * FROM {prefix}aside WHERE id = :id" },
          "PWR0223", "trigger" },
    };
    scene on = { made, pool, bench_store(made, NULL) };
    const pwr_store_conf seen = {
        .password_update = "UPDATE {prefix}seen SET password = :hash"
                           " WHERE id = :id"
    };
    pwr_change change;

    scene_reset(&on);
    bench_sql(made, "CREATE TABLE {p}aside ENGINE=InnoDB"
              " SELECT * FROM {p}user");
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        fault_run(made, pool, &faults[i]);
    }
    bench_sql(made, "DROP TABLE {p}aside");
    bench_sql(made, "ALTER TABLE {p}user ENGINE=InnoDB");
    scene_reset(&on);
    change = scene_change(&on, scene_mint(&on, "u1", 'a'), SECRET);
    on.store = bench_store(made, &seen);
    tap_int(scene_change_do(&on, &change), PWR_CHANGE_DONE,
            "a view on a table that can undo");
    bench_sql(made, "DROP VIEW {p}seen, {p}far");
}

/* A user of the database who may read but not write. */
static void test_grants(bench *made, apr_pool_t *pool, const char *params)
{
    pwr_store *store = bench_store_at(made, NULL, params);
    pwr_job job = { .kind = PWR_JOB_RECOVER, .realm = "r" };
    const char *log;

    tap_int(store->ops->job_add(store, pool, &job), PWR_STORE_BROKEN,
            "no grant to write");
    log = bench_log(made);
    tap_ok(strstr(log, "PWR0206 job_add") && strstr(log, "GRANT SELECT, INSERT")
           && strstr(log, "INSERT command denied"), "told what to grant");
}

/* Somebody else's transaction holds what we need, and goes on holding it. */
static void test_locked(bench *made, apr_pool_t *pool)
{
    scene on = { made, pool, bench_store(made, NULL) };
    pwr_change change;
    apr_time_t begun;

    scene_reset(&on);
    change = scene_change(&on, scene_mint(&on, "u1", 'a'), SECRET);
    bench_log(made);
    bench_sql(made, bench_is_mysql(made) ? "BEGIN" : "BEGIN IMMEDIATE");
    bench_sql(made, "UPDATE {p}user SET name = 'held' WHERE id = 'u1'");
    begun = apr_time_now();
    tap_int(on.store->ops->password_change(on.store, pool, &change),
            PWR_STORE_AWAY, "the row is locked by another program");
    tap_ok(apr_time_now() - begun < apr_time_from_sec(PATIENCE_SEC),
           "waiting ends within seconds");
    tap_ok(strstr(bench_log(made), "PWR0200 password_change") != NULL,
           "and is told");
    bench_sql(made, "ROLLBACK");
    tap_int(scene_change_do(&on, &change), PWR_CHANGE_DONE,
            "afterwards it goes on");
}

/* Hundreds of vhosts with queries of their own share a connection; the server
 * holds 16382 statements for everybody. */
static void test_statements(bench *made, apr_pool_t *pool)
{
    long long held;
    int found = 0;

    bench_forget(made);
    for (int i = 0; i < 2 * STATEMENTS; i++) {
        const pwr_store_conf conf = {
            .login_query = apr_psprintf(pool, "SELECT id, login, email, %d AS"
                " password FROM {prefix}user WHERE login = :login",
                i % STATEMENTS),
        };
        pwr_store *store = bench_store(made, &conf);
        pwr_users users = { 0 };

        store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "bob", &users);
        found += users.n == 1
              && !strcmp(users.row[0].password,
                         apr_itoa(pool, i % STATEMENTS));
    }
    tap_int(found, 2 * STATEMENTS, "%d stores on one connection", STATEMENTS);
    if (bench_is_mysql(made)) {
        held = bench_number(made, "SELECT variable_value FROM"
                            " information_schema.global_status WHERE"
                            " variable_name = 'Prepared_stmt_count'");
        tap_ok(held > 0 && held <= 64, "the server holds %lld statements",
               held);
    }
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    pwr_store *store = bench_store(made, NULL);

    store->ops->schema_apply(store, pool);
    test_no_schema(made, pool);
    test_no_connection(made, pool);
    test_schema(made, pool);
    test_locked(made, pool);
    test_statements(made, pool);
    test_faults(made, pool);
    if (bench_is_mysql(made)) {
        store->ops->schema_apply(store, pool);
        test_mysql_faults(made, pool);
        bench_sql(made, "ALTER TABLE {p}user MODIFY password VARCHAR(255)");
        test_engines(made, pool);
        bench_ask("poor");
        test_grants(made, pool, bench_extra(made, 0));
    }
    return tap_end();
}
