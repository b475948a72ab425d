/* SPDX-License-Identifier: Apache-2.0 */
/* Who has taken how much: a fixed table of states, in memory that many
 * processes share.
 *
 * A cell is 64 bits: whose it is (24 bits of the key), and the state of
 * core/limit (40 bits of milliseconds).  It changes by compare-and-swap alone,
 * so a process that is killed at any instruction leaves a sound table.  Where a
 * key's cells are and how they are marked must be nobody's to choose: keys are
 * digests under a random key.
 *
 * A state that is past says nothing and its cell is free.  One that is not is
 * never given to somebody else: a crowd of strangers cannot make room for
 * itself, nor tighten what anybody has, for nobody shares a cell.  What they
 * can do is fill the row; who comes then and has no cell finds it FULL.
 *
 * No state of its own: a function of its arguments.  Any thread or process;
 * adding a cell wants a lock, as two that add the same key at once would each
 * give it a cell. */
#ifndef PWR_TALLY_H
#define PWR_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "core/limit.h"

#define PWR_TALLY_WAYS 32           /* cells of a row: four cache lines */

typedef struct pwr_tally {
    uint64_t *cell;                 /* rows_n * PWR_TALLY_WAYS, zero at first */
    uint32_t rows_n;                /* a power of two */
} pwr_tally;

typedef enum pwr_take {
    PWR_TAKE_REFUSED = 0,           /* over the rate */
    PWR_TAKE_FULL,                  /* no cell is free */
    PWR_TAKE_ABSENT,                /* has no cell, and none was to be added */
    PWR_TAKE_DONE
} pwr_take;

/* Take one for `key`; `may_add` is for the holder of the lock.
 * With REFUSED and FULL `*retry_ms` is in how long to come again. */
pwr_take pwr_tally_take(const pwr_tally *tally, uint64_t key,
                        const pwr_rate *rate, int64_t now_ms, int may_add,
                        int64_t *retry_ms);

/* Give back what was taken. */
void pwr_tally_give(const pwr_tally *tally, uint64_t key,
                    const pwr_rate *rate);

#endif
