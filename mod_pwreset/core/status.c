/* SPDX-License-Identifier: Apache-2.0 */
#include "core/status_int.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "core/text.h"

#define TEXT_POINTS_MAX 300
#define SWEPT_SEC_MAX 180           /* an idle worker looks once a minute */
#define OLDEST_SEC_MAX 300
#define PROBLEMS_MAX 50             /* the page shows all of them elsewhere */

#define HOST(member) PWR_METRIC_HOST, offsetof(pwr_status_host, member)
#define STORE(member) PWR_METRIC_STORE, offsetof(pwr_status_store, member)
#define REALM(member) PWR_METRIC_REALM, offsetof(pwr_status_realm, member)
#define COUNT(what) REALM(count[what])
#define LIMIT(what) COUNT(PWR_COUNT_LIMIT + (what))
#define GAUGE PWR_METRIC_GAUGE, PWR_METRIC_NUMBER
#define SECONDS PWR_METRIC_GAUGE, PWR_METRIC_SECONDS
#define USEC PWR_METRIC_GAUGE, PWR_METRIC_USEC
#define COUNTER PWR_METRIC_COUNTER, PWR_METRIC_NUMBER

const pwr_metric pwr_metrics[] = {
    { "uptime_seconds", NULL, NULL, "Time since httpd was started.",
      SECONDS, HOST(uptime_sec) },
    { "generation", NULL, NULL, "Graceful restarts of httpd since its start.",
      GAUGE, HOST(generation) },
    { "children", NULL, NULL, "Processes of httpd that can ask a database.",
      GAUGE, HOST(children) },
    { "problems", "severity", "error", "What an admin should look at.",
      GAUGE, HOST(errors) },
    { "problems", "severity", "warning", "What an admin should look at.",
      GAUGE, HOST(warnings) },
    { "hash_places", NULL, NULL, "Password hashes that may run at a time.",
      GAUGE, HOST(hash_places) },
    { "hash_places_held", NULL, NULL, "Password hashes that run now.",
      GAUGE, HOST(hash_held) },
    { "hash_seats", NULL, NULL, "Requests that may hash, wait for it, or wait "
      "with their answer.", GAUGE, HOST(hash_seats) },
    { "hash_seats_taken", NULL, NULL, "Requests that do so now.",
      GAUGE, HOST(hash_taken) },
    { "hash_waiting", NULL, NULL, "Requests that wait for a place to hash.",
      GAUGE, HOST(hash_waiting) },
    { "worker_alive", NULL, NULL, "Whether a child of this host does mails.",
      GAUGE, HOST(worker_alive) },
    { "worker_sweep_age_seconds", NULL, NULL,
      "Time since it last looked for jobs.", SECONDS, HOST(swept_sec) },

    { "database_up", NULL, NULL, "Whether the database answered just now.",
      GAUGE, STORE(up) },
    { "database_answer_seconds", NULL, NULL,
      "How long it took to answer this page's questions.",
      USEC, STORE(answer_usec) },
    { "database_borrow_seconds", NULL, NULL,
      "How long the last borrowing of a connection took.",
      USEC, STORE(borrow_usec) },
    { "database_use_seconds", NULL, NULL,
      "How long the last connection on loan was used.",
      USEC, STORE(use_usec) },
    { "database_breaker_open", NULL, NULL,
      "Whether the last connection could not be had.",
      GAUGE, STORE(breaker) },
    { "database_connections_lent", NULL, NULL,
      "Connections in use, of all children.", GAUGE, STORE(lent) },
    { "database_connections_max", NULL, NULL,
      "Connections that all children may use.", GAUGE, STORE(lent_max) },
    { "database_uses_total", NULL, NULL, "Connections that were borrowed.",
      COUNTER, STORE(uses) },
    { "database_failures_total", NULL, NULL,
      "Connections that could not be made.", COUNTER, STORE(failures) },
    { "database_busy_total", NULL, NULL,
      "Requests that gave up as all connections were in use.",
      COUNTER, STORE(busy) },

    { "jobs", "state", "waiting", "Mails, and runs of PwResetHook, by state.",
      GAUGE, REALM(waiting) },
    { "jobs", "state", "leased", "Mails, and runs of PwResetHook, by state.",
      GAUGE, REALM(leased) },
    { "jobs", "state", "failing", "Mails, and runs of PwResetHook, by state.",
      GAUGE, REALM(failing) },
    { "jobs", "state", "given_up", "Mails, and runs of PwResetHook, by state.",
      GAUGE, REALM(given_up) },
    { "job_oldest_age_seconds", NULL, NULL,
      "Age of the oldest mail that is not given up; 0: there is none.",
      SECONDS, REALM(oldest_sec) },
    { "sessions", NULL, NULL, "Live sessions, counted up to 100000.",
      GAUGE, REALM(sessions) },
    { "logins_total", "outcome", "ok", "Attempts to sign in.",
      COUNTER, COUNT(PWR_COUNT_LOGIN_OK) },
    { "logins_total", "outcome", "failed", "Attempts to sign in.",
      COUNTER, COUNT(PWR_COUNT_LOGIN_FAILED) },
    { "recoveries_asked_total", NULL, NULL,
      "Control strings that were asked for.",
      COUNTER, COUNT(PWR_COUNT_RECOVERY_ASKED) },
    { "passwords_reset_total", NULL, NULL,
      "Passwords set with a control string.",
      COUNTER, COUNT(PWR_COUNT_PASSWORD_RESET) },
    { "passwords_changed_total", NULL, NULL,
      "Passwords changed by who was signed in.",
      COUNTER, COUNT(PWR_COUNT_PASSWORD_CHANGED) },
    { "mails_total", "outcome", "sent", "Runs of the mail program.",
      COUNTER, COUNT(PWR_COUNT_MAIL_SENT) },
    { "mails_total", "outcome", "failed", "Runs of the mail program.",
      COUNTER, COUNT(PWR_COUNT_MAIL_FAILED) },
    { "hooks_total", "outcome", "done", "Runs of PwResetHook.",
      COUNTER, COUNT(PWR_COUNT_HOOK_DONE) },
    { "hooks_total", "outcome", "failed", "Runs of PwResetHook.",
      COUNTER, COUNT(PWR_COUNT_HOOK_FAILED) },
    { "hash_refused_total", NULL, NULL,
      "Requests for which there was no place to hash in time.",
      COUNTER, COUNT(PWR_COUNT_HASH_REFUSED) },
    { "unavailable_total", NULL, NULL, "Answers with status 503.",
      COUNTER, COUNT(PWR_COUNT_UNAVAILABLE) },
#define OVER(class, limit) \
    { "limited_total", "class", class, \
      "Times a limit of PwResetLimit was hit.", COUNTER, LIMIT(limit) }
    OVER("forgot-client", PWR_LIMIT_FORGOT_CLIENT),
    OVER("forgot-account", PWR_LIMIT_FORGOT_ACCOUNT),
    OVER("forgot-site", PWR_LIMIT_FORGOT_SITE),
    OVER("reset-client", PWR_LIMIT_RESET_CLIENT),
    OVER("login-client", PWR_LIMIT_LOGIN_CLIENT),
    OVER("login-account", PWR_LIMIT_LOGIN_ACCOUNT),
    OVER("change-account", PWR_LIMIT_CHANGE_ACCOUNT),
    { NULL, NULL, NULL, NULL, 0, 0, 0, 0 }
};

int64_t pwr_metric_of(const pwr_metric *row, const void *of)
{
    return *(const int64_t *)(const void *)((const char *)of + row->offset);
}

/* ---- what is wrong ---- */

typedef struct judge {
    apr_pool_t *pool;
    pwr_problems found;
    int is_error;                   /* what is looked for in this round */
} judge;

__attribute__((format(printf, 4, 5)))
static void tell(judge *j, int is_error, const char *remedy,
                 const char *format, ...)
{
    va_list args;

    if (is_error != j->is_error || j->found.n == PROBLEMS_MAX) {
        return;
    }
    va_start(args, format);
    j->found.row[j->found.n++] = (pwr_problem){
        is_error, apr_pvsprintf(j->pool, format, args), remedy
    };
    va_end(args);
}

static const char *because(apr_pool_t *pool, const char *error)
{
    return error ? apr_pstrcat(pool, " Last error: ", error, NULL) : "";
}

static void judge_store(judge *j, const pwr_status_store *s)
{
    const char *since = s->away_sec >= 0
        ? apr_pstrcat(j->pool, "has not answered for ",
                      pwr_status_span(j->pool, s->away_sec), NULL)
        : "does not answer";

    if (s->up == 0 && s->refuses > 0) {
        tell(j, 1, "httpd's error log has the message with its remedy.",
             "The database %s answers, but with an error. Visitors of its "
             "sites are told to try again.%s", s->name,
             because(j->pool, s->error));
    }
    else if (s->up == 0) {
        tell(j, 1, "Is it running, can this host reach it, and is DBDParams "
             "right? httpd's error log has the message of mod_dbd.",
             "The database %s %s. Visitors of its sites are "
             "told to try again.%s", s->name, since,
             because(j->pool, s->error));
    }
    if (s->lent_max > 0 && s->lent >= s->lent_max) {
        tell(j, 0, "See which statements take so long (SHOW PROCESSLIST), or "
             "raise DBDMax.", "All %" APR_INT64_T_FMT " connections to the "
             "database %s are in use.", s->lent_max, s->name);
    }
}

static const char *mails(apr_pool_t *pool, int64_t n)
{
    return n == 1 ? "1 mail" : apr_psprintf(pool, "%" APR_INT64_T_FMT
                                            " mails", n);
}

static void judge_realm(judge *j, const pwr_status_realm *r)
{
    const char *error = r->job_error ? r->job_error : r->mail_error;

    if (r->failing > 0) {
        tell(j, 0, "See the log of the mail program, PwResetSendmail and "
             "PwResetMailFrom; where a hook failed, PwResetHook. They are "
             "tried again by themselves.",
             "%s: %s could not be sent yet, the oldest for %s.%s", r->name,
             mails(j->pool, r->failing),
             pwr_status_span(j->pool, r->oldest_sec),
             because(j->pool, error));
    }
    else if (r->oldest_sec > OLDEST_SEC_MAX) {
        tell(j, 0, "Is the limit forgot-site too low, are PwResetMailSlots "
             "too few, or does the mail program hang?",
             "%s: a mail has been waiting for %s.", r->name,
             pwr_status_span(j->pool, r->oldest_sec));
    }
    if (r->given_up > 0) {
        tell(j, 0, "Nobody tries them again; their people can ask anew. They "
             "are kept for seven days.", "%s: %s given up.%s", r->name,
             mails(j->pool, r->given_up),
             r->failing > 0 ? "" : because(j->pool, error));
    }
}

static void judge_host(judge *j, const pwr_status_host *h)
{
    if (h->worker_alive == 0) {
        tell(j, 1, "A child takes over within two seconds. If none does, the "
             "error log says why: PWR0061.",
             "No child of this host sends mails.");
    }
    else if (h->swept_sec > SWEPT_SEC_MAX) {
        tell(j, 1, "The database or the child hangs; a graceful restart "
             "starts another.", "The child that sends mails (%s) has not "
             "looked for any for %s.", h->worker ? h->worker : "?",
             pwr_status_span(j->pool, h->swept_sec));
    }
    if (h->hash_waiting > 0 && h->hash_taken >= h->hash_seats) {
        tell(j, 0, "A flood of sign-ins? See the access log, and PwResetLimit "
             "login-client.", "All %" APR_INT64_T_FMT " seats before the hash "
             "gate are taken; others are told to try again.", h->hash_seats);
    }
}

pwr_problems pwr_status_judge(apr_pool_t *pool, const pwr_status *status)
{
    judge j = { .pool = pool };

    j.found.row = apr_palloc(pool, sizeof(*j.found.row) * PROBLEMS_MAX);
    for (j.is_error = 1; j.is_error >= 0; j.is_error--) {
        judge_host(&j, &status->host);
        for (int i = 0; i < status->stores_n; i++) {
            judge_store(&j, &status->store[i]);
        }
        for (int i = 0; i < status->realms_n; i++) {
            judge_realm(&j, &status->realm[i]);
        }
    }
    return j.found;
}

/* ---- writing ---- */

void pwr_status_put(const pwr_status_out *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    pwr_sink_text(out->sink, apr_pvsprintf(out->pool, format, args));
    va_end(args);
}

const char *pwr_status_span(apr_pool_t *pool, int64_t sec)
{
    static const struct { int64_t sec; const char *name; } units[] = {
        { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" }
    };
    size_t i = 0;
    int64_t rest;

    if (sec < 0) {
        return "unknown";
    }
    while (i < 3 && sec < units[i].sec) {
        i++;
    }
    rest = i < 3 ? sec % units[i].sec / units[i + 1].sec : 0;
    return rest ? apr_psprintf(pool, "%" APR_INT64_T_FMT " %s %"
                               APR_INT64_T_FMT " %s", sec / units[i].sec,
                               units[i].name, rest, units[i + 1].name)
                : apr_psprintf(pool, "%" APR_INT64_T_FMT " %s",
                               sec / units[i].sec, units[i].name);
}

static void clean(apr_pool_t *pool, const char **text)
{
    if (*text) {
        *text = pwr_text_line(pool, *text, TEXT_POINTS_MAX);
    }
}

/* A copy whose texts are lines of UTF-8. */
static pwr_status *clean_copy(apr_pool_t *pool, const pwr_status *status)
{
    pwr_status *s = apr_pmemdup(pool, status, sizeof(*status));

    s->store = apr_pmemdup(pool, s->store,
                           sizeof(*s->store) * (size_t)s->stores_n);
    s->realm = apr_pmemdup(pool, s->realm,
                           sizeof(*s->realm) * (size_t)s->realms_n);
    clean(pool, &s->host.name);
    clean(pool, &s->host.version);
    clean(pool, &s->host.software);
    clean(pool, &s->host.worker);
    for (int i = 0; i < s->stores_n; i++) {
        clean(pool, &s->store[i].name);
        clean(pool, &s->store[i].error);
    }
    for (int i = 0; i < s->realms_n; i++) {
        clean(pool, &s->realm[i].name);
        clean(pool, &s->realm[i].site);
        clean(pool, &s->realm[i].store);
        clean(pool, &s->realm[i].job_error);
        clean(pool, &s->realm[i].mail_error);
    }
    return s;
}

const char *pwr_status_show(apr_pool_t *pool, const pwr_status *status,
                            pwr_status_as as, size_t *len)
{
    static void (*const writers[])(const pwr_status_out *) = {
        [PWR_STATUS_HTML] = pwr_status_html,
        [PWR_STATUS_AUTO] = pwr_status_auto,
        [PWR_STATUS_JSON] = pwr_status_json,
        [PWR_STATUS_METRICS] = pwr_status_metrics,
    };
    pwr_status *s = clean_copy(pool, status);
    pwr_problems problems = pwr_status_judge(pool, s);
    pwr_sink sink = { .len = 0 };
    const pwr_status_out out = { pool, &sink, s, &problems };
    const char *text;

    s->host.errors = s->host.warnings = 0;
    for (int i = 0; i < problems.n; i++) {
        s->host.errors += problems.row[i].is_error;
        s->host.warnings += !problems.row[i].is_error;
    }
    writers[as](&out);
    text = pwr_sink_open(pool, &sink);
    writers[as](&out);
    *len = sink.len;
    return text;
}
