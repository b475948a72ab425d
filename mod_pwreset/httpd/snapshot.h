/* SPDX-License-Identifier: Apache-2.0 */
/* How this host fares, for the status page: what shared memory holds, and what
 * the databases say. */
#ifndef PWR_SNAPSHOT_H
#define PWR_SNAPSHOT_H

#include "core/status.h"
#include "httpd/server.h"

pwr_status pwr_snapshot_take(apr_pool_t *pool, server_rec *main_server);

#endif
