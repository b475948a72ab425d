/* SPDX-License-Identifier: Apache-2.0 */
/* A file of leaked passwords is not trusted; the lines it is made of neither.
 * An input of text is a list to be built, any other one a file. */
#include "core/breach.h"

#include "fuzz.h"

static uint64_t key_at(const pwr_breach *list, uint64_t i)
{
    uint64_t key = 0;

    for (int k = 0; k < PWR_BREACH_RECORD; k++) {
        key = key << 8 | list->records[i * PWR_BREACH_RECORD + (uint64_t)k];
    }
    return key;
}

/* By looking at each. */
static int has_slowly(const pwr_breach *list, uint64_t key)
{
    uint64_t i = 0;

    while (i < list->n && key_at(list, i) != key) {
        i++;
    }
    return i < list->n;
}

static int is_sorted(const pwr_breach *list)
{
    for (uint64_t i = 1; i < list->n; i++) {
        if (key_at(list, i) <= key_at(list, i - 1)) {
            return 0;
        }
    }
    return 1;
}

/* Nothing is invented, whatever the order; sorted, nothing is missed. */
static void look_file(const unsigned char *bytes, size_t len)
{
    pwr_breach list;
    const char *fault = pwr_breach_read(bytes, len, &list);

    FUZZ_CLAIM(fault ? !list.records && list.n == 0
                     : list.n == (len - PWR_BREACH_HEAD) / PWR_BREACH_RECORD);
    for (uint64_t i = 0; i < list.n && i < 100; i++) {
        uint64_t keys[] = { key_at(&list, i), key_at(&list, i) + 1,
                            ~key_at(&list, i) };

        for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
            int found = pwr_breach_has(&list, keys[k]);

            FUZZ_CLAIM(!found || has_slowly(&list, keys[k]));
            FUZZ_CLAIM(found || !is_sorted(&list)
                       || !has_slowly(&list, keys[k]));
        }
    }
}

/* As `breach build` does it; what was built is read back. */
static void look_text(apr_pool_t *pool, const char *text)
{
    unsigned char *file = apr_palloc(pool, PWR_BREACH_HEAD + strlen(text));
    uint64_t n = 0, last = 0;
    pwr_breach list;

    while (*text) {
        size_t len = strcspn(text, "\n");
        pwr_breach_entry entry;

        if (pwr_breach_line(text, len, &entry)
            && (n == 0 || entry.key > last)) {
            pwr_breach_record(file + PWR_BREACH_HEAD + n * PWR_BREACH_RECORD,
                              entry.key);
            last = entry.key;
            n++;
        }
        text += len + (text[len] == '\n');
    }
    pwr_breach_head(file, n, 1);
    if (n > 0) {
        FUZZ_CLAIM(!pwr_breach_read(file, PWR_BREACH_HEAD
                                    + n * PWR_BREACH_RECORD, &list));
        FUZZ_CLAIM(list.n == n && pwr_breach_has(&list, last));
    }
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    uint64_t key;

    FUZZ_CLAIM(pwr_breach_key("", &key) == APR_SUCCESS);
    if (in.len > 0 && strnlen(in.bytes, in.len) < in.len) {
        look_file((const unsigned char *)in.bytes, in.len);
        return;
    }
    look_text(pool, fuzz_text(pool, &in));
}
