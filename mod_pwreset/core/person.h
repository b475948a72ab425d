/* SPDX-License-Identifier: Apache-2.0 */
/* The words a guesser tries first at one account: login, name, e-mail and the
 * site's own, whole and in their parts ("ivan.petrov", "ivan", "petrov").
 * Shorter ones than four letters occur in other words and do not count.
 * Pure; any thread. */
#ifndef PWR_PERSON_H
#define PWR_PERSON_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/keyboard.h"

/* Whose password it is to be; NULL members are passed over. */
typedef struct pwr_policy_person {
    const char *login;
    const char *email;
    const char *name;
    const char *site_name;
    const char *site_host;      /* its last label ("org") does not count */
} pwr_policy_person;

typedef struct pwr_person_word {
    const uint32_t *points;     /* folded */
    size_t n;
} pwr_person_word;

/* All words of a person (pwr_person_word); `person` may be NULL. */
apr_array_header_t *pwr_person_words(apr_pool_t *pool,
                                     const pwr_policy_person *person);

/* How many code points of a password are left without these words, on the
 * layout where that is fewest; all when it contains none of them. */
size_t pwr_person_rest(apr_pool_t *pool, const apr_array_header_t *words,
                       const pwr_forms *password);

/* The words as text (char *), folded and as typed on the Latin layout. */
apr_array_header_t *pwr_person_texts(apr_pool_t *pool,
                                     const apr_array_header_t *words);

#endif
