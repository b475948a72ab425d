/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords that have leaked, as a block of sorted records: a mapped file,
 * whose pages all processes share.
 *
 * A header of 32 bytes, then the records; all numbers are big-endian:
 *
 *     8 magic   4 version   4 bytes of a record   8 number of records
 *     8 least number of times that a listed password had been seen
 *
 * A record is the first eight bytes of a password's SHA-1, as Pwned Passwords
 * has it whole.  A password that never leaked is taken for one of n that did
 * with a chance of n / 2^64: one in 18 thousand million at a thousand million
 * records.  SHA-1 is broken, which does not matter here: it hides nothing.
 *
 * Pure; any thread.  Which records are touched depends on the password: time
 * tells nobody but the one who typed it. */
#ifndef PWR_BREACH_H
#define PWR_BREACH_H

#include <stddef.h>
#include <stdint.h>

#include <apr_errno.h>

#define PWR_BREACH_VERSION 1
#define PWR_BREACH_HEAD 32
#define PWR_BREACH_RECORD 8

typedef struct pwr_breach {
    const unsigned char *records;
    uint64_t n;
    uint64_t least;
} pwr_breach;

/* Make a list of the `len` bytes of a file, which are not trusted: size,
 * header and the order of some records are looked at.  Returns NULL, or what is
 * wrong ("it is ..."); then nothing is in the list. */
const char *pwr_breach_read(const unsigned char *bytes, size_t len,
                            pwr_breach *list);

/* The header of a file. */
void pwr_breach_head(unsigned char head[PWR_BREACH_HEAD], uint64_t n,
                     uint64_t least);

/* A record from its key. */
void pwr_breach_record(unsigned char record[PWR_BREACH_RECORD], uint64_t key);

/* Is it listed?  Some five records are read, 72 at most, whatever the file
 * holds. */
int pwr_breach_has(const pwr_breach *list, uint64_t key);

/* The key of a password.  APR_EGENERAL: OpenSSL has no SHA-1. */
apr_status_t pwr_breach_key(const char *password, uint64_t *key);

/* A line of Pwned Passwords. */
typedef struct pwr_breach_entry {
    uint64_t key;
    uint64_t count;             /* how often it was seen */
} pwr_breach_entry;

/* Read "SHA1HEX:COUNT", perhaps with CR, without LF.  Returns 0 when it is
 * none. */
int pwr_breach_line(const char *line, size_t len, pwr_breach_entry *entry);

#endif
