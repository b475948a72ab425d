/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scheme.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <crypt.h>

#include "core/format.h"
#include "core/text.h"

/* How a scheme is named and written. */
typedef struct writer {
    pwr_scheme_kind kind;
    const char *name;           /* NULL: only kept */
    unsigned cost, cost_min, cost_max;      /* min 0: takes no cost */
    const char *prefix;         /* for crypt_gensalt_rn; NULL: not crypt_r's */
    size_t salt_at;             /* in a setting; 0: behind the last '$' */
    size_t bytes_max;
} writer;

/* bcrypt 12 takes 200 ms of a core, sha512-crypt 100000 25 ms, yescrypt 5 (16
 * MiB, what Debian and Fedora use) 17 ms; OWASP asks for bcrypt 10 at least.
 * yescrypt 10 would be above the ceiling of core/format.h. */
static const writer writers[] = {
    { PWR_SCHEME_BCRYPT, "bcrypt", 12, 10, 16, "$2y$", 7,
      PWR_BCRYPT_BYTES_MAX },
    { PWR_SCHEME_KEEP, "keep", 0, 0, 0, NULL, 0, PWR_BCRYPT_BYTES_MAX },
    { PWR_SCHEME_YESCRYPT, "yescrypt", 5, 5, 9, "$y$", 0,
      PWR_CRYPT_BYTES_MAX },
    { PWR_SCHEME_SCRYPT, NULL, 7, 0, 0, "$7$", 14, PWR_CRYPT_BYTES_MAX },
    { PWR_SCHEME_SHA512_CRYPT, "sha512-crypt", 100000, 5000, 2000000, "$6$", 0,
      PWR_CRYPT_BYTES_MAX },
    { PWR_SCHEME_ARGON2ID, "argon2id", 0, 0, 0, NULL, 0,
      PWR_PASSWORD_BYTES_MAX },
};

/* What people ask for and do not get; compared up to the first ':'. */
static const struct { const char *name, *reason; } weak[] = {
    { "plain", "whoever reads the table would have every password" },
    { "cleartext", "whoever reads the table would have every password" },
    { "md5", "a graphics card tries billions of passwords a second" },
    { "md5-crypt", "it has been too fast for many years" },
    { "apr1", "it has been too fast for many years" },
    { "sha1", "a graphics card tries billions of passwords a second" },
    { "sha256", "a graphics card tries billions of passwords a second" },
    { "sha512", "a graphics card tries billions of passwords a second" },
    { "ssha", "a graphics card tries billions of passwords a second" },
    { "sha256-crypt", "sha512-crypt is as widely read and stronger" },
    { "des", "it cuts passwords to eight characters" },
    { "des-crypt", "it cuts passwords to eight characters" },
    { "crypt", "it cuts passwords to eight characters" },
};

static const char choice[] = "possible are keep, bcrypt[:cost], "
    "yescrypt[:cost], sha512-crypt[:rounds] and argon2id";

/* The row of bcrypt for what has none of its own. */
static const writer *writer_of(pwr_scheme_kind kind)
{
    for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++) {
        if (writers[i].kind == kind) {
            return &writers[i];
        }
    }
    return &writers[0];
}

static const writer *writer_named(const char *name)
{
    for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++) {
        if (pwr_text_same(writers[i].name, name)) {
            return &writers[i];
        }
    }
    return NULL;
}

static const char *name_refusal(apr_pool_t *pool, const char *name)
{
    for (size_t i = 0; i < sizeof(weak) / sizeof(*weak); i++) {
        if (pwr_text_same(weak[i].name, name)) {
            return apr_psprintf(pool, "%s is never written: %s; %s",
                                weak[i].name, weak[i].reason, choice);
        }
    }
    return apr_psprintf(pool, "there is no scheme \"%s\"; %s",
                        pwr_text_printable(pool, name, 40), choice);
}

static const char *cost_parse(apr_pool_t *pool, const writer *w,
                              const char *text, unsigned *cost)
{
    size_t n = strspn(text, "0123456789");
    unsigned long value = n > 0 && n < 9 ? strtoul(text, NULL, 10) : 0;

    if (w->cost_min == 0) {
        return apr_psprintf(pool, "%s takes no cost", w->name);
    }
    if (text[n] || value < w->cost_min || value > w->cost_max) {
        return apr_psprintf(pool, "the cost of %s is a number from %u to %u",
                            w->name, w->cost_min, w->cost_max);
    }
    *cost = (unsigned)value;
    return NULL;
}

const char *pwr_scheme_parse(apr_pool_t *pool, const char *text,
                             pwr_scheme *scheme)
{
    size_t len = strcspn(text, ":");
    const char *name = apr_pstrmemdup(pool, text, len);
    const writer *w = writer_named(name);
    unsigned cost = 0;
    const char *problem = NULL;

    *scheme = (pwr_scheme){ .kind = PWR_SCHEME_NONE };
    if (!w) {
        return name_refusal(pool, name);
    }
    if (text[len]) {
        problem = cost_parse(pool, w, text + len + 1, &cost);
    }
    if (!problem) {
        *scheme = (pwr_scheme){ .kind = w->kind, .cost = cost };
    }
    return problem;
}

const char *pwr_scheme_show(apr_pool_t *pool, const pwr_scheme *scheme)
{
    const writer *w = writer_of(scheme->kind);

    return scheme->cost ? apr_psprintf(pool, "%s:%u", w->name, scheme->cost)
                        : w->name;
}

pwr_scheme pwr_scheme_choose(const pwr_scheme *configured,
                             const char *stored)
{
    pwr_scheme scheme = { .kind = PWR_SCHEME_BCRYPT };
    pwr_format format;

    if (configured->kind > PWR_SCHEME_KEEP) {
        return *configured;
    }
    format = pwr_format_of(stored);
    if (format.engine == PWR_ENGINE_NONE || format.kind == PWR_SCHEME_NONE) {
        return scheme;
    }
    scheme.kind = format.kind;
    if (format.is_strong && format.setting_len < sizeof(scheme.setting)) {
        memcpy(scheme.setting, stored, format.setting_len);
    }
    return scheme;
}

size_t pwr_scheme_bytes_max(const pwr_scheme *scheme)
{
    return writer_of(scheme->kind)->bytes_max;
}

/* Where the salt begins in what crypt_gensalt_rn made. */
static const char *salt_of(const writer *w, const char *setting)
{
    return w->salt_at ? setting + w->salt_at : strrchr(setting, '$') + 1;
}

int pwr_scheme_salt(const pwr_scheme *scheme, char *out)
{
    const writer *w = writer_of(scheme->kind);
    char fresh[CRYPT_GENSALT_OUTPUT_SIZE];

    *out = '\0';
    if (scheme->kind <= PWR_SCHEME_KEEP || !w->prefix
        || !crypt_gensalt_rn(w->prefix, scheme->cost ? scheme->cost : w->cost,
                             NULL, 0, fresh, sizeof(fresh))) {
        return 0;
    }
    apr_snprintf(out, CRYPT_GENSALT_OUTPUT_SIZE, "%s%s", scheme->setting,
                 scheme->setting[0] ? salt_of(w, fresh) : fresh);
    return 1;
}

/* A hash of nothing but dots, as long as the scheme's: no password has it. */
const char *pwr_scheme_decoy(apr_pool_t *pool, const pwr_scheme *scheme)
{
    static const char dots[] =
        "..........................................."
        "...........................................";
    static const pwr_scheme usual = { .kind = PWR_SCHEME_BCRYPT };
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    int hash_len = scheme->kind == PWR_SCHEME_SHA512_CRYPT ? 86 : 43;

    if (scheme->kind == PWR_SCHEME_ARGON2ID) {
        return PWR_ARGON2ID_SETTING "AAAAAAAAAAAAAAAAAAAAAA$"
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    }
    if (!pwr_scheme_salt(scheme, setting)) {
        scheme = &usual;
        pwr_scheme_salt(scheme, setting);
    }
    if (scheme->kind == PWR_SCHEME_BCRYPT) {
        return apr_psprintf(pool, "%s%.31s", setting, dots);
    }
    return apr_psprintf(pool, "%s$%.*s", setting, hash_len, dots);
}
