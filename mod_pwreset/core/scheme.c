/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scheme.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <crypt.h>
#include <openssl/crypto.h>

#include "core/format.h"
#include "core/pbkdf2.h"
#include "core/phpass.h"
#include "core/prehash.h"
#include "core/text.h"

/* How a scheme is written. */
typedef struct writer {
    pwr_scheme_kind kind;
    unsigned cost, cost_min, cost_max;  /* min 0: takes no cost */
    const char *prefix;         /* for crypt_gensalt_rn; NULL: not crypt_r's */
    size_t salt_at;             /* in a setting; 0: behind the last '$' */
    size_t bytes_max;
} writer;

/* bcrypt 12 takes 200 ms of a core, sha512-crypt 100000 25 ms, yescrypt 5 (16
 * MiB, what Debian and Fedora use) 17 ms; OWASP asks for bcrypt 10 at least.
 * yescrypt 10 would be above the ceiling of core/format.h. */
static const writer writers[] = {
    { PWR_SCHEME_BCRYPT, 12, 10, 16, "$2y$", 7, PWR_BCRYPT_BYTES_MAX },
    { PWR_SCHEME_KEEP, 0, 0, 0, NULL, 0, PWR_BCRYPT_BYTES_MAX },
    { PWR_SCHEME_YESCRYPT, 5, 5, 9, "$y$", 0, PWR_CRYPT_BYTES_MAX },
    { PWR_SCHEME_SCRYPT, 7, 0, 0, "$7$", 14, PWR_CRYPT_BYTES_MAX },
    { PWR_SCHEME_SHA512_CRYPT, 100000, 5000, 2000000, "$6$", 0,
      PWR_CRYPT_BYTES_MAX },
    { PWR_SCHEME_ARGON2ID, 0, 0, 0, NULL, 0, PWR_PASSWORD_BYTES_MAX },
    { PWR_SCHEME_DJANGO, 0, 0, 0, NULL, 0, PWR_PASSWORD_BYTES_MAX },
    { PWR_SCHEME_DRUPAL, 0, 0, 0, NULL, 0, PWR_DRUPAL_BYTES_MAX },
};

/* What an admin may write, of each kind the plain one first; a prefix is what
 * its readers demand. */
static const struct name {
    const char *name;
    pwr_scheme_kind kind;
    const char *prefix;
} names[] = {
    { "keep", PWR_SCHEME_KEEP, "" },
    { "bcrypt", PWR_SCHEME_BCRYPT, "" },
    { "yescrypt", PWR_SCHEME_YESCRYPT, "" },
    { "sha512-crypt", PWR_SCHEME_SHA512_CRYPT, "" },
    { "argon2id", PWR_SCHEME_ARGON2ID, "" },
    { "django", PWR_SCHEME_DJANGO, "" },
    { "drupal", PWR_SCHEME_DRUPAL, "" },
    { "{BLF-CRYPT}", PWR_SCHEME_BCRYPT, "{BLF-CRYPT}" },
    { "{SHA512-CRYPT}", PWR_SCHEME_SHA512_CRYPT, "{SHA512-CRYPT}" },
    { "{ARGON2ID}", PWR_SCHEME_ARGON2ID, "{ARGON2ID}" },
    { "wordpress", PWR_SCHEME_BCRYPT, "$wp" },
};

/* What people ask for and do not get; compared up to the first ':'. */
static const struct { const char *name, *reason; } weak[] = {
    { "plain", "whoever reads the table would have every password" },
    { "cleartext", "whoever reads the table would have every password" },
    { "clear", "whoever reads the table would have every password" },
    { "md5", "a graphics card tries billions of passwords a second" },
    { "plain-md5", "a graphics card tries billions of passwords a second" },
    { "ldap-md5", "a graphics card tries billions of passwords a second" },
    { "plain-md4", "a graphics card tries billions of passwords a second" },
    { "md5-crypt", "it has been too fast for many years" },
    { "apr1", "it has been too fast for many years" },
    { "sha", "a graphics card tries billions of passwords a second" },
    { "sha1", "a graphics card tries billions of passwords a second" },
    { "sha256", "a graphics card tries billions of passwords a second" },
    { "sha512", "a graphics card tries billions of passwords a second" },
    { "ssha", "a graphics card tries billions of passwords a second" },
    { "sha256-crypt", "sha512-crypt is as widely read and stronger" },
    { "des", "it cuts passwords to eight characters" },
    { "des-crypt", "it cuts passwords to eight characters" },
    { "crypt", "it cuts passwords to eight characters" },
    { "ssha512", "a graphics card tries billions of passwords a second" },
    { "ssha256", "a graphics card tries billions of passwords a second" },
    { "smd5", "a graphics card tries billions of passwords a second" },
    { "phpass", "it is MD5; WordPress reads bcrypt as well" },
    { "mysql", "a graphics card tries billions of passwords a second" },
    { "ntlm", "a graphics card tries billions of passwords a second" },
    { "cram-md5", "whoever reads the table could sign in with it" },
    { "digest-md5", "whoever reads the table could sign in with it" },
    { "aes", "who has the key would have every password" },
};

/* A hash of nothing but these no password has. */
static const char dots[] =
    "..........................................."
    "...........................................";
static const char zeros[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static const char choice[] = "possible are keep, bcrypt[:cost], "
    "yescrypt[:cost], sha512-crypt[:rounds], argon2id, {BLF-CRYPT}[:cost], "
    "{SHA512-CRYPT}[:rounds], {ARGON2ID}, wordpress[:cost], django and drupal";

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

/* Of the written ones, or NULL. */
static const struct name *name_find(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (pwr_text_same(names[i].name, name)) {
            return &names[i];
        }
    }
    return NULL;
}

/* The name of what was parsed; of a kept kind that has none, of bcrypt. */
static const char *name_of(const pwr_scheme *scheme)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (names[i].kind == scheme->kind
            && strcmp(names[i].prefix, scheme->prefix) == 0) {
            return names[i].name;
        }
    }
    return "bcrypt";
}

/* "{SSHA512}" is asked for as well as "ssha512". */
static const char *name_refusal(apr_pool_t *pool, const char *name)
{
    size_t len = strlen(name);
    const char *bare = *name == '{' && len > 1
        ? apr_pstrmemdup(pool, name + 1, len - 2) : name;

    for (size_t i = 0; i < sizeof(weak) / sizeof(*weak); i++) {
        if (pwr_text_same(weak[i].name, bare)) {
            return apr_psprintf(pool, "%s is never written: %s; %s",
                                weak[i].name, weak[i].reason, choice);
        }
    }
    return apr_psprintf(pool, "there is no scheme \"%s\"; %s",
                        pwr_text_printable(pool, name, 40), choice);
}

static const char *cost_parse(apr_pool_t *pool, const struct name *named,
                              const char *text, unsigned *cost)
{
    const writer *w = writer_of(named->kind);
    size_t n = strspn(text, "0123456789");
    unsigned long value = n > 0 && n < 9 ? strtoul(text, NULL, 10) : 0;

    if (w->cost_min == 0) {
        return apr_psprintf(pool, "%s takes no cost", named->name);
    }
    if (text[n] || value < w->cost_min || value > w->cost_max) {
        return apr_psprintf(pool, "the cost of %s is a number from %u to %u",
                            named->name, w->cost_min, w->cost_max);
    }
    *cost = (unsigned)value;
    return NULL;
}

/* What a reader of such rows does to a password, the prefix tells. */
static void prefix_set(pwr_scheme *scheme, const char *prefix)
{
    char like[PWR_PREFIX_MAX + sizeof("$2y$")];

    apr_snprintf(like, sizeof(like), "%s$2y$", prefix);
    apr_cpystrn(scheme->prefix, prefix, sizeof(scheme->prefix));
    scheme->prehash = pwr_wrap_of(like).prehash;
}

const char *pwr_scheme_parse(apr_pool_t *pool, const char *text,
                             pwr_scheme *scheme)
{
    size_t len = strcspn(text, ":");
    const char *name = apr_pstrmemdup(pool, text, len);
    const struct name *named = name_find(name);
    unsigned cost = 0;
    const char *problem = NULL;

    *scheme = (pwr_scheme){ .kind = PWR_SCHEME_NONE };
    if (!named) {
        return name_refusal(pool, name);
    }
    if (text[len]) {
        problem = cost_parse(pool, named, text + len + 1, &cost);
    }
    if (!problem) {
        scheme->kind = named->kind;
        scheme->cost = cost;
        prefix_set(scheme, named->prefix);
    }
    return problem;
}

const char *pwr_scheme_show(apr_pool_t *pool, const pwr_scheme *scheme)
{
    const char *name = name_of(scheme);

    return scheme->cost ? apr_psprintf(pool, "%s:%u", name, scheme->cost)
                        : name;
}

/* What its reader knows, where the row's own scheme is not written. */
static void fallback(const pwr_format *format, const char *stored,
                     pwr_scheme *scheme)
{
    char own[PWR_PREFIX_MAX];

    pwr_wrap_prefix(own, &format->wrap, stored);
    if (format->wrap.fallback
        && strcmp(format->wrap.fallback, PWR_DJANGO_PREFIX) == 0) {
        scheme->kind = PWR_SCHEME_DJANGO;
        return;
    }
    prefix_set(scheme, format->wrap.fallback ? format->wrap.fallback : own);
    if (format->prehash == PWR_PREHASH_TRIM) {
        scheme->prehash = PWR_PREHASH_TRIM;
    }
}

static pwr_scheme keep(const char *stored)
{
    pwr_scheme scheme = { .kind = PWR_SCHEME_BCRYPT };
    pwr_format format = pwr_format_of(stored);
    int is_django = format.kind == PWR_SCHEME_DJANGO;
    char own[PWR_PREFIX_MAX], text[PWR_STORED_MAX];
    size_t len = format.setting_len + (is_django ? format.wrap.len : 0);

    if (!stored) {
        return scheme;
    }
    if (format.kind == PWR_SCHEME_NONE) {
        fallback(&format, stored, &scheme);
        return scheme;
    }
    scheme.kind = format.kind;
    /* Django's prefix is part of the setting; Drupal's U$ is never kept. */
    if (!is_django && (!format.wrap.fallback || *format.wrap.fallback)) {
        pwr_wrap_prefix(own, &format.wrap, stored);
        prefix_set(&scheme, own);
    }
    pwr_wrap_open(text, &format.wrap, stored);
    if (format.is_strong && len < sizeof(scheme.setting)) {
        memcpy(scheme.setting, is_django ? stored : text, len);
    }
    OPENSSL_cleanse(text, sizeof(text));
    return scheme;
}

pwr_scheme pwr_scheme_choose(const pwr_scheme *configured,
                             const char *stored)
{
    return configured->kind > PWR_SCHEME_KEEP ? *configured : keep(stored);
}

size_t pwr_scheme_bytes_max(const pwr_scheme *scheme)
{
    return scheme->prehash > PWR_PREHASH_TRIM
        ? PWR_PASSWORD_BYTES_MAX : writer_of(scheme->kind)->bytes_max;
}

const char *pwr_scheme_taken(apr_pool_t *pool, const pwr_scheme *scheme,
                             const char *password)
{
    return scheme->prehash == PWR_PREHASH_TRIM
        || scheme->prehash == PWR_PREHASH_WORDPRESS
        ? pwr_prehash_trim(pool, password) : password;
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

/* What this scheme's setting is, in `out` of PWR_SETTING_MAX. */
static void setting_of(const pwr_scheme *scheme, const char *usual, char *out)
{
    apr_cpystrn(out, scheme->setting[0] ? scheme->setting : usual,
                PWR_SETTING_MAX);
}

void pwr_scheme_setting(const pwr_scheme *scheme, char *out)
{
    setting_of(scheme, scheme->kind == PWR_SCHEME_DJANGO ? PWR_DJANGO_SETTING
               : scheme->kind == PWR_SCHEME_DRUPAL ? PWR_DRUPAL_SETTING
               : PWR_ARGON2ID_SETTING, out);
}

/* Those that are not crypt_r's: zeros behind the setting. */
static const char *other_decoy(apr_pool_t *pool, const pwr_scheme *scheme)
{
    char setting[PWR_SETTING_MAX];

    pwr_scheme_setting(scheme, setting);
    if (scheme->kind == PWR_SCHEME_DRUPAL) {
        return apr_psprintf(pool, "%s........%.43s", setting, dots);
    }
    if (scheme->kind == PWR_SCHEME_DJANGO) {
        return apr_psprintf(pool, "%s%.32s$%.43s=", setting, zeros, zeros);
    }
    return apr_psprintf(pool, "%s%.22s$%.43s", setting, zeros, zeros);
}

static const char *crypt_decoy(apr_pool_t *pool, const pwr_scheme *scheme)
{
    static const pwr_scheme usual = { .kind = PWR_SCHEME_BCRYPT };
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (!pwr_scheme_salt(scheme, setting)) {
        scheme = &usual;
        pwr_scheme_salt(scheme, setting);
    }
    if (scheme->kind == PWR_SCHEME_BCRYPT) {
        return apr_psprintf(pool, "%s%.31s", setting, dots);
    }
    return apr_psprintf(pool, "%s$%.*s", setting,
                        scheme->kind == PWR_SCHEME_SHA512_CRYPT ? 86 : 43,
                        dots);
}

const char *pwr_scheme_decoy(apr_pool_t *pool, const pwr_scheme *scheme)
{
    const char *decoy = scheme->kind >= PWR_SCHEME_ARGON2ID
        ? other_decoy(pool, scheme) : crypt_decoy(pool, scheme);

    return apr_pstrcat(pool, scheme->prefix, decoy, NULL);
}

int pwr_scheme_is_outdated(apr_pool_t *pool, const pwr_scheme *configured,
                           const char *stored)
{
    pwr_scheme scheme = pwr_scheme_choose(configured, stored);
    pwr_format is = pwr_format_of(stored), wanted;
    char prefix[PWR_PREFIX_MAX];

    if (is.engine == PWR_ENGINE_NONE) {
        return 0;
    }
    wanted = pwr_format_of(pwr_scheme_decoy(pool, &scheme));
    pwr_wrap_prefix(prefix, &is.wrap, stored);
    return wanted.kind != is.kind || wanted.work > is.work
        || (scheme.kind != PWR_SCHEME_DJANGO
            && !pwr_text_same(prefix, scheme.prefix)
            && strcmp(prefix, scheme.prefix) != 0);
}
