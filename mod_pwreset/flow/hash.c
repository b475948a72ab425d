/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/hash.h"

#include "core/format.h"
#include "core/password.h"

apr_status_t pwr_hash_verify(const pwr_env *env, const char *password,
                             const char *stored, int *match)
{
    /* A locked account ("!", "") takes as long as any, or it would tell. */
    int can_match = stored && pwr_format_of(stored).engine != PWR_ENGINE_NONE;
    int place;
    apr_status_t status;

    *match = 0;
    status = env->host->gate_enter(env->host_baton, env->site->conf->realm,
                                   &place);
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_password_verify(password, can_match ? stored : env->site->decoy,
                        match);
    env->host->gate_leave(env->host_baton, place);
    *match = *match && can_match;
    return APR_SUCCESS;
}

apr_status_t pwr_hash_make(const pwr_env *env, const char *password,
                           const char *old, const char **stored)
{
    pwr_scheme scheme = pwr_scheme_choose(&env->site->conf->password_scheme,
                                          old);
    int place;
    apr_status_t status;

    *stored = NULL;
    status = env->host->gate_enter(env->host_baton, env->site->conf->realm,
                                   &place);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = pwr_password_make(env->pool, &scheme, password, stored);
    env->host->gate_leave(env->host_baton, place);
    return status;
}
