/* SPDX-License-Identifier: Apache-2.0 */
/* Argon2 (RFC 9106) by libargon2, on the calling thread alone: its own string
 * functions would start a thread per lane inside a child of httpd.
 * Any thread. */
#ifndef PWR_ARGON2ID_H
#define PWR_ARGON2ID_H

#include <apr_pools.h>

#include "core/format.h"

/* Does `password` match `stored`, which pwr_format_of() found to be argon2 and
 * within the ceilings? */
int pwr_argon2id_match(const pwr_format *format, const char *password,
                       const char *stored);

/* Hash with a fresh salt; `setting` is "$argon2id$v=19$m=19456,t=2,p=1$" or
 * another that pwr_format_of() accepts.  NULL when it failed. */
const char *pwr_argon2id_make(apr_pool_t *pool, const char *setting,
                              const char *password);

#endif
