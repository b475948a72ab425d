/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mask.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_tables.h>
#include <apr_strings.h>

#include "core/encoded.h"

/* What a word is made of; all of UTF-8 beyond ASCII belongs to it. */
static int is_word(char c)
{
    return apr_isalnum(c) || (unsigned char)c >= 0x80
        || (c && strchr("!#$%&*+-/=?^_`{|}~.@", c));
}

/* The length of `name` up to its last @, or the whole. */
static size_t local_len(const char *name)
{
    const char *at = strrchr(name, '@');

    return at ? (size_t)(at - name) : strlen(name);
}

static int is_same(const char *word, size_t len, const char *name,
                   size_t name_len)
{
    return len > 0 && len == name_len
        && apr_cstr_casecmpn(word, name, len) == 0;
}

/* What stands for this word; NULL: it may be read. */
static const char *mask_of(const char *word, size_t len,
                           const char *const *names)
{
    size_t bare = len;

    if (memchr(word, '@', len)) {
        return "[address]";
    }
    while (bare > 0 && strchr(".?!", word[bare - 1])) {
        bare--;
    }
    for (; *names; names++) {
        size_t name_len = strlen(*names), local = local_len(*names);

        if (is_same(word, len, *names, name_len)
            || is_same(word, len, *names, local)
            || is_same(word, bare, *names, local)) {
            return "[name]";
        }
    }
    return NULL;
}

/* \xHH, as logs have it, is a byte again. */
static const char *unescaped(apr_pool_t *pool, const char *text)
{
    char *copy = apr_pstrdup(pool, text), *to = copy;

    while (*text) {
        int byte = strncmp(text, "\\x", 2) == 0
            ? pwr_encoded_hex_byte(text + 2) : -1;

        *to++ = (char)(byte > 0 ? byte : *text);
        text += byte > 0 ? 4 : 1;
    }
    *to = '\0';
    return copy;
}

const char *pwr_mask_people(apr_pool_t *pool, const char *text,
                            const char *const *names)
{
    apr_array_header_t *parts = apr_array_make(pool, 16, sizeof(char *));

    if (!text) {
        return NULL;
    }
    text = unescaped(pool, text);
    while (*text) {
        const char *end = text, *mask = NULL;

        while (is_word(*end)) {
            end++;
        }
        if (end > text) {
            mask = mask_of(text, (size_t)(end - text), names);
        }
        else {
            end++;
        }
        APR_ARRAY_PUSH(parts, const char *) = mask
            ? mask : apr_pstrmemdup(pool, text, (size_t)(end - text));
        text = end;
    }
    return apr_array_pstrcat(pool, parts, '\0');
}
