/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/reset.h"

#include <string.h>

#include <apr_strings.h>

#include "core/crypto.h"
#include "core/token.h"
#include "flow/audit.h"
#include "flow/hash.h"
#include "flow/page.h"
#include "flow/renewal.h"
#include "flow/rules.h"

#define LOGIN_COOKIE_SEC 600

/* A control string on its way through the page. */
typedef struct attempt {
    char bare[PWR_TOKEN_LEN + 1];   /* secret */
    const char *shown;              /* secret */
    pwr_token token;
    pwr_user user;
    pwr_policy policy;              /* for this user */
} attempt;

/* ---- pages ---- */

static void ask(const pwr_env *env, const pwr_request *request, int status,
                pwr_response *response)
{
    pwr_page_begin(env, request, status, PWR_PAGE_RESET, "/reset", response);
    pwr_model_flag(response->model, "ask", 1);
}

static void mistyped(const pwr_env *env, const pwr_request *request,
                     const char *typed, pwr_response *response)
{
    pwr_audit_visit(env, request, PWR_EVENT_RESET_REFUSED, NULL, "mistyped");
    ask(env, request, 422, response);
    pwr_model_text(response->model, "token", typed);
    response->shows_secret = 1;
    pwr_page_error(env, request, response, "token",
                   N_("The control string is mistyped. Copy it from the email "
                      "again, the whole of it."), NULL);
}

static void dead(const pwr_env *env, const pwr_request *request,
                 const attempt *a, pwr_token_state state,
                 pwr_response *response)
{
    static const char *const why[] = {
        [PWR_TOKEN_UNKNOWN] = "unknown",
        [PWR_TOKEN_EXPIRED] = "expired",
        [PWR_TOKEN_SPENT] = "spent",
        [PWR_TOKEN_CANCELLED] = "cancelled",
        [PWR_TOKEN_GRACE] = "expired",
        [PWR_TOKEN_LIVE] = "unknown",
    };

    pwr_audit_visit(env, request, PWR_EVENT_RESET_REFUSED, &a->user,
                    why[state]);
    pwr_page_begin(env, request, 410, PWR_PAGE_RESET, "/reset", response);
    pwr_model_flag(response->model, "dead", 1);
    pwr_model_flag(response->model, why[state], 1);
}

static void form(const pwr_env *env, const pwr_request *request, int status,
                 const attempt *a, pwr_response *response)
{
    const char *path = apr_pstrcat(env->pool, env->site->conf->base, "/reset",
                                   NULL);

    pwr_page_begin(env, request, status, PWR_PAGE_RESET, "/reset", response);
    response->shows_secret = 1;
    pwr_model_flag(response->model, "form", 1);
    pwr_model_text(response->model, "login", a->user.login);
    pwr_model_text(response->model, "token", a->shown);
    pwr_model_text(response->model, "until",
                   pwr_page_moment(env, a->token.expires,
                                   env->site->conf->token_lifetime_sec));
    pwr_rules_show(env, request, &a->policy, response);
    /* The switch keeps a string that is in the address line already; one that
     * was typed is not put there. */
    if (!request->is_post) {
        pwr_page_languages(env, request, response,
                           pwr_url_with(env->pool, path, "token", a->bare));
    }
}

static void done_page(const pwr_env *env, const pwr_request *request,
                      pwr_response *response)
{
    pwr_page_begin(env, request, 200, PWR_PAGE_RESET, "/reset", response);
    pwr_model_flag(response->model, "done", 1);
    pwr_model_text(response->model, "login", request->login_hint);
}

/* 303 to the success page; the login name, where it is text, travels in a
 * cookie that is shown and never believed. */
static void succeed(const pwr_env *env, const pwr_request *request,
                    const char *login, pwr_response *response)
{
    pwr_page_redirect(response, pwr_url_with(env->pool,
                      pwr_page_path(env, request, "/reset"), "done", "1"));
    if (login) {
        pwr_page_cookie(response, env->site->login_cookie, login,
                        LOGIN_COOKIE_SEC);
    }
    pwr_page_cookie(response, env->site->cookie, "", 0);
}

/* ---- the string ---- */

/* Read what was typed and look it up.  Non-zero when `response` is already
 * the answer, or on failure. */
static int take(const pwr_env *env, const pwr_request *request,
                const char *typed, attempt **out, apr_status_t *status,
                pwr_response *response)
{
    attempt *a = pwr_secret_alloc(env->pool, sizeof(*a));
    const char *realm = env->site->conf->realm;
    char digest[PWR_DIGEST_HEX + 1];

    *out = a;
    *status = APR_SUCCESS;
    switch (pwr_token_read(a->bare, typed ? typed : "")) {
    case PWR_TOKEN_EMPTY:
        response->spares_limit = 1;
        ask(env, request, request->is_post ? 422 : 200, response);
        response->is_common = !request->is_post;
        if (request->is_post) {
            pwr_page_error(env, request, response, "token",
                           N_("Enter the control string from the email."),
                           NULL);
        }
        return 1;
    case PWR_TOKEN_MISTYPED:
        response->spares_limit = 1;
        mistyped(env, request, typed, response);
        return 1;
    case PWR_TOKEN_READ:
        break;
    }
    a->shown = pwr_token_show(env->pool, a->bare);
    *status = pwr_crypto_digest(digest, realm, PWR_PURPOSE_RECOVER, a->bare);
    if (*status == APR_SUCCESS) {
        *status = env->store->ops->token_find(env->store, env->pool, realm,
                                              digest, &a->token, &a->user);
    }
    response->spares_limit = a->token.state == PWR_TOKEN_LIVE;
    if (*status == APR_SUCCESS && a->user.id) {
        *status = pwr_rules_find(env, &a->user, &a->policy);
    }
    return *status != APR_SUCCESS;
}

apr_status_t pwr_reset_show(const pwr_env *env, const pwr_request *request,
                            pwr_response *response)
{
    attempt *a;
    apr_status_t status;

    if (pwr_form_get(request->query, "done")) {
        done_page(env, request, response);
        return APR_SUCCESS;
    }
    if (take(env, request, pwr_form_get(request->query, "token"), &a, &status,
             response)) {
        return status;
    }
    if (a->token.state == PWR_TOKEN_LIVE) {
        form(env, request, 200, a, response);
    }
    else {
        dead(env, request, a, a->token.state, response);
    }
    return APR_SUCCESS;
}

/* ---- the change ---- */

/* A double click: the string was spent a moment ago and this is the password
 * that it was spent on, so both clicks see success. */
static apr_status_t second_click(const pwr_env *env,
                                 const pwr_request *request,
                                 const attempt *a, pwr_response *response)
{
    const char *password = pwr_form_get(request->form, "password");
    int may = 0, match = 0;
    apr_status_t status = APR_SUCCESS;

    if (password && *password && a->user.id) {
        status = env->store->ops->token_double_click(
            env->store, env->pool, env->site->conf->realm, a->token.digest,
            &may);
    }
    if (status == APR_SUCCESS && may) {
        status = pwr_hash_verify(env, password, &a->user, 1, response,
                                 &match);
    }
    if (match) {
        /* Whoever wrote it may have died before he told this node. */
        env->host->sessions_changed(env->host_baton, env->site->conf->realm,
                                    a->user.id);
        succeed(env, request, a->user.login, response);
    }
    else {
        dead(env, request, a, PWR_TOKEN_SPENT, response);
    }
    return status;
}

/* Both clicks found the string live, and the other was first. */
static apr_status_t lose(const pwr_env *env, const pwr_request *request,
                         attempt *a, pwr_response *response)
{
    char digest[PWR_DIGEST_HEX + 1];
    apr_status_t status;

    memcpy(digest, a->token.digest, sizeof(digest));
    status = env->store->ops->token_find(env->store, env->pool,
                                         env->site->conf->realm, digest,
                                         &a->token, &a->user);
    return status ? status : second_click(env, request, a, response);
}

static apr_status_t settle(const pwr_env *env, const pwr_request *request,
                           attempt *a, const pwr_change *change,
                           pwr_response *response)
{
    if (change->outcome == PWR_CHANGE_DONE) {
        env->host->count(env->host_baton, PWR_COUNT_PASSWORD_RESET);
        pwr_audit_visit(env, request, PWR_EVENT_RESET_DONE, &a->user, NULL);
        succeed(env, request, change->user.login, response);
        return APR_SUCCESS;
    }
    if (change->outcome == PWR_CHANGE_REFUSED
        && change->token_state == PWR_TOKEN_SPENT) {
        return lose(env, request, a, response);
    }
    dead(env, request, a, change->outcome == PWR_CHANGE_REFUSED
         ? change->token_state : PWR_TOKEN_CANCELLED, response);
    return APR_SUCCESS;
}

static apr_status_t write_change(const pwr_env *env,
                                 const pwr_request *request,
                                 attempt *a, pwr_response *response)
{
    pwr_change change = { .token_digest = a->token.digest,
                          .history = a->policy.history };
    apr_status_t status = pwr_renewal_do(env, request, &a->user, &change,
                                         response);

    return status ? status : settle(env, request, a, &change, response);
}

apr_status_t pwr_reset_change(const pwr_env *env, const pwr_request *request,
                              pwr_response *response)
{
    attempt *a;
    apr_status_t status;
    int is_string_alone = !pwr_form_get(request->form, "password")
        && !pwr_form_get(request->form, "confirm");

    if (take(env, request, pwr_form_get(request->form, "token"), &a, &status,
             response)) {
        return status;
    }
    if (a->token.state == PWR_TOKEN_SPENT) {
        return second_click(env, request, a, response);
    }
    if (a->token.state != PWR_TOKEN_LIVE
        && a->token.state != PWR_TOKEN_GRACE) {
        dead(env, request, a, a->token.state, response);
        return APR_SUCCESS;
    }
    if (is_string_alone) {
        if (a->token.state == PWR_TOKEN_GRACE) {
            dead(env, request, a, PWR_TOKEN_EXPIRED, response);
            return APR_SUCCESS;
        }
        form(env, request, 200, a, response);
        return APR_SUCCESS;
    }
    form(env, request, 422, a, response);
    status = pwr_rules_judge(env, request, &a->user, &a->policy, response);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (response->errors) {
        pwr_audit_visit(env, request, PWR_EVENT_RESET_REFUSED, &a->user,
                        "rules");
        return APR_SUCCESS;
    }
    return write_change(env, request, a, response);
}
