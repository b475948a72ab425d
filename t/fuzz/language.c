/* SPDX-License-Identifier: Apache-2.0 */
/* Accept-Language, and a tag. */
#include "core/language.h"

#include "core/text.h"
#include "fuzz.h"

static const char *const enabled[] = { "en", "ru", "de", NULL };

static int is_enabled(const char *tag)
{
    const char *const *one = enabled;

    while (*one && *one != tag) {
        one++;
    }
    return *one != NULL;
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *header = fuzz_text(pool, &in);
    const char *found = pwr_language_accept(enabled, header);
    const char *tag = pwr_language_enabled(enabled, header);

    FUZZ_CLAIM(is_enabled(found));
    FUZZ_CLAIM(!tag || (is_enabled(tag)
                        && strncmp(header, "EN", 2) != 0
                               ? pwr_text_same(apr_pstrmemdup(pool, header, 2),
                                               tag)
                               : tag == enabled[0]));
    /* A malformed element is passed over, an unknown language too. */
    FUZZ_CLAIM(pwr_language_accept(enabled, apr_pstrcat(pool, header, ",;;",
                                                        NULL)) == found);
    FUZZ_CLAIM(pwr_language_accept(enabled, apr_pstrcat(pool, "zz,", header,
                                                        NULL)) == found);
}
