/* SPDX-License-Identifier: Apache-2.0 */
/* Return addresses: what is accepted stays on the host, in the eyes of a
 * browser and of a proxy that decodes once more. */
#include "core/url.h"

#include "fuzz.h"

/* Does a browser read `target`, seen from a page on a host of ours, as an
 * address with a host of its own (WHATWG URL 4.4)?  Tabs and line ends are
 * dropped everywhere, controls and blanks at the ends; backslashes are
 * slashes. */
static int has_host(apr_pool_t *pool, const char *target)
{
    char *text = apr_pstrdup(pool, target), *to = text;
    const char *p = text;

    while (*p && (unsigned char)*p <= ' ') {
        p++;
    }
    for (; *p; p++) {
        if (!strchr("\t\n\r", *p)) {
            *to++ = *p == '\\' ? '/' : *p;
        }
    }
    *to = '\0';
    p = text + strspn(text, "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");
    return *p == ':' || strncmp(text, "//", 2) == 0;
}

/* Dot segments taken out as a tidy proxy does, empty ones kept. */
static char *tidied(apr_pool_t *pool, const char *path)
{
    char *out = apr_pcalloc(pool, strlen(path) + 2);
    size_t len = 0;

    while (*path) {
        size_t n = strcspn(path + 1, "/") + 1;

        if (n == 3 && strncmp(path, "/..", 3) == 0) {
            while (len > 0 && out[--len] != '/') {
            }
        }
        else if (n != 2 || path[1] != '.') {
            memcpy(out + len, path, n);
            len += n;
        }
        path += n;
    }
    out[len] = '\0';
    return out;
}

static void look(apr_pool_t *pool, const char *target)
{
    char *decoded = apr_pstrdup(pool, target);
    size_t path_len = strcspn(target, "?#"), len;

    FUZZ_CLAIM(*target == '/' && strlen(target) <= 2000);
    FUZZ_CLAIM(!has_host(pool, target));
    for (const char *p = target; *p; p++) {
        FUZZ_CLAIM(*p > ' ' && *p <= '~' && *p != '\\' && *p != '"');
    }
    FUZZ_CLAIM(pwr_url_decode(decoded, path_len, &len));
    decoded[len] = '\0';
    FUZZ_CLAIM(strlen(decoded) == len && !has_host(pool, decoded));
    for (char *p = decoded; *p; p++) {
        *p = *p == '\\' ? '/' : *p;
    }
    FUZZ_CLAIM(!has_host(pool, tidied(pool, decoded)));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *target = fuzz_text(pool, &in);

    if (pwr_url_is_local(target)) {
        look(pool, target);
    }
}
