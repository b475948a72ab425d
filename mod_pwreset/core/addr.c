/* SPDX-License-Identifier: Apache-2.0 */
#include "core/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <idn2.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "core/text.h"
#include "core/url.h"

#define TYPED_BYTES_MAX 1024        /* UTF-8 with blanks around it */
#define LOCAL_BYTES_MAX 64          /* RFC 5321 4.5.3.1.1 */
#define ADDR_BYTES_MAX 254          /* 4.5.3.1.3, without the angle brackets */
#define NORMAL_BYTES_MAX 256

/* atext of RFC 5322 without "%" and "!", which old mailers route by. */
static int is_atext(int c)
{
    return apr_isalnum(c) || (c && strchr("#$&'*+-/=?^_`{|}~", c));
}

/* Does any program that normalises see ASCII here?  The Kelvin sign becomes K,
 * a full-width @ becomes @, a no-break blank a blank. */
static int turns_ascii(const uint8_t *p, size_t width)
{
    uint8_t normal[NORMAL_BYTES_MAX];
    size_t len = sizeof(normal);
    uint8_t *result = u8_normalize(UNINORM_NFKC, p, width, normal, &len);
    int found = !result;

    for (size_t i = 0; result && i < len; i++) {
        found |= result[i] < 0x80;
    }
    if (result != normal) {
        free(result);
    }
    return found;
}

/* A character of a local part.  Beyond ASCII (RFC 6531): no blank, no control,
 * nothing invisible, nothing unassigned, no ASCII in disguise. */
static int is_text(ucs4_t point, const uint8_t *p, size_t width)
{
    if (point < 0x80) {
        return is_atext((int)point);
    }
    return !uc_is_general_category(point, UC_OTHER)
        && !uc_is_general_category(point, UC_SEPARATOR)
        && !turns_ascii(p, width);
}

/* A dot-atom: no dot at either end, no two together.  A mail program may take
 * what begins with a dash for an option, with a bar for a command, with a slash
 * for a file; a leading combining mark would join with the "<" of a header.
 * Its length is judged once it is composed: what is typed may be longer. */
static int is_local(const char *local, size_t len)
{
    const uint8_t *p = (const uint8_t *)local, *end = p + len;
    int after_dot = 1;
    ucs4_t point;

    if (len == 0 || strchr("-|/", *local)) {
        return 0;
    }
    u8_mbtouc(&point, p, len);
    if (uc_is_general_category(point, UC_MARK)) {
        return 0;
    }
    while (p < end) {
        int width = u8_mbtouc(&point, p, (size_t)(end - p));

        if (point == '.' ? after_dot : !is_text(point, p, (size_t)width)) {
            return 0;
        }
        after_dot = point == '.';
        p += width;
    }
    return !after_dot;
}

/* The host of an address has a dot (nobody's mail is at a top-level domain,
 * and a mail program would add its own domain to a bare name). */
static const char *mail_host(apr_pool_t *pool, const char *text)
{
    const char *host = pwr_url_host(pool, text);

    if (!host || (!strchr(host, '.') && strcmp(host, "localhost") != 0)) {
        return NULL;
    }
    return host;
}

static const char *normal_form(apr_pool_t *pool, const char *s, size_t len)
{
    uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)s, len, NULL,
                                   &len);
    const char *copy = normal ? apr_pstrmemdup(pool, (char *)normal, len)
                              : NULL;

    free(normal);
    return copy;
}

const char *pwr_addr_mailbox(apr_pool_t *pool, const char *stored)
{
    const char *trimmed, *at, *local, *host, *mailbox;

    if (!stored || strlen(stored) > TYPED_BYTES_MAX
        || !pwr_text_is_utf8(stored, strlen(stored))) {
        return NULL;
    }
    trimmed = pwr_text_trim(pool, stored);
    at = strchr(trimmed, '@');
    if (!at || !is_local(trimmed, (size_t)(at - trimmed))) {
        return NULL;
    }
    host = mail_host(pool, at + 1);
    local = normal_form(pool, trimmed, (size_t)(at - trimmed));
    if (!host || !local || strlen(local) > LOCAL_BYTES_MAX) {
        return NULL;
    }
    mailbox = apr_pstrcat(pool, local, "@", host, NULL);
    return strlen(mailbox) <= ADDR_BYTES_MAX ? mailbox : NULL;
}

const char *pwr_addr_in_letters(apr_pool_t *pool, const char *mailbox)
{
    const char *at = mailbox ? strchr(mailbox, '@') : NULL;
    const char *result = NULL;
    char *host;

    if (!at || idn2_to_unicode_8z8z(at + 1, &host, 0) != IDN2_OK) {
        return NULL;
    }
    if (strcmp(host, at + 1) != 0) {
        result = apr_pstrcat(pool, apr_pstrmemdup(pool, mailbox,
                                                  (size_t)(at + 1 - mailbox)),
                             host, NULL);
    }
    idn2_free(host);
    return result;
}

const char *pwr_addr_canonical(apr_pool_t *pool, const char *typed)
{
    const char *mailbox = pwr_addr_mailbox(pool, typed);

    return mailbox ? pwr_text_canonical(pool, mailbox) : NULL;
}

int pwr_addr_same(apr_pool_t *pool, const char *a, const char *b)
{
    const char *canonical_a = pwr_addr_canonical(pool, a);
    const char *canonical_b = pwr_addr_canonical(pool, b);

    return canonical_a && canonical_b
        && strcmp(canonical_a, canonical_b) == 0;
}
