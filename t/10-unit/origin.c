/* SPDX-License-Identifier: Apache-2.0 */
#include "core/origin.h"

#include "tap.h"

#define PUBLIC "https://account.example.org"
#define OWN "http://node1.example.org:8080"

/* One row per value of Origin, one column per value of Sec-Fetch-Site; 'y'
 * takes the POST. */
static const char *const sites[] = {
    "same-origin", "none", "same-site", "cross-site", "Same-Origin", "NONE",
    "same-origin ", "same-origin, same-origin", "user", "", NULL
};

static const struct { const char *origin, *verdicts; } table[] = {
    /* Sec-Fetch-Site:                          absent v */
    { NULL,                                 "yynnnnnnnny" },
    { PUBLIC,                               "yynnnnnnnny" },
    { OWN,                                  "yynnnnnnnny" },
    { "HTTPS://Account.Example.ORG",        "yynnnnnnnny" },
    { "null",                               "yynnnnnnnnn" },
    { "",                                   "yynnnnnnnnn" },
    { " ",                                  "yynnnnnnnnn" },
    { "http://account.example.org",         "yynnnnnnnnn" },
    { "https://account.example.org:443",    "yynnnnnnnnn" },
    { "https://account.example.org:8443",   "yynnnnnnnnn" },
    { "http://node1.example.org",           "yynnnnnnnnn" },
    { "http://node1.example.org:80801",     "yynnnnnnnnn" },
    { "https://node1.example.org:8080",     "yynnnnnnnnn" },
    { PUBLIC "/",                           "yynnnnnnnnn" },
    { PUBLIC ".",                           "yynnnnnnnnn" },
    { PUBLIC ".evil.example",               "yynnnnnnnnn" },
    { PUBLIC "@evil.example",               "yynnnnnnnnn" },
    { PUBLIC ", " PUBLIC,                   "yynnnnnnnnn" },
    { PUBLIC " " PUBLIC,                    "yynnnnnnnnn" },
    { "https://example.org",                "yynnnnnnnnn" },
    { "https://x.account.example.org",      "yynnnnnnnnn" },
    { "https://xaccount.example.org",       "yynnnnnnnnn" },
    { "https://evil.example",               "yynnnnnnnnn" },
    { "account.example.org",                "yynnnnnnnnn" },
    { "https://",                           "yynnnnnnnnn" },
    { "file://",                            "yynnnnnnnnn" },
    { "chrome-extension://abc",             "yynnnnnnnnn" },
};

static void test_combinations(void)
{
    enum { SITES_N = sizeof(sites) / sizeof(*sites) };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        for (size_t j = 0; j < SITES_N; j++) {
            pwr_origin_facts facts = {
                .sec_fetch_site = sites[j],
                .origin = table[i].origin,
                .public_origin = PUBLIC,
                .own_origin = OWN,
            };

            tap_int(pwr_origin_is_own(&facts), table[i].verdicts[j] == 'y',
                    "site %s, origin %s",
                    sites[j] ? sites[j] : "(absent)",
                    table[i].origin ? table[i].origin : "(absent)");
        }
    }
}

static void test_unknown_own(void)
{
    pwr_origin_facts facts = { NULL, PUBLIC, PUBLIC, NULL };

    tap_int(pwr_origin_is_own(&facts), 1, "the public one, own unknown");
    facts.origin = OWN;
    tap_int(pwr_origin_is_own(&facts), 0, "another one, own unknown");
    facts.public_origin = NULL;
    tap_int(pwr_origin_is_own(&facts), 0, "nothing known to compare with");
}

int main(void)
{
    tap_begin();
    test_combinations();
    test_unknown_own();
    return tap_end();
}
