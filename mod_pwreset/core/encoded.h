/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as the tables of other programs hold them: hex and base64.
 *
 * Unlike apr_encode.h, nothing is forgiven: what holds another character,
 * a blank or half a byte is no such text.  Pure; any thread. */
#ifndef PWR_ENCODED_H
#define PWR_ENCODED_H

#include <stddef.h>

#include <apr_pools.h>

/* The value of a digit of hex, of either case; -1 of any other character.
 * Inline: `pwresetctl breach build` reads forty of them a line. */
static inline int pwr_encoded_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 'a' ^ 'A';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the two of them at `digits` say; -1 where these are none. */
int pwr_encoded_hex_byte(const char *digits);

/* Decode the `len` digits of hex at `text`, of either case, into `out`.
 * Returns the number of bytes; 0 when there are none, when they are malformed
 * or more than `size`. */
size_t pwr_encoded_hex(unsigned char *out, size_t size, const char *text,
                       size_t len);

/* The same of base64 (RFC 4648); its padding may be left out, and '.' stands
 * for '+' as well, which passlib writes. */
size_t pwr_encoded_base64(unsigned char *out, size_t size, const char *text,
                          size_t len);

/* The sixty-four digits of crypt(3), by their values. */
extern const char pwr_encoded_crypt_digits[];

/* The value of one of them; -1 of any other character. */
int pwr_encoded_crypt_digit(char c);

/* `n` bytes as base64 without padding. */
const char *pwr_encoded_bare(apr_pool_t *pool, const unsigned char *bytes,
                             size_t n);

#endif
