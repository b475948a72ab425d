/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a preset: our directives, as httpd.conf has them, a line each (a
 * backslash at its end goes on), with {prefix} for what the names of tables
 * begin with, and # comments.  Only what a site may say of its user table has a
 * place in it: nothing that is the server's or the site's own, no files, no
 * consent.
 * Pure; the input is an admin's. */
#ifndef PWR_PRESET_H
#define PWR_PRESET_H

#include "core/conf.h"

/* Take into `conf` what the preset says and the admin has not said; what he
 * says later replaces it, lists too.  `prefix` may be NULL.
 * Returns NULL, or a sentence for the admin that begins with the line. */
const char *pwr_preset_take(apr_pool_t *pool, const char *text,
                            const char *prefix, pwr_conf *conf);

#endif
