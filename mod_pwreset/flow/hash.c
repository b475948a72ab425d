/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/hash.h"

#include <string.h>

#include "core/cost.h"
#include "core/format.h"
#include "core/password.h"

/* What finding the account took is rounded up to this, lest the time of one
 * row more in a result shows. */
#define STEP_USEC 10000

/* Up to here a password takes what any does; beyond, most schemes take the
 * longer the longer it is, and others nothing or the same, which must not tell
 * whose hash it was. */
#define SHORT_BYTES 32

/* Verify, and let the realm learn what it took; an over-long password, or none
 * but blanks where they are trimmed, takes nothing and teaches nothing. */
static int verify(const pwr_env *env, const char *password,
                  const char *stored, int is_row)
{
    int64_t begin_usec = env->host->now_usec(env->host_baton), took_usec;
    char like[PWR_COST_LIKE_MAX];
    int match;

    pwr_password_verify(password, stored, &match);
    took_usec = env->host->now_usec(env->host_baton) - begin_usec;
    if (strlen(password) < SHORT_BYTES && pwr_password_fits(password, stored)
        && pwr_format_mask(like, sizeof(like), stored)) {
        /* A digest takes less than what is measured, and is a cost too. */
        env->host->cost_learn(env->host_baton, like, is_row,
                              took_usec > 0 ? took_usec : 1);
    }
    return match;
}

/* In the gate.  The first time ever the dearest is not known: then the site's
 * own scheme is the measure. */
static int verify_all(const pwr_env *env, const char *password,
                      const char *stored)
{
    char like[PWR_COST_LIKE_MAX];
    int is_learnt = env->host->cost_dearest(env->host_baton, like) > 0;
    const char *decoy = is_learnt ? like : env->site->decoy;
    /* A locked account ("!", "") takes as long as any, or it would tell. */
    int can_match = stored && pwr_format_of(stored).engine != PWR_ENGINE_NONE;
    int match = can_match && verify(env, password, stored, 1);

    if (!match && (!can_match || !is_learnt)) {
        verify(env, password, decoy, !is_learnt);
    }
    return match;
}

/* When a refusal may leave: after the dearest hash of a password so long,
 * counted from when this one could begin. */
static int64_t refuse_at_usec(const pwr_env *env, int64_t entered_usec,
                              size_t len)
{
    int64_t steps = (entered_usec - env->began_usec + STEP_USEC - 1)
        / STEP_USEC;
    char like[PWR_COST_LIKE_MAX];
    int64_t took_usec = env->host->cost_dearest(env->host_baton, like)
        * (int64_t)(1 + len / SHORT_BYTES);

    return env->began_usec + steps * STEP_USEC
        + (took_usec < PWR_COST_USEC_MAX ? took_usec : PWR_COST_USEC_MAX);
}

/* Whoever asks for one name several times at once is served in turns, and the
 * turns must not tell what the hash took either: where that differs between
 * accounts, the place is kept until the answer leaves, or would for a short
 * password: long ones must not keep it for seconds. */
static int64_t leave_at_usec(const pwr_env *env, int match,
                             int64_t entered_usec)
{
    return !match && env->host->cost_differs(env->host_baton)
        ? refuse_at_usec(env, entered_usec, 0) : 0;
}

apr_status_t pwr_hash_reserve(const pwr_env *env)
{
    return env->host->gate_sit(env->host_baton, env->pool);
}

const char *pwr_hash_read(const pwr_env *env, const pwr_user *user)
{
    const char *named = pwr_wrap_default(
        env->pool, env->site->conf->default_scheme, user->password);

    return pwr_wrap_with_login(env->pool, user->login, named);
}

apr_status_t pwr_hash_verify(const pwr_env *env, const char *password,
                             const pwr_user *user, int is_known,
                             pwr_response *response, int *match)
{
    int64_t entered_usec;
    apr_status_t status;

    *match = 0;
    status = env->host->gate_enter(env->host_baton, env->pool, is_known);
    if (status != APR_SUCCESS) {
        return status;
    }
    entered_usec = env->host->now_usec(env->host_baton);
    *match = verify_all(env, password, pwr_hash_read(env, user));
    if (!*match) {
        response->answer_at_usec = refuse_at_usec(env, entered_usec,
                                                  strlen(password));
    }
    env->host->gate_leave(env->host_baton, env->pool,
                          leave_at_usec(env, *match, entered_usec));
    return APR_SUCCESS;
}

apr_status_t pwr_hash_refuse(const pwr_env *env, pwr_response *response)
{
    apr_status_t status = env->host->gate_enter(env->host_baton, env->pool, 0);

    if (status != APR_SUCCESS) {
        return status;
    }
    env->host->gate_leave(env->host_baton, env->pool, 0);
    response->answer_at_usec = refuse_at_usec(
        env, env->host->now_usec(env->host_baton), 0);
    return APR_SUCCESS;
}

apr_status_t pwr_hash_verify_any(const pwr_env *env, const char *password,
                                 const char *const *stored, int n, int *match)
{
    const char *scheme = env->site->conf->default_scheme;
    const pwr_host_ops *host = env->host;

    *match = 0;
    for (int i = 0; i < n && !*match; i++) {
        apr_status_t status = host
            ? host->gate_enter(env->host_baton, env->pool, 1) : APR_SUCCESS;

        if (status != APR_SUCCESS) {
            return status;
        }
        pwr_password_verify(password,
                            pwr_wrap_default(env->pool, scheme, stored[i]),
                            match);
        if (host) {
            host->gate_leave(env->host_baton, env->pool, 0);
        }
    }
    return APR_SUCCESS;
}

apr_status_t pwr_hash_make(const pwr_env *env, const char *password,
                           const char *old, const char **stored)
{
    pwr_scheme scheme = pwr_scheme_choose(&env->site->conf->password_scheme,
                                          old);
    apr_status_t status;

    *stored = NULL;
    status = env->host->gate_enter(env->host_baton, env->pool, 1);
    if (status != APR_SUCCESS) {
        return status;
    }
    status = pwr_password_make(env->pool, &scheme, password, stored);
    env->host->gate_leave(env->host_baton, env->pool, 0);
    return status;
}
