/* SPDX-License-Identifier: Apache-2.0 */
/* What another program said, for a page that names nobody: no address is left,
 * nor the name that is known. */
#include "core/mask.h"

#include "fuzz.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LONGEST "[address]"

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in), *name = fuzz_text(pool, &in);
    const char *const names[] = { name, NULL };
    const char *masked = pwr_mask_people(pool, text, names);

    FUZZ_CLAIM(!strchr(masked, '@'));
    FUZZ_CLAIM(strlen(masked) <= strlen(LONGEST) * strlen(text));
    if (*name && name[strspn(name, LETTERS)] == '\0') {
        masked = pwr_mask_people(pool, apr_pstrcat(pool, "to (", name, "): ",
                                                   text, NULL), names);
        FUZZ_CLAIM(strncmp(masked, "to ([name]): ", 13) == 0
                   || strcasecmp(name, "to") == 0);
    }
}
