/* SPDX-License-Identifier: Apache-2.0 */
/* Password hashing as flows do it: always through the gate, never while a
 * database connection is held. */
#ifndef PWR_HASH_H
#define PWR_HASH_H

#include "flow/env.h"

/* Before anything is looked up for a stranger: whoever of a crowd finds no seat
 * costs no statement.  PWR_GATE_FULL: there is none. */
apr_status_t pwr_hash_reserve(const pwr_env *env);

/* Verify `password` against that of `user`; where it is NULL (no such user) or
 * nothing that can match, against what costs as much as the dearest hash of
 * this realm.  PWR_GATE_FULL: not verified.
 * `is_known`: by a session, a string or a browser, see gate_enter.
 * `*match` is 0 unless it matches; then `response->answer_at_usec` is set, so
 * that neither the scheme nor the account shows in the time. */
apr_status_t pwr_hash_verify(const pwr_env *env, const char *password,
                             const pwr_user *user, int is_known,
                             pwr_response *response, int *match);

/* What is stored of a user as it is read: rows that do not tell their scheme by
 * PwResetDefaultScheme, with the login name where it takes that. */
const char *pwr_hash_read(const pwr_env *env, const pwr_user *user);

/* Refuse without having verified, no sooner than had it been done: in a seat,
 * as all whose answer waits.  PWR_GATE_FULL: there was none. */
apr_status_t pwr_hash_refuse(const pwr_env *env, pwr_response *response);

/* Does `password` match any of `n` hashes?  Each waits for a place of its own,
 * so that nobody is kept from his for the time of all.  The time tells how many
 * there were; only the account's owner gets here.  Without a host nothing is
 * waited for. */
apr_status_t pwr_hash_verify_any(const pwr_env *env, const char *password,
                                 const char *const *stored, int n,
                                 int *match);

/* Hash a new password for a row that holds `old`, in the site's scheme. */
apr_status_t pwr_hash_make(const pwr_env *env, const char *password,
                           const char *old, const char **stored);

#endif
