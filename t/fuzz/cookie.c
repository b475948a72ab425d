/* SPDX-License-Identifier: Apache-2.0 */
/* The Cookie header: ours is found, and gone from what others see. */
#include "core/cookie.h"

#include "fuzz.h"

#define NAME "pwr-0123ab"

static void look_removed(apr_pool_t *pool, const char *header)
{
    const char *left = pwr_cookie_remove(pool, header, NAME);

    FUZZ_CLAIM(!left || strlen(left) <= strlen(header));
    FUZZ_CLAIM(!left || !pwr_cookie_find(pool, left, NAME));
    FUZZ_CLAIM(fuzz_same(left ? pwr_cookie_remove(pool, left, NAME) : NULL,
                         left));
}

/* What we set comes back as it was, beside whatever else is there. */
static void look_set(apr_pool_t *pool, const char *value, const char *header)
{
    const char *set = pwr_cookie_set(pool, NAME, value, 600, 1);
    const char *others = pwr_cookie_remove(pool, header, NAME);
    char *pair = apr_pstrmemdup(pool, set, strcspn(set, ";"));

    FUZZ_CLAIM(fuzz_same(set + strlen(pair), "; Path=/; HttpOnly; SameSite=Lax"
                                             "; Secure; Max-Age=600"));
    for (const char *p = set; *p; p++) {
        FUZZ_CLAIM(*p >= ' ' && *p <= '~');
    }
    FUZZ_CLAIM(fuzz_same(pwr_cookie_find(pool, pair, NAME), value));
    pair = apr_pstrcat(pool, pair, "; ", others ? others : "", NULL);
    FUZZ_CLAIM(fuzz_same(pwr_cookie_find(pool, pair, NAME), value));
}

/* A cookie planted beside ours with another value takes ours away. */
static void look_planted(apr_pool_t *pool, const char *header)
{
    const char *found = pwr_cookie_find(pool, header, NAME);

    if (found) {
        FUZZ_CLAIM(!pwr_cookie_find(pool, apr_pstrcat(pool, header, ";" NAME
                                                      "=%20planted", NULL),
                                    NAME)
                   || strcmp(found, " planted") == 0);
    }
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *header = fuzz_text(pool, &in), *value = fuzz_text(pool, &in);

    look_removed(pool, header);
    look_set(pool, value, header);
    look_planted(pool, header);
}
