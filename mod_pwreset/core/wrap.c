/* SPDX-License-Identifier: Apache-2.0 */
#include "core/wrap.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/crypto.h>

#include "core/crypto.h"
#include "core/encoded.h"
#include "core/text.h"

#define NT_PREFIX "$3$$"
#define NT_DIGITS 32

/* "" as `fallback`: nothing; NULL: the row's own prefix. */
#define DOVECOT "{BLF-CRYPT}"
#define DJANGO PWR_DJANGO_PREFIX    /* its other hashers may not be there */
#define NEXTCLOUD "1|"

typedef struct wrap_row {
    const char *name;
    pwr_body body;
    const char *begins;     /* what stands behind it begins so; NULL: anyhow */
    const char *md;
    pwr_prehash prehash;
    const char *fallback;
} wrap_row;

/* Between braces; the first row whose name and beginning fit decides. */
static const wrap_row names[] = {
    { "PLAIN", PWR_BODY_PLAIN, NULL, NULL, 0, DOVECOT },
    { "CLEARTEXT", PWR_BODY_PLAIN, NULL, NULL, 0, DOVECOT },
    { "CLEAR", PWR_BODY_PLAIN, NULL, NULL, 0, DOVECOT },
    { "PLAIN-TRUNC", PWR_BODY_CUT, NULL, NULL, 0, DOVECOT },
    { "CRYPT", PWR_BODY_CRYPT, NULL, NULL, 0, NULL },
    { "BLF-CRYPT", PWR_BODY_CRYPT, "$2", NULL, 0, NULL },
    { "SHA512-CRYPT", PWR_BODY_CRYPT, "$6$", NULL, 0, DOVECOT },
    { "SHA256-CRYPT", PWR_BODY_CRYPT, "$5$", NULL, 0, DOVECOT },
    { "MD5-CRYPT", PWR_BODY_CRYPT, "$1$", NULL, 0, DOVECOT },
    { "DES-CRYPT", PWR_BODY_CRYPT, NULL, NULL, 0, DOVECOT },
    { "ARGON2", PWR_BODY_CRYPT, "$argon2", NULL, 0, DOVECOT },
    { "ARGON2I", PWR_BODY_CRYPT, "$argon2i$", NULL, 0, DOVECOT },
    { "ARGON2ID", PWR_BODY_CRYPT, "$argon2id$", NULL, 0, DOVECOT },
    /* Dovecot's is md5-crypt, that of Courier and OpenSSL a digest. */
    { "MD5", PWR_BODY_CRYPT, "$1$", NULL, 0, DOVECOT },
    { "MD5", PWR_BODY_DIGEST, NULL, "MD5", 0, "{CRYPT}" },
    { "PLAIN-MD5", PWR_BODY_DIGEST, NULL, "MD5", 0, DOVECOT },
    { "LDAP-MD5", PWR_BODY_DIGEST, NULL, "MD5", 0, DOVECOT },
    { "MD5RAW", PWR_BODY_DIGEST, NULL, "MD5", 0, "{CRYPT}" },
    { "PLAIN-MD4", PWR_BODY_DIGEST, NULL, "MD4", 0, DOVECOT },
    { "NTLM", PWR_BODY_NT, NULL, NULL, 0, DOVECOT },
    /* htpasswd -s writes it too, and Apache knows no other name in braces. */
    { "SHA", PWR_BODY_DIGEST, NULL, "SHA1", 0, "" },
    { "SHA1", PWR_BODY_DIGEST, NULL, "SHA1", 0, DOVECOT },
    { "SHA224", PWR_BODY_DIGEST, NULL, "SHA224", 0, DOVECOT },
    { "SHA256", PWR_BODY_DIGEST, NULL, "SHA256", 0, DOVECOT },
    { "SHA384", PWR_BODY_DIGEST, NULL, "SHA384", 0, DOVECOT },
    { "SHA512", PWR_BODY_DIGEST, NULL, "SHA512", 0, DOVECOT },
    { "SMD5", PWR_BODY_SALTED, NULL, "MD5", 0, DOVECOT },
    { "SSHA", PWR_BODY_SALTED, NULL, "SHA1", 0, DOVECOT },
    { "SSHA256", PWR_BODY_SALTED, NULL, "SHA256", 0, DOVECOT },
    { "SSHA512", PWR_BODY_SALTED, NULL, "SHA512", 0, DOVECOT },
    { "BITRIX", PWR_BODY_SALT8, NULL, "MD5", 0, "" },
    { "CRAM-MD5", PWR_BODY_CRAM, NULL, NULL, 0, DOVECOT },
    { "HMAC-MD5", PWR_BODY_CRAM, NULL, NULL, 0, DOVECOT },
    { "DIGEST-MD5", PWR_BODY_LOGIN, NULL, "MD5", 0, DOVECOT },
    { "SCRAM-SHA-1", PWR_BODY_SCRAM, NULL, "SHA1", 0, DOVECOT },
    { "SCRAM-SHA-256", PWR_BODY_SCRAM, NULL, "SHA256", 0, DOVECOT },
    { "PBKDF2", PWR_BODY_PBKDF2_DOVECOT, NULL, "SHA1", 0, DOVECOT },
    { "PBKDF2-SHA256", PWR_BODY_PBKDF2, NULL, "SHA256", 0, DOVECOT },
    { "PBKDF2-SHA512", PWR_BODY_PBKDF2, NULL, "SHA512", 0, DOVECOT },
};

/* Without braces, as they stand. */
static const wrap_row prefixes[] = {
    { "$wp", PWR_BODY_CRYPT, "$", NULL, PWR_PREHASH_WORDPRESS, NULL },
    { "$pbkdf2$", PWR_BODY_PBKDF2, NULL, "SHA1", 0, "" },
    { "$pbkdf2-sha256$", PWR_BODY_PBKDF2, NULL, "SHA256", 0, "" },
    { "$pbkdf2-sha512$", PWR_BODY_PBKDF2, NULL, "SHA512", 0, "" },
    { "pbkdf2_sha1$", PWR_BODY_PBKDF2_TEXT, NULL, "SHA1", 0, DJANGO },
    { "pbkdf2_sha256$", PWR_BODY_PBKDF2_TEXT, NULL, "SHA256", 0, DJANGO },
    { "bcrypt_sha256$", PWR_BODY_CRYPT, "$2", NULL, PWR_PREHASH_SHA256, NULL },
    { "bcrypt$", PWR_BODY_CRYPT, "$2", NULL, 0, NULL },
    { "argon2", PWR_BODY_CRYPT, "$argon2", NULL, 0, DJANGO },
    { "U", PWR_BODY_CRYPT, "$", NULL, PWR_PREHASH_MD5, "" },
    /* Nextcloud; each number is read by PHP's password_verify. */
    { "1|", PWR_BODY_CRYPT, "$2y$", NULL, 0, NULL },
    { "2|", PWR_BODY_CRYPT, "$argon2i$", NULL, 0, NEXTCLOUD },
    { "3|", PWR_BODY_CRYPT, "$argon2id$", NULL, 0, NEXTCLOUD },
};

static const struct {
    const char *name;
    pwr_encoding encoding;
} encodings[] = {
    { "HEX", PWR_ENCODING_HEX },
    { "B64", PWR_ENCODING_BASE64 },
    { "BASE64", PWR_ENCODING_BASE64 },
};

static int starts(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

/* Is `name` the `len` characters at `s`, in any case? */
static int is_named(const char *name, const char *s, size_t len)
{
    size_t i = 0;

    while (i < len && name[i] && apr_toupper(s[i]) == name[i]) {
        i++;
    }
    return i == len && !name[i];
}

static pwr_wrap wrap_make(const wrap_row *row, pwr_encoding encoding,
                          size_t len)
{
    return (pwr_wrap){
        .body = row->body, .md = row->md, .prehash = row->prehash,
        .begins = row->begins, .encoding = encoding, .len = len,
        .fallback = row->fallback,
    };
}

/* The row of a name of `len` characters, before `rest` in that encoding. */
static const wrap_row *name_find(const char *name, size_t len,
                                 pwr_encoding encoding, const char *rest)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const wrap_row *row = &names[i];
        int fits = encoding == PWR_ENCODING_AUTO
            ? !row->begins || starts(rest, row->begins)
            : !is_named("MD5", name, len) || row->body == PWR_BODY_DIGEST;

        if (fits && is_named(row->name, name, len)) {
            return row;
        }
    }
    return NULL;
}

/* "NAME}rest" or "NAME.HEX}rest", behind the brace. */
static pwr_wrap braces_read(const char *name)
{
    size_t whole = strcspn(name, "}"), len = strcspn(name, ".}");
    const char *rest = name + whole + 1;
    pwr_encoding encoding = PWR_ENCODING_AUTO;
    const wrap_row *row;
    pwr_wrap wrap = { .fallback = DOVECOT };

    if (!name[whole]) {
        return wrap;
    }
    for (size_t i = 0; i < sizeof(encodings) / sizeof(*encodings); i++) {
        if (len < whole && is_named(encodings[i].name, name + len + 1,
                                    whole - len - 1)) {
            encoding = encodings[i].encoding;
        }
    }
    row = name_find(name, len, encoding, rest);
    if (row && (len == whole || encoding != PWR_ENCODING_AUTO)) {
        wrap = wrap_make(row, encoding, whole + 2);
    }
    /* Those of OpenSSL that ProFTPD writes; its other way is crypt(3). */
    if (wrap.body == PWR_BODY_DIGEST && apr_islower(*name)) {
        wrap.fallback = "";
    }
    return wrap;
}

pwr_wrap pwr_wrap_of(const char *stored)
{
    static const wrap_row bare = { "", PWR_BODY_CRYPT, NULL, NULL, 0, "" };

    if (*stored == '{') {
        return braces_read(stored + 1);
    }
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        const wrap_row *row = &prefixes[i];
        size_t len = strlen(row->name);

        if (starts(stored, row->name)
            && (!row->begins || starts(stored + len, row->begins))) {
            pwr_wrap wrap = wrap_make(row, PWR_ENCODING_AUTO, len);

            wrap.prefix = row->name;
            return wrap;
        }
    }
    return wrap_make(&bare, PWR_ENCODING_AUTO, 0);
}

/* A decoded text holds no NUL, or two stored passwords would be one. */
static int text_decode(char *out, pwr_encoding encoding, const char *text)
{
    unsigned char *bytes = (unsigned char *)out;
    size_t n = encoding == PWR_ENCODING_HEX
        ? pwr_encoded_hex(bytes, PWR_STORED_MAX - 1, text, strlen(text))
        : pwr_encoded_base64(bytes, PWR_STORED_MAX - 1, text, strlen(text));

    out[n] = '\0';
    return n > 0 && strlen(out) == n;
}

static int nt_open(char *out, const char *text)
{
    unsigned char hash[NT_DIGITS / 2];

    if (pwr_encoded_hex(hash, sizeof(hash), text, strlen(text))
        != sizeof(hash)) {
        return 0;
    }
    memcpy(out, NT_PREFIX, sizeof(NT_PREFIX) - 1);
    pwr_text_hex(out + sizeof(NT_PREFIX) - 1, hash, sizeof(hash));
    OPENSSL_cleanse(hash, sizeof(hash));
    return 1;
}

int pwr_wrap_open(char *out, const pwr_wrap *wrap, const char *stored)
{
    const char *rest = stored + wrap->len;
    int is_text = wrap->body == PWR_BODY_CRYPT || wrap->body == PWR_BODY_PLAIN;
    int is_open;

    *out = '\0';
    if (strnlen(rest, PWR_STORED_MAX) == PWR_STORED_MAX) {
        return 0;
    }
    if (wrap->body == PWR_BODY_NT) {
        is_open = nt_open(out, rest);
    }
    else if (is_text && wrap->encoding != PWR_ENCODING_AUTO) {
        is_open = text_decode(out, wrap->encoding, rest)
            && (!wrap->begins || starts(out, wrap->begins));
    }
    else {
        memcpy(out, rest, strlen(rest) + 1);
        is_open = wrap->body != PWR_BODY_NONE;
    }
    if (!is_open) {
        *out = '\0';
    }
    return is_open;
}

void pwr_wrap_prefix(char *out, const pwr_wrap *wrap, const char *stored)
{
    size_t len = wrap->len < PWR_PREFIX_MAX ? wrap->len : 0;

    memcpy(out, stored, len);
    if (wrap->encoding != PWR_ENCODING_AUTO && len > 0) {
        len = strcspn(stored, ".");
        out[len++] = '}';
    }
    out[len] = '\0';
}

static const wrap_row *name_of(const char *name)
{
    return name_find(name, strlen(name), PWR_ENCODING_HEX, "");
}

const char *pwr_wrap_default(apr_pool_t *pool, const char *name,
                             const char *stored)
{
    char *named;
    size_t size;

    if (!name || !stored || !*stored || strchr("{$!*", *stored)
        || pwr_wrap_of(stored).len > 0) {
        return stored;
    }
    size = strlen(name) + strlen(stored) + sizeof("{}");
    named = pwr_secret_alloc(pool, size);
    apr_snprintf(named, size, "{%s}%s", name, stored);
    return named;
}

const char *pwr_wrap_name_refusal(apr_pool_t *pool, const char *name)
{
    const char *list = "";
    size_t n = sizeof(names) / sizeof(*names);

    if (name_of(name)) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        list = apr_pstrcat(pool, list, i > 0 ? " " : "", names[i].name, NULL);
    }
    return apr_psprintf(pool, "there is no scheme \"%s\"; possible are %s",
                        pwr_text_printable(pool, name, 40), list);
}

const char *pwr_wrap_with_login(apr_pool_t *pool, const char *login,
                                const char *stored)
{
    size_t user_len, size;
    const char *at;
    char *whole;

    if (!login || !stored || pwr_wrap_of(stored).body != PWR_BODY_LOGIN
        || strchr(stored, ':')) {
        return stored;
    }
    user_len = strcspn(login, "@");
    at = login[user_len] ? login + user_len + 1 : "";
    size = strlen(stored) + strlen(login) + sizeof(":::");
    whole = pwr_secret_alloc(pool, size);
    apr_snprintf(whole, size, "%s:%.*s:%s:", stored, (int)user_len, login, at);
    return whole;
}
