/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sessions.h"

#include <string.h>

#include <apr_strings.h>

#include "core/agent.h"
#include "core/crypto.h"
#include "flow/audit.h"
#include "flow/page.h"
#include "flow/session.h"

#define OTHERS "others"         /* the value of `end` that means all of them */

/* What the form calls a session.  Not its digest, by which database and cache
 * know it, and not the same for two who look: what somebody has seen on a
 * screen names nothing elsewhere. */
static apr_status_t handle_of(const pwr_sessions *sessions,
                              const pwr_session *session, char *handle)
{
    const char *const strings[] = { sessions->digest, session->digest };

    return pwr_crypto_fingerprint(handle, strings, 2);
}

/* The sessions of the visitor; none when nobody is signed in, or when this
 * session has ended on another node a moment ago. */
static apr_status_t list(const pwr_env *env, const pwr_request *request,
                         pwr_sessions *sessions)
{
    *sessions = (pwr_sessions){
        .realm = env->site->conf->realm,
        .user_id = request->visitor.user_id,
        .digest = request->visitor.session_digest,
        .idle_sec = env->site->conf->session_idle_sec,
    };
    return request->visitor.login
        ? env->store->ops->sessions_list(env->store, env->pool, sessions)
        : APR_SUCCESS;
}

static apr_status_t add(const pwr_env *env, const pwr_sessions *sessions,
                        const pwr_session *session, pwr_list *rows)
{
    pwr_model *row = pwr_list_add(rows);
    const pwr_zone *zone = env->site->zone;
    char handle[PWR_DIGEST_HEX + 1];
    apr_status_t status = handle_of(sessions, session, handle);

    pwr_model_flag(row, "current", session == sessions->row);
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): n counts the rows */
    pwr_model_text(row, "device", pwr_agent_words(env->pool, session->agent));
    pwr_model_text(row, "address", session->address);
    pwr_model_text(row, "since",
                   pwr_zone_date_time(env->pool, zone, session->created));
    pwr_model_text(row, "seen",
                   pwr_zone_date_time(env->pool, zone, session->seen));
    pwr_model_text(row, "handle", apr_pstrdup(env->pool, handle));
    return status;
}

static apr_status_t begin(const pwr_env *env, const pwr_request *request,
                          int status, const pwr_sessions *sessions,
                          pwr_response *response)
{
    pwr_list *rows = pwr_list_make(env->pool);
    apr_status_t made = APR_SUCCESS;

    pwr_page_begin(env, request, status, PWR_PAGE_SESSIONS, "/sessions",
                   response);
    for (int i = 0; made == APR_SUCCESS && i < sessions->n; i++) {
        made = add(env, sessions, &sessions->row[i], rows);
    }
    pwr_model_text(response->model, "login", request->visitor.login);
    pwr_model_list(response->model, "sessions", rows);
    pwr_model_flag(response->model, "has_others", sessions->n > 1);
    return made;
}

apr_status_t pwr_sessions_show(const pwr_env *env, const pwr_request *request,
                               pwr_response *response)
{
    const char *done = pwr_form_get(request->query, "done");
    pwr_sessions sessions;
    apr_status_t status = list(env, request, &sessions);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (sessions.n == 0) {
        pwr_session_demand(env, request, "/sessions", response);
        return APR_SUCCESS;
    }
    status = begin(env, request, 200, &sessions, response);
    if (done) {
        pwr_model_flag(response->model, strcmp(done, OTHERS) == 0
                       ? "done_others" : "done", 1);
    }
    return status;
}

/* One of the visitor's own under this handle, or NULL. */
static apr_status_t find(const pwr_sessions *sessions, const char *end,
                         const pwr_session **found)
{
    char handle[PWR_DIGEST_HEX + 1];
    apr_status_t status = APR_SUCCESS;

    *found = NULL;
    for (int i = 0; status == APR_SUCCESS && i < sessions->n; i++) {
        status = handle_of(sessions, &sessions->row[i], handle);
        if (status == APR_SUCCESS && pwr_crypto_equal(handle, end)) {
            *found = &sessions->row[i];
        }
    }
    return status;
}

static apr_status_t refuse(const pwr_env *env, const pwr_request *request,
                           const pwr_sessions *sessions,
                           pwr_response *response)
{
    apr_status_t status = begin(env, request, 422, sessions, response);

    pwr_page_error(env, request, response, NULL,
                   N_("There is no such session. It may have ended already."),
                   NULL);
    return status;
}

static apr_status_t end_some(const pwr_env *env, const pwr_request *request,
                             const pwr_sessions *sessions,
                             pwr_response *response)
{
    const pwr_store_ops *ops = env->store->ops;
    const char *end = pwr_form_get(request->form, "end");
    int is_others = end && strcmp(end, OTHERS) == 0;
    const pwr_session *one = NULL;
    apr_status_t status = is_others ? APR_SUCCESS
                                    : find(sessions, end, &one);

    if (status == APR_SUCCESS && !is_others && !one) {
        return refuse(env, request, sessions, response);
    }
    if (status == APR_SUCCESS) {
        status = is_others
            ? ops->sessions_end_others(env->store, env->pool, sessions)
            : ops->session_end(env->store, env->pool, sessions->realm,
                               one->digest);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_audit_visitor(env, request, PWR_EVENT_SESSION_ENDED,
                      is_others ? "others" : "one");
    env->host->sessions_changed(env->host_baton, sessions->realm,
                                sessions->user_id);
    pwr_page_redirect(response, pwr_url_with(env->pool,
                      pwr_page_path(env, request, "/sessions"), "done",
                      is_others ? OTHERS : "1"));
    return APR_SUCCESS;
}

apr_status_t pwr_sessions_end(const pwr_env *env, const pwr_request *request,
                              pwr_response *response)
{
    pwr_sessions sessions;
    apr_status_t status = list(env, request, &sessions);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (sessions.n == 0) {
        pwr_session_missing(env, request, "/sessions", response);
        return APR_SUCCESS;
    }
    return end_some(env, request, &sessions, response);
}
