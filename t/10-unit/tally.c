/* SPDX-License-Identifier: Apache-2.0 */
#include "core/tally.h"

#include <pthread.h>

#include "tap.h"

#define ROW 2                       /* a key's low bits, in a table of four */
#define THREADS 8

static const pwr_rate ten = { 10, 10, 10 };

/* Key number n of one row of a table of four. */
static uint64_t key_in_row(unsigned n)
{
    return (uint64_t)(n + 1) << 40 | ROW;
}

static pwr_tally table(uint64_t *cells, uint32_t rows_n)
{
    memset(cells, 0, rows_n * PWR_TALLY_WAYS * sizeof(*cells));
    return (pwr_tally){ cells, rows_n };
}

static pwr_take take(const pwr_tally *tally, uint64_t key, int64_t now_ms)
{
    int64_t retry_ms;

    return pwr_tally_take(tally, key, &ten, now_ms, 1, &retry_ms);
}

static int takes(const pwr_tally *tally, uint64_t key, int64_t now_ms,
                 int tries)
{
    int n = 0;

    while (tries-- > 0) {
        n += take(tally, key, now_ms) == PWR_TAKE_DONE;
    }
    return n;
}

static void test_one(void)
{
    static uint64_t cells[4 * PWR_TALLY_WAYS];
    pwr_tally tally = table(cells, 4);
    int64_t retry_ms;

    tap_int(pwr_tally_take(&tally, key_in_row(0), &ten, 5000, 0, &retry_ms),
            PWR_TAKE_ABSENT, "nobody is there at first");
    tap_int(takes(&tally, key_in_row(0), 5000, 200), 10,
            "the burst, and no more");
    tap_int(pwr_tally_take(&tally, key_in_row(0), &ten, 5000, 0, &retry_ms),
            PWR_TAKE_REFUSED, "a refusal");
    tap_int(retry_ms, 1000, "says when to come again");
    tap_int(takes(&tally, key_in_row(1), 5000, 200), 10,
            "another's is his own");
    pwr_tally_give(&tally, key_in_row(0), &ten);
    tap_int(takes(&tally, key_in_row(0), 5000, 200), 1,
            "what was given back can be taken");
    tap_int(takes(&tally, key_in_row(0), 8000, 200), 3,
            "three seconds give three");
    pwr_tally_give(&tally, key_in_row(9), &ten);
    tap_int(takes(&tally, key_in_row(9), 8000, 200), 10,
            "who took nothing gives nothing back");
}

/* A mark of zero bits is not the mark of an empty cell. */
static void test_zero(void)
{
    static uint64_t cells[4 * PWR_TALLY_WAYS];
    pwr_tally tally = table(cells, 4);
    int64_t retry_ms;

    tap_int(pwr_tally_take(&tally, 0, &ten, 5000, 0, &retry_ms),
            PWR_TAKE_ABSENT, "an empty cell is nobody's");
    tap_int(takes(&tally, 0, 5000, 200), 10, "also a key of zeros is counted");
}

/* A crowd of others, each with what the rate allows, in the victim's row. */
static void test_flood(void)
{
    static uint64_t cells[4 * PWR_TALLY_WAYS];
    pwr_tally tally = table(cells, 4);
    uint64_t victim = key_in_row(1000), late = key_in_row(1001);
    int64_t retry_ms;
    int full = 0;

    take(&tally, victim, 5000);
    for (unsigned n = 0; n < 500; n++) {
        for (int again = 0; again < 20; again++) {
            full += take(&tally, key_in_row(n), 5000) == PWR_TAKE_FULL;
        }
    }
    tap_ok(full > 0, "the row is full");
    tap_int(takes(&tally, victim, 5000, 200), 9,
            "who was there has all that is his, and no more");
    tap_int(pwr_tally_take(&tally, late, &ten, 5000, 1, &retry_ms),
            PWR_TAKE_FULL, "who comes then is told that it is full");
    tap_int(retry_ms, 10000, "and when a cell will be free");
    tap_int(take(&tally, key_in_row(1002) + 1, 5000), PWR_TAKE_DONE,
            "other rows are not");
    tap_int(take(&tally, late, 14999), PWR_TAKE_FULL, "not before");
    tap_int(take(&tally, late, 15000), PWR_TAKE_DONE, "then it is free");
    tap_int(takes(&tally, victim, 15000, 200), 10,
            "and who was there has everything again");
}

/* Other clients, many, in a table of the size of a real one: how full may it
 * be before anybody is told so? */
static void test_fill(void)
{
    static uint64_t cells[256 * PWR_TALLY_WAYS];
    pwr_tally tally = table(cells, 256);
    uint64_t key = 1;
    int n = 0;

    /* A generator of keys that are as good as random (Knuth's MMIX). */
    while (take(&tally, key ^ key >> 33, 5000) != PWR_TAKE_FULL) {
        key = key * UINT64_C(6364136223846793005) + 1442695040888963407U;
        n++;
    }
    tap_ok(n > 256 * PWR_TALLY_WAYS / 3, "%d of %d cells were in use before "
           "a row was full", n, 256 * PWR_TALLY_WAYS);
}

typedef struct crowd {
    const pwr_tally *tally;
    pthread_mutex_t *lock;
    pthread_barrier_t *start;
    int round, taken;
} crowd;

/* As httpd/limits does it. */
static void *crowd_run(void *data)
{
    crowd *c = data;
    const pwr_rate rate = { 1000, 1000, 1000 };

    pthread_barrier_wait(c->start);
    for (int i = 0; i < 500; i++) {
        int64_t retry_ms, now_ms = 10000000 * (c->round + 1);
        uint64_t key = key_in_row((unsigned)(i % 5));
        pwr_take took = pwr_tally_take(c->tally, key, &rate, now_ms, 0,
                                       &retry_ms);

        if (took == PWR_TAKE_ABSENT) {
            pthread_mutex_lock(c->lock);
            took = pwr_tally_take(c->tally, key, &rate, now_ms, 1, &retry_ms);
            pthread_mutex_unlock(c->lock);
        }
        c->taken += took == PWR_TAKE_DONE;
        if (took == PWR_TAKE_DONE && i % 3 == 0) {
            pwr_tally_give(c->tally, key, &rate);
            c->taken--;
        }
    }
    return NULL;
}

/* Nothing that was taken is lost when many take at once; in later rounds the
 * cells are there, but past. */
static void test_crowd(void)
{
    static uint64_t cells[4 * PWR_TALLY_WAYS];
    pwr_tally tally = table(cells, 4);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_barrier_t start;
    pthread_t thread[THREADS];
    crowd c[THREADS];

    pthread_barrier_init(&start, NULL, THREADS);
    for (int round = 0; round < 20; round++) {
        int taken = 0, counted = 0, used = 0;
        int64_t now_ms = 10000000 * (round + 1);

        for (int i = 0; i < THREADS; i++) {
            c[i] = (crowd){ &tally, &lock, &start, round, 0 };
            pthread_create(&thread[i], NULL, crowd_run, &c[i]);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
            taken += c[i].taken;
        }
        for (int i = 0; i < 4 * PWR_TALLY_WAYS; i++) {
            int64_t left = (int64_t)(cells[i] & ((UINT64_C(1) << 40) - 1))
                - now_ms;

            counted += left > 0 ? (int)(left / 1000) : 0;
            used += cells[i] != 0;
        }
        tap_int(counted, taken, "round %d: all that was taken counts", round);
        tap_int(used, 5, "round %d: one cell for each", round);
    }
    pthread_barrier_destroy(&start);
}

int main(void)
{
    tap_begin();
    test_one();
    test_zero();
    test_flood();
    test_fill();
    test_crowd();
    return tap_end();
}
