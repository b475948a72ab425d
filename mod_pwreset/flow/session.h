/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as flows make and end them. */
#ifndef PWR_SESSION_H
#define PWR_SESSION_H

#include "flow/env.h"

/* A new session for `user`, not yet stored, and its id, a secret that only the
 * cookie will hold. */
apr_status_t pwr_session_begin(const pwr_env *env, const pwr_request *request,
                               const pwr_user *user, pwr_session *session,
                               const char **secret);

/* Send the session's cookie with the answer. */
void pwr_session_send(const pwr_env *env, const char *secret,
                      pwr_response *response);

/* Where a login leads: the return address the visitor came with if it is a
 * path of ours, else the site's landing page. */
const char *pwr_session_landing(const pwr_env *env, const char *target);

/* Lead somebody who is not signed in to the login page and back; a program is
 * told as below.  `name` is the page's path under the base. */
void pwr_session_demand(const pwr_env *env, const pwr_request *request,
                        const char *name, pwr_response *response);

/* Tell somebody who sent a form without a session: a redirect would lose what
 * he typed. */
void pwr_session_missing(const pwr_env *env, const pwr_request *request,
                         const char *name, pwr_response *response);

#endif
