/* SPDX-License-Identifier: Apache-2.0 */
/* PwResetHook: a program of the admin's that learns of each new password, and
 * never learns the password.
 *
 * Its job is queued in the transaction of the change, so no change goes without
 * it, and none that was undone has one.  At least once: a worker may die when
 * the program has done its work and the row is still there.  "id" is the same
 * in every try. */
#ifndef PWR_HOOK_H
#define PWR_HOOK_H

#include "flow/env.h"
#include "io/program.h"

/* What happened.  Written to the table: the numbers stay. */
typedef enum pwr_hook_cause {
    PWR_HOOK_NONE = 0,
    PWR_HOOK_RESET = 1,         /* with a control string */
    PWR_HOOK_CHANGE = 2,        /* by who was signed in */
    PWR_HOOK_OPERATOR = 3,      /* with pwresetctl */
    PWR_HOOK_CAUSES_N
} pwr_hook_cause;

/* For pwr_change.hook: `job`, filled in after the notice, or NULL where the
 * site has no hook. */
const pwr_job *pwr_hook_prepare(const pwr_env *env, const pwr_job *notice,
                                pwr_hook_cause cause, pwr_job *job);

/* What the program reads: one object and a line feed, in ASCII.  NULL when
 * there is no memory. */
const char *pwr_hook_json(apr_pool_t *pool, const pwr_job *job);

/* Run the program of a claimed job; as pwr_program_run. */
pwr_sent pwr_hook_run(const pwr_env *env, const pwr_job *job, int cancel_fd,
                      const char **detail);

#endif
