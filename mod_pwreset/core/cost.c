/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cost.h"

#include <string.h>

#define UP 4                    /* a quarter of the way up at once */
#define DOWN 64
#define MARGIN 4                /* a quarter more than nearly all take */
#define FORGET_USEC (INT64_C(30) * 86400 * 1000000)

static int is_known(const pwr_cost_row *row, int64_t now_usec)
{
    return row->usec > 0 && now_usec - row->seen_usec < FORGET_USEC;
}

/* The row of `like`, or one that may become it: unused, forgotten or cheaper.
 * NULL: all are dearer. */
static pwr_cost_row *row_for(pwr_cost *cost, const char *like,
                             int64_t took_usec, int64_t now_usec)
{
    pwr_cost_row *spare = NULL;
    int64_t least = took_usec;

    for (pwr_cost_row *row = cost->row; row < cost->row + PWR_COST_ROWS;
         row++) {
        int64_t worth = is_known(row, now_usec) ? row->usec : 0;

        if (row->usec > 0 && strcmp(row->like, like) == 0) {
            return row;
        }
        if (worth < least) {
            least = worth;
            spare = row;
        }
    }
    if (spare) {
        /* In this order: the process may be killed at any instruction. */
        __atomic_store_n(&spare->usec, 0, __ATOMIC_SEQ_CST);
        memcpy(spare->like, like, strlen(like) + 1);
    }
    return spare;
}

static int64_t follow(int64_t usec, int64_t took_usec)
{
    if (usec == 0) {
        return took_usec;
    }
    if (took_usec > 2 * usec) {
        took_usec = 2 * usec;
    }
    return took_usec > usec ? usec + (took_usec - usec) / UP
                            : usec - (usec - took_usec) / DOWN;
}

void pwr_cost_learn(pwr_cost *cost, const char *like, int64_t took_usec,
                    int is_row, int64_t now_usec)
{
    pwr_cost_row *row;

    if (took_usec <= 0 || strlen(like) >= PWR_COST_LIKE_MAX) {
        return;
    }
    row = row_for(cost, like, took_usec, now_usec);
    if (!row) {
        return;
    }
    if (is_row || row->usec == 0) {
        row->seen_usec = now_usec;
    }
    row->usec = follow(row->usec, took_usec);
}

int64_t pwr_cost_dearest(const pwr_cost *cost, int64_t now_usec,
                         const char **like)
{
    int64_t usec = 0;

    *like = NULL;
    for (const pwr_cost_row *row = cost->row; row < cost->row + PWR_COST_ROWS;
         row++) {
        if (is_known(row, now_usec) && row->usec > usec) {
            usec = row->usec;
            *like = row->like;
        }
    }
    usec += usec / MARGIN;
    return usec < PWR_COST_USEC_MAX ? usec : PWR_COST_USEC_MAX;
}

int pwr_cost_differs(const pwr_cost *cost, int64_t now_usec)
{
    int known_n = 0;

    for (int i = 0; i < PWR_COST_ROWS; i++) {
        known_n += is_known(&cost->row[i], now_usec);
    }
    return known_n > 1;
}
