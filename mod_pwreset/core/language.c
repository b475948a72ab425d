/* SPDX-License-Identifier: Apache-2.0 */
#include "core/language.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>

#include "core/accept.h"

#define QUALITY_UNNAMED 0
#define QUALITY_REFUSED (-1)        /* "q=0" */

/* One element of the header: "ru-RU;q=0.9". */
typedef struct range {
    const char *tag;
    size_t primary_len;             /* of "ru" */
    int quality;
} range;

/* What a header says about one language. */
typedef struct wish {
    int quality;
    size_t position;                /* of the element that says it */
} wish;

/* Length of the primary tag.  A user's stored language may be a locale's name
 * ("ru_RU.UTF-8"). */
static size_t primary_len(const char *tag, const char *end)
{
    const char *p = tag;

    while (p < end && !strchr("-_.@", *p)) {
        p++;
    }
    return (size_t)(p - tag);
}

const char *pwr_language_enabled(const char *const *enabled, const char *tag)
{
    size_t len = tag ? primary_len(tag, tag + strlen(tag)) : 0;

    for (; len > 0 && *enabled; enabled++) {
        if (strlen(*enabled) == len
            && apr_cstr_casecmpn(*enabled, tag, len) == 0) {
            return *enabled;
        }
    }
    return NULL;
}

/* Read the element from `p` to `end`; zero when it is malformed. */
static int read_range(const char *p, const char *end, range *out)
{
    out->tag = p = pwr_accept_skip_blanks(p, end);
    while (p < end && (apr_isalnum(*p) || *p == '-' || *p == '*')) {
        p++;
    }
    out->primary_len = primary_len(out->tag, p);
    out->quality = PWR_QUALITY_MAX;
    p = pwr_accept_skip_blanks(p, end);
    if (p < end && *p == ';') {
        p = pwr_accept_skip_blanks(p + 1, end);
        if (end - p < 2 || (*p != 'q' && *p != 'Q') || p[1] != '=') {
            return 0;
        }
        p = pwr_accept_qvalue(p + 2, end, &out->quality);
    }
    if (out->quality == 0) {
        out->quality = QUALITY_REFUSED;
    }
    return p && pwr_accept_skip_blanks(p, end) == end;
}

static void keep_better(wish *best, int quality, size_t position)
{
    if (best->position == SIZE_MAX || quality > best->quality) {
        best->quality = quality;
        best->position = position;
    }
}

/* One pass over the header, so the work is languages times its length. */
static wish find_wish(const char *header, const char *language)
{
    wish named = { QUALITY_UNNAMED, SIZE_MAX }, any = named;
    size_t len = strlen(language);

    for (const char *p = header, *end; *p; p = *end ? end + 1 : end) {
        range element;

        end = p + strcspn(p, ",");
        if (!read_range(p, end, &element)) {
            continue;
        }
        if (element.primary_len == 1 && *element.tag == '*') {
            keep_better(&any, element.quality, (size_t)(p - header));
        }
        else if (element.primary_len == len
                 && apr_cstr_casecmpn(element.tag, language, len) == 0) {
            keep_better(&named, element.quality, (size_t)(p - header));
        }
    }
    return named.position != SIZE_MAX ? named : any;
}

const char *pwr_language_accept(const char *const *enabled,
                                const char *header)
{
    const char *best = NULL;
    wish best_wish = { INT_MIN, SIZE_MAX };

    for (; header && *enabled; enabled++) {
        wish found = find_wish(header, *enabled);

        if (found.quality > best_wish.quality
            || (found.quality == best_wish.quality
                && found.position < best_wish.position)) {
            best = *enabled;
            best_wish = found;
        }
    }
    return best ? best : *enabled;
}
