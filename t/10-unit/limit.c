/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limit.h"

#include "tap.h"

static void test_names(void)
{
    for (int i = PWR_LIMIT_NONE + 1; i < PWR_LIMITS_N; i++) {
        pwr_limit_class limit = (pwr_limit_class)i;

        tap_int(pwr_limit_find(pwr_limit_name(limit)), i, "%s is found",
                pwr_limit_name(limit));
    }
    tap_int(pwr_limit_find("LOGIN-Client"), PWR_LIMIT_LOGIN_CLIENT,
            "in any case");
    tap_int(pwr_limit_find("login"), PWR_LIMIT_NONE, "half a name is none");
    tap_int(pwr_limit_find(""), PWR_LIMIT_NONE, "nor is nothing");
    tap_int(pwr_limit_find(NULL), PWR_LIMIT_NONE, "nor is NULL");
    tap_str(pwr_limit_name(PWR_LIMIT_NONE), NULL, "none has no name");
}

static void test_rates(apr_pool_t *pool)
{
    static const struct {
        const char *text, *burst;
        pwr_rate want;
    } table[] = {
        { "10/1h", NULL, { 10, 3600, 10 } },
        { "60/10min", NULL, { 60, 600, 60 } },
        { "60/10min", "5", { 60, 600, 5 } },
        { "1/1s", "1000000", { 1, 1, 1000000 } },
        { "3/90", NULL, { 3, 90, 3 } },
        { "1000/1", NULL, { 1000, 1, 1000 } },
        { "1/7d", "52", { 1, 604800, 52 } },
        { "604800/7d", "1000000", { 604800, 604800, 1000000 } },
        { "1000000/7d", NULL, { 1000000, 604800, 1000000 } },
        { "None", NULL, { 0, 1, 0 } },
        { "none", NULL, { 0, 1, 0 } },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_rate got, again;

        tap_str(pwr_rate_parse(pool, table[i].text, table[i].burst, &got),
                NULL, "rate '%s' is taken", table[i].text);
        tap_ok(memcmp(&got, &table[i].want, sizeof(got)) == 0,
               "rate '%s' means that", table[i].text);
        pwr_rate_parse(pool, pwr_rate_show(pool, &got), NULL, &again);
        tap_ok(again.count == got.count && again.period_sec == got.period_sec,
               "rate '%s' is shown as it was", table[i].text);
    }
}

static void test_refusals(apr_pool_t *pool)
{
    static const char *const table[][2] = {
        { "", NULL }, { "10", NULL }, { "10/", NULL }, { "/1h", NULL },
        { "0/1h", NULL }, { "10/0", NULL }, { "-1/1h", NULL },
        { "10/-1", NULL }, { "+10/1h", NULL }, { " 10/1h", NULL },
        { "10 /1h", NULL }, { "10/h", NULL }, { "10/1h/2", NULL },
        { "10/8d", NULL }, { "1001/1s", NULL }, { "1/7d", "53" },
        { "1000001/1h", NULL }, { "10x/1h", NULL },
        { "99999999999999999999/1h", NULL }, { "10/1h5", NULL },
        { "10/99999999999999999999h", NULL }, { "Off", NULL },
        { "10/1h", "0" }, { "10/1h", "-1" }, { "10/1h", "" },
        { "10/1h", "x" }, { "10/1h", "1000001" }, { "10/1h", "5x" },
        { "10/1h", "99999999999999999999" }, { "None", "5" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_rate rate = { 5, 5, 5 };

        tap_ok(pwr_rate_parse(pool, table[i][0], table[i][1], &rate) != NULL,
               "'%s' '%s' is refused", table[i][0],
               table[i][1] ? table[i][1] : "-");
        tap_int(rate.count, 0, "and leaves no rate");
    }
}

static void test_take(apr_pool_t *pool)
{
    static const char *const login[] = { "login-client", "7/1min", "9" };
    static const char *const none[] = { "None" };
    static const char *const forgot_none[] = { "forgot-site", "None" };
    static const char *const stranger[] = { "forgot", "7/1min" };
    static const char *const bare[] = { "login-client" };
    pwr_rate over[PWR_LIMITS_N] = { { 0, 0, 0 } };
    pwr_rate base[PWR_LIMITS_N] = { { 0, 0, 0 } };
    const char *error;

    tap_str(pwr_limits_take(pool, 1, none, base), NULL, "None");
    tap_str(pwr_limits_take(pool, 3, login, over), NULL, "a class");
    pwr_limits_inherit(over, base);
    tap_int(over[PWR_LIMIT_LOGIN_CLIENT].burst, 9, "an own class stays");
    tap_int(over[PWR_LIMIT_FORGOT_CLIENT].count, 0, "the rest is inherited");
    pwr_limits_defaults(over);
    tap_int(over[PWR_LIMIT_FORGOT_CLIENT].count, 0, "and None is said");

    memset(over, 0, sizeof(over));
    pwr_limits_take(pool, 2, forgot_none, over);
    pwr_limits_defaults(over);
    tap_int(over[PWR_LIMIT_FORGOT_SITE].count, 0, "one class off");
    tap_int(over[PWR_LIMIT_FORGOT_ACCOUNT].count, 3, "the others' defaults");

    error = pwr_limits_take(pool, 2, stranger, over);
    tap_ok(error && strstr(error, "forgot-client"), "the classes are named");
    error = pwr_limits_take(pool, 1, bare, over);
    tap_ok(error && strstr(error, "10/1h"), "so is how to write a rate");
}

/* Each row is what is asked next of one state; 10/10s is one a second. */
static void test_steps(void)
{
    static const struct {
        const char *name;
        int count, period_sec, burst;
        int64_t state_ms, now_ms;
        int want;
        int64_t want_state_ms, want_retry_ms;
    } table[] = {
        { "the first one", 10, 10, 10, 0, 5000, 1, 6000, 0 },
        { "a state long past is none", 10, 10, 10, 4000, 5000, 1, 6000, 0 },
        { "a second one", 10, 10, 10, 6000, 5000, 1, 7000, 0 },
        { "the last of the burst", 10, 10, 10, 14000, 5000, 1, 15000, 0 },
        { "one more", 10, 10, 10, 15000, 5000, 0, 15000, 1000 },
        { "a little before its time", 10, 10, 10, 15000, 5999, 0, 15000, 1 },
        { "just in time", 10, 10, 10, 15000, 6000, 1, 16000, 0 },
        { "a burst of one", 10, 10, 1, 0, 5000, 1, 6000, 0 },
        { "no second of it", 10, 10, 1, 6000, 5000, 0, 6000, 1000 },
        { "a burst above the count", 1, 1, 3, 7000, 5000, 1, 8000, 0 },
        { "and no more", 1, 1, 3, 8000, 5000, 0, 8000, 1000 },
        { "the clock stepped back", 10, 10, 10, 900000, 5000, 0, 15000,
          1000 },
        { "a turn later", 10, 10, 10, 15000, 6000, 1, 16000, 0 },
        { "the rate was another", 10, 10, 2, 15000, 5000, 0, 7000, 1000 },
        { "a clock at 0", 10, 10, 10, 0, 0, 1, 1000, 0 },
        { "no limit", 0, 1, 0, 77, 5000, 1, 77, 0 },
        { "the longest burst", 604800, 604800, 1000000, 0, INT64_C(1) << 40,
          1, (INT64_C(1) << 40) + 1000, 0 },
        { "a period that does not divide", 7, 3600, 7, 0, 0, 1, 514285, 0 },
        { "a state that is garbage", 10, 10, 10, INT64_MAX, 5000, 0, 15000,
          1000 },
        { "another", 10, 10, 10, INT64_MIN, 5000, 1, 6000, 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_rate rate = {
            table[i].count, table[i].period_sec, table[i].burst
        };
        int64_t state_ms = table[i].state_ms, retry_ms = -1;

        tap_int(pwr_rate_take(&rate, table[i].now_ms, &state_ms, &retry_ms),
                table[i].want, "%s", table[i].name);
        tap_int(state_ms, table[i].want_state_ms, "%s: its state",
                table[i].name);
        tap_int(retry_ms, table[i].want_retry_ms, "%s: when to come again",
                table[i].name);
    }
}

static int taken(const pwr_rate *rate, int64_t now_ms, int64_t *state_ms,
                 int tries)
{
    int64_t retry_ms;
    int n = 0;

    while (tries-- > 0) {
        n += pwr_rate_take(rate, now_ms, state_ms, &retry_ms);
    }
    return n;
}

static void test_bursts(apr_pool_t *pool)
{
    static const char *const rates[] = {
        "10/1h", "60/10min", "7/1h", "1000/1min", "999/7d", "1000/1s"
    };

    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
        int64_t state_ms = 0, now_ms = 123456789;
        pwr_rate rate;

        pwr_rate_parse(pool, rates[i], NULL, &rate);
        tap_int(taken(&rate, now_ms, &state_ms, 3000), rate.burst,
                "%s lets its burst through", rates[i]);
        tap_int(taken(&rate, now_ms + rate.period_sec * INT64_C(1000),
                      &state_ms, 3000), rate.burst,
                "%s: again after its period", rates[i]);
        pwr_rate_give(&rate, &state_ms);
        tap_int(taken(&rate, now_ms + rate.period_sec * INT64_C(1000),
                      &state_ms, 3000), 1, "%s: what is given back",
                rates[i]);
    }
}

static void test_give(void)
{
    const pwr_rate rate = { 10, 10, 10 }, none = { 0, 1, 0 };
    int64_t state_ms = 0;

    pwr_rate_give(&rate, &state_ms);
    tap_int(state_ms, 0, "nothing was taken, nothing is given back");
    state_ms = 5000;
    pwr_rate_give(&none, &state_ms);
    tap_int(state_ms, 5000, "nor where there is no limit");
}

static void test_policy(void)
{
    static const pwr_limit_class open[] = {
        PWR_LIMIT_FORGOT_CLIENT, PWR_LIMIT_RESET_CLIENT
    };
    const pwr_rate rate = { 10, 3600, 20 }, fast = { 1000, 1, 1000 };
    pwr_rate wide = pwr_rate_wide(&rate);
    int64_t state_ms = 0;
    int n = 0;

    for (int i = 0; i < PWR_LIMITS_N; i++) {
        n += pwr_limit_is_open((pwr_limit_class)i);
    }
    tap_int(n, 2, "where nobody can be counted, two classes let through");
    for (int i = 0; i < 2; i++) {
        tap_ok(pwr_limit_is_open(open[i]), "%s lets through",
               pwr_limit_name(open[i]));
    }
    tap_int(taken(&wide, 0, &state_ms, 3000), 80, "a wide burst");
    tap_int(taken(&wide, 3600000, &state_ms, 3000), 40, "a wide rate");
    wide = pwr_rate_wide(&fast);
    state_ms = 0;
    tap_int(taken(&wide, 0, &state_ms, 9000), 4000, "the fastest of all");
    wide = pwr_rate_wide(&(pwr_rate){ 0, 1, 0 });
    tap_int(wide.count, 0, "no limit stays none");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_names();
    test_rates(pool);
    test_refusals(pool);
    test_take(pool);
    test_steps();
    test_bursts(pool);
    test_give();
    test_policy();
    return tap_end();
}
