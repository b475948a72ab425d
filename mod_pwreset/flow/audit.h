/* SPDX-License-Identifier: Apache-2.0 */
/* Events for the audit (core/event.h), with who caused them.
 *
 * A user whose id is NULL, or no user: no account is known.  Nobody hands over
 * the account of a visitor who has proved nothing: his line would tell, or the
 * time to write it, whether there is one. */
#ifndef PWR_AUDIT_H
#define PWR_AUDIT_H

#include "flow/env.h"

/* Something that a visitor did. */
void pwr_audit_visit(const pwr_env *env, const pwr_request *request,
                     pwr_event_kind kind, const pwr_user *user,
                     const char *why);

/* Something that who is signed in did. */
void pwr_audit_visitor(const pwr_env *env, const pwr_request *request,
                       pwr_event_kind kind, const char *why);

/* Something that is done because a visitor once asked for it. */
void pwr_audit_job(const pwr_env *env, const pwr_job *job,
                   pwr_event_kind kind, const pwr_user *user,
                   const char *why);

#endif
