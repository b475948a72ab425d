/* SPDX-License-Identifier: Apache-2.0 */
/* How many passwords this host hashes at a time.
 *
 * A hash costs a whole core for up to half a second; without a gate a flood of
 * logins starves every other page of the server.  N places in shared memory, a
 * bounded number of seats, a deadline; then PWR_GATE_FULL and 503.
 *
 * A request has a seat from when it wants to hash until it is over: those whose
 * answer waits (delay.c) count as those who wait for a place, so that neither
 * can take the server's threads and connections.  Realms share both as
 * core/fair.h says.  Whoever has a place gives way to other work of the
 * processors, which has only a moment's to do. */
#ifndef PWR_GATE_H
#define PWR_GATE_H

#include "flow/env.h"

/* As pwr_host_ops says; any thread of any child. */
apr_status_t pwr_gate_sit(void *baton, apr_pool_t *pool);
apr_status_t pwr_gate_enter(void *baton, apr_pool_t *pool, int is_known);
void pwr_gate_leave(void *baton, apr_pool_t *pool, int64_t at_usec);

/* How it is used now. */
typedef struct pwr_gate_use {
    int places, held;
    int seats, taken;           /* for those who hold, wait or rest */
    int waiting;
} pwr_gate_use;

pwr_gate_use pwr_gate_look(void);

/* Hook child_stopping: let nobody wait for a place any longer, unless all have
 * the time to end by themselves. */
void pwr_gate_stop(apr_pool_t *pchild, int graceful);

#endif
