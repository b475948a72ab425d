/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/host.h"

#include <apr_strings.h>

#include "core/cost.h"
#include "core/mask.h"
#include "httpd/cache.h"
#include "httpd/gate.h"
#include "httpd/limits.h"
#include "httpd/shared.h"
#include "httpd/trail.h"
#include "httpd/worker.h"

static void sessions_changed(void *baton, const char *realm,
                             const char *user_id)
{
    (void)baton;
    pwr_cache_bump(realm, user_id);
}

static int64_t limit_take(void *baton, pwr_limit_class limit,
                          const char *user_id)
{
    return pwr_limits_take_account(baton, limit, user_id);
}

static void limit_give(void *baton, pwr_limit_class limit,
                       const char *user_id)
{
    pwr_limits_give_account(baton, limit, user_id);
}

static apr_status_t wake_now(void *data)
{
    (void)data;
    pwr_worker_wake();
    return APR_SUCCESS;
}

static void wake(void *baton, apr_pool_t *pool)
{
    (void)baton;
    apr_pool_cleanup_register(pool, NULL, wake_now, apr_pool_cleanup_null);
}

static int64_t now_usec(void *baton)
{
    (void)baton;
    return pwr_now_usec();
}

static void cost_learn(void *baton, const char *like, int is_row,
                       int64_t took_usec)
{
    pwr_server *self = baton;
    pwr_tenant *tenant = pwr_shared_tenant(self);

    pwr_shared_lock(&tenant->lock);
    pwr_cost_learn(&tenant->cost, like, took_usec, is_row,
                   pwr_now_usec());
    pthread_mutex_unlock(&tenant->lock);
}

static int64_t cost_dearest(void *baton, char like[PWR_COST_LIKE_MAX])
{
    pwr_server *self = baton;
    pwr_tenant *tenant = pwr_shared_tenant(self);
    const char *found;
    int64_t usec;

    pwr_shared_lock(&tenant->lock);
    usec = pwr_cost_dearest(&tenant->cost, pwr_now_usec(), &found);
    apr_cpystrn(like, found ? found : "", PWR_COST_LIKE_MAX);
    pthread_mutex_unlock(&tenant->lock);
    return usec;
}

static int cost_differs(void *baton)
{
    pwr_server *self = baton;
    pwr_tenant *tenant = pwr_shared_tenant(self);
    int differs;

    pwr_shared_lock(&tenant->lock);
    differs = pwr_cost_differs(&tenant->cost, pwr_now_usec());
    pthread_mutex_unlock(&tenant->lock);
    return differs;
}

static void count(void *baton, pwr_count what)
{
    pwr_shared_count(baton, what);
}

/* Users' addresses do not belong on a page. */
static void mail_failed(void *baton, apr_pool_t *pool, const char *why,
                        const char *mailbox)
{
    const char *const names[] = { mailbox, NULL };

    pwr_shared_mail_error(baton, pwr_mask_people(pool, why, names));
}

static void audit(void *baton, apr_pool_t *pool, pwr_event *event)
{
    pwr_trail_write(baton, pool, event);
}

pwr_env pwr_host_env(apr_pool_t *pool, pwr_server *self)
{
    static const pwr_host_ops ops = {
        .gate_sit = pwr_gate_sit,
        .gate_enter = pwr_gate_enter,
        .gate_leave = pwr_gate_leave,
        .sessions_changed = sessions_changed,
        .limit_take = limit_take,
        .limit_give = limit_give,
        .wake = wake,
        .now_usec = now_usec,
        .cost_learn = cost_learn,
        .cost_dearest = cost_dearest,
        .cost_differs = cost_differs,
        .count = count,
        .mail_failed = mail_failed,
        .audit = audit,
    };

    return (pwr_env){
        .pool = pool,
        .site = self->site,
        .store = self->store,
        .host = &ops,
        .host_baton = self,
        .diag = &self->diag,
        .began_usec = pwr_now_usec(),
    };
}

apr_pool_t *pwr_host_pool(void)
{
    apr_allocator_t *allocator;
    apr_pool_t *pool;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return NULL;
    }
    if (apr_pool_create_ex(&pool, NULL, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, pool);
    return pool;
}
