/* SPDX-License-Identifier: Apache-2.0 */
/* An operator ends what lets somebody into an account but its password. */
#include "io/store_parts.h"

#include <string.h>

typedef struct revoke_call {
    const pwr_store_impl *impl;
    pwr_revocation *revocation;
} revoke_call;

/* Behind the lock, so that no string is minted, and no password changed, in
 * between. */
static apr_status_t revoke_all(pwr_dbd_run *run, void *baton)
{
    const revoke_call *call = baton;
    pwr_revocation *r = call->revocation;
    const struct { pwr_stmt stmt; int *n; } ends[] = {
        { PWR_STMT_SESSION_END_USER, &r->sessions },
        { PWR_STMT_TOKEN_END, &r->strings },
        { PWR_STMT_DEVICE_END_USER, &r->devices },
    };
    const pwr_dbd_arg args[] = {
        { "realm", r->realm }, { "user", r->user_id }, { "why", "revoked" },
        { NULL, NULL }
    };
    apr_status_t status = pwr_store_lock(run, call->impl, r->realm,
                                         r->user_id);

    for (size_t i = 0; status == APR_SUCCESS
                       && i < sizeof(ends) / sizeof(*ends); i++) {
        status = pwr_dbd_exec(run, &call->impl->sql.stmt[ends[i].stmt], args,
                              ends[i].n);
    }
    run->keep = status == APR_SUCCESS;
    return status;
}

apr_status_t pwr_store_account_revoke(pwr_store *store, apr_pool_t *pool,
                                      pwr_revocation *revocation)
{
    static const pwr_dbd_work work = { .name = "account_revoke",
                                       .transaction = 1, .step = revoke_all };
    revoke_call call = { store->impl, revocation };
    apr_status_t status = pwr_dbd_do(&call.impl->dbd, pool, &work, &call);

    if (status != APR_SUCCESS) {
        revocation->sessions = revocation->strings = revocation->devices = 0;
    }
    return status;
}
