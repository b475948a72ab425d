/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that leave no sooner than at a given time, so that what was found out
 * on the way does not show in when they come.
 *
 * On the event MPM nobody waits: the request is suspended and its connection
 * closed after the answer, as httpd 2.4 has no way to give a suspended
 * connection back to the MPM.  Which way is taken depends on the connection
 * and never on the answer.  Elsewhere (worker, prefork, HTTP/2 streams) the
 * request's thread sleeps. */
#ifndef PWR_DELAY_H
#define PWR_DELAY_H

#include <httpd.h>

/* Hook child_init. */
void pwr_delay_start(apr_pool_t *pchild, server_rec *main_server);

/* Send `len` bytes as the body of an answer whose status and headers are set,
 * not before `at_usec` of CLOCK_MONOTONIC (0: at once).  Returns what the
 * handler is to return. */
int pwr_delay_send(request_rec *r, const char *bytes, size_t len,
                   int64_t at_usec);

#endif
