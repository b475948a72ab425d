/* SPDX-License-Identifier: Apache-2.0 */
#include "core/breach.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/encoded.h"

#define SHA1_HEX 40
#define KEY_HEX (2 * PWR_BREACH_RECORD)
/* SHA-1 spreads evenly, so a look at where a key should be nearly finds it;
 * where a file does not, halves do. */
#define GUESSES_MAX 8
#define SAMPLES 64              /* records whose order is looked at */

/* Its line ends do not survive a transfer as text. */
static const unsigned char magic[8] = "PWRB\r\n\x1A\n";

/* At these bytes of the header. */
enum {
    AT_VERSION = 8,
    AT_RECORD = 12,
    AT_COUNT = 16,
    AT_LEAST = 24
};

static uint64_t get(const unsigned char *bytes, size_t len)
{
    uint64_t number = 0;

    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static void put(unsigned char *bytes, size_t len, uint64_t number)
{
    for (size_t i = len; i > 0; i--, number >>= 8) {
        bytes[i - 1] = (unsigned char)number;
    }
}

static uint64_t key_at(const pwr_breach *list, uint64_t i)
{
    return get(list->records + i * PWR_BREACH_RECORD, PWR_BREACH_RECORD);
}

/* Some of them, the first and the last too. */
static int is_ascending(const pwr_breach *list)
{
    uint64_t step = list->n / SAMPLES + 1, last = list->n - 1;
    uint64_t before = key_at(list, 0);

    for (uint64_t i = step; i < last; i += step) {
        uint64_t key = key_at(list, i);

        if (key <= before) {
            return 0;
        }
        before = key;
    }
    return last == 0 || key_at(list, last) > before;
}

static const char *judge(const unsigned char *bytes, size_t len,
                         const pwr_breach *list)
{
    if (len < PWR_BREACH_HEAD || memcmp(bytes, magic, sizeof(magic)) != 0) {
        return "it is no breach list: make one with pwresetctl breach build";
    }
    if (get(bytes + AT_VERSION, 4) != PWR_BREACH_VERSION
        || get(bytes + AT_RECORD, 4) != PWR_BREACH_RECORD) {
        return "it is a breach list of another version: make it again with "
               "this version's pwresetctl breach build";
    }
    if (list->n == 0) {
        return "it is an empty breach list";
    }
    if ((len - PWR_BREACH_HEAD) % PWR_BREACH_RECORD != 0
        || (len - PWR_BREACH_HEAD) / PWR_BREACH_RECORD != list->n) {
        return "it is not as long as its header says: it was cut, or copied "
               "over while it was in use";
    }
    return is_ascending(list) ? NULL : "it is not sorted: it was damaged";
}

const char *pwr_breach_read(const unsigned char *bytes, size_t len,
                            pwr_breach *list)
{
    const char *fault;

    *list = (pwr_breach){ 0 };
    if (len >= PWR_BREACH_HEAD) {
        list->records = bytes + PWR_BREACH_HEAD;
        list->n = get(bytes + AT_COUNT, 8);
        list->least = get(bytes + AT_LEAST, 8);
    }
    fault = judge(bytes, len, list);
    if (fault) {
        *list = (pwr_breach){ 0 };
    }
    return fault;
}

void pwr_breach_head(unsigned char head[PWR_BREACH_HEAD], uint64_t n,
                     uint64_t least)
{
    memcpy(head, magic, sizeof(magic));
    put(head + AT_VERSION, 4, PWR_BREACH_VERSION);
    put(head + AT_RECORD, 4, PWR_BREACH_RECORD);
    put(head + AT_COUNT, 8, n);
    put(head + AT_LEAST, 8, least);
}

void pwr_breach_record(unsigned char record[PWR_BREACH_RECORD], uint64_t key)
{
    put(record, PWR_BREACH_RECORD, key);
}

/* A part of the list, `n` records from `at`, and keys around it: `below` is
 * less than the key that is sought, `above` greater, whatever a file holds. */
typedef struct part {
    uint64_t at, n;
    uint64_t below, above;
} part;

static uint64_t look_at(const part *p, uint64_t key, int looks)
{
    double share = (double)(key - p->below) / (double)(p->above - p->below);
    uint64_t i = p->n / 2;

    if (looks < GUESSES_MAX) {
        i = (uint64_t)(share * (double)p->n);
    }
    return p->at + (i < p->n ? i : p->n - 1);
}

int pwr_breach_has(const pwr_breach *list, uint64_t key)
{
    part p = { 0, list->n, 0, UINT64_MAX };

    for (int looks = 0; p.n > 0; looks++) {
        uint64_t i = look_at(&p, key, looks), found = key_at(list, i);

        if (found == key) {
            return 1;
        }
        if (found < key) {
            p.n -= i + 1 - p.at;
            p.at = i + 1;
            p.below = found;
        }
        else {
            p.n = i - p.at;
            p.above = found;
        }
    }
    return 0;
}

apr_status_t pwr_breach_key(const char *password, uint64_t *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    int is_done = EVP_Digest(password, strlen(password), digest, NULL,
                             EVP_sha1(), NULL);

    *key = is_done ? get(digest, PWR_BREACH_RECORD) : 0;
    OPENSSL_cleanse(digest, sizeof(digest));
    return is_done ? APR_SUCCESS : APR_EGENERAL;
}

static int key_read(const char *hex, uint64_t *key)
{
    *key = 0;
    for (int i = 0; i < SHA1_HEX; i++) {
        int value = pwr_encoded_hex_digit(hex[i]);

        if (value < 0) {
            return 0;
        }
        *key = i < KEY_HEX ? *key << 4 | (unsigned)value : *key;
    }
    return 1;
}

int pwr_breach_line(const char *line, size_t len, pwr_breach_entry *entry)
{
    *entry = (pwr_breach_entry){ 0 };
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    if (len < SHA1_HEX + 2 || line[SHA1_HEX] != ':'
        || !key_read(line, &entry->key)) {
        return 0;
    }
    for (size_t i = SHA1_HEX + 1; i < len; i++) {
        unsigned digit = (unsigned char)line[i] - '0';

        if (digit > 9 || entry->count > (UINT64_MAX - digit) / 10) {
            return 0;
        }
        entry->count = 10 * entry->count + digit;
    }
    return 1;
}
