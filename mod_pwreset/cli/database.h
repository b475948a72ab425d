/* SPDX-License-Identifier: Apache-2.0 */
/* A store over one plain apr_dbd connection, opened at its first use with the
 * vhost's own DBDriver and DBDParams. */
#ifndef PWR_DATABASE_H
#define PWR_DATABASE_H

#include <apr_pools.h>

#include "cli/vhost.h"
#include "core/diag.h"
#include "io/store_dbd.h"

/* The queries and the table prefix of a vhost that has a database. */
pwr_store_conf pwr_database_conf(const pwr_vhost *vhost);

/* EX_OK and sets `*store`; EX_CONFIG when the vhost has no database or a query
 * is wrong; EX_UNAVAILABLE when the driver is not installed. */
int pwr_database_open(apr_pool_t *pool, const pwr_vhost *vhost,
                      const pwr_diag *diag, pwr_store **store);

#endif
