/* SPDX-License-Identifier: Apache-2.0 */
/* PwResetPreset: the preset of a name is one of conf/presets/, which are
 * compiled in as htdocs/ is, so that it fits this module; one with a path is a
 * file of the admin's. */
#ifndef PWR_FLOW_PRESET_H
#define PWR_FLOW_PRESET_H

#include "core/conf.h"

/* Take into `conf` what the preset says that its PwResetPreset names.
 * Returns NULL, or a sentence for the admin without the directive's name. */
const char *pwr_preset_load(apr_pool_t *pool, pwr_conf *conf);

#endif
