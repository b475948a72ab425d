/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/notice.h"

#include <string.h>

#include "core/crypto.h"
#include "core/language.h"

apr_status_t pwr_notice_prepare(const pwr_env *env,
                                const pwr_request *request,
                                const pwr_user *user, pwr_job *job)
{
    const char *tag = pwr_language_enabled(env->site->tags, user->language);

    memset(job, 0, sizeof(*job));
    job->kind = PWR_JOB_NOTICE;
    job->realm = env->site->conf->realm;
    job->language = tag ? tag : request->voice->tag;
    job->address = request->client_address;
    job->agent = request->agent;
    return pwr_crypto_id(job->id);
}

void pwr_notice_sent(const pwr_env *env, const char *user_id)
{
    env->host->sessions_changed(env->host_baton, env->site->conf->realm,
                                user_id);
    env->host->wake(env->host_baton, env->pool);
}
