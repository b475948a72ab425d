/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pbkdf2.h"

#include <string.h>

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/crypto.h"
#include "core/encoded.h"

#define FIELDS_MAX 4
#define ROUNDS_DIGITS 7
#define SALT_BYTES 16
#define NAME_BYTES 32

typedef struct field {
    const char *text;
    size_t len;
} field;

/* Exactly `n` fields with `between` them. */
static int fields_split(const char *text, char between, field *fields, int n)
{
    for (int i = 0; i < n; i++) {
        const char *end = strchr(text, between);
        int is_last = i == n - 1;

        if (is_last == (end != NULL)) {
            return 0;
        }
        fields[i] = (field){ text, end ? (size_t)(end - text) : strlen(text) };
        text = end ? end + 1 : text;
    }
    return 1;
}

static uint32_t rounds_read(const field *at)
{
    uint32_t rounds = 0;

    if (at->len == 0 || at->len > ROUNDS_DIGITS || *at->text == '0'
        || strspn(at->text, "0123456789") < at->len) {
        return 0;
    }
    for (size_t i = 0; i < at->len; i++) {
        rounds = rounds * 10 + (uint32_t)(at->text[i] - '0');
    }
    return rounds <= PWR_PBKDF2_ROUNDS_MAX ? rounds : 0;
}

static void salt_text(pwr_pbkdf2 *row, const field *at)
{
    row->salt_len = at->len;
    memcpy(row->salt, at->text, at->len);
}

static void salt_base64(pwr_pbkdf2 *row, const field *at)
{
    row->salt_len = pwr_encoded_base64(row->salt, sizeof(row->salt), at->text,
                                       at->len);
}

static size_t hash_base64(pwr_pbkdf2 *row, const field *at)
{
    return pwr_encoded_base64(row->bytes, sizeof(row->bytes), at->text,
                              at->len);
}

static void text_read(pwr_pbkdf2 *row, const field *at)
{
    row->rounds = rounds_read(&at[0]);
    salt_text(row, &at[1]);
    row->len = hash_base64(row, &at[2]);
}

static void base64_read(pwr_pbkdf2 *row, const field *at)
{
    row->rounds = rounds_read(&at[0]);
    salt_base64(row, &at[1]);
    row->len = hash_base64(row, &at[2]);
}

/* Behind "$1", whose number is that of SHA-1. */
static void dovecot_read(pwr_pbkdf2 *row, const field *at)
{
    salt_text(row, &at[0]);
    row->rounds = rounds_read(&at[1]);
    row->len = pwr_encoded_hex(row->bytes, sizeof(row->bytes), at[2].text,
                               at[2].len);
}

/* The server's key is not needed, but a cut one tells that the row is. */
static void scram_read(pwr_pbkdf2 *row, const field *at)
{
    unsigned char key[PWR_DIGEST_MAX];

    base64_read(row, at);
    row->is_scram = 1;
    if (pwr_encoded_base64(key, sizeof(key), at[3].text, at[3].len)
        != row->len) {
        row->len = 0;
    }
    OPENSSL_cleanse(key, sizeof(key));
}

static const struct {
    const char *begins;
    char between;
    int n;
    void (*read)(pwr_pbkdf2 *row, const field *at);
} layouts[] = {
    [PWR_BODY_PBKDF2] = { "", '$', 3, base64_read },
    [PWR_BODY_PBKDF2_TEXT] = { "", '$', 3, text_read },
    [PWR_BODY_PBKDF2_DOVECOT] = { "$1$", '$', 3, dovecot_read },
    [PWR_BODY_SCRAM] = { "", ',', 4, scram_read },
};

static const EVP_MD *md_of(const pwr_pbkdf2 *row)
{
    return EVP_get_digestbyname(row->md);
}

int pwr_pbkdf2_read(pwr_pbkdf2 *row, const pwr_wrap *wrap, const char *text)
{
    size_t kind = (size_t)wrap->body, begins_len;
    field fields[FIELDS_MAX];

    memset(row, 0, sizeof(*row));
    if (kind >= sizeof(layouts) / sizeof(*layouts) || !layouts[kind].read
        || strlen(text) >= PWR_STORED_MAX) {
        return 0;
    }
    row->md = wrap->md;
    begins_len = strlen(layouts[kind].begins);
    if (strncmp(text, layouts[kind].begins, begins_len) != 0
        || !fields_split(text + begins_len, layouts[kind].between, fields,
                         layouts[kind].n)) {
        return 0;
    }
    layouts[kind].read(row, fields);
    return row->rounds > 0 && row->salt_len > 0 && md_of(row)
        && row->len == (size_t)EVP_MD_get_size(md_of(row));
}

/* What SCRAM's server keeps: H(HMAC(salted password, "Client Key")). */
static int scram_key(const EVP_MD *md, unsigned char *key, size_t len)
{
    static const unsigned char label[] = "Client Key";
    unsigned char client[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    int ok = HMAC(md, key, (int)len, label, sizeof(label) - 1, client, &n)
        && EVP_Digest(client, n, key, NULL, md, NULL);

    OPENSSL_cleanse(client, sizeof(client));
    return ok;
}

static int key_make(const pwr_pbkdf2 *row, const char *password,
                    unsigned char *key)
{
    return PKCS5_PBKDF2_HMAC(password, (int)strlen(password), row->salt,
                             (int)row->salt_len, (int)row->rounds, md_of(row),
                             (int)row->len, key);
}

int pwr_pbkdf2_match(const pwr_pbkdf2 *row, const char *password)
{
    unsigned char key[EVP_MAX_MD_SIZE];
    int match = key_make(row, password, key)
        && (!row->is_scram || scram_key(md_of(row), key, row->len))
        && CRYPTO_memcmp(key, row->bytes, row->len) == 0;

    OPENSSL_cleanse(key, sizeof(key));
    return match;
}

/* Django's salts are letters and digits. */
const char *pwr_pbkdf2_make(apr_pool_t *pool, const char *setting,
                            const char *password)
{
    size_t prefix_len = strlen(PWR_DJANGO_PREFIX);
    const char *rounds = setting + prefix_len;
    pwr_pbkdf2 row = { .md = "SHA256", .len = 32 };
    char salt[PWR_ID_HEX + 1];
    const char *made = NULL;

    if (strncmp(setting, PWR_DJANGO_PREFIX, prefix_len) != 0) {
        return NULL;
    }
    row.rounds = rounds_read(&(field){ rounds, strcspn(rounds, "$") });
    if (row.rounds == 0 || pwr_crypto_id(salt) != APR_SUCCESS) {
        return NULL;
    }
    salt_text(&row, &(field){ salt, strlen(salt) });
    if (key_make(&row, password, row.bytes)) {
        made = apr_psprintf(pool, PWR_DJANGO_PREFIX "%u$%s$%s=", row.rounds,
                            salt, pwr_encoded_bare(pool, row.bytes, row.len));
    }
    OPENSSL_cleanse(&row, sizeof(row));
    return made;
}
