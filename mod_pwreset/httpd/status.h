/* SPDX-License-Identifier: Apache-2.0 */
/* SetHandler pwreset-status in a Location of a server that says PwResetStatus
 * On.
 *
 * Whether it may be shown is decided while the URL is translated: then httpd
 * has seen the configuration's Locations, and no .htaccess.  Whatever else sets
 * this handler, in whatever server, gets 404. */
#ifndef PWR_HTTPD_STATUS_H
#define PWR_HTTPD_STATUS_H

#include "httpd/server.h"

/* Hooks. */
int pwr_status_translate(request_rec *r);       /* (pre_)translate_name */
int pwr_status_map(request_rec *r);             /* map_to_storage */
int pwr_status_handle(request_rec *r);          /* handler */

#endif
