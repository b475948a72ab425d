/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"

/* A batch is a transaction of a hundred rows of a kind: until nothing is left,
 * or the database fails, and then what was done is told all the same. */
int pwr_command_purge(pwr_call *call)
{
    long rows = 0, batches = 0;
    int purged = 1;
    apr_status_t done = APR_SUCCESS;

    while (done == APR_SUCCESS && purged > 0) {
        done = call->store->ops->purge(call->store, call->pool, PWR_KEEP_SEC,
                                       &purged);
        rows += purged;
        batches += purged > 0;
    }
    printf("%s: deleted %ld rows in %ld batches\n", call->vhost->server, rows,
           batches);
    return pwr_call_store_status(done);
}
