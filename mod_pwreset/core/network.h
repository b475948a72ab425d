/* SPDX-License-Identifier: Apache-2.0 */
/* Whose address it is: what of a client's address stands for the client.
 *
 * An IPv4 address is one client.  Of IPv6 everybody has 2^64 addresses at
 * least, so the /64 is the client; and as many providers give their customers
 * a /48, which holds 65536 of those, that is counted beside it.
 * Pure; any thread. */
#ifndef PWR_NETWORK_H
#define PWR_NETWORK_H

#include <stddef.h>

#define PWR_NETWORKS_MAX 2

/* Bytes that differ for different networks, of different sizes too. */
typedef struct pwr_network {
    unsigned char bytes[9];     /* length of the prefix in bytes, prefix */
    size_t len;
} pwr_network;

/* The networks of an address of four or sixteen bytes in network order, the
 * smallest first; returns how many.  Any other address: one, the same for
 * all. */
int pwr_network_of(const void *address, size_t len,
                   pwr_network nets[PWR_NETWORKS_MAX]);

/* The same of an address as text ("192.0.2.1", "2001:db8::1"), or NULL. */
int pwr_network_parse(const char *text, pwr_network nets[PWR_NETWORKS_MAX]);

/* Is it an address that no visitor from the Internet has: loopback, private
 * (RFC 1918, 4193), link-local? */
int pwr_network_is_private(const void *address, size_t len);

#endif
