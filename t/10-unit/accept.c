/* SPDX-License-Identifier: Apache-2.0 */
#include "core/accept.h"

#include "tap.h"

static const struct {
    const char *header;
    int json;
} table[] = {
    { NULL, 0 },
    { "", 0 },
    { "application/json", 1 },
    { "Application/JSON", 1 },
    { "application/json, text/plain, */*", 1 },
    { "text/plain , application/json;q=0.1", 1 },
    { "application/json;version=1;q=0.5", 1 },
    { "application/json ; charset=utf-8", 1 },
    { "text/html;q=0.9,application/json", 1 },
    { "application/json;q=0.9, text/html;q=0.8", 1 },
    { "text/html;q=0, application/json;q=0.001", 1 },
    { "application/json;q=0, application/json", 1 },
    /* Browsers, and who does not care. */
    { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 0 },
    { "*/*", 0 },
    { "application/*", 0 },
    { "text/html, application/json", 0 },
    { "application/json, text/html", 0 },
    { "application/json;q=0.8, text/html;q=0.9", 0 },
    { "application/json;q=0", 0 },
    { "application/json;q=0.000", 0 },
    /* Others, and what is malformed. */
    { "application/jsonp", 0 },
    { "application/json-seq", 0 },
    { "application/problem+json", 0 },
    { "x-application/json", 0 },
    { "application /json", 0 },
    { "application/json q=1", 0 },
    { "application/json;q=2", 0 },
    { "application/json;q=", 0 },
    { "application/json;q=a", 0 },
    { "application/json;q=1.1", 0 },
    { "application/json;;;", 1 },
    { ",,;,application/json,", 1 },
};

int main(void)
{
    tap_begin();
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(pwr_accept_json(table[i].header), table[i].json, "%s",
                table[i].header ? table[i].header : "no header");
    }
    return tap_end();
}
