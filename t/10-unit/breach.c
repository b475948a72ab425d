/* SPDX-License-Identifier: Apache-2.0 */
#include "core/breach.h"

#include "tap.h"

#define HEAD PWR_BREACH_HEAD
#define N 1000

/* A file of `n` keys; returns its length. */
static size_t make(unsigned char *file, const uint64_t *keys, uint64_t n)
{
    pwr_breach_head(file, n, 3);
    for (uint64_t i = 0; i < n; i++) {
        pwr_breach_record(file + HEAD + i * PWR_BREACH_RECORD, keys[i]);
    }
    return HEAD + n * PWR_BREACH_RECORD;
}

/* As SHA-1 spreads them, and as it never does. */
static void keys_even(uint64_t *keys)
{
    for (uint64_t i = 0; i < N; i++) {
        keys[i] = i * (UINT64_MAX / N) + (i * i * 2654435761u) % 1000000;
    }
}

static void keys_low(uint64_t *keys)
{
    for (uint64_t i = 0; i < N; i++) {
        keys[i] = 2 * i;
    }
}

static void keys_high(uint64_t *keys)
{
    for (uint64_t i = 0; i < N; i++) {
        keys[N - 1 - i] = UINT64_MAX - 2 * i;
    }
}

static void keys_doubling(uint64_t *keys)
{
    for (uint64_t i = 0; i < N; i++) {
        keys[i] = i < 60 ? UINT64_C(1) << i : (UINT64_C(1) << 60) + i;
    }
}

static void test_search(void)
{
    static const struct {
        void (*make)(uint64_t *keys);
        const char *name;
    } table[] = {
        { keys_even, "evenly spread" }, { keys_low, "all low" },
        { keys_high, "all high" }, { keys_doubling, "doubling" },
    };
    static unsigned char file[HEAD + N * PWR_BREACH_RECORD];
    static uint64_t keys[N];

    for (size_t t = 0; t < sizeof(table) / sizeof(*table); t++) {
        pwr_breach list;
        int missed = 0, invented = 0;

        table[t].make(keys);
        tap_ok(!pwr_breach_read(file, make(file, keys, N), &list)
               && list.n == N && list.least == 3, "%s: a list",
               table[t].name);
        for (size_t i = 0; i < N; i++) {
            missed += !pwr_breach_has(&list, keys[i]);
            if (i + 1 < N && keys[i] + 1 < keys[i + 1]) {
                invented += pwr_breach_has(&list, keys[i] + 1);
            }
        }
        invented += keys[0] > 0 && pwr_breach_has(&list, keys[0] - 1);
        invented += keys[N - 1] < UINT64_MAX
                 && pwr_breach_has(&list, keys[N - 1] + 1);
        tap_int(missed, 0, "%s: every key is found", table[t].name);
        tap_int(invented, 0, "%s: and no other", table[t].name);
    }
}

static void test_small(void)
{
    static const uint64_t keys[] = { 0, 7, UINT64_MAX };
    unsigned char file[HEAD + 3 * PWR_BREACH_RECORD];
    pwr_breach list;

    for (uint64_t n = 1; n <= 3; n++) {
        tap_ok(!pwr_breach_read(file, make(file, keys, n), &list),
               "a list of %d", (int)n);
        tap_int(pwr_breach_has(&list, 0), 1, "of %d: the first", (int)n);
        tap_int(pwr_breach_has(&list, 7), n > 1, "of %d: the second", (int)n);
        tap_int(pwr_breach_has(&list, UINT64_MAX), n > 2, "of %d: the last",
                (int)n);
        tap_int(pwr_breach_has(&list, 8), 0, "of %d: another", (int)n);
    }
}

/* Not sorted between the records that are looked at: nothing is read beyond,
 * and the search ends. */
static void test_unsorted(void)
{
    static unsigned char file[HEAD + N * PWR_BREACH_RECORD];
    static uint64_t keys[N];
    pwr_breach list = { file + HEAD, N, 1 };
    int found = 0;

    for (uint64_t i = 0; i < N; i++) {
        keys[i] = i * UINT64_C(0x9E3779B97F4A7C15);
    }
    make(file, keys, N);
    for (size_t i = 0; i < N; i++) {
        found += pwr_breach_has(&list, keys[i]);
    }
    tap_ok(found < N, "%d of %d are found in disorder", found, N);
}

static void test_damaged(void)
{
    static unsigned char file[HEAD + N * PWR_BREACH_RECORD + 8];
    static uint64_t keys[N];
    size_t len;
    static const struct {
        int at;                 /* byte of the file that is changed */
        int by;
        int len;                /* bytes more than there should be */
        const char *fault;
    } table[] = {
        { 0, 0, -HEAD - N * PWR_BREACH_RECORD, "no breach list" },
        { 0, 0, -N * PWR_BREACH_RECORD - 1, "no breach list" },
        { 0, 1, 0, "no breach list" },
        { 4, 1, 0, "no breach list" },
        { 11, 1, 0, "another version" },
        { 15, 12, 0, "another version" },
        { 23, 1, 0, "not as long" },
        { 16, 0xE0, 0, "not as long" },
        { 0, 0, -1, "not as long" },
        { 0, 0, -8, "not as long" },
        { 0, 0, 7, "not as long" },
        { 0, 0, 8, "not as long" },
        { 0, 0, -N * PWR_BREACH_RECORD, "not as long" },
        { HEAD, 0xFF, 0, "not sorted" },
        { HEAD + (N - 1) * PWR_BREACH_RECORD, 1, 0, "not sorted" },
        { HEAD + 496 * PWR_BREACH_RECORD, 0x40, 0, "not sorted" },
    };

    keys_even(keys);
    len = make(file, keys, N);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_breach list = { file, 1, 1 };
        const char *fault;

        file[table[i].at] = (unsigned char)(file[table[i].at] + table[i].by);
        fault = pwr_breach_read(file, (size_t)((long)len + table[i].len),
                                &list);
        tap_ok(fault && strstr(fault, table[i].fault) && !list.records
               && list.n == 0, "damage %d: %s", (int)i,
               fault ? fault : "none was found");
        file[table[i].at] = (unsigned char)(file[table[i].at] - table[i].by);
    }
    pwr_breach_head(file, 0, 1);
    tap_ok(strstr(pwr_breach_read(file, HEAD, &(pwr_breach){ 0 }), "empty")
           != NULL, "no password at all");
}

/* As sha1sum has them. */
static void test_key(void)
{
    uint64_t key;

    tap_int(pwr_breach_key("password", &key), APR_SUCCESS, "a key");
    tap_ok(key == UINT64_C(0x5BAA61E4C9B93F3F), "of \"password\"");
    pwr_breach_key("", &key);
    tap_ok(key == UINT64_C(0xDA39A3EE5E6B4B0D), "of nothing");
    pwr_breach_key("пароль", &key);
    tap_ok(key == UINT64_C(0x5670B4358AE287FE), "of UTF-8");
}

#define SHA1 "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8"

static void test_line(void)
{
    static const struct { const char *line; int is_line; uint64_t count; }
    table[] = {
        { SHA1 ":10434004", 1, 10434004 },
        { SHA1 ":10434004\r", 1, 10434004 },
        { "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8:3", 1, 3 },
        { SHA1 ":0", 1, 0 },
        { SHA1 ":18446744073709551615", 1, UINT64_MAX },
        { SHA1 ":18446744073709551616", 0, 0 },
        { SHA1 ":99999999999999999999999", 0, 0 },
        { SHA1 ":", 0, 0 },
        { SHA1 ":\r", 0, 0 },
        { SHA1, 0, 0 },
        { SHA1 ":1 ", 0, 0 },
        { SHA1 ":-1", 0, 0 },
        { SHA1 " :1", 0, 0 },
        { " " SHA1 ":1", 0, 0 },
        { SHA1 "0:1", 0, 0 },
        { "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FDG:1", 0, 0 },
        { "8846F7EAEE8FB117AD06BDD830B7586C:52579", 0, 0 },     /* NTLM */
        { "", 0, 0 },
        { "\r", 0, 0 },
        { ":", 0, 0 },
        { "5BAA6:1", 0, 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_breach_entry entry;
        int is_line = pwr_breach_line(table[i].line, strlen(table[i].line),
                                      &entry);

        tap_ok(is_line == table[i].is_line
               && (!is_line || (entry.count == table[i].count
                                && entry.key
                                   == UINT64_C(0x5BAA61E4C9B93F3F))),
               "line %d", (int)i);
    }
}

int main(void)
{
    tap_begin();
    test_search();
    test_small();
    test_unsorted();
    test_damaged();
    test_key();
    test_line();
    return tap_end();
}
