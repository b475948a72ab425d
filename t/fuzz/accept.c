/* SPDX-License-Identifier: Apache-2.0 */
/* An Accept, as any client sends it. */
#include "core/accept.h"

#include "fuzz.h"

static int has(apr_pool_t *pool, const char *text, const char *word)
{
    char *lower = apr_pstrdup(pool, text);

    for (char *p = lower; *p; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
    }
    return strstr(lower, word) != NULL;
}

static int json(apr_pool_t *pool, const char *text, const char *more)
{
    return pwr_accept_json(apr_pstrcat(pool, text, more, NULL));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in);

    FUZZ_CLAIM(!pwr_accept_json(text) || has(pool, text, "application/json"));
    FUZZ_CLAIM(!json(pool, text, ",text/html"));
    FUZZ_CLAIM(json(pool, text, ",application/json")
               || has(pool, text, "text/html"));
}
