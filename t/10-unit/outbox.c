/* SPDX-License-Identifier: Apache-2.0 */
#include "io/outbox.h"

#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tap.h"

static const pwr_backoff recover = { 5, 300, 3600 };
static const pwr_backoff notice = { 60, 3600, 3 * 86400 };

static void test_delay(void)
{
    static const pwr_backoff odd = { 0, 0, 10 }, none = { 5, 300, 0 },
        inverse = { 300, 5, 3600 }, vast = { 1, INT64_MAX, INT64_MAX };
    static const struct {
        const char *name;
        const pwr_backoff *backoff;
        int tries;
        int64_t age_sec, least, most;
    } table[] = {
        { "first", &recover, 1, 0, 4, 6 },
        { "second", &recover, 2, 5, 8, 13 },
        { "third", &recover, 3, 15, 15, 25 },
        { "cap", &recover, 7, 300, 225, 375 },
        { "far beyond the cap", &recover, 2000000000, 300, 225, 375 },
        { "no try yet", &recover, 0, 0, 4, 6 },
        { "nonsense tries", &recover, -2000000000, 0, 4, 6 },
        { "just in time", &recover, 9, 3599, 1, 1 },
        { "the last one is not late", &recover, 9, 3500, 100, 100 },
        { "over", &recover, 9, 3600, -1, -1 },
        { "long over", &recover, 9, INT64_MAX, -1, -1 },
        { "made in the future", &recover, 1, -1000, 4, 6 },
        { "made at the end of time", &recover, 1, INT64_MIN, 4, 6 },
        { "notice", &notice, 1, 0, 45, 75 },
        { "notice, cap", &notice, 9, 86400, 2700, 4500 },
        { "notice, over", &notice, 90, 3 * 86400, -1, -1 },
        { "zeros", &odd, 3, 0, 1, 1 },
        { "never retried", &none, 1, 0, -1, -1 },
        { "first beyond most", &inverse, 1, 0, 4, 6 },
        { "no overflow", &vast, 2000000000, 0, INT64_MAX / 4 * 3,
          INT64_MAX },
    };
    static const unsigned randoms[] = { 0, 1, 2, 3, 75, 12345, 1U << 31,
                                        ~0U - 1, ~0U };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        int64_t least = INT64_MAX, most = INT64_MIN;

        for (size_t k = 0; k < sizeof(randoms) / sizeof(*randoms); k++) {
            int64_t delay = pwr_outbox_delay_sec(table[i].backoff,
                                                 table[i].tries,
                                                 table[i].age_sec,
                                                 randoms[k]);

            least = delay < least ? delay : least;
            most = delay > most ? delay : most;
        }
        tap_ok(least >= table[i].least && most <= table[i].most,
               "delay, %s: %lld..%lld", table[i].name, (long long)least,
               (long long)most);
    }
}

static void test_jitter(void)
{
    int seen[376] = { 0 }, n = 0;

    for (unsigned random = 0; random < 1000; random++) {
        int64_t delay = pwr_outbox_delay_sec(&recover, 9, 0, random);

        n += delay >= 0 && delay < 376 && !seen[delay]++;
    }
    tap_int(n, 151, "jitter: every second from 225 to 375");
}

/* What was asked of the store, and what was logged. */
typedef struct witness {
    char calls[400];
    char log[4000];
    apr_status_t answer;
    int back_after;             /* so many answers; 0: never */
    int may_not_delete;         /* but all else */
} witness;

static apr_status_t fake_retry(pwr_store *store, apr_pool_t *pool,
                               const pwr_job *job, const char *owner,
                               int64_t delay_sec, const char *error)
{
    witness *w = store->impl;

    (void)pool;
    snprintf(w->calls + strlen(w->calls), 200, "retry %s %s %s: %s;", job->id,
             owner, delay_sec < 0 ? "never" : "later", error);
    return w->answer;
}

static apr_status_t fake_done(pwr_store *store, apr_pool_t *pool,
                              const pwr_job *job, const char *owner)
{
    witness *w = store->impl;

    (void)pool;
    snprintf(w->calls + strlen(w->calls), 200, "done %s %s;", job->id, owner);
    if (w->back_after > 0 && --w->back_after == 0) {
        w->answer = APR_SUCCESS;
    }
    return w->may_not_delete ? PWR_STORE_BROKEN : w->answer;
}

static void keep(void *baton, pwr_level level, apr_status_t status,
                 const char *id, const char *text)
{
    static const char *const levels[] = { "error", "warning", "notice",
                                          "info", "debug" };
    witness *w = baton;
    size_t len = strlen(w->log);

    snprintf(w->log + len, sizeof(w->log) - len, "%s %s %d %s;", id,
             levels[level], status != 0, text);
}

static apr_status_t settle(apr_pool_t *pool, witness *w, const pwr_job *job,
                           pwr_sent sent, const char *detail)
{
    static const pwr_store_ops ops = { .job_retry = fake_retry,
                                       .job_done = fake_done };
    pwr_diag diag = { .emit = keep, .baton = w };
    pwr_store store = { &ops, &diag, w };

    pwr_settlement settlement = {
        .job = job, .owner = "me", .now = 10000, .backoff = recover,
        .sent = sent, .detail = detail
    };

    return pwr_outbox_settle(&store, pool, &settlement);
}

static pwr_job job_of(int tries, int64_t age_sec)
{
    return (pwr_job){ .id = "0123", .kind = PWR_JOB_RECOVER, .realm = "r",
                      .identifier = "ivan@example.org", .tries = tries,
                      .created = 10000 - age_sec };
}

static void test_settle(apr_pool_t *pool)
{
    static const struct {
        const char *name;
        pwr_sent sent;
        const char *detail;
        int tries;
        int64_t age_sec;
        const char *calls, *log;
    } table[] = {
        { "sent", PWR_SENT_OK, "exit 0", 1, 1, "done 0123 me;",
          "PWR0301 info 0 job 0123 of realm r, recovery for"
          " i***@example.org, try 1: sent (exit 0);" },
        { "sent in the end", PWR_SENT_OK, "exit 0", 3, 99999, "done 0123 me;",
          "PWR0301 info 0 job 0123 of realm r, recovery for"
          " i***@example.org, try 3: sent (exit 0);" },
        { "nothing to send", PWR_SENT_OK, NULL, 1, 1, "done 0123 me;",
          "PWR0300 debug 0 job 0123 of realm r, recovery for"
          " i***@example.org, try 1: nothing to send;" },
        { "later", PWR_SENT_LATER, "exit 75", 1, 1,
          "retry 0123 me later: exit 75;", "PWR0304 warning 0 " },
        { "later again", PWR_SENT_LATER, "exit 75", 2, 9,
          "retry 0123 me later: exit 75;", "PWR0304 warning 0 " },
        { "out of time", PWR_SENT_LATER, "exit 75", 12, 3600,
          "retry 0123 me never: exit 75;", "PWR0303 error 0 " },
        { "cannot be run", PWR_SENT_UNABLE, "x; see the mail program's own log",
          1, 1, "retry 0123 me later: x; see the mail program's own log;",
          "PWR0306 error 0 " },
        { "cannot be run yet", PWR_SENT_UNABLE,
          "x; see the mail program's own log", 2, 9,
          "retry 0123 me later: x; see the mail program's own log;",
          "PWR0306 error 0 " },
        { "could never be run", PWR_SENT_UNABLE, "none", 12, 3600,
          "retry 0123 me never: none;", "PWR0303 error 0 " },
        { "refused", PWR_SENT_NEVER, "exit 67", 1, 1,
          "retry 0123 me never: exit 67;", "PWR0305 error 0 " },
        { "refused, nobody knows why", PWR_SENT_NEVER, NULL, 1, 1,
          "retry 0123 me never: no reason was given;", "PWR0305 error 0 " },
        { "later, nobody knows why", PWR_SENT_LATER, NULL, 1, 1,
          "retry 0123 me later: no reason was given;", "PWR0304 warning 0 " },
        { "no such outcome", (pwr_sent)99, "?", 1, 1,
          "retry 0123 me never: ?;", "PWR0305 error 0 " },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_job job = job_of(table[i].tries, table[i].age_sec);
        witness w = { .answer = APR_SUCCESS };

        tap_int(settle(pool, &w, &job, table[i].sent, table[i].detail),
                APR_SUCCESS, "%s", table[i].name);
        tap_str(w.calls, table[i].calls, "%s: the store", table[i].name);
        tap_ok(strncmp(w.log, table[i].log, strlen(table[i].log)) == 0,
               "%s: the log: %s", table[i].name, w.log);
        tap_ok(strchr(w.log, ';') && !strstr(w.log, "ivan"),
               "%s: nobody is named", table[i].name);
        tap_ok(!strstr(w.log, " error ")
               || strstr(w.log, "; see the mail program's own log") != NULL,
               "%s: an error has its remedy", table[i].name);
    }
}

/* The words and ids of a hook are its own: a mail that fails beside it is as
 * loud as ever. */
static void test_hook(apr_pool_t *pool)
{
    static const struct {
        pwr_sent sent;
        int64_t age_sec;
        const char *log;
    } table[] = {
        { PWR_SENT_OK, 1, "PWR0301 info 0 job 0123 of realm r, hook for i***,"
          " try 1: done (said);" },
        { PWR_SENT_LATER, 3600, "PWR0313 error 0 job 0123 of realm r, hook for"
          " i***, try 1: given up, its time is over: said; see the program of"
          " PwResetHook and its own log; the row stays in the job table;" },
        { PWR_SENT_LATER, 1, "PWR0314 warning 0 job 0123 of realm r, hook for"
          " i***, try 1: not done yet, next try in " },
        { PWR_SENT_NEVER, 1, "PWR0315 error 0 job 0123 of realm r, hook for"
          " i***, try 1: given up, refused for good: said; see the program" },
        { PWR_SENT_UNABLE, 1, "PWR0316 error 0 job 0123 of realm r, hook for"
          " i***, try 1: its program cannot be run, next try in " },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_job job = job_of(1, table[i].age_sec);
        witness w = { .answer = APR_SUCCESS };

        job.kind = PWR_JOB_HOOK;
        job.identifier = NULL;
        job.login = "ivan";
        settle(pool, &w, &job, table[i].sent, "said");
        tap_ok(strncmp(w.log, table[i].log, strlen(table[i].log)) == 0,
               "a hook: %s", w.log);
    }
}

static void test_store_fails(apr_pool_t *pool)
{
    static const struct {
        const char *name; pwr_sent sent; const char *detail, *log;
    } table[] = {
        { "sent", PWR_SENT_OK, "exit 0", "PWR0302 warning 0 job 0123 " },
        { "nothing to send", PWR_SENT_OK, NULL, NULL },
        { "later", PWR_SENT_LATER, "exit 75", NULL },
        { "refused", PWR_SENT_NEVER, "exit 67", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_job job = job_of(1, 1);
        witness w = { .answer = PWR_STORE_AWAY };

        tap_int(settle(pool, &w, &job, table[i].sent, table[i].detail),
                PWR_STORE_AWAY, "store away, %s", table[i].name);
        tap_ok(table[i].log ? strstr(w.log, table[i].log) != NULL
                            : !strstr(w.log, "PWR0302"),
               "store away, %s: %s", table[i].name, w.log);
    }
}

/* Or it would be sent at the end of each lease. */
static void test_no_delete(apr_pool_t *pool)
{
    pwr_job job = job_of(1, 1);
    witness w = { .answer = APR_SUCCESS, .may_not_delete = 1 };

    tap_int(settle(pool, &w, &job, PWR_SENT_OK, "exit 0"), APR_SUCCESS,
            "a job that cannot be deleted");
    tap_str(w.calls, "done 0123 me;retry 0123 me never: the mail was sent, but"
            " its job could not be removed;", "is put aside");
    tap_ok(strstr(w.log, "PWR0302 warning 0 job 0123 ") != NULL
           && strstr(w.log, "stays as given up") != NULL, "which is told: %s",
           w.log);
}

/* A mail that is out is worth waiting for the database. */
static void test_store_is_back(apr_pool_t *pool)
{
    pwr_job job = job_of(1, 1);
    witness w = { .answer = PWR_STORE_AWAY, .back_after = 3 };

    tap_int(settle(pool, &w, &job, PWR_SENT_OK, "exit 0"), APR_SUCCESS,
            "back at the third try");
    tap_str(w.calls, "done 0123 me;done 0123 me;done 0123 me;",
            "nobody sends it again");
    tap_ok(!strstr(w.log, "PWR0302"), "and nobody is alarmed");
}

static void test_masks(apr_pool_t *pool)
{
    static const struct { pwr_job_kind kind; const char *who, *shown; }
    table[] = {
        { PWR_JOB_RECOVER, "ivan", "recovery for i***, try" },
        { PWR_JOB_RECOVER, "i@example.org", "recovery for i***@example.org," },
        { PWR_JOB_RECOVER, "", "recovery for -, try" },
        { PWR_JOB_RECOVER, NULL, "recovery for -, try" },
        { PWR_JOB_RECOVER, "@example.org", "recovery for @***@example.org," },
        { PWR_JOB_RECOVER, "a@b@example.org", "for a***@example.org," },
        { PWR_JOB_RECOVER, "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD",
          "recovery for \\xd0\\x98***, try" },
        { PWR_JOB_RECOVER, "\x98\x98\x98", "recovery for \\x98\\x98\\x98***" },
        { PWR_JOB_RECOVER, "a@\nPWR0001 forged", "a***@\\x0aPWR0001 forged" },
        { PWR_JOB_NOTICE, "ivan@example.org", "notice to i***@example.org," },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_job job = job_of(1, 1);
        witness w = { .answer = APR_SUCCESS };

        job.kind = table[i].kind;
        job.identifier = table[i].kind == PWR_JOB_NOTICE ? "not this one"
                                                         : table[i].who;
        job.recipient = table[i].kind == PWR_JOB_NOTICE ? table[i].who
                                                        : "nor this one";
        settle(pool, &w, &job, PWR_SENT_OK, "exit 0");
        tap_ok(strstr(w.log, table[i].shown) != NULL, "masked %d: %s", (int)i,
               w.log);
    }
}

static void test_send(apr_pool_t *pool)
{
    char folder[] = "/tmp/pwr-outbox-XXXXXX";
    const char *path = apr_pstrcat(pool, mkdtemp(folder), "/m", NULL);
    const char *argv[] = { "/bin/sh", "-c",
                           apr_psprintf(pool, "cat >%s && echo \"$*\"", path),
                           "sh", NULL };
    pwr_sendmail conf = { argv, "bounces@example.org", 60, -1 };
    pwr_message message = {
        .from_name = "Site", .from = "noreply@example.org",
        .to = "ivan@example.org", .subject = "Subject", .id = "1.2",
        .language = "en", .date_epoch_sec = 1, .text = "text line\n",
        .html = "<p>html</p>\n"
    };
    char got[4096] = "";
    const char *detail = NULL;
    FILE *file;

    tap_int(pwr_outbox_send(pool, &conf, &message, &detail), PWR_SENT_OK,
            "a message is sent");
    tap_str(detail, "/bin/sh: exit 0 (EX_OK): -f bounces@example.org --"
            " ivan@example.org", "to its recipient, from the envelope's");
    file = fopen(path, "r");
    tap_ok(file && fread(got, 1, sizeof(got) - 1, file) > 0, "it arrives");
    tap_ok(strstr(got, "text line\n") != NULL, "rendered");
    if (file) {
        fclose(file);
    }
    unlink(path);
    message.subject = "Subject\nBcc: eve@example.org";
    tap_int(pwr_outbox_send(pool, &conf, &message, &detail), PWR_SENT_NEVER,
            "what cannot be rendered");
    tap_ok(strncmp(detail, "the mail cannot be written: ", 28) == 0,
           "is told: %s", detail);
    tap_ok(access(path, F_OK) < 0, "and not sent");
    rmdir(folder);
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_delay();
    test_jitter();
    test_settle(pool);
    test_hook(pool);
    test_store_fails(pool);
    test_no_delete(pool);
    test_store_is_back(pool);
    test_masks(pool);
    test_send(pool);
    return tap_end();
}
