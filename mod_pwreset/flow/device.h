/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie by which an account knows a browser again.  It signs nobody in:
 * all it gives is a queue of its own for attempts to. */
#ifndef PWR_DEVICE_H
#define PWR_DEVICE_H

#include "flow/env.h"

/* Are browsers known at all?  Not where attempts are not limited, or not
 * ours. */
int pwr_device_is_used(const pwr_env *env);

/* The digest of the cookie that the browser sent, "" when it sent none. */
apr_status_t pwr_device_digest(const pwr_env *env, const pwr_request *request,
                               char digest[PWR_DIGEST_HEX + 1]);

/* A new cookie for `user`, not yet stored, and the secret in it. */
apr_status_t pwr_device_begin(const pwr_env *env, const pwr_user *user,
                              pwr_device *device, const char **secret);

/* The same for the browser on which the password of `user` is changed: the
 * change makes it known.  `*secret` is NULL where browsers are not known. */
apr_status_t pwr_device_renew(const pwr_env *env, const pwr_request *request,
                              const pwr_user *user, pwr_change *change,
                              const char **secret);

/* Send it with the answer; a NULL is not sent. */
void pwr_device_send(const pwr_env *env, const char *secret,
                     pwr_response *response);

#endif
