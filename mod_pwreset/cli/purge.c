/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"

typedef struct tally {
    long rows, batches;
} tally;

static apr_status_t purge(pwr_call *call, int *changed)
{
    return call->store->ops->purge(call->store, call->pool, PWR_KEEP_SEC,
                                   changed);
}

static apr_status_t history_tidy(pwr_call *call, int *changed)
{
    return call->store->ops->history_tidy(call->store, call->pool,
                                          call->vhost->conf->realm, 1,
                                          changed);
}

/* A batch is a transaction of a hundred rows of a kind: until nothing is left,
 * or the database fails, and then what was done is told all the same. */
static apr_status_t repeat(pwr_call *call, tally *all,
                           apr_status_t (*batch)(pwr_call *, int *))
{
    apr_status_t done = APR_SUCCESS;
    int changed = 1;

    while (done == APR_SUCCESS && changed > 0) {
        done = batch(call, &changed);
        all->rows += changed;
        all->batches += changed > 0;
    }
    return done;
}

int pwr_command_purge(pwr_call *call)
{
    tally all = { 0, 0 }, looked_for = { 0, 0 };
    apr_status_t done = repeat(call, &all, purge);

    if (done == APR_SUCCESS) {
        done = repeat(call, &looked_for, history_tidy);
    }
    printf("%s: deleted %ld rows in %ld batches\n", call->vhost->server,
           all.rows, all.batches);
    return pwr_call_store_status(done);
}
