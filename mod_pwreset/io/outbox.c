/* SPDX-License-Identifier: Apache-2.0 */
#include "io/outbox.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "core/crypto.h"
#include "core/text.h"
#include "io/now.h"

#define SHOWN_BYTES_MAX 100
#define DONE_MS 2000
#define DONE_PAUSE_USEC 200000

#define KEPT "the row stays in the job table"
#define MAIL_REMEDY "see the mail program's own log, PwResetSendmail and" \
                    " PwResetMailFrom"
#define MAIL_IDS "PWR0303", "PWR0304", "PWR0305", "PWR0306"

/* What an admin reads of a kind of job.  Of those that fail alike one line is
 * loud, so each trade has ids of its own. */
static const struct trade {
    const char *title;          /* before whom it was for */
    const char *did;
    const char *done, *not_yet;
    const char *program;
    const char *remedy;
    const char *over_id, *later_id, *never_id, *unable_id;
} trades[PWR_JOBS_N] = {
    [PWR_JOB_RECOVER] = { "recovery for", "the mail was sent", "sent",
                          "not sent yet", "the mail program", MAIL_REMEDY,
                          MAIL_IDS },
    [PWR_JOB_NOTICE] = { "notice to", "the mail was sent", "sent",
                         "not sent yet", "the mail program", MAIL_REMEDY,
                         MAIL_IDS },
    [PWR_JOB_HOOK] = { "hook for", "the hook was run", "done", "not done yet",
                       "its program", "see the program of PwResetHook and "
                       "its own log",
                       "PWR0313", "PWR0314", "PWR0315", "PWR0316" },
};

int64_t pwr_outbox_delay_sec(const pwr_backoff *backoff, int tries,
                             int64_t age_sec, unsigned random)
{
    int64_t left = backoff->give_up_sec - (age_sec > 0 ? age_sec : 0);
    int64_t most = backoff->most_sec > 0 ? backoff->most_sec : 1;
    int64_t delay = backoff->first_sec > 0 ? backoff->first_sec : 1;

    if (left <= 0) {
        return -1;
    }
    for (; tries > 1 && delay < most; tries--) {
        delay = delay > most / 2 ? most : 2 * delay;
    }
    delay = delay < most ? delay : most;
    delay = delay - delay / 4 + (int64_t)(random % (delay / 2 + 1));
    return delay < left ? delay : left;
}

pwr_sent pwr_outbox_send(apr_pool_t *pool, const pwr_sendmail *conf,
                         const pwr_message *message, const char **detail)
{
    const char *bytes;
    size_t len;

    if (pwr_mime_render(pool, message, &bytes, &len) != APR_SUCCESS) {
        *detail = "the mail cannot be written: a template gives nothing, or"
                  " PwResetSiteName, an address or the subject's template"
                  " holds a control character or is not UTF-8";
        return PWR_SENT_NEVER;
    }
    return pwr_sendmail_run(pool, conf, message->to, bytes, len, detail);
}

/* Enough for an admin to see whose mail it was, too little to collect. */
static const char *masked(apr_pool_t *pool, const char *s)
{
    const char *at, *rest;

    if (!s || !*s) {
        return "-";
    }
    at = strrchr(s, '@');
    rest = s + 1;
    while (((unsigned char)*rest & 0xC0) == 0x80) {
        rest++;
    }
    s = apr_pstrcat(pool, apr_pstrmemdup(pool, s, (size_t)(rest - s)), "***",
                    at, NULL);
    return pwr_text_printable(pool, s, SHOWN_BYTES_MAX);
}

static const char *title(apr_pool_t *pool, const pwr_job *job)
{
    const char *whom = job->kind == PWR_JOB_RECOVER ? job->identifier
        : job->kind == PWR_JOB_NOTICE ? job->recipient : job->login;

    return apr_psprintf(pool, "job %s of realm %s, %s %s, try %d", job->id,
                        pwr_text_printable(pool, job->realm, SHOWN_BYTES_MAX),
                        trades[job->kind].title, masked(pool, whom),
                        job->tries);
}

/* What was sent and stays in the table is sent twice, so a thread is worth its
 * time: all connections may be lent, or the database be restarted. */
static apr_status_t job_delete(pwr_store *store, apr_pool_t *pool,
                               const pwr_job *job, const char *owner)
{
    int64_t until_ms = pwr_now_ms() + DONE_MS;
    apr_status_t status = store->ops->job_done(store, pool, job, owner);

    while (status == PWR_STORE_AWAY && pwr_now_ms() < until_ms) {
        apr_sleep(DONE_PAUSE_USEC);
        status = store->ops->job_done(store, pool, job, owner);
    }
    return status;
}

/* Who may change the row, and not delete it, would send the mail at the end of
 * each lease, for a week. */
static apr_status_t put_aside(pwr_store *store, apr_pool_t *pool,
                              const pwr_job *job, const char *owner)
{
    const pwr_diag_tale tale = { "PWR0302", PWR_LEVEL_WARNING,
                                 PWR_LEVEL_INFO, job->realm, 0 };
    const char *did = apr_pstrcat(pool, trades[job->kind].did,
                                  ", but its job could not be removed", NULL);
    apr_status_t status = store->ops->job_retry(store, pool, job, owner, -1,
                                                did);

    pwr_diag_tell(store->diag, &tale, "%s: %s%s, mend the database",
                  title(pool, job), did, status == APR_SUCCESS
                  ? " and stays as given up"
                  : "; it will be done once more");
    return status;
}

static apr_status_t finish(pwr_store *store, apr_pool_t *pool,
                           const pwr_job *job, const char *owner,
                           const char *detail)
{
    apr_status_t status = detail ? job_delete(store, pool, job, owner)
        : store->ops->job_done(store, pool, job, owner);

    if (!detail) {
        pwr_diag_log(store->diag, PWR_LEVEL_DEBUG, 0, "PWR0300",
                     "%s: nothing to send", title(pool, job));
        return status;
    }
    pwr_diag_log(store->diag, PWR_LEVEL_INFO, 0, "PWR0301", "%s: %s (%s)",
                 title(pool, job), trades[job->kind].done, detail);
    return status == APR_SUCCESS ? status : put_aside(store, pool, job, owner);
}

static void log_delay(pwr_store *store, apr_pool_t *pool,
                      const pwr_settlement *settlement, int64_t delay_sec,
                      const char *detail)
{
    const pwr_job *job = settlement->job;
    const struct trade *trade = &trades[job->kind];
    const pwr_diag_tale over = { trade->over_id, PWR_LEVEL_ERROR,
                                 PWR_LEVEL_INFO, job->realm, 0 };
    const pwr_diag_tale unable = { trade->unable_id, PWR_LEVEL_ERROR,
                                   PWR_LEVEL_INFO, job->realm, 0 };
    const pwr_diag_tale later = { trade->later_id, PWR_LEVEL_WARNING,
                                  PWR_LEVEL_INFO, job->realm, 0 };

    if (delay_sec < 0) {
        pwr_diag_tell(store->diag, &over, "%s: given up, its time is over: "
                      "%s; %s; " KEPT, title(pool, job), detail,
                      trade->remedy);
    }
    else if (settlement->sent == PWR_SENT_UNABLE) {
        pwr_diag_tell(store->diag, &unable, "%s: %s cannot be run, next try "
                      "in %" APR_INT64_T_FMT " s: %s", title(pool, job),
                      trade->program, delay_sec, detail);
    }
    else {
        pwr_diag_tell(store->diag, &later, "%s: %s, next try in %"
                      APR_INT64_T_FMT " s: %s", title(pool, job),
                      trade->not_yet, delay_sec, detail);
    }
}

apr_status_t pwr_outbox_settle(pwr_store *store, apr_pool_t *pool,
                               pwr_settlement *settlement)
{
    const pwr_job *job = settlement->job;
    const char *why = settlement->detail ? settlement->detail
                                         : "no reason was given";
    int64_t delay_sec = -1;
    apr_status_t status;

    settlement->is_abandoned = 0;
    if (settlement->sent == PWR_SENT_OK) {
        return finish(store, pool, job, settlement->owner,
                      settlement->detail);
    }
    if (settlement->sent == PWR_SENT_LATER
        || settlement->sent == PWR_SENT_UNABLE) {
        unsigned random = 0;

        /* Without randomness the delays are just not spread. */
        pwr_crypto_random((unsigned char *)&random, sizeof(random));
        delay_sec = pwr_outbox_delay_sec(&settlement->backoff, job->tries,
                                         settlement->now - job->created,
                                         random);
        log_delay(store, pool, settlement, delay_sec, why);
    }
    else {
        const struct trade *trade = &trades[job->kind];
        const pwr_diag_tale tale = { trade->never_id, PWR_LEVEL_ERROR,
                                     PWR_LEVEL_INFO, job->realm, 0 };

        pwr_diag_tell(store->diag, &tale, "%s: given up, refused for good: "
                      "%s; %s; " KEPT, title(pool, job), why, trade->remedy);
    }
    status = store->ops->job_retry(store, pool, job, settlement->owner,
                                   delay_sec, why);
    settlement->is_abandoned = status == APR_SUCCESS && delay_sec < 0;
    return status;
}
