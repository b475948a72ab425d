/* SPDX-License-Identifier: Apache-2.0 */
/* Finding users: the provider's table may be anything, and whoever asks may
 * type anything. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/builtin.h"
#include "core/preset.h"
#include "tap.h"

#define PEOPLE "SELECT uid AS id, nick AS LOGIN, mail AS Email," \
    " pw AS password, lang AS language FROM {prefix}people WHERE "
/* What a careless collation would do at its worst: everybody is equal. */
#define EVERYBODY PEOPLE ":email = :email"

#define SHARP_S "stra\xC3\x9F" "e"
#define DOTLESS "adm\xC4\xB1n"
#define WIDE "\xEF\xBD\x81" "dmin"
#define KEY_EMOJI "\xF0\x9F\x94\x91"
#define POCHTA "\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.\xD1\x80\xD1\x84"
#define POCHTA_ASCII "xn--80a1acny.xn--p1ai"
#define IVAN "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD"

static const pwr_store_conf people = {
    .user_query = PEOPLE "mail = :email",
    .login_query = PEOPLE "nick = :login",
    .id_query = PEOPLE "uid = :id",
    .password_update = "UPDATE {prefix}people SET pw = :hash WHERE uid = :id",
};

static void tables_make(bench *made)
{
    static const char *const rows[] = {
        "1, 'admin', 'admin@example.org', 'h1', 'en'",
        "2, '" DOTLESS "', '" DOTLESS "@example.org', 'h2', NULL",
        "3, '" WIDE "', '" WIDE "@example.org', 'h3', ''",
        "4, '" SHARP_S "', '" SHARP_S "@example.org', 'h4', 'de'",
        "5, 'strasse', 'strasse@example.org', 'h5', 'de'",
        "6, 'O''Brien \"100%\" \\\\', 'o''brien@example.org', 'h6', NULL",
        "7, NULL, NULL, NULL, NULL",
        "8, '', '', '', ''",
        "9, '" KEY_EMOJI "', '" KEY_EMOJI "@example.org', 'h9', NULL",
        "10, '" IVAN "', 'Ivan@Example.ORG', 'h10', 'ru'",
        "11, '%s', 'percent%%s@example.org', 'h11', NULL",
        "12, '0', '0@example.org', 'h12', NULL",
        "13, ':login', ':email@example.org', 'h13', NULL",
        "14, '" DOTLESS "2', 'blank@example.org   ', 'h14', NULL",
        "15, 'letters', 'letters@" POCHTA "', 'h15', NULL",
        "16, 'ascii', 'ascii@" POCHTA_ASCII "', 'h16', NULL",
    };
    const char *ci = bench_is_mysql(made)
                         ? "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
                         : "COLLATE NOCASE";

    bench_sql(made, "DROP TABLE IF EXISTS {p}people");
    bench_sql(made, "CREATE TABLE {p}people (uid INTEGER, nick VARCHAR(100) %s,"
              " mail VARCHAR(200) %s, pw VARCHAR(255), lang VARCHAR(8))",
              ci, ci);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        /* SQLite knows no backslash in a text. */
        const char *row = i == 5 && !bench_is_mysql(made)
            ? "6, 'O''Brien \"100%\" \\', 'o''brien@example.org', 'h6', NULL"
            : rows[i];

        bench_sql(made, "INSERT INTO {p}people VALUES (%s)", row);
    }
}

typedef struct question {
    pwr_user_key key;
    const char *value;
    const char *password;       /* of the one row, or NULL: nobody */
} question;

static const question questions[] = {
    { PWR_USER_BY_LOGIN, "admin", "h1" },
    { PWR_USER_BY_LOGIN, " ADMIN ", "h1" },
    { PWR_USER_BY_LOGIN, DOTLESS, "h2" },
    { PWR_USER_BY_LOGIN, WIDE, "h3" },
    { PWR_USER_BY_LOGIN, SHARP_S, "h4" },
    { PWR_USER_BY_LOGIN, "strasse", "h5" },
    { PWR_USER_BY_LOGIN, "O'Brien \"100%\" \\", "h6" },
    { PWR_USER_BY_LOGIN, KEY_EMOJI, "h9" },
    { PWR_USER_BY_LOGIN, IVAN, "h10" },
    { PWR_USER_BY_LOGIN, "%s", "h11" },
    { PWR_USER_BY_LOGIN, "0", "h12" },
    { PWR_USER_BY_LOGIN, ":login", "h13" },
    { PWR_USER_BY_LOGIN, "\xF0\x9F\x94\x92", NULL },    /* another emoji */
    { PWR_USER_BY_LOGIN, "", NULL },
    { PWR_USER_BY_LOGIN, "   ", NULL },
    { PWR_USER_BY_LOGIN, "%", NULL },
    { PWR_USER_BY_LOGIN, "_dmin", NULL },
    { PWR_USER_BY_LOGIN, "admin' OR '1'='1", NULL },
    { PWR_USER_BY_LOGIN, "admin\\", NULL },
    { PWR_USER_BY_LOGIN, "adm\xEF", NULL },             /* not UTF-8 */
    { PWR_USER_BY_LOGIN, NULL, NULL },
    { PWR_USER_BY_EMAIL, "admin@example.org", "h1" },
    { PWR_USER_BY_EMAIL, "Admin@EXAMPLE.org", "h1" },
    { PWR_USER_BY_EMAIL, "ivan@example.org", "h10" },
    { PWR_USER_BY_EMAIL, "o'brien@example.org", "h6" },
    { PWR_USER_BY_EMAIL, "letters@" POCHTA, "h15" },
    { PWR_USER_BY_EMAIL, "letters@" POCHTA_ASCII, "h15" },
    { PWR_USER_BY_EMAIL, "ascii@" POCHTA, "h16" },
    { PWR_USER_BY_EMAIL, "ascii@" POCHTA_ASCII, "h16" },
    { PWR_USER_BY_EMAIL, "nobody@" POCHTA, NULL },
    { PWR_USER_BY_EMAIL, "0", NULL },
    { PWR_USER_BY_EMAIL, "", NULL },
    { PWR_USER_BY_EMAIL, "@", NULL },
    { PWR_USER_BY_EMAIL, "admin@example.org\n", "h1" },     /* trimmed */
    { PWR_USER_BY_EMAIL, "admin@example.org,x@y.org", NULL },
    { PWR_USER_BY_ID, "1", "h1" },
    { PWR_USER_BY_ID, "10", "h10" },
    { PWR_USER_BY_ID, "1abc", NULL },
    { PWR_USER_BY_ID, "01", NULL },
    { PWR_USER_BY_ID, " 1", NULL },
    { PWR_USER_BY_ID, "1.0", NULL },
    { PWR_USER_BY_ID, "0", NULL },
    { PWR_USER_BY_ID, "", NULL },
    { PWR_USER_BY_ID, "1e0", NULL },
};

static void test_questions(apr_pool_t *pool, pwr_store *store)
{
    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        const question *asked = &questions[i];
        pwr_users users = { .n = 7 };
        apr_status_t status = store->ops->users_find(store, pool, asked->key,
                                                     asked->value, &users);

        tap_ok(status == APR_SUCCESS && users.n == !!asked->password,
               "question %d: %d rows", (int)i, users.n);
        if (asked->password && users.n == 1) {
            tap_str(users.row[0].password, asked->password,
                    "question %d: the right one", (int)i);
        }
    }
}

static void test_columns(apr_pool_t *pool, pwr_store *store)
{
    pwr_users users = { 0 };
    const pwr_user *user;

    store->ops->users_find(store, pool, PWR_USER_BY_ID, "2", &users);
    user = users.row;
    tap_str(user->login, DOTLESS, "columns are found by name in any case");
    tap_ok(!user->language && !user->name && !user->recovery_email
           && !user->changed_at, "NULL and absent columns are NULL");
    tap_int((long long)strlen(user->stamp), PWR_DIGEST_HEX, "a stamp");
    store->ops->users_find(store, pool, PWR_USER_BY_ID, "7", &users);
    tap_ok(users.n == 1 && !users.row[0].password && !users.row[0].login,
           "a row of NULLs has an id only");
}

/* Everything that C checks is checked when the database checks nothing. */
static void test_everybody(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .user_query = EVERYBODY,
        .login_query = PEOPLE ":login = :login",
        .id_query = PEOPLE ":id = :id",
    };

    test_questions(pool, bench_store(made, &conf));
}

static void test_many(bench *made, apr_pool_t *pool, pwr_store *store)
{
    const pwr_store_conf twice = {
        .user_query = "SELECT uid AS id, nick AS login, mail AS email,"
            " pw AS password FROM {prefix}people, (SELECT 1 AS a UNION ALL"
            " SELECT 2) AS twice WHERE mail = :email",
        .id_query = PEOPLE "uid = :id",
    };
    pwr_store *doubled = bench_store(made, &twice);
    pwr_users users = { 0 };

    for (int i = 100; i < 125; i++) {
        bench_sql(made, "INSERT INTO {p}people VALUES (%d, 'many%d',"
                  " 'many@example.org', 'h', NULL)", i, i);
    }
    store->ops->users_find(store, pool, PWR_USER_BY_EMAIL, "many@example.org",
                           &users);
    tap_int(users.n, PWR_USERS_MAX, "of 25 rows ten are used");
    doubled->ops->users_find(doubled, pool, PWR_USER_BY_EMAIL,
                             "admin@example.org", &users);
    tap_int(users.n, 1, "a join that repeats a user gives one");
}

/* Somebody's WHERE compares nothing, and the table is large. */
static void test_endless(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = { .user_query = EVERYBODY };
    pwr_store *store = bench_store(made, &conf);
    pwr_users users = { 0 };

    for (int i = 200; i < 320; i++) {
        bench_sql(made, "INSERT INTO {p}people VALUES (%d, 'n', 'n%d@x.org',"
                  " 'h', NULL)", i, i);
    }
    bench_log(made);
    tap_ok(store->ops->users_find(store, pool, PWR_USER_BY_EMAIL, "n319@x.org",
                                  &users) == APR_SUCCESS && users.n == 0,
           "nobody looks through a whole table");
    tap_ok(strstr(bench_log(made), "PWR0224 PwResetUserQuery") != NULL,
           "and the admin is told");
}

/* The same by a query that has him last. */
static void test_pushed_out(bench *made, apr_pool_t *pool,
                            const pwr_store_conf *like)
{
    pwr_store_conf conf = *like;
    pwr_users users = { 0 };
    pwr_store *store;

    conf.user_query = "SELECT username AS id, username AS login, username AS"
                      " email, email_other AS recovery_email, password"
                      " FROM {prefix}mailbox WHERE username = :email"
                      " OR email_other = :email ORDER BY username";
    store = bench_store(made, &conf);
    store->ops->users_find(store, pool, PWR_USER_BY_EMAIL, "owner@x.org",
                           &users);
    tap_ok(users.n == PWR_USERS_MAX && strcmp(users.row[0].password, "own"),
           "control: by a query that has the owner last he is not");
    tap_ok(strstr(bench_log(made), "PWR0224 PwResetUserQuery") != NULL,
           "and the admin is told");
}

/* The address of one account is the recovery address of more than are looked
 * at: its owner is found all the same where the query has him first, as that of
 * the preset does, or else the admin is told. */
static void test_crowd(bench *made, apr_pool_t *pool)
{
    static const char *const recovery[] = { "'home@x.org'", "'owner@x.org'",
                                            "''", "NULL" };
    const pwr_builtin *file = pwr_builtin_find("presets/postfixadmin.conf");
    pwr_conf *preset = pwr_conf_make(pool);
    pwr_store_conf conf = { .prefix = NULL };
    pwr_users users = { 0 };

    tap_str(pwr_preset_take(pool, file->bytes, "{prefix}", preset), NULL,
            "the preset for mailboxes");
    conf.user_query = preset->user_query;
    conf.id_query = preset->id_query;
    bench_sql(made, "DROP TABLE IF EXISTS {p}mailbox");
    bench_sql(made, "CREATE TABLE {p}mailbox (username VARCHAR(99) PRIMARY KEY,"
              " email_other VARCHAR(99), password VARCHAR(99), name"
              " VARCHAR(99), active INTEGER)");
    for (int i = 0; i < 120; i++) {
        bench_sql(made, "INSERT INTO {p}mailbox VALUES ('a%03d@x.org',"
                  " 'owner@x.org', 'h', '', 1)", i);
    }
    bench_log(made);
    for (size_t i = 0; i < sizeof(recovery) / sizeof(*recovery); i++) {
        pwr_store *store = bench_store(made, &conf);

        bench_sql(made, "DELETE FROM {p}mailbox WHERE username LIKE 'owner%%'");
        bench_sql(made, "INSERT INTO {p}mailbox VALUES ('owner@x.org', %s,"
                  " 'own', '', 1)", recovery[i]);
        store->ops->users_find(store, pool, PWR_USER_BY_EMAIL, "owner@x.org",
                               &users);
        tap_ok(users.n == PWR_USERS_MAX
               && !strcmp(users.row[0].password, "own"),
               "the owner, whose own recovery address is %s, is found",
               recovery[i]);
        tap_str(bench_log(made), "", "and nobody is told");
    }
    test_pushed_out(made, pool, &conf);
}

static void test_huge(apr_pool_t *pool, pwr_store *store)
{
    char *value = apr_palloc(pool, 1 << 20);
    pwr_users users = { 0 };

    memset(value, 'a', (1 << 20) - 1);
    value[(1 << 20) - 1] = '\0';
    tap_ok(store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, value,
                                  &users) == APR_SUCCESS && users.n == 0,
           "a login of a megabyte is nobody's");
    tap_ok(store->ops->users_find(store, pool, PWR_USER_BY_ID, value,
                                  &users) == APR_SUCCESS && users.n == 0,
           "an id of a megabyte is nobody's");
}

static void test_binary(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .login_query = "SELECT id, login, email, password"
                       " FROM {prefix}binary WHERE login = :login",
        .id_query = "SELECT id, login, email, password"
                    " FROM {prefix}binary WHERE CAST(id AS CHAR) = :id",
    };
    pwr_store *store = bench_store(made, &conf);
    pwr_users users = { 0 };
    const char *type = bench_is_mysql(made) ? "VARBINARY(255)" : "BLOB";

    bench_sql(made, "DROP TABLE IF EXISTS {p}binary");
    bench_sql(made, "CREATE TABLE {p}binary (id %s, login VARCHAR(99),"
              " email %s, password %s)", type, type, type);
    bench_sql(made, "INSERT INTO {p}binary VALUES (X'3137', 'bin',"
              " X'6240782E6F7267', X'683137')");
    bench_sql(made, "INSERT INTO {p}binary VALUES (X'3138', 'nul', X'00',"
              " X'680031')");
    for (int i = 0; i < 3; i++) {
        store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "bin", &users);
        tap_ok(users.n == 1 && !strcmp(users.row[0].id, "17")
               && !strcmp(users.row[0].email, "b@x.org")
               && !strcmp(users.row[0].password, "h17"),
               "binary columns end where they end");
    }
    store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "nul", &users);
    tap_ok(users.n == 1 && !users.row[0].email && !users.row[0].password,
           "values with a NUL inside are no text");
}

/* A site of 2004 keeps latin1 columns; anybody may type Cyrillic there. */
static void test_latin1(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .login_query = "SELECT id, login, email, password FROM {prefix}latin"
                       " WHERE login = :login",
        .id_query = "SELECT id, login, email, password FROM {prefix}latin"
                    " WHERE id = :id",
    };
    pwr_store *store = bench_store(made, &conf);
    pwr_users users = { 0 };
    static const char *const nobody[] = { IVAN, KEY_EMOJI, "\xC3\xA9" };

    bench_sql(made, "DROP TABLE IF EXISTS {p}latin");
    bench_sql(made, "CREATE TABLE {p}latin (id INTEGER, login VARCHAR(99),"
              " email VARCHAR(99), password VARCHAR(99))%s",
              bench_is_mysql(made) ? " CHARACTER SET latin1" : "");
    bench_sql(made, "INSERT INTO {p}latin VALUES (1, 'caf\xC3\xA9', 'a@x.org',"
              " 'h')");
    store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "caf\xC3\xA9",
                           &users);
    tap_int(users.n, 1, "a latin1 column holds an e with an accent");
    bench_log(made);
    for (size_t i = 0; i < sizeof(nobody) / sizeof(*nobody); i++) {
        tap_ok(store->ops->users_find(store, pool, PWR_USER_BY_LOGIN,
                                      nobody[i], &users) == APR_SUCCESS
               && users.n == 0, "what latin1 cannot hold is nobody's (%d)",
               (int)i);
    }
    tap_str(bench_log(made), "", "and no line in the log");
}

static void test_altered(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .login_query = "SELECT * FROM {prefix}alter WHERE login = :login",
        .id_query = "SELECT * FROM {prefix}alter WHERE id = :id",
    };
    pwr_store *store = bench_store(made, &conf);
    pwr_users users = { 0 };

    bench_sql(made, "DROP TABLE IF EXISTS {p}alter");
    bench_sql(made, "CREATE TABLE {p}alter (id INTEGER, login VARCHAR(99),"
              " email VARCHAR(99), password VARCHAR(99))");
    bench_sql(made, "INSERT INTO {p}alter VALUES (1, 'eve', 'a@x.org', 'h')");
    store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "eve", &users);
    tap_int(users.n, 1, "SELECT * is read by name");
    bench_sql(made, "ALTER TABLE {p}alter ADD COLUMN name VARCHAR(99)");
    bench_sql(made, "UPDATE {p}alter SET name = 'Eve'");
    for (int i = 0; i < 2; i++) {
        store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "eve", &users);
    }
    tap_ok(users.n == 1 && users.row[0].name
           && !strcmp(users.row[0].name, "Eve"),
           "a table altered under a prepared statement is read anew");
    tap_str(bench_log(made), "", "and no line in the log");
}

static void test_shipped(bench *made, apr_pool_t *pool)
{
    pwr_store *store = bench_store(made, NULL);
    pwr_user user = { .login = "O'Brien % :id \\ " KEY_EMOJI,
                      .email = "o@example.org", .password = "h" };
    pwr_users users = { 0 };
    int added;

    tap_int(store->ops->user_add(store, pool, &user, &added), APR_SUCCESS,
            "add a user");
    tap_ok(added, "it was added");
    store->ops->user_add(store, pool, &user, &added);
    tap_ok(!added, "the same login is not added twice");
    user.login = "o'bRIEN % :ID \\ " KEY_EMOJI;
    store->ops->user_add(store, pool, &user, &added);
    tap_ok(!added, "nor in another case");
    store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, user.login, &users);
    tap_int(users.n, 1, "found by login");
    store->ops->users_find(store, pool, PWR_USER_BY_EMAIL, "O@Example.org",
                           &users);
    tap_int(users.n, 1, "found by address");
    store->ops->users_find(store, pool, PWR_USER_BY_ID, users.row[0].id,
                           &users);
    tap_int(users.n, 1, "found by id");
}

/* A provider need not name the same columns in each query. */
static void test_stamps(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .login_query = "SELECT id, login, email, password FROM {prefix}user"
                       " WHERE login = :login",
        .user_query = "SELECT id, login, email, 'no' AS password,"
                      " 'r@example.org' AS recovery_email"
                      " FROM {prefix}user WHERE email = :email",
    };
    pwr_store *store = bench_store(made, &conf);
    pwr_user user = { .login = "stamped", .email = "s@example.org",
                      .password = "h" };
    pwr_users users = { 0 }, same = { 0 };
    int added;

    store->ops->user_add(store, pool, &user, &added);
    store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "stamped", &users);
    store->ops->users_find(store, pool, PWR_USER_BY_ID, users.row[0].id,
                           &same);
    tap_str(users.row[0].stamp, same.row[0].stamp,
            "the stamp is the id query's where the login query lacks a column");
    store->ops->users_find(store, pool, PWR_USER_BY_EMAIL, "s@example.org",
                           &users);
    tap_str(users.row[0].stamp, same.row[0].stamp,
            "or the user query has another password");
    tap_str(users.row[0].mail_stamp, same.row[0].mail_stamp,
            "that of strings, too");
    tap_str(users.row[0].address_stamp, same.row[0].address_stamp,
            "and that of the link \"this was not me\"");
    tap_str(users.row[0].password, "no", "the rest is what the query says");
}

/* Whom PwResetIdQuery does not know cannot be served. */
static void test_unknown_id(bench *made, apr_pool_t *pool)
{
    const pwr_store_conf conf = {
        .id_query = "SELECT id, login, email, password FROM {prefix}user"
                    " WHERE id = :id AND login <> 'stamped'",
    };
    pwr_store *store = bench_store(made, &conf);
    pwr_users users = { 0 };

    tap_ok(store->ops->users_find(store, pool, PWR_USER_BY_LOGIN, "stamped",
                                  &users) == APR_SUCCESS && users.n == 0,
           "whom the id query does not know is nobody");
}

/* ---- a password that is changed between the two queries ---- */

#define PASSWORDS 300           /* one after the other */
#define READERS 3

typedef struct race {
    bench *made;
    pwr_store *store;
    const char *stamp[PASSWORDS];   /* of each */
    int is_over;                    /* atomic, as the rest */
    int reads, dead;
} race;

static void password_set(bench *made, int n)
{
    bench_sql(made, "UPDATE {p}user SET password = '%d' WHERE login = 'raced'",
              n);
}

/* Would the password of before pass under the stamp of after? */
static int is_dead(const race *all, const pwr_user *user)
{
    int n = atoi(user->password), of = 0;

    while (of < PASSWORDS && strcmp(all->stamp[of], user->stamp) != 0) {
        of++;
    }
    return n < of;
}

/* Index 0 changes the password, the others want to sign in. */
static void race_run(int index, void *baton)
{
    race *all = baton;
    apr_pool_t *pool;

    for (int n = 0; index == 0 && n < PASSWORDS; n++) {
        password_set(all->made, n);
    }
    if (index == 0) {
        __atomic_store_n(&all->is_over, 1, __ATOMIC_RELEASE);
    }
    apr_pool_create(&pool, NULL);
    while (!__atomic_load_n(&all->is_over, __ATOMIC_ACQUIRE)) {
        pwr_users users = { .is_sole = 1 };

        all->store->ops->users_find(all->store, pool, PWR_USER_BY_LOGIN,
                                    "raced", &users);
        __atomic_fetch_add(&all->reads, users.n, __ATOMIC_RELAXED);
        if (users.n == 1 && is_dead(all, &users.row[0])) {
            __atomic_fetch_add(&all->dead, 1, __ATOMIC_RELAXED);
        }
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
}

static void test_race(bench *made, apr_pool_t *pool)
{
    race all = { .made = made, .store = bench_store(made, NULL) };
    pwr_user user = { .login = "raced", .email = "raced@example.org",
                      .password = "0" };
    pwr_users users = { 0 };
    int added;

    all.store->ops->user_add(all.store, pool, &user, &added);
    for (int n = 0; n < PASSWORDS; n++) {
        password_set(made, n);
        all.store->ops->users_find(all.store, pool, PWR_USER_BY_LOGIN, "raced",
                                   &users);
        all.stamp[n] = apr_pstrdup(pool, users.row[0].stamp);
    }
    bench_threads(made, 1 + READERS, race_run, &all);
    tap_ok(all.reads > PASSWORDS / 2, "read while it is changed: %d times",
           all.reads);
    tap_int(all.dead, 0, "no password of before has the stamp of after");
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool = tap_begin();
    bench *made = bench_open(pool, argc, argv);
    pwr_store *store = bench_store(made, &people);

    store->ops->schema_apply(store, pool);
    tables_make(made);
    test_questions(pool, store);
    test_columns(pool, store);
    test_everybody(made, pool);
    test_many(made, pool, store);
    test_endless(made, pool);
    test_crowd(made, pool);
    test_huge(pool, store);
    test_binary(made, pool);
    test_latin1(made, pool);
    test_altered(made, pool);
    test_shipped(made, pool);
    test_stamps(made, pool);
    test_unknown_id(made, pool);
    if (bench_is_mysql(made)) {
        test_race(made, pool);
    }
    tap_str(bench_log(made), "", "nothing was logged");
    return tap_end();
}
