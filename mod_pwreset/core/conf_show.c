/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf_kind.h"

#include <apr_strings.h>

static void add_use(apr_array_header_t *uses, const char *a, const char *b)
{
    const char **argv = apr_pcalloc(uses->pool, 3 * sizeof(*argv));

    argv[0] = a;
    argv[1] = b;
    APR_ARRAY_PUSH(uses, const char **) = argv;
}

static const char *number_text(apr_pool_t *pool, int64_t number)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)number);
}

static void use_flag(apr_array_header_t *uses, const void *slot)
{
    add_use(uses, *(const int *)slot ? "On" : "Off", NULL);
}

static void use_text(apr_array_header_t *uses, const void *slot)
{
    if (*(const char *const *)slot) {
        add_use(uses, *(const char *const *)slot, NULL);
    }
}

static void use_number(apr_array_header_t *uses, const void *slot)
{
    add_use(uses, number_text(uses->pool, *(const int *)slot), NULL);
}

static void use_pair(apr_array_header_t *uses, const void *slot)
{
    const int *pair = slot;

    if (pair[0]) {
        add_use(uses, number_text(uses->pool, pair[0]),
                pair[1] ? number_text(uses->pool, pair[1]) : NULL);
    }
}

static void use_seconds(apr_array_header_t *uses, const void *slot)
{
    add_use(uses, number_text(uses->pool, *(const int64_t *)slot), NULL);
}

static void use_words(apr_array_header_t *uses, const void *slot)
{
    if (*(const char **const *)slot) {
        APR_ARRAY_PUSH(uses, const char **) = *(const char **const *)slot;
    }
}

static void use_sqls(apr_array_header_t *uses, const void *slot)
{
    const char **sql = *(const char **const *)slot;

    for (; sql && *sql; sql++) {
        add_use(uses, *sql, NULL);
    }
}

static void use_groups(apr_array_header_t *uses, const void *slot)
{
    const pwr_group_policy **groups = *(const pwr_group_policy **const *)slot;

    for (; groups && *groups; groups++) {
        APR_ARRAY_PUSH(uses, const char **) = pwr_group_policy_show(
            uses->pool, *groups);
    }
}

static void use_scheme(apr_array_header_t *uses, const void *slot)
{
    add_use(uses, pwr_scheme_show(uses->pool, slot), NULL);
}

static void use_classes(apr_array_header_t *uses, const void *slot)
{
    const char **argv = apr_pcalloc(uses->pool, 5 * sizeof(*argv));
    const pwr_conf_word *word;
    int n = 0;

    for (word = pwr_conf_class_words; word->name; word++) {
        if (*(const unsigned *)slot & word->bits) {
            argv[n++] = word->name;
        }
    }
    if (n == 0) {
        argv[0] = "none";
    }
    APR_ARRAY_PUSH(uses, const char **) = argv;
}

static void use_identify(apr_array_header_t *uses, const void *slot)
{
    static const char *const pages[] = { "login", "forgot" };
    const int *bits = slot;

    for (int page = 0; page < 2; page++) {
        const pwr_conf_word *word = pwr_conf_identify_words;

        while (word->name && (int)word->bits != bits[page]) {
            word++;
        }
        if (word->name) {
            add_use(uses, pages[page], word->name);
        }
    }
}

static void use_folder(apr_array_header_t *uses, const void *slot)
{
    const char *const *pair = slot;

    if (pair[0]) {
        add_use(uses, pair[0], pair[1]);
    }
}

static void use_refusals(apr_array_header_t *uses, const void *slot)
{
    const char **pair = *(const char **const *)slot;

    for (; pair && *pair; pair += 2) {
        add_use(uses, pair[0], pair[1]);
    }
}

static void use_limits(apr_array_header_t *uses, const void *slot)
{
    const pwr_rate *rate = slot;

    for (int i = PWR_LIMIT_NONE + 1; i < PWR_LIMITS_N; i++) {
        const char **argv = apr_pcalloc(uses->pool, 4 * sizeof(*argv));

        argv[0] = pwr_limit_name((pwr_limit_class)i);
        argv[1] = pwr_rate_show(uses->pool, &rate[i]);
        argv[2] = rate[i].burst == rate[i].count
            ? NULL : number_text(uses->pool, rate[i].burst);
        if (rate[i].period_sec) {
            APR_ARRAY_PUSH(uses, const char **) = argv;
        }
    }
}

static void use_colors(apr_array_header_t *uses, const void *slot)
{
    const pwr_palette *palette = slot;

    for (int hue = 0; hue < PWR_HUES_N; hue++) {
        const char **argv = apr_pcalloc(uses->pool, 4 * sizeof(*argv));

        argv[0] = pwr_palette_name((pwr_hue)hue);
        for (int i = 0; i < PWR_DAYTIMES_N; i++) {
            argv[1 + i] = palette->set[i] >> hue & 1
                ? pwr_color_show(uses->pool, palette->color[i][hue]) : NULL;
        }
        if (argv[1]) {
            APR_ARRAY_PUSH(uses, const char **) = argv;
        }
    }
}

static void (*const users[])(apr_array_header_t *, const void *) = {
    [PWR_KIND_FLAG] = use_flag,
    [PWR_KIND_TEXT] = use_text,
    [PWR_KIND_PATH] = use_text,
    [PWR_KIND_URL] = use_text,
    [PWR_KIND_ADDRESS] = use_text,
    [PWR_KIND_NUMBER] = use_number,
    [PWR_KIND_PAIR] = use_pair,
    [PWR_KIND_RANGE] = use_pair,
    [PWR_KIND_SECONDS] = use_seconds,
    [PWR_KIND_WORDS] = use_words,
    [PWR_KIND_SQL] = use_text,
    [PWR_KIND_SQLS] = use_sqls,
    [PWR_KIND_SCHEME] = use_scheme,
    [PWR_KIND_BRACED] = use_text,
    [PWR_KIND_CLASSES] = use_classes,
    [PWR_KIND_IDENTIFY] = use_identify,
    [PWR_KIND_FILE] = use_text,
    [PWR_KIND_LOG] = use_text,
    [PWR_KIND_FILES] = use_folder,
    [PWR_KIND_FOLDER] = use_folder,
    [PWR_KIND_PRESET] = use_folder,
    [PWR_KIND_REFUSALS] = use_refusals,
    [PWR_KIND_GROUPS] = use_groups,
    [PWR_KIND_COLORS] = use_colors,
    [PWR_KIND_LIMITS] = use_limits,
};

apr_array_header_t *pwr_conf_uses(apr_pool_t *pool, const pwr_conf *conf,
                                  const pwr_conf_row *row)
{
    apr_array_header_t *uses = apr_array_make(pool, 1, sizeof(const char **));

    /* A number that nobody set and that has no default is worked out. */
    if (conf->set[row - pwr_conf_rows] || row->standard
        || row->kind != PWR_KIND_SECONDS) {
        users[row->kind](uses, pwr_conf_slot(conf, row));
    }
    return uses;
}
