/* SPDX-License-Identifier: Apache-2.0 */
/* A User-Agent header in words of ours.
 *
 * Whoever asks for a mail to somebody else chooses this header, so it is never
 * shown: only names from our own lists are.  Pure; any thread. */
#ifndef PWR_AGENT_H
#define PWR_AGENT_H

#include <apr_pools.h>

/* "Firefox, Linux", "Chrome", "Android"; NULL when nothing is known, or for a
 * NULL header. */
const char *pwr_agent_words(apr_pool_t *pool, const char *header);

#endif
