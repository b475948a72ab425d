/* SPDX-License-Identifier: Apache-2.0 */
/* The directives: read, merged, worked out, checked and dumped. */
#ifndef PWR_CONFIG_H
#define PWR_CONFIG_H

#include "httpd/server.h"

/* The module's directives, from the rows of core/conf. */
extern command_rec pwr_config_commands[];

void *pwr_config_create(apr_pool_t *pool, server_rec *server);
void *pwr_config_merge(apr_pool_t *pool, void *base, void *over);

/* Hook check_config: every vhost with PwReset On is made ready (site and
 * store), or what is wrong is said in words and httpd does not start. */
int pwr_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                     server_rec *main_server);

/* Hook test_config: `httpd -t -D DUMP_PWRESET`. */
void pwr_config_dump(apr_pool_t *pconf, server_rec *main_server);

#endif
