/* SPDX-License-Identifier: Apache-2.0 */
/* How far a long work is, on standard error: a bar at a terminal, else a line
 * now and then. */
#ifndef PWR_PROGRESS_H
#define PWR_PROGRESS_H

#include <stdint.h>

typedef struct pwr_progress {
    int64_t all;                /* bytes of it; 0: nobody knows */
    int64_t begin_ms, next_ms;
    int is_terminal;
    int is_drawn;
} pwr_progress;

void pwr_progress_begin(pwr_progress *progress, int64_t all);

/* `done` bytes of it and `lines` are done; cheap, may be called often. */
void pwr_progress_show(pwr_progress *progress, int64_t done, uint64_t lines);

/* Standard error is at the beginning of a line. */
void pwr_progress_end(pwr_progress *progress);

#endif
