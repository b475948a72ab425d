/* SPDX-License-Identifier: Apache-2.0 */
/* What an admin may write in the directives of the user table. */
#include "io/store_dbd.h"

#include "tap.h"

static const char *const select_after[] = { "SELECT 1", NULL };
static const char *const call_after[] = { "CALL f(:id)", NULL };
static const char *const drop_after[] = { "DROP TABLE t", NULL };
static const char *const two_after[] = { "DELETE FROM t; DELETE FROM u", NULL };
static const char *const typo_after[] = {
    "DELETE FROM t WHERE id = :id", "DELETE FROM t WHERE id = :uid", NULL
};
static const char *const good_after[] = {
    "INSERT INTO t VALUES (:id, :login, :email, :now, :hash)",
    "delete from t where id = :id", "UPDATE t SET a = 'x:y 100%'", NULL
};

static const pwr_store_conf shipped = {
    .driver = "mysql", .prefix = "pwreset_",
    .user_query = PWR_SHIPPED_USER_QUERY,
    .login_query = PWR_SHIPPED_LOGIN_QUERY,
    .id_query = PWR_SHIPPED_ID_QUERY,
    .password_update = PWR_SHIPPED_PASSWORD_UPDATE,
};

static const struct {
    const char *name;
    pwr_store_conf over;        /* members that are not NULL */
    const char *begins;         /* of the sentence; NULL: taken */
} table[] = {
    { "the shipped ones", { .driver = NULL }, NULL },
    { "sqlite", { .driver = "sqlite3" }, NULL },
    { "another driver", { .driver = "pgsql" }, "DBDDriver must" },
    { "no driver", { .driver = "" }, "DBDDriver must" },
    { "prefix with a schema", { .prefix = "db.p_" }, NULL },
    { "prefix of SQL", { .prefix = "x (a INT); --" }, "PwResetTablePrefix" },
    { "prefix with a quote", { .prefix = "p'" }, "PwResetTablePrefix" },
    { "prefix with a back quote", { .prefix = "`p" }, "PwResetTablePrefix" },
    { "prefix with two dots", { .prefix = "a.b.c" }, "PwResetTablePrefix" },
    { "prefix with a dot first", { .prefix = ".p_" }, "PwResetTablePrefix" },
    { "prefix in Cyrillic", { .prefix = "\xD0\xBF_" }, "PwResetTablePrefix" },
    { "prefix with %", { .prefix = "%s" }, "PwResetTablePrefix" },
    { "a long prefix",
      { .prefix = "a123456789012345678901234567890123456789012345678" },
      "PwResetTablePrefix" },
    { "user query by :login",
      { .user_query = "SELECT * FROM t WHERE m = :login" },
      "PwResetUserQuery" },
    { "user query without :email",
      { .user_query = "SELECT * FROM t WHERE m = 'email'" },
      "PwResetUserQuery must use :email" },
    { "login query that writes",
      { .login_query = "UPDATE t SET a = :login" },
      "PwResetLoginQuery must be one SELECT" },
    { "id query that is empty", { .id_query = "" }, "PwResetIdQuery" },
    { "id query of two",
      { .id_query = "SELECT 1; SELECT * FROM t WHERE id = :id" },
      "PwResetIdQuery" },
    { "update that reads", { .password_update = "SELECT :hash, :id" },
      "PwResetPasswordUpdate must be one UPDATE" },
    { "update without :hash",
      { .password_update = "UPDATE t SET p = 'x' WHERE id = :id" },
      "PwResetPasswordUpdate must use :hash" },
    { "update of everybody",
      { .password_update = "UPDATE t SET p = :hash" },
      "PwResetPasswordUpdate must use :id" },
    { "update by login",
      { .password_update = "UPDATE t SET p = :hash WHERE l = :login" }, NULL },
    { "update by login, to hash anew",
      { .password_update = "UPDATE t SET p = :hash WHERE l = :login",
        .rehash = 1 }, NULL },
    { "update that cannot compare",
      { .password_update = "UPDATE t SET p = :hash WHERE l = :login LIMIT 1",
        .rehash = 1 }, "PwResetRehash needs" },
    { "the same where it need not",
      { .password_update = "UPDATE t SET p = :hash WHERE l = :login LIMIT 1" },
      NULL },
    { "no group query", { .group_query = NULL }, NULL },
    { "group query", { .group_query = "SELECT g AS `group` FROM m"
                       " WHERE u = :id AND l = :login AND e = :email" },
      NULL },
    { "group query of all", { .group_query = "SELECT g FROM m" },
      "PwResetGroupQuery must use :id" },
    { "group query that writes",
      { .group_query = "UPDATE m SET g = 1 WHERE u = :id" },
      "PwResetGroupQuery must be one SELECT" },
    { "group query with another name",
      { .group_query = "SELECT g FROM m WHERE u = :user" },
      "PwResetGroupQuery: " },
    { "good after-changes", { .after_change = good_after }, NULL },
    { "after-change SELECT", { .after_change = select_after },
      "PwResetAfterChange must be" },
    { "after-change CALL", { .after_change = call_after },
      "PwResetAfterChange must be" },
    { "after-change DROP", { .after_change = drop_after },
      "PwResetAfterChange must be" },
    { "after-change of two", { .after_change = two_after },
      "PwResetAfterChange: " },
    { "after-change with a typing mistake", { .after_change = typo_after },
      "PwResetAfterChange: " },
};

static pwr_store_conf either(const pwr_store_conf *over)
{
    pwr_store_conf conf = shipped;

    conf.driver = over->driver ? over->driver : conf.driver;
    conf.prefix = over->prefix ? over->prefix : conf.prefix;
    conf.user_query = over->user_query ? over->user_query : conf.user_query;
    conf.login_query = over->login_query ? over->login_query
                                         : conf.login_query;
    conf.id_query = over->id_query ? over->id_query : conf.id_query;
    conf.password_update = over->password_update ? over->password_update
                                                 : conf.password_update;
    conf.after_change = over->after_change;
    conf.rehash = over->rehash;
    conf.group_query = over->group_query;
    return conf;
}

static void test_param(apr_pool_t *pool)
{
    static const struct { const char *params, *name, *value; } rows[] = {
        { "dbname=site,group=pwreset,reconnect=0", "group", "pwreset" },
        { "host=a;dbname=b|user=c\tpass=d e=f", "e", "f" },
        { "reconnect=0 reconnect=1", "reconnect", "1" },
        { "reconnect=0 Reconnect=1", "reconnect", "1" },
        { "reconnect=0,re=1", "reconnect", "1" },
        { "RECONNECT \t= 0;x", "reconnect", "0" },
        { "group= reconnect=0", "group", "reconnect=0" },
        { "group= reconnect=0", "reconnect", NULL },
        { "=x,=,group=y", "group", "y" }, { "reconnect=0", "", NULL },
        { "group=", "group", "" }, { "dbname=group=x", "group", NULL },
        { "mygroup=x groups=y group", "group", NULL }, { "", "group", NULL },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        tap_str(pwr_store_dbd_param(pool, rows[i].params, rows[i].name),
                rows[i].value, "%s of %s", rows[i].name, rows[i].params);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();
    const pwr_dbd_lender lender = { NULL, NULL, NULL };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const pwr_store_conf conf = either(&table[i].over);
        pwr_store *store;
        const char *fault = pwr_store_dbd_make(pool, &conf, &lender, NULL,
                                               &store);

        if (!table[i].begins) {
            tap_str(fault, NULL, "%s: taken", table[i].name);
            tap_ok(store && store->ops->users_find, "%s: a store",
                   table[i].name);
            continue;
        }
        if (!tap_ok(fault && !strncmp(fault, table[i].begins,
                                      strlen(table[i].begins)),
                    "%s: refused", table[i].name)) {
            printf("#  %s\n", fault ? fault : "(taken)");
        }
        tap_ok(!store, "%s: no store", table[i].name);
    }
    test_param(pool);
    return tap_end();
}
