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

static const char *time_of(apr_pool_t *pool, const pwr_job *job)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, apr_time_from_sec(job->created));
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ",
                        t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                        t.tm_min, t.tm_sec);
}

/* null for what is not there, or is no text. */
static json_t *text_json(const char *text)
{
    return text && pwr_text_is_utf8(text, strlen(text)) ? json_string(text)
                                                        : json_null();
}

static json_t *job_json(apr_pool_t *pool, const pwr_job *job)
{
    const struct { const char *name; json_t *value; } members[] = {
        { "id", text_json(job->id) },
        { "event", text_json(event_of(job)) },
        { "realm", text_json(job->realm) },
        { "user", text_json(job->user_id) },
        { "login", text_json(job->login) },
        { "time", text_json(time_of(pool, job)) },
        { "language", text_json(job->language) },
        { "address", text_json(job->address) },
        { "try", json_integer(job->tries) },
    };
    json_t *object = json_object();
    int failed = 0;

    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        failed |= json_object_set_new(object, members[i].name,
                                      members[i].value);
    }
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

const char *pwr_hook_json(apr_pool_t *pool, const pwr_job *job)
{
    json_t *object = job_json(pool, job);
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
