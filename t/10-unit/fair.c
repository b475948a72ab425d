/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fair.h"

#include "tap.h"

#define CLAIMS_MAX 400

/* A gate as httpd/gate.c has it, without a clock: a turn is a place that is
 * left by the claim that has held it longest. */
typedef struct scene {
    pwr_fair_claim claim[CLAIMS_MAX];
    uint64_t served[PWR_FAIR_PARTIES_MAX];
    uint64_t ticket;
    int places_n;
} scene;

static int wait_for(scene *s, int party)
{
    for (int i = 0; i < CLAIMS_MAX; i++) {
        if (s->claim[i].state == PWR_FAIR_NONE) {
            s->claim[i] = (pwr_fair_claim){
                PWR_FAIR_WAITS, party, ++s->ticket
            };
            return i;
        }
    }
    return -1;
}

static int serve(scene *s)
{
    int next = -1, last = -1;

    while (pwr_fair_held(s->claim, CLAIMS_MAX) < s->places_n
           && (next = pwr_fair_next(s->claim, CLAIMS_MAX, s->served)) >= 0) {
        s->claim[next].state = PWR_FAIR_HOLDS;
        s->served[s->claim[next].party] = ++s->ticket;
        last = next;
    }
    return last;
}

static int held_by(const scene *s, int party)
{
    int n = 0;

    for (int i = 0; i < CLAIMS_MAX; i++) {
        n += s->claim[i].state == PWR_FAIR_HOLDS
            && s->claim[i].party == party;
    }
    return n;
}

static int waits_of(const scene *s, int party)
{
    int n = 0;

    for (int i = 0; i < CLAIMS_MAX; i++) {
        n += s->claim[i].state == PWR_FAIR_WAITS
            && s->claim[i].party == party;
    }
    return n;
}

/* Some claim of `party` leaves its place. */
static void leave(scene *s, int party)
{
    for (int i = 0; i < CLAIMS_MAX; i++) {
        if (s->claim[i].state == PWR_FAIR_HOLDS
            && s->claim[i].party == party) {
            s->claim[i].state = PWR_FAIR_NONE;
            return;
        }
    }
}

static void test_alone(void)
{
    scene s = { .places_n = 4 };
    pwr_fair_claim none = { PWR_FAIR_NONE, 0, 0 };

    tap_int(pwr_fair_next(&none, 1, s.served), -1, "nobody waits");
    tap_int(pwr_fair_next(&none, 0, s.served), -1, "nobody at all");
    for (int i = 0; i < 10; i++) {
        wait_for(&s, 7);
    }
    serve(&s);
    tap_int(held_by(&s, 7), 4, "alone, one may have all places");
    tap_ok(s.claim[0].state == PWR_FAIR_HOLDS
           && s.claim[3].state == PWR_FAIR_HOLDS, "the oldest first");
}

/* A crowd holds all and waits; then one comes. */
static void test_newcomer(int places_n)
{
    scene s = { .places_n = places_n };
    int one;

    for (int i = 0; i < 100; i++) {
        wait_for(&s, 1);
    }
    serve(&s);
    one = wait_for(&s, 2);
    leave(&s, 1);
    tap_int(serve(&s), one, "%d places: the next one is the newcomer's",
            places_n);
    for (int i = 0; i < 100; i++) {
        wait_for(&s, 2);
    }
    for (int turn = 0; turn < 40; turn++) {
        leave(&s, turn % 2 ? 1 : held_by(&s, 1) > 0 ? 1 : 2);
        serve(&s);
    }
    tap_ok(held_by(&s, 1) <= (places_n + 1) / 2
           && held_by(&s, 2) <= (places_n + 1) / 2,
           "%d places: then nobody has more than half", places_n);
}

/* One place: turn by turn, whoever was there first with however many. */
static void test_turns(void)
{
    scene s = { .places_n = 1 };
    int served[3] = { 0 };

    for (int i = 0; i < 100; i++) {
        wait_for(&s, 0);
    }
    for (int i = 0; i < 10; i++) {
        wait_for(&s, 1);
        wait_for(&s, 2);
    }
    for (int turn = 0; turn < 30; turn++) {
        int next = serve(&s);

        served[s.claim[next].party]++;
        s.claim[next].state = PWR_FAIR_NONE;
    }
    tap_ok(served[0] == 10 && served[1] == 10 && served[2] == 10,
           "one place goes round: %d %d %d", served[0], served[1], served[2]);
}

/* Whatever happens: nobody above half while another waits, and no place is
 * idle while anybody waits. */
static void test_random(void)
{
    uint32_t random = 7;
    int above = 0, idle = 0;

    for (int places_n = 1; places_n < 9; places_n++) {
        scene s = { .places_n = places_n };

        for (int turn = 0; turn < 3000; turn++) {
            int before[4], party;

            random = random * 1664525 + 1013904223;
            party = (int)(random >> 20) % 4;
            if ((random >> 10) % 5 < 3) {
                wait_for(&s, party);
            }
            else {
                leave(&s, party);
            }
            for (int p = 0; p < 4; p++) {
                before[p] = held_by(&s, p);
            }
            serve(&s);
            for (int p = 0; p < 4; p++) {
                int others = 0;

                for (int q = 0; q < 4; q++) {
                    others += q != p ? waits_of(&s, q) : 0;
                }
                above += others > 0 && held_by(&s, p) > before[p]
                    && held_by(&s, p) > (places_n + 1) / 2;
                idle += waits_of(&s, p) > 0
                    && pwr_fair_held(s.claim, CLAIMS_MAX) < places_n;
            }
        }
    }
    tap_int(above, 0, "nobody gets beyond half while another waits");
    tap_int(idle, 0, "no place is idle while anybody waits");
}

static void test_seats(void)
{
    scene s = { .places_n = 1 };
    int n = 0, known[CLAIMS_MAX];

    wait_for(&s, 3);
    serve(&s);
    while (pwr_fair_may_sit(s.claim, CLAIMS_MAX, 3, 9, 0)) {
        s.claim[wait_for(&s, 3)].state = n++ % 2 ? PWR_FAIR_RESTS
                                                 : PWR_FAIR_WAITS;
    }
    tap_int(n, 5, "half of nine seats, rounded up, though nobody is there");
    for (n = 0; pwr_fair_may_sit(s.claim, CLAIMS_MAX, 3, 9, 1); n++) {
        known[n] = wait_for(&s, 3);
    }
    tap_int(n, 2, "who is known finds half of what is left");
    while (n > 0) {
        s.claim[known[--n]].state = PWR_FAIR_NONE;
    }
    for (n = 0; pwr_fair_may_sit(s.claim, CLAIMS_MAX, 100 + n, 9, 0); n++) {
        wait_for(&s, 100 + n);
    }
    tap_int(n, 4, "four others get the rest");
    tap_ok(!pwr_fair_may_sit(s.claim, CLAIMS_MAX, 500, 9, 0),
           "then it is full");
    tap_ok(pwr_fair_may_sit(NULL, 0, 0, 1, 0), "one seat is one's");
    tap_ok(!pwr_fair_may_sit(NULL, 0, 0, 0, 0), "no seat is nobody's");
}

int main(void)
{
    tap_begin();
    test_alone();
    for (int places_n = 1; places_n < 6; places_n++) {
        test_newcomer(places_n);
    }
    test_turns();
    test_random();
    test_seats();
    return tap_end();
}
