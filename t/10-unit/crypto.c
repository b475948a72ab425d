/* SPDX-License-Identifier: Apache-2.0 */
#include "core/crypto.h"

#include "tap.h"

static void test_digest(void)
{
    char a[PWR_DIGEST_HEX + 1], b[PWR_DIGEST_HEX + 1];

    /* printf 'r\0recover\0s' | sha256sum */
    tap_int(pwr_crypto_digest(a, "r", PWR_PURPOSE_RECOVER, "s"), APR_SUCCESS,
            "digest");
    tap_str(a, "a82ae391688a64c60cffab43dd10e28b"
               "5879a07ff811ed8cc5f3451d9bfb1fc3", "known answer");
    pwr_crypto_digest(b, "r2", PWR_PURPOSE_RECOVER, "s");
    tap_ok(strcmp(a, b) != 0, "another realm, another digest");
    pwr_crypto_digest(b, "r", PWR_PURPOSE_SESSION, "s");
    tap_ok(strcmp(a, b) != 0, "another purpose, another digest");
    tap_int(pwr_crypto_digest(b, "r", PWR_PURPOSE_RECOVER, ""), APR_EINVAL,
            "an empty secret has no digest");
    tap_str(b, "", "and leaves nothing behind");
    tap_int(pwr_crypto_digest(b, "r", PWR_PURPOSE_NONE, "s"), APR_EINVAL,
            "no purpose, no digest");
}

static void test_fingerprint(void)
{
    char a[PWR_DIGEST_HEX + 1], b[PWR_DIGEST_HEX + 1];

    pwr_crypto_fingerprint(a, (const char *[]){ "ab", "c" }, 2);
    pwr_crypto_fingerprint(b, (const char *[]){ "a", "bc" }, 2);
    tap_ok(strcmp(a, b) != 0, "fields do not run together");
    pwr_crypto_fingerprint(a, (const char *[]){ "a", NULL }, 2);
    pwr_crypto_fingerprint(b, (const char *[]){ "a", "" }, 2);
    tap_ok(strcmp(a, b) != 0, "absent is not empty");
}

/* By hand: the key and the text through sha256sum. */
static void test_place(void)
{
    static const unsigned char key[PWR_DIGEST_BYTES] = {
        11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
        11, 11, 11, 11, 11, 11, 11, 11, 11, 11
    };
    static const unsigned char other[PWR_DIGEST_BYTES] = { 1 };
    static const unsigned char want[] = {
        0x15, 0x51, 0x85, 0x04, 0x2d, 0x6a, 0x74, 0x8b
    };
    uint64_t a = 0, b = 0;

    pwr_crypto_place(&a, key, "Hi There", 8);
    tap_ok(memcmp(&a, want, sizeof(want)) == 0, "a place is by SHA-256");
    pwr_crypto_place(&b, other, "Hi There", 8);
    tap_ok(a != b, "and by its key");
}

static void test_random(apr_pool_t *pool)
{
    char a[PWR_ID_HEX + 1], b[PWR_ID_HEX + 1];
    const char *secret;

    tap_int(pwr_crypto_id(a), APR_SUCCESS, "id");
    pwr_crypto_id(b);
    tap_ok(strlen(a) == PWR_ID_HEX && strcmp(a, b) != 0, "ids differ");
    tap_int(pwr_crypto_secret(pool, &secret), APR_SUCCESS, "secret");
    tap_int((long long)strlen(secret), 64, "of 256 bits");
}

static void test_compare(void)
{
    tap_ok(pwr_crypto_equal("abc", "abc"), "equal");
    tap_ok(!pwr_crypto_equal("abc", "abd"), "not equal");
    tap_ok(!pwr_crypto_equal("abc", "ab"), "lengths differ");
    tap_ok(!pwr_crypto_equal(NULL, NULL), "NULL equals nothing");
}

typedef struct wipe_witness {
    const char *secret;
    char seen[8];
} wipe_witness;

static apr_status_t look(void *data)
{
    wipe_witness *witness = data;

    memcpy(witness->seen, witness->secret, 7);
    return APR_SUCCESS;
}

/* Cleanups run last in, first out: one registered before the secret's own
 * still finds the memory, and must find it wiped. */
static void test_wiping(apr_pool_t *parent)
{
    wipe_witness witness = { NULL, "unseen" };
    apr_pool_t *pool;

    apr_pool_create(&pool, parent);
    apr_pool_cleanup_register(pool, &witness, look, apr_pool_cleanup_null);
    witness.secret = pwr_secret_copy(pool, "hunter2", 7);
    tap_str(witness.secret, "hunter2", "a secret is copied");
    apr_pool_destroy(pool);
    tap_ok(memcmp(witness.seen, "\0\0\0\0\0\0\0", 7) == 0,
           "and wiped with its pool");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_digest();
    test_fingerprint();
    test_place();
    test_random(pool);
    test_compare();
    test_wiping(pool);
    return tap_end();
}
