/* SPDX-License-Identifier: Apache-2.0 */
/* How hard a password is to guess, by zxcvbn: 0 to 4.
 *
 * zxcvbn knows English; it is given the user's own words and those of the
 * common list that occur, and looks at Cyrillic a second time as it is typed
 * on the Latin layout.  Only the first 64 bytes are looked at.  libzxcvbn
 * leaves copies of them in freed memory.  Any thread; about 1 ms. */
#ifndef PWR_SCORE_H
#define PWR_SCORE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/keyboard.h"
#include "core/words.h"

/* Score of a password whose `forms` are known.  `common` may be NULL;
 * `own_words` is what pwr_person_words() gave. */
int pwr_score_of(apr_pool_t *pool, const char *password,
                 const pwr_forms *forms, const pwr_words *common,
                 const apr_array_header_t *own_words);

#endif
