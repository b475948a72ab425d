/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of one address whose mails go to several mailboxes: a job that is
 * tried again is for those that have none, and for whom it did not come to. */
#include "flow/deliver.h"

#include <apr_strings.h>

#include "tap.h"

#define STEP_USEC (PWR_LEASE_MARGIN_SEC * INT64_C(1000000))

/* Takes the mail of all but those whose name begins so. */
#define PROGRAM "for to; do :; done; cat > /dev/null; " \
    "case $to in %s) exit 75;; esac"

/* What a case does, and what was seen. */
typedef struct witness {
    apr_pool_t *pool;
    int64_t now_usec;           /* a lease is asked for before each mail */
    int holds;                  /* how often it was */
    int lost_at, away_at;       /* the time when it is another's, or nobody
                                 * can be asked; 0: never */
    const char *mails;          /* "left +right": + was taken */
    const char *settled;        /* "done", or for whom it is tried again */
} witness;

static witness seen;

static apr_status_t users_find(pwr_store *store, apr_pool_t *pool,
                               pwr_user_key key, const char *value,
                               pwr_users *users)
{
    static pwr_user rows[] = {
        { .id = "1", .login = "left", .recovery_email = "left@x.org" },
        { .id = "2", .login = "middle", .recovery_email = "middle@x.org" },
        { .id = "3", .login = "right", .recovery_email = "right@x.org" },
    };

    (void)store;
    (void)pool;
    (void)key;
    (void)value;
    users->n = sizeof(rows) / sizeof(*rows);
    users->row = rows;
    return APR_SUCCESS;
}

static apr_status_t token_mint(pwr_store *store, apr_pool_t *pool,
                               pwr_token *token, pwr_mint *outcome)
{
    (void)store;
    (void)pool;
    token->expires = 1900000000;
    *outcome = PWR_MINT_DONE;
    return APR_SUCCESS;
}

static apr_status_t job_hold(pwr_store *store, apr_pool_t *pool,
                             const pwr_job *job, const char *owner,
                             int64_t lease_sec, int *mine)
{
    (void)store;
    (void)pool;
    (void)job;
    (void)owner;
    (void)lease_sec;
    seen.holds++;
    *mine = seen.holds != seen.lost_at && seen.holds != seen.away_at;
    return seen.holds == seen.away_at ? PWR_STORE_AWAY : APR_SUCCESS;
}

static apr_status_t job_retry(pwr_store *store, apr_pool_t *pool,
                              const pwr_job *job, const char *owner,
                              int64_t delay_sec, const char *error)
{
    (void)store;
    (void)owner;
    (void)delay_sec;
    (void)error;
    seen.settled = job->recipient ? apr_pstrdup(pool, job->recipient) : "all";
    return APR_SUCCESS;
}

static apr_status_t job_done(pwr_store *store, apr_pool_t *pool,
                             const pwr_job *job, const char *owner)
{
    (void)store;
    (void)pool;
    (void)job;
    (void)owner;
    seen.settled = "done";
    return APR_SUCCESS;
}

static int64_t now_usec(void *baton)
{
    (void)baton;
    return seen.now_usec += STEP_USEC;
}

static void count(void *baton, pwr_count what)
{
    (void)baton;
    (void)what;
}

static void mail_failed(void *baton, apr_pool_t *pool, const char *why,
                        const char *mailbox)
{
    (void)baton;
    (void)pool;
    (void)why;
    (void)mailbox;
}

static void audit(void *baton, apr_pool_t *pool, pwr_event *event)
{
    (void)baton;
    (void)pool;
    seen.mails = apr_pstrcat(seen.pool, seen.mails, *seen.mails ? " " : "",
                             event->kind == PWR_EVENT_MAIL_SENT ? "+" : "",
                             event->login, NULL);
}

static const pwr_store_ops store_ops = {
    .users_find = users_find, .token_mint = token_mint,
    .job_hold = job_hold, .job_retry = job_retry, .job_done = job_done,
};

static const pwr_host_ops host_ops = {
    .now_usec = now_usec, .count = count, .mail_failed = mail_failed,
    .audit = audit,
};

static const struct row {
    const char *name;
    const char *late;           /* a pattern: whom the program does not take */
    const char *recipient;      /* of the job */
    int lost_at, away_at;
    const char *mails, *settled;
} rows[] = {
    { "all have theirs", "nobody", NULL, 0, 0, "+left +middle +right",
      "done" },
    { "one has none", "middle*", NULL, 0, 0, "+left middle +right",
      "middle@x.org" },
    { "two have none", "left*|right*", NULL, 0, 0, "left +middle right",
      "left@x.org\nright@x.org" },
    { "nobody has one", "*", NULL, 0, 0, "left middle right", "all" },
    { "a job for two", "nobody", "left@x.org\nright@x.org", 0, 0,
      "+left +right", "done" },
    { "a job for two, of whom one has none", "right*",
      "left@x.org\nright@x.org", 0, 0, "+left right", "right@x.org" },
    { "nobody can be asked before the second", "left*", NULL, 0, 2, "left",
      "all" },
    { "nor before the third", "left*", NULL, 0, 3, "left +middle", "all" },
    { "nor of two before the second", "left*", "left@x.org\nright@x.org", 0,
      2, "left", "left@x.org\nright@x.org" },
    { "another has the job before the second", "left*", NULL, 2, 0, "left",
      "all" },
    { "and before the third", "middle*", NULL, 3, 0, "+left middle", "all" },
};

static void test_row(pwr_env *env, pwr_conf *conf, const struct row *row)
{
    const char *program[] = { "/bin/sh", "-c", apr_psprintf(
        env->pool, PROGRAM, row->late), "sh", NULL };
    const pwr_job job = {
        .id = "0123456789abcdef0123456789abcdef", .kind = PWR_JOB_RECOVER,
        .realm = "r", .identifier = "all@x.org", .by = PWR_IDENTIFY_EMAIL,
        .recipient = row->recipient, .language = "en",
        .created = 1800000000, .tries = 1,
    };
    const pwr_delivery delivery = { &job, "me", 1800000000, 60, -1 };

    seen = (witness){ .pool = env->pool, .lost_at = row->lost_at,
                      .away_at = row->away_at, .mails = "",
                      .settled = "nothing" };
    conf->sendmail = program;
    tap_int(pwr_deliver(env, &delivery), APR_SUCCESS, "%s: settled",
            row->name);
    tap_str(seen.mails, row->mails, "%s: who was sent what", row->name);
    tap_str(seen.settled, row->settled, "%s: for whom it waits", row->name);
}

int main(void)
{
    apr_pool_t *pool = tap_begin();
    pwr_conf *conf = pwr_conf_make(pool);
    pwr_store store = { .ops = &store_ops };
    pwr_site *site;
    pwr_env env = { .pool = pool, .store = &store, .host = &host_ops };

    conf->realm = "r";
    conf->public_url = "https://www.example.org";
    conf->mail_from = "noreply@example.org";
    conf->site_name = "Site";
    pwr_conf_defaults(pool, conf);
    tap_str(pwr_site_make(pool, conf, pwr_kit_make(pool), NULL, 1, &site),
            NULL, "a site");
    env.site = site;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        test_row(&env, conf, &rows[i]);
    }
    return tap_end();
}
