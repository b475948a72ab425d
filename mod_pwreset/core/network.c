/* SPDX-License-Identifier: Apache-2.0 */
#include "core/network.h"

#include <arpa/inet.h>
#include <string.h>

#define IPV4_BYTES 4
#define IPV6_BYTES 16
#define SITE_BYTES 6            /* /48 */
#define LINK_BYTES 8            /* /64 */

/* An IPv4 address within an IPv6 one (RFC 4291 2.5.5.2), as listeners for both
 * see it, is that IPv4 address. */
static const unsigned char *unmap(const unsigned char *address, size_t *len)
{
    static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

    if (*len != IPV6_BYTES || memcmp(address, mapped, sizeof(mapped)) != 0) {
        return address;
    }
    *len = IPV4_BYTES;
    return address + sizeof(mapped);
}

static pwr_network make(const unsigned char *address, size_t len)
{
    pwr_network net = { { (unsigned char)len }, 1 + len };

    memcpy(net.bytes + 1, address, len);
    return net;
}

int pwr_network_of(const void *address, size_t len,
                   pwr_network nets[PWR_NETWORKS_MAX])
{
    const unsigned char *bytes = unmap(address, &len);

    if (len == IPV6_BYTES) {
        nets[0] = make(bytes, LINK_BYTES);
        nets[1] = make(bytes, SITE_BYTES);
        return 2;
    }
    nets[0] = make(bytes, len == IPV4_BYTES ? len : 0);
    return 1;
}

int pwr_network_parse(const char *text, pwr_network nets[PWR_NETWORKS_MAX])
{
    unsigned char bytes[IPV6_BYTES] = { 0 };
    size_t len = 0;

    if (text && inet_pton(AF_INET, text, bytes) == 1) {
        len = IPV4_BYTES;
    }
    else if (text && inet_pton(AF_INET6, text, bytes) == 1) {
        len = IPV6_BYTES;
    }
    return pwr_network_of(bytes, len, nets);
}

int pwr_network_is_private(const void *address, size_t len)
{
    static const struct {
        size_t len;
        int bits;
        unsigned char prefix[2];
    } table[] = {
        { IPV4_BYTES, 8, { 127 } },
        { IPV4_BYTES, 8, { 10 } },
        { IPV4_BYTES, 12, { 172, 16 } },
        { IPV4_BYTES, 16, { 192, 168 } },
        { IPV4_BYTES, 16, { 169, 254 } },
        { IPV6_BYTES, 7, { 0xfc } },
        { IPV6_BYTES, 10, { 0xfe, 0x80 } },
    };
    static const unsigned char loopback[IPV6_BYTES] = { [15] = 1 };
    const unsigned char *bytes = unmap(address, &len);

    if (len == IPV6_BYTES && memcmp(bytes, loopback, len) == 0) {
        return 1;
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        unsigned mask = 0xffffU << (16 - table[i].bits);

        if (len == table[i].len
            && (((unsigned)bytes[0] << 8 | bytes[1]) & mask & 0xffff)
               == ((unsigned)table[i].prefix[0] << 8 | table[i].prefix[1])) {
            return 1;
        }
    }
    return 0;
}
