/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/device.h"

#include "core/crypto.h"
#include "flow/page.h"

int pwr_device_is_used(const pwr_env *env)
{
    const pwr_conf *conf = env->site->conf;

    return conf->login && conf->limit[PWR_LIMIT_LOGIN_ACCOUNT].count > 0;
}

apr_status_t pwr_device_digest(const pwr_env *env, const pwr_request *request,
                               char digest[PWR_DIGEST_HEX + 1])
{
    digest[0] = '\0';
    if (!request->device || !*request->device) {
        return APR_SUCCESS;
    }
    return pwr_crypto_digest(digest, env->site->conf->realm,
                             PWR_PURPOSE_DEVICE, request->device);
}

apr_status_t pwr_device_begin(const pwr_env *env, const pwr_user *user,
                              pwr_device *device, const char **secret)
{
    const char *realm = env->site->conf->realm;
    apr_status_t status = pwr_crypto_secret(env->pool, secret);

    *device = (pwr_device){
        .realm = realm, .user_id = user->id, .stamp = user->stamp
    };
    return status != APR_SUCCESS ? status
        : pwr_crypto_digest(device->digest, realm, PWR_PURPOSE_DEVICE,
                            *secret);
}

/* So that nobody is ever locked out: whatever crowd stands in the queues of an
 * account, who can read its mail comes in beside them. */
apr_status_t pwr_device_renew(const pwr_env *env, const pwr_request *request,
                              const pwr_user *user, pwr_change *change,
                              const char **secret)
{
    pwr_device *device = apr_pcalloc(env->pool, sizeof(*device));
    char *before = apr_palloc(env->pool, PWR_DIGEST_HEX + 1);
    apr_status_t status;

    *secret = NULL;
    if (!pwr_device_is_used(env)) {
        return APR_SUCCESS;
    }
    status = pwr_device_digest(env, request, before);
    if (status == APR_SUCCESS) {
        status = pwr_device_begin(env, user, device, secret);
    }
    change->device = device;
    change->device_before = *before ? before : NULL;
    return status;
}

void pwr_device_send(const pwr_env *env, const char *secret,
                     pwr_response *response)
{
    if (secret) {
        pwr_page_cookie(response, env->site->device_cookie, secret,
                        PWR_DEVICE_LIFETIME_SEC);
    }
}
