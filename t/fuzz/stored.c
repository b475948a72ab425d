/* SPDX-License-Identifier: Apache-2.0 */
/* Stored passwords: what a row says is believed within the ceilings only. */
#include "core/format.h"
#include "core/password.h"
#include "core/pbkdf2.h"
#include "core/prehash.h"
#include "core/scheme.h"

#include "fuzz.h"

#define BCRYPT_CHEAP 4
#define WORK_CHEAP 64           /* KiB or rounds; libxcrypt takes 1000 up */
#define ROUNDS_CHEAP 1024
#define WORK_MAX PWR_PBKDF2_ROUNDS_MAX

/* Slow ones prove nothing more here; Sun's MD5 is slow without rounds, BSDi's
 * DES has them in four digits, the least significant first. */
static int is_cheap(const pwr_format *format, const char *stored)
{
    char text[PWR_STORED_MAX];

    pwr_wrap_open(text, &format->wrap, stored);
    if (format->engine == PWR_ENGINE_PHPASS
        || format->engine == PWR_ENGINE_PBKDF2) {
        return format->work <= ROUNDS_CHEAP;
    }
    if (*text == '_' && strncmp(text + 3, "..", 2) != 0) {
        return 0;
    }
    return format->work <= (strncmp(text, "$2", 2) == 0 ? BCRYPT_CHEAP
                                                        : WORK_CHEAP)
        && strncmp(text, "$md5", 4) != 0;
}

static void look_verified(apr_pool_t *pool, const char *password,
                          const char *stored)
{
    const pwr_format format = pwr_format_of(stored);
    int match, other;

    pwr_password_verify(password, stored, &match);
    FUZZ_CLAIM(match == 0 || (match == 1 && *password));
    if (format.prehash == PWR_PREHASH_TRIM
        || format.prehash == PWR_PREHASH_WORDPRESS) {
        password = pwr_prehash_trim(pool, password);
    }
    if (match) {
        pwr_password_verify("another", stored, &other);
        FUZZ_CLAIM(!other || strcmp(password, "another") == 0);
    }
}

/* What a new password would be written in. */
static void look_kept(apr_pool_t *pool, const char *stored)
{
    pwr_scheme keep = { .kind = PWR_SCHEME_KEEP };
    pwr_scheme chosen = pwr_scheme_choose(&keep, stored);
    pwr_format decoy = pwr_format_of(pwr_scheme_decoy(pool, &chosen));
    pwr_wrap wrap = pwr_wrap_of(stored);
    size_t len = strlen(chosen.setting);
    char text[PWR_STORED_MAX];

    FUZZ_CLAIM(chosen.kind > PWR_SCHEME_KEEP && len < PWR_SETTING_MAX);
    if (len > 0) {
        pwr_wrap_open(text, &wrap, stored);
        FUZZ_CLAIM(strncmp(chosen.setting, chosen.kind == PWR_SCHEME_DJANGO
                           ? stored : text, len) == 0);
    }
    FUZZ_CLAIM(decoy.engine != PWR_ENGINE_NONE && decoy.is_strong);
    FUZZ_CLAIM(decoy.kind == chosen.kind);
    FUZZ_CLAIM(chosen.prehash == PWR_PREHASH_TRIM
               || decoy.prehash == chosen.prehash);
}

/* The same costs without the salt; nothing matches it. */
static void look_masked(const char *stored, const char *password)
{
    char mask[2 * 384], again[sizeof(mask)];
    pwr_format format = pwr_format_of(stored), masked;
    int match;

    FUZZ_CLAIM(!pwr_format_mask(mask, 2, stored) && !*mask);
    if (!pwr_format_mask(mask, sizeof(mask), stored)) {
        FUZZ_CLAIM(format.engine == PWR_ENGINE_NONE && !*mask);
        return;
    }
    masked = pwr_format_of(mask);
    FUZZ_CLAIM(masked.engine != PWR_ENGINE_NONE && masked.work == format.work);
    FUZZ_CLAIM(pwr_format_mask(again, sizeof(again), mask)
               && strcmp(mask, again) == 0);
    if (is_cheap(&masked, mask)) {
        pwr_password_verify(password, mask, &match);
        FUZZ_CLAIM(!match);
    }
}

/* A scheme for rows without prefix changes those alone. */
static void look_named(apr_pool_t *pool, const char *stored)
{
    const char *named = pwr_wrap_default(pool, "PLAIN", stored);

    FUZZ_CLAIM(strcmp(named, stored) == 0
               || (strncmp(named, "{PLAIN}", 7) == 0
                   && strcmp(named + 7, stored) == 0
                   && pwr_wrap_of(stored).len == 0));
}

/* An input: a stored password, a password. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *stored = fuzz_text(pool, &in), *password = fuzz_text(pool, &in);
    pwr_format format = pwr_format_of(stored);
    int match;

    look_kept(pool, stored);
    look_masked(stored, password);
    look_named(pool, stored);
    if (format.engine == PWR_ENGINE_NONE) {
        pwr_password_verify(password, stored, &match);
        FUZZ_CLAIM(!match);
        return;
    }
    FUZZ_CLAIM(format.work > 0 && format.work <= WORK_MAX);
    FUZZ_CLAIM(format.setting_len <= PWR_STORED_MAX);
    FUZZ_CLAIM(format.argon2.memory_kib <= 256 * 1024
               && format.argon2.lanes_n <= 16);
    if (is_cheap(&format, stored)) {
        look_verified(pool, password, stored);
    }
}
