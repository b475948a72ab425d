/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the tables of other programs hold them: hex and base64.
 *
 * Unlike apr_encode.h, nothing is forgiven: what holds another character,
 * a blank or half a byte is no such text.  Pure; any thread. */
#ifndef PWR_ENCODED_H
#define PWR_ENCODED_H

#include <stddef.h>

#include <apr_pools.h>

/* Decode the `len` digits of hex at `text`, of either case, into `out`.
 * Returns the number of bytes; 0 when there are none, when they are malformed
 * or more than `size`. */
size_t pwr_encoded_hex(unsigned char *out, size_t size, const char *text,
                       size_t len);

/* The same of base64 (RFC 4648); its padding may be left out, and '.' stands
 * for '+' as well, which passlib writes. */
size_t pwr_encoded_base64(unsigned char *out, size_t size, const char *text,
                          size_t len);

/* `n` bytes as base64 without padding. */
const char *pwr_encoded_bare(apr_pool_t *pool, const unsigned char *bytes,
                             size_t n);

#endif
