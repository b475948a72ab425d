/* SPDX-License-Identifier: Apache-2.0 */
/* The mails of this host.
 *
 * Every child has a dispatcher thread; the one that holds the lease in shared
 * memory sweeps the stores and gives jobs to mail slots, the others look once a
 * second whether the holder still lives.  Each tends its child's connections.
 * Nothing is kept in memory that the tables do not hold: a worker killed at any
 * instruction loses nothing, its lease on the job runs out and another takes
 * it. */
#ifndef PWR_WORKER_H
#define PWR_WORKER_H

#include "httpd/server.h"

/* Hook child_init: start the dispatcher of this child. */
void pwr_worker_start(apr_pool_t *pchild, server_rec *main_server);

/* Hook child_stopping: take no more jobs.  Mails under way end by themselves
 * when `graceful`, else their programs are killed after a second and the jobs
 * put back.  The threads are joined before `pchild` dies. */
void pwr_worker_stop(apr_pool_t *pchild, int graceful);

/* There is a job.  Any thread of any child. */
void pwr_worker_wake(void);

#endif
