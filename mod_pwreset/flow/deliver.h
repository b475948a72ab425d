/* SPDX-License-Identifier: Apache-2.0 */
/* The later half of a request: a job becomes a mail, or a run of PwResetHook,
 * in the worker.
 *
 * Here, and only here, is it found out whether the account exists. */
#ifndef PWR_DELIVER_H
#define PWR_DELIVER_H

#include "flow/env.h"

typedef struct pwr_delivery {
    const pwr_job *job;         /* claimed */
    const char *owner;          /* by whom */
    int64_t now;                /* the database's */
    int64_t lease_sec;          /* for how long, and for how long again */
    int cancel_fd;              /* readable: the worker is to stop; or -1 */
} pwr_delivery;

/* What a lease of a job has beyond the time of one mail program. */
#define PWR_LEASE_MARGIN_SEC 30

/* Do one job and settle it: look up, mint, render, send; delete the row, put
 * it back, or give it up.  Blocks for as long as the program runs.
 * A status other than APR_SUCCESS: the database went away, and the lease will
 * run out. */
apr_status_t pwr_deliver(const pwr_env *env, const pwr_delivery *delivery);

#endif
