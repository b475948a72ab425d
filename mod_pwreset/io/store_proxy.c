/* SPDX-License-Identifier: Apache-2.0 */
/* Which realms were seen behind a proxy that httpd was not told of. */
#include "io/store_parts.h"

#include <apr_strings.h>

#define REALM_HEX 32            /* of its fingerprint, in the name of a row */

typedef struct proxy_call {
    const pwr_store_impl *impl;
    const char *realm;
    int64_t age_sec;
} proxy_call;

/* The name of the realm's row in meta. */
static apr_status_t row_name(pwr_dbd_run *run, const proxy_call *call,
                             const char **name)
{
    char digest[PWR_DIGEST_HEX + 1];
    apr_status_t status = pwr_store_fingerprint(call->impl, digest, "proxy",
                                                call->realm);

    *name = apr_psprintf(run->scratch, "proxy-%.*s", REALM_HEX, digest);
    return status;
}

static apr_status_t proxy_seen(pwr_dbd_run *run, void *baton)
{
    const proxy_call *call = baton;
    const pwr_dbd_stmt *stmt = call->impl->sql.stmt;
    pwr_dbd_arg args[] = { { "name", NULL }, { NULL, NULL } };
    int changed = 0;
    apr_status_t status = row_name(run, call, &args[0].value);

    if (status == APR_SUCCESS) {
        status = pwr_dbd_exec(run, &stmt[PWR_STMT_PROXY_SEEN], args,
                              &changed);
    }
    if (status == APR_SUCCESS && changed == 0) {
        status = pwr_dbd_exec(run, &stmt[PWR_STMT_PROXY_ADD], args, &changed);
    }
    /* Another node was first, or MySQL calls the same second no change. */
    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

apr_status_t pwr_store_proxy_seen(pwr_store *store, apr_pool_t *pool,
                                  const char *realm)
{
    static const pwr_dbd_work work = { .name = "proxy_seen",
                                       .step = proxy_seen };
    const pwr_store_impl *impl = store->impl;
    proxy_call call = { impl, realm, -1 };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}

static apr_status_t proxy_age(pwr_dbd_run *run, void *baton)
{
    proxy_call *call = baton;
    pwr_dbd_arg args[] = { { "name", NULL }, { NULL, NULL } };
    pwr_dbd_rows rows;
    apr_status_t status = row_name(run, call, &args[0].value);

    call->age_sec = -1;
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_PROXY_AGE], args,
                   &rows);
    if (pwr_dbd_next(&rows)) {
        call->age_sec = pwr_dbd_number(&rows, "age");
    }
    return rows.status;
}

apr_status_t pwr_store_proxy_age(pwr_store *store, apr_pool_t *pool,
                                 const char *realm, int64_t *age_sec)
{
    static const pwr_dbd_work work = { .name = "proxy_age",
                                       .step = proxy_age };
    const pwr_store_impl *impl = store->impl;
    proxy_call call = { impl, realm, -1 };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *age_sec = status == APR_SUCCESS ? call.age_sec : -1;
    return status;
}
