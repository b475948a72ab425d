/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/hook.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>
#include <jansson.h>

#include "core/text.h"

const pwr_job *pwr_hook_prepare(const pwr_env *env, const pwr_job *notice,
                                pwr_hook_cause cause, pwr_job *job)
{
    if (!env->site->conf->hook) {
        return NULL;
    }
    *job = *notice;
    job->kind = PWR_JOB_HOOK;
    job->by = cause;
    return job;
}

/* ---- what it reads ---- */

/* The audit's names of the same events. */
static const char *event_of(const pwr_job *job)
{
    static const pwr_event_kind events[PWR_HOOK_CAUSES_N] = {
        [PWR_HOOK_RESET] = PWR_EVENT_RESET_DONE,
        [PWR_HOOK_CHANGE] = PWR_EVENT_CHANGE_DONE,
        [PWR_HOOK_OPERATOR] = PWR_EVENT_OPERATOR_PASSWD,
    };

    return job->by > PWR_HOOK_NONE && job->by < PWR_HOOK_CAUSES_N
        ? pwr_event_name(events[job->by]) : NULL;
}

/* NULL for what is no text. */
static const char *utf8(const char *text)
{
    return text && pwr_text_is_utf8(text, strlen(text)) ? text : NULL;
}

const char *pwr_hook_json(apr_pool_t *pool, const pwr_job *job)
{
    json_t *object = json_pack(
        "{s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:s?, s:i}",
        "id", utf8(job->id), "event", event_of(job),
        "realm", utf8(job->realm), "user", utf8(job->user_id),
        "login", utf8(job->login),
        "time", pwr_event_time(pool, apr_time_from_sec(job->created), 0),
        "language", utf8(job->language), "address", utf8(job->address),
        "try", job->tries);
    char *text = object ? json_dumps(object, JSON_ENSURE_ASCII | JSON_COMPACT)
                        : NULL;
    const char *line = text ? apr_pstrcat(pool, text, "\n", NULL) : NULL;

    free(text);
    json_decref(object);
    return line;
}

/* ---- the run ---- */

static void count(const pwr_env *env, pwr_sent sent)
{
    env->host->count(env->host_baton, sent == PWR_SENT_OK
                     ? PWR_COUNT_HOOK_DONE : PWR_COUNT_HOOK_FAILED);
}

pwr_sent pwr_hook_run(const pwr_env *env, const pwr_job *job, int cancel_fd,
                      const char **detail)
{
    const pwr_conf *conf = env->site->conf;
    pwr_program program = {
        .argv = conf->hook,
        .directive = "PwResetHook",
        .timeout_sec = conf->mail_timeout_sec,
        .cancel_fd = cancel_fd,
    };
    pwr_sent sent;

    if (!conf->hook) {
        *detail = "the site has no PwResetHook any more";
        return PWR_SENT_NEVER;
    }
    program.input = pwr_hook_json(env->pool, job);
    if (!program.input) {
        *detail = "the system is out of memory";
        return PWR_SENT_LATER;
    }
    program.len = program.secret_at = strlen(program.input);
    sent = pwr_program_run(env->pool, &program, detail);
    count(env, sent);
    return sent;
}
