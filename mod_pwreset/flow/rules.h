/* SPDX-License-Identifier: Apache-2.0 */
/* A new password, typed twice: the rules on the page, and what is wrong. */
#ifndef PWR_RULES_H
#define PWR_RULES_H

#include "flow/env.h"

/* The rules for this user: the site's, as the scheme of his row narrows them
 * and his groups make them stricter.  A user whose id is NULL is in none. */
apr_status_t pwr_rules_find(const pwr_env *env, const pwr_user *user,
                            pwr_policy *policy);

/* List them in the model, together with the attribute for password
 * managers. */
void pwr_rules_show(const pwr_env *env, const pwr_request *request,
                    const pwr_policy *policy, pwr_response *response);

/* What is wrong with `password` for this user, in the order of the rules, as
 * sentences of `voice`; returns their number, `sentences` holds
 * PWR_RULES_N.  Former passwords are not looked at. */
size_t pwr_rules_broken(const pwr_env *env, const pwr_voice *voice,
                        const pwr_user *user, const pwr_policy *policy,
                        const char *password, const char **sentences);

/* Has this account `password`, or one of the former ones that the policy
 * names?  PWR_GATE_FULL: that was not found out. */
apr_status_t pwr_rules_used(const pwr_env *env, const pwr_user *user,
                            const pwr_policy *policy, const char *password,
                            int *used);

/* Add everything that is wrong with the form's `password` and `confirm` to the
 * response's errors.  Only where nothing is wrong former passwords are looked
 * at: a guess at one that is wrong becomes the new password.  As
 * pwr_rules_used. */
apr_status_t pwr_rules_judge(const pwr_env *env, const pwr_request *request,
                             const pwr_user *user, const pwr_policy *policy,
                             pwr_response *response);

#endif
