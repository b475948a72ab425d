/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fair.h"

int pwr_fair_held(const pwr_fair_claim *claims, int n)
{
    int held = 0;

    for (int i = 0; i < n; i++) {
        held += claims[i].state == PWR_FAIR_HOLDS;
    }
    return held;
}

int pwr_fair_next(const pwr_fair_claim *claims, int n,
                  const uint64_t *served)
{
    uint16_t held[PWR_FAIR_PARTIES_MAX] = { 0 };
    int next = -1;

    for (int i = 0; i < n; i++) {
        held[claims[i].party] += claims[i].state == PWR_FAIR_HOLDS;
    }
    for (int i = 0; i < n; i++) {
        const pwr_fair_claim *a = &claims[i], *b = &claims[next < 0 ? i : next];

        if (a->state == PWR_FAIR_WAITS
            && (next < 0 || held[a->party] < held[b->party]
                || (held[a->party] == held[b->party]
                    && (served[a->party] < served[b->party]
                        || (served[a->party] == served[b->party]
                            && a->ticket < b->ticket))))) {
            next = i;
        }
    }
    return next;
}

int pwr_fair_may_sit(const pwr_fair_claim *claims, int n, int party,
                     int seats, int is_known)
{
    int all = 0, own = 0, own_max = (seats + 1) / 2;

    for (int i = 0; i < n; i++) {
        if (claims[i].state == PWR_FAIR_WAITS
            || claims[i].state == PWR_FAIR_RESTS) {
            all++;
            own += claims[i].party == party;
        }
    }
    if (is_known) {
        own_max += (seats - own_max) / 2;
    }
    return all < seats && own < own_max;
}
