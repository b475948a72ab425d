/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dbd_run.h"

#include <apr_strings.h>

#include "core/text.h"
#include "io/now.h"

#define TRIES_MAX 100               /* stale pooled connections, one a try */
#define PAUSE_USEC_MIN 5000
#define PAUSE_USEC_MAX 200000
#define ERROR_TEXT_MAX 300

apr_status_t pwr_dbd_fail(pwr_dbd_run *run, const char *name, int code)
{
    const char *text = apr_dbd_error(run->conn.driver, run->conn.handle, code);

    run->error = pwr_dbd_error_find(run->dbd->dialect, code, text ? text : "");
    run->error_name = name;
    run->error_code = code;
    run->error_text = pwr_text_printable(run->pool, text, ERROR_TEXT_MAX);
    if (run->error->status == PWR_DBD_LOST || run->error->is_of_node) {
        run->broken = 1;
    }
    return run->error->status;
}

void pwr_dbd_ask(const pwr_dbd_run *run)
{
    if (run->conn.asked_usec) {
        __atomic_store_n(run->conn.asked_usec, pwr_now_usec(),
                         __ATOMIC_RELAXED);
    }
    if (run->conn.asks) {
        run->conn.asks();
    }
}

apr_status_t pwr_dbd_plain(pwr_dbd_run *run, const char *name, const char *sql)
{
    int changed = 0;
    int code;
    apr_status_t status;

    pwr_dbd_ask(run);
    code = apr_dbd_query(run->conn.driver, run->conn.handle, &changed, sql);
    status = code ? pwr_dbd_fail(run, name, code) : APR_SUCCESS;
    /* Another made a table in the same moment. */
    return status == PWR_DBD_STALE ? PWR_DBD_AGAIN : status;
}

/* Why it fails is not told: what brought us here was. */
static void roll_back(pwr_dbd_run *run)
{
    int changed;

    pwr_dbd_ask(run);
    if (apr_dbd_query(run->conn.driver, run->conn.handle, &changed,
                      "ROLLBACK")) {
        run->broken = 1;
        run->conn.is_open = 1;
    }
}

/* What calls it a deadlock, as the certification of a Galera cluster does, was
 * not done; else nobody knows. */
static apr_status_t commit(pwr_dbd_run *run)
{
    apr_status_t status = pwr_dbd_plain(run, "COMMIT", "COMMIT");

    if (status == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    roll_back(run);
    if (status == PWR_DBD_AGAIN) {
        return status;
    }
    run->broken = 1;
    return PWR_DBD_LOST;
}

/* By statements of our own: apr_dbd's transactions commit what a thread left
 * half done, forget why a COMMIT failed, and take twice the round trips.  When
 * a connection ends without COMMIT, the database undoes it. */
static apr_status_t in_transaction(pwr_dbd_run *run, const pwr_dbd_work *work,
                                   void *baton)
{
    static const char *const begin[] = {
        [PWR_DIALECT_MYSQL] = "START TRANSACTION",
        [PWR_DIALECT_SQLITE] = "BEGIN IMMEDIATE",
    };
    apr_status_t status = pwr_dbd_plain(run, "BEGIN",
                                        begin[run->dbd->dialect]);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = work->step(run, baton);
    if (status == APR_SUCCESS && run->keep) {
        return commit(run);
    }
    roll_back(run);
    return status;
}

/* Each try has a connection of its own; none is held while we wait. */
static apr_status_t work_try(pwr_dbd_run *run, const pwr_dbd_work *work,
                             void *baton)
{
    const pwr_dbd_lender *lender = &run->dbd->lender;
    apr_status_t status;

    if (lender->borrow(lender->baton, run->pool, &run->conn)) {
        return PWR_STORE_AWAY;
    }
    apr_pool_create(&run->scratch, run->pool);
    status = pwr_dbd_ready(run);
    if (status == APR_SUCCESS && !work->any_schema) {
        status = run->dbd->vet(run, run->dbd->vet_baton);
    }
    if (status == APR_SUCCESS) {
        status = work->transaction ? in_transaction(run, work, baton)
                                   : work->step(run, baton);
    }
    apr_pool_destroy(run->scratch);
    lender->give_back(lender->baton, &run->conn, run->broken);
    return status;
}

const char *pwr_dbd_error_said(const pwr_dbd_run *run)
{
    int tell = run->error->tell == PWR_DBD_TELL_TEXT
        || run->dbd->dialect == PWR_DIALECT_SQLITE;

    return tell && run->error_text ? run->error_text : "";
}

/* Is it a state of the whole database?  Else it is a fault of one statement. */
static int is_whole(const pwr_dbd_error *error)
{
    return error->status == PWR_DBD_AGAIN || error->status == PWR_DBD_LOST
        || error->status == PWR_STORE_AWAY;
}

/* What the database says tells one cause from another; where it may not be
 * told, the statement does. */
static void report(const pwr_dbd_run *run, const pwr_dbd_work *work, int tries)
{
    const pwr_dbd_error *error = run->error;
    const char *said;
    pwr_diag_tale tale;

    if (!error) {
        return;
    }
    said = pwr_dbd_error_said(run);
    tale = *PWR_DIAG_ERROR(error->id, *said || is_whole(error)
                                          ? said : run->error_name);
    tale.is_shared = is_whole(error);
    pwr_diag_tell(run->dbd->diag, &tale,
                  "%s: %s failed in try %d, database error %d%s%s: %s",
                  work->name, run->error_name, tries, run->error_code,
                  *said ? " " : "", said, error->remedy);
}

/* Two that wait for one another must not meet again at the same moment. */
static void pause_random(int tries)
{
    unsigned char bytes[2] = { 0, 0 };
    apr_interval_time_t usec = (apr_interval_time_t)PAUSE_USEC_MIN * tries;

    pwr_crypto_random(bytes, sizeof(bytes));
    if (usec > PAUSE_USEC_MAX) {
        usec = PAUSE_USEC_MAX;
    }
    apr_sleep(usec * (256 * bytes[0] + bytes[1]) / 65536);
}

/* Its connection broke before this try, and the next one need not have: there
 * may be as many as the pool holds, so none is waited for. */
static int is_dead(const pwr_dbd_run *run)
{
    return run->error == pwr_dbd_error_lost();
}

static int is_repeatable(apr_status_t status)
{
    return status == PWR_DBD_AGAIN || status == PWR_DBD_LOST
        || status == PWR_DBD_STALE;
}

apr_status_t pwr_dbd_do(const pwr_dbd *dbd, apr_pool_t *pool,
                        const pwr_dbd_work *work, void *baton)
{
    int64_t until_ms = pwr_now_ms() + INT64_C(1000) * PWR_DBD_REPEAT_SEC;
    apr_status_t status = APR_SUCCESS;
    pwr_dbd_run run = { .dbd = dbd };
    int tries = 0;

    do {
        tries++;
        if (tries > 1 && !is_dead(&run)) {
            pause_random(tries);
        }
        run = (pwr_dbd_run){ .dbd = dbd, .pool = pool };
        status = work_try(&run, work, baton);
    } while (is_repeatable(status) && tries < TRIES_MAX
             && pwr_now_ms() < until_ms);

    if (status == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    report(&run, work, tries);
    return is_repeatable(status) || status == PWR_STORE_AWAY
               ? PWR_STORE_AWAY : PWR_STORE_BROKEN;
}
