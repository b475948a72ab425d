/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"

/* A batch is a transaction of a hundred rows of a kind: until nothing is left,
 * or the database fails, and then what was done is told all the same. */
int pwr_command_purge(pwr_call *call)
{
    const pwr_store_ops *ops = call->store->ops;
    apr_status_t done;
    long rows = 0, batches = 0;
    int changed;

    do {
        done = ops->purge(call->store, call->pool, PWR_KEEP_SEC, &changed);
        rows += changed;
        batches += changed > 0;
    } while (done == APR_SUCCESS && changed > 0);
    /* Of the former passwords that are looked at, few are deleted. */
    for (changed = 1; done == APR_SUCCESS && changed > 0;) {
        done = ops->history_tidy(call->store, call->pool,
                                 call->vhost->conf->realm, 1, &changed);
    }
    printf("%s: deleted %ld rows in %ld batches\n", call->vhost->server, rows,
           batches);
    return pwr_call_store_status(done);
}
