/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rehash.h"

#include <string.h>

#include "core/format.h"
#include "core/prehash.h"
#include "flow/audit.h"
#include "flow/hash.h"

/* What is behind the end of a cut password may be a slip of the finger that
 * nobody has noticed: it must not become part of it. */
static int is_whole(const char *stored, const char *password)
{
    size_t cuts_at = pwr_format_of(stored).cuts_at;

    return cuts_at == 0 || strlen(password) <= cuts_at;
}

/* What the row was verified with, where blanks at its ends did not count: they
 * must not from now on either. */
static const char *taken(const pwr_env *env, const pwr_user *user,
                         const char *password)
{
    pwr_prehash prehash = pwr_format_of(pwr_hash_read(env, user)).prehash;

    return prehash == PWR_PREHASH_TRIM || prehash == PWR_PREHASH_WORDPRESS
        ? pwr_prehash_trim(env->pool, password) : password;
}

int pwr_rehash_is_due(const pwr_env *env, const pwr_user *user,
                      const char *password)
{
    const pwr_conf *conf = env->site->conf;
    const char *named = pwr_hash_read(env, user);
    pwr_scheme scheme = pwr_scheme_choose(&conf->password_scheme,
                                          user->password);

    password = taken(env, user, password);
    return conf->rehash && is_whole(named, password)
        && strlen(password) <= pwr_scheme_bytes_max(&scheme)
        && pwr_scheme_is_outdated(env->pool, &conf->password_scheme, named);
}

void pwr_rehash_do(const pwr_env *env, const pwr_request *request,
                   const pwr_user *user, const char *password)
{
    pwr_rehash rehash = { .realm = env->site->conf->realm, .user = user };

    if (!pwr_rehash_is_due(env, user, password)
        || pwr_hash_make(env, taken(env, user, password), user->password,
                         &rehash.stored) != APR_SUCCESS
        || env->store->ops->password_rehash(env->store, env->pool, &rehash)
               != APR_SUCCESS || !rehash.is_done) {
        return;
    }
    env->host->sessions_changed(env->host_baton, rehash.realm, user->id);
    pwr_audit_visit(env, request, PWR_EVENT_REHASHED, user, NULL);
}
