/* SPDX-License-Identifier: Apache-2.0 */
#include "core/format.h"

#include <string.h>

#include <apr_strings.h>
#include <crypt.h>
#include <openssl/crypto.h>

#include "core/digest.h"
#include "core/encoded.h"
#include "core/pbkdf2.h"
#include "core/phpass.h"

#define DES_LEN 13
#define DES_BYTES 8
#define BSDI_LEN 20
#define BSDI_ROUNDS_LEN 4
#define BCRYPT_TAIL_LEN 53          /* 22 of salt, 31 of hash */
#define ROUNDS_MAX 2000000
#define SHA_CRYPT_ROUNDS 5000       /* when the row does not say */
#define DIGITS_MAX 9
#define PHPASS_ROUNDS_MAX (1u << PWR_PHPASS_LOG_MAX)

#define KIB_MAX (256u * 1024)
#define ARGON2_PASSES_MAX 16
#define ARGON2_LANES_MAX 16
#define ARGON2_WORK_MAX (1024u * 1024)
/* The smallest of OWASP's equivalent settings: 7 MiB written five times. */
#define ARGON2_WORK_MIN (7u * 1024 * 5)
#define CRYPT_KIB_MIN (16u * 1024)  /* Debian's yescrypt, libsodium's scrypt */

/* No digest takes longer than the work around it. */
#define DIGEST_MASK "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA="
/* But this one, for which a library is loaded. */
#define MD4_MASK "{PLAIN-MD4}00000000000000000000000000000000"

_Static_assert(PWR_STORED_MAX >= CRYPT_OUTPUT_SIZE,
               "all that crypt(3) makes is known");

/* Reads the cost from what follows the prefix.  Returns the work, 0 when
 * malformed, and in `format` what else it has found; where the format can be
 * written, `setting_len` is set to the length of the cost. */
typedef uint64_t cost_read(const char *rest, pwr_format *format);

typedef struct format_row {
    const char *prefix;
    pwr_engine engine;
    cost_read *read;
    uint64_t work_max;
    pwr_scheme_kind kind;
    uint64_t work_min;      /* below: not strong */
    pwr_prehash prehash;
} format_row;

/* A number as the crypts print it: no sign, no blank, no leading zero.
 * Returns what follows, or NULL. */
static const char *number_read(const char *p, uint32_t *number)
{
    size_t n = strspn(p, "0123456789");

    *number = 0;
    if (n == 0 || n > DIGITS_MAX || (n > 1 && *p == '0')) {
        return NULL;
    }
    for (; n > 0; n--, p++) {
        *number = *number * 10 + (uint32_t)(*p - '0');
    }
    return p;
}

/* "NAME=number" and then `end`.  Returns what follows `end`, or NULL. */
static const char *field_read(const char *p, const char *name, char end,
                              uint32_t *number)
{
    size_t len = strlen(name);

    if (strncmp(p, name, len) != 0) {
        return NULL;
    }
    p = number_read(p + len, number);
    return p && *p == end ? p + 1 : NULL;
}

/* Of how many digits of crypt(3) does it begin? */
static size_t digits64_len(const char *rest)
{
    return strspn(rest, pwr_encoded_crypt_digits);
}

static uint64_t fixed_read(const char *rest, pwr_format *format)
{
    (void)rest;
    (void)format;
    return 1;
}

static uint64_t des_read(const char *rest, pwr_format *format)
{
    format->cuts_at = DES_BYTES;
    return strlen(rest) == DES_LEN && digits64_len(rest) == DES_LEN;
}

static uint64_t bsdi_read(const char *rest, pwr_format *format)
{
    format->setting_len = BSDI_ROUNDS_LEN;
    return strlen(rest) == BSDI_LEN - 1
        && digits64_len(rest) == BSDI_LEN - 1;
}

static uint64_t bcrypt_read(const char *rest, pwr_format *format)
{
    if (strspn(rest, "0123456789") != 2 || rest[2] != '$'
        || strlen(rest + 3) != BCRYPT_TAIL_LEN
        || digits64_len(rest + 3) != BCRYPT_TAIL_LEN) {
        return 0;
    }
    format->setting_len = 3;
    format->bytes_max = PWR_BCRYPT_BYTES_MAX;
    return (uint64_t)(rest[0] - '0') * 10 + (uint64_t)(rest[1] - '0');
}

/* A number after `name` and before a '$'; `setting_len` reaches to there. */
static const char *rounds_read(const char *rest, const char *name,
                               uint32_t *rounds, pwr_format *format)
{
    const char *salt = field_read(rest, name, '$', rounds);

    format->setting_len = salt ? (size_t)(salt - rest) : 0;
    return salt;
}

static uint64_t sha_crypt_read(const char *rest, pwr_format *format)
{
    uint32_t rounds;

    if (rounds_read(rest, "rounds=", &rounds, format)) {
        return rounds;
    }
    return strncmp(rest, "rounds=", 7) == 0 ? 0 : SHA_CRYPT_ROUNDS;
}

static uint64_t sha1_crypt_read(const char *rest, pwr_format *format)
{
    uint32_t rounds;

    return rounds_read(rest, "", &rounds, format) ? rounds : 0;
}

static uint64_t sun_md5_read(const char *rest, pwr_format *format)
{
    uint32_t rounds;

    if (*rest == '$') {
        return fixed_read(rest, format);
    }
    return rounds_read(rest, ",rounds=", &rounds, format) ? rounds + 1 : 0;
}

static uint64_t phpass_read(const char *rest, pwr_format *format)
{
    format->setting_len = 1;
    return pwr_phpass_rounds(rest - 3);
}

static uint64_t drupal_read(const char *rest, pwr_format *format)
{
    format->bytes_max = PWR_DRUPAL_BYTES_MAX;
    return phpass_read(rest, format);
}

/* Behind "$P$B". */
static uint64_t phpass_trim_read(const char *rest, pwr_format *format)
{
    (void)format;
    return pwr_phpass_rounds(rest - 4);
}

/* Flavour, binary logarithm of N and block size r, a digit each; digits from
 * 'k' on would begin longer numbers, and a fourth one further parameters. */
static uint64_t yescrypt_read(const char *rest, pwr_format *format)
{
    int log_n, r;

    if (rest[0] != 'j' || (log_n = pwr_encoded_crypt_digit(rest[1])) < 0
        || (r = pwr_encoded_crypt_digit(rest[2])) < 0 || rest[3] != '$'
        || rest[1] > 'j' || rest[2] > 'j') {
        return 0;
    }
    format->setting_len = 4;
    return ((uint64_t)(r + 1) << (log_n + 1)) / 8;
}

/* Five digits, the least significant first. */
static int scrypt_number(const char *p, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < 5; i++) {
        int digit = pwr_encoded_crypt_digit(p[i]);

        if (digit < 0) {
            return 0;
        }
        *number |= (uint64_t)digit << (6 * i);
    }
    return 1;
}

/* Binary logarithm of N, r, p. */
static uint64_t scrypt_read(const char *rest, pwr_format *format)
{
    int log_n = pwr_encoded_crypt_digit(rest[0]);
    uint64_t r, p;

    if (log_n < 0 || !scrypt_number(rest + 1, &r)
        || !scrypt_number(rest + 6, &p)) {
        return 0;
    }
    format->setting_len = 11;
    /* r and p have 30 bits each: r * p cannot overflow, the rest could. */
    if (log_n > 21 || r * p > KIB_MAX * 8u) {
        return UINT64_MAX;
    }
    return (r * p << log_n) / 8;
}

static uint64_t argon2_read(const char *rest, pwr_format *format)
{
    pwr_argon2_cost *cost = &format->argon2;
    const char *p = field_read(rest, "v=", '$', &cost->version);

    if (!p) {
        cost->version = 0x10;
        p = rest;
    }
    if (!(p = field_read(p, "m=", ',', &cost->memory_kib))
        || !(p = field_read(p, "t=", ',', &cost->passes_n))
        || !(p = field_read(p, "p=", '$', &cost->lanes_n))) {
        return 0;
    }
    format->setting_len = (size_t)(p - rest);
    if ((cost->version != 0x10 && cost->version != 0x13)
        || cost->memory_kib > KIB_MAX || cost->passes_n > ARGON2_PASSES_MAX
        || cost->lanes_n > ARGON2_LANES_MAX || cost->lanes_n == 0) {
        return 0;
    }
    return (uint64_t)cost->memory_kib * cost->passes_n;
}

/* The first prefix that fits decides; the last two rows know their lengths.
 * Joomla and others use phpass at other costs, and do not trim. */
static const format_row rows[] = {
    { "$2y$", PWR_ENGINE_CRYPT, bcrypt_read, 16, PWR_SCHEME_BCRYPT, 10, 0 },
    { "$2b$", PWR_ENGINE_CRYPT, bcrypt_read, 16, PWR_SCHEME_BCRYPT, 10, 0 },
    { "$2a$", PWR_ENGINE_CRYPT, bcrypt_read, 16, PWR_SCHEME_BCRYPT, 10, 0 },
    { "$2x$", PWR_ENGINE_CRYPT, bcrypt_read, 16, PWR_SCHEME_NONE, 0, 0 },
    { "$y$", PWR_ENGINE_CRYPT, yescrypt_read, KIB_MAX, PWR_SCHEME_YESCRYPT,
      CRYPT_KIB_MIN, 0 },
    { "$gy$", PWR_ENGINE_CRYPT, yescrypt_read, KIB_MAX, PWR_SCHEME_NONE, 0, 0 },
    { "$7$", PWR_ENGINE_CRYPT, scrypt_read, KIB_MAX, PWR_SCHEME_SCRYPT,
      CRYPT_KIB_MIN, 0 },
    { "$6$", PWR_ENGINE_CRYPT, sha_crypt_read, ROUNDS_MAX,
      PWR_SCHEME_SHA512_CRYPT, 100000, 0 },
    { "$5$", PWR_ENGINE_CRYPT, sha_crypt_read, ROUNDS_MAX, PWR_SCHEME_NONE,
      0, 0 },
    { "$argon2id$", PWR_ENGINE_ARGON2ID, argon2_read, ARGON2_WORK_MAX,
      PWR_SCHEME_ARGON2ID, ARGON2_WORK_MIN, 0 },
    { "$argon2i$", PWR_ENGINE_ARGON2I, argon2_read, ARGON2_WORK_MAX,
      PWR_SCHEME_NONE, 0, 0 },
    { "$sha1$", PWR_ENGINE_CRYPT, sha1_crypt_read, ROUNDS_MAX,
      PWR_SCHEME_NONE, 0, 0 },
    { "$md5", PWR_ENGINE_CRYPT, sun_md5_read, ROUNDS_MAX, PWR_SCHEME_NONE,
      0, 0 },
    { "$1$", PWR_ENGINE_CRYPT, fixed_read, 1, PWR_SCHEME_NONE, 0, 0 },
    { "$3$", PWR_ENGINE_CRYPT, fixed_read, 1, PWR_SCHEME_NONE, 0, 0 },
    { "$apr1$", PWR_ENGINE_APR, fixed_read, 1, PWR_SCHEME_NONE, 0, 0 },
    { "$P$B", PWR_ENGINE_PHPASS, phpass_trim_read, PHPASS_ROUNDS_MAX,
      PWR_SCHEME_NONE, 0, PWR_PREHASH_TRIM },
    { "$P$", PWR_ENGINE_PHPASS, phpass_read, PHPASS_ROUNDS_MAX,
      PWR_SCHEME_NONE, 0, 0 },
    { "$H$", PWR_ENGINE_PHPASS, phpass_read, PHPASS_ROUNDS_MAX,
      PWR_SCHEME_NONE, 0, 0 },
    { "$S$", PWR_ENGINE_PHPASS, drupal_read, PHPASS_ROUNDS_MAX,
      PWR_SCHEME_DRUPAL, 1u << PWR_PHPASS_LOG, 0 },
    { "_", PWR_ENGINE_CRYPT, bsdi_read, 1, PWR_SCHEME_NONE, 0, 0 },
    { "", PWR_ENGINE_CRYPT, des_read, 1, PWR_SCHEME_NONE, 0, 0 },
};

static const format_row *row_find(const char *stored)
{
    const format_row *row = rows;

    while (strncmp(stored, row->prefix, strlen(row->prefix)) != 0) {
        row++;
    }
    return row;
}

/* ---- what stands behind a prefix ---- */

/* Sets engine, and what else is known; leaves the engine NONE otherwise. */
typedef void body_look(const char *text, pwr_format *format);

static void shape_look(const char *text, pwr_format *format)
{
    pwr_digest digest;

    if (pwr_digest_read(&digest, &format->wrap, text)) {
        format->engine = PWR_ENGINE_DIGEST;
        format->kind = PWR_SCHEME_NONE;
        format->work = 1;
        format->is_strong = 0;
    }
    OPENSSL_cleanse(&digest, sizeof(digest));
}

static void crypt_look(const char *text, pwr_format *format)
{
    const format_row *row = row_find(text);
    size_t prefix_len = strlen(row->prefix);

    format->work = row->read(text + prefix_len, format);
    format->setting_len += prefix_len;
    if (format->work == 0 || format->work > row->work_max) {
        format->bytes_max = PWR_PASSWORD_BYTES_MAX;
        format->setting_len = format->cuts_at = 0;
        shape_look(text, format);
        return;
    }
    format->engine = row->engine;
    format->kind = row->kind;
    format->is_strong = format->work >= row->work_min;
    if (!format->prehash) {
        format->prehash = row->prehash;
    }
    else if (format->prehash != PWR_PREHASH_TRIM) {
        format->bytes_max = PWR_PASSWORD_BYTES_MAX;
    }
}

static void plain_look(const char *text, pwr_format *format)
{
    format->engine = *text ? PWR_ENGINE_PLAIN : PWR_ENGINE_NONE;
    format->work = 1;
}

static void cut_look(const char *text, pwr_format *format)
{
    uint32_t len;
    const char *p = number_read(text, &len);

    format->work = 1;
    if (p && *p == '-' && p[1]) {
        format->engine = PWR_ENGINE_CUT;
        format->cuts_at = strlen(p + 1);
    }
}

static void cram_look(const char *text, pwr_format *format)
{
    shape_look(text, format);
    if (format->engine != PWR_ENGINE_NONE) {
        format->engine = PWR_ENGINE_CRAM;
    }
}

static void pbkdf2_look(const char *text, pwr_format *format)
{
    pwr_pbkdf2 row;

    if (pwr_pbkdf2_read(&row, &format->wrap, text)) {
        format->engine = PWR_ENGINE_PBKDF2;
        format->work = row.rounds;
        format->setting_len = strcspn(text, "$") + 1;
        if (format->wrap.body == PWR_BODY_PBKDF2_TEXT
            && strcmp(row.md, "SHA256") == 0) {
            format->kind = PWR_SCHEME_DJANGO;
            format->is_strong = row.rounds >= PWR_PBKDF2_ROUNDS;
        }
    }
    OPENSSL_cleanse(&row, sizeof(row));
}

static body_look *const looks[] = {
    [PWR_BODY_CRYPT] = crypt_look,
    [PWR_BODY_NT] = crypt_look,
    [PWR_BODY_PLAIN] = plain_look,
    [PWR_BODY_CUT] = cut_look,
    [PWR_BODY_DIGEST] = shape_look,
    [PWR_BODY_SALTED] = shape_look,
    [PWR_BODY_LOGIN] = shape_look,
    [PWR_BODY_SALT8] = shape_look,
    [PWR_BODY_CRAM] = cram_look,
    [PWR_BODY_SCRAM] = pbkdf2_look,
    [PWR_BODY_PBKDF2] = pbkdf2_look,
    [PWR_BODY_PBKDF2_TEXT] = pbkdf2_look,
    [PWR_BODY_PBKDF2_DOVECOT] = pbkdf2_look,
};

pwr_format pwr_format_of(const char *stored)
{
    pwr_format format = { .bytes_max = PWR_PASSWORD_BYTES_MAX };
    char text[PWR_STORED_MAX];

    if (!stored || !*stored
        || strnlen(stored, PWR_STORED_MAX) == PWR_STORED_MAX) {
        return format;
    }
    format.wrap = pwr_wrap_of(stored);
    format.prehash = format.wrap.prehash;
    if (pwr_wrap_open(text, &format.wrap, stored) && *text) {
        looks[format.wrap.body](text, &format);
    }
    OPENSSL_cleanse(text, sizeof(text));
    return format;
}

/* ---- masks ---- */

static int mask_put(char *out, size_t size, const char *mask)
{
    if (strlen(mask) >= size) {
        return 0;
    }
    memcpy(out, mask, strlen(mask) + 1);
    return 1;
}

/* Salt and hash of nothing but these; no spare bits are set where a decoder
 * would mind. */
static const char zeros[] =
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static int pbkdf2_mask(char *out, size_t size, const pwr_format *format,
                       const char *text)
{
    pwr_pbkdf2 row;
    const char *name;
    int len;

    if (!pwr_pbkdf2_read(&row, &format->wrap, text)) {
        OPENSSL_cleanse(&row, sizeof(row));
        return 0;
    }
    name = strcmp(row.md, "SHA1") == 0 ? ""
        : strcmp(row.md, "SHA256") == 0 ? "-sha256" : "-sha512";
    len = apr_snprintf(out, size, "$pbkdf2%s$%u$%.2s$%.*s", name, row.rounds,
                       zeros, (int)(row.len * 8 + 5) / 6, zeros);
    OPENSSL_cleanse(&row, sizeof(row));
    return (size_t)len < size - 1;
}

/* A prefix stays where it changes the password. */
static const char *kept_prefix(const pwr_format *format)
{
    return format->wrap.prehash ? format->wrap.prefix : "";
}

/* Its salt and hash may be long, which costs nothing. */
static int argon2_mask(char *out, size_t size, const pwr_format *format,
                       const char *text)
{
    int len = apr_snprintf(out, size, "%s%.*s%.22s$%.43s",
                           kept_prefix(format), (int)format->setting_len, text,
                           zeros, zeros);

    return (size_t)len < size - 1;
}

/* '.' is zero in crypt's alphabet. */
static int crypt_mask(char *out, size_t size, const pwr_format *format,
                      const char *text)
{
    const char *before = kept_prefix(format);
    size_t before_len = strlen(before), len = strlen(text);

    if (before_len + len >= size) {
        return 0;
    }
    memcpy(out, before, before_len);
    out += before_len;
    for (size_t i = 0; i < len; i++) {
        int kept = i < format->setting_len || text[i] == '$';

        out[i] = (char)(kept ? text[i] : '.');
    }
    out[len] = '\0';
    return 1;
}

int pwr_format_mask(char *out, size_t size, const char *stored)
{
    pwr_format format = pwr_format_of(stored);
    char text[PWR_STORED_MAX];
    int is_made = 0;

    *out = '\0';
    if (format.engine == PWR_ENGINE_NONE) {
        return 0;
    }
    pwr_wrap_open(text, &format.wrap, stored);
    if (format.engine == PWR_ENGINE_PBKDF2) {
        is_made = pbkdf2_mask(out, size, &format, text);
    }
    else if (format.engine == PWR_ENGINE_ARGON2I
             || format.engine == PWR_ENGINE_ARGON2ID) {
        is_made = argon2_mask(out, size, &format, text);
    }
    else if (format.engine >= PWR_ENGINE_DIGEST) {
        int is_md4 = format.wrap.md
            && strcmp(format.wrap.md, "MD4") == 0;

        is_made = mask_put(out, size, is_md4 ? MD4_MASK : DIGEST_MASK);
    }
    else {
        is_made = crypt_mask(out, size, &format, text);
    }
    OPENSSL_cleanse(text, sizeof(text));
    if (!is_made) {
        *out = '\0';
    }
    return is_made;
}
