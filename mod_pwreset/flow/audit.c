/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/audit.h"

static void write_down(const pwr_env *env, pwr_event *event,
                       const pwr_user *user)
{
    if (user && user->id) {
        event->user_id = user->id;
        event->login = user->login;
    }
    env->host->audit(env->host_baton, env->pool, event);
}

void pwr_audit_visit(const pwr_env *env, const pwr_request *request,
                     pwr_event_kind kind, const pwr_user *user,
                     const char *why)
{
    pwr_event event = {
        .kind = kind,
        .address = request->client_address,
        .why = why,
        .agent = request->agent,
    };

    write_down(env, &event, user);
}

void pwr_audit_visitor(const pwr_env *env, const pwr_request *request,
                       pwr_event_kind kind, const char *why)
{
    const pwr_user user = {
        .id = request->visitor.user_id, .login = request->visitor.login
    };

    pwr_audit_visit(env, request, kind, &user, why);
}

void pwr_audit_job(const pwr_env *env, const pwr_job *job,
                   pwr_event_kind kind, const pwr_user *user,
                   const char *why)
{
    pwr_event event = {
        .kind = kind,
        .address = job->address,
        .why = why,
        .job = job->id,
        .mail = job->kind == PWR_JOB_NOTICE ? "notice"
            : job->kind == PWR_JOB_RECOVER ? "recover" : NULL,
        .agent = job->agent,
    };

    write_down(env, &event, user);
}
