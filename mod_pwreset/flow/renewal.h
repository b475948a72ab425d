/* SPDX-License-Identifier: Apache-2.0 */
/* A new password on a page of ours, with all that belongs to it whichever page
 * it was: the hash, the notice to the owner, and the browser, which the account
 * knows from then on. */
#ifndef PWR_RENEWAL_H
#define PWR_RENEWAL_H

#include "flow/env.h"

/* Store the form's `password` for `user`.  The caller has judged it, and set in
 * `change` the string or the session, and what history there is; the rest is
 * filled in here, for as long as this call.  When `change->outcome` is DONE
 * cached sessions are forgotten, the worker is woken and the browser's cookie
 * goes with the response.
 * PWR_GATE_FULL: not hashed; else as pwr_store_ops.password_change. */
apr_status_t pwr_renewal_do(const pwr_env *env, const pwr_request *request,
                            const pwr_user *user, pwr_change *change,
                            pwr_response *response);

#endif
