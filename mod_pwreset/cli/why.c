/* SPDX-License-Identifier: Apache-2.0 */
/* "I got no mail": what the tables know of it, in the order in which a request
 * meets it, and what to do about each.  Reads, and writes nothing. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "core/addr.h"
#include "core/format.h"
#include "core/text.h"
#include "flow/account.h"
#include "flow/forgot.h"
#include "flow/hash.h"
#include "io/remedy.h"

#define NOTE (-1)               /* as a status: worth a look, no trouble */
#define OVERDUE_SEC 120         /* httpd looks at least once a minute */

typedef struct look {
    const pwr_call *call;
    pwr_env env;
    const char *identifier;     /* as a request would have it */
    int64_t now;                /* the database's */
    apr_array_header_t *users;  /* pwr_user */
    apr_array_header_t *jobs;   /* pwr_job, about these */
    int has_trace;              /* somebody asked lately */
    int status;                 /* of the first trouble */
} look;

/* A line of what was found, and one of what to do; `remedy` NULL: nothing. */
__attribute__((format(printf, 4, 5)))
static void tell(look *l, int status, const char *remedy, const char *format,
                 ...)
{
    va_list args;

    fputs(status == EX_OK ? "OK    " : status == NOTE ? "NOTE  "
          : status == EX_TEMPFAIL ? "WAIT  " : "FAIL  ", stdout);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    if (remedy) {
        printf("      -> %s\n", remedy);
    }
    if (status != NOTE && l->status == EX_OK) {
        l->status = status;
    }
}

/* "2026-11-22 14:05 (MSK, UTC+3), in 5 min". */
static const char *when(const look *l, int64_t at)
{
    return apr_pstrcat(l->env.pool,
                       pwr_zone_date_time(l->env.pool, l->env.site->zone, at),
                       ", ", pwr_call_when(l->call, l->now, at), NULL);
}

/* ---- the account ---- */

/* Nobody is told by the page that it took an identifier of nobody. */
static void tell_none(look *l)
{
    tell(l, EX_NOUSER, "is it the address, and the spelling, that the account "
         "has? else see what PwResetUserQuery and PwResetIdQuery give for it: "
         "one that leaves out accounts that are disabled gives none",
         "account: none is called %s here, and nobody is sent anything",
         pwr_call_shown(l->call, l->identifier));
}

static void tell_refused(look *l)
{
    int by = l->env.site->conf->identify[1];

    tell(l, EX_DATAERR, by & PWR_IDENTIFY_LOGIN
         ? "ask with an address, such as ivan@example.org, or a login name"
         : "ask with the address of the account; PwResetIdentify forgot both "
           "takes login names, too",
         "request: the page takes %s, and refuses this",
         by == PWR_IDENTIFY_LOGIN ? "login names"
         : by == PWR_IDENTIFY_EMAIL ? "mail addresses"
         : "mail addresses and login names");
}

static void tell_password(look *l, const pwr_user *user)
{
    const char *stored = pwr_hash_read(&l->env, user);

    if (pwr_format_of(stored).engine != PWR_ENGINE_NONE) {
        return;
    }
    tell(l, NOTE, "mails are sent all the same, and a new password opens it; "
         "where it is to stay shut, let PwResetUserQuery leave it out",
         "password: %s", !stored || !*stored ? "none is stored"
         : strchr("!*", *stored)
           ? "the account is locked: its hash begins with ! or *"
           : "what is stored is no hash that can be verified");
}

static void tell_address(look *l, const pwr_user *user, const char *mailbox)
{
    int has_recovery = user->recovery_email && *user->recovery_email;

    if (pwr_account_lacks_recovery(l->env.pool, user)) {
        tell(l, EX_DATAERR, "give it another recovery_email in the user "
             "table; meanwhile: pwresetctl link LOGIN",
             has_recovery ? "address: mail would go to %s, the very mailbox "
             "that is locked" : "address: there is none but %s, the very "
             "mailbox that is locked", pwr_call_shown(l->call, user->email));
    }
    else if (!mailbox) {
        tell(l, EX_DATAERR, "correct its address in the user table; "
             "meanwhile: pwresetctl link LOGIN",
             "address: %s is none that mail can go to",
             pwr_call_shown(l->call, has_recovery ? user->recovery_email
                                                  : user->email));
    }
    else if (has_recovery && pwr_addr_same(l->env.pool, user->recovery_email,
                                           user->email)) {
        tell(l, EX_DATAERR, "give it another recovery_email in the user "
             "table; meanwhile: pwresetctl link LOGIN",
             "address: mail goes to %s, the very mailbox that is locked",
             mailbox);
    }
    else if (!has_recovery && pwr_addr_same(l->env.pool, user->login,
                                            mailbox)) {
        tell(l, NOTE, "where this login opens that mailbox, give the account "
             "another address in a column recovery_email of the queries",
             "address: mail goes to %s, which is also the login name",
             mailbox);
    }
    else {
        tell(l, EX_OK, NULL, "address: mail goes to %s", mailbox);
    }
}

static void tell_limits(look *l, const pwr_account *account)
{
    const pwr_rate *rate
        = &l->env.site->conf->limit[PWR_LIMIT_FORGOT_ACCOUNT];
    const char *shown = pwr_rate_show(l->env.pool, rate);

    if (account->live_until) {
        tell(l, EX_TEMPFAIL, "the strings in those mails work; to make room: "
             "pwresetctl revoke LOGIN",
             "limit: %d requests have control strings that work, and no mail "
             "is sent until %s", account->live, when(l, account->live_until));
    }
    if (account->lately_until) {
        tell(l, EX_TEMPFAIL, "what was sent works; at once: pwresetctl link "
             "LOGIN; for all: PwResetLimit forgot-account",
             "limit: forgot-account is %s for an account and for a mailbox, "
             "there were %d, and no mail is sent until %s", shown,
             account->lately, when(l, account->lately_until));
    }
    if (!account->live_until && !account->lately_until) {
        tell(l, EX_OK, NULL, "limit: %d of %d control strings, and %d mails "
             "of forgot-account %s", account->live, PWR_TOKEN_JOBS_MAX,
             account->lately, shown);
    }
}

static int is_waiting(const look *l, const char *job)
{
    for (int i = 0; i < l->jobs->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(l->jobs, i, pwr_job).id, job) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *fate_of(const look *l, const pwr_token *last)
{
    if (last->state == PWR_TOKEN_LIVE) {
        return apr_pstrcat(l->env.pool, "works until ",
                           when(l, last->expires), NULL);
    }
    if (last->spent_at) {
        return apr_psprintf(l->env.pool, "%s %s",
                            !last->why || strcmp(last->why, "used") == 0
                            ? "was used"
                            : strcmp(last->why, "notme") == 0
                              ? "was cancelled by \"this was not me\""
                              : strcmp(last->why, "revoked") == 0
                                ? "was revoked by an operator"
                                : "ended as the password was changed",
                            pwr_call_when(l->call, l->now, last->spent_at));
    }
    return "is over";
}

/* A job whose row is gone is done: the mail program took the mail. */
static void tell_last(look *l, const pwr_token *last)
{
    if (!last->job || is_waiting(l, last->job)) {
        return;
    }
    tell(l, EX_OK, apr_psprintf(l->env.pool, "unless pwresetctl link made it, "
         "the mail program took its mail: look for %s%s in that one's log, "
         "then in the spam folder", last->job,
         strchr(l->env.site->conf->mail_from, '@')),
         "last string: made %s; it %s", when(l, last->created),
         fate_of(l, last));
}

/* ---- what waits ---- */

static const char *kind_of(const pwr_job *job)
{
    static const char *const kinds[PWR_JOBS_N] = {
        [PWR_JOB_NONE] = "of a later version",
        [PWR_JOB_RECOVER] = "a control string",
        [PWR_JOB_NOTICE] = "a notice of a change",
        [PWR_JOB_HOOK] = "a run of PwResetHook for a change",
    };

    return kinds[job->kind];
}

static void tell_job(look *l, const pwr_job *job)
{
    const char *title = apr_psprintf(
        l->env.pool, "job %s, %s, asked for %s, tried %d times", job->id,
        kind_of(job), pwr_call_when(l->call, l->now, job->created), job->tries);
    const char *error = pwr_call_shown(l->call, job->error);
    const char *remedy = pwr_remedy_of_job(job);

    if (job->gave_up) {
        tell(l, EX_UNAVAILABLE, apr_psprintf(l->env.pool, "%s; then "
             "pwresetctl queue retry %s", remedy, job->id),
             "%s: given up %s: %s", title,
             pwr_call_when(l->call, l->now, job->gave_up), error);
    }
    else if (job->lease_until > l->now) {
        tell(l, EX_TEMPFAIL, job->kind == PWR_JOB_HOOK
             ? "where it does not end, the program of PwResetHook hangs: see "
               "PwResetMailTimeout"
             : "where it does not end, the mail program hangs: see "
               "PwResetMailTimeout, and pwresetctl mail test",
             "%s: %s is at it, until %s at most", title,
             pwr_call_shown(l->call, job->owner), when(l, job->lease_until));
    }
    else if (job->due + OVERDUE_SEC < l->now) {
        tell(l, EX_UNAVAILABLE, "does httpd run with this configuration? see "
             "pwresetctl check, and its log for PWR0021 and PWR0061; over "
             "forgot-site of PwResetLimit mails leave by turns",
             "%s: due %s, and nobody has taken it", title,
             pwr_call_when(l->call, l->now, job->due));
    }
    else if (job->error) {
        tell(l, EX_TEMPFAIL, remedy, "%s: next %s: %s", title,
             pwr_call_when(l->call, l->now, job->due), error);
    }
    else {
        tell(l, EX_TEMPFAIL, PWR_NEXT_LOOK, "%s: waits, due %s", title,
             pwr_call_when(l->call, l->now, job->due));
    }
}

/* Add to the jobs those that one of the names means. */
static apr_status_t jobs_find(look *l, const char *identifier,
                              const char *user_id)
{
    const pwr_job like = { .realm = l->env.site->conf->realm,
                           .identifier = identifier, .user_id = user_id };
    pwr_jobs found;
    apr_status_t done = l->env.store->ops->job_about(l->env.store, l->env.pool,
                                                     &like, &found);

    if (done != APR_SUCCESS) {
        return done;
    }
    l->now = found.now;
    for (int i = 0; i < found.n; i++) {
        if (!is_waiting(l, found.row[i].id)) {
            APR_ARRAY_PUSH(l->jobs, pwr_job) = found.row[i];
        }
    }
    return APR_SUCCESS;
}

static int is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* A job has what was typed: of a domain beyond ASCII either form. */
static apr_status_t jobs_find_forms(look *l, const char *name,
                                    const char *user_id)
{
    apr_pool_t *pool = l->env.pool;
    const char *typed = name ? pwr_text_canonical(pool, name) : NULL;
    const char *address = name ? pwr_addr_canonical(pool, name) : NULL;
    const char *letters = address ? pwr_addr_in_letters(pool, address) : NULL;
    apr_status_t done = jobs_find(l, typed, user_id);

    if (done == APR_SUCCESS && address && !is_same(address, typed)) {
        done = jobs_find(l, address, NULL);
    }
    if (done == APR_SUCCESS && letters && !is_same(letters, typed)) {
        done = jobs_find(l, letters, NULL);
    }
    return done;
}

/* By what was said here, and by all that the account can be asked for with. */
static apr_status_t jobs_collect(look *l)
{
    apr_status_t done = jobs_find_forms(l, l->identifier, NULL);

    for (int i = 0; done == APR_SUCCESS && i < l->users->nelts; i++) {
        const pwr_user *user = &APR_ARRAY_IDX(l->users, i, pwr_user);

        done = jobs_find_forms(l, user->login, user->id);
        if (done == APR_SUCCESS) {
            done = jobs_find_forms(l, user->email, NULL);
        }
    }
    return done;
}

/* ---- all of it ---- */

static apr_status_t tell_user(look *l, const pwr_user *user)
{
    const char *mailbox = pwr_account_mailbox(l->env.pool, user);
    pwr_account account;
    apr_status_t done = pwr_account_look(&l->env, user, &account);

    if (done != APR_SUCCESS) {
        return done;
    }
    tell(l, EX_OK, NULL, "account: login %s, id %s",
         pwr_call_shown(l->call, user->login),
         pwr_call_shown(l->call, user->id));
    tell_password(l, user);
    tell_address(l, user, mailbox);
    if (mailbox) {
        tell_limits(l, &account);
    }
    tell_last(l, &account.last);
    l->has_trace |= account.last.job != NULL;
    return APR_SUCCESS;
}

static apr_status_t tell_all(look *l)
{
    apr_status_t done = APR_SUCCESS;

    if (l->users->nelts == 0) {
        tell_none(l);
    }
    for (int i = 0; done == APR_SUCCESS && i < l->users->nelts; i++) {
        done = tell_user(l, &APR_ARRAY_IDX(l->users, i, pwr_user));
    }
    if (done != APR_SUCCESS) {
        return done;
    }
    for (int i = 0; i < l->jobs->nelts; i++) {
        tell_job(l, &APR_ARRAY_IDX(l->jobs, i, pwr_job));
    }
    if (l->users->nelts > 0 && l->jobs->nelts == 0 && !l->has_trace) {
        tell(l, NOTE, "ask once more, and run this again: a request that "
             "arrives is a job at once; one that does not was sent to another "
             "site, or was over forgot-client (PWR0422 in httpd's log)",
             "request: none of the last seven days has left a trace");
    }
    return APR_SUCCESS;
}

int pwr_command_why(pwr_call *call)
{
    look l = { .call = call };
    apr_status_t done;
    int by, status = pwr_call_env(call, &l.env);

    printf("%s%s, realm %s\n", call->site_i > 0 ? "\n" : "",
           call->vhost->server,
           pwr_call_shown(call, call->vhost->conf->realm));
    if (status != EX_OK) {
        return status;
    }
    l.identifier = pwr_text_canonical(call->pool, call->args[0]);
    by = pwr_forgot_kinds(&l.env, l.identifier);
    if (!by) {
        tell_refused(&l);
        return l.status;
    }
    l.users = apr_array_make(call->pool, 1, sizeof(pwr_user));
    l.jobs = apr_array_make(call->pool, 1, sizeof(pwr_job));
    done = pwr_account_find(&l.env, l.identifier, by, l.users);
    if (done == APR_SUCCESS) {
        done = jobs_collect(&l);
    }
    if (done == APR_SUCCESS) {
        done = tell_all(&l);
    }
    return done == APR_SUCCESS ? l.status : pwr_call_store_status(done);
}
