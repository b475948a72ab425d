/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a preset, taken into a conf of which an admin said something. */
#include "core/preset.h"

#include "fuzz.h"

/* An input: the text, a prefix or none. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    static const char *const own[] = { "/own", NULL };
    const pwr_conf_row *row = pwr_conf_row_find("PwResetLoginURL");
    const char *text = fuzz_text(pool, &in);
    const char *prefix = fuzz_text_or_null(pool, &in);
    pwr_conf *conf = pwr_conf_make(pool);
    const char *fault;

    pwr_conf_set(pool, conf, row, 1, own);
    fault = pwr_preset_take(pool, text, prefix, conf);
    FUZZ_CLAIM(fuzz_same(conf->login_url, "/own"));
    FUZZ_CLAIM(!fault || strncmp(fault, "line ", 5) == 0);
    for (row = pwr_conf_rows; row->name; row++) {
        pwr_said said = (pwr_said)conf->set[row - pwr_conf_rows];

        FUZZ_CLAIM(said != PWR_SAID_BY_PRESET
                   || (!fault && row->scope == PWR_SCOPE_VHOST));
    }
    FUZZ_CLAIM(!conf->insist && !conf->preset[0] && !conf->templates[0]);
    FUZZ_CLAIM(!conf->hook && !conf->sendmail);
    pwr_conf_defaults(pool, conf);
}
