/* SPDX-License-Identifier: Apache-2.0 */
/* The log of httpd for the layers that know no httpd. */
#ifndef PWR_LOG_H
#define PWR_LOG_H

#include <httpd.h>

#include "core/diag.h"

/* Messages go to the error log of `server`. */
pwr_diag pwr_log_for(server_rec *server);

#endif
