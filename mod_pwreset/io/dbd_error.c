/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dbd_error.h"

#include <string.h>

#define ERROR_LOST 1

/* The last row takes what no other names. */
static const pwr_dbd_error errors[] = {
    /* A certification failure of Galera looks like 1213. */
    { "PWR0200", PWR_DBD_AGAIN, PWR_DBD_TELL_NUMBER, 0,
      "its rows stayed locked: look for long transactions and backups of "
      "other programs; in a Galera cluster, for a node that lags, or others "
      "that write the same rows; on SQLite, for other writers of the file",
      { 1213, 1205, 1020 },
      { "is locked" } },
    /* 1243, 2030: what a silent reconnect leaves; 1927, 1053: killed. */
    [ERROR_LOST] =
    { "PWR0201", PWR_DBD_LOST, PWR_DBD_TELL_NUMBER, 0,
      "the connection broke: is the database up, is its wait_timeout longer "
      "than DBDExptime, and does DBDParams say reconnect=0?",
      { 2006, 2013, 1243, 2030, 2014, 2027, 2055, 2002, 2003, 1927, 1053,
        1152, 1158, 1159, 1160, 1161, 1184, 4031, -1 },
      { NULL } },
    /* SQLite's own CREATE TABLE leaves statements of the connection that fail
     * without an error. */
    { "PWR0214", PWR_DBD_STALE, PWR_DBD_TELL_NUMBER, 0,
      "a table was altered again and again while it was used",
      { 1615, 2057 },
      { "schema has changed", "not an error" } },
    { "PWR0202", PWR_STORE_AWAY, PWR_DBD_TELL_NUMBER, 0,
      "it was cut off by max_statement_time or by KILL QUERY: is the column "
      "that it searches indexed?",
      { 1969, 1317, 3024 },
      { "interrupted" } },
    { "PWR0203", PWR_STORE_AWAY, PWR_DBD_TELL_NUMBER, 0,
      "the database has no room for changes: is its disk full, or a limit of "
      "a table reached?",
      { 1021, 1114, 1037, 1038, 1041 },
      { "disk is full", "disk I/O error" } },
    { "PWR0217", PWR_STORE_AWAY, PWR_DBD_TELL_NUMBER, 1,
      "this server takes no changes now: is it read-only, or outside its "
      "cluster?  If another one took its place, lead connections there",
      { 1290, 1836, 1792, 1047 },
      { NULL } },
    /* Whether the others have the change is unknown. */
    { "PWR0216", PWR_DBD_LOST, PWR_DBD_TELL_NUMBER, 1,
      "the node lost its cluster while it wrote: see its own log, and let "
      "what leads to it choose another one",
      { 1180 },
      { NULL } },
    { "PWR0204", PWR_DBD_NO_TABLE, PWR_DBD_TELL_TEXT, 0,
      "for our own tables run `pwresetctl schema --apply` and check "
      "PwResetTablePrefix; for the user table correct the query",
      { 1146, 1049, 1051 },
      { "no such table" } },
    { "PWR0205", PWR_STORE_BROKEN, PWR_DBD_TELL_TEXT, 0,
      "for our own tables run `pwresetctl schema --apply`; for the user table "
      "correct the column in the query",
      { 1054, 1052, 1364, 1048 },
      { "no such column", "has no column", "ambiguous column",
        "NOT NULL constraint" } },
    { "PWR0206", PWR_STORE_BROKEN, PWR_DBD_TELL_TEXT, 0,
      "GRANT SELECT, INSERT, UPDATE, DELETE on our tables to the user of "
      "DBDParams, and on the user table what the queries need (CREATE only "
      "for `schema --apply`); `pwresetctl schema --grants` prints it all",
      { 1142, 1143, 1044, 1045, 1227, 1370, 1410, 1698 },
      { "not authorized" } },
    { "PWR0207", PWR_STORE_BROKEN, PWR_DBD_TELL_TEXT, 0,
      "correct the SQL of the query",
      { 1064, 1065, 1149, 1235, 1305, 1111, 1241, 1242, 1210 },
      { "syntax error", "incomplete input", "unrecognized token",
        "no such function", "wrong number of arguments" } },
    { "PWR0208", PWR_STORE_BROKEN, PWR_DBD_TELL_NUMBER, 0,
      "a column is too narrow or of the wrong type for what is written: "
      "widen it (a password column holds 255 characters)",
      { 1406, 1264, 1265, 1292, 1366 },
      { "datatype mismatch", "string or blob too big" } },
    { "PWR0209", PWR_STORE_BROKEN, PWR_DBD_TELL_NUMBER, 0,
      "the server holds as many prepared statements as it may: lower DBDMax, "
      "or raise max_prepared_stmt_count",
      { 1461 },
      { NULL } },
    { "PWR0210", PWR_DBD_EXISTS, PWR_DBD_TELL_NUMBER, 0,
      "a row with this key is there already",
      { 1062, 1586 },
      { "UNIQUE constraint" } },
    { "PWR0211", PWR_DBD_BAD_TEXT, PWR_DBD_TELL_NUMBER, 0,
      "the columns that the query compares have different collations: name "
      "one with COLLATE, or convert the columns to utf8mb4",
      { 1267, 1270, 1271, 1300, 1115, 1977, 3854 },
      { NULL } },
    { "PWR0212", PWR_STORE_BROKEN, PWR_DBD_TELL_TEXT, 0,
      "the file and its folder must belong to the user httpd runs as, and be "
      "an SQLite database",
      { 0 },
      { "readonly database", "unable to open", "is not a database",
        "malformed" } },
    { "PWR0213", PWR_STORE_BROKEN, PWR_DBD_TELL_NUMBER, 0,
      "the manual of the database explains the number; run the statement by "
      "hand as the user of DBDParams",
      { 0 },
      { NULL } },
};

#define ERRORS_N (sizeof(errors) / sizeof(*errors))

static int has_code(const pwr_dbd_error *error, int code)
{
    for (int i = 0; i < PWR_DBD_CODES_MAX && error->codes[i]; i++) {
        if (error->codes[i] == code) {
            return 1;
        }
    }
    return 0;
}

static int has_text(const pwr_dbd_error *error, const char *text)
{
    for (int i = 0; error->texts[i]; i++) {
        if (strstr(text, error->texts[i])) {
            return 1;
        }
    }
    return 0;
}

const pwr_dbd_error *pwr_dbd_error_find(pwr_dialect dialect, int code,
                                        const char *text)
{
    for (size_t i = 0; i < ERRORS_N - 1; i++) {
        if (dialect == PWR_DIALECT_MYSQL ? has_code(&errors[i], code)
                                         : has_text(&errors[i], text)) {
            return &errors[i];
        }
    }
    return &errors[ERRORS_N - 1];
}

const pwr_dbd_error *pwr_dbd_error_lost(void)
{
    return &errors[ERROR_LOST];
}
