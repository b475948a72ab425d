/* SPDX-License-Identifier: Apache-2.0 */
/* "Your password was changed": queued in the transaction of the change. */
#ifndef PWR_NOTICE_H
#define PWR_NOTICE_H

#include "flow/env.h"

/* Fill in the job that the change will queue for each address of the account,
 * in the language of `user`; the recipient, login and user id come from the
 * row. */
apr_status_t pwr_notice_prepare(const pwr_env *env,
                                const pwr_request *request,
                                const pwr_user *user, pwr_job *job);

/* After the commit: forget cached sessions of the user, wake the worker. */
void pwr_notice_sent(const pwr_env *env, const char *user_id);

#endif
