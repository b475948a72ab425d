/* SPDX-License-Identifier: Apache-2.0 */
/* TAP for unit tests written in C: tables in, lines out.
 *
 *   int main(void)
 *   {
 *       apr_pool_t *pool = tap_begin();
 *       tap_ok(1 + 1 == 2, "addition");
 *       tap_str(pwr_x(pool, "a"), "b", "x of %s", "a");
 *       return tap_end();
 *   }
 */
#ifndef PWR_TAP_H
#define PWR_TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>

static int tap_tests, tap_failures;

static inline apr_pool_t *tap_begin(void)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return pool;
}

/* One test; the description is a printf format. Returns `ok`. */
__attribute__((format(printf, 2, 3), unused))
static int tap_ok(int ok, const char *format, ...)
{
    va_list args;

    printf("%sok %d - ", ok ? "" : "not ", ++tap_tests);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    tap_failures += !ok;
    return ok;
}

__attribute__((unused))
static void tap_str_(const char *got, const char *want, const char *name)
{
    int same = got && want ? !strcmp(got, want) : got == want;

    if (!tap_ok(same, "%s", name)) {
        printf("#   got: %s\n#  want: %s\n", got ? got : "(NULL)",
               want ? want : "(NULL)");
    }
}

__attribute__((unused))
static void tap_int_(long long got, long long want, const char *name)
{
    if (!tap_ok(got == want, "%s", name)) {
        printf("#   got: %lld\n#  want: %lld\n", got, want);
    }
}

/* Compare strings (NULL equals NULL only) or integers; then a printf. */
#define tap_str(got, want, ...) do { \
        char tap_name[256]; \
        snprintf(tap_name, sizeof(tap_name), __VA_ARGS__); \
        tap_str_((got), (want), tap_name); \
    } while (0)
#define tap_int(got, want, ...) do { \
        char tap_name[256]; \
        snprintf(tap_name, sizeof(tap_name), __VA_ARGS__); \
        tap_int_((got), (want), tap_name); \
    } while (0)

/* All pools go: whatever a sanitizer still finds then is a leak. */
static inline int tap_end(void)
{
    apr_terminate();
    printf("1..%d\n", tap_tests);
    return tap_failures != 0;
}

#endif
