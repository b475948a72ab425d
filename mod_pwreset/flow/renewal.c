/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/renewal.h"

#include "flow/device.h"
#include "flow/hash.h"
#include "flow/hook.h"
#include "flow/notice.h"

apr_status_t pwr_renewal_do(const pwr_env *env, const pwr_request *request,
                            const pwr_user *user, pwr_change *change,
                            pwr_response *response)
{
    const char *password = pwr_form_get(request->form, "password"), *secret;
    pwr_job notice, hook;
    apr_status_t status = pwr_hash_make(env, password, user->password,
                                        &change->stored);

    change->realm = env->site->conf->realm;
    change->user_id = user->id;
    change->stamp = user->stamp;
    change->notice = &notice;
    if (status == APR_SUCCESS) {
        status = pwr_notice_prepare(env, request, user, &notice);
        change->hook = pwr_hook_prepare(env, &notice, change->token_digest
                                        ? PWR_HOOK_RESET : PWR_HOOK_CHANGE,
                                        &hook);
    }
    if (status == APR_SUCCESS) {
        status = pwr_device_renew(env, request, user, change, &secret);
    }
    if (status == APR_SUCCESS) {
        status = env->store->ops->password_change(env->store, env->pool,
                                                  change);
    }
    change->notice = change->hook = NULL;
    if (status == APR_SUCCESS && change->outcome == PWR_CHANGE_DONE) {
        pwr_notice_sent(env, user->id);
        pwr_device_send(env, secret, response);
    }
    return status;
}
