/* SPDX-License-Identifier: Apache-2.0 */
#include "core/preset.h"

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

/* Nothing that runs a program, reads a file or speaks for the site. */
static const char *const in_place[] = {
    "PwResetUserQuery", "PwResetLoginQuery", "PwResetIdQuery",
    "PwResetListQuery", "PwResetGroupQuery", "PwResetPasswordUpdate",
    "PwResetAfterChange", "PwResetRefuse", "PwResetIdentify",
    "PwResetPasswordScheme", "PwResetDefaultScheme", "PwResetRehash",
    "PwResetLogin", "PwResetLoginURL", NULL
};

static int is_in_place(const pwr_conf_row *row)
{
    for (int i = 0; in_place[i]; i++) {
        if (strcmp(row->name, in_place[i]) == 0) {
            return 1;
        }
    }
    return 0;
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
    if (!is_in_place(row)) {
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
