/* SPDX-License-Identifier: Apache-2.0 */
/* PwResetLimit's rates, and what they let through. */
#include "core/limit.h"

#include "fuzz.h"

#define TURNS_MAX 300

static void look_shown(apr_pool_t *pool, const pwr_rate *rate)
{
    const char *shown = pwr_rate_show(pool, rate);
    pwr_rate again;

    FUZZ_CLAIM(!pwr_rate_parse(pool, shown, NULL, &again));
    FUZZ_CLAIM(again.count == rate->count
               && again.period_sec == rate->period_sec);
    FUZZ_CLAIM(fuzz_same(pwr_rate_show(pool, &again), shown));
}

/* Turns at times that `steps` makes pass: never more than the burst and what
 * the time that has passed gives back, and a refused one may come when it was
 * told to. */
static void look_turns(const pwr_rate *rate, fuzz_input steps)
{
    int64_t interval_ms = rate->period_sec * INT64_C(1000) / rate->count;
    int64_t begin_ms = INT64_C(1700000000000), now_ms = begin_ms;
    int64_t state_ms = 0, later_ms, retry_ms, taken_n = 0;

    for (size_t i = 0; i < steps.len && i < TURNS_MAX; i++) {
        now_ms += (unsigned char)steps.bytes[i] * interval_ms / 64;
        if (!pwr_rate_take(rate, now_ms, &state_ms, &retry_ms)) {
            FUZZ_CLAIM(retry_ms > 0 && retry_ms <= rate->burst * interval_ms);
            later_ms = state_ms;
            FUZZ_CLAIM(pwr_rate_take(rate, now_ms + retry_ms, &later_ms,
                                     &retry_ms));
            continue;
        }
        taken_n++;
        FUZZ_CLAIM(retry_ms == 0);
        FUZZ_CLAIM(taken_n <= rate->burst
                                  + (now_ms - begin_ms) / interval_ms);
    }
}

/* An input: the rate, the burst (or none), and then times. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in), *burst = fuzz_text(pool, &in);
    pwr_rate rate;
    const char *problem = pwr_rate_parse(pool, text, *burst ? burst : NULL,
                                         &rate);

    if (problem) {
        FUZZ_CLAIM(rate.count == 0);
        return;
    }
    look_shown(pool, &rate);
    if (rate.count > 0) {
        FUZZ_CLAIM(rate.period_sec > 0 && rate.burst > 0);
        FUZZ_CLAIM(rate.period_sec * INT64_C(1000) / rate.count > 0);
        look_turns(&rate, in);
    }
}
