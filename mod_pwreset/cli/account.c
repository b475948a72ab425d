/* SPDX-License-Identifier: Apache-2.0 */
/* One account: everybody out of it, or its owner in. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/command.h"
#include "core/language.h"
#include "flow/account.h"
#include "io/file.h"

int pwr_command_revoke(pwr_call *call)
{
    pwr_revocation r = { .realm = call->vhost->conf->realm };
    pwr_user user;
    apr_status_t done;
    int status = pwr_call_user(call, call->args[0], &user);

    if (status != EX_OK) {
        return status;
    }
    r.user_id = user.id;
    done = call->store->ops->account_revoke(call->store, call->pool, &r);
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    pwr_call_audit(call, &(pwr_event){ .kind = PWR_EVENT_OPERATOR_REVOKED,
                                       .user_id = user.id,
                                       .login = user.login });
    printf("revoked %d sessions, %d control strings, %d known browsers\n"
           "sessions end within %" APR_INT64_T_FMT " s on running servers "
           "(PwResetSessionCache); strings and browsers have ended\n"
           "the password stays as it is: pwresetctl user passwd changes it\n",
           r.sessions, r.strings, r.devices,
           (apr_int64_t)call->vhost->conf->session_cache_sec);
    return EX_OK;
}

/* ---- link ---- */

static void warn(const pwr_env *env, const pwr_call *call,
                 const pwr_user *user, int64_t expires)
{
    fprintf(stderr,
            "WARNING: until %s whoever has this link can set the password of "
            "%s.\n"
            "- Give it only to the owner, recognised in person or by what "
            "only he knows; a call or a mail\n"
            "  that asks for it is how accounts are stolen.\n"
            "- Give it by a way that nobody else reads. It is not shown "
            "again.\n"
            "- It works once. The owner's address is told of the new "
            "password.\n"
            "- To take it back: pwresetctl revoke LOGIN\n",
            pwr_zone_date_time(env->pool, env->site->zone, expires),
            pwr_call_shown(call, user->login));
}

/* Past stdio, whose buffer nobody wipes. */
static int secret_print(const char *link)
{
    fflush(stdout);
    if (pwr_file_write(STDOUT_FILENO, link, strlen(link)) != APR_SUCCESS
        || pwr_file_write(STDOUT_FILENO, "\n", 1) != APR_SUCCESS) {
        return pwr_call_fail(EX_IOERR, "standard output was not written: take "
                             "the string back with pwresetctl revoke LOGIN");
    }
    return EX_OK;
}

static int link_make(const pwr_call *call, const pwr_env *env,
                     const pwr_user *user)
{
    const char *tag = pwr_language_enabled(env->site->tags, user->language);
    const pwr_voice *voice = pwr_site_voice(env->site, tag);
    char job[PWR_ID_HEX + 1];
    pwr_minting minting = { .user = user, .job = job, .language = voice->tag };
    apr_status_t done = pwr_crypto_id(job);

    if (done == APR_SUCCESS) {
        done = pwr_account_mint(env, &minting);
    }
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (!minting.bare) {
        return pwr_call_fail(EX_TEMPFAIL, "three requests of this account have "
                             "control strings that work, and nothing was "
                             "made: use those of its mails, or end them with "
                             "pwresetctl revoke LOGIN");
    }
    pwr_call_audit(call, &(pwr_event){ .kind = PWR_EVENT_OPERATOR_LINK,
                                       .user_id = user->id,
                                       .login = user->login });
    warn(env, call, user, minting.expires);
    return secret_print(pwr_account_link(env, voice, "/reset", minting.bare));
}

int pwr_command_link(pwr_call *call)
{
    pwr_env env = { .site = NULL };
    pwr_user user;
    int status = pwr_call_user(call, call->args[0], &user);

    if (status == EX_OK) {
        status = pwr_call_env(call, &env);
    }
    return status == EX_OK ? link_make(call, &env, &user) : status;
}
