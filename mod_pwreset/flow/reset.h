/* SPDX-License-Identifier: Apache-2.0 */
/* The control string becomes a new password.
 *
 * The page that sets a password verifies the string itself, in the transaction
 * that spends it; no "step already done" is remembered anywhere. A refused
 * password, a GET and a HEAD spend nothing, so a mail scanner is harmless. */
#ifndef PWR_RESET_H
#define PWR_RESET_H

#include "flow/env.h"

pwr_flow pwr_reset_show;    /* GET token, or done */
pwr_flow pwr_reset_change;  /* POST token password confirm, or token alone */

#endif
