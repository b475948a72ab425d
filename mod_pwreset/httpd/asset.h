/* SPDX-License-Identifier: Apache-2.0 */
/* Style, script and pictures of our pages: files that are compiled in, and that
 * a browser may keep for ever under the version that a page names. */
#ifndef PWR_ASSET_H
#define PWR_ASSET_H

#include "core/builtin.h"
#include "httpd/server.h"

/* Send a file below /assets/, to GET and HEAD. */
int pwr_asset_send(request_rec *r, const pwr_builtin *asset);

#endif
