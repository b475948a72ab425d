/* SPDX-License-Identifier: Apache-2.0 */
#include "core/seqcache.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>

#include "tap.h"

#define NOW 1000
#define SLOTS 64
#define RACE_SLOTS 4
#define WRITERS 2
#define ROUNDS 200000

static char value[PWR_SEQCACHE_VALUE_MAX];

static pwr_seqcache make(apr_pool_t *pool, unsigned slots_n)
{
    return (pwr_seqcache){ apr_pcalloc(pool, pwr_seqcache_bytes(slots_n)),
                           slots_n };
}

static const char *key_of(apr_pool_t *pool, int n)
{
    return apr_psprintf(pool, "%016x%048x", n, n);
}

static int is_kept(const pwr_seqcache *cache, const char *key,
                   const char *text)
{
    return pwr_seqcache_get(cache, key, value, NOW) == strlen(text)
        && memcmp(value, text, strlen(text)) == 0;
}

static void test_one(apr_pool_t *pool)
{
    pwr_seqcache cache = make(pool, SLOTS);
    const char *a = key_of(pool, 1), *b = key_of(pool, 2);
    static char whole[PWR_SEQCACHE_VALUE_MAX + 1];

    tap_ok(pwr_seqcache_get(&cache, a, value, NOW) == 0, "nothing is there");
    tap_ok(pwr_seqcache_get(&cache, "0000000000000000000000000000000000000000"
                            "000000000000000000000000", value, -1) == 0,
           "not for a key of zeros either");
    pwr_seqcache_put(&cache, a, "one", 3, NOW + 1);
    tap_ok(is_kept(&cache, a, "one"), "what was put is there");
    tap_ok(pwr_seqcache_get(&cache, b, value, NOW) == 0, "not for others");
    pwr_seqcache_put(&cache, a, "another one", 11, NOW + 1);
    tap_ok(is_kept(&cache, a, "another one"), "what is put again, instead");
    pwr_seqcache_put(&cache, a, "x", 1, NOW);
    tap_ok(pwr_seqcache_get(&cache, a, value, NOW) == 0, "until its end");

    memset(whole, 'w', sizeof(whole));
    pwr_seqcache_put(&cache, b, whole, PWR_SEQCACHE_VALUE_MAX, NOW + 1);
    tap_ok(pwr_seqcache_get(&cache, b, value, NOW) == PWR_SEQCACHE_VALUE_MAX
               && memcmp(value, whole, PWR_SEQCACHE_VALUE_MAX) == 0,
           "as long as may be");
    pwr_seqcache_put(&cache, a, whole, PWR_SEQCACHE_VALUE_MAX + 1, NOW + 1);
    tap_ok(pwr_seqcache_get(&cache, a, value, NOW) == 0, "and no longer");
}

/* Four slots are one set: the fifth takes the place of what ends first. */
static void test_full(apr_pool_t *pool)
{
    static const int until[] = { 4, 2, 3, 5 };
    pwr_seqcache cache = make(pool, 4);

    for (int i = 0; i < 4; i++) {
        pwr_seqcache_put(&cache, key_of(pool, i), key_of(pool, i),
                         PWR_SEQCACHE_KEY, NOW + until[i]);
    }
    pwr_seqcache_put(&cache, key_of(pool, 9), "new", 3, NOW + 1);
    tap_ok(is_kept(&cache, key_of(pool, 9), "new"), "there is room for more");
    for (int i = 0; i < 4; i++) {
        tap_int(is_kept(&cache, key_of(pool, i), key_of(pool, i)), i != 1,
                "number %d, which ends %d later, is %s", i, until[i],
                i == 1 ? "gone" : "there");
    }
}

/* Of a process that was killed while it wrote. */
static void test_dead_writers(apr_pool_t *pool)
{
    pwr_seqcache cache = make(pool, 4);
    size_t slot_words = pwr_seqcache_bytes(1) / sizeof(*cache.words);
    const char *key = key_of(pool, 1);

    pwr_seqcache_put(&cache, key, "old", 3, NOW + 1);
    for (size_t i = 0; i < 4; i++) {
        cache.words[i * slot_words] |= i < 3;   /* its first word is odd */
    }
    tap_ok(pwr_seqcache_get(&cache, key, value, NOW) == 0,
           "what is half written is not read");
    pwr_seqcache_put(&cache, key, "new", 3, NOW + 1);
    tap_ok(is_kept(&cache, key, "new"), "another slot takes its place");
    cache.words[3 * slot_words] |= 1;
    pwr_seqcache_put(&cache, key, "none", 4, NOW + 1);
    tap_ok(pwr_seqcache_get(&cache, key, value, NOW) == 0,
           "and where there is none, nothing is kept");
}

static pwr_seqcache raced;
static int is_over;

/* Values of one byte over and over, each of a length of its own. */
static void *write_on(void *data)
{
    char text[PWR_SEQCACHE_VALUE_MAX];
    unsigned n = *(unsigned *)data;

    while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
        size_t len = 100 + n % 26;
        char key[PWR_SEQCACHE_KEY + 1];

        apr_snprintf(key, sizeof(key), "%064u", n % 6);
        memset(text, (int)('a' + n % 26), len);
        pwr_seqcache_put(&raced, key, text, len, NOW + n % 7 + 1);
        n += 7;
    }
    return NULL;
}

static int is_whole(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len && text[i] == text[0]) {
        i++;
    }
    return i == len && len == 100 + (size_t)(text[0] - 'a');
}

static void test_race(apr_pool_t *pool)
{
    pthread_t writers[WRITERS];
    unsigned seed[WRITERS];
    int read_n = 0, torn_n = 0;

    raced = make(pool, RACE_SLOTS);
    for (unsigned i = 0; i < WRITERS; i++) {
        seed[i] = i;
        pthread_create(&writers[i], NULL, write_on, &seed[i]);
    }
    for (unsigned n = 0; n < ROUNDS || read_n == 0; n++) {
        char key[PWR_SEQCACHE_KEY + 1];
        size_t len;

        apr_snprintf(key, sizeof(key), "%064u", n % 6);
        len = pwr_seqcache_get(&raced, key, value, NOW);
        read_n += len > 0;
        torn_n += len > 0 && !is_whole(value, len);
    }
    __atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    tap_int(torn_n, 0, "of %d that were read while %d wrote none is torn",
            read_n, WRITERS);
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_one(pool);
    test_full(pool);
    test_dead_writers(pool);
    test_race(pool);
    return tap_end();
}
