/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords from standard input: one line, without echo at a terminal.
 *
 * Nothing is trimmed but the line feed.  The line never passes through stdio,
 * whose buffer nobody wipes. */
#ifndef PWR_PROMPT_H
#define PWR_PROMPT_H

#include <apr_pools.h>

typedef enum pwr_prompt {
    PWR_PROMPT_ONCE,
    PWR_PROMPT_TWICE        /* at a terminal: a new one, typed twice */
} pwr_prompt;

/* Read a password into wiped memory.
 * EX_OK and sets `*secret`; EX_NOINPUT at the end of input; EX_DATAERR when it
 * is empty, over-long, not one line, holds NUL, is no UTF-8, or the two
 * differ; EX_IOERR. */
int pwr_prompt_read(apr_pool_t *pool, pwr_prompt prompt, const char **secret);

#endif
