/* SPDX-License-Identifier: Apache-2.0 */
/* Stored passwords: what a row says is believed within the ceilings only. */
#include "core/format.h"
#include "core/password.h"
#include "core/scheme.h"

#include "fuzz.h"

#define BCRYPT_CHEAP 4
#define WORK_CHEAP 64           /* KiB or rounds; libxcrypt takes 1000 up */
#define WORK_MAX (2u * 1024 * 1024)

/* Slow ones prove nothing more here; Sun's MD5 is slow without rounds, BSDi's
 * DES has them in four digits, the least significant first. */
static int is_cheap(const pwr_format *format, const char *stored)
{
    if (*stored == '_' && strncmp(stored + 3, "..", 2) != 0) {
        return 0;
    }
    return format->work <= (format->kind == PWR_SCHEME_BCRYPT
                            || strncmp(stored, "$2", 2) == 0 ? BCRYPT_CHEAP
                                                             : WORK_CHEAP)
        && strncmp(stored, "$md5", 4) != 0;
}

static void look_verified(const char *password, const char *stored)
{
    int match, other;

    pwr_password_verify(password, stored, &match);
    FUZZ_CLAIM(match == 0 || (match == 1 && *password));
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
    size_t len = strlen(chosen.setting);

    FUZZ_CLAIM(chosen.kind > PWR_SCHEME_KEEP && len < PWR_SETTING_MAX);
    FUZZ_CLAIM(strncmp(chosen.setting, stored, len) == 0);
    FUZZ_CLAIM(decoy.engine != PWR_ENGINE_NONE && decoy.is_strong);
    FUZZ_CLAIM(decoy.kind == chosen.kind);
}

/* The same costs without the salt; nothing matches it. */
static void look_masked(const char *stored, const char *password)
{
    char mask[2 * 384], again[sizeof(mask)];
    pwr_format format = pwr_format_of(stored), masked;
    int match;

    FUZZ_CLAIM(!*stored || (!pwr_format_mask(mask, strlen(stored), stored)
                            && !*mask));
    if (!pwr_format_mask(mask, sizeof(mask), stored)) {
        FUZZ_CLAIM(format.engine == PWR_ENGINE_NONE && !*mask);
        return;
    }
    masked = pwr_format_of(mask);
    FUZZ_CLAIM(masked.engine == format.engine && masked.work == format.work);
    FUZZ_CLAIM(strlen(mask) == strlen(stored));
    FUZZ_CLAIM(pwr_format_mask(again, sizeof(again), mask)
               && strcmp(mask, again) == 0);
    if (is_cheap(&masked, mask)) {
        pwr_password_verify(password, mask, &match);
        FUZZ_CLAIM(!match);
    }
}

/* An input: a stored password, a password. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *stored = fuzz_text(pool, &in), *password = fuzz_text(pool, &in);
    pwr_format format = pwr_format_of(stored);
    int match;

    look_kept(pool, stored);
    look_masked(stored, password);
    if (format.engine == PWR_ENGINE_NONE) {
        pwr_password_verify(password, stored, &match);
        FUZZ_CLAIM(!match);
        return;
    }
    FUZZ_CLAIM(format.work > 0 && format.work <= WORK_MAX);
    FUZZ_CLAIM(format.setting_len <= strlen(stored));
    FUZZ_CLAIM(format.argon2.memory_kib <= 256 * 1024
               && format.argon2.lanes_n <= 16);
    if (is_cheap(&format, stored)) {
        look_verified(password, stored);
    }
}
