/* SPDX-License-Identifier: Apache-2.0 */
/* PwResetPasswordScheme's value. */
#include "core/scheme.h"

#include "fuzz.h"

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in), *problem, *shown;
    pwr_scheme scheme, again;

    problem = pwr_scheme_parse(pool, text, &scheme);
    FUZZ_CLAIM((problem != NULL) == (scheme.kind == PWR_SCHEME_NONE));
    if (problem) {
        return;
    }
    shown = pwr_scheme_show(pool, &scheme);
    FUZZ_CLAIM(!pwr_scheme_parse(pool, shown, &again));
    FUZZ_CLAIM(again.kind == scheme.kind && again.cost == scheme.cost);
    FUZZ_CLAIM(fuzz_same(pwr_scheme_show(pool, &again), shown));
    FUZZ_CLAIM(pwr_scheme_bytes_max(&scheme) >= PWR_BCRYPT_BYTES_MAX);
}
