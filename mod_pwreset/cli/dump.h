/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of every vhost, asked of httpd itself.
 *
 * Only httpd can read its configuration (Include, Define, <If>, macros), so
 * this runs  HTTPD -t -D DUMP_PWRESET [-f FILE]  and lets mod_pwreset write the
 * result as JSON into a pipe of our own, whose number it finds in the
 * environment: there, and only there, DBDParams come unmasked. */
#ifndef PWR_DUMP_H
#define PWR_DUMP_H

#include <apr_pools.h>
#include <jansson.h>

/* Run httpd (the program in the environment's HTTPD, else the one found by
 * configure) on `httpd_conf`, or on its own file when NULL.
 * EX_OK and sets `*dump`, which lives as long as `pool`; EX_CONFIG when httpd
 * refuses its configuration or has no mod_pwreset; EX_UNAVAILABLE when it
 * cannot be run. */
int pwr_dump_read(apr_pool_t *pool, const char *httpd_conf, json_t **dump);

#endif
