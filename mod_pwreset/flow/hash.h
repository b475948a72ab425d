/* SPDX-License-Identifier: Apache-2.0 */
/* Password hashing as flows do it: always through the gate, never while a
 * database connection is held. */
#ifndef PWR_HASH_H
#define PWR_HASH_H

#include "flow/env.h"

/* Verify `password` against `stored`, or against the site's decoy when
 * `stored` is NULL (no such user), with the same work.
 * PWR_GATE_FULL: not verified.  `*match` is 0 unless it matches. */
apr_status_t pwr_hash_verify(const pwr_env *env, const char *password,
                             const char *stored, int *match);

/* Hash a new password for a row that holds `old`, in the site's scheme. */
apr_status_t pwr_hash_make(const pwr_env *env, const char *password,
                           const char *old, const char **stored);

#endif
