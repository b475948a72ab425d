/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down of security: a closed table of events, and one line of
 * JSON (RFC 8259) for each that happens.
 *
 * A row says which fields an event carries; what else is handed over with it is
 * not written.  So an event that happens alike for accounts that are there and
 * for others (a failed login) cannot tell them apart, whoever calls, and there
 * is no field for what a visitor typed.  docs/audit.md has every row.
 * Pure; any thread. */
#ifndef PWR_EVENT_H
#define PWR_EVENT_H

#include <stdint.h>

#include <apr_pools.h>

/* Of a line with its line feed: at most as much as a pipe takes in one piece,
 * so that those of several processes do not mix (PIPE_BUF). */
#define PWR_EVENT_BYTES_MAX 4096

typedef enum pwr_event_kind {
    PWR_EVENT_NONE = 0,
    PWR_EVENT_FORGOT_ASKED,
    PWR_EVENT_FORGOT_UNKNOWN,
    PWR_EVENT_MAIL_SENT,
    PWR_EVENT_MAIL_WITHHELD,
    PWR_EVENT_MAIL_FAILED,
    PWR_EVENT_MAIL_ABANDONED,
    PWR_EVENT_HOOK_ABANDONED,
    PWR_EVENT_RESET_DONE,
    PWR_EVENT_RESET_REFUSED,
    PWR_EVENT_LOGIN_OK,
    PWR_EVENT_LOGIN_FAILED,
    PWR_EVENT_LOGIN_SLOWED,
    PWR_EVENT_REHASHED,
    PWR_EVENT_LOGOUT,
    PWR_EVENT_CHANGE_DONE,
    PWR_EVENT_CHANGE_FAILED,
    PWR_EVENT_SESSION_ENDED,
    PWR_EVENT_NOTME,
    PWR_EVENT_NOTME_REFUSED,
    PWR_EVENT_LIMIT_CLIENT,
    PWR_EVENT_REQUEST_REFUSED,
    PWR_EVENT_OPERATOR_ADDED,
    PWR_EVENT_OPERATOR_PASSWD,
    PWR_EVENT_OPERATOR_REVOKED,
    PWR_EVENT_OPERATOR_LINK,
    PWR_EVENT_OPERATOR_DROPPED,
    PWR_EVENTS_N
} pwr_event_kind;

/* Any text, NULL: not known; what is too long is cut. */
typedef struct pwr_event {
    pwr_event_kind kind;
    int64_t at_usec;            /* since 1970; UTC */
    const char *realm;
    const char *address;        /* of the client */
    const char *by;             /* an operator: his account on the host */
    const char *why;            /* a word of ours */
    const char *job;            /* its id */
    const char *mail;           /* recover, notice */
    const char *cancelled;      /* a number: strings that no longer work */
    const char *user_id;        /* of an account that is there, and that the */
    const char *login;          /* visitor proved to be his or we looked up */
    const char *agent;          /* User-Agent */
} pwr_event;

/* "login.failed"; NULL for PWR_EVENT_NONE. */
const char *pwr_event_name(pwr_event_kind kind);

/* `s` as the inside of a JSON string of printable ASCII, at most `bytes_max`
 * bytes; where it is cut, an ellipsis stands at its end.  What is not UTF-8
 * becomes U+FFFD. */
const char *pwr_event_escape(apr_pool_t *pool, const char *s,
                             size_t bytes_max);

/* When it happened, as RFC 3339 has it: "2026-11-29T05:20:01.234Z", or without
 * the fraction.  What is before 1970 or after 9999 becomes 1970. */
const char *pwr_event_time(apr_pool_t *pool, int64_t at_usec, int has_msec);

/* One line, without its line feed. */
const char *pwr_event_line(apr_pool_t *pool, const pwr_event *event);

#endif
