/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cookie.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "core/crypto.h"
#include "core/text.h"
#include "core/url.h"

#define NAME_BYTES 3            /* of the digest; twice as many hex digits */

/* One cookie of a header: pointers into it, nothing is copied. */
typedef struct cookie_part {
    const char *start, *end;    /* with its blanks, without the ";" */
    const char *name;
    size_t name_len;
    const char *value;          /* NULL when there is no "=" */
    size_t value_len;
} cookie_part;

static void narrow(const char **from, const char **to)
{
    while (*from < *to && (**from == ' ' || **from == '\t')) {
        (*from)++;
    }
    while (*to > *from && ((*to)[-1] == ' ' || (*to)[-1] == '\t')) {
        (*to)--;
    }
}

/* The cookie at `p`, which is not NULL; returns where the next one begins, or
 * NULL.  Every pointer stays inside the header, whatever is missing: an empty
 * name and "=" alone were CVE-2021-26690. */
static const char *part_read(const char *p, cookie_part *part)
{
    const char *end = p + strcspn(p, ";");
    const char *name = p, *name_end, *value_end = end;
    const char *equals = memchr(p, '=', (size_t)(end - p));

    name_end = equals ? equals : end;
    narrow(&name, &name_end);
    part->start = p;
    part->end = end;
    part->name = name;
    part->name_len = (size_t)(name_end - name);
    part->value = NULL;
    part->value_len = 0;
    if (equals) {
        part->value = equals + 1;
        narrow(&part->value, &value_end);
        part->value_len = (size_t)(value_end - part->value);
    }
    return *end ? end + 1 : NULL;
}

/* NULL when it was not written by pwr_cookie_set(). */
static const char *decode(apr_pool_t *pool, const char *value, size_t len)
{
    char *copy;

    if (len >= 2 && *value == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    copy = pwr_secret_copy(pool, value, len);
    if (!pwr_url_decode(copy, len, &len) || memchr(copy, '\0', len)) {
        return NULL;
    }
    copy[len] = '\0';
    return copy;
}

const char *pwr_cookie_name(apr_pool_t *pool, const char *realm, int https)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * NAME_BYTES + 1];

    if (!EVP_Digest(realm, strlen(realm), digest, NULL, EVP_sha256(), NULL)) {
        return NULL;
    }
    pwr_text_hex(hex, digest, NAME_BYTES);
    return apr_pstrcat(pool, https ? "__Host-pwr-" : "pwr-", hex, NULL);
}

const char *pwr_cookie_find(apr_pool_t *pool, const char *header,
                            const char *name)
{
    size_t name_len = strlen(name), raw_len = 0;
    const char *raw = NULL;
    cookie_part part;

    for (const char *p = header; p;) {
        p = part_read(p, &part);
        if (!part.value || part.name_len != name_len
            || memcmp(part.name, name, name_len) != 0) {
            continue;
        }
        if (raw && (raw_len != part.value_len
                    || CRYPTO_memcmp(raw, part.value, raw_len) != 0)) {
            return NULL;
        }
        raw = part.value;
        raw_len = part.value_len;
    }
    return raw ? decode(pool, raw, raw_len) : NULL;
}

static int is_ours(const cookie_part *part, const char *name, size_t len)
{
    return part->name_len >= len && memcmp(part->name, name, len) == 0
        && (part->name_len == len || part->name[len] == '-');
}

const char *pwr_cookie_remove(apr_pool_t *pool, const char *header,
                              const char *name)
{
    size_t name_len = strlen(name);
    cookie_part part;
    char *out, *to;
    int left_n = 0;

    if (!header) {
        return NULL;
    }
    out = to = apr_palloc(pool, strlen(header) + 2);
    for (const char *p = header; p;) {
        p = part_read(p, &part);
        if (is_ours(&part, name, name_len)) {
            continue;
        }
        if (to == out) {
            /* It may have stood behind one of ours. */
            part.start += strspn(part.start, " \t");
        }
        left_n += part.name_len > 0 || part.value;
        memcpy(to, part.start, (size_t)(part.end - part.start));
        to += part.end - part.start;
        *to++ = ';';
    }
    if (left_n == 0) {
        return NULL;
    }
    to[-1] = '\0';
    return out;
}

const char *pwr_cookie_set(apr_pool_t *pool, const char *name,
                           const char *value, long age_sec, int https)
{
    return apr_pstrcat(pool, name, "=", pwr_text_urlencode(pool, value),
                       "; Path=/; HttpOnly; SameSite=Lax",
                       https ? "; Secure" : "",
                       age_sec < 0 ? ""
                           : apr_psprintf(pool, "; Max-Age=%ld", age_sec),
                       NULL);
}
