/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker does for the tables now and then: rows that are long over are
 * deleted, and clients forgotten (PwResetAuditKeep).  In small batches and
 * short rounds, mails being sent between them; one process of a host at a time,
 * that which holds the lease. */
#ifndef PWR_TIDY_H
#define PWR_TIDY_H

#include "httpd/server.h"

/* A round of it, if it is time; it ends early when `stop_fd` is readable.
 * Non-zero: it is not all done, call it again soon. */
int pwr_tidy(apr_pool_t *pool, server_rec *main_server, int stop_fd);

#endif
