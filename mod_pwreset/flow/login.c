/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/login.h"

#include <string.h>

#include <apr_strings.h>

#include "core/text.h"
#include "flow/attempt.h"
#include "flow/audit.h"
#include "flow/device.h"
#include "flow/hash.h"
#include "flow/page.h"
#include "flow/rehash.h"
#include "flow/session.h"

static void begin(const pwr_env *env, const pwr_request *request, int status,
                  const char *target, pwr_response *response)
{
    const char *path = apr_pstrcat(env->pool, env->site->conf->base, "/login",
                                   NULL);
    pwr_model *model;
    int by = env->site->conf->identify[0];

    pwr_page_begin(env, request, status, PWR_PAGE_LOGIN, "/login", response);
    model = response->model;
    pwr_model_flag(model, "by_email", by & PWR_IDENTIFY_EMAIL);
    pwr_model_flag(model, "by_login", by & PWR_IDENTIFY_LOGIN);
    pwr_model_text(model, "signed_in_as", request->visitor.login);
    if (target && pwr_url_is_local(target)) {
        pwr_model_text(model, "return", target);
        pwr_page_languages(env, request, response,
                           pwr_url_with(env->pool, path, "return", target));
    }
}

/* Whoever comes from a protected page goes back there, and without a cookie
 * from there to this page again, and so on for ever.  So a cookie goes with the
 * form, and the form says so: if it comes alone, none will ever come.  What was
 * not sent by a form of ours needs no such cookie. */
static void try_cookies(const pwr_env *env, const pwr_request *request,
                        pwr_response *response)
{
    pwr_model_flag(response->model, "cookies", 1);
    if (!request->sends_cookies) {
        pwr_page_cookie(response, env->site->try_cookie, "1", -1);
    }
}

apr_status_t pwr_login_show(const pwr_env *env, const pwr_request *request,
                            pwr_response *response)
{
    const char *target = pwr_form_get(request->query, "return");

    begin(env, request, 200, target, response);
    pwr_model_text(response->model, "login", request->login_hint);
    response->is_common = !target && !request->login_hint
        && !request->visitor.login;
    if (target && pwr_url_is_local(target)) {
        try_cookies(env, request, response);
    }
    return APR_SUCCESS;
}

/* What is wrong before anybody is looked up. */
static void judge(const pwr_env *env, const pwr_request *request,
                  pwr_response *response)
{
    const char *typed = pwr_form_get(request->form, "login");
    const char *password = pwr_form_get(request->form, "password");

    if (!typed || !*pwr_text_trim(env->pool, typed)) {
        pwr_page_error(env, request, response, "login",
                       N_("Enter your login or email address."), NULL);
    }
    if (!password || !*password) {
        pwr_page_error(env, request, response, "password",
                       N_("Enter your password."), NULL);
    }
    if (!pwr_form_get(request->form, "cookies")) {
        return;
    }
    try_cookies(env, request, response);
    if (!request->sends_cookies) {
        pwr_page_error(env, request, response, NULL,
                       N_("Your browser does not send cookies, and without "
                          "them nobody stays signed in. Allow cookies for "
                          "this site and try again."), NULL);
    }
}

/* The one account that `typed` names; id NULL when there is none, or when
 * several share the address and it does not say which.  An address means its
 * owner first: otherwise whoever takes it for a login shuts him out.  Both are
 * always asked, so that the work does not tell what was found. */
static apr_status_t find_user(const pwr_env *env, const char *typed,
                              pwr_user *user)
{
    static const struct { int bit; pwr_user_key key; } ways[] = {
        { PWR_IDENTIFY_EMAIL, PWR_USER_BY_EMAIL },
        { PWR_IDENTIFY_LOGIN, PWR_USER_BY_LOGIN },
    };
    const char *name = pwr_text_canonical(env->pool, typed);

    memset(user, 0, sizeof(*user));
    for (size_t i = 0; name && i < sizeof(ways) / sizeof(*ways); i++) {
        pwr_users users = { .is_sole = 1 };
        apr_status_t status;

        if (!(env->site->conf->identify[0] & ways[i].bit)) {
            continue;
        }
        status = env->store->ops->users_find(env->store, env->pool,
                                             ways[i].key, name, &users);
        if (status != APR_SUCCESS) {
            return status;
        }
        if (users.n == 1 && !user->id) {
            *user = users.row[0];
        }
    }
    return APR_SUCCESS;
}

/* `*is_added` 0: the password that was verified is no longer what is stored.
 * That is asked where it is to be hashed anew, for then another login may have
 * done so; each time it would take a row that many logins wait for. */
static apr_status_t session_try(const pwr_env *env,
                                const pwr_request *request,
                                const pwr_user *user, const char **secret,
                                int *is_added)
{
    int is_due = pwr_rehash_is_due(env, user,
                                   pwr_form_get(request->form, "password"));
    pwr_session session;
    apr_status_t status = pwr_session_begin(env, request, user, &session,
                                            secret);

    *is_added = 1;
    return status ? status
        : env->store->ops->session_add(env->store, env->pool, &session,
                                       env->site->conf->session_lifetime_sec,
                                       is_due ? is_added : NULL);
}

/* As the row stands now; without a password if there is none any more. */
static apr_status_t read_again(const pwr_env *env, pwr_user *user)
{
    pwr_users users = { 0 };
    apr_status_t status = env->store->ops->users_find(
        env->store, env->pool, PWR_USER_BY_ID, user->id, &users);

    user->password = NULL;
    if (status == APR_SUCCESS && users.n == 1) {
        *user = users.row[0];
    }
    return status;
}

/* Two people who sign in to one account at once have verified the same old hash
 * when one of them hashes the password anew.  What tells that from a change of
 * the password is the password alone, so the other one's is verified again.
 * `*match` 0: it is not the password any more. */
static apr_status_t session_open(const pwr_env *env,
                                 const pwr_request *request, pwr_user *user,
                                 const char **secret, pwr_response *response,
                                 int *match)
{
    int is_added;
    apr_status_t status = session_try(env, request, user, secret, &is_added);

    if (status != APR_SUCCESS || is_added) {
        return status;
    }
    status = read_again(env, user);
    if (status == APR_SUCCESS) {
        status = pwr_hash_verify(env, pwr_form_get(request->form, "password"),
                                 user, 1, response, match);
    }
    if (status == APR_SUCCESS && *match) {
        status = session_try(env, request, user, secret, match);
    }
    return status;
}

/* The session is there. */
static apr_status_t sign_in(const pwr_env *env, const pwr_request *request,
                            const pwr_user *user, const pwr_attempt *attempt,
                            const char *secret, pwr_response *response)
{
    const char *target = pwr_form_get(request->form, "return");
    const char *realm = env->site->conf->realm;
    const char *before = request->visitor.session_digest;
    apr_status_t status = APR_SUCCESS;

    /* The session this browser had is not left behind under its old id. */
    if (before) {
        status = env->store->ops->session_end(env->store, env->pool, realm,
                                              before);
        env->host->sessions_changed(env->host_baton, realm,
                                    request->visitor.user_id);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    env->host->count(env->host_baton, PWR_COUNT_LOGIN_OK);
    response->spares_limit = 1;
    pwr_page_redirect(response, pwr_session_landing(env, target));
    pwr_session_send(env, secret, response);
    pwr_page_cookie(response, env->site->login_cookie, "", 0);
    pwr_attempt_right(env, request, user, attempt, response);
    pwr_audit_visit(env, request, PWR_EVENT_LOGIN_OK, user,
                    !pwr_device_is_used(env) ? NULL
                    : attempt->is_known ? "known-browser" : "new-browser");
    pwr_rehash_do(env, request, user,
                  pwr_form_get(request->form, "password"));
    return APR_SUCCESS;
}

/* May the password be looked at, and whose would it be? */
static apr_status_t admit(const pwr_env *env, const pwr_request *request,
                          pwr_attempt *attempt, pwr_user *user)
{
    const char *typed = pwr_form_get(request->form, "login");
    apr_status_t status = pwr_attempt_begin(env, request, typed, attempt);
    int is_asked = attempt->has_device;

    if (status == APR_SUCCESS && !attempt->has_device) {
        status = pwr_hash_reserve(env);
    }
    if (status == APR_SUCCESS && attempt->has_device) {
        status = find_user(env, typed, user);
        if (status == APR_SUCCESS) {
            status = pwr_attempt_known(env, user, attempt);
        }
    }
    if (status == APR_SUCCESS && !attempt->may) {
        status = pwr_attempt_queue(env, request, attempt);
    }
    if (status == APR_SUCCESS && attempt->may && !is_asked) {
        status = find_user(env, typed, user);
    }
    return status;
}

/* One sentence for all that is wrong. */
static apr_status_t fail(const pwr_env *env, const pwr_request *request,
                         const pwr_attempt *attempt, pwr_response *response)
{
    apr_status_t status = APR_SUCCESS;

    env->host->count(env->host_baton, attempt->may ? PWR_COUNT_LOGIN_FAILED
                     : pwr_count_of_limit(PWR_LIMIT_LOGIN_ACCOUNT));
    pwr_audit_visit(env, request, attempt->may ? PWR_EVENT_LOGIN_FAILED
                    : PWR_EVENT_LOGIN_SLOWED, NULL, NULL);
    pwr_page_error(env, request, response, "login",
                   N_("The login or the password is wrong."), NULL);
    /* Where the account was asked for, its work must not show in the time. */
    if (!attempt->may && attempt->has_device) {
        status = pwr_hash_refuse(env, response);
    }
    if (!attempt->may) {
        pwr_page_error(env, request, response, "login",
                       N_("There have been too many attempts with this login. "
                          "Please try again in a minute."), NULL);
    }
    return status;
}

/* Both were typed. */
static apr_status_t try_to_enter(const pwr_env *env,
                                 const pwr_request *request,
                                 pwr_response *response)
{
    pwr_attempt attempt;
    const char *secret;
    pwr_user user;
    int match = 0;
    apr_status_t status = admit(env, request, &attempt, &user);

    if (status != APR_SUCCESS || !attempt.may) {
        return status ? status : fail(env, request, &attempt, response);
    }
    status = pwr_hash_verify(env, pwr_form_get(request->form, "password"),
                             &user, attempt.is_known, response, &match);
    if (status == APR_SUCCESS && match) {
        status = session_open(env, request, &user, &secret, response, &match);
    }
    if (status != APR_SUCCESS) {
        pwr_attempt_drop(env, &attempt);
        return status;
    }
    pwr_attempt_hold(&attempt, response);
    return match ? sign_in(env, request, &user, &attempt, secret, response)
                 : fail(env, request, &attempt, response);
}

apr_status_t pwr_login_enter(const pwr_env *env, const pwr_request *request,
                             pwr_response *response)
{
    begin(env, request, 422, pwr_form_get(request->form, "return"), response);
    pwr_model_text(response->model, "login",
                   pwr_form_get(request->form, "login"));
    judge(env, request, response);
    return response->errors ? APR_SUCCESS
                            : try_to_enter(env, request, response);
}

apr_status_t pwr_logout_show(const pwr_env *env, const pwr_request *request,
                             pwr_response *response)
{
    pwr_page_begin(env, request, 200, PWR_PAGE_LOGOUT, "/logout", response);
    pwr_model_flag(response->model, "signed_in",
                   request->visitor.login != NULL);
    pwr_model_flag(response->model, "done", request->visitor.login == NULL);
    pwr_model_text(response->model, "login", request->visitor.login);
    return APR_SUCCESS;
}

apr_status_t pwr_logout_leave(const pwr_env *env, const pwr_request *request,
                              pwr_response *response)
{
    const char *realm = env->site->conf->realm;
    const pwr_visitor *visitor = &request->visitor;
    apr_status_t status = APR_SUCCESS;

    if (visitor->session_digest) {
        status = env->store->ops->session_end(env->store, env->pool, realm,
                                              visitor->session_digest);
        env->host->sessions_changed(env->host_baton, realm,
                                    visitor->user_id);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (visitor->session_digest) {
        pwr_audit_visitor(env, request, PWR_EVENT_LOGOUT, NULL);
    }
    pwr_page_redirect(response, pwr_page_path(env, request, "/logout"));
    pwr_page_cookie(response, env->site->cookie, "", 0);
    return APR_SUCCESS;
}
