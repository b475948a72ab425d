/* SPDX-License-Identifier: Apache-2.0 */
/* From a message to a mail program, and what that says back into the table of
 * jobs.  Who takes which job when, and what the mail says, is the caller's. */
#ifndef PWR_OUTBOX_H
#define PWR_OUTBOX_H

#include <apr_pools.h>

#include "core/mime.h"
#include "io/sendmail.h"
#include "io/store.h"

/* How often and how long a kind of job is tried again. */
typedef struct pwr_backoff {
    int64_t first_sec;          /* doubled at each try, with jitter */
    int64_t most_sec;
    int64_t give_up_sec;        /* after its creation */
} pwr_backoff;

/* Delay before the next try after `tries` that failed, < 0 when it is given
 * up: `first_sec`, doubled up to `most_sec`, `random` (any number) making it
 * +-25 %.  The last try comes no later than `give_up_sec`.  Pure. */
int64_t pwr_outbox_delay_sec(const pwr_backoff *backoff, int tries,
                             int64_t age_sec, unsigned random);

/* Render and send to `message->to`.  A message that cannot be rendered is
 * PWR_SENT_NEVER. */
pwr_sent pwr_outbox_send(apr_pool_t *pool, const pwr_sendmail *conf,
                         const pwr_message *message, const char **detail);

/* What became of a job. */
typedef struct pwr_settlement {
    const pwr_job *job;
    const char *owner;          /* who holds it */
    int64_t now;                /* the database's, as the sweep saw it */
    pwr_backoff backoff;
    pwr_sent sent;
    const char *detail;         /* of the mail program; NULL: none was run */
    /* out */
    int is_abandoned;           /* never tried again */
} pwr_settlement;

/* Delete the job, put it back, or give it up, by what became of it; logs what
 * an admin must know (store->diag), with the remedy; who it was for is masked,
 * `detail` stands as it is.  `job->tries` counts this try too.
 * Returns what the store said; on failure the lease runs out and the job is
 * done again. */
apr_status_t pwr_outbox_settle(pwr_store *store, apr_pool_t *pool,
                               pwr_settlement *settlement);

#endif
