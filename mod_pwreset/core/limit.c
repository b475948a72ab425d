/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limit.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/duration.h"
#include "core/text.h"

#define COUNT_MAX 1000000
#define PER_SEC_MAX 1000            /* states are in milliseconds */
#define WIDE 4
#define BURST_SPAN_MAX_SEC (INT64_C(366) * 86400)
/* What is counted in rows is counted in rows that stay this long. */
#define PERIOD_MAX_SEC (7 * 86400)

#define CLASSES \
    "forgot-client, forgot-account, forgot-site, reset-client, " \
    "login-client, login-account or change-account"

static const struct limit_class {
    const char *name;
    pwr_rate rate;              /* the default */
    int is_open;
} classes[PWR_LIMITS_N] = {
    [PWR_LIMIT_FORGOT_CLIENT] = { "forgot-client", { 10, 3600, 10 }, 1 },
    [PWR_LIMIT_FORGOT_ACCOUNT] = { "forgot-account", { 3, 3600, 3 }, 0 },
    [PWR_LIMIT_FORGOT_SITE] = { "forgot-site", { 1000, 60, 1000 }, 0 },
    [PWR_LIMIT_RESET_CLIENT] = { "reset-client", { 30, 3600, 30 }, 1 },
    [PWR_LIMIT_LOGIN_CLIENT] = { "login-client", { 60, 600, 60 }, 0 },
    [PWR_LIMIT_LOGIN_ACCOUNT] = { "login-account", { 10, 600, 10 }, 0 },
    [PWR_LIMIT_CHANGE_ACCOUNT] = { "change-account", { 10, 3600, 10 }, 0 },
};

static const pwr_rate off = { .count = 0, .period_sec = 1, .burst = 0 };

const char *pwr_limit_name(pwr_limit_class limit)
{
    return classes[limit].name;
}

pwr_limit_class pwr_limit_find(const char *name)
{
    for (int i = PWR_LIMIT_NONE + 1; i < PWR_LIMITS_N; i++) {
        if (pwr_text_same(classes[i].name, name)) {
            return (pwr_limit_class)i;
        }
    }
    return PWR_LIMIT_NONE;
}

/* The number that `text` begins with, up to `*end`; 0 when there is none, or
 * one beyond COUNT_MAX. */
static int leading_count(const char *text, char **end)
{
    apr_int64_t number;

    *end = (char *)text;
    if (!apr_isdigit(*text)) {
        return 0;
    }
    number = apr_strtoi64(text, end, 10);
    return number <= COUNT_MAX ? (int)number : 0;
}

static const char *no_rate(apr_pool_t *pool, const char *text)
{
    return apr_psprintf(pool, "'%s' is not a rate: write COUNT/PERIOD, such "
                        "as 10/1h or 60/10min (at most %d a second, period "
                        "up to 7d), or None", text, PER_SEC_MAX);
}

int64_t pwr_rate_interval_ms(const pwr_rate *rate)
{
    int64_t interval_ms = rate->count
        ? INT64_C(1000) * rate->period_sec / rate->count : 0;

    return interval_ms > 0 ? interval_ms : 1;
}

static const char *take_burst(apr_pool_t *pool, const char *text,
                              pwr_rate *rate)
{
    char *end;

    rate->burst = leading_count(text, &end);
    if (rate->burst < 1 || *end) {
        return apr_psprintf(pool, "'%s' is not a burst: write how many may "
                            "come at once, a number from 1 to %d", text,
                            COUNT_MAX);
    }
    if (rate->burst * pwr_rate_interval_ms(rate) > BURST_SPAN_MAX_SEC * 1000) {
        return apr_psprintf(pool, "a burst of %s at that rate is that of more "
                            "than a year: write a smaller one", text);
    }
    return NULL;
}

const char *pwr_rate_parse(apr_pool_t *pool, const char *text,
                           const char *burst, pwr_rate *rate)
{
    char *end;
    const char *error = NULL;
    int64_t period_sec;
    pwr_rate parsed;

    *rate = off;
    if (pwr_text_same(text, "None")) {
        return burst ? "takes no BURST after None" : NULL;
    }
    parsed.count = leading_count(text, &end);
    period_sec = *end == '/' ? pwr_duration_sec(end + 1) : -1;
    if (parsed.count < 1 || period_sec < 1 || period_sec > PERIOD_MAX_SEC
        || parsed.count > period_sec * PER_SEC_MAX) {
        return no_rate(pool, text);
    }
    parsed.period_sec = (int)period_sec;
    parsed.burst = parsed.count;
    if (burst) {
        error = take_burst(pool, burst, &parsed);
    }
    if (!error) {
        *rate = parsed;
    }
    return error;
}

const char *pwr_rate_show(apr_pool_t *pool, const pwr_rate *rate)
{
    return rate->count ? apr_psprintf(pool, "%d/%ds", rate->count,
                                      rate->period_sec)
                       : "None";
}

const char *pwr_limits_take(apr_pool_t *pool, int argc,
                            const char *const *argv,
                            pwr_rate rates[PWR_LIMITS_N])
{
    pwr_limit_class limit = pwr_limit_find(argv[0]);

    if (argc == 1 && pwr_text_same(argv[0], "None")) {
        for (int i = 0; i < PWR_LIMITS_N; i++) {
            rates[i] = off;
        }
        return NULL;
    }
    if (limit == PWR_LIMIT_NONE) {
        return apr_psprintf(pool, "knows no class '%s': write " CLASSES
                            ", then a rate such as 10/1h; or None alone",
                            argv[0]);
    }
    if (limit == PWR_LIMIT_FORGOT_ACCOUNT && argc > 2) {
        return "forgot-account takes no BURST: it counts mails";
    }
    if (argc == 1) {
        return apr_psprintf(pool, "%s needs a rate, such as 10/1h, or None",
                            pwr_limit_name(limit));
    }
    return pwr_rate_parse(pool, argv[1], argc > 2 ? argv[2] : NULL,
                          &rates[limit]);
}

void pwr_limits_inherit(pwr_rate rates[PWR_LIMITS_N],
                        const pwr_rate base[PWR_LIMITS_N])
{
    for (int i = 0; i < PWR_LIMITS_N; i++) {
        if (rates[i].period_sec == 0) {
            rates[i] = base[i];
        }
    }
}

void pwr_limits_defaults(pwr_rate rates[PWR_LIMITS_N])
{
    for (int i = 0; i < PWR_LIMITS_N; i++) {
        if (rates[i].period_sec == 0) {
            rates[i] = i == PWR_LIMIT_NONE ? off : classes[i].rate;
        }
    }
}

int pwr_limit_is_open(pwr_limit_class limit)
{
    return classes[limit].is_open;
}

pwr_rate pwr_rate_wide(const pwr_rate *rate)
{
    return (pwr_rate){ WIDE * rate->count, rate->period_sec,
                       WIDE * rate->burst };
}

int pwr_rate_take(const pwr_rate *rate, int64_t now_ms, int64_t *state_ms,
                  int64_t *retry_ms)
{
    int64_t interval, latest;

    *retry_ms = 0;
    if (!rate->count) {
        return 1;
    }
    interval = pwr_rate_interval_ms(rate);
    latest = now_ms + rate->burst * interval;
    /* No state is later than a full burst, unless the clock stepped back, or
     * the rate was another: kept, it would refuse until that time comes. */
    if (*state_ms > latest) {
        *state_ms = latest;
    }
    if (*state_ms < now_ms) {
        *state_ms = now_ms;
    }
    if (*state_ms > latest - interval) {
        *retry_ms = *state_ms - (latest - interval);
        return 0;
    }
    *state_ms += interval;
    return 1;
}

void pwr_rate_give(const pwr_rate *rate, int64_t *state_ms)
{
    if (rate->count && *state_ms >= pwr_rate_interval_ms(rate)) {
        *state_ms -= pwr_rate_interval_ms(rate);
    }
}
