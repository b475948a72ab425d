/* SPDX-License-Identifier: Apache-2.0 */
#include "core/network.h"

#include <arpa/inet.h>

#include "tap.h"

static size_t parse(const char *text, unsigned char bytes[16])
{
    if (inet_pton(AF_INET6, text, bytes) == 1) {
        return 16;
    }
    return inet_pton(AF_INET, text, bytes) == 1 ? 4 : 0;
}

/* How many of the networks of two addresses are the same. */
static int shared(const char *a, const char *b)
{
    unsigned char bytes[16];
    pwr_network of_a[PWR_NETWORKS_MAX], of_b[PWR_NETWORKS_MAX];
    int a_n = pwr_network_parse(a, of_a);
    int b_n = pwr_network_of(bytes, parse(b, bytes), of_b);
    int n = 0;

    for (int i = 0; i < a_n; i++) {
        for (int k = 0; k < b_n; k++) {
            n += of_a[i].len == of_b[k].len
                && memcmp(of_a[i].bytes, of_b[k].bytes, of_a[i].len) == 0;
        }
    }
    return n;
}

static void test_networks(void)
{
    static const struct { const char *a, *b; int shared; } table[] = {
        { "192.0.2.1", "192.0.2.1", 1 },
        { "192.0.2.1", "192.0.2.2", 0 },
        { "192.0.2.1", "::ffff:192.0.2.1", 1 },
        { "::ffff:192.0.2.1", "::ffff:192.0.2.2", 0 },
        { "2001:db8:1:2::1", "2001:db8:1:2:ffff::1", 2 },
        { "2001:db8:1:2::1", "2001:db8:1:3::1", 1 },
        { "2001:db8:1:2::1", "2001:db8:2:2::1", 0 },
        { "2001:db8::1", "2001:db8::2", 2 },
        { "::1", "::2", 2 },
        { "::1", "0.0.0.1", 0 },
        { "c000:201::", "192.0.2.1", 0 },
    };
    pwr_network nets[PWR_NETWORKS_MAX];

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(shared(table[i].a, table[i].b), table[i].shared,
                "networks that %s and %s share", table[i].a, table[i].b);
    }
    tap_int(pwr_network_of("/run/socket", 11, nets), 1, "no address: one");
    tap_int((long long)nets[0].len, 1, "and the same for all");
    tap_int(pwr_network_of("", 0, nets), 1, "nor is nothing");
    tap_int(pwr_network_parse(NULL, nets), 1, "nor no text");
    tap_int(pwr_network_parse("192.0.2.256", nets), 1, "nor a wrong one");
    tap_int((long long)nets[0].len, 1, "all of them the same");
}

static void test_private(void)
{
    static const struct { const char *address; int want; } table[] = {
        { "127.0.0.1", 1 }, { "127.255.0.1", 1 }, { "128.0.0.1", 0 },
        { "10.0.0.1", 1 }, { "11.0.0.1", 0 }, { "9.255.255.255", 0 },
        { "172.15.255.255", 0 }, { "172.16.0.1", 1 },
        { "172.31.255.255", 1 }, { "172.32.0.0", 0 },
        { "192.168.0.1", 1 }, { "192.169.0.1", 0 }, { "192.0.2.1", 0 },
        { "169.254.1.1", 1 }, { "0.0.0.0", 0 }, { "100.64.0.1", 0 },
        { "::1", 1 }, { "::2", 0 }, { "::", 0 },
        { "fc00::1", 1 }, { "fdff::1", 1 }, { "fe00::1", 0 },
        { "fe80::1", 1 }, { "febf::1", 1 }, { "fec0::1", 0 },
        { "2001:db8::1", 0 }, { "::ffff:10.0.0.1", 1 },
        { "::ffff:192.0.2.1", 0 }, { "7f00::1", 0 }, { "a00::1", 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        unsigned char bytes[16];
        size_t len = parse(table[i].address, bytes);

        tap_int(pwr_network_is_private(bytes, len), table[i].want,
                "is %s private", table[i].address);
    }
    tap_int(pwr_network_is_private("", 0), 0, "no address is not private");
}

int main(void)
{
    tap_begin();
    test_networks();
    test_private();
    return tap_end();
}
