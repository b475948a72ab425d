/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/tidy.h"

#include <poll.h>

#include "httpd/shared.h"

#define EVERY_MS (10 * 60 * 1000)
#define ROWS_LIVE_SEC (90 * 86400)     /* PwResetSessionLifetime at most */
#define ROUND_MS 200            /* then mails have their turn */

/* A bit of it. */
typedef struct bounds {
    int stop_fd;
    int64_t until_ms;
} bounds;

/* What this process has begun; only its dispatcher's. */
static struct {
    server_rec *main_server;
    server_rec *at;             /* the next one; NULL: nothing is to be done */
    int may_purge;
} turn;

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

/* Batch after batch, until none changes anything, or it cannot be done now.
 * Zero: the round is over before. */
static int repeat(apr_pool_t *parent, pwr_server *self, const bounds *r,
                  apr_status_t (*batch)(apr_pool_t *, pwr_server *, int *))
{
    int changed = 1;

    while (changed) {
        apr_pool_t *pool;
        apr_status_t status;

        if (is_stopping(r->stop_fd) || pwr_now_ms() >= r->until_ms) {
            return 0;
        }
        apr_pool_create(&pool, parent);
        status = batch(pool, self, &changed);
        apr_pool_destroy(pool);
        if (status != APR_SUCCESS) {
            return 1;
        }
    }
    return 1;
}

/* The site of this realm and store; NULL: no server has it any more. */
static pwr_server *site_of(server_rec *main_server, const pwr_server *self,
                           const char *realm)
{
    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *other = pwr_server_active(s);

        if (other && strcmp(other->conf->realm, realm) == 0
            && pwr_server_same_store(other, self)) {
            return other;
        }
    }
    return NULL;
}

/* Former passwords of accounts that are gone: one look for all realms, as most
 * have none. */
static apr_status_t history(apr_pool_t *pool, pwr_server *self, int *changed)
{
    const pwr_store_ops *ops = self->store->ops;
    const char *realm;
    apr_status_t status = ops->history_stalest(self->store, pool, &realm);
    pwr_server *owner;

    *changed = 0;
    if (status != APR_SUCCESS || !realm) {
        return status;
    }
    owner = site_of(turn.main_server, self, realm);
    return ops->history_tidy(owner ? owner->store : self->store, pool, realm,
                             owner != NULL, changed);
}

static int tidy_site(apr_pool_t *pool, server_rec *main_server, server_rec *s,
                     const bounds *r)
{
    pwr_server *self = pwr_server_active(s);
    int is_done = 1;

    if (self && turn.may_purge
        && pwr_server_is_first_of_store(main_server, self)) {
        is_done = repeat(pool, self, r, purge)
            && repeat(pool, self, r, history);
    }
    /* Else no row gets that old, and to look for them costs. */
    if (is_done && self && self->conf->audit_keep_sec < ROWS_LIVE_SEC) {
        is_done = repeat(pool, self, r, forget);
    }
    return is_done;
}

/* However often httpd restarts.  At the first start nothing is deleted: a host
 * that was away for long has mails to send first. */
int pwr_tidy(apr_pool_t *pool, server_rec *main_server, int stop_fd)
{
    int64_t *tidy_ms = &pwr_shared_memory()->lease.tidy_ms;
    int64_t now_ms = pwr_now_ms();
    const bounds r = { stop_fd, now_ms + ROUND_MS };

    if (!turn.at && now_ms >= *tidy_ms) {
        turn.at = turn.main_server = main_server;
        turn.may_purge = *tidy_ms > 0;
        /* Before it is begun: whoever has the lease next need not do it. */
        *tidy_ms = now_ms + EVERY_MS;
    }
    while (turn.at && tidy_site(pool, main_server, turn.at, &r)) {
        turn.at = turn.at->next;
    }
    return turn.at != NULL;
}
