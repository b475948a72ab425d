/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that this node has read a moment ago, in shared memory
 * (core/seqcache.h; never a cache that other hosts can write to).
 *
 * An entry is believed for PwResetSessionCache seconds and only while the
 * user's generation is the one it was stored under, so a change made on this
 * node takes effect at once. */
#ifndef PWR_CACHE_H
#define PWR_CACHE_H

#include "httpd/server.h"

/* Hook post_config; may fail for want of memory. */
apr_status_t pwr_cache_make(apr_pool_t *pconf);

/* Counts all changes on this node: read before the database is asked. */
uint32_t pwr_cache_clock(void);

/* This user's sessions have changed (after the commit). */
void pwr_cache_bump(const char *realm, const char *user_id);

/* Look up a session by its digest; zero when it is not cached, stale, or
 * another vhost's. */
int pwr_cache_get(request_rec *r, const pwr_server *self, const char *digest,
                  pwr_visitor *visitor);

/* Remember what the database said, unless something has changed since `clock`
 * was read: an old answer must not outlive the change that made it old. */
void pwr_cache_put(request_rec *r, const pwr_server *self,
                   const pwr_visitor *visitor, uint32_t clock);

#endif
