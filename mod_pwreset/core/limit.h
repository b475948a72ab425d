/* SPDX-License-Identifier: Apache-2.0 */
/* How often something may happen: classes, rates as an admin writes them, and
 * the step that decides.
 *
 * Pure; any thread. */
#ifndef PWR_LIMIT_H
#define PWR_LIMIT_H

#include <stdint.h>

#include <apr_pools.h>

/* What is limited, and whose: a client (address), an account, a site. */
typedef enum pwr_limit_class {
    PWR_LIMIT_NONE = 0,
    PWR_LIMIT_FORGOT_CLIENT,
    PWR_LIMIT_FORGOT_ACCOUNT,
    PWR_LIMIT_FORGOT_SITE,
    PWR_LIMIT_RESET_CLIENT,
    PWR_LIMIT_LOGIN_CLIENT,
    PWR_LIMIT_LOGIN_ACCOUNT,
    PWR_LIMIT_CHANGE_ACCOUNT,
    PWR_LIMITS_N
} pwr_limit_class;

/* `count` in `period_sec`, of them `burst` at once; count 0: no limit.
 * A period_sec of 0 says that nobody has said anything yet. */
typedef struct pwr_rate {
    int count;
    int period_sec;
    int burst;
} pwr_rate;

/* "login-client"; NULL for PWR_LIMIT_NONE. */
const char *pwr_limit_name(pwr_limit_class limit);

/* The class of that name, any case; PWR_LIMIT_NONE when there is none. */
pwr_limit_class pwr_limit_find(const char *name);

/* "10/1h", "60/10min", or "None"; `burst` as text, or NULL: the count.
 * Returns NULL, or a sentence that says what to write; `*rate` is then off. */
const char *pwr_rate_parse(apr_pool_t *pool, const char *text,
                           const char *burst, pwr_rate *rate);

/* What pwr_rate_parse takes: "10/3600s", or "None". */
const char *pwr_rate_show(apr_pool_t *pool, const pwr_rate *rate);

/* One use of PwResetLimit: CLASS RATE [BURST], or None alone for all classes.
 * Returns NULL, or a sentence. */
const char *pwr_limits_take(apr_pool_t *pool, int argc,
                            const char *const *argv,
                            pwr_rate rates[PWR_LIMITS_N]);

/* Fill in, from `base` or from the built-in rates, what nobody said. */
void pwr_limits_inherit(pwr_rate rates[PWR_LIMITS_N],
                        const pwr_rate base[PWR_LIMITS_N]);
void pwr_limits_defaults(pwr_rate rates[PWR_LIMITS_N]);

/* When nobody new can be counted: may he do it uncounted?  Logging in may not;
 * who has forgotten a password must not suffer from a crowd of others. */
int pwr_limit_is_open(pwr_limit_class limit);

/* How long one that was taken counts; 1 where nothing is limited. */
int64_t pwr_rate_interval_ms(const pwr_rate *rate);

/* Four times the rate, for a network that holds many clients. */
pwr_rate pwr_rate_wide(const pwr_rate *rate);

/* May it happen now?  Takes one from `*state_ms` if so; else `*retry_ms` is in
 * how long to come again.  GCRA: the state is the time at which nothing will
 * have been taken; 0 or any time past: nothing is.  Milliseconds of any clock;
 * one that steps back costs a turn, no more. */
int pwr_rate_take(const pwr_rate *rate, int64_t now_ms, int64_t *state_ms,
                  int64_t *retry_ms);

/* Give back what pwr_rate_take took. */
void pwr_rate_give(const pwr_rate *rate, int64_t *state_ms);

#endif
