/* SPDX-License-Identifier: Apache-2.0 */
/* Every directive's arguments; the dump says what was set. */
#include "core/conf.h"

#include "fuzz.h"

#define ARGS_MAX 6

static int args_n(const char *const *argv)
{
    int n = 0;

    while (argv[n]) {
        n++;
    }
    return n;
}

/* The uses that pwr_conf_uses() names make the same conf once more. */
static void look_uses(apr_pool_t *pool, const pwr_conf *conf,
                      const pwr_conf_row *row)
{
    apr_array_header_t *uses = pwr_conf_uses(pool, conf, row), *again;
    pwr_conf *other = pwr_conf_make(pool);

    FUZZ_CLAIM(uses->nelts > 0);
    for (int i = 0; i < uses->nelts; i++) {
        const char *const *argv = APR_ARRAY_IDX(uses, i, const char **);

        FUZZ_CLAIM(!pwr_conf_set(pool, other, row, args_n(argv), argv));
    }
    again = pwr_conf_uses(pool, other, row);
    FUZZ_CLAIM(again->nelts == uses->nelts);
    for (int i = 0; i < uses->nelts; i++) {
        const char *const *a = APR_ARRAY_IDX(uses, i, const char **);
        const char *const *b = APR_ARRAY_IDX(again, i, const char **);

        FUZZ_CLAIM(args_n(a) == args_n(b));
        for (; *a; a++, b++) {
            FUZZ_CLAIM(fuzz_same(*a, *b));
        }
    }
}

/* An input: the directive's name, its arguments. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const pwr_conf_row *row = pwr_conf_row_find(fuzz_text(pool, &in));
    pwr_conf *conf = pwr_conf_make(pool);
    const char *argv[ARGS_MAX + 1] = { NULL };
    int argc = 0;
    const char *problem;

    while (in.len > 0 && argc < ARGS_MAX) {
        argv[argc++] = fuzz_text(pool, &in);
    }
    if (!row) {
        return;
    }
    problem = pwr_conf_set(pool, conf, row, argc, argv);
    if (problem) {
        FUZZ_CLAIM(*problem && !conf->set[row - pwr_conf_rows]);
        return;
    }
    look_uses(pool, conf, row);
    pwr_conf_defaults(pool, conf);
    FUZZ_CLAIM(conf->set[row - pwr_conf_rows]);
}
