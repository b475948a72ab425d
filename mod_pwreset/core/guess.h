/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses at an account: which attempt to sign in is looked at now, which in a
 * moment, and which is to come again later.  Slowing down, never locking out.
 *
 * Three queues decide, each a single time (GCRA): when its next slot would be
 * due if it had no burst.
 *
 *  common      everybody who signs in under this name; the rate of the class
 *              login-account.
 *  newcomers   the same rate again, for client networks that have not had
 *              their share yet.  So one that guesses day and night takes the
 *              common slots, and none from somebody who comes from elsewhere.
 *  share       what one network may take of the newcomers' slots.
 *
 * All of it is by the name as it was typed, canonical, and never by the account
 * behind it: were login and address of an account one queue, who fills the one
 * would see at the other that they belong together, and so that both exist.
 * Pure; any thread. */
#ifndef PWR_GUESS_H
#define PWR_GUESS_H

#include <stdint.h>

#include <apr_pools.h>

#include "core/limit.h"

#define PWR_GUESS_WAIT_MS 5000      /* an answer is held back this long */

typedef enum pwr_guess_lane {
    PWR_GUESS_REFUSED = 0,          /* no slot soon: not looked at */
    PWR_GUESS_COMMON,
    PWR_GUESS_NEWCOMERS
} pwr_guess_lane;

/* The queues as they stand; 0: nobody was there. */
typedef struct pwr_guess_queues {
    int64_t now_ms;
    int64_t common_ms;
    int64_t newcomers_ms;
    int64_t share_ms;
    int was_last;                   /* this network had the last common slot */
} pwr_guess_queues;

typedef struct pwr_guess_verdict {
    pwr_guess_lane lane;
    int64_t wait_ms;                /* until the slot is due */
    int64_t next_ms;                /* what the lane's queue becomes */
    int64_t share_ms;               /* and the share, of newcomers */
} pwr_guess_verdict;

pwr_guess_verdict pwr_guess_judge(const pwr_rate *rate,
                                  const pwr_guess_queues *queues);

/* How far a slot of a network's share moves that queue; one of the others moves
 * it by pwr_rate_interval_ms(). */
int64_t pwr_guess_share_ms(void);

/* The name that attempts are counted under: `admin`, `ADMIN` and `admin ` are
 * one, and so are an address with its domain in letters and as A-labels.
 * What can be nobody's name is "". */
const char *pwr_guess_name(apr_pool_t *pool, const char *typed);

/* The network of a client, as hex digits: an IPv4 address, or the /48 of an
 * IPv6 one, which one subscriber may have. */
const char *pwr_guess_network(apr_pool_t *pool, const char *address);

#endif
