/* SPDX-License-Identifier: Apache-2.0 */
/* A new password, typed twice: the rules on the page, and what is wrong. */
#ifndef PWR_RULES_H
#define PWR_RULES_H

#include "flow/env.h"

/* List the rules for this user's new password in the model, together with the
 * attribute for password managers. */
void pwr_rules_show(const pwr_env *env, const pwr_request *request,
                    const pwr_user *user, pwr_response *response);

/* What is wrong with `password` for this user, in the order of the rules, as
 * sentences of `voice`; returns their number, `sentences` holds
 * PWR_RULES_N. */
size_t pwr_rules_broken(const pwr_env *env, const pwr_voice *voice,
                        const pwr_user *user, const char *password,
                        const char **sentences);

/* Add everything that is wrong with `password` and `confirm` (either may be
 * NULL: not sent) to the response's errors; returns non-zero when nothing
 * is. */
int pwr_rules_judge(const pwr_env *env, const pwr_request *request,
                    const pwr_user *user, pwr_response *response);

#endif
