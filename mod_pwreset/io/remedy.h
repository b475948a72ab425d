/* SPDX-License-Identifier: Apache-2.0 */
/* What an admin can do about a mail that did not leave: what the outbox wrote
 * into a job's row, or what it says of a mail just tried, answered with one
 * sentence.  Pure; any thread. */
#ifndef PWR_REMEDY_H
#define PWR_REMEDY_H

#include "io/store.h"

/* `detail` is of pwr_sendmail_run or pwr_deliver; never NULL comes back. */
const char *pwr_remedy_of(const char *detail);

/* The same of what stands in a job's row, also that of a hook. */
const char *pwr_remedy_of_job(const pwr_job *job);

#endif
