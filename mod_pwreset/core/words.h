/* SPDX-License-Identifier: Apache-2.0 */
/* Common passwords: a list, and what needs no list.
 *
 * Whole passwords are compared, never parts: case folded, as typed and with
 * the same keys on the other layout, also without digits and punctuation at
 * the ends, and with the words run together.  Refused without being listed are
 * keyboard walks and few characters typed again and again.
 * Read-only after it was made; any thread. */
#ifndef PWR_WORDS_H
#define PWR_WORDS_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/keyboard.h"

typedef struct pwr_words pwr_words;

/* Make a list from text: one word a line, "#" comments, UTF-8; words are
 * folded here.  Added to `base` when not NULL.  Returns NULL when the text is
 * not UTF-8. */
const pwr_words *pwr_words_parse(apr_pool_t *pool, const char *text,
                                 const pwr_words *base);

/* Is the password, in any of the forms above, a common one? */
int pwr_words_has(apr_pool_t *pool, const pwr_words *words,
                  const char *password);

/* A dictionary for ZxcvbnMatch(), NULL at the end: the words of `own` (char *),
 * then the listed words that occur in the first PWR_WORDS_JUDGED points of the
 * password, as typed on the Latin layout.  They come far behind, since there
 * a word's place is its number of guesses.  `words` may be NULL. */
#define PWR_WORDS_JUDGED 64
const char **pwr_words_dictionary(apr_pool_t *pool, const pwr_words *words,
                                  const pwr_forms *password,
                                  const apr_array_header_t *own);

#endif
