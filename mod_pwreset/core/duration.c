/* SPDX-License-Identifier: Apache-2.0 */
#include "core/duration.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define SECONDS_MAX (INT64_C(100) * 366 * 86400)

static int64_t unit_sec(const char *unit)
{
    static const struct { const char *name; int64_t sec; } units[] = {
        { "", 1 }, { "s", 1 }, { "sec", 1 }, { "min", 60 }, { "m", 60 },
        { "mi", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 },
        { NULL, 0 }
    };

    for (int i = 0; units[i].name; i++) {
        if (strcmp(units[i].name, unit) == 0) {
            return units[i].sec;
        }
    }
    return -1;
}

int64_t pwr_duration_sec(const char *text)
{
    char *end;
    int64_t number, unit;

    if (!apr_isdigit(*text)) {
        return -1;
    }
    number = apr_strtoi64(text, &end, 10);
    unit = unit_sec(end);
    if (unit < 0 || number > SECONDS_MAX / unit) {
        return -1;
    }
    return number * unit;
}
