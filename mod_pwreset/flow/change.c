/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/change.h"

#include "core/crypto.h"
#include "flow/audit.h"
#include "flow/hash.h"
#include "flow/page.h"
#include "flow/renewal.h"
#include "flow/rules.h"
#include "flow/session.h"

/* The visitor's, as its row stands; user.id NULL: it is gone. */
typedef struct account {
    pwr_user user;
    pwr_policy policy;
} account;

static apr_status_t account_find(const pwr_env *env,
                                 const pwr_request *request, account *a)
{
    pwr_users users = { 0 };
    apr_status_t status = env->store->ops->users_find(
        env->store, env->pool, PWR_USER_BY_ID, request->visitor.user_id,
        &users);

    a->user.id = NULL;
    if (status == APR_SUCCESS && users.n == 1) {
        a->user = users.row[0];
        status = pwr_rules_find(env, &a->user, &a->policy);
    }
    return status;
}

static void begin(const pwr_env *env, const pwr_request *request, int status,
                  const account *a, pwr_response *response)
{
    pwr_page_begin(env, request, status, PWR_PAGE_CHANGE, "/change",
                   response);
    pwr_model_text(response->model, "login", a->user.login);
    pwr_rules_show(env, request, &a->policy, response);
}

apr_status_t pwr_change_show(const pwr_env *env, const pwr_request *request,
                             pwr_response *response)
{
    account a;
    apr_status_t status;

    if (!request->visitor.login) {
        pwr_session_demand(env, request, "/change", response);
        return APR_SUCCESS;
    }
    if (pwr_form_get(request->query, "done")) {
        pwr_page_begin(env, request, 200, PWR_PAGE_CHANGE, "/change",
                       response);
        pwr_model_text(response->model, "login", request->visitor.login);
        pwr_model_flag(response->model, "done", 1);
        return APR_SUCCESS;
    }
    status = account_find(env, request, &a);
    if (status == APR_SUCCESS && a.user.id) {
        begin(env, request, 200, &a, response);
    }
    else if (status == APR_SUCCESS) {
        pwr_session_demand(env, request, "/change", response);
    }
    return status;
}

static void too_often(const pwr_env *env, const pwr_request *request,
                      int64_t retry_sec, pwr_response *response)
{
    pwr_model *values = pwr_model_make(env->pool);

    pwr_audit_visitor(env, request, PWR_EVENT_CHANGE_FAILED, "limit");
    response->status = 429;
    response->retry_after_sec = (int)retry_sec;
    pwr_model_text(values, "until", pwr_page_until(env, retry_sec));
    pwr_page_error(env, request, response, "current",
                   N_("A wrong password was entered too often. Please try "
                      "again after {{until}}, or let us send you a control "
                      "string."), values);
}

/* Who sits at somebody else's session must not find the password out.  Taken
 * before it is looked at, and given back when it is right. */
static apr_status_t judge_current(const pwr_env *env,
                                  const pwr_request *request,
                                  const pwr_user *user, const char *current,
                                  pwr_response *response)
{
    const pwr_host_ops *host = env->host;
    int64_t retry_sec = host->limit_take(env->host_baton,
                                         PWR_LIMIT_CHANGE_ACCOUNT, user->id);
    int match;
    apr_status_t status;

    if (retry_sec) {
        too_often(env, request, retry_sec, response);
        return APR_SUCCESS;
    }
    status = pwr_hash_verify(env, current, user, 1, response,
                             &match);
    if (status != APR_SUCCESS || match) {
        host->limit_give(env->host_baton, PWR_LIMIT_CHANGE_ACCOUNT, user->id);
    }
    if (status == APR_SUCCESS && !match) {
        pwr_audit_visitor(env, request, PWR_EVENT_CHANGE_FAILED, "current");
        pwr_page_error(env, request, response, "current",
                       N_("The current password is wrong."), NULL);
    }
    return status;
}

/* All that is wrong at once: the old password, and the new one. */
static apr_status_t judge(const pwr_env *env, const pwr_request *request,
                          const account *a, pwr_response *response)
{
    const char *current = pwr_form_get(request->form, "current");
    apr_status_t status = APR_SUCCESS;
    int is_right;

    if (!current || !*current) {
        pwr_page_error(env, request, response, "current",
                       N_("Enter your current password."), NULL);
    }
    else {
        status = judge_current(env, request, &a->user, current, response);
    }
    is_right = status == APR_SUCCESS && !response->errors;
    if (is_right && pwr_crypto_equal(current, pwr_form_get(request->form,
                                                        "password"))) {
        pwr_page_error(env, request, response, "password",
                       N_("The new password is the current one. Choose "
                          "another."), NULL);
    }
    if (status == APR_SUCCESS) {
        status = pwr_rules_judge(env, request, &a->user, &a->policy, response);
    }
    if (is_right && response->errors) {
        pwr_audit_visitor(env, request, PWR_EVENT_CHANGE_FAILED, "rules");
    }
    return status;
}

static apr_status_t write_change(const pwr_env *env,
                                 const pwr_request *request,
                                 const account *a, pwr_response *response)
{
    const char *secret;
    pwr_session session;
    pwr_change change = {
        .session = &session,
        .session_lifetime_sec = env->site->conf->session_lifetime_sec,
        .history = a->policy.history,
    };
    apr_status_t status = pwr_session_begin(env, request, &a->user, &session,
                                            &secret);

    if (status == APR_SUCCESS) {
        status = pwr_renewal_do(env, request, &a->user, &change, response);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (change.outcome != PWR_CHANGE_DONE) {
        pwr_audit_visitor(env, request, PWR_EVENT_CHANGE_FAILED, "elsewhere");
        pwr_page_error(env, request, response, "current",
                       N_("The password was changed elsewhere in the "
                          "meantime. Sign in again."), NULL);
        return APR_SUCCESS;
    }
    env->host->count(env->host_baton, PWR_COUNT_PASSWORD_CHANGED);
    pwr_audit_visitor(env, request, PWR_EVENT_CHANGE_DONE, NULL);
    pwr_page_redirect(response, pwr_url_with(env->pool, pwr_page_path(env,
                      request, "/change"), "done", "1"));
    pwr_session_send(env, secret, response);
    return APR_SUCCESS;
}

apr_status_t pwr_change_password(const pwr_env *env,
                                 const pwr_request *request,
                                 pwr_response *response)
{
    account a = { 0 };
    apr_status_t status = APR_SUCCESS;

    if (request->visitor.login) {
        status = account_find(env, request, &a);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!a.user.id) {
        pwr_session_missing(env, request, "/change", response);
        return APR_SUCCESS;
    }
    begin(env, request, 422, &a, response);
    status = judge(env, request, &a, response);
    if (status != APR_SUCCESS || response->errors) {
        return status;
    }
    return write_change(env, request, &a, response);
}

apr_status_t pwr_change_lead_in(const pwr_env *env,
                                const pwr_request *request,
                                pwr_response *response)
{
    pwr_page_redirect(response, pwr_page_path(env, request,
                      env->site->conf->login ? "/change" : "/forgot"));
    return APR_SUCCESS;
}
