/* SPDX-License-Identifier: Apache-2.0 */
/* A cache in memory that processes share, read without a lock: a slot that is
 * written while it is read is as good as none, and so is one whose writer died
 * in it.  What is looked up with every request must not stand in a queue behind
 * one lock of the host; no cache of httpd's (mod_socache_*) does without.
 *
 * A key has one of four slots; what is new takes that of what ends first.
 * Seqlocks, in the C11 memory model: Boehm, "Can seqlocks get along with
 * programming language memory models?", MSPC 2012. */
#ifndef PWR_SEQCACHE_H
#define PWR_SEQCACHE_H

#include <stddef.h>
#include <stdint.h>

#define PWR_SEQCACHE_KEY 64             /* bytes of a key, a digest in hex */
#define PWR_SEQCACHE_VALUE_MAX 936      /* bytes */

typedef struct pwr_seqcache {
    uint64_t *words;            /* pwr_seqcache_bytes(slots_n), zeroed */
    unsigned slots_n;           /* a multiple of 4 */
} pwr_seqcache;

size_t pwr_seqcache_bytes(unsigned slots_n);

/* Keep `len` bytes under `key`, of PWR_SEQCACHE_KEY bytes, until `until_ms`;
 * or not: when somebody writes there now, or they are more than
 * PWR_SEQCACHE_VALUE_MAX.  Of two that are written at once either may be found
 * until its own end. */
void pwr_seqcache_put(const pwr_seqcache *cache, const char *key,
                      const void *value, size_t len, int64_t until_ms);

/* Copy to `value`, of PWR_SEQCACHE_VALUE_MAX bytes, what is kept until later
 * than `now_ms`, by the same clock; returns its length, 0: there is nothing. */
size_t pwr_seqcache_get(const pwr_seqcache *cache, const char *key,
                        void *value, int64_t now_ms);

#endif
