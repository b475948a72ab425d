/* SPDX-License-Identifier: Apache-2.0 */
/* What this process does for the flows: gate, cache, worker. */
#ifndef PWR_HOST_H
#define PWR_HOST_H

#include "httpd/server.h"

/* The environment of a request or of a worker's step. */
pwr_env pwr_host_env(apr_pool_t *pool, pwr_server *self);

/* A pool that a single thread uses, independent of all others; NULL: no
 * memory. */
apr_pool_t *pwr_host_pool(void);

#endif
