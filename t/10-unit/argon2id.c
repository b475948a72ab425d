/* SPDX-License-Identifier: Apache-2.0 */
/* What published rows are verified stands in password.c; here is what is made,
 * and what is no hash at all. */
#include "core/argon2id.h"

#include <apr_strings.h>

#include "tap.h"

#define SETTING "$argon2id$v=19$m=64,t=1,p=1$"
#define SALT "c29tZXNhbHQ"
#define HASH "4k32S5d0K+RTKTAK6uHKNQ"

/* None of them matches any password, and none is read beyond its end. */
static const char *const broken[] = {
    SETTING, SETTING "$", SETTING SALT, SETTING SALT "$", SETTING "$" HASH,
    SETTING "c29t$" HASH,                       /* a salt of 3 bytes */
    SETTING SALT "$c29tZXNhbHRzb21l",           /* a hash of 12 */
    SETTING SALT "$4k32S5d0K+RTKTAK6uHKN*",     /* no base64 */
    SETTING SALT "$4k32S5d0K-RTKTAK6uHKNQ",     /* that of URLs */
    SETTING SALT "$4k32S5d0K+RTKTAK6uHKNQ==",   /* padded */
    SETTING SALT "$" HASH "$" HASH,
    SETTING "c29tZXNhbHRzb21lc2FsdHNvbWVzYWx0c29tZXNhbHRzb21lc2FsdHNvbWVzYWx0c"
            "29tZXNhbHRzb21lc2FsdHNvbWVzYWx0$" HASH,
};

static const char *const settings[] = {
    SETTING, "$argon2id$v=19$m=256,t=3,p=1$", "$argon2id$v=19$m=64,t=1,p=4$"
};

static const char *const not_made[] = {
    "", "$2y$12$", "$argon2i$v=19$m=64,t=1,p=1$", "$argon2id$v=19$m=,t=1,p=1$"
};

static int match(const char *password, const char *stored)
{
    const pwr_format format = pwr_format_of(stored);

    return (format.engine == PWR_ENGINE_ARGON2ID
            || format.engine == PWR_ENGINE_ARGON2I)
        && pwr_argon2id_match(&format, password, stored);
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
        const char *one = pwr_argon2id_make(pool, settings[i], "пароль");
        const char *other = pwr_argon2id_make(pool, settings[i], "пароль");

        tap_ok(one && strncmp(one, settings[i], strlen(settings[i])) == 0,
               "%s is made as asked", settings[i]);
        tap_ok(one && one[strlen(one) - 1] != '=',
               "%s: without padding", settings[i]);
        tap_ok(one && other && strcmp(one, other) != 0,
               "%s: each with a salt of its own", settings[i]);
        tap_ok(one && match("пароль", one), "%s: and matches", settings[i]);
        tap_ok(one && !match("Пароль", one), "%s: no other", settings[i]);
    }
    for (size_t i = 0; i < sizeof(not_made) / sizeof(*not_made); i++) {
        tap_ok(!pwr_argon2id_make(pool, not_made[i], "x"),
               "'%s' is not made", not_made[i]);
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        /* In memory of just its size, for the sanitizers. */
        const char *stored = apr_pstrdup(pool, broken[i]);

        tap_ok(!match("", stored) && !match("password", stored),
               "%s matches nothing", broken[i]);
    }
    return tap_end();
}
