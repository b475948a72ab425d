/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/tidy.h"

#include <poll.h>

#include "httpd/shared.h"

#define EVERY_MS (10 * 60 * 1000)
#define ROWS_LIVE_SEC (90 * 86400)     /* PwResetSessionLifetime at most */
#define BATCHES_MAX 200

static int is_stopping(int stop_fd)
{
    struct pollfd p = { .fd = stop_fd, .events = POLLIN };

    return poll(&p, 1, 0) > 0;
}

static apr_status_t purge(apr_pool_t *pool, pwr_server *self, int *changed)
{
    return self->store->ops->purge(self->store, pool, PWR_KEEP_SEC, changed);
}

static apr_status_t forget(apr_pool_t *pool, pwr_server *self, int *changed)
{
    return self->store->ops->forget(self->store, pool, self->conf->realm,
                                    self->conf->audit_keep_sec, changed);
}

/* Batch after batch, until none changes anything. */
static void repeat(apr_pool_t *parent, pwr_server *self, int stop_fd,
                   apr_status_t (*batch)(apr_pool_t *, pwr_server *, int *))
{
    int changed = 1;
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    for (int i = 0; i < BATCHES_MAX && changed && !is_stopping(stop_fd);
         i++) {
        if (batch(pool, self, &changed) != APR_SUCCESS) {
            break;
        }
    }
    apr_pool_destroy(pool);
}

/* However often httpd restarts.  At the first start nothing is deleted: a host
 * that was away for long has mails to send first. */
void pwr_tidy(apr_pool_t *pool, server_rec *main_server, int stop_fd)
{
    int64_t *tidy_ms = &pwr_shared_memory()->lease.tidy_ms;

    if (pwr_now_ms() < *tidy_ms) {
        return;
    }
    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);

        if (self && *tidy_ms > 0
            && pwr_server_is_first_of_store(main_server, self)) {
            repeat(pool, self, stop_fd, purge);
        }
        /* Else no row gets that old, and to look for them costs. */
        if (self && self->conf->audit_keep_sec < ROWS_LIVE_SEC) {
            repeat(pool, self, stop_fd, forget);
        }
    }
    *tidy_ms = pwr_now_ms() + EVERY_MS;
}
