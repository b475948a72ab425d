/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot for an admin, at three in the morning: what is wrong, what to do,
 * then all figures.  No state is told by colour alone. */
#include "core/status_int.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_strings.h>
#include <apr_time.h>

#define OPEN_REALMS_MAX 6           /* more are folded, unless they need you */

typedef enum state {
    GOOD = 0,
    WARNING,
    BAD,
    UNKNOWN
} state;

static const struct { const char *name, *icon, *word; } states[] = {
    [GOOD] = { "good", "\xE2\x9C\x93", "OK" },
    [WARNING] = { "warning", "\xE2\x96\xB2", "Warning" },
    [BAD] = { "bad", "\xE2\x9C\x97", "Error" },
    [UNKNOWN] = { "unknown", "?", "Unknown" },
};

static const char *esc(const pwr_status_out *out, const char *text)
{
    return apr_pescape_entity(out->pool, text, 0);
}

/* An icon and a word, each of which is enough. */
static const char *badge(const pwr_status_out *out, state is)
{
    return apr_psprintf(out->pool, "<b class=\"badge %s\"><span "
                        "aria-hidden=\"true\">%s</span> %s</b>",
                        states[is].name, states[is].icon, states[is].word);
}

static const char *plain(const pwr_status_out *out, int64_t n)
{
    return n < 0 ? "unknown" : apr_psprintf(out->pool, "%" APR_INT64_T_FMT,
                                            n);
}

static const char *millis(const pwr_status_out *out, int64_t usec)
{
    return usec < 0 ? "unknown"
        : apr_psprintf(out->pool, "%" APR_INT64_T_FMT ".%" APR_INT64_T_FMT
                       " ms", usec / 1000, usec % 1000 / 100);
}

static const char *of(const pwr_status_out *out, int64_t n, int64_t all)
{
    return n < 0 ? "unknown" : apr_psprintf(out->pool, "%" APR_INT64_T_FMT
                                            " of %" APR_INT64_T_FMT, n, all);
}

/* `value` is no text of others. */
static void fact(const pwr_status_out *out, const char *name,
                 const char *value)
{
    pwr_status_put(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", name, value);
}

static void error_fact(const pwr_status_out *out, const char *name,
                       const char *error, int64_t age_sec)
{
    if (error) {
        pwr_status_put(out, "<div class=\"wide\"><dt>%s%s%s%s</dt><dd>"
                       "<q>%s</q></dd></div>\n", name,
                       age_sec < 0 ? "" : " (",
                       age_sec < 0 ? "" : pwr_status_span(out->pool, age_sec),
                       age_sec < 0 ? "" : " ago)", esc(out, error));
    }
}

/* ---- what needs you ---- */

/* "2 errors"; "" for none. */
static const char *number_of(const pwr_status_out *out, int64_t n,
                             const char *what)
{
    return n == 0 ? "" : apr_psprintf(out->pool, "%" APR_INT64_T_FMT " %s%s",
                                      n, what, n == 1 ? "" : "s");
}

static const char *summary(const pwr_status_out *out)
{
    int64_t errors = out->status->host.errors;
    int64_t warnings = out->status->host.warnings;

    if (!errors && !warnings) {
        return out->status->realms_n ? "All is well"
                                     : "No site says PwReset On";
    }
    return apr_pstrcat(out->pool, number_of(out, errors, "error"),
                       errors && warnings ? ", " : "",
                       number_of(out, warnings, "warning"), NULL);
}

static void put_verdict(const pwr_status_out *out)
{
    const pwr_problems *problems = out->problems;
    state is = out->status->host.errors ? BAD : problems->n ? WARNING : GOOD;

    pwr_status_put(out, "<section class=\"verdict %s\">\n<h1>%s %s</h1>\n",
                   states[is].name, badge(out, is), summary(out));
    if (problems->n) {
        pwr_status_put(out, "<ul>\n");
    }
    for (int i = 0; i < problems->n; i++) {
        const pwr_problem *p = &problems->row[i];

        pwr_status_put(out, "<li>%s <span>%s</span>\n<p>%s</p></li>\n",
                       badge(out, p->is_error ? BAD : WARNING),
                       esc(out, p->text), esc(out, p->remedy));
    }
    pwr_status_put(out, "%s</section>\n", problems->n ? "</ul>\n" : "");
}

/* ---- databases ---- */

static const char *up_words(const pwr_status_out *out,
                            const pwr_status_store *s)
{
    if (s->up < 0) {
        return "was not asked";
    }
    if (s->up) {
        return apr_pstrcat(out->pool, "answered in ",
                           millis(out, s->answer_usec), NULL);
    }
    if (s->refuses > 0) {
        return "answers with an error";
    }
    return s->away_sec < 0 ? "does not answer"
        : apr_pstrcat(out->pool, "has not answered for ",
                      pwr_status_span(out->pool, s->away_sec), NULL);
}

static void put_store(const pwr_status_out *out, const pwr_status_store *s)
{
    state is = s->up < 0 ? UNKNOWN : s->up ? GOOD : BAD;

    pwr_status_put(out, "<article>\n<h3>%s</h3>\n<p class=\"state\">%s "
                   "<span class=\"%s\">%s</span></p>\n<dl>\n",
                   esc(out, s->name), badge(out, is), states[is].name,
                   up_words(out, s));
    fact(out, "Breaker", s->breaker < 0 ? "unknown" : s->breaker
         ? apr_pstrcat(out->pool, "open for ",
                       pwr_status_span(out->pool, s->away_sec), NULL)
         : "closed");
    fact(out, "Connections in use", of(out, s->lent, s->lent_max));
    fact(out, "Last wait for one", millis(out, s->borrow_usec));
    fact(out, "Last use of one", millis(out, s->use_usec));
    fact(out, "Last used", s->used_sec < 0 ? "never"
         : apr_pstrcat(out->pool, pwr_status_span(out->pool, s->used_sec),
                       " ago", NULL));
    fact(out, "Borrowed", plain(out, s->uses));
    fact(out, "Could not connect", plain(out, s->failures));
    fact(out, "Gave up, all in use", plain(out, s->busy));
    error_fact(out, "Last error", s->error, s->error_sec);
    pwr_status_put(out, "</dl>\n</article>\n");
}

/* ---- sites ---- */

static state state_of(const pwr_status_out *out, const pwr_status_realm *r)
{
    for (int i = 0; i < out->status->stores_n; i++) {
        const pwr_status_store *s = &out->status->store[i];

        if (s->up == 0 && strcmp(s->name, r->store) == 0) {
            return BAD;
        }
    }
    if (r->failing > 0 || r->given_up > 0) {
        return WARNING;
    }
    return r->waiting < 0 ? UNKNOWN : GOOD;
}

static const char *limits(const pwr_status_out *out,
                          const pwr_status_realm *r)
{
    const char *list = "";

    for (int i = PWR_LIMIT_NONE + 1; i < PWR_LIMITS_N; i++) {
        int64_t n = r->count[PWR_COUNT_LIMIT + i];

        if (n > 0) {
            list = apr_psprintf(out->pool, "%s%s%s %" APR_INT64_T_FMT, list,
                                *list ? ", " : "",
                                pwr_limit_name((pwr_limit_class)i), n);
        }
    }
    return *list ? list : "none";
}

static void put_counts(const pwr_status_out *out, const pwr_status_realm *r)
{
    static const struct { const char *name; pwr_count what; } counts[] = {
        { "Mails sent", PWR_COUNT_MAIL_SENT },
        { "Mail runs failed", PWR_COUNT_MAIL_FAILED },
        { "Hooks done", PWR_COUNT_HOOK_DONE },
        { "Hook runs failed", PWR_COUNT_HOOK_FAILED },
        { "Logins ok", PWR_COUNT_LOGIN_OK },
        { "Logins failed", PWR_COUNT_LOGIN_FAILED },
        { "Recoveries asked", PWR_COUNT_RECOVERY_ASKED },
        { "Passwords reset", PWR_COUNT_PASSWORD_RESET },
        { "Passwords changed", PWR_COUNT_PASSWORD_CHANGED },
        { "Refused by hash gate", PWR_COUNT_HASH_REFUSED },
        { "Answers 503", PWR_COUNT_UNAVAILABLE },
    };

    if (r->count[0] < 0) {
        fact(out, "Counters", "with another site of this realm");
        return;
    }
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        fact(out, counts[i].name, plain(out, r->count[counts[i].what]));
    }
    fact(out, "Limits hit", limits(out, r));
}

static void put_realm(const pwr_status_out *out, const pwr_status_realm *r)
{
    state is = state_of(out, r);

    pwr_status_put(out, "<details%s>\n<summary>%s <span>%s</span></summary>\n"
                   "<p class=\"where\">%s, in %s</p>\n<dl>\n", is == WARNING
                   || out->status->realms_n <= OPEN_REALMS_MAX ? " open" : "",
                   badge(out, is), esc(out, r->name), esc(out, r->site),
                   esc(out, r->store));
    fact(out, "Mails and hooks waiting", plain(out, r->waiting));
    fact(out, "Mails and hooks at work", plain(out, r->leased));
    fact(out, "Mails and hooks failing", plain(out, r->failing));
    fact(out, "Mails and hooks given up", plain(out, r->given_up));
    fact(out, "Oldest of them", r->waiting + r->leased + r->failing == 0
         ? "none" : pwr_status_span(out->pool, r->oldest_sec));
    fact(out, "Sessions", plain(out, r->sessions));
    error_fact(out, "Last error, of a mail in the tables", r->job_error, -1);
    error_fact(out, "Last error, of a mail of this host", r->mail_error,
               r->mail_error_sec);
    pwr_status_put(out, "</dl>\n<dl class=\"more\">\n");
    put_counts(out, r);
    pwr_status_put(out, "</dl>\n</details>\n");
}

/* ---- the host ---- */

static void put_host(const pwr_status_out *out)
{
    const pwr_status_host *h = &out->status->host;

    pwr_status_put(out, "<section>\n<h2>This host</h2>\n<article>\n<dl>\n");
    fact(out, "Running and counting for",
         pwr_status_span(out->pool, h->uptime_sec));
    fact(out, "Generation", plain(out, h->generation));
    fact(out, "Processes", plain(out, h->children));
    fact(out, "Hashing now", of(out, h->hash_held, h->hash_places));
    fact(out, "Waiting to hash", plain(out, h->hash_waiting));
    fact(out, "Seats taken", of(out, h->hash_taken, h->hash_seats));
    fact(out, "Sends the mails", h->worker_alive < 0 ? "unknown"
         : h->worker_alive && h->worker ? esc(out, h->worker) : "nobody");
    fact(out, "Looked for mails", h->swept_sec < 0 ? "not yet"
         : apr_pstrcat(out->pool, pwr_status_span(out->pool, h->swept_sec),
                       " ago", NULL));
    fact(out, "mod_pwreset", esc(out, h->version));
    fact(out, "Server", esc(out, h->software));
    pwr_status_put(out, "</dl>\n</article>\n</section>\n");
}

static void put_head(const pwr_status_out *out)
{
    const pwr_status *s = out->status;
    char when[APR_RFC822_DATE_LEN];

    apr_rfc822_date(when, apr_time_from_sec(s->now));
    pwr_status_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                   "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                   "content=\"width=device-width\">\n<meta name=\"robots\" "
                   "content=\"noindex\">\n<title>%s &ndash; %s &ndash; "
                   "mod_pwreset</title>\n<link rel=\"stylesheet\" "
                   "href=\"?css\">\n</head>\n<body>\n<header>\n<p><strong>%s"
                   "</strong> mod_pwreset</p>\n<p><time>%s</time></p>\n"
                   "</header>\n<main>\n", summary(out), esc(out, s->host.name),
                   esc(out, s->host.name), when);
}

void pwr_status_html(const pwr_status_out *out)
{
    const pwr_status *s = out->status;

    put_head(out);
    put_verdict(out);
    if (s->stores_n) {
        pwr_status_put(out, "<section>\n<h2>Databases</h2>\n");
        for (int i = 0; i < s->stores_n; i++) {
            put_store(out, &s->store[i]);
        }
        pwr_status_put(out, "</section>\n");
    }
    if (s->realms_n) {
        pwr_status_put(out, "<section>\n<h2>Sites</h2>\n");
        for (int i = 0; i < s->realms_n; i++) {
            put_realm(out, &s->realm[i]);
        }
        pwr_status_put(out, "</section>\n");
    }
    put_host(out);
    pwr_status_put(out, "</main>\n<footer>\n<p>Counted since httpd was "
                   "started, over all its processes. For programs: <a "
                   "href=\"?metrics\">?metrics</a> <a href=\"?json\">?json"
                   "</a> <a href=\"?auto\">?auto</a></p>\n</footer>\n"
                   "</body>\n</html>\n");
}
