/* SPDX-License-Identifier: Apache-2.0 */
#include "core/accept.h"

#include <stddef.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>

const char *pwr_accept_qvalue(const char *p, const char *end, int *quality)
{
    int weight = PWR_QUALITY_MAX;

    if (p >= end || (*p != '0' && *p != '1')) {
        return NULL;
    }
    *quality = (*p++ - '0') * weight;
    if (p < end && *p == '.') {
        for (p++; p < end && apr_isdigit(*p) && weight > 1; p++) {
            weight /= 10;
            *quality += (*p - '0') * weight;
        }
    }
    return *quality <= PWR_QUALITY_MAX ? p : NULL;
}

const char *pwr_accept_skip_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }
    return p;
}

/* One parameter behind its semicolon.  Returns where it ends; NULL when it is
 * a quality that is none. */
static const char *read_parameter(const char *p, const char *end,
                                  int *quality)
{
    p = pwr_accept_skip_blanks(p, end);
    if (end - p >= 2 && apr_tolower(*p) == 'q' && p[1] == '=') {
        return pwr_accept_qvalue(p + 2, end, quality);
    }
    while (p < end && *p != ';') {
        p++;
    }
    return p;
}

/* The quality of the element from `p` to `end` where it names `type`; 0 where
 * it names another, or is malformed. */
static int read_element(const char *p, const char *end, const char *type)
{
    size_t len = strlen(type);
    int quality = PWR_QUALITY_MAX;

    p = pwr_accept_skip_blanks(p, end);
    if ((size_t)(end - p) < len || apr_cstr_casecmpn(p, type, len) != 0) {
        return 0;
    }
    p = pwr_accept_skip_blanks(p + len, end);
    while (p && p < end) {
        p = *p == ';' ? read_parameter(p + 1, end, &quality) : NULL;
        p = p ? pwr_accept_skip_blanks(p, end) : NULL;
    }
    return p ? quality : 0;
}

static int quality_of(const char *header, const char *type)
{
    int best = 0;

    for (const char *p = header, *end; *p; p = *end ? end + 1 : end) {
        int quality;

        end = p + strcspn(p, ",");
        quality = read_element(p, end, type);
        best = quality > best ? quality : best;
    }
    return best;
}

int pwr_accept_json(const char *header)
{
    return header && quality_of(header, "application/json")
                         > quality_of(header, "text/html");
}
