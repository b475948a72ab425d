/* SPDX-License-Identifier: Apache-2.0 */
/* PwResetRehash: a better hash of a password can be made at one moment alone, a
 * login that was right. */
#ifndef PWR_REHASH_H
#define PWR_REHASH_H

#include "flow/env.h"

/* Is `password`, which is that of `user`, to be hashed anew? */
int pwr_rehash_is_due(const pwr_env *env, const pwr_user *user,
                      const char *password);

/* `password` is that of `user`, whose session is in the store already and stays
 * good.  Hash it anew where the row is older or cheaper than what would be
 * written today.  Whatever fails or finds no place at the gate is left for the
 * next login: the visitor is let in all the same. */
void pwr_rehash_do(const pwr_env *env, const pwr_request *request,
                   const pwr_user *user, const char *password);

#endif
