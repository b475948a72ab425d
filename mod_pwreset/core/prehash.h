/* SPDX-License-Identifier: Apache-2.0 */
/* What some programs do to a password before they hash it.  Any thread. */
#ifndef PWR_PREHASH_H
#define PWR_PREHASH_H

#include "core/wrap.h"

/* Of what is hashed in its place, with the NUL; a password of at most
 * PWR_PASSWORD_BYTES_MAX fits. */
#define PWR_PREHASH_MAX 4097

/* `password` without blanks at its ends, as PHP's trim() understands them;
 * nothing else is trimmed.  A copy is wiped with `pool`. */
const char *pwr_prehash_trim(apr_pool_t *pool, const char *password);

/* What is hashed in place of `password` in `out` (PWR_PREHASH_MAX), which the
 * caller wipes.  Returns 0, and "" in `out`, when it is empty or too long, or
 * OpenSSL failed. */
int pwr_prehash_do(char *out, pwr_prehash prehash, const char *password);

#endif
