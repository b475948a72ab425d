/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/deliver.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "core/addr.h"
#include "core/agent.h"
#include "core/language.h"
#include "core/mime.h"
#include "core/text.h"
#include "core/token.h"
#include "flow/account.h"
#include "flow/audit.h"
#include "flow/hook.h"
#include "flow/page.h"
#include "io/outbox.h"

#define NAME_POINTS_MAX 255     /* more is no name, but a text */
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

static const char *absolute(const pwr_env *env, const pwr_voice *voice,
                            const char *name)
{
    return pwr_url_with(env->pool,
                        apr_pstrcat(env->pool, env->site->home, name, NULL),
                        "lang", env->site->tags[1] ? voice->tag : NULL);
}

/* NULL where the site has not said where people log in. */
static const char *login_url(const pwr_env *env, const pwr_voice *voice)
{
    const pwr_conf *conf = env->site->conf;

    if (conf->login) {
        return absolute(env, voice, "/login");
    }
    return conf->login_url && pwr_url_is_local(conf->login_url)
        ? apr_pstrcat(env->pool, env->site->url.origin, conf->login_url, NULL)
        : conf->login_url;
}

/* Users choose their login and name, and a mail's text is lines: one that
 * brings lines of its own would speak for the site. */
static const char *shown(const pwr_env *env, const char *name)
{
    return name ? pwr_text_line(env->pool, name, NAME_POINTS_MAX) : NULL;
}

static pwr_model *mail_model(const pwr_env *env, const pwr_job *job,
                             const pwr_voice *voice)
{
    const pwr_site *site = env->site;
    pwr_model *model = pwr_model_make(env->pool);

    pwr_model_text(model, "lang", voice->tag);
    pwr_model_text(model, "site_name", site->conf->site_name);
    pwr_page_contact(env->pool, site, model);
    pwr_model_text(model, "agent", pwr_agent_words(env->pool, job->agent));
    pwr_model_text(model, "url_forgot", absolute(env, voice, "/forgot"));
    pwr_model_text(model, "url_reset", absolute(env, voice, "/reset"));
    pwr_model_text(model, "url_login", login_url(env, voice));
    return model;
}

/* One of a mail's three templates, filled in; empty, which no mail may be, when
 * an admin's template has no end. */
static const char *fill(const pwr_env *env, const pwr_voice *voice,
                        pwr_page page, const pwr_model *model)
{
    size_t len;
    const char *text = pwr_template_render(env->pool, voice->page[page],
                                           model, &len);

    return text ? text : "";
}

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
                          const pwr_voice *voice, const pwr_model *model,
                          const envelope *to, const char **detail)
{
    const pwr_conf *conf = env->site->conf;
    int is_notice = delivery->job->kind == PWR_JOB_NOTICE;
    pwr_page subject = is_notice ? PWR_MAIL_CHANGED_SUBJECT
                                 : PWR_MAIL_RECOVER_SUBJECT;
    const pwr_sendmail program = {
        .argv = conf->sendmail,
        .sender = conf->mail_from,
        .timeout_sec = conf->mail_timeout_sec,
        .cancel_fd = delivery->cancel_fd,
    };
    const pwr_message message = {
        .from_name = conf->site_name,
        .from = conf->mail_from,
        .to = to->mailbox,
        .subject = pwr_text_trim(env->pool,
                                 fill(env, voice, subject, model)),
        .id = to->id,
        .language = voice->tag,
        .date_epoch_sec = delivery->now,
        .text = fill(env, voice, subject + 1, model),
        .html = fill(env, voice, subject + 2, model),
    };
    pwr_sent sent;

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
    const pwr_voice *voice = voice_of(env, job, NULL);
    pwr_model *model = mail_model(env, job, voice);
    const envelope to = {
        pwr_addr_mailbox(env->pool, job->recipient), job->id
    };

    if (!to.mailbox) {
        *detail = "the account's address is not one that mail can go to";
        return PWR_SENT_NEVER;
    }
    pwr_model_text(model, "login", shown(env, job->login));
    pwr_model_text(model, "changed_at",
                   pwr_zone_date_time(env->pool, env->site->zone,
                                      job->created));
    pwr_model_text(model, "changed_from", job->address);
    return send_mail(env, delivery, voice, model, &to, detail);
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

static void add_account(const pwr_env *env, const pwr_voice *voice,
                        pwr_list *accounts, const recovery *r)
{
    pwr_model *account = pwr_list_add(accounts);

    pwr_model_text(account, "login", shown(env, r->user->login));
    pwr_model_text(account, "name", shown(env, r->user->name));
    pwr_model_text(account, "link",
                   pwr_account_link(env, voice, "/reset", r->bare));
    pwr_model_text(account, "notme",
                   pwr_account_link(env, voice, "/notme", r->notme));
    pwr_model_text(account, "token", pwr_token_show(env->pool, r->bare));
}

/* One mail to one mailbox, with every account that is to be told there. */
static pwr_sent send_recovery(const pwr_env *env,
                              const pwr_delivery *delivery,
                              apr_array_header_t *recoveries, int first,
                              const char **detail)
{
    recovery *all = (recovery *)recoveries->elts;
    envelope to = { all[first].mailbox, delivery->job->id };
    const pwr_voice *voice = voice_of(env, delivery->job, all[first].user);
    pwr_model *model = mail_model(env, delivery->job, voice);
    pwr_list *accounts = pwr_list_make(env->pool);
    int n = 0;

    for (int i = first; i < recoveries->nelts; i++) {
        if (all[i].bare && !all[i].mail
            && pwr_addr_same(env->pool, all[i].mailbox, all[first].mailbox)) {
            add_account(env, voice, accounts, &all[i]);
            all[i].mail = first + 1;
            n++;
        }
    }
    pwr_model_list(model, "accounts", accounts);
    pwr_model_flag(model, "several", n > 1);
    pwr_model_text(model, "until",
                   pwr_page_moment(env, all[first].expires,
                                   env->site->conf->token_lifetime_sec));
    pwr_model_text(model, "asked_at",
                   pwr_zone_date_time(env->pool, env->site->zone,
                                      delivery->job->created));
    pwr_model_text(model, "asked_from", delivery->job->address);
    if (first > 0) {
        /* Another mail of this job; a reader of both would keep only one. */
        to.id = apr_psprintf(env->pool, "%s.%d", to.id, first);
    }
    return send_mail(env, delivery, voice, model, &to, detail);
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
    await(env, job, late, tried_n);
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
