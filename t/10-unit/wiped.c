/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of a typed password is left nowhere on the stack: the next
 * request would run over it, and a fault there could show it. */
#include "core/password.h"

#include <pthread.h>

#include "core/encoded.h"
#include "tap.h"

#define STACK_BYTES (1 << 20)
#define BYTES_MAX 128
#define NEEDLE_BYTES 12         /* so many in a row are no accident */

static unsigned char stack[STACK_BYTES] __attribute__((aligned(4096)));

/* AddressSanitizer has its own mind about what lies where. */
#ifdef __SANITIZE_ADDRESS__
#define SKIPS 1
#else
#define SKIPS 0
#endif

/* `hash` is the part of the row that only the password makes.  None whose
 * library leaves copies of its own: libxcrypt, libargon2, OpenSSL's MD4. */
static const struct row { const char *password, *stored, *hash; } rows[] = {
    { "\xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C",
      "{SHA}VnC0NYrih/6OdML/b2KT+QVAkHc=", "VnC0NYrih/6OdML/b2KT+QVAkHc=" },
    { "secret one", "{SSHA512}zF4udcCy9lpG/Bhnby9r7Yf4MXaxeChXXSAGPYAhgjdRhfSf"
      "Cn9Kp+e+VTig/QqbcDS+5A7buTDCXuLB+Iul8mqV8P0=",
      "zF4udcCy9lpG/Bhnby9r7Yf4MXaxeChXXSAGPYAhgjdRhfSfCn9Kp+e+VTig/QqbcDS+5A7b"
      "uTDCXuLB+Iul8mqV8P0=" },
    { "secret one", "{PBKDF2}$1$Hr.DQKqQ9kmKTUuG$5000$fb9811ba088ecb2d807fdb547"
      "3a8d77df20b7db8", "fb9811ba088ecb2d807fdb5473a8d77df20b7db8" },
    { "secret one", "{SCRAM-SHA-1}4096,S1p72IsdjbBiECwaOLa7aA==,VNcImzESvr64Uqr"
      "tT07yRfBophM=,4M7LOYUEDTCepg1KShGeOCKbRdA=",
      "VNcImzESvr64UqrtT07yRfBophM=" },
    { "secret one", "{CRAM-MD5}7fc667dfe47194b92299f44b147a75f21cd2ad41229e455e"
      "959893d7ee229941", "7fc667dfe47194b92299f44b147a75f2" },
};

typedef struct call {
    const struct row *row;
    const unsigned char *bytes;     /* of the hash */
    size_t len;
    int match;
} call;

static void *verify(void *data)
{
    call *c = data;

    pwr_password_verify(c->row->password, c->row->stored, &c->match);
    return NULL;
}

/* The control. */
static void *leave(void *data)
{
    call *c = data;
    volatile unsigned char copy[BYTES_MAX];

    for (size_t i = 0; i < c->len; i++) {
        copy[i] = c->bytes[i];
    }
    c->match = copy[0];
    return NULL;
}

/* On a stack that is looked at afterwards. */
static void run(void *(*work)(void *data), call *c)
{
    pthread_attr_t attr;
    pthread_t thread;

    memset(stack, 0, sizeof(stack));
    pthread_attr_init(&attr);
    pthread_attr_setstack(&attr, stack, sizeof(stack));
    if (pthread_create(&thread, &attr, work, c) == 0) {
        pthread_join(thread, NULL);
    }
    pthread_attr_destroy(&attr);
}

static int is_left(const void *bytes, size_t len)
{
    const unsigned char *end = stack + sizeof(stack) - len;

    for (const unsigned char *at = stack; at < end; at++) {
        if (memcmp(at, bytes, len) == 0) {
            return 1;
        }
    }
    return 0;
}

static void test_row(const struct row *row)
{
    unsigned char bytes[BYTES_MAX];
    call c = { row, bytes, 0, 0 };
    size_t digits = strlen(row->hash);

    c.len = pwr_encoded_hex(bytes, sizeof(bytes), row->hash, digits);
    if (c.len == 0) {
        c.len = pwr_encoded_base64(bytes, sizeof(bytes), row->hash, digits);
    }
    run(leave, &c);
    tap_ok(c.len >= NEEDLE_BYTES && is_left(bytes, NEEDLE_BYTES),
           "control: %s is found where it was left", row->stored);
    run(verify, &c);
    tap_ok(c.match, "%s is verified", row->stored);
    tap_ok(!is_left(bytes, NEEDLE_BYTES), "... and its digest wiped");
    tap_ok(!is_left(row->hash, NEEDLE_BYTES), "... and its text");
    tap_ok(!is_left(row->password, strlen(row->password)),
           "... and the password");
}

int main(void)
{
    tap_begin();
    for (size_t i = 0; !SKIPS && i < sizeof(rows) / sizeof(*rows); i++) {
        test_row(&rows[i]);
    }
    tap_ok(1, "looked at, but for AddressSanitizer%s",
           SKIPS ? " # SKIP its stack is not ours" : "");
    return tap_end();
}
