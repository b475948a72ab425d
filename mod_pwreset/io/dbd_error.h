/* SPDX-License-Identifier: Apache-2.0 */
/* What an error of a database means for us, and what its admin can do.
 *
 * MySQL's are told apart by number; SQLite's driver has only texts.
 * Pure; any thread. */
#ifndef PWR_DBD_ERROR_H
#define PWR_DBD_ERROR_H

#include "io/store_dbd.h"

/* Statuses inside the store; none leaves it. */
#define PWR_DBD_AGAIN (APR_OS_START_USERERR + 101)  /* nothing done: repeat */
#define PWR_DBD_STALE (APR_OS_START_USERERR + 107)  /* prepare it again */
#define PWR_DBD_LOST (APR_OS_START_USERERR + 102)   /* connection is gone */
#define PWR_DBD_EXISTS (APR_OS_START_USERERR + 104) /* such a key is there */
#define PWR_DBD_NO_TABLE (APR_OS_START_USERERR + 105)
#define PWR_DBD_BAD_TEXT (APR_OS_START_USERERR + 106)   /* not in the column's
                                                         * character set */

#define PWR_DBD_CODES_MAX 24

typedef enum pwr_dbd_tell {
    PWR_DBD_TELL_NUMBER = 0,    /* its text may hold values of a visitor */
    PWR_DBD_TELL_TEXT
} pwr_dbd_tell;

typedef struct pwr_dbd_error {
    const char *id;             /* of the log line */
    apr_status_t status;        /* PWR_DBD_* or PWR_STORE_* */
    pwr_dbd_tell tell;
    int is_of_node;             /* another one may do it: do not lend this
                                 * connection again */
    const char *remedy;
    int codes[PWR_DBD_CODES_MAX];   /* MySQL; 0 ends */
    const char *texts[8];           /* SQLite: parts of the message */
} pwr_dbd_error;

/* The row for a driver's return code and message; never NULL. */
const pwr_dbd_error *pwr_dbd_error_find(pwr_dialect dialect, int code,
                                        const char *text);

/* The row for a connection that broke without a code, as in COMMIT. */
const pwr_dbd_error *pwr_dbd_error_lost(void);

#endif
