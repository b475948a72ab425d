/* SPDX-License-Identifier: Apache-2.0 */
/* The name and the network that attempts to sign in are counted under. */
#include "core/guess.h"

#include "core/network.h"
#include "core/text.h"
#include "fuzz.h"

static void look_network(const void *address, size_t len)
{
    pwr_network nets[PWR_NETWORKS_MAX];
    int n = pwr_network_of(address, len, nets);

    FUZZ_CLAIM(n >= 1 && n <= PWR_NETWORKS_MAX);
    for (int i = 0; i < n; i++) {
        FUZZ_CLAIM(nets[i].len >= 1 && nets[i].len <= sizeof(nets[i].bytes)
                   && nets[i].bytes[0] == nets[i].len - 1);
        FUZZ_CLAIM(i == 0 || nets[i].len < nets[i - 1].len);
    }
    FUZZ_CLAIM(len == 4 || len == 16
               || !pwr_network_is_private(address, len));
}

/* An input: a name, then an address as text. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *typed, *name, *network, *found_by;

    look_network(in.bytes, in.len);
    typed = fuzz_text(pool, &in);
    name = pwr_guess_name(pool, typed);
    FUZZ_CLAIM(pwr_text_is_utf8(name, strlen(name)));
    FUZZ_CLAIM(fuzz_same(pwr_guess_name(pool, name), name));
    FUZZ_CLAIM(fuzz_same(pwr_guess_name(pool, apr_pstrcat(pool, " ", typed,
                                                          "\t", NULL)),
                         name));
    /* Spellings of one login are one name, or each has slots of its own. */
    found_by = pwr_text_canonical(pool, typed);
    FUZZ_CLAIM(fuzz_same(name, found_by ? pwr_guess_name(pool, found_by)
                                        : ""));
    network = pwr_guess_network(pool, fuzz_text(pool, &in));
    FUZZ_CLAIM(network[strspn(network, "0123456789abcdef")] == '\0'
               && strlen(network) <= 32);
}
