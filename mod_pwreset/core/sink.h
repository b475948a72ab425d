/* SPDX-License-Identifier: Apache-2.0 */
/* Where pages and mails are written to: memory that is wiped, as they may hold
 * a control string, and that does not grow, which would leave copies of it
 * behind.  So what writes usually runs twice: the first time only the length is
 * counted, the second time the bytes go into memory of just that size.
 *
 *     pwr_sink sink = { .len = 0 };
 *     write(&sink, ...);
 *     text = pwr_sink_open(pool, &sink);
 *     write(&sink, ...);
 *
 * Who knows about how long it will be need not write twice: what fits into the
 * room of pwr_sink_guess is written at once, and counted when it does not. */
#ifndef PWR_SINK_H
#define PWR_SINK_H

#include <stddef.h>

#include <apr_pools.h>

typedef struct pwr_sink {
    char *out;                  /* NULL while the length is counted */
    size_t len;
    size_t room;                /* behind which nothing is written */
} pwr_sink;

void pwr_sink_add(pwr_sink *sink, const char *bytes, size_t len);

/* As pwr_sink_add with a NUL-terminated text. */
void pwr_sink_text(pwr_sink *sink, const char *text);

/* Allocate what was counted, in wiped memory and with a NUL, and begin anew.
 * The second time must write just what the first did. */
const char *pwr_sink_open(apr_pool_t *pool, pwr_sink *sink);

/* As pwr_sink_open, for `room` bytes that are only a guess.  When `len` is more
 * than that in the end it is not whole: call pwr_sink_open and write again. */
const char *pwr_sink_guess(apr_pool_t *pool, pwr_sink *sink, size_t room);

#endif
