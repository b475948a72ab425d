/* SPDX-License-Identifier: Apache-2.0 */
/* Browsers that an account knows; the digests of their cookies only.
 *
 * A row is bound to the stamp of the password, as a session is: after any
 * change of it, by whomever, all browsers are strangers again.  A thief who had
 * one keeps nothing. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

typedef struct device_call {
    const pwr_store_impl *impl;
    const pwr_device *device;
    const pwr_rate *rate;
    const char *before;
    int taken;
} device_call;

static const char *lifetime(const pwr_dbd_run *run)
{
    return pwr_dbd_decimal(run, PWR_DEVICE_LIFETIME_SEC);
}

/* Asked in the same way whether the name that was typed is somebody's or not:
 * a NULL equals no user. */
static apr_status_t device_take(pwr_dbd_run *run, void *baton)
{
    device_call *call = baton;
    const pwr_device *device = call->device;
    int64_t interval_ms = pwr_rate_interval_ms(call->rate);
    const pwr_dbd_arg args[] = {
        { "realm", device->realm }, { "digest", device->digest },
        { "user", device->user_id }, { "stamp", device->stamp },
        { "interval", pwr_dbd_decimal(run, interval_ms) },
        { "depth", pwr_dbd_decimal(run, (call->rate->burst - 1)
                                        * interval_ms) },
        { "lifetime", lifetime(run) }, { NULL, NULL }
    };

    return pwr_dbd_exec(run, &call->impl->sql.stmt[PWR_STMT_DEVICE_TAKE],
                        args, &call->taken);
}

apr_status_t pwr_store_device_take(pwr_store *store, apr_pool_t *pool,
                                   const pwr_device *device,
                                   const pwr_rate *rate, int *taken)
{
    static const pwr_dbd_work work = { .name = "device_take",
                                       .step = device_take };
    const pwr_store_impl *impl = store->impl;
    device_call call = { .impl = impl, .device = device, .rate = rate };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *taken = status == APR_SUCCESS && call.taken == 1;
    return status;
}

/* Always under a new digest: a cookie that was there before may have been
 * planted by somebody who would then be known, too. */
apr_status_t pwr_store_device_write(pwr_dbd_run *run,
                                    const pwr_store_impl *impl,
                                    const pwr_device *device,
                                    const char *stamp, const char *before)
{
    const pwr_dbd_arg args[] = {
        { "realm", device->realm }, { "digest", device->digest },
        { "user", device->user_id }, { "stamp", stamp },
        { "before", before }, { "lifetime", lifetime(run) }, { NULL, NULL }
    };
    /* Room for one more: whoever has the password could fill the table. */
    const pwr_trim trim = {
        PWR_STMT_DEVICE_LEAST, PWR_STMT_DEVICE_TRIM, device->realm,
        device->user_id, PWR_DEVICES_MAX - 1
    };
    apr_status_t status = APR_SUCCESS;
    int changed;

    if (before) {
        status = pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_DEVICE_RENAME],
                              args, &changed);
    }
    if (status == APR_SUCCESS) {
        status = pwr_store_trim(run, impl, &trim);
    }
    if (status == APR_SUCCESS) {
        status = pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_DEVICE_ADD], args,
                              &changed);
    }
    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

static apr_status_t device_add(pwr_dbd_run *run, void *baton)
{
    device_call *call = baton;

    return pwr_store_device_write(run, call->impl, call->device,
                                  call->device->stamp, call->before);
}

apr_status_t pwr_store_device_add(pwr_store *store, apr_pool_t *pool,
                                  const pwr_device *device,
                                  const char *before)
{
    static const pwr_dbd_work work = { .name = "device_add",
                                       .step = device_add };
    const pwr_store_impl *impl = store->impl;
    device_call call = { .impl = impl, .device = device, .before = before };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}
