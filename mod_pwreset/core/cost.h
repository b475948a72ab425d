/* SPDX-License-Identifier: Apache-2.0 */
/* What verifying a password has cost in one realm.
 *
 * A table holds several schemes and costs, and a failed login must not tell
 * which of them an account has, or that there is none.  So every failure leaves
 * no sooner than after the dearest hash that this realm has been seen to hold.
 * Pure; the caller brings clock and lock. */
#ifndef PWR_COST_H
#define PWR_COST_H

#include <stdint.h>

#define PWR_COST_ROWS 8
#define PWR_COST_LIKE_MAX 128
#define PWR_COST_USEC_MAX (INT64_C(5) * 1000000)

/* A scheme with its cost. */
typedef struct pwr_cost_row {
    int64_t usec;                   /* what nearly all take; 0: no row */
    int64_t seen_usec;              /* when an account last had it */
    char like[PWR_COST_LIKE_MAX];   /* of pwr_format_mask() */
} pwr_cost_row;

/* All bytes zero: nothing was seen. */
typedef struct pwr_cost {
    pwr_cost_row row[PWR_COST_ROWS];
} pwr_cost;

/* Verifying something like `like` took `took_usec`.  `is_row`: an account has
 * it, or the site writes it; else it was done to cost as much as the dearest,
 * and says nothing about what is in the table.  Slower ones count at once but
 * within limits, so that one outlier (a suspended machine) is soon forgotten;
 * quicker ones little by little. */
void pwr_cost_learn(pwr_cost *cost, const char *like, int64_t took_usec,
                    int is_row, int64_t now_usec);

/* What the dearest takes, with a margin, at most PWR_COST_USEC_MAX, and a
 * stored password like it which nothing matches; 0 and NULL when nothing was
 * seen.  What no account was seen to have for a month does not count. */
int64_t pwr_cost_dearest(const pwr_cost *cost, int64_t now_usec,
                         const char **like);

/* Does it take more here to verify one account than another? */
int pwr_cost_differs(const pwr_cost *cost, int64_t now_usec);

#endif
