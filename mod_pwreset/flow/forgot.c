/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/forgot.h"

#include "core/addr.h"
#include "core/crypto.h"
#include "core/text.h"
#include "flow/audit.h"
#include "flow/page.h"

#define LOGIN_POINTS_MAX 255    /* as our tables keep of one */

static void begin(const pwr_env *env, const pwr_request *request, int status,
                  pwr_response *response)
{
    pwr_page_begin(env, request, status, PWR_PAGE_FORGOT, "/forgot",
                   response);
    pwr_model_flag(response->model, "by_email",
                   env->site->conf->identify[1] & PWR_IDENTIFY_EMAIL);
    pwr_model_flag(response->model, "by_login",
                   env->site->conf->identify[1] & PWR_IDENTIFY_LOGIN);
}

apr_status_t pwr_forgot_show(const pwr_env *env, const pwr_request *request,
                             pwr_response *response)
{
    begin(env, request, 200, response);
    response->is_common = 1;
    return APR_SUCCESS;
}

int pwr_forgot_kinds(const pwr_env *env, const char *identifier)
{
    int allowed = env->site->conf->identify[1], kinds = 0;

    if (!identifier || !*identifier || !pwr_text_is_plain(identifier)) {
        return 0;
    }
    if ((allowed & PWR_IDENTIFY_EMAIL)
        && pwr_addr_canonical(env->pool, identifier)) {
        kinds |= PWR_IDENTIFY_EMAIL;
    }
    if ((allowed & PWR_IDENTIFY_LOGIN)
        && pwr_text_points(identifier) <= LOGIN_POINTS_MAX) {
        kinds |= PWR_IDENTIFY_LOGIN;
    }
    return kinds;
}

static const char *what_is_wrong(const pwr_env *env, const char *typed)
{
    int by_login = env->site->conf->identify[1] & PWR_IDENTIFY_LOGIN;

    if (!typed || !*pwr_text_trim(env->pool, typed)) {
        return by_login ? N_("Enter your login or email address.")
                        : N_("Enter your email address.");
    }
    return by_login ? N_("This is neither a login nor an email address.")
                    : N_("This is not an email address. It should look like "
                         "name@example.com.");
}

static apr_status_t queue(const pwr_env *env, const pwr_request *request,
                          const char *identifier, int by)
{
    unsigned char delay;
    apr_status_t status;
    pwr_job job = {
        .kind = PWR_JOB_RECOVER,
        .realm = env->site->conf->realm,
        .identifier = identifier,
        .by = by,
        .language = request->voice->tag,
        .address = request->client_address,
        .agent = request->agent,
    };

    /* A random short delay, so that what follows a request on the same
     * connection does not meet the worker at a time it can choose. */
    status = pwr_crypto_random(&delay, 1);
    if (status == APR_SUCCESS) {
        job.due = delay & 1;
        status = pwr_crypto_id(job.id);
    }
    if (status == APR_SUCCESS) {
        status = env->store->ops->job_add(env->store, env->pool, &job);
    }
    if (status == APR_SUCCESS) {
        env->host->count(env->host_baton, PWR_COUNT_RECOVERY_ASKED);
        pwr_audit_job(env, &job, PWR_EVENT_FORGOT_ASKED, NULL, NULL);
        env->host->wake(env->host_baton, env->pool);
    }
    return status;
}

apr_status_t pwr_forgot_ask(const pwr_env *env, const pwr_request *request,
                            pwr_response *response)
{
    const char *typed = pwr_form_get(request->form, "email");
    const char *identifier = typed ? pwr_text_canonical(env->pool, typed)
                                   : NULL;
    int by = pwr_forgot_kinds(env, identifier);
    apr_status_t status;

    if (!by) {
        begin(env, request, 422, response);
        response->spares_limit = 1;
        pwr_model_text(response->model, "email", typed);
        pwr_page_error(env, request, response, "email",
                       what_is_wrong(env, typed), NULL);
        return APR_SUCCESS;
    }
    status = queue(env, request, identifier, by);
    if (status != APR_SUCCESS) {
        return status;
    }
    begin(env, request, 200, response);
    pwr_model_text(response->model, "email", pwr_text_trim(env->pool, typed));
    pwr_model_flag(response->model, "sent", 1);
    return APR_SUCCESS;
}
