/* SPDX-License-Identifier: Apache-2.0 */
/* The end of waiting for a database that hangs.
 *
 * The driver knows no timeout for an answer, so a database that is stopped, or
 * lost behind a network that drops packets, would hold its threads for ever.  A
 * thread in each child looks at what is on loan and shuts the socket of what is
 * overdue; the statement fails like one whose connection broke.  What it cannot
 * end is a connect: connect-timeout of the option file does. */
#ifndef PWR_SUPERVISOR_H
#define PWR_SUPERVISOR_H

#include <httpd.h>

/* Hook child_init; ends with `pchild`, before mod_dbd's pools. */
void pwr_supervisor_start(apr_pool_t *pchild, server_rec *main_server);

#endif
