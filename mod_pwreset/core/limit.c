/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limit.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/conf.h"
#include "core/text.h"

/* Small enough that a burst's length in microseconds fits into 63 bits. */
#define COUNT_MAX 1000000
/* What is counted in rows is counted in rows that stay this long. */
#define PERIOD_MAX_SEC (7 * 86400)

#define CLASSES \
    "forgot-client, forgot-account, forgot-site, reset-client, " \
    "login-client, login-account or change-account"

static const struct limit_class {
    const char *name;
    pwr_rate rate;              /* the default */
} classes[PWR_LIMITS_N] = {
    [PWR_LIMIT_FORGOT_CLIENT] = { "forgot-client", { 10, 3600, 10 } },
    [PWR_LIMIT_FORGOT_ACCOUNT] = { "forgot-account", { 3, 3600, 3 } },
    [PWR_LIMIT_FORGOT_SITE] = { "forgot-site", { 1000, 60, 1000 } },
    [PWR_LIMIT_RESET_CLIENT] = { "reset-client", { 30, 3600, 30 } },
    [PWR_LIMIT_LOGIN_CLIENT] = { "login-client", { 60, 600, 60 } },
    [PWR_LIMIT_LOGIN_ACCOUNT] = { "login-account", { 10, 600, 10 } },
    [PWR_LIMIT_CHANGE_ACCOUNT] = { "change-account", { 10, 3600, 10 } },
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
                        "as 10/1h or 60/10min (count up to %d, period up to "
                        "7d), or None", text, COUNT_MAX);
}

const char *pwr_rate_parse(apr_pool_t *pool, const char *text,
                           const char *burst, pwr_rate *rate)
{
    char *end;
    int64_t period_sec;
    pwr_rate parsed;

    *rate = off;
    if (pwr_text_same(text, "None")) {
        return burst ? "takes no BURST after None" : NULL;
    }
    parsed.count = leading_count(text, &end);
    period_sec = *end == '/' ? pwr_conf_seconds(end + 1) : -1;
    if (parsed.count < 1 || period_sec < 1 || period_sec > PERIOD_MAX_SEC) {
        return no_rate(pool, text);
    }
    parsed.period_sec = (int)period_sec;
    parsed.burst = parsed.count;
    if (burst) {
        parsed.burst = leading_count(burst, &end);
        if (parsed.burst < 1 || *end) {
            return apr_psprintf(pool, "'%s' is not a burst: write how many "
                                "may come at once, a number from 1 to %d",
                                burst, COUNT_MAX);
        }
    }
    *rate = parsed;
    return NULL;
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
