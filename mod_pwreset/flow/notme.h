/* SPDX-License-Identifier: Apache-2.0 */
/* "This was not me": the link in every recovery mail.
 *
 * Whoever got a control string that he has not asked for cancels all strings of
 * his account.  GET and HEAD change nothing, because mail scanners open links;
 * the POST changes neither password nor session, because scanners press buttons
 * as well, and because the one with the link may be a stranger. */
#ifndef PWR_NOTME_H
#define PWR_NOTME_H

#include "flow/env.h"

pwr_flow pwr_notme_show;    /* GET token, or done */
pwr_flow pwr_notme_cancel;  /* POST token */

#endif
