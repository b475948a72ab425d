/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dbd_error.h"

#include "tap.h"

static void test_table(void)
{
    static const struct {
        pwr_dialect dialect;
        int code;
        const char *text;
        apr_status_t status;
    } table[] = {
        { PWR_DIALECT_MYSQL, 1213, "Deadlock found", PWR_DBD_AGAIN },
        { PWR_DIALECT_MYSQL, 1205, "", PWR_DBD_AGAIN },
        { PWR_DIALECT_MYSQL, 1020, "", PWR_DBD_AGAIN },
        { PWR_DIALECT_MYSQL, 2006, "", PWR_DBD_LOST },
        { PWR_DIALECT_MYSQL, 2013, "", PWR_DBD_LOST },
        { PWR_DIALECT_MYSQL, 1243, "", PWR_DBD_LOST },
        { PWR_DIALECT_MYSQL, 2030, "", PWR_DBD_LOST },
        { PWR_DIALECT_MYSQL, -1, "", PWR_DBD_LOST },
        { PWR_DIALECT_MYSQL, 1615, "", PWR_DBD_STALE },
        { PWR_DIALECT_MYSQL, 2057, "", PWR_DBD_STALE },
        { PWR_DIALECT_MYSQL, 1969, "", PWR_STORE_AWAY },
        { PWR_DIALECT_MYSQL, 1290, "--read-only", PWR_STORE_AWAY },
        { PWR_DIALECT_MYSQL, 1047, "WSREP has not yet", PWR_STORE_AWAY },
        { PWR_DIALECT_MYSQL, 1180, "Got error 6 during COMMIT", PWR_DBD_LOST },
        { PWR_DIALECT_MYSQL, 1146, "", PWR_DBD_NO_TABLE },
        { PWR_DIALECT_MYSQL, 1054, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_MYSQL, 1142, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_MYSQL, 1064, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_MYSQL, 1406, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_MYSQL, 1461, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_MYSQL, 1062, "", PWR_DBD_EXISTS },
        { PWR_DIALECT_MYSQL, 1267, "", PWR_DBD_BAD_TEXT },
        { PWR_DIALECT_MYSQL, 0, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_MYSQL, 9999, "no such table", PWR_STORE_BROKEN },
        { PWR_DIALECT_SQLITE, 5, "database is locked", PWR_DBD_AGAIN },
        { PWR_DIALECT_SQLITE, 1, "database table is locked", PWR_DBD_AGAIN },
        { PWR_DIALECT_SQLITE, 1, "database schema has changed",
          PWR_DBD_STALE },
        { PWR_DIALECT_SQLITE, 1, "not an error", PWR_DBD_STALE },
        { PWR_DIALECT_SQLITE, 1, "no such table: x", PWR_DBD_NO_TABLE },
        { PWR_DIALECT_SQLITE, 1, "no such column: x", PWR_STORE_BROKEN },
        { PWR_DIALECT_SQLITE, 1, "table x has no column named y",
          PWR_STORE_BROKEN },
        { PWR_DIALECT_SQLITE, 1, "UNIQUE constraint failed: x.y",
          PWR_DBD_EXISTS },
        { PWR_DIALECT_SQLITE, 1, "near x: syntax error", PWR_STORE_BROKEN },
        { PWR_DIALECT_SQLITE, 8, "attempt to write a readonly database",
          PWR_STORE_BROKEN },
        { PWR_DIALECT_SQLITE, 1, "database or disk is full", PWR_STORE_AWAY },
        { PWR_DIALECT_SQLITE, 1213, "", PWR_STORE_BROKEN },
        { PWR_DIALECT_SQLITE, 1, "", PWR_STORE_BROKEN },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const pwr_dbd_error *error = pwr_dbd_error_find(
            table[i].dialect, table[i].code, table[i].text);

        tap_int(error->status, table[i].status, "%s %d \"%s\"",
                table[i].dialect == PWR_DIALECT_MYSQL ? "mysql" : "sqlite",
                table[i].code, table[i].text);
    }
}

/* MySQL's texts of these quote values: 'x' is too long, 'x' is taken. */
static void test_discreet(void)
{
    static const int codes[] = { 1062, 1366, 1292, 1406, 1265, 1264, 9999 };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        tap_int(pwr_dbd_error_find(PWR_DIALECT_MYSQL, codes[i], "")->tell,
                PWR_DBD_TELL_NUMBER, "the text of %d is not told", codes[i]);
    }
}

int main(void)
{
    tap_begin();
    test_table();
    test_discreet();
    tap_int(pwr_dbd_error_lost()->status, PWR_DBD_LOST, "a lost connection");
    return tap_end();
}
