/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/command.h"
#include "cli/prompt.h"
#include "core/addr.h"
#include "core/language.h"
#include "core/password.h"
#include "core/policy.h"
#include "core/text.h"
#include "flow/hook.h"
#include "flow/notice.h"
#include "flow/rules.h"
#include "flow/site.h"

/* Widths of the shipped table, in code points. */
#define LOGIN_POINTS_MAX 190
#define NAME_POINTS_MAX 255

/* ---- the new password of a user ---- */

/* A user that is not there yet has had no password. */
static int judge(const pwr_env *env, const pwr_user *user,
                 const pwr_policy *policy, const char *secret)
{
    static const pwr_voice english = { .tag = "en" };
    const char *broken[PWR_RULES_N];
    size_t n = pwr_rules_broken(env, &english, user, policy, secret, broken);
    apr_status_t done = APR_SUCCESS;
    int used = 0;

    if (n == 0 && user->id) {
        done = pwr_rules_used(env, user, policy, secret, &used);
    }
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (used) {
        broken[n++] = pwr_rule_broken(PWR_RULE_USED);
    }
    if (n == 0) {
        return EX_OK;
    }
    pwr_call_fail(EX_DATAERR, "the site's rules refuse this password: choose "
                  "another, or say --any-password");
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "  %s\n", broken[i]);
    }
    return EX_DATAERR;
}

/* Ask for a password for `user`, judge it by the site's rules and hash it in
 * the scheme its row is to have. */
static int password_take(const pwr_call *call, const pwr_env *env,
                         const pwr_user *user, const pwr_policy *policy,
                         const char **stored)
{
    /* NOLINTNEXTLINE(clang-analyzer-*): pwr_call_env() told whether it is */
    const pwr_conf *conf = env->site->conf;
    const pwr_scheme scheme = pwr_scheme_choose(&conf->password_scheme,
                                                user->password);
    const char *secret = NULL;
    int status = pwr_prompt_read(env->pool, PWR_PROMPT_TWICE, &secret);

    if (status == EX_OK && !pwr_call_option(call, "any-password")) {
        status = judge(env, user, policy, secret);
    }
    if (status != EX_OK) {
        return status;
    }
    return pwr_call_hash(env->pool, &scheme, secret, stored);
}

/* ---- user add ---- */

static int is_column(const char *text, size_t points_max)
{
    return *text && pwr_text_is_utf8(text, strlen(text))
        && pwr_text_is_plain(text)
        && pwr_text_points(text) <= points_max;
}

/* The row as the command line gives it; what is wrong with it is told. */
static int row_make(pwr_call *call, pwr_user *user)
{
    const char *language = pwr_call_option(call, "language");
    const char *name = pwr_call_option(call, "name");
    const char *const *enabled = call->vhost->conf->languages;

    memset(user, 0, sizeof(*user));
    user->login = pwr_text_is_utf8(call->args[0], strlen(call->args[0]))
                      ? pwr_text_trim(call->pool, call->args[0]) : "";
    user->email = pwr_addr_mailbox(call->pool, call->args[1]);
    user->language = pwr_language_enabled(enabled, language);
    user->name = name;
    if (!is_column(user->login, LOGIN_POINTS_MAX)) {
        return pwr_call_fail(EX_DATAERR, "this is no login name: give 1 to %d "
                             "characters of UTF-8", LOGIN_POINTS_MAX);
    }
    if (!user->email) {
        return pwr_call_fail(EX_DATAERR, "'%s' is no mail address: give one "
                             "such as ivan@example.org",
                             pwr_text_printable(call->pool, call->args[1],
                                                200));
    }
    if (language && !user->language) {
        return pwr_call_fail(EX_DATAERR, "the site does not speak '%s': give "
                             "one of its PwResetLanguages",
                             pwr_text_printable(call->pool, language, 40));
    }
    if (name && !is_column(name, NAME_POINTS_MAX)) {
        return pwr_call_fail(EX_DATAERR, "this is no name: give 1 to %d "
                             "characters of UTF-8", NAME_POINTS_MAX);
    }
    return EX_OK;
}

/* Rows that the site never reads would only seem to be users. */
int pwr_call_is_shipped_table(const pwr_conf *conf)
{
    return strcmp(conf->login_query,
                  pwr_conf_row_find("PwResetLoginQuery")->standard) == 0;
}

int pwr_command_user_add(pwr_call *call)
{
    pwr_env env;
    pwr_user user;
    pwr_policy policy;
    apr_status_t done;
    int added, status;

    if (!pwr_call_is_shipped_table(call->vhost->conf)) {
        return pwr_call_fail(EX_CONFIG, "the users of %s are in a table of "
                             "its own (PwResetLoginQuery): add them with the "
                             "program that keeps it", call->vhost->server);
    }
    status = row_make(call, &user);
    if (status == EX_OK) {
        status = pwr_call_env(call, &env);
    }
    if (status == EX_OK) {
        status = pwr_call_store_status(pwr_rules_find(&env, &user, &policy));
    }
    if (status == EX_OK) {
        status = password_take(call, &env, &user, &policy, &user.password);
    }
    if (status != EX_OK) {
        return status;
    }
    done = env.store->ops->user_add(env.store, env.pool, &user, &added);
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (!added) {
        return pwr_call_fail(EX_DATAERR, "there is a user of this login "
                             "already: choose another, or change the password "
                             "with pwresetctl user passwd");
    }
    pwr_call_audit(call, &(pwr_event){ .kind = PWR_EVENT_OPERATOR_ADDED,
                                       .login = user.login });
    puts("added");
    return EX_OK;
}

/* ---- user passwd ---- */

static int outcome_tell(const pwr_call *call, pwr_change_outcome outcome)
{
    const char *fault;
    int status;

    if (outcome != PWR_CHANGE_DONE) {
        fault = pwr_call_change_fault(outcome, &status);
        return pwr_call_fail(status, "%s", fault);
    }
    printf("changed; sessions end within %" APR_INT64_T_FMT " s on running "
           "servers\n", (apr_int64_t)call->vhost->conf->session_cache_sec);
    return EX_OK;
}

static apr_status_t change_write(const pwr_env *env, const pwr_user *user,
                                 const pwr_policy *policy, const char *stored,
                                 pwr_change_outcome *outcome)
{
    const pwr_request request = {
        .voice = pwr_site_voice(env->site, NULL)
    };
    pwr_job notice, hook;
    pwr_change change = {
        .realm = env->site->conf->realm,
        .user_id = user->id,
        .stored = stored,
        .stamp = user->stamp,
        .history = policy->history,
        .notice = &notice
    };
    apr_status_t done = pwr_notice_prepare(env, &request, user, &notice);

    if (done == APR_SUCCESS) {
        change.hook = pwr_hook_prepare(env, &notice, PWR_HOOK_OPERATOR, &hook);
        done = env->store->ops->password_change(env->store, env->pool,
                                                &change);
    }
    *outcome = change.outcome;
    return done;
}

int pwr_command_user_passwd(pwr_call *call)
{
    pwr_change_outcome outcome;
    pwr_env env;
    pwr_user user;
    pwr_policy policy;
    const char *stored;
    apr_status_t done;
    int status = pwr_call_user(call, call->args[0], &user);

    if (status == EX_OK) {
        status = pwr_call_env(call, &env);
    }
    if (status == EX_OK) {
        status = pwr_call_store_status(pwr_rules_find(&env, &user, &policy));
    }
    if (status == EX_OK) {
        status = password_take(call, &env, &user, &policy, &stored);
    }
    if (status != EX_OK) {
        return status;
    }
    done = change_write(&env, &user, &policy, stored, &outcome);
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (outcome == PWR_CHANGE_DONE) {
        pwr_call_audit(call, &(pwr_event){ .kind = PWR_EVENT_OPERATOR_PASSWD,
                                           .user_id = user.id,
                                           .login = user.login });
    }
    return outcome_tell(call, outcome);
}
