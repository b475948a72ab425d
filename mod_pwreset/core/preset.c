/* SPDX-License-Identifier: Apache-2.0 */
#include "core/preset.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "core/text.h"

#define PREFIX_MARK "{prefix}"

/* The next line, with those that it goes on in; NULL: there is none. */
static char *line_next(apr_pool_t *pool, const char **rest, int *number)
{
    char *line = apr_pstrdup(pool, "");

    while (**rest) {
        size_t len = strcspn(*rest, "\n");
        int goes_on = len > 0 && (*rest)[len - 1] == '\\';

        line = apr_pstrcat(pool, line, apr_pstrmemdup(
                               pool, *rest, len - (size_t)goes_on), NULL);
        *rest += len + ((*rest)[len] == '\n');
        ++*number;
        if (!goes_on) {
            return line;
        }
    }
    return *line ? line : NULL;
}

/* Not for one who writes a file that others use for their tables. */
static int is_out_of_place(const pwr_conf_row *row)
{
    return row->scope != PWR_SCOPE_VHOST || row->kind == PWR_KIND_PRESET
        || row->kind == PWR_KIND_FILE || row->kind == PWR_KIND_LOG
        || row->kind == PWR_KIND_FOLDER
        || row->offset == offsetof(pwr_conf, insist);
}

static const char *line_take(apr_pool_t *pool, const char *line,
                             pwr_conf *made)
{
    const pwr_conf_row *row;
    const char *fault;
    char **argv;
    int argc = 0;

    if (apr_tokenize_to_argv(line, &argv, pool) != APR_SUCCESS || !argv[0]) {
        return NULL;
    }
    while (argv[argc]) {
        argc++;
    }
    row = pwr_conf_row_find(argv[0]);
    if (!row) {
        return apr_psprintf(pool, "%s is no directive of mod_pwreset",
                            pwr_text_printable(pool, argv[0], 40));
    }
    if (is_out_of_place(row)) {
        return apr_psprintf(pool, "%s has no place in a preset", row->name);
    }
    fault = pwr_conf_set(pool, made, row, argc - 1,
                         (const char *const *)argv + 1);
    return fault ? apr_pstrcat(pool, row->name, " ", fault, NULL) : NULL;
}

const char *pwr_preset_take(apr_pool_t *pool, const char *text,
                            const char *prefix, pwr_conf *conf)
{
    const char *rest = pwr_text_replace(
        pool, pwr_text_replace(pool, pwr_text_unmarked(text), "\r\n", "\n"),
        PREFIX_MARK, prefix ? prefix : "");
    pwr_conf *made = pwr_conf_make(pool);
    const char *line, *fault;
    int number = 0;

    while ((line = line_next(pool, &rest, &number)) != NULL) {
        line += strspn(line, " \t");
        fault = *line == '#' || !*line ? NULL : line_take(pool, line, made);
        if (fault) {
            return apr_psprintf(pool, "line %d: %s", number, fault);
        }
    }
    pwr_conf_take_preset(conf, made);
    return NULL;
}
