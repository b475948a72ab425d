/* SPDX-License-Identifier: Apache-2.0 */
/* Where one is signed in: all sessions of one's own, and an end to one of them
 * or to all others. */
#ifndef PWR_SESSIONS_H
#define PWR_SESSIONS_H

#include "flow/env.h"

pwr_flow pwr_sessions_show; /* GET, done */
pwr_flow pwr_sessions_end;  /* POST end */

#endif
