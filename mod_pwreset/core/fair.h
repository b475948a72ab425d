/* SPDX-License-Identifier: Apache-2.0 */
/* Who is next, where several parties want more than there is.
 *
 * Parties are realms (or the networks of clients) by number, claims are what
 * one of them holds or waits for.  Whoever holds least is next, then whoever
 * was served longest ago, and of one party the oldest claim.  So while others
 * wait nobody gets beyond half of the places, rounded up, and a party that
 * comes with one claim is served before the second one of a crowd.
 * Pure; the caller brings the lock. */
#ifndef PWR_FAIR_H
#define PWR_FAIR_H

#include <stdint.h>

#define PWR_FAIR_PARTIES_MAX 1024

typedef enum pwr_fair_state {
    PWR_FAIR_NONE = 0,          /* wants nothing */
    PWR_FAIR_WAITS,
    PWR_FAIR_HOLDS,
    PWR_FAIR_RESTS              /* has had its turn and keeps its seat */
} pwr_fair_state;

typedef struct pwr_fair_claim {
    pwr_fair_state state;
    int party;                  /* below PWR_FAIR_PARTIES_MAX */
    uint64_t ticket;            /* smaller: older */
} pwr_fair_claim;

/* The claim that gets the next free place; -1 when nobody waits.
 * `served`, by party: the ticket that was given out last when it was served. */
int pwr_fair_next(const pwr_fair_claim *claims, int n,
                  const uint64_t *served);

/* May `party` have one more seat of `seats` in which one waits or rests?  Half
 * of them per party, rounded up, whether others are there or not: whoever comes
 * next must find one.  For one that `is_known` half of what is left, too, or a
 * crowd of strangers would keep out whose party it is. */
int pwr_fair_may_sit(const pwr_fair_claim *claims, int n, int party,
                     int seats, int is_known);

/* How many claims hold. */
int pwr_fair_held(const pwr_fair_claim *claims, int n);

#endif
