/* SPDX-License-Identifier: Apache-2.0 */
#include "core/seqcache.h"

#include <string.h>

#define WAYS 4
#define SLOT_WORDS 128
#define KEY_WORDS (PWR_SEQCACHE_KEY / 8)

/* The words of a slot. */
enum {
    SEQ = 0,                    /* odd: it is being written; 0: never was */
    UNTIL,
    LEN,
    KEY,
    VALUE = KEY + KEY_WORDS
};

_Static_assert(8 * (SLOT_WORDS - VALUE) == PWR_SEQCACHE_VALUE_MAX,
               "a slot is full to its end");

size_t pwr_seqcache_bytes(unsigned slots_n)
{
    return (size_t)slots_n * SLOT_WORDS * sizeof(uint64_t);
}

static uint64_t word_load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* The first of the slots that a key may have. */
static uint64_t *slots_of(const pwr_seqcache *cache, const uint64_t *key)
{
    unsigned set = (unsigned)((key[0] * UINT64_C(0x9E3779B97F4A7C15)) >> 32)
        % (cache->slots_n / WAYS);

    return cache->words + (size_t)set * WAYS * SLOT_WORDS;
}

static int has_key(const uint64_t *slot, const uint64_t *key)
{
    for (int i = 0; i < KEY_WORDS; i++) {
        if (word_load(&slot[KEY + i]) != key[i]) {
            return 0;
        }
    }
    return 1;
}

static void copy_out(void *to, const uint64_t *words, size_t len)
{
    unsigned char *out = to;

    for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
        uint64_t word = word_load(words++);

        memcpy(out + at, &word,
               len - at < sizeof(word) ? len - at : sizeof(word));
    }
}

static void copy_in(uint64_t *words, const void *from, size_t len)
{
    const unsigned char *in = from;

    for (size_t at = 0; at < len; at += sizeof(uint64_t)) {
        uint64_t word = 0;

        memcpy(&word, in + at,
               len - at < sizeof(word) ? len - at : sizeof(word));
        __atomic_store_n(words++, word, __ATOMIC_RELAXED);
    }
}

/* What was read counts only when the number before it is still the same. */
static size_t slot_read(const uint64_t *slot, const uint64_t *key, void *value,
                        int64_t now_ms)
{
    uint64_t seq = __atomic_load_n(&slot[SEQ], __ATOMIC_ACQUIRE);
    size_t len = (size_t)word_load(&slot[LEN]);

    if (seq == 0 || seq % 2 || len > PWR_SEQCACHE_VALUE_MAX
        || (int64_t)word_load(&slot[UNTIL]) <= now_ms || !has_key(slot, key)) {
        return 0;
    }
    copy_out(value, &slot[VALUE], len);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return word_load(&slot[SEQ]) == seq ? len : 0;
}

static void slot_write(uint64_t *slot, const uint64_t *key, const void *value,
                       size_t len, int64_t until_ms)
{
    uint64_t seq = word_load(&slot[SEQ]);

    if (seq % 2 || !__atomic_compare_exchange_n(&slot[SEQ], &seq, seq + 1, 0,
                                                __ATOMIC_ACQUIRE,
                                                __ATOMIC_RELAXED)) {
        return;
    }
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&slot[UNTIL], (uint64_t)until_ms, __ATOMIC_RELAXED);
    __atomic_store_n(&slot[LEN], len, __ATOMIC_RELAXED);
    copy_in(&slot[KEY], key, PWR_SEQCACHE_KEY);
    copy_in(&slot[VALUE], value, len);
    __atomic_store_n(&slot[SEQ], seq + 2, __ATOMIC_RELEASE);
}

/* That of the key, or of what ends first; one whose writer died is passed
 * over.  NULL: all are being written. */
static uint64_t *slot_choose(uint64_t *first, const uint64_t *key)
{
    uint64_t *chosen = NULL;

    for (int i = 0; i < WAYS; i++) {
        uint64_t *slot = first + (size_t)i * SLOT_WORDS;

        if (word_load(&slot[SEQ]) % 2) {
            continue;
        }
        if (has_key(slot, key)) {
            return slot;
        }
        if (!chosen || (int64_t)word_load(&slot[UNTIL])
                           < (int64_t)word_load(&chosen[UNTIL])) {
            chosen = slot;
        }
    }
    return chosen;
}

void pwr_seqcache_put(const pwr_seqcache *cache, const char *key,
                      const void *value, size_t len, int64_t until_ms)
{
    uint64_t words[KEY_WORDS], *slot;

    memcpy(words, key, sizeof(words));
    slot = slot_choose(slots_of(cache, words), words);
    if (slot && len <= PWR_SEQCACHE_VALUE_MAX) {
        slot_write(slot, words, value, len, until_ms);
    }
}

size_t pwr_seqcache_get(const pwr_seqcache *cache, const char *key,
                        void *value, int64_t now_ms)
{
    uint64_t words[KEY_WORDS];
    const uint64_t *slot;
    size_t len = 0;

    memcpy(words, key, sizeof(words));
    slot = slots_of(cache, words);
    for (int i = 0; i < WAYS && !len; i++, slot += SLOT_WORDS) {
        len = slot_read(slot, words, value, now_ms);
    }
    return len;
}
