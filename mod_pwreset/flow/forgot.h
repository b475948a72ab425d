/* SPDX-License-Identifier: Apache-2.0 */
/* "Forgot your password?": take an address and promise nothing.
 *
 * The answer cannot depend on whether the account exists, because this flow
 * does not know: it writes one job and replies.  The account is looked up later
 * by flow/deliver.c in the worker (OWASP Forgot Password: uniform answers). */
#ifndef PWR_FORGOT_H
#define PWR_FORGOT_H

#include "flow/env.h"

/* What the site takes this canonical text for, without asking anybody:
 * PWR_IDENTIFY_* bits; 0: it is refused. */
int pwr_forgot_kinds(const pwr_env *env, const char *identifier);

pwr_flow pwr_forgot_show;   /* GET */
pwr_flow pwr_forgot_ask;    /* POST email */

#endif
