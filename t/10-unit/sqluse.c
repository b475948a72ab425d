/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sqluse.h"

#include <apr_strings.h>

#include "tap.h"

/* "S t.a U db.t.b D t.*", by the first letters of the rights. */
static const char *uses_said(apr_pool_t *pool, const apr_array_header_t *uses)
{
    static const char letters[PWR_SQL_RIGHTS_N + 1] = "SIUD";
    const char *said = "";

    for (int i = 0; i < uses->nelts; i++) {
        const pwr_sql_use *use = &APR_ARRAY_IDX(uses, i, pwr_sql_use);

        said = apr_psprintf(pool, "%s%s%c %s%s%s.%s", said, *said ? " " : "",
                            letters[use->right],
                            use->table.base ? use->table.base : "",
                            use->table.base ? "." : "", use->table.name,
                            use->column ? use->column : "*");
    }
    return said;
}

static const struct { const char *sql, *uses; } read_rows[] = {
    /* SELECT */
    { "SELECT id, mail AS email FROM t WHERE mail = %s",
      "S t.id S t.mail" },
    { "select `a b` from `my table`", "S my table.a b" },
    { "SELECT t.a, db.t.b FROM db.t WHERE c = 'x.y' -- d\n AND e = 1",
      "S db.t.a S db.t.b S db.t.c S db.t.e" },
    { "SELECT u.a, v.b FROM t u LEFT JOIN w AS v ON v.id = u.id, x"
      " WHERE x.c = 1", "S t.a S w.b S w.id S t.id S x.c" },
    { "SELECT * FROM t", "S t.*" },
    { "SELECT u.* FROM t u JOIN w ON w.a = u.b", "S t.* S w.a S t.b" },
    { "SELECT DISTINCT a FROM t", "S t.a" },
    { "SELECT COUNT(*) AS n, SUM(a * b) FROM t", "S t.a S t.b" },
    { "SELECT CONCAT(a, ' ', b) name FROM t", "S t.a S t.b" },
    { "SELECT LEFT(a, 1), IF(b IS NULL, 1, 0) FROM t", "S t.a S t.b" },
    { "SELECT CAST(a AS CHAR(20)), CONVERT(b USING utf8mb4) FROM t",
      "S t.a S t.b" },
    { "SELECT a COLLATE utf8mb4_bin, _utf8'x', x'FF', @v FROM t", "S t.a" },
    { "SELECT CASE WHEN a < 9223372036854775807 THEN b ELSE 0 END AS x FROM t"
      " GROUP BY c ORDER BY x DESC, d LIMIT %s", "S t.a S t.b S t.c S t.d" },
    { "SELECT mail AS email FROM t WHERE email = %s", "S t.mail S t.email" },
    { "SELECT a FROM t WHERE b > NOW() - INTERVAL 1 DAY AND c %% 2 = 0",
      "S t.a S t.b S t.c" },
    { "SELECT a FROM t WHERE value = 1 AND mode = 2 AND NOT (c OR d)",
      "S t.a S t.value S t.mode S t.c S t.d" },
    /* SELECT in SELECT */
    { "SELECT a FROM t WHERE id IN (SELECT uid FROM g WHERE g.x = t.y)",
      "S t.a S t.id S g.uid S g.x S t.y" },
    { "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM s WHERE a = %s LIMIT 1)"
      " AS live", "S s.a" },
    { "SELECT c.x AS y FROM (SELECT 1 AS one) AS o LEFT JOIN g AS c"
      " ON c.r = %s AND c.d = %s", "S g.x S g.r S g.d" },
    { "SELECT a FROM t UNION ALL SELECT a FROM u", "S t.a S u.a" },
    { "(SELECT a FROM t) UNION (SELECT b FROM u)", "S t.a S u.b" },
    { "SELECT 1", "" },
    /* UPDATE */
    { "UPDATE t SET a = %s, b = c + 1 WHERE d = %s",
      "U t.a U t.b S t.c S t.d" },
    { "UPDATE IGNORE db.t x SET x.a = 1 WHERE x.id = 2",
      "U db.t.a S db.t.id" },
    { "UPDATE m JOIN d ON d.name = m.dom SET m.until = NOW() + INTERVAL d.days"
      " DAY WHERE m.id = %s", "S d.name S m.dom U m.until S d.days S m.id" },
    { "UPDATE t SET a = (SELECT MAX(b) FROM u), c = 1", "U t.a S u.b U t.c" },
    { "UPDATE 2024_users SET 2fa = 1e5, b = 0xFF, c = 1.5e-3 * 2",
      "U 2024_users.2fa U 2024_users.b U 2024_users.c" },
    { "UPDATE t SET a = DEFAULT, b = CURRENT_TIMESTAMP, c = NULL",
      "U t.a U t.b U t.c" },
    /* INSERT */
    { "INSERT INTO t (a, b) VALUES (%s, UNIX_TIMESTAMP() + %s)",
      "I t.a I t.b" },
    { "INSERT INTO t(a) SELECT b FROM u WHERE c = %s",
      "I t.a S u.b S u.c" },
    { "INSERT INTO t (a) (SELECT b FROM u)", "I t.a S u.b" },
    { "INSERT INTO t VALUES (1)", "I t.*" },
    { "INSERT INTO t SELECT b FROM u", "I t.* S u.b" },
    { "INSERT IGNORE t SET a = %s, b = 2", "I t.a I t.b" },
    /* DELETE */
    { "DELETE FROM t WHERE a = %s", "D t.* S t.a" },
    { "DELETE FROM db.t WHERE a = %s ORDER BY b LIMIT 1",
      "D db.t.* S db.t.a S db.t.b" },
    { "DELETE s FROM t s JOIN u ON u.id = s.uid WHERE u.name = %s",
      "D t.* S u.id S t.uid S u.name" },
    { "DELETE s.*, u FROM t s, u WHERE s.a = u.b",
      "D t.* D u.* S t.a S u.b" },
};

static const struct { const char *sql, *why; } unread_rows[] = {
    { "SELECT a FROM t, u", "a may be of several tables: write table.a" },
    { "SELECT x.a FROM t", "none of its tables is called x" },
    { "SELECT t.a FROM t x", "none of its tables is called t" },
    { "SELECT a", "a is of no table" },
    { "SELECT *", "* is of no table" },
    { "SELECT a.x FROM a JOIN b USING (id)", "USING" },
    { "SELECT a.x FROM a NATURAL JOIN b", "NATURAL" },
    { "SELECT a FROM t FOR UPDATE", "FOR in it locks" },
    { "SELECT a FROM t USE INDEX (b)", "INDEX" },
    { "SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t", "OVER" },
    { "SELECT EXTRACT(YEAR FROM a) FROM t", "EXTRACT" },
    { "SELECT a.x FROM (a, b)", "tables in parentheses" },
    { "INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE b = 2", "KEY" },
    { "DELETE FROM t USING t, u WHERE t.a = u.b", "USING" },
    { "REPLACE INTO t VALUES (1)", "begins with none" },
    { "", "begins with none" },
};

static void test_read(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(read_rows) / sizeof(*read_rows); i++) {
        apr_array_header_t *uses = apr_array_make(pool, 4,
                                                  sizeof(pwr_sql_use));
        const char *fault = pwr_sqluse_read(pool, read_rows[i].sql, uses);

        tap_str(fault, NULL, "reads %s", read_rows[i].sql);
        tap_str(uses_said(pool, uses), read_rows[i].uses, "its uses");
    }
}

static void test_unread(apr_pool_t *pool)
{
    apr_array_header_t *uses = apr_array_make(pool, 4, sizeof(pwr_sql_use));

    pwr_sqluse_read(pool, "SELECT a FROM before", uses);
    for (size_t i = 0; i < sizeof(unread_rows) / sizeof(*unread_rows); i++) {
        const char *fault = pwr_sqluse_read(pool, unread_rows[i].sql, uses);

        tap_ok(fault && strstr(fault, unread_rows[i].why), "does not read %s",
               unread_rows[i].sql);
        if (fault) {
            printf("# %s\n", fault);
        }
        tap_str(uses_said(pool, uses), "S before.a", "nothing is added");
    }
}

static void test_twice(apr_pool_t *pool)
{
    apr_array_header_t *uses = apr_array_make(pool, 4, sizeof(pwr_sql_use));

    pwr_sqluse_read(pool, "SELECT a FROM t WHERE A = %s", uses);
    pwr_sqluse_read(pool, "SELECT a FROM t", uses);
    tap_str(uses_said(pool, uses), "S t.a", "a column is said once");
}

static void test_deep(apr_pool_t *pool)
{
    apr_array_header_t *uses = apr_array_make(pool, 4, sizeof(pwr_sql_use));
    char text[1024] = "SELECT ";

    for (int i = 0; i < 500; i++) {
        strcat(text, "(");
    }
    tap_ok(pwr_sqluse_read(pool, text, uses) != NULL, "500 parentheses");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_read(pool);
    test_unread(pool);
    test_twice(pool);
    test_deep(pool);
    return tap_end();
}
