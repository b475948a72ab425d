/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/notme.h"

#include <apr_strings.h>

#include "core/crypto.h"
#include "core/text.h"
#include "core/token.h"
#include "flow/audit.h"
#include "flow/page.h"

#define USER_ID_BYTES 64        /* of it in a log line */

/* The link's secret on its way through the page. */
typedef struct attempt {
    char bare[PWR_TOKEN_LEN + 1];   /* secret */
    char digest[PWR_DIGEST_HEX + 1];
} attempt;

static void begin(const pwr_env *env, const pwr_request *request, int status,
                  const char *state, pwr_response *response)
{
    pwr_page_begin(env, request, status, PWR_PAGE_NOTME, "/notme", response);
    pwr_model_flag(response->model, state, 1);
}

/* Without a link: a field that takes it. */
static void ask(const pwr_env *env, const pwr_request *request,
                const char *typed, const char *wrong, pwr_response *response)
{
    begin(env, request, wrong ? 422 : 200, "ask", response);
    pwr_model_text(response->model, "typed", typed);
    response->shows_secret = typed != NULL;
    response->is_common = !typed && !wrong;
    if (wrong) {
        pwr_page_error(env, request, response, "token", wrong, NULL);
    }
}

static void dead(const pwr_env *env, const pwr_request *request,
                 pwr_token_state state, pwr_response *response)
{
    const char *why = state == PWR_TOKEN_UNKNOWN ? "unknown"
        : state == PWR_TOKEN_CANCELLED ? "cancelled" : "expired";

    pwr_audit_visit(env, request, PWR_EVENT_NOTME_REFUSED, NULL, why);
    begin(env, request, 410, "dead", response);
    pwr_model_flag(response->model, why, 1);
}

static void offer(const pwr_env *env, const pwr_request *request,
                  const char *login, const attempt *a, pwr_response *response)
{
    const char *path = apr_pstrcat(env->pool, env->site->conf->base, "/notme",
                                   NULL);

    begin(env, request, 200, "offer", response);
    response->shows_secret = 1;
    pwr_model_text(response->model, "login", login);
    pwr_model_text(response->model, "token", a->bare);
    pwr_page_languages(env, request, response,
                       pwr_url_with(env->pool, path, "token", a->bare));
}

/* Read what a link or form carries.  Non-zero when `response` is already the
 * answer, or on failure. */
static int take(const pwr_env *env, const pwr_request *request, attempt **out,
                apr_status_t *status, pwr_response *response)
{
    attempt *a = pwr_secret_alloc(env->pool, sizeof(*a));
    const char *typed = pwr_form_get(request->is_post ? request->form
                                                      : request->query,
                                     "token");

    *out = a;
    *status = APR_SUCCESS;
    response->spares_limit = 1;     /* until it is looked up */
    switch (pwr_token_read(a->bare, typed ? typed : "")) {
    case PWR_TOKEN_EMPTY:
        ask(env, request, NULL, request->is_post
            ? N_("Copy the link from the email into this field.") : NULL,
            response);
        return 1;
    case PWR_TOKEN_MISTYPED:
        pwr_audit_visit(env, request, PWR_EVENT_NOTME_REFUSED, NULL,
                        "mistyped");
        ask(env, request, typed,
            N_("The link is incomplete or mistyped. Copy it from the email "
               "again, the whole of it."), response);
        return 1;
    case PWR_TOKEN_READ:
        break;
    }
    response->spares_limit = 0;
    *status = pwr_crypto_digest(a->digest, env->site->conf->realm,
                                PWR_PURPOSE_NOTME, a->bare);
    return *status != APR_SUCCESS;
}

apr_status_t pwr_notme_show(const pwr_env *env, const pwr_request *request,
                            pwr_response *response)
{
    attempt *a;
    pwr_token token;
    pwr_user user;
    apr_status_t status;

    if (pwr_form_get(request->query, "done")) {
        begin(env, request, 200, "done", response);
        return APR_SUCCESS;
    }
    if (take(env, request, &a, &status, response)) {
        return status;
    }
    status = env->store->ops->notme_find(env->store, env->pool,
                                         env->site->conf->realm, a->digest,
                                         &token, &user);
    if (status == APR_SUCCESS && token.state == PWR_TOKEN_LIVE) {
        response->spares_limit = 1;
        offer(env, request, user.login, a, response);
    }
    else if (status == APR_SUCCESS) {
        dead(env, request, token.state, response);
    }
    return status;
}

static void tell(const pwr_env *env, const pwr_request *request,
                 const pwr_notme *notme)
{
    pwr_event event = {
        .kind = PWR_EVENT_NOTME,
        .address = request->client_address,
        .cancelled = apr_itoa(env->pool, notme->cancelled),
        .user_id = notme->user_id,
        .agent = request->agent,
    };

    pwr_diag_log(env->diag, PWR_LEVEL_INFO, 0, "PWR0450",
                 "\"this was not me\" for user id %s of realm %s from %s: %d "
                 "control strings cancelled",
                 pwr_text_printable(env->pool, notme->user_id, USER_ID_BYTES),
                 notme->realm, request->client_address, notme->cancelled);
    env->host->audit(env->host_baton, env->pool, &event);
}

apr_status_t pwr_notme_cancel(const pwr_env *env, const pwr_request *request,
                              pwr_response *response)
{
    pwr_notme notme = { .realm = env->site->conf->realm };
    attempt *a;
    apr_status_t status;

    if (take(env, request, &a, &status, response)) {
        return status;
    }
    notme.digest = a->digest;
    status = env->store->ops->notme_do(env->store, env->pool, &notme);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!notme.user_id) {
        dead(env, request, notme.state, response);
        return APR_SUCCESS;
    }
    tell(env, request, &notme);
    pwr_page_redirect(response, pwr_url_with(env->pool,
                      pwr_page_path(env, request, "/notme"), "done", "1"));
    return APR_SUCCESS;
}
