/* SPDX-License-Identifier: Apache-2.0 */
/* A signed-in user changes the password, knowing the old one. */
#ifndef PWR_CHANGE_H
#define PWR_CHANGE_H

#include "flow/env.h"

pwr_flow pwr_change_show;       /* GET */
pwr_flow pwr_change_password;   /* POST current password confirm */
pwr_flow pwr_change_lead_in;    /* GET /.well-known/change-password */

#endif
