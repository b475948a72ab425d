/* SPDX-License-Identifier: Apache-2.0 */
/* Stricter rules for the passwords of those who are in a group:
 * PwResetGroupPolicy GROUP length=MIN score=N classes=lower,digit history=N.
 * Names of groups are compared byte by byte.  Pure; any thread. */
#ifndef PWR_GROUP_H
#define PWR_GROUP_H

#include <apr_pools.h>

#include "core/policy.h"

#define PWR_GROUP_ARGS_MAX 5

typedef struct pwr_group_policy {
    const char *group;
    int points_min;             /* 0, here and below: as the site has it */
    int score_min;
    unsigned classes;           /* PWR_CLASS_* */
    int history;
} pwr_group_policy;

/* Read the directive's arguments.  Returns NULL, or a sentence for the admin
 * without the directive's name. */
const char *pwr_group_policy_read(apr_pool_t *pool, int argc,
                                  const char *const *argv,
                                  pwr_group_policy *policy);

/* The arguments (PWR_GROUP_ARGS_MAX, NULL behind) that give this. */
const char **pwr_group_policy_show(apr_pool_t *pool,
                                   const pwr_group_policy *policy);

/* Of each value the stricter one is the policy's. */
void pwr_group_policy_apply(const pwr_group_policy *group,
                            pwr_policy *policy);

#endif
