/* SPDX-License-Identifier: Apache-2.0 */
/* All SQL of the store: ours in one table (store_sql.c), and the provider's
 * (store_query.c). */
#ifndef PWR_STORE_SQL_H
#define PWR_STORE_SQL_H

#include "io/dbd_run.h"

typedef enum pwr_stmt {
    /* the provider's */
    PWR_STMT_USER_BY_EMAIL = 0,
    PWR_STMT_USER_BY_LOGIN,
    PWR_STMT_USER_BY_ID,
    PWR_STMT_PASSWORD_UPDATE,
    PWR_STMT_GROUPS,            /* its name is NULL where there is none */
    /* ours */
    PWR_STMT_CLOCK,
    PWR_STMT_LOCK,
    PWR_STMT_SCHEMA_VERSION,
    PWR_STMT_PROXY_SEEN,
    PWR_STMT_PROXY_ADD,
    PWR_STMT_PROXY_AGE,
    PWR_STMT_JOB_ADD,
    PWR_STMT_JOB_BATCH,
    PWR_STMT_JOB_CLAIM,
    PWR_STMT_JOB_HOLD,
    PWR_STMT_JOB_RETRY,
    PWR_STMT_JOB_GIVE_UP,
    PWR_STMT_JOB_DONE,
    PWR_STMT_JOB_LIST,
    PWR_STMT_JOB_FIND,
    PWR_STMT_JOB_ABOUT,
    PWR_STMT_JOB_AGAIN,
    PWR_STMT_JOB_DROP,
    PWR_STMT_JOB_DEAD,
    PWR_STMT_JOB_PURGE,
    PWR_STMT_JOB_LOST,
    PWR_STMT_JOB_LOST_PURGE,
    PWR_STMT_JOB_SURVEY,
    PWR_STMT_JOB_ERROR,
    PWR_STMT_JOB_OLD,
    PWR_STMT_JOB_FORGET,
    PWR_STMT_TOKEN_ADD,
    PWR_STMT_TOKEN_FIND,
    PWR_STMT_TOKEN_TALLY,
    PWR_STMT_TOKEN_SPEND,
    PWR_STMT_TOKEN_CANCEL,
    PWR_STMT_TOKEN_END,
    PWR_STMT_TOKEN_LIST,
    PWR_STMT_TOKEN_CLICK,
    PWR_STMT_TOKEN_RESTAMP,
    PWR_STMT_TOKEN_DEAD,
    PWR_STMT_TOKEN_PURGE,
    PWR_STMT_SESSION_ADD,
    PWR_STMT_SESSION_FIND,
    PWR_STMT_SESSION_TOUCH,
    PWR_STMT_SESSION_END,
    PWR_STMT_SESSION_END_USER,
    PWR_STMT_SESSION_END_OTHERS,
    PWR_STMT_SESSION_LIST,
    PWR_STMT_SESSION_RESTAMP,
    PWR_STMT_SESSION_SURVEY,
    PWR_STMT_SESSION_DEAD,
    PWR_STMT_SESSION_OLD,
    PWR_STMT_SESSION_FORGET,
    PWR_STMT_GUESS_FIND,
    PWR_STMT_GUESS_BEGIN,
    PWR_STMT_GUESS_MOVE,
    PWR_STMT_GUESS_GIVE_BACK,
    PWR_STMT_GUESS_DEAD,
    PWR_STMT_GUESS_PURGE,
    PWR_STMT_DEVICE_TAKE,
    PWR_STMT_DEVICE_ADD,
    PWR_STMT_DEVICE_RENAME,
    PWR_STMT_DEVICE_END_USER,
    PWR_STMT_DEVICE_RESTAMP,
    PWR_STMT_DEVICE_LEAST,
    PWR_STMT_DEVICE_TRIM,
    PWR_STMT_DEVICE_DEAD,
    PWR_STMT_DEVICE_PURGE,
    PWR_STMT_HISTORY_ADD,
    PWR_STMT_HISTORY_LIST,
    PWR_STMT_HISTORY_LEAST,
    PWR_STMT_HISTORY_TRIM,
    PWR_STMT_HISTORY_STALEST,
    PWR_STMT_HISTORY_STALE,
    PWR_STMT_HISTORY_SEEN,
    PWR_STMT_HISTORY_DROP,
    /* not on a request's way, or not on every database */
    PWR_STMT_OTHERS,
    PWR_STMT_USER_ADD = PWR_STMT_OTHERS,
    PWR_STMT_USER_LIST,     /* the provider's; perhaps not there */
    PWR_STMT_PASSWORD_REHASH,   /* the provider's UPDATE, for the row as it
                                 * was read; no format: it cannot be made */
    PWR_STMT_ENGINE_OF,
    PWR_STMT_VIEW_OF,
    PWR_STMT_WIDTH_OF,
    PWR_STMT_COUNT
} pwr_stmt;

typedef struct pwr_store_sql {
    pwr_dbd_stmt stmt[PWR_STMT_COUNT];
    pwr_dbd_stmt *after;        /* after-change statements, after_n of them */
    int after_n;
} pwr_store_sql;

/* Compile everything.  Returns NULL, or a sentence for the admin that begins
 * with the directive's name. */
const char *pwr_store_sql_make(apr_pool_t *pool, const pwr_store_conf *conf,
                               pwr_dialect dialect, pwr_store_sql *sql);

/* The provider's part of it. */
const char *pwr_store_query_compile(apr_pool_t *pool,
                                    const pwr_store_conf *conf,
                                    pwr_store_sql *sql);

#endif
