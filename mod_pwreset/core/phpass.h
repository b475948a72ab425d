/* SPDX-License-Identifier: Apache-2.0 */
/* phpass' portable hashes: $P$ (WordPress before 6.8, Joomla, Drupal 6), $H$
 * (phpBB), both of MD5, and Drupal's $S$ of SHA-512.
 *
 * "$P$", a digit (the binary logarithm of the rounds), eight characters of
 * salt, the hash in crypt's alphabet, 34 in all, those of $S$ cut to 55.
 * Any thread. */
#ifndef PWR_PHPASS_H
#define PWR_PHPASS_H

#include <stdint.h>

#include <apr_pools.h>

#define PWR_PHPASS_LOG_MAX 19       /* passlib's; with 4096 bytes a few seconds
                                     * of a core */
#define PWR_PHPASS_LOG 17           /* of what is written */

/* The rounds of `stored` ("$P$..." whole); 0 when it is malformed or above the
 * ceiling. */
uint64_t pwr_phpass_rounds(const char *stored);

/* Does `password` match `stored`, of which there are rounds? */
int pwr_phpass_match(const char *password, const char *stored);

/* A row of Drupal's with a fresh salt.  NULL when it failed. */
const char *pwr_phpass_make(apr_pool_t *pool, const char *setting,
                            const char *password);

#endif
