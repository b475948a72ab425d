/* SPDX-License-Identifier: Apache-2.0 */
/* Running statements over apr_dbd: connections, prepared statements, the row
 * loop, transactions, and what to do when one of them fails.  Knows no table.
 *
 * A *work* is one step that is done whole or not at all: it gets a connection,
 * is repeated on deadlock, busy file and lost connection for a bounded time,
 * and what stopped it is logged once.  A step reports by status; the first
 * status that is not APR_SUCCESS ends it.
 *
 * Drivers' traps answered here (apr-util 1.6): its transactions, which are not
 * used, commit what was abandoned, and report success for what they undid; a
 * mysql statement that lost its connection is dead for ever; binary columns
 * come without an end; SQLite names columns only when there is a row. */
#ifndef PWR_DBD_RUN_H
#define PWR_DBD_RUN_H

#include <apr_buckets.h>
#include <apr_time.h>

#include "core/sqltext.h"
#include "io/dbd_error.h"
#include "io/store_dbd.h"

#define PWR_DBD_REPEAT_SEC 2    /* a work is not begun again after this */
#define PWR_DBD_ROWS_MAX 100    /* of one SELECT that are looked at */
#define PWR_DBD_CELL_MAX 65535  /* bytes of a value; longer ones are NULL */

/* A statement as the admin knows it, and compiled. */
typedef struct pwr_dbd_stmt {
    const char *name;
    pwr_sqltext sql;
} pwr_dbd_stmt;

typedef struct pwr_dbd_cache pwr_dbd_cache;
typedef struct pwr_dbd_run pwr_dbd_run;

typedef struct pwr_dbd {
    pwr_dialect dialect;
    pwr_dbd_lender lender;
    const pwr_diag *diag;
    /* Is this connection fit for a work?  Asked before each. */
    apr_status_t (*vet)(pwr_dbd_run *run, void *baton);
    void *vet_baton;
} pwr_dbd;

/* One try of a work; a connection is on loan while it lives. */
struct pwr_dbd_run {
    const pwr_dbd *dbd;
    apr_pool_t *pool;           /* the caller's: what outlives the work */
    apr_pool_t *scratch;        /* gone before the connection is given back */
    apr_bucket_brigade *brigade;    /* for a cell at a time */
    pwr_dbd_conn conn;
    pwr_dbd_cache *cache;       /* the connection's prepared statements */
    int keep;                   /* a transaction's step sets it: COMMIT */
    int broken;                 /* the connection is not to be lent again */
    const pwr_dbd_error *error; /* of the last statement that failed */
    int error_code;
    const char *error_text;
    const char *error_name;     /* the statement's */
};

/* A value for a named parameter; lists end with name NULL. */
typedef struct pwr_dbd_arg {
    const char *name;
    const char *value;          /* NULL is SQL's NULL */
} pwr_dbd_arg;

typedef struct pwr_dbd_work {
    const char *name;           /* for log lines */
    int transaction;
    int any_schema;             /* the connection is not vetted */
    /* It may be called again after a COMMIT that got no answer, and then has
     * to find out, behind its first lock, whether that was done. */
    apr_status_t (*step)(pwr_dbd_run *run, void *baton);
} pwr_dbd_work;

/* Do the work.  Returns APR_SUCCESS, PWR_STORE_AWAY or PWR_STORE_BROKEN, the
 * two logged (a refused loan is logged by the lender). */
apr_status_t pwr_dbd_do(const pwr_dbd *dbd, apr_pool_t *pool,
                        const pwr_dbd_work *work, void *baton);

/* Make the connection just borrowed ready: once in its life. */
apr_status_t pwr_dbd_ready(pwr_dbd_run *run);

/* A number kept with the connection under this name; 0 at first. */
int64_t *pwr_dbd_note(pwr_dbd_run *run, const char *name);

/* The rows of a SELECT.
 *
 *   pwr_dbd_select(run, stmt, args, &rows);
 *   while (pwr_dbd_next(&rows)) { ... }
 *   return rows.status;
 */
typedef struct pwr_dbd_rows {
    pwr_dbd_run *run;
    const char *name;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
    apr_status_t status;        /* APR_SUCCESS also after the last row */
    int n;                      /* rows seen */
    int columns_n;
} pwr_dbd_rows;

void pwr_dbd_select(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                    const pwr_dbd_arg *args, pwr_dbd_rows *rows);

/* Go to the next row; 0 when there is none or it failed. */
int pwr_dbd_next(pwr_dbd_rows *rows);

/* The column of this name in any case, or -1; only while on a row. */
int pwr_dbd_column(const pwr_dbd_rows *rows, const char *name);

/* The value of a column (by number, -1 is absent, or by name) in the run's
 * scratch pool; NULL when it is NULL, too long or no UTF-8 text. */
const char *pwr_dbd_cell(const pwr_dbd_rows *rows, int column);
const char *pwr_dbd_text(const pwr_dbd_rows *rows, const char *name);

/* The same in the caller's pool, where it outlives the run. */
const char *pwr_dbd_keep(const pwr_dbd_rows *rows, const char *name);

/* As a number; 0 when it is NULL or none. */
int64_t pwr_dbd_number(const pwr_dbd_rows *rows, const char *name);

/* Run an INSERT, UPDATE or DELETE; `*changed` is the number of its rows, or
 * 0 on failure. */
apr_status_t pwr_dbd_exec(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                          const pwr_dbd_arg *args, int *changed);

/* Could it be run?  Prepares it. */
apr_status_t pwr_dbd_try(pwr_dbd_run *run, const pwr_dbd_stmt *stmt);

/* Run SQL that is no prepared statement and returns no rows. */
apr_status_t pwr_dbd_plain(pwr_dbd_run *run, const char *name,
                           const char *sql);

/* A statement begins: what hangs is one, and not a work of many. */
void pwr_dbd_ask(const pwr_dbd_run *run);

/* Note in `run` why the statement `name` failed; returns the status of it. */
apr_status_t pwr_dbd_fail(pwr_dbd_run *run, const char *name, int code);

/* What the database said of it, as far as nobody's values can stand in that;
 * else "". */
const char *pwr_dbd_error_said(const pwr_dbd_run *run);

/* A number as a parameter. */
const char *pwr_dbd_decimal(const pwr_dbd_run *run, int64_t n);

/* Text for a column of `points_max` code points that people read: cut, and
 * escaped when it is not UTF-8.  NULL stays NULL. */
const char *pwr_dbd_fit(const pwr_dbd_run *run, const char *text,
                        size_t points_max);

#endif
