/* SPDX-License-Identifier: Apache-2.0 */
#include "core/origin.h"

#include <string.h>

#include "core/text.h"

int pwr_origin_is_own(const pwr_origin_facts *facts)
{
    const char *site = facts->sec_fetch_site;

    /* No script can set this header, so where it stands it alone decides; a
     * value we do not know is from a browser that knows more than we do. */
    if (site) {
        return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
    }
    if (!facts->origin) {
        return 1;
    }
    return pwr_text_same(facts->origin, facts->public_origin)
        || pwr_text_same(facts->origin, facts->own_origin);
}
