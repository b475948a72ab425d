/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt to sign in, before its password is looked at and after.
 *
 *   pwr_attempt_begin(env, request, typed, &attempt);
 *   if (attempt.has_device) ... pwr_attempt_known(env, user, &attempt);
 *   if (!attempt.may) ... pwr_attempt_queue(env, request, &attempt);
 *   if (attempt.may) ... the password; then
 *   pwr_attempt_hold(&attempt, response);
 *   pwr_attempt_right(env, request, user, &attempt, response);
 *
 * Whether there is such an account is asked first only of a browser that says
 * an account knows it: of a flood most ends in the queue, at one SELECT. */
#ifndef PWR_ATTEMPT_H
#define PWR_ATTEMPT_H

#include "flow/env.h"

typedef struct pwr_attempt {
    int may;                    /* the password may be looked at */
    int has_device;             /* the browser sent a cookie */
    int is_known;               /* ... and the account knows it */
    char digest[PWR_DIGEST_HEX + 1];    /* of that cookie */
    pwr_guess guess;
    int64_t answer_at_usec;     /* of host->now_usec(): not before */
} pwr_attempt;

apr_status_t pwr_attempt_begin(const pwr_env *env, const pwr_request *request,
                               const char *typed, pwr_attempt *attempt);

/* `user`: the one of that name, or one whose id is NULL. */
apr_status_t pwr_attempt_known(const pwr_env *env, const pwr_user *user,
                               pwr_attempt *attempt);

apr_status_t pwr_attempt_queue(const pwr_env *env, const pwr_request *request,
                               pwr_attempt *attempt);

/* The answer waits for the slot, whatever it is. */
void pwr_attempt_hold(const pwr_attempt *attempt, pwr_response *response);

/* The password could not be looked at after all: the slot is given back. */
void pwr_attempt_drop(const pwr_env *env, const pwr_attempt *attempt);

/* The password was right: it was no guess, and the browser is known from now
 * on.  The visitor gets in even where this cannot be written. */
void pwr_attempt_right(const pwr_env *env, const pwr_request *request,
                       const pwr_user *user, const pwr_attempt *attempt,
                       pwr_response *response);

#endif
