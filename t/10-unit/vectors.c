/* SPDX-License-Identifier: Apache-2.0 */
/* t/vectors/stored.tsv: stored passwords that other programs made (make.pl
 * beside it).  Each line: the program, the scheme of rows without prefix ("-":
 * none is needed), the password with %HH, the row. */
#include "core/password.h"

#include <stdlib.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "core/format.h"
#include "tap.h"

#define FILE_BYTES_MAX (1 << 20)
#define FIELDS_N 4
#define VECTORS_MIN 250
#define LOGIN "ivan@example.org"    /* whose they are */

static int verify(const char *password, const char *stored)
{
    int match = 1;

    pwr_password_verify(password, stored, &match);
    return match;
}

static char *file_read(apr_pool_t *pool)
{
    const char *top = getenv("PWR_TOP");
    const char *path = apr_pstrcat(pool, top ? top : ".",
                                   "/t/vectors/stored.tsv", NULL);
    apr_size_t len = FILE_BYTES_MAX - 1;
    char *text = apr_pcalloc(pool, FILE_BYTES_MAX);
    apr_file_t *file;

    if (apr_file_open(&file, path, APR_FOPEN_READ, 0, pool) != APR_SUCCESS
        || apr_file_read(file, text, &len) != APR_SUCCESS) {
        *text = '\0';
    }
    tap_ok(*text, "%s is read", path);
    return text;
}

static char *password_of(char *shown)
{
    char *to = shown;

    for (const char *p = shown; *p; p++) {
        char digits[3] = { p[0], p[0] == '%' ? p[1] : '\0', '\0' };

        if (*p == '%') {
            digits[0] = p[1];
            digits[1] = p[2];
            *to++ = (char)strtoul(digits, NULL, 16);
            p += 2;
        }
        else {
            *to++ = *p;
        }
    }
    *to = '\0';
    return shown;
}

/* Another one verifies the row only where it is cut before they differ. */
static void others_refused(apr_pool_t *pool, const char *password,
                           const char *stored)
{
    const pwr_format format = pwr_format_of(stored);
    int is_cut = format.cuts_at > 0;

    tap_ok(!verify(apr_pstrcat(pool, "x", password, NULL), stored)
           && !verify("", stored)
           && (format.engine < PWR_ENGINE_DIGEST || !verify(stored, stored))
           && (is_cut
               || !verify(apr_pstrcat(pool, password, "x", NULL), stored)),
           "... and no other password");
    tap_ok(!verify(password, apr_pstrcat(pool, stored, "k", NULL)),
           "... nor in a longer row");
    tap_ok(!verify(password, apr_pstrmemdup(pool, stored, strlen(stored) / 2)),
           "... nor in half of it");
}

static void masked(const char *password, const char *stored)
{
    char mask[PWR_STORED_MAX];

    tap_ok(pwr_format_mask(mask, sizeof(mask), stored) && strlen(mask) < 128
           && pwr_format_of(mask).work == pwr_format_of(stored).work
           && !verify(password, mask), "... its mask is %s", mask);
}

/* `is_new`: of another program than the one before; its other rows cost the
 * same. */
static void vector_test(apr_pool_t *pool, char **fields, int is_new)
{
    char *password = password_of(fields[2]);
    const char *name = strcmp(fields[1], "-") == 0 ? NULL : fields[1];
    const char *bare = fields[3];
    const char *stored = pwr_wrap_with_login(
        pool, LOGIN, pwr_wrap_default(pool, name, bare));

    if (!tap_ok(verify(password, stored), "%s: %s", fields[0], bare)) {
        return;
    }
    others_refused(pool, password, stored);
    if (is_new) {
        masked(password, stored);
    }
    if (name) {
        tap_ok(!verify(password, bare), "... unknown without %s", name);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();
    char *line, *next = file_read(pool), *rest;
    const char *before = "";
    int n = 0;

    while ((line = apr_strtok(next, "\n", &next)) != NULL) {
        char *fields[FIELDS_N];
        int i = 0;

        for (char *field = apr_strtok(line, "\t", &rest); field && i < FIELDS_N;
             field = apr_strtok(NULL, "\t", &rest)) {
            fields[i++] = field;
        }
        if (i == FIELDS_N) {
            vector_test(pool, fields, strcmp(before, fields[0]) != 0);
            before = fields[0];
            n++;
        }
    }
    tap_ok(n >= VECTORS_MIN, "there are %d of them", n);
    return tap_end();
}
