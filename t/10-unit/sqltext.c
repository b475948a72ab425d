/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sqltext.h"

#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

static const char *const allowed[] = {
    "id", "email", "login", "hash", "now", NULL
};

static const struct {
    const char *sql, *format, *params;      /* params: "email id" */
    pwr_sql_verb verb;
} compiled[] = {
    { "SELECT id FROM user WHERE email = :email",
      "SELECT id FROM user WHERE email = %s", "email", PWR_SQL_SELECT },
    { "UPDATE user SET hash=:hash,changed=:now WHERE id=:id",
      "UPDATE user SET hash=%s,changed=%s WHERE id=%s", "hash now id",
      PWR_SQL_UPDATE },
    { "SELECT :id, :id, :email, :id", "SELECT %s, %s, %s, %s",
      "id id email id", PWR_SQL_SELECT },
    { "INSERT INTO log VALUES (:id)", "INSERT INTO log VALUES (%s)", "id",
      PWR_SQL_INSERT },
    { "DELETE FROM s WHERE u=:id", "DELETE FROM s WHERE u=%s", "id",
      PWR_SQL_DELETE },
    { "SELECT 1", "SELECT 1", "", PWR_SQL_SELECT },
    { ":email", "%s", "email", PWR_SQL_OTHER },
    { ":email:id", "%s%s", "email id", PWR_SQL_OTHER },
    { "SELECT(:id)", "SELECT(%s)", "id", PWR_SQL_SELECT },
    /* verbs */
    { "select 1", "select 1", "", PWR_SQL_SELECT },
    { "\n\t uPdAtE x", "\n\t uPdAtE x", "", PWR_SQL_UPDATE },
    { "(SELECT 1)", "(SELECT 1)", "", PWR_SQL_SELECT },
    { " ( (\nSELECT 1))", " ( (\nSELECT 1))", "", PWR_SQL_SELECT },
    { "/* DELETE */ -- UPDATE\n# INSERT\n(/**/SELECT 1)",
      "/* DELETE */ -- UPDATE\n# INSERT\n(/**/SELECT 1)", "",
      PWR_SQL_SELECT },
    { "SELECT/**/1", "SELECT/**/1", "", PWR_SQL_SELECT },
    { "WITH x AS (SELECT 1) SELECT 1", "WITH x AS (SELECT 1) SELECT 1", "",
      PWR_SQL_OTHER },
    { "REPLACE INTO x VALUES (1)", "REPLACE INTO x VALUES (1)", "",
      PWR_SQL_OTHER },
    { "SELECTED 1", "SELECTED 1", "", PWR_SQL_OTHER },
    { "SELECT_1", "SELECT_1", "", PWR_SQL_OTHER },
    { "SELEC", "SELEC", "", PWR_SQL_OTHER },
    { "DROP TABLE user", "DROP TABLE user", "", PWR_SQL_OTHER },
    { "'x' SELECT", "'x' SELECT", "", PWR_SQL_OTHER },
    { "CALL SELECT()", "CALL SELECT()", "", PWR_SQL_OTHER },
    /* text in quotes is kept */
    { "SELECT ':email', :id", "SELECT ':email', %s", "id", PWR_SQL_SELECT },
    { "SELECT \":email\", :id", "SELECT \":email\", %s", "id",
      PWR_SQL_SELECT },
    { "SELECT `:email`, :id", "SELECT `:email`, %s", "id", PWR_SQL_SELECT },
    { "SELECT 'it''s :x', :id", "SELECT 'it''s :x', %s", "id",
      PWR_SQL_SELECT },
    { "SELECT \"a\"\"b :x\", :id", "SELECT \"a\"\"b :x\", %s", "id",
      PWR_SQL_SELECT },
    { "SELECT `a``b :x`, :id", "SELECT `a``b :x`, %s", "id", PWR_SQL_SELECT },
    { "SELECT 'it\\'s :x', :id", "SELECT 'it\\'s :x', %s", "id",
      PWR_SQL_SELECT },
    { "SELECT \"a\\\"b :x\", :id", "SELECT \"a\\\"b :x\", %s", "id",
      PWR_SQL_SELECT },
    { "SELECT 'a\\\\', :id, '\\\\'", "SELECT 'a\\\\', %s, '\\\\'", "id",
      PWR_SQL_SELECT },
    { "SELECT `a\\`, :id", "SELECT `a\\`, %s", "id", PWR_SQL_SELECT },
    { "SELECT '\"', :id, '`'", "SELECT '\"', %s, '`'", "id", PWR_SQL_SELECT },
    { "SELECT '--', :id, '/*', '#'", "SELECT '--', %s, '/*', '#'", "id",
      PWR_SQL_SELECT },
    { "SELECT ';', \";\", `;`", "SELECT ';', \";\", `;`", "",
      PWR_SQL_SELECT },
    { "SELECT '?', \"?\", `?`", "SELECT '?', \"?\", `?`", "",
      PWR_SQL_SELECT },
    { "SELECT '12:30:00', 12:30", "SELECT '12:30:00', 12:30", "",
      PWR_SQL_SELECT },
    { "SELECT '', :id, \"\", ``", "SELECT '', %s, \"\", ``", "id",
      PWR_SQL_SELECT },
    /* comments */
    { "SELECT 1 -- :email; it's\n, :id", "SELECT 1 -- :email; it's\n, %s",
      "id", PWR_SQL_SELECT },
    { "SELECT 1 # :email; it's ?\n, :id", "SELECT 1 # :email; it's ?\n, %s",
      "id", PWR_SQL_SELECT },
    { "SELECT 1 /* :email; it's \n -- */, :id",
      "SELECT 1 /* :email; it's \n -- */, %s", "id", PWR_SQL_SELECT },
    { "SELECT 1 -- :email", "SELECT 1 -- :email", "", PWR_SQL_SELECT },
    { "SELECT 1 --", "SELECT 1 --", "", PWR_SQL_SELECT },
    { "SELECT 1 --\n, :id", "SELECT 1 --\n, %s", "id", PWR_SQL_SELECT },
    { "SELECT 5 - -3, :id", "SELECT 5 - -3, %s", "id", PWR_SQL_SELECT },
    { "SELECT 6/2, 3*:id", "SELECT 6/2, 3*%s", "id", PWR_SQL_SELECT },
    { "SELECT /*/ :email */ :id", "SELECT /*/ :email */ %s", "id",
      PWR_SQL_SELECT },
    { "SELECT /***/ :id", "SELECT /***/ %s", "id", PWR_SQL_SELECT },
    { "SELECT /*+ HINT */ :id", "SELECT /*+ HINT */ %s", "id",
      PWR_SQL_SELECT },
    /* a % is never a parameter of apr_dbd's */
    { "SELECT 1 FROM t WHERE a LIKE 'a%' AND b = :id",
      "SELECT 1 FROM t WHERE a LIKE 'a%%' AND b = %s", "id",
      PWR_SQL_SELECT },
    { "SELECT 5 % 3, '%s', \"%d\", `%lld`, '%%' /* % */ -- %",
      "SELECT 5 %% 3, '%%s', \"%%d\", `%%lld`, '%%%%' /* %% */ -- %%", "",
      PWR_SQL_SELECT },
    { "SELECT %s", "SELECT %%s", "", PWR_SQL_SELECT },
    { "SELECT 1%:id", "SELECT 1%%%s", "id", PWR_SQL_SELECT },
    /* colons that are no parameters */
    { "SELECT a::text, :id::int", "SELECT a::text, %s::int", "id",
      PWR_SQL_SELECT },
    { "SELECT @a:=1, a:1, a: email, :", "SELECT @a:=1, a:1, a: email, :", "",
      PWR_SQL_SELECT },
    { "SELECT :::id", "SELECT ::%s", "id", PWR_SQL_SELECT },
    { "SELECT :_id", "SELECT :_id", "", PWR_SQL_SELECT },
    { "SELECT :id.x, :id-1", "SELECT %s.x, %s-1", "id id", PWR_SQL_SELECT },
    /* the end */
    { "SELECT 1;", "SELECT 1", "", PWR_SQL_SELECT },
    { "SELECT :id ; \n -- done; :x\n /* ; */ # ;",
      "SELECT %s  \n -- done; :x\n /* ; */ # ;", "id", PWR_SQL_SELECT },
    /* the prefix, outside quotes */
    { "SELECT 1 FROM {prefix}user u JOIN {prefix}x",
      "SELECT 1 FROM db.my_user u JOIN db.my_x", "", PWR_SQL_SELECT },
    { "SELECT '{prefix}', \"{prefix}\", `{prefix}` /* {prefix} */",
      "SELECT '{prefix}', \"{prefix}\", `{prefix}` /* {prefix} */", "",
      PWR_SQL_SELECT },
    { "SELECT {ts '2020-01-01'}, {prefix, {PREFIX}",
      "SELECT {ts '2020-01-01'}, {prefix, {PREFIX}", "", PWR_SQL_SELECT },
    { "{prefix}", "db.my_", "", PWR_SQL_OTHER },
};

static const char *join(apr_pool_t *pool, const pwr_sqltext *text)
{
    const char *list = "";

    for (const char **name = text->params; *name; name++) {
        list = apr_pstrcat(pool, list, *list ? " " : "", *name, NULL);
    }
    return list;
}

static void test_compiled(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(compiled) / sizeof(*compiled); i++) {
        const char *shown = pwr_text_printable(pool, compiled[i].sql, 60);
        int params_n = 0;
        pwr_sqltext text;

        tap_str(pwr_sqltext_compile(pool, compiled[i].sql, allowed, "db.my_",
                                    &text), NULL, "compile %s", shown);
        tap_str(text.format, compiled[i].format, "format of %s", shown);
        tap_str(text.params ? join(pool, &text) : NULL, compiled[i].params,
                "params of %s", shown);
        tap_int(text.verb, compiled[i].verb, "verb of %s", shown);
        while (text.params && text.params[params_n]) {
            params_n++;
        }
        tap_int(text.params_n, params_n, "number of params of %s", shown);
    }
}

static void test_refused(apr_pool_t *pool)
{
    static const struct { const char *sql, *word; } table[] = {
        { "", "no statement" },
        { " \n\t", "no statement" },
        { "-- SELECT 1", "no statement" },
        { "/* SELECT 1 */", "no statement" },
        { ";", "no statement" },
        { "SELECT 1; SELECT 2", "more than one" },
        { "SELECT 1;x", "more than one" },
        { "SELECT 1;;", "more than one" },
        { "SELECT 1; /* */ :id", "more than one" },
        { "SELECT 1; 'x'", "more than one" },
        { "SELECT 1; (", "more than one" },
        { "; SELECT 1", "more than one" },
        { "SELECT :emial", ":emial is unknown here; there are: :id :email" },
        { "SELECT :EMAIL", ":EMAIL is unknown" },
        { "SELECT :emailx", ":emailx is unknown" },
        { "SELECT :email_", ":email_ is unknown" },
        { "SELECT :e", ":e is unknown" },
        { "SELECT 'a', x:y", ":y is unknown" },
        { "SELECT '", "'" },
        { "SELECT 'a", "' is not closed" },
        { "SELECT 'a''", "' is not closed" },
        { "SELECT 'a\\'", "' is not closed" },
        { "SELECT 'a\\", "' is not closed" },
        { "SELECT \"a'", "\" is not closed" },
        { "SELECT `a'", "` is not closed" },
        { "SELECT `a\\", "` is not closed" },
        { "SELECT /* a", "comment /* is not closed" },
        { "SELECT /*/", "comment /* is not closed" },
        { "SELECT /* a *", "comment /* is not closed" },
        { "SELECT ?", "bare ?" },
        { "SELECT a WHERE b=?1 AND c=:id", "bare ?" },
        { "SELECT /*! STRAIGHT_JOIN */ 1", "/*!" },
        { "SELECT /*!50000 ? */ 1", "/*!" },
        { "SELECT /*M! ? */ 1", "/*M!" },
        { "SELECT 5--3", "-- needs a blank" },
        { "SELECT 5--:id", "-- needs a blank" },
        { "SELECT 1 --comment", "-- needs a blank" },
        { "SELECT 1; --x", "-- needs a blank" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_sqltext text = { "x", (const char **)table, 1, PWR_SQL_DELETE };
        const char *error = pwr_sqltext_compile(pool, table[i].sql, allowed,
                                                NULL, &text);

        if (!tap_ok(error && strstr(error, table[i].word), "%s: %s",
                    pwr_text_printable(pool, table[i].sql, 60),
                    table[i].word)) {
            printf("# got: %s\n", error ? error : "(compiled)");
        }
        tap_ok(!text.format && !text.params && !text.params_n
               && text.verb == PWR_SQL_OTHER, "nothing is left of it");
    }
}

static void test_prefix(apr_pool_t *pool)
{
    static const struct { const char *prefix, *format; } table[] = {
        { "wp_", "SELECT wp_x" },
        { "", "SELECT x" },
        { "a.b$1_", "SELECT a.b$1_x" },
        { NULL, "SELECT {prefix}x" },
        { "a b", NULL },
        { "a;", NULL },
        { "%s", NULL },
        { ":id", NULL },
        { "'", NULL },
        { "`a`.", NULL },
        { "a-", NULL },
        { "?", NULL },
        { "{prefix}", NULL },
        { "\xD0\x9F", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *error;
        pwr_sqltext text;

        error = pwr_sqltext_compile(pool, "SELECT {prefix}x", allowed,
                                    table[i].prefix, &text);
        tap_str(text.format, table[i].format, "prefix %s",
                table[i].prefix ? table[i].prefix : "(none)");
        tap_ok(!error == !!table[i].format, "and an error if it is refused");
    }
}

static const char *repeat(apr_pool_t *pool, const char *first,
                          const char *piece, int n)
{
    size_t first_len = strlen(first), len = strlen(piece);
    char *sql = apr_palloc(pool, first_len + len * (size_t)n + 1);

    memcpy(sql, first, first_len);
    for (int i = 0; i < n; i++) {
        memcpy(sql + first_len + len * (size_t)i, piece, len);
    }
    sql[first_len + len * (size_t)n] = '\0';
    return sql;
}

static void test_sizes(apr_pool_t *pool)
{
    static const char *const none[] = { NULL };
    const char *error;
    pwr_sqltext text;

    tap_str(pwr_sqltext_compile(pool, repeat(pool, "SELECT 1", ",:id",
                                             PWR_SQL_PARAMS_MAX),
                                allowed, NULL, &text), NULL, "32 parameters");
    tap_int(text.params_n, PWR_SQL_PARAMS_MAX, "are 32");
    error = pwr_sqltext_compile(pool, repeat(pool, "SELECT 1", ",:id",
                                             PWR_SQL_PARAMS_MAX + 1),
                                allowed, NULL, &text);
    tap_ok(error && strstr(error, "more than 32"), "33 parameters");
    tap_str(pwr_sqltext_compile(pool, repeat(pool, "SELECT ", "%", 100000),
                                allowed, NULL, &text), NULL, "a long text");
    tap_int((long long)strlen(text.format), 7 + 200000, "is all there");
    error = pwr_sqltext_compile(pool, "SELECT :id", none, NULL, &text);
    tap_ok(error && strstr(error, "there are: none"),
           "a query that takes no parameter");
}

/* "a b.c" */
static const char *names_said(apr_pool_t *pool, const char *sql)
{
    const pwr_sql_name *name = pwr_sqltext_names(pool, sql);
    const char *said = "";

    for (; name->name; name++) {
        said = apr_pstrcat(pool, said, *said ? " " : "",
                           name->base ? name->base : "",
                           name->base ? "." : "", name->name, NULL);
    }
    return said;
}

static void test_names(apr_pool_t *pool)
{
    static const struct { const char *sql, *names; } table[] = {
        { "UPDATE members SET pw = %s WHERE id = %s", "UPDATE members" },
        { "update ignore db.t m set x = 1", "update ignore db.t m" },
        { "UPDATE `my table`,`db`.`t` SET x", "UPDATE my table db.t" },
        { "UPDATE a JOIN b ON a.id=b.a AND a.id = 'x.y' /* c */ SET d",
          "UPDATE a JOIN b ON a.id b.a AND" },
        { "UPDATE t, t SET t", "UPDATE t" },
        { "UPDATE `d` . t\n.x y SET t", "UPDATE d.t y" },
        { "UPDATE settings SET x", "UPDATE settings" },
        { "UPDATE \xD1\x8E$1 SET x", "UPDATE \xD1\x8E$1" },
        { "select `d`.`t`.`c` AS `c` from `d`.`t`", "select d.t AS c from" },
        { "UPDATE d./* c */t SET x", "UPDATE d.t" },
        { "UPDATE 2024_users,1e2,0x1F,7 SET x", "UPDATE 2024_users" },
        { "UPDATE 0bad,0b01,0XFF SET x", "UPDATE 0bad 0XFF" },
        { "UPDATE `open SET x", "UPDATE open SET x" },
        { "UPDATE a.", "UPDATE a" },
        { "", "" }, { ".", "" }, { "'", "" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(names_said(pool, table[i].sql), table[i].names, "names of %s",
                table[i].sql);
    }
}

static void test_column(apr_pool_t *pool)
{
    static const char *const names[] = { "hash", "id", "now", NULL };
    static const struct { const char *sql, *column; } table[] = {
        { "UPDATE t SET pw = :hash WHERE id = :id", "pw" },
        { "UPDATE t SET at = :now, t.pw=:hash WHERE id = :id", "pw" },
        { "UPDATE t SET `my pw` = :hash WHERE id = :id", "my pw" },
        { "UPDATE t SET x = '%s', `t`.`p%w`= :hash", "p%%w" },
        { "UPDATE t SET pw = CONCAT('{CRYPT}', :hash)", NULL },
        { "UPDATE t SET pw = '' || :hash", NULL },
        { "UPDATE t SET pw = 1 WHERE id = :id", NULL },
        { ":hash", NULL }, { "=:hash", NULL }, { "`=:hash`", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_sqltext sql;

        tap_str(pwr_sqltext_compile(pool, table[i].sql, names, NULL, &sql),
                NULL, "compile %s", table[i].sql);
        tap_str(pwr_sqltext_column(pool, &sql, "hash"), table[i].column,
                "its column");
    }
}

static void test_guard(apr_pool_t *pool)
{
    static const char *const names[] = { "hash", "id", "now", NULL };
    static const struct { const char *sql, *guarded; } table[] = {
        { "UPDATE u SET pw = :hash WHERE id = :id",
          "UPDATE u SET pw = %s WHERE ( id = %s\n) AND `pw` = %s" },
        { "update u set `pw`=:hash, at=:now where id=:id or 0;",
          "update u set `pw`=%s, at=%s where ( id=%s or 0\n) AND `pw` = %s" },
        { "UPDATE u SET pw = :hash WHERE id = :id -- this one",
          "UPDATE u SET pw = %s WHERE ( id = %s -- this one\n) AND `pw` = %s" },
        { "UPDATE u SET pw = :hash WHERE n = 'ORDER BY' AND id = :id",
          "UPDATE u SET pw = %s WHERE ( n = 'ORDER BY' AND id = %s\n)"
          " AND `pw` = %s" },
        { "UPDATE u SET pw = :hash WHERE id = :id LIMIT 1", NULL },
        { "UPDATE u SET pw = :hash WHERE id = :id order by id", NULL },
        { "UPDATE u SET pw = :hash WHERE id IN (SELECT :id)", NULL },
        { "UPDATE u SET pw = CONCAT('x', :hash) WHERE id = :id", NULL },
        { "UPDATE u SET pw = :hash, a = ':id'", NULL },
        { "UPDATE u SET `a%b` = :hash WHERE id = :id", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_sqltext sql, guarded;
        int ok;

        pwr_sqltext_compile(pool, table[i].sql, names, NULL, &sql);
        ok = pwr_sqltext_guard(pool, &sql, "hash", "old", &guarded);
        tap_ok(ok == (table[i].guarded != NULL), "%s", table[i].sql);
        tap_str(guarded.format, table[i].guarded, "guarded");
        tap_ok(!ok || (guarded.params_n == sql.params_n + 1
                       && strcmp(guarded.params[sql.params_n], "old") == 0
                       && !guarded.params[guarded.params_n]),
               "by one parameter more");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_compiled(pool);
    test_refused(pool);
    test_prefix(pool);
    test_sizes(pool);
    test_names(pool);
    test_column(pool);
    test_guard(pool);
    return tap_end();
}
