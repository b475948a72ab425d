/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tally.h"

#define TIME_BITS 40            /* 34 years since the clock's start */
#define TIME_MAX ((INT64_C(1) << TIME_BITS) - 1)

static int64_t time_of(uint64_t seen)
{
    return (int64_t)(seen & (uint64_t)TIME_MAX);
}

/* Never 0, which is no key's. */
static uint64_t mark_of(uint64_t key)
{
    uint64_t mark = key >> TIME_BITS;

    return mark ? mark : 1;
}

static uint64_t cell_value(uint64_t key, int64_t state_ms)
{
    return mark_of(key) << TIME_BITS
        | (uint64_t)(state_ms < TIME_MAX ? state_ms : TIME_MAX);
}

static uint64_t *row_of(const pwr_tally *tally, uint64_t key)
{
    return tally->cell + (key & (tally->rows_n - 1)) * PWR_TALLY_WAYS;
}

/* The cell of a key, and what it held; NULL when it has none. */
static uint64_t *find(const pwr_tally *tally, uint64_t key, uint64_t *seen)
{
    uint64_t *cell = row_of(tally, key);

    for (int i = 0; i < PWR_TALLY_WAYS; i++) {
        *seen = __atomic_load_n(&cell[i], __ATOMIC_RELAXED);
        if (*seen >> TIME_BITS == mark_of(key)) {
            return &cell[i];
        }
    }
    return NULL;
}

/* A cell whose state is past; NULL when there is none, `*retry_ms` is then
 * when one will be. */
static uint64_t *find_free(const pwr_tally *tally, uint64_t key,
                           int64_t now_ms, uint64_t *seen, int64_t *retry_ms)
{
    uint64_t *cell = row_of(tally, key);

    *retry_ms = TIME_MAX;
    for (int i = 0; i < PWR_TALLY_WAYS; i++) {
        *seen = __atomic_load_n(&cell[i], __ATOMIC_RELAXED);
        if (time_of(*seen) <= now_ms) {
            return &cell[i];
        }
        if (time_of(*seen) - now_ms < *retry_ms) {
            *retry_ms = time_of(*seen) - now_ms;
        }
    }
    return NULL;
}

/* Relaxed, here and above: nothing else depends on what a cell holds.
 * NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes to it */
static int swap(uint64_t *cell, uint64_t seen, uint64_t value)
{
    return __atomic_compare_exchange_n(cell, &seen, value, 0,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

pwr_take pwr_tally_take(const pwr_tally *tally, uint64_t key,
                        const pwr_rate *rate, int64_t now_ms, int may_add,
                        int64_t *retry_ms)
{
    uint64_t *cell, seen;
    int64_t state_ms;
    int is_taken;

    *retry_ms = 0;
    do {
        cell = find(tally, key, &seen);
        state_ms = cell ? time_of(seen) : 0;
        if (!cell && !may_add) {
            return PWR_TAKE_ABSENT;
        }
        if (!cell) {
            cell = find_free(tally, key, now_ms, &seen, retry_ms);
        }
        if (!cell) {
            return PWR_TAKE_FULL;
        }
        is_taken = pwr_rate_take(rate, now_ms, &state_ms, retry_ms);
    } while (!swap(cell, seen, cell_value(key, state_ms)));
    return is_taken ? PWR_TAKE_DONE : PWR_TAKE_REFUSED;
}

void pwr_tally_give(const pwr_tally *tally, uint64_t key,
                    const pwr_rate *rate)
{
    uint64_t *cell, seen;
    int64_t state_ms;

    do {
        cell = find(tally, key, &seen);
        if (!cell) {
            return;
        }
        state_ms = time_of(seen);
        pwr_rate_give(rate, &state_ms);
    } while (!swap(cell, seen, cell_value(key, state_ms)));
}
