/* SPDX-License-Identifier: Apache-2.0 */
/* How often clients may do something, counted in this host's memory.
 *
 * Each realm has tables of its own, one a class, so that no crowd at one site
 * or page is felt at another.  Keys are digests under a random key made at the
 * start.  A restart keeps it all.  Any thread of any child. */
#ifndef PWR_LIMITS_H
#define PWR_LIMITS_H

#include "core/network.h"
#include "httpd/server.h"

/* What was taken, to be given back. */
typedef struct pwr_taken {
    pwr_limit_class limit;
    uint64_t key[PWR_NETWORKS_MAX];
    int n;
} pwr_taken;

/* Hook post_config: make the tables, or find those of before a restart, and
 * tell each pwr_server its own.  After pwr_shared_make. */
apr_status_t pwr_limits_make(server_rec *main_server);

/* Take one for the client of `r`; returns 0, or in how many seconds to come
 * again.  An unconfigured proxy is told to the admin and never limited: its
 * visitors all have one address. */
int64_t pwr_limits_take_client(request_rec *r, const pwr_server *self,
                               pwr_limit_class limit, pwr_taken *taken);

/* Give back what was taken. */
void pwr_limits_give(const pwr_server *self, const pwr_taken *taken);

/* The same for an account. */
int64_t pwr_limits_take_account(const pwr_server *self, pwr_limit_class limit,
                                const char *user_id);
void pwr_limits_give_account(const pwr_server *self, pwr_limit_class limit,
                             const char *user_id);

/* Keep for `pwresetctl check` which realms were seen behind an unconfigured
 * proxy since the last call; for the worker. */
void pwr_limits_report(apr_pool_t *pool, server_rec *main_server);

#endif
