/* SPDX-License-Identifier: Apache-2.0 */
#include "core/agent.h"

#include <string.h>

#include <apr_strings.h>

/* What a header contains, and what it is called.  The first row that fits
 * counts: nearly every browser also claims to be Mozilla, Chrome and Safari. */
typedef struct mark {
    const char *token;
    const char *name;
} mark;

static const mark browsers[] = {
    { "YaBrowser/", "Yandex Browser" },
    { "Edg/", "Edge" }, { "EdgA/", "Edge" }, { "EdgiOS/", "Edge" },
    { "OPR/", "Opera" },
    { "SamsungBrowser/", "Samsung Internet" },
    { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" },
    { "Chrome/", "Chrome" }, { "CriOS/", "Chrome" },
    { "Safari/", "Safari" },
    { "curl/", "curl" },
    { NULL, NULL }
};

static const mark systems[] = {
    { "iPhone", "iPhone" }, { "iPad", "iPad" },
    { "Android", "Android" },
    { "Windows NT", "Windows" },
    { "Mac OS X", "macOS" },
    { "CrOS", "ChromeOS" },
    { "Linux", "Linux" },
    { NULL, NULL }
};

static const char *name_in(const mark *marks, const char *header)
{
    while (marks->token && !strstr(header, marks->token)) {
        marks++;
    }
    return marks->name;
}

const char *pwr_agent_words(apr_pool_t *pool, const char *header)
{
    const char *browser = header ? name_in(browsers, header) : NULL;
    const char *system = header ? name_in(systems, header) : NULL;

    if (browser && system) {
        return apr_pstrcat(pool, browser, ", ", system, NULL);
    }
    return browser ? browser : system;
}
