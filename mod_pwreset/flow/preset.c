/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/preset.h"

#include <string.h>

#include <apr_strings.h>

#include "core/builtin.h"
#include "core/preset.h"
#include "io/file.h"

#define FOLDER "presets/"
#define EXTENSION ".conf"

/* "authn-dbd, bitrix, ..." */
static const char *names(apr_pool_t *pool)
{
    const char *list = "";

    for (const pwr_builtin *file = pwr_builtins; file->path; file++) {
        const char *name = file->path + strlen(FOLDER);

        if (strncmp(file->path, FOLDER, strlen(FOLDER)) == 0) {
            list = apr_pstrcat(pool, list, *list ? ", " : "",
                               apr_pstrmemdup(pool, name, strlen(name)
                                              - strlen(EXTENSION)), NULL);
        }
    }
    return list;
}

static const char *text_find(apr_pool_t *pool, const char *name,
                             const char **text)
{
    const pwr_builtin *shipped;
    pwr_file own;

    if (*name == '/') {
        pwr_file_read_admins(pool, name, &own);
        *text = own.bytes;
        return !own.reason ? NULL
            : apr_psprintf(pool, "%s cannot be used: %s", name, own.reason);
    }
    shipped = pwr_builtin_find(apr_pstrcat(pool, FOLDER, name, EXTENSION,
                                           NULL));
    *text = shipped ? shipped->bytes : NULL;
    return shipped ? NULL
        : apr_psprintf(pool, "%s is not known: there are %s, and files of "
                       "yours by their whole paths", name, names(pool));
}

const char *pwr_preset_load(apr_pool_t *pool, pwr_conf *conf)
{
    const char *name = conf->preset[0], *text;
    const char *fault = text_find(pool, name, &text);

    if (fault) {
        return fault;
    }
    fault = pwr_preset_take(pool, text, conf->preset[1], conf);
    return fault ? apr_psprintf(pool, "%s: %s", name, fault) : NULL;
}
