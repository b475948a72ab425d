/* SPDX-License-Identifier: Apache-2.0 */
/* The site a command is about: one vhost's configuration as httpd resolved it.
 *
 * Made from the dump (dump.h); knows no database. */
#ifndef PWR_VHOST_H
#define PWR_VHOST_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <jansson.h>

#include "core/conf.h"

typedef struct pwr_vhost {
    const char *server;         /* "name:port" */
    const char *file;           /* where it is configured */
    int line;
    const char *driver;         /* DBDriver and DBDParams; NULL: none */
    const char *params;
    const pwr_conf *conf;       /* with all defaults */
} pwr_vhost;

/* Choose the vhost called `name` ("name:port", or the name alone where that is
 * clear), or the only one when `name` is NULL.
 * EX_OK and sets `*vhost`; EX_USAGE when there are several or none of that
 * name; EX_CONFIG when none says PwReset On or the dump is not understood. */
int pwr_vhost_choose(apr_pool_t *pool, const json_t *dump, const char *name,
                     const pwr_vhost **vhost);

/* Choose all of this name, or all, into an array of const pwr_vhost *; of those
 * that share realm and tables (a site in http and https) the first.  As above,
 * but several are no failure. */
int pwr_vhost_each(apr_pool_t *pool, const json_t *dump, const char *name,
                   apr_array_header_t **vhosts);

#endif
