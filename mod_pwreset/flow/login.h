/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in and out.  Every failure is one sentence and costs one hash. */
#ifndef PWR_LOGIN_H
#define PWR_LOGIN_H

#include "flow/env.h"

pwr_flow pwr_login_show;    /* GET return */
pwr_flow pwr_login_enter;   /* POST login password return */
pwr_flow pwr_logout_show;   /* GET */
pwr_flow pwr_logout_leave;  /* POST */

#endif
