/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/session.h"

#include <string.h>

#include "core/crypto.h"
#include "flow/page.h"

apr_status_t pwr_session_begin(const pwr_env *env, const pwr_request *request,
                               const pwr_user *user, pwr_session *session,
                               const char **secret)
{
    const char *realm = env->site->conf->realm;
    apr_status_t status = pwr_crypto_secret(env->pool, secret);

    if (status != APR_SUCCESS) {
        return status;
    }
    *session = (pwr_session){
        .realm = realm,
        .user_id = user->id,
        .login = user->login,
        .address = request->client_address,
        .agent = request->agent,
    };
    memcpy(session->stamp, user->stamp, sizeof(session->stamp));
    return pwr_crypto_digest(session->digest, realm, PWR_PURPOSE_SESSION,
                             *secret);
}

void pwr_session_send(const pwr_env *env, const char *secret,
                      pwr_response *response)
{
    pwr_page_cookie(response, env->site->cookie, secret, -1);
}

const char *pwr_session_landing(const pwr_env *env, const char *target)
{
    return target && pwr_url_is_local(target) ? target
                                              : env->site->conf->landing;
}

/* The login page with the way back to a page of ours. */
static const char *way_in(const pwr_env *env, const pwr_request *request,
                          const char *name)
{
    return pwr_url_with(env->pool, pwr_page_path(env, request, "/login"),
                        "return", pwr_page_path(env, request, name));
}

void pwr_session_missing(const pwr_env *env, const pwr_request *request,
                         const char *name, pwr_response *response)
{
    static const pwr_message_page message = {
        401, N_("Please sign in"),
        N_("This page is only for those who are signed in. Your session may "
           "have ended."),
        "/login", N_("Back to sign-in"), NULL
    };

    pwr_page_message(env, request, &message, response);
    pwr_model_text(response->model, "back_url", way_in(env, request, name));
}

void pwr_session_demand(const pwr_env *env, const pwr_request *request,
                        const char *name, pwr_response *response)
{
    if (request->is_program) {
        pwr_session_missing(env, request, name, response);
        return;
    }
    pwr_page_redirect(response, way_in(env, request, name));
}
