/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/deliver.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "core/addr.h"
#include "core/language.h"
#include "core/text.h"
#include "flow/account.h"
#include "flow/audit.h"
#include "flow/hook.h"
#include "flow/letter.h"
#include "io/outbox.h"

#define HOLD_AFTER_USEC (PWR_LEASE_MARGIN_SEC * INT64_C(1000000) / 2)

/* To whom a mail goes, and what its Message-ID begins with. */
typedef struct envelope {
    const char *mailbox;
    const char *id;
} envelope;

/* One account that is to get a string, and the string. */
typedef struct recovery {
    const pwr_user *user;
    const char *mailbox;            /* where the mail goes */
    const char *bare;               /* secret */
    const char *notme;              /* secret: of the link "not me" */
    int64_t expires;
    int mail;                       /* which one it is in; 0: none yet */
} recovery;

static const pwr_backoff recover_backoff = { 5, 300, 0 };
static const pwr_backoff notice_backoff = { 60, 3600, 3 * 86400 };

static pwr_backoff backoff_of(const pwr_env *env, const pwr_job *job)
{
    const pwr_conf *conf = env->site->conf;
    int is_recovery = job->kind == PWR_JOB_RECOVER;
    pwr_backoff backoff = is_recovery ? recover_backoff : notice_backoff;

    if (is_recovery) {
        backoff.give_up_sec = conf->token_lifetime_sec;
    }
    if (conf->mail_retry_sec) {
        backoff.give_up_sec = conf->mail_retry_sec;
    }
    return backoff;
}

/* ---- the mail ---- */

/* For the status page; `detail` is what the program said. */
static void count_mail(const pwr_env *env, const envelope *to, pwr_sent sent,
                       const char *detail)
{
    env->host->count(env->host_baton, sent == PWR_SENT_OK
                     ? PWR_COUNT_MAIL_SENT : PWR_COUNT_MAIL_FAILED);
    if (sent != PWR_SENT_OK) {
        env->host->mail_failed(env->host_baton, env->pool,
                               detail ? detail : "no reason was given",
                               to->mailbox);
    }
}

static pwr_sent send_mail(const pwr_env *env, const pwr_delivery *delivery,
                          const pwr_letter *letter, const envelope *to,
                          const char **detail)
{
    const pwr_conf *conf = env->site->conf;
    const pwr_sendmail program = {
        .argv = conf->sendmail,
        .sender = conf->mail_from,
        .timeout_sec = conf->mail_timeout_sec,
        .cancel_fd = delivery->cancel_fd,
    };
    pwr_message message = pwr_letter_write(env, letter);
    pwr_sent sent;

    message.to = to->mailbox;
    message.id = to->id;
    message.date_epoch_sec = delivery->now;
    sent = pwr_outbox_send(env->pool, &program, &message, detail);
    count_mail(env, to, sent, *detail);
    return sent;
}

static const pwr_voice *voice_of(const pwr_env *env, const pwr_job *job,
                                 const pwr_user *user)
{
    const char *tag = user ? pwr_language_enabled(env->site->tags,
                                                  user->language) : NULL;

    return pwr_site_voice(env->site, tag ? tag : job->language);
}

static void tell_sent(const pwr_env *env, const pwr_job *job,
                      const pwr_user *user, pwr_sent sent)
{
    static const char *const why[] = {
        [PWR_SENT_NEVER] = "refused",
        [PWR_SENT_LATER] = "later",
        [PWR_SENT_UNABLE] = "unable",
    };

    if (sent == PWR_SENT_OK) {
        pwr_audit_job(env, job, PWR_EVENT_MAIL_SENT, user, NULL);
    }
    else {
        pwr_audit_job(env, job, PWR_EVENT_MAIL_FAILED, user, why[sent]);
    }
}

/* ---- a notice ---- */

static pwr_sent send_notice(const pwr_env *env, const pwr_delivery *delivery,
                            const char **detail)
{
    const pwr_job *job = delivery->job;
    const pwr_letter letter = pwr_letter_changed(env, job,
                                                 voice_of(env, job, NULL));
    const envelope to = {
        pwr_addr_mailbox(env->pool, job->recipient), job->id
    };

    if (!to.mailbox) {
        *detail = "the account's address is not one that mail can go to";
        return PWR_SENT_NEVER;
    }
    return send_mail(env, delivery, &letter, &to, detail);
}

static apr_status_t notify(const pwr_env *env, const pwr_delivery *delivery,
                           pwr_settlement *settlement, pwr_job *job)
{
    const pwr_user user = { .id = job->user_id, .login = job->login };

    settlement->sent = send_notice(env, delivery, &settlement->detail);
    tell_sent(env, job, &user, settlement->sent);
    return APR_SUCCESS;
}

/* ---- a hook ---- */

static apr_status_t run_hook(const pwr_env *env, const pwr_delivery *delivery,
                             pwr_settlement *settlement, pwr_job *job)
{
    settlement->sent = pwr_hook_run(env, job, delivery->cancel_fd,
                                    &settlement->detail);
    return APR_SUCCESS;
}

/* ---- a recovery ---- */

/* The visitor is told nothing of it. */
static void tell_unminted(const pwr_env *env, const pwr_job *job,
                          const pwr_user *user, pwr_mint outcome)
{
    static const char *const why[] = {
        [PWR_MINT_REFUSED] = "three-live",
        [PWR_MINT_LIMITED] = "limit",
        [PWR_MINT_MERGED] = "merged",
        [PWR_MINT_ENDED] = "ended",
    };
    const char *id = pwr_text_printable(env->pool, user->id, 64);
    const char *realm = env->site->conf->realm;

    pwr_audit_job(env, job, PWR_EVENT_MAIL_WITHHELD, user, why[outcome]);
    if (outcome == PWR_MINT_REFUSED) {
        pwr_diag_log(env->diag, PWR_LEVEL_INFO, 0, "PWR0412",
                     "recovery for user id %s of realm %s: three live control "
                     "strings; nothing sent", id, realm);
    }
    if (outcome == PWR_MINT_LIMITED) {
        env->host->count(env->host_baton,
                         pwr_count_of_limit(PWR_LIMIT_FORGOT_ACCOUNT));
        pwr_diag_log(env->diag, PWR_LEVEL_INFO, 0, "PWR0423",
                     "recovery for user id %s of realm %s: over the limit "
                     "forgot-account, by mails to this account or to its "
                     "mailbox; nothing sent", id, realm);
    }
}

/* Mint a string for one account; `bare` stays NULL when it gets none, because
 * it has enough, or because an equal request was answered a moment ago. */
static apr_status_t mint(const pwr_env *env, const pwr_job *job,
                         recovery *r)
{
    pwr_minting minting = {
        .user = r->user, .job = job->id, .language = job->language,
        .mailbox = r->mailbox,
    };
    apr_status_t status = pwr_account_mint(env, &minting);

    r->bare = minting.bare;
    r->notme = minting.notme;
    r->expires = minting.expires;
    if (status == APR_SUCCESS && !r->bare) {
        tell_unminted(env, job, r->user, minting.outcome);
    }
    return status;
}

/* Of a job that is tried again for some of its mailboxes, is it one of them? */
static int is_awaited(const pwr_env *env, const pwr_job *job,
                      const char *mailbox)
{
    char *last = NULL, *lines;

    if (!job->recipient) {
        return 1;
    }
    lines = apr_pstrdup(env->pool, job->recipient);
    for (const char *line = apr_strtok(lines, "\n", &last); line;
         line = apr_strtok(NULL, "\n", &last)) {
        if (pwr_addr_same(env->pool, line, mailbox)) {
            return 1;
        }
    }
    return 0;
}

/* The visitor is told nothing of this, either. */
static void tell_unreachable(const pwr_env *env, const pwr_job *job,
                             const pwr_user *user)
{
    const char *id = pwr_text_printable(env->pool, user->id, 64);

    if (pwr_account_lacks_recovery(env->pool, user)) {
        pwr_audit_job(env, job, PWR_EVENT_MAIL_WITHHELD, user, "no-recovery");
        pwr_diag_log(env->diag, PWR_LEVEL_NOTICE, 0, "PWR0415",
                     "recovery for user id %s of realm %s: its only address "
                     "is the mailbox that it opens; nothing sent: give it a "
                     "recovery address, or use pwresetctl link", id,
                     job->realm);
        return;
    }
    pwr_audit_job(env, job, PWR_EVENT_MAIL_WITHHELD, user, "no-address");
    pwr_diag_log(env->diag, PWR_LEVEL_INFO, 0, "PWR0413",
                 "recovery for user id %s of realm %s: the account has no "
                 "address that mail can go to; nothing sent", id, job->realm);
}

/* Give the account its string, if there is a way to send it. */
static apr_status_t prepare(const pwr_env *env, const pwr_job *job,
                            recovery *r)
{
    r->mailbox = pwr_account_mailbox(env->pool, r->user);
    if (r->mailbox && !is_awaited(env, job, r->mailbox)) {
        return APR_SUCCESS;
    }
    if (!r->mailbox) {
        tell_unreachable(env, job, r->user);
        return APR_SUCCESS;
    }
    return mint(env, job, r);
}

/* One mail to one mailbox, with every account that is to be told there. */
static pwr_sent send_recovery(const pwr_env *env,
                              const pwr_delivery *delivery,
                              apr_array_header_t *recoveries, int first,
                              const char **detail)
{
    recovery *all = (recovery *)recoveries->elts;
    envelope to = { all[first].mailbox, delivery->job->id };
    pwr_letter letter = pwr_letter_recover(env, delivery->job,
                                           voice_of(env, delivery->job,
                                                    all[first].user),
                                           all[first].expires);

    for (int i = first; i < recoveries->nelts; i++) {
        if (all[i].bare && !all[i].mail
            && pwr_addr_same(env->pool, all[i].mailbox, all[first].mailbox)) {
            pwr_letter_account(env, &letter, all[i].user, all[i].bare,
                               all[i].notme);
            all[i].mail = first + 1;
        }
    }
    if (first > 0) {
        /* Another mail of this job; a reader of both would keep only one. */
        to.id = apr_psprintf(env->pool, "%s.%d", to.id, first);
    }
    return send_mail(env, delivery, &letter, &to, detail);
}

/* One line for each account in this mail. */
static void tell_accounts(const pwr_env *env, const pwr_job *job,
                          const apr_array_header_t *recoveries, int mail,
                          pwr_sent sent)
{
    for (int i = 0; i < recoveries->nelts; i++) {
        const recovery *r = &APR_ARRAY_IDX(recoveries, i, recovery);

        if (r->mail == mail) {
            tell_sent(env, job, r->user, sent);
        }
    }
}

/* What is tried again hides what is given up, or it would never be. */
static int is_worse(pwr_sent one, pwr_sent other)
{
    return one != PWR_SENT_OK && other != PWR_SENT_LATER
        && other != PWR_SENT_UNABLE;
}

/* The lease was made for one mail program, and each of several may take as
 * long: ask for it anew before another child takes the job and sends all of
 * them again.  `*mine` 0: one has. */
static apr_status_t hold_on(const pwr_env *env, const pwr_delivery *delivery,
                            int64_t *held_usec, int *mine)
{
    int64_t now_usec = env->host->now_usec(env->host_baton);

    *mine = 1;
    if (now_usec - *held_usec < HOLD_AFTER_USEC) {
        return APR_SUCCESS;
    }
    *held_usec = now_usec;
    return env->store->ops->job_hold(env->store, env->pool, delivery->job,
                                     delivery->owner, delivery->lease_sec,
                                     mine);
}

/* A mailbox whose mail is out gets no second one because another's is not:
 * `job` is told whom it is tried again for, unless that is everybody, or more
 * than its row can hold. */
static void await(const pwr_env *env, pwr_job *job,
                  const apr_array_header_t *late, int tried_n)
{
    const char *lines = apr_array_pstrcat(env->pool, late, '\n');

    if (late->nelts > 0 && late->nelts < tried_n
        && strlen(lines) <= PWR_IDENTIFIER_POINTS) {
        job->recipient = lines;
    }
}

static int is_late(pwr_sent sent)
{
    return sent == PWR_SENT_LATER || sent == PWR_SENT_UNABLE;
}

/* Every mailbox gets its mail; the worst outcome decides about the job. */
static apr_status_t send_all(const pwr_env *env, const pwr_delivery *delivery,
                             apr_array_header_t *recoveries,
                             pwr_settlement *settlement, pwr_job *job)
{
    apr_array_header_t *late = apr_array_make(env->pool, 1, sizeof(char *));
    int64_t held_usec = env->began_usec;
    apr_status_t status = APR_SUCCESS;
    int mine = 1, tried_n = 0;

    settlement->sent = PWR_SENT_OK;
    for (int i = 0; i < recoveries->nelts && mine; i++) {
        const recovery *r = &APR_ARRAY_IDX(recoveries, i, recovery);
        const char *said = NULL;
        pwr_sent one;

        if (!r->bare || r->mail) {
            continue;
        }
        status = hold_on(env, delivery, &held_usec, &mine);
        if (status != APR_SUCCESS || !mine) {
            break;
        }
        one = send_recovery(env, delivery, recoveries, i, &said);
        tell_accounts(env, delivery->job, recoveries, i + 1, one);
        tried_n++;
        if (is_late(one)) {
            APR_ARRAY_PUSH(late, const char *) = r->mailbox;
        }
        if (!settlement->detail || is_worse(one, settlement->sent)) {
            settlement->sent = one;
            settlement->detail = said;
        }
    }
    /* Else some were not reached, and wait as well. */
    if (status == APR_SUCCESS && mine) {
        await(env, job, late, tried_n);
    }
    return status;
}

static apr_status_t recover(const pwr_env *env, const pwr_delivery *delivery,
                            pwr_settlement *settlement, pwr_job *job)
{
    apr_array_header_t *users = apr_array_make(env->pool, 1,
                                               sizeof(pwr_user));
    apr_array_header_t *recoveries = apr_array_make(env->pool, 1,
                                                    sizeof(recovery));
    apr_status_t status = pwr_account_find(env, job->identifier, job->by,
                                           users);

    for (int i = 0; status == APR_SUCCESS && i < users->nelts; i++) {
        recovery *r = apr_array_push(recoveries);

        memset(r, 0, sizeof(*r));
        r->user = &APR_ARRAY_IDX(users, i, pwr_user);
        status = prepare(env, job, r);
    }
    if (status == APR_SUCCESS && users->nelts == 0) {
        pwr_audit_job(env, job, PWR_EVENT_FORGOT_UNKNOWN, NULL, NULL);
    }
    return status ? status
                  : send_all(env, delivery, recoveries, settlement, job);
}

/* ---- any job ---- */

/* It is never tried again. */
static void tell_abandoned(const pwr_env *env, const pwr_job *job)
{
    const pwr_user user = { .id = job->user_id, .login = job->login };

    if (job->kind == PWR_JOB_HOOK) {
        pwr_audit_job(env, job, PWR_EVENT_HOOK_ABANDONED, &user, NULL);
    }
    else {
        pwr_audit_job(env, job, PWR_EVENT_MAIL_ABANDONED, NULL, NULL);
    }
}

/* What is done of a kind; none of another is claimed. */
static apr_status_t (*const deeds[PWR_JOBS_N])(const pwr_env *,
                                               const pwr_delivery *,
                                               pwr_settlement *, pwr_job *) = {
    [PWR_JOB_RECOVER] = recover,
    [PWR_JOB_NOTICE] = notify,
    [PWR_JOB_HOOK] = run_hook,
};

apr_status_t pwr_deliver(const pwr_env *env, const pwr_delivery *delivery)
{
    pwr_job job = *delivery->job;
    pwr_settlement settlement = {
        .job = &job,
        .owner = delivery->owner,
        .now = delivery->now,
        .backoff = backoff_of(env, &job),
    };
    apr_status_t status = deeds[job.kind](env, delivery, &settlement, &job);

    if (status != APR_SUCCESS) {
        /* Spaced and ended as any failure, for a query that is wrong fails
         * every time. */
        settlement.sent = PWR_SENT_LATER;
        settlement.detail = "the database could not be asked, see its message";
    }
    status = pwr_outbox_settle(env->store, env->pool, &settlement);
    if (settlement.is_abandoned) {
        tell_abandoned(env, &job);
    }
    return status;
}
