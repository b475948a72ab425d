/* SPDX-License-Identifier: Apache-2.0 */
#include "core/guess.h"

#include "tap.h"

#define NOW INT64_C(1790000000000)
#define MINUTE_MS INT64_C(60000)
#define NETWORKS_MAX 2000

static const pwr_rate shipped = { .count = 10, .period_sec = 600, .burst = 10 };

/* An account with everything that is kept of it; the last network tries from
 * nowhere else. */
typedef struct world {
    pwr_rate rate;
    int64_t now_ms;
    int64_t common_ms, newcomers_ms;
    int64_t share_ms[NETWORKS_MAX];
    int last;
    int is_unfair;              /* the control: one queue for all */
} world;

static world world_make(void)
{
    world made = { .rate = shipped, .now_ms = NOW, .last = -1 };

    return made;
}

/* An attempt; what it was told.  Those who wait keep their slot. */
static pwr_guess_verdict attempt(world *on, int network)
{
    const pwr_guess_queues queues = {
        .now_ms = on->now_ms,
        .common_ms = on->common_ms,
        .newcomers_ms = on->newcomers_ms,
        .share_ms = on->share_ms[network],
        .was_last = on->is_unfair || on->last == network,
    };
    pwr_guess_verdict verdict = pwr_guess_judge(&on->rate, &queues);

    if (verdict.lane == PWR_GUESS_COMMON) {
        on->common_ms = verdict.next_ms;
        on->last = network;
    }
    if (verdict.lane == PWR_GUESS_NEWCOMERS) {
        on->newcomers_ms = verdict.next_ms;
        on->share_ms[network] = verdict.share_ms;
    }
    return verdict;
}

/* How many of `n` were looked at, at once or a moment later. */
static int attempts_at_once(world *on, int network, int n)
{
    int passed = 0;

    for (int i = 0; i < n; i++) {
        passed += attempt(on, network).lane != PWR_GUESS_REFUSED;
    }
    return passed;
}

static void test_alone(void)
{
    world on = world_make();
    pwr_guess_verdict verdict;
    int64_t waited = 0;

    tap_int(attempts_at_once(&on, 0, 200), 10, "200 at once: the burst");
    do {
        on.now_ms += 100;
        waited += 100;
        verdict = attempt(&on, 0);
    } while (verdict.lane == PWR_GUESS_REFUSED && waited < 10 * MINUTE_MS);
    tap_int(waited, MINUTE_MS - PWR_GUESS_WAIT_MS,
            "then one, booked shortly before it is due");
    tap_int(verdict.wait_ms, PWR_GUESS_WAIT_MS, "and held back until then");
    verdict = attempt(&on, 0);
    tap_ok(verdict.lane == PWR_GUESS_REFUSED && verdict.wait_ms == 0
           && verdict.next_ms == 0, "the one behind it is refused");
    on.now_ms += 20 * MINUTE_MS;
    tap_int(attempts_at_once(&on, 0, 200), 10, "in peace the burst comes back");
}

static void test_fast_rate(void)
{
    world on = world_make();
    int64_t waits = 0;
    int passed = 0;

    on.rate = (pwr_rate){ .count = 60, .period_sec = 60, .burst = 1 };
    for (int i = 0; i < 200; i++) {
        pwr_guess_verdict verdict = attempt(&on, 0);

        if (verdict.lane != PWR_GUESS_REFUSED) {
            tap_int(verdict.wait_ms, 1000 * passed++, "a slot of its own");
            waits += verdict.wait_ms;
        }
    }
    tap_ok(passed == 6 && waits == 15000, "a queue of five seconds, no more");
}

/* How long an owner who tries now and then from elsewhere has to try, while
 * `networks` addresses try 200 times a second; -1: ten minutes in vain. */
static int64_t owner_waits(world *on, int networks)
{
    int owner = NETWORKS_MAX - 1, turn = 0;

    for (int64_t ms = 0; ms < 10 * MINUTE_MS; ms += 5) {
        on->now_ms += 5;
        attempt(on, turn++ % networks);
        if (ms >= 2000 && ms % 3000 == 0) {
            pwr_guess_verdict verdict = attempt(on, owner);

            if (verdict.lane != PWR_GUESS_REFUSED) {
                return ms - 2000 + verdict.wait_ms;
            }
        }
    }
    return -1;
}

static void test_fair(void)
{
    static const int networks[] = { 1, 2, 7, 20, 30 };
    world on;

    for (size_t i = 0; i < sizeof(networks) / sizeof(*networks); i++) {
        int64_t waited;

        on = world_make();
        waited = owner_waits(&on, networks[i]);
        tap_ok(waited >= 0 && waited <= MINUTE_MS,
               "a flood from %d networks: in after %d ms", networks[i],
               (int)waited);
    }
    on = world_make();
    on.is_unfair = 1;
    tap_int(owner_waits(&on, 7), -1, "the control: one queue locks him out");
}

/* Somebody who mistypes has more than one try. */
static void test_share(void)
{
    world on = world_make();

    attempts_at_once(&on, 0, 200);
    tap_int(attempts_at_once(&on, 1, 200), 3, "a newcomer has three tries");
    tap_int(attempts_at_once(&on, 2, 200), 3, "the next one, too");
    on.now_ms += 3600 * 1000;
    attempts_at_once(&on, 0, 200);
    tap_int(attempts_at_once(&on, 1, 200), 0, "not again in an hour");
    on.now_ms += 24 * 3600 * 1000;
    attempts_at_once(&on, 0, 200);
    tap_int(attempts_at_once(&on, 1, 200), 3, "but the next day");
}

/* With as many addresses as one likes. */
static void test_bound(void)
{
    world on = world_make();
    int passed = 0, hour;

    for (int i = 0; i < NETWORKS_MAX; i++) {
        passed += attempts_at_once(&on, i, 1);
    }
    tap_int(passed, 100, "2000 networks at once: a hundred");
    for (hour = 0; hour < 3600; hour++) {
        on.now_ms += 1000;
        passed += attempts_at_once(&on, hour % NETWORKS_MAX, 5);
    }
    tap_ok(passed > 100 && passed <= 100 + 2 * 60, "an hour of it: %d",
           passed);
}

/* What no attempt has written: another clock, another rate. */
static void test_clock(void)
{
    static const int64_t states[] = {
        -1, 1, INT64_C(1) << 60, NOW + 365 * 86400 * INT64_C(1000)
    };

    for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
        world on = world_make();
        int64_t waited = 0;

        on.common_ms = on.newcomers_ms = on.share_ms[0] = states[i];
        while (attempt(&on, 0).lane == PWR_GUESS_REFUSED
               && waited < 10 * MINUTE_MS) {
            on.now_ms += 1000;
            waited += 1000;
        }
        tap_ok(waited <= MINUTE_MS, "state %d: in after %d ms", (int)i,
               (int)waited);
        tap_ok(on.common_ms <= on.now_ms + 11 * MINUTE_MS,
               "state %d: and it is one of ours again", (int)i);
    }
}

static void test_extremes(void)
{
    static const pwr_rate rates[] = {
        { 1, 1, 1 }, { 1000000, 1, 1000000 }, { 1, 604800, 1000000 },
        { 1, 604800, 1 }
    };

    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
        world on = world_make();
        pwr_guess_verdict verdict;

        on.rate = rates[i];
        verdict = attempt(&on, 0);
        tap_ok(verdict.lane == PWR_GUESS_COMMON && verdict.wait_ms == 0
               && verdict.next_ms > NOW, "rate %d: the first gets in", (int)i);
    }
}

static void test_names(apr_pool_t *pool)
{
    static const char *const table[][2] = {
        { "admin", "admin" }, { "ADMIN", "admin" }, { "admin ", "admin" },
        { "\t admin\xC2\xA0", "admin" }, { "Admin@Example.ORG",
        "admin@example.org" }, { " admin@example.org\n", "admin@example.org" },
        { "a@\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.\xD1\x80\xD1\x84",
          "a@xn--80a1acny.xn--p1ai" },
        { "a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai" },
        { "e\xCC\x81", "\xC3\xA9" }, { "\xC3\xA9", "\xC3\xA9" },
        { "\xD0\x98", "\xD0\x98" }, { "a b", "a b" }, { "admin@", "admin@" },
        { "a@I\xCC\x87.org", "a@xn--i-9bb.org" },
        { "a@\xC4\xB0.org", "a@\xC4\xB0.org" },
        { "<\xCC\xB8@x.org", "\xE2\x89\xAE@x.org" },
        { "\xE2\x84\xAA", "" }, { "\xFF", "" }, { "", "" }, { "   ", "" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_guess_name(pool, table[i][0]), table[i][1],
                "name %d", (int)i);
    }
}

static void test_networks(apr_pool_t *pool)
{
    static const char *const table[][2] = {
        { "192.0.2.7", "04c0000207" }, { "127.0.0.1", "047f000001" },
        { "::ffff:192.0.2.7", "04c0000207" },
        { "2001:db8:1:2:3:4:5:6", "0620010db80001" },
        { "2001:0DB8:1:ffff::", "0620010db80001" },
        { "2001:db8:2::1", "0620010db80002" }, { "::1", "06000000000000" },
        { "", "00" }, { NULL, "00" }, { "unix:/run/x", "00" },
        { "192.0.2.7 ", "00" }, { "192.0.2", "00" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_guess_network(pool, table[i][0]), table[i][1],
                "the network of '%s'", table[i][0] ? table[i][0] : "(NULL)");
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_alone();
    test_fast_rate();
    test_fair();
    test_share();
    test_bound();
    test_clock();
    test_extremes();
    test_names(pool);
    test_networks(pool);
    return tap_end();
}
