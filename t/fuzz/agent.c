/* SPDX-License-Identifier: Apache-2.0 */
/* A User-Agent in words: nothing of the header itself is shown. */
#include "core/agent.h"

#include "fuzz.h"

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *header = fuzz_text(pool, &in);
    const char *words = pwr_agent_words(pool, header);

    FUZZ_CLAIM(!words || (*words && strlen(words) <= 40));
    FUZZ_CLAIM(!words || words[strspn(words, "abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ, ")]
                             == '\0');
    FUZZ_CLAIM(fuzz_same(pwr_agent_words(pool, apr_pstrcat(pool, header, " x",
                                                           NULL)), words));
}
