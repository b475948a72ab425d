/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>
#include <unistr.h>

#include "core/json.h"

#define REST "\\u2026"              /* an ellipsis */
#define YEARS_9999_USEC INT64_C(253402300799999999)

/* What an event carries beside time, level, name and realm. */
#define WHO 1U                      /* address, agent */
#define WHY 2U
#define JOB 4U                      /* job, mail */
#define ACCOUNT 8U                  /* user id, login */
#define CANCELLED 16U
#define BY 32U

static const struct {
    const char *name;
    const char *level;
    unsigned carries;
} rows[] = {
    [PWR_EVENT_FORGOT_ASKED] = { "forgot.asked", "info", WHO | JOB },
    [PWR_EVENT_FORGOT_UNKNOWN] = { "forgot.unknown", "info", WHO | JOB },
    [PWR_EVENT_MAIL_SENT] = { "mail.sent", "info", WHO | JOB | ACCOUNT },
    [PWR_EVENT_MAIL_WITHHELD] = { "mail.withheld", "warning",
                                  WHO | WHY | JOB | ACCOUNT },
    [PWR_EVENT_MAIL_FAILED] = { "mail.failed", "warning",
                                WHO | WHY | JOB | ACCOUNT },
    [PWR_EVENT_MAIL_ABANDONED] = { "mail.abandoned", "error", WHO | JOB },
    [PWR_EVENT_HOOK_ABANDONED] = { "hook.abandoned", "error",
                                   WHO | JOB | ACCOUNT },
    [PWR_EVENT_RESET_DONE] = { "reset.done", "info", WHO | ACCOUNT },
    [PWR_EVENT_RESET_REFUSED] = { "reset.refused", "warning",
                                  WHO | WHY | ACCOUNT },
    [PWR_EVENT_LOGIN_OK] = { "login.ok", "info", WHO | WHY | ACCOUNT },
    [PWR_EVENT_LOGIN_FAILED] = { "login.failed", "warning", WHO },
    [PWR_EVENT_LOGIN_SLOWED] = { "login.slowed", "warning", WHO },
    [PWR_EVENT_REHASHED] = { "password.rehashed", "info", WHO | ACCOUNT },
    [PWR_EVENT_LOGOUT] = { "logout", "info", WHO | ACCOUNT },
    [PWR_EVENT_CHANGE_DONE] = { "change.done", "info", WHO | ACCOUNT },
    [PWR_EVENT_CHANGE_FAILED] = { "change.failed", "warning",
                                  WHO | WHY | ACCOUNT },
    [PWR_EVENT_SESSION_ENDED] = { "session.ended", "info",
                                  WHO | WHY | ACCOUNT },
    [PWR_EVENT_NOTME] = { "notme", "warning", WHO | ACCOUNT | CANCELLED },
    [PWR_EVENT_NOTME_REFUSED] = { "notme.refused", "warning", WHO | WHY },
    [PWR_EVENT_LIMIT_CLIENT] = { "limit.client", "warning", WHO | WHY },
    [PWR_EVENT_REQUEST_REFUSED] = { "request.refused", "warning", WHO | WHY },
    [PWR_EVENT_OPERATOR_ADDED] = { "operator.added", "info", BY | ACCOUNT },
    [PWR_EVENT_OPERATOR_PASSWD] = { "operator.passwd", "warning",
                                    BY | ACCOUNT },
    [PWR_EVENT_OPERATOR_REVOKED] = { "operator.revoked", "info",
                                     BY | ACCOUNT },
    [PWR_EVENT_OPERATOR_LINK] = { "operator.link", "warning", BY | ACCOUNT },
    [PWR_EVENT_OPERATOR_DROPPED] = { "operator.dropped", "info",
                                     BY | JOB },
};

#define AT(member) offsetof(pwr_event, member)

/* In this order, and with at most so many bytes each, which together with what
 * stands around them stay below PWR_EVENT_BYTES_MAX.  The address comes before
 * all that a visitor can choose. */
static const struct {
    const char *name;
    size_t offset;
    unsigned carried;               /* 0: by every event */
    size_t bytes_max;
} fields[] = {
    { "realm", AT(realm), 0, 800 },
    { "address", AT(address), WHO, 100 },
    { "by", AT(by), BY, 200 },
    { "why", AT(why), WHY, 40 },
    { "job", AT(job), JOB, 40 },
    { "mail", AT(mail), JOB, 40 },
    { "cancelled", AT(cancelled), CANCELLED, 40 },
    { "user", AT(user_id), ACCOUNT, 800 },
    { "login", AT(login), ACCOUNT, 800 },
    { "agent", AT(agent), WHO, 800 },
};

const char *pwr_event_name(pwr_event_kind kind)
{
    return rows[kind].name;
}

/* One character of `s` in `out`, of PWR_JSON_ESCAPE_MAX; returns its bytes
 * there, and in `*width` those of `s`. */
static size_t escape_one(char *out, const char *s, size_t len, size_t *width)
{
    ucs4_t point;

    *width = (size_t)u8_mbtouc(&point, (const uint8_t *)s, len);
    if (point < 0x20 || point >= 0x7F || point == '"' || point == '\\') {
        return pwr_json_escape(out, point);
    }
    *out = (char)point;
    return 1;
}

const char *pwr_event_escape(apr_pool_t *pool, const char *s,
                             size_t bytes_max)
{
    size_t len = strlen(s), n = 0, uncut = 0;
    char *out = apr_palloc(pool, bytes_max + PWR_JSON_ESCAPE_MAX
                                 + sizeof(REST));

    while (len > 0 && n <= bytes_max) {
        size_t width;

        /* Where there would still be room for the ellipsis. */
        if (n + sizeof(REST) - 1 <= bytes_max) {
            uncut = n;
        }
        n += escape_one(out + n, s, len, &width);
        s += width;
        len -= width;
    }
    if (n > bytes_max) {
        memcpy(out + uncut, REST, sizeof(REST));
        return out;
    }
    out[n] = '\0';
    return out;
}

const char *pwr_event_time(apr_pool_t *pool, int64_t at_usec, int has_msec)
{
    apr_time_exp_t t;

    if (at_usec < 0 || at_usec > YEARS_9999_USEC) {
        at_usec = 0;
    }
    apr_time_exp_gmt(&t, at_usec);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d%sZ",
                        t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                        t.tm_min, t.tm_sec, has_msec
                        ? apr_psprintf(pool, ".%03d", t.tm_usec / 1000) : "");
}

const char *pwr_event_line(apr_pool_t *pool, const pwr_event *event)
{
    unsigned carries = rows[event->kind].carries;
    const char *line = apr_psprintf(pool, "{\"time\":\"%s\",\"level\":\"%s\","
                                    "\"event\":\"%s\"",
                                    pwr_event_time(pool, event->at_usec, 1),
                                    rows[event->kind].level,
                                    rows[event->kind].name);

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        const char *text = *(const char *const *)((const char *)event
                                                  + fields[i].offset);

        if (text && (carries & fields[i].carried) == fields[i].carried) {
            line = apr_pstrcat(pool, line, ",\"", fields[i].name, "\":\"",
                               pwr_event_escape(pool, text,
                                                fields[i].bytes_max),
                               "\"", NULL);
        }
    }
    return apr_pstrcat(pool, line, "}", NULL);
}
