/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of mod_dbd's pool, lent to the store.
 *
 * mod_dbd holds its pool's lock while it connects and waits without end for a
 * free connection, so a database that does not answer would stop every thread
 * one after the other.  Before the pool stand a breaker (after a failure nobody
 * asks for a second) and a gate (one thread of a child connects at a time, the
 * others wait 250 ms, and no more borrow than DBDMax allows).  Connections that
 * were used a moment ago are kept at hand, as mod_dbd pings what it lends. */
#ifndef PWR_DBD_H
#define PWR_DBD_H

#include "httpd/server.h"
#include "io/store_dbd.h"

int pwr_dbd_is_loaded(void);

/* In the parent, while the configuration is checked.  Servers that share a pool
 * of mod_dbd share the breaker and the gate before it, too: otherwise a
 * database that hangs would hold a thread for each site, one after the
 * other. */
pwr_dbd_lender pwr_dbd_lender_for(apr_pool_t *pconf, server_rec *server);

/* Hook post_config: give each pool its place in shared memory, and tell each
 * pwr_server that of its own.  After pwr_shared_make. */
apr_status_t pwr_dbd_seat(apr_pool_t *pconf, server_rec *main_server);

/* Give back to mod_dbd, of each pool, what is at hand and was not used a moment
 * ago; may wait while somebody connects.  From the first call on connections
 * may be kept there, after one `for_good` no more: mod_dbd's pool ends the
 * process when some are missing at its end. */
void pwr_dbd_cool(const server_rec *main_server, int for_good);

/* How many connections a child may have. */
int pwr_dbd_max(const pwr_server *self);

#endif
