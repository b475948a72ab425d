/* SPDX-License-Identifier: Apache-2.0 */
/* Where audit lines go: the file or program of PwResetAudit, or the error log.
 *
 * Opened by httpd's parent, as root, at each start and restart; children write
 * to what they inherit, one line with one write(), and wait for nobody.  A line
 * that cannot be written goes to the error log, and no request fails. */
#ifndef PWR_TRAIL_H
#define PWR_TRAIL_H

#include "core/event.h"
#include "httpd/server.h"

/* Hook post_config, after pwr_shared_make.  What cannot be opened is told of,
 * and httpd starts. */
void pwr_trail_open(apr_pool_t *pconf, server_rec *main_server);

/* For `httpd -t`: warn of what pwr_trail_open would not open. */
void pwr_trail_check(apr_pool_t *pool, const pwr_server *self);

/* Write an event down, whose realm and time are added. */
void pwr_trail_write(const pwr_server *self, apr_pool_t *pool,
                     pwr_event *event);

#endif
