/* SPDX-License-Identifier: Apache-2.0 */
/* The decision whether a POST is our own: only for the values that say so. */
#include "core/origin.h"

#include <strings.h>

#include "fuzz.h"

#define PUBLIC "https://account.example.org"
#define OWN "http://node1.example.org:8080"

static int is_one_of(const char *value, const char *a, const char *b)
{
    return strcasecmp(value, a) == 0 || strcasecmp(value, b) == 0;
}

/* An input: Sec-Fetch-Site and Origin; "-" stands for no such header. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *site = fuzz_text(pool, &in), *origin = fuzz_text(pool, &in);
    pwr_origin_facts facts = { site, origin, PUBLIC, OWN };

    facts.sec_fetch_site = strcmp(site, "-") == 0 ? NULL : site;
    facts.origin = strcmp(origin, "-") == 0 ? NULL : origin;
    if (!pwr_origin_is_own(&facts)) {
        return;
    }
    if (facts.sec_fetch_site) {
        FUZZ_CLAIM(strcmp(site, "same-origin") == 0
                   || strcmp(site, "none") == 0);
        return;
    }
    FUZZ_CLAIM(!facts.origin || is_one_of(origin, PUBLIC, OWN));
}
