/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of each realm since httpd was started. */
#ifndef PWR_COUNT_H
#define PWR_COUNT_H

#include "core/limit.h"

typedef enum pwr_count {
    PWR_COUNT_LOGIN_OK = 0,
    PWR_COUNT_LOGIN_FAILED,     /* wrong; not what limits refused to look at */
    PWR_COUNT_RECOVERY_ASKED,
    PWR_COUNT_PASSWORD_RESET,   /* with a control string */
    PWR_COUNT_PASSWORD_CHANGED, /* by who was signed in */
    PWR_COUNT_MAIL_SENT,        /* handed to the mail program */
    PWR_COUNT_MAIL_FAILED,      /* tries, not mails */
    PWR_COUNT_HOOK_DONE,        /* runs of PwResetHook */
    PWR_COUNT_HOOK_FAILED,
    PWR_COUNT_HASH_REFUSED,     /* no seat or no place at the gate */
    PWR_COUNT_UNAVAILABLE,      /* answers 503 */
    PWR_COUNT_LIMIT,            /* + pwr_limit_class: over it */
    PWR_COUNTS_N = PWR_COUNT_LIMIT + PWR_LIMITS_N
} pwr_count;

/* The counter of a class. */
static inline pwr_count pwr_count_of_limit(pwr_limit_class limit)
{
    return (pwr_count)(PWR_COUNT_LIMIT + limit);
}

#endif
