/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/attempt.h"

#include <string.h>

#include "core/guess.h"
#include "flow/device.h"

apr_status_t pwr_attempt_begin(const pwr_env *env, const pwr_request *request,
                               const char *typed, pwr_attempt *attempt)
{
    const pwr_conf *conf = env->site->conf;
    apr_status_t status;

    memset(attempt, 0, sizeof(*attempt));
    if (!pwr_device_is_used(env)) {
        attempt->may = 1;
        return APR_SUCCESS;
    }
    attempt->guess = (pwr_guess){
        .realm = conf->realm,
        .name = pwr_guess_name(env->pool, typed),
        .network = pwr_guess_network(env->pool, request->client_address),
        .rate = conf->limit[PWR_LIMIT_LOGIN_ACCOUNT],
    };
    status = pwr_device_digest(env, request, attempt->digest);
    attempt->has_device = attempt->digest[0] != '\0';
    return status;
}

apr_status_t pwr_attempt_known(const pwr_env *env, const pwr_user *user,
                               pwr_attempt *attempt)
{
    pwr_device device = {
        .realm = attempt->guess.realm, .user_id = user->id,
        .stamp = user->stamp
    };
    apr_status_t status;

    memcpy(device.digest, attempt->digest, sizeof(device.digest));
    status = env->store->ops->device_take(env->store, env->pool, &device,
                                          &attempt->guess.rate,
                                          &attempt->is_known);
    attempt->may = attempt->is_known;
    return status;
}

apr_status_t pwr_attempt_queue(const pwr_env *env, const pwr_request *request,
                               pwr_attempt *attempt)
{
    apr_status_t status = env->store->ops->guess_take(env->store, env->pool,
                                                      &attempt->guess);

    if (status != APR_SUCCESS) {
        return status;
    }
    attempt->may = attempt->guess.lane != PWR_GUESS_REFUSED;
    if (attempt->guess.wait_ms > 0) {
        attempt->answer_at_usec = env->host->now_usec(env->host_baton)
            + 1000 * attempt->guess.wait_ms;
    }
    /* Without the name: people type passwords there. */
    if (!attempt->may) {
        pwr_diag_log(env->diag, PWR_LEVEL_INFO, 0, "PWR0430",
                     "an attempt to sign in from %s was not looked at: more "
                     "come under its name than PwResetLimit login-account "
                     "lets through", request->client_address);
    }
    return APR_SUCCESS;
}

void pwr_attempt_hold(const pwr_attempt *attempt, pwr_response *response)
{
    if (response->answer_at_usec < attempt->answer_at_usec) {
        response->answer_at_usec = attempt->answer_at_usec;
    }
}

void pwr_attempt_drop(const pwr_env *env, const pwr_attempt *attempt)
{
    if (attempt->guess.lane != PWR_GUESS_REFUSED) {
        env->store->ops->guess_give_back(env->store, env->pool,
                                         &attempt->guess);
    }
}

void pwr_attempt_right(const pwr_env *env, const pwr_request *request,
                       const pwr_user *user, const pwr_attempt *attempt,
                       pwr_response *response)
{
    const char *before = attempt->has_device ? attempt->digest : NULL;
    const char *secret;
    pwr_device device;

    if (!pwr_device_is_used(env)) {
        return;
    }
    if (attempt->is_known) {
        pwr_device_send(env, request->device, response);
        return;
    }
    pwr_attempt_drop(env, attempt);
    if (pwr_device_begin(env, user, &device, &secret) == APR_SUCCESS
        && env->store->ops->device_add(env->store, env->pool, &device, before)
           == APR_SUCCESS) {
        pwr_device_send(env, secret, response);
    }
}
