/* SPDX-License-Identifier: Apache-2.0 */
/* The control string: what it looks like, and how forgivingly it is read.
 *
 * Crockford base32 (0-9 A-Z without I L O U), 27 random symbols (135 bits)
 * and one check symbol (Luhn mod 32 over the same alphabet, which finds every
 * single wrong symbol), shown as seven groups of four.  The check symbol lets
 * a typing mistake be told without a database look-up.  Pure; any thread. */
#ifndef PWR_TOKEN_H
#define PWR_TOKEN_H

#include <stddef.h>

#include <apr_pools.h>

#define PWR_TOKEN_RANDOM 27                     /* random symbols */
#define PWR_TOKEN_LEN (PWR_TOKEN_RANDOM + 1)    /* with the check symbol */
#define PWR_TOKEN_SHOWN (PWR_TOKEN_LEN + PWR_TOKEN_LEN / 4 - 1)

typedef enum pwr_token_reading {
    PWR_TOKEN_MISTYPED = 0, /* no 28 symbols, or the check symbol differs */
    PWR_TOKEN_EMPTY,        /* nothing but blanks and separators */
    PWR_TOKEN_READ          /* `out` holds the bare string */
} pwr_token_reading;

/* Make the bare string (PWR_TOKEN_LEN symbols, upper case, no dashes) from 27
 * random bytes, of each of which the low five bits count.  The bytes are the
 * caller's to wipe.  `out` holds PWR_TOKEN_LEN + 1 and is a secret. */
void pwr_token_make(char *out, const unsigned char *random);

/* Read what a person typed or pasted: `typed` is UTF-8 of any length, may be
 * NULL.  Forgives case, dashes of any kind, blanks, zero-width characters, O
 * for 0, I and L for 1, Cyrillic look-alikes (АВЕКМНОРСТУХ in both cases),
 * quote marks of mail programs, and text around the string (a whole line of
 * the mail, or the link).  Linear time, no memory.
 * `out` (PWR_TOKEN_LEN + 1) is the bare string, empty unless PWR_TOKEN_READ. */
pwr_token_reading pwr_token_read(char *out, const char *typed);

/* The string as people see it: XXXX-XXXX-... in wiped memory of `pool`.
 * `bare` is what pwr_token_read or pwr_token_make gave. */
const char *pwr_token_show(apr_pool_t *pool, const char *bare);

#endif
