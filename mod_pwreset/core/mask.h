/* SPDX-License-Identifier: Apache-2.0 */
/* Error texts of other programs for a page that names nobody.  Pure. */
#ifndef PWR_MASK_H
#define PWR_MASK_H

#include <apr_pools.h>

/* `text` with "[address]" for whatever has the shape of a mail address, and
 * "[name]" for each word that is one of `names` (ends with NULL), or what
 * stands before its @, in any ASCII case.  \xHH is read as that byte, so the
 * result may hold any.  NULL for NULL. */
const char *pwr_mask_people(apr_pool_t *pool, const char *text,
                            const char *const *names);

#endif
