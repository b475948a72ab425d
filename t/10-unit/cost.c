/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cost.h"

#include "tap.h"

#define MS INT64_C(1000)
#define DAY (INT64_C(86400) * 1000000)
#define NOW (100 * DAY)

static int64_t dearest(const pwr_cost *cost, int64_t now_usec)
{
    const char *like;

    return pwr_cost_dearest(cost, now_usec, &like);
}

static void test_dearest(void)
{
    pwr_cost cost = { 0 };
    const char *like = "?";

    tap_int(pwr_cost_dearest(&cost, NOW, &like), 0, "nothing was seen");
    tap_str(like, NULL, "and is like nothing");
    pwr_cost_learn(&cost, "md5", 1 * MS, 1, NOW);
    tap_int(pwr_cost_dearest(&cost, NOW, &like), 1250, "a quarter on top");
    pwr_cost_learn(&cost, "bcrypt", 200 * MS, 1, NOW);
    pwr_cost_learn(&cost, "yescrypt", 20 * MS, 1, NOW);
    tap_int(pwr_cost_dearest(&cost, NOW, &like), 250 * MS, "the dearest");
    tap_str(like, "bcrypt", "and which it is");
    pwr_cost_learn(&cost, "argon2", 100 * 1000 * MS, 1, NOW);
    tap_int(dearest(&cost, NOW), PWR_COST_USEC_MAX, "never more than that");
}

/* One process that was suspended for a minute must not make a minute of every
 * failed login; a machine that became slow must be noticed. */
static void test_outliers(void)
{
    pwr_cost cost = { 0 };
    int n;

    pwr_cost_learn(&cost, "a", 100 * MS, 1, NOW);
    pwr_cost_learn(&cost, "a", 60000 * MS, 1, NOW);
    tap_int(dearest(&cost, NOW), 156250, "one outlier is worth 25 ms");
    for (n = 0; n < 200; n++) {
        pwr_cost_learn(&cost, "a", 100 * MS, 1, NOW);
    }
    tap_ok(dearest(&cost, NOW) < 130 * MS, "and is forgotten");
    for (n = 0; n < 8; n++) {
        pwr_cost_learn(&cost, "a", 300 * MS, 1, NOW);
    }
    tap_ok(dearest(&cost, NOW) > 300 * MS, "a slow machine is followed");
    pwr_cost_learn(&cost, "a", 1, 1, NOW);
    tap_ok(dearest(&cost, NOW) > 300 * MS, "a quick one is no news");
    pwr_cost_learn(&cost, "a", 0, 1, NOW);
    pwr_cost_learn(&cost, "a", -5, 1, NOW);
    tap_ok(dearest(&cost, NOW) > 300 * MS, "nor is one that took no time");
}

/* What nearly all take, whatever they take: at least 95 of 100 are quicker. */
static void test_noise(void)
{
    pwr_cost cost = { 0 };
    uint32_t random = 1;
    int slower = 0;

    for (int n = 0; n < 20000; n++) {
        int64_t took;

        random = random * 1664525 + 1013904223;
        took = 100 * MS + (random >> 16) % 60 * MS;
        slower += n > 100 && took > dearest(&cost, NOW);
        pwr_cost_learn(&cost, "a", took, 1, NOW);
    }
    tap_ok(slower < 200, "%d of 20000 were slower than expected", slower);
}

static void test_forgotten(void)
{
    pwr_cost cost = { 0 };

    pwr_cost_learn(&cost, "dear", 400 * MS, 1, NOW);
    pwr_cost_learn(&cost, "cheap", 4 * MS, 1, NOW + 29 * DAY);
    tap_int(dearest(&cost, NOW + 29 * DAY), 500 * MS, "29 days");
    pwr_cost_learn(&cost, "dear", 400 * MS, 0, NOW + 29 * DAY);
    tap_int(dearest(&cost, NOW + 30 * DAY), 5 * MS,
            "30 days: those that nobody has do not keep it in mind");
    pwr_cost_learn(&cost, "dear", 400 * MS, 1, NOW + 31 * DAY);
    tap_int(dearest(&cost, NOW + 31 * DAY), 500 * MS, "an account has it");
}

static void test_full(void)
{
    pwr_cost cost = { 0 };
    char like[PWR_COST_LIKE_MAX + 2];
    const char *found;

    for (int i = 0; i < PWR_COST_ROWS; i++) {
        snprintf(like, sizeof(like), "row%d", i);
        pwr_cost_learn(&cost, like, (10 + i) * MS, 1, NOW);
    }
    pwr_cost_learn(&cost, "cheapest", 5 * MS, 1, NOW);
    pwr_cost_learn(&cost, "dearest", 200 * MS, 1, NOW);
    pwr_cost_dearest(&cost, NOW, &found);
    tap_str(found, "dearest", "a full table still learns the dearest");
    for (int i = 0; i < PWR_COST_ROWS; i++) {
        tap_ok(strcmp(cost.row[i].like, "row0") != 0
               && strcmp(cost.row[i].like, "cheapest") != 0,
               "row %d is none of the two cheapest", i);
    }
    memset(like, 'x', sizeof(like));
    like[PWR_COST_LIKE_MAX] = '\0';
    pwr_cost_learn(&cost, like, 900 * MS, 1, NOW);
    pwr_cost_dearest(&cost, NOW, &found);
    tap_str(found, "dearest", "what is too long is not learnt");
    like[PWR_COST_LIKE_MAX - 1] = '\0';
    pwr_cost_learn(&cost, like, 900 * MS, 1, NOW);
    pwr_cost_dearest(&cost, NOW, &found);
    tap_str(found, like, "what just fits is");
}

static void test_differs(void)
{
    pwr_cost cost = { 0 };

    tap_ok(!pwr_cost_differs(&cost, NOW), "nothing seen: no difference");
    pwr_cost_learn(&cost, "dear", 400 * MS, 1, NOW);
    pwr_cost_learn(&cost, "dear", 500 * MS, 1, NOW);
    tap_ok(!pwr_cost_differs(&cost, NOW), "nor with one scheme");
    pwr_cost_learn(&cost, "cheap", 4 * MS, 1, NOW + 20 * DAY);
    tap_ok(pwr_cost_differs(&cost, NOW + 20 * DAY), "with two, one");
    tap_ok(!pwr_cost_differs(&cost, NOW + 31 * DAY), "until one is forgotten");
}

int main(void)
{
    tap_begin();
    test_dearest();
    test_outliers();
    test_noise();
    test_forgotten();
    test_full();
    test_differs();
    return tap_end();
}
