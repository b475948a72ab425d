/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/host.h"

#include "httpd/cache.h"
#include "httpd/gate.h"
#include "httpd/worker.h"

static void sessions_changed(void *baton, const char *realm,
                             const char *user_id)
{
    (void)baton;
    pwr_cache_bump(realm, user_id);
}

static void wake(void *baton)
{
    (void)baton;
    pwr_worker_wake();
}

pwr_env pwr_host_env(apr_pool_t *pool, pwr_server *self)
{
    static const pwr_host_ops ops = {
        pwr_gate_enter, pwr_gate_leave, sessions_changed, wake
    };

    return (pwr_env){
        .pool = pool,
        .site = self->site,
        .store = self->store,
        .host = &ops,
        .host_baton = self,
        .diag = &self->diag,
    };
}
