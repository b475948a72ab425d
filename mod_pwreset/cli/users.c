/* SPDX-License-Identifier: Apache-2.0 */
/* All users of a site, or those whom no mail could reach. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "flow/account.h"

#define LOOKS_MAX 200           /* of check: pages of PWR_USERS_LIST_MAX */

/* Read on behind `*after`; `*is_last` when that were all. */
static int page_read(const pwr_call *call, apr_pool_t *pool,
                     const char **after, pwr_users *users, int *is_last)
{
    apr_status_t done = call->store->ops->users_list(call->store, pool, *after,
                                                     users);
    const char *last = users->n > 0 ? users->row[users->n - 1].id : NULL;

    *is_last = users->n < PWR_USERS_LIST_MAX;
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (!*is_last && (!last || strcmp(last, *after) == 0)) {
        return pwr_call_fail(EX_CONFIG, "PwResetListQuery gives the same rows "
                             "again: it must say WHERE id > :after ORDER BY "
                             "id LIMIT :max, id being the column it gives so");
    }
    if (last) {
        *after = apr_pstrdup(call->pool, last);
    }
    return EX_OK;
}

static int is_listable(const pwr_call *call)
{
    return call->vhost->conf->list_query
        || pwr_call_is_shipped_table(call->vhost->conf);
}

static const char *reason_of(apr_pool_t *pool, const pwr_user *user)
{
    if (pwr_account_lacks_recovery(pool, user)) {
        return user->recovery_email && *user->recovery_email
            ? "recovery address is the mailbox" : "no recovery address";
    }
    return pwr_account_mailbox(pool, user) ? NULL : "no address for mail";
}

static void user_print(const pwr_call *call, const pwr_user *user,
                       const char *reason)
{
    printf("%s\t%s\t%s%s%s\n", pwr_call_shown(call, user->login),
           pwr_call_shown(call, user->email),
           pwr_call_shown(call, user->recovery_email), reason ? "\t" : "",
           reason ? reason : "");
}

int pwr_command_user_list(pwr_call *call)
{
    int without = pwr_call_option(call, "without-recovery") != NULL;
    int status = EX_OK, is_last = 0;
    const char *after = "";

    if (!is_listable(call)) {
        return pwr_call_fail(EX_CONFIG, "how are the users of %s listed? say "
                             "PwResetListQuery", call->vhost->server);
    }
    while (status == EX_OK && !is_last) {
        pwr_users users = { .n = 0 };
        apr_pool_t *pool;

        apr_pool_create(&pool, call->pool);
        status = page_read(call, pool, &after, &users, &is_last);
        for (int i = 0; status == EX_OK && i < users.n; i++) {
            const char *reason = reason_of(pool, &users.row[i]);

            if (!without || reason) {
                user_print(call, &users.row[i], reason);
            }
        }
        apr_pool_destroy(pool);
    }
    return status;
}

/* For check; a table of millions is looked at in part. */
int pwr_call_unreachable(const pwr_call *call, int *unreachable, int *all)
{
    int status = is_listable(call) ? EX_OK : EX_UNAVAILABLE, is_last = 0;
    const char *after = "";

    *unreachable = *all = 0;
    for (int n = 0; status == EX_OK && !is_last && n < LOOKS_MAX; n++) {
        pwr_users users = { .n = 0 };
        apr_pool_t *pool;

        apr_pool_create(&pool, call->pool);
        status = page_read(call, pool, &after, &users, &is_last);
        for (int i = 0; status == EX_OK && i < users.n; i++) {
            *unreachable += reason_of(pool, &users.row[i]) != NULL;
            ++*all;
        }
        apr_pool_destroy(pool);
    }
    return status;
}
