/* SPDX-License-Identifier: Apache-2.0 */
#include "core/form.h"

#include <string.h>

#include "core/crypto.h"
#include "core/json.h"
#include "core/text.h"
#include "core/url.h"

/* More than any page of ours has, and little enough to look at each. */
#define FIELDS_MAX 32

struct pwr_form {
    const pwr_form_field *fields;
    const char **values;        /* one for each row of `fields`, or NULL */
};

/* Decode `len` bytes in place and end them with a NUL, which the byte behind
 * them has room for. */
static int decode(char *bytes, size_t len, size_t *decoded_len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '+') {
            bytes[i] = ' ';
        }
    }
    if (!pwr_url_decode(bytes, len, decoded_len)) {
        return 0;
    }
    bytes[*decoded_len] = '\0';
    return pwr_text_is_utf8(bytes, *decoded_len);
}

static pwr_form_verdict keep(const pwr_form *form, const char *name,
                             const char *value, size_t len)
{
    for (size_t i = 0; form->fields[i].name; i++) {
        if (strcmp(form->fields[i].name, name) != 0) {
            continue;
        }
        if (form->values[i]) {
            return PWR_FORM_REPEATED;
        }
        if (len > form->fields[i].bytes_max) {
            return PWR_FORM_OVERSIZED;
        }
        form->values[i] = value;
        return PWR_FORM_OK;
    }
    return PWR_FORM_OK;
}

/* One "name=value" of `len` bytes. A name alone has the empty value. */
static pwr_form_verdict take(const pwr_form *form, char *pair, size_t len)
{
    char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    size_t value_len = equals ? len - name_len - 1 : 0;
    char *value = equals ? equals + 1 : pair + len;

    if (!decode(value, value_len, &value_len)
        || !decode(pair, name_len, &name_len)) {
        return PWR_FORM_UNDECODABLE;
    }
    return keep(form, pair, value, value_len);
}

static const pwr_form *make(apr_pool_t *pool, const pwr_form_field *fields)
{
    pwr_form *form = apr_palloc(pool, sizeof(*form));
    size_t n = 0;

    while (fields[n].name) {
        n++;
    }
    form->fields = fields;
    form->values = apr_pcalloc(pool, (n + 1) * sizeof(*form->values));
    return form;
}

pwr_form_verdict pwr_form_decode(apr_pool_t *pool, const char *encoded,
                                 size_t len, const pwr_form_field *fields,
                                 const pwr_form **form)
{
    char *bytes = pwr_secret_copy(pool, encoded, len);
    const pwr_form *made = make(pool, fields);
    const char *end = bytes + len;
    int seen_n = 0;

    *form = NULL;
    for (char *pair = bytes, *next; pair < end; pair = next + 1) {
        size_t left = (size_t)(end - pair);
        pwr_form_verdict verdict;

        next = memchr(pair, '&', left);
        if (!next) {
            next = pair + left;
        }
        if (next == pair) {
            continue;
        }
        if (++seen_n > FIELDS_MAX) {
            return PWR_FORM_OVERSIZED;
        }
        verdict = take(made, pair, (size_t)(next - pair));
        if (verdict != PWR_FORM_OK) {
            return verdict;
        }
    }
    *form = made;
    return PWR_FORM_OK;
}

pwr_form_verdict pwr_form_decode_json(apr_pool_t *pool, const char *encoded,
                                      size_t len,
                                      const pwr_form_field *fields,
                                      const pwr_form **form)
{
    char *bytes = pwr_secret_copy(pool, encoded, len);
    pwr_json_reader reader = { bytes, bytes + len, 0 };
    const pwr_form *made = make(pool, fields);
    pwr_json_member member;
    pwr_json_step step;
    int seen_n = 0;

    *form = NULL;
    while ((step = pwr_json_next(&reader, &member)) == PWR_JSON_MEMBER) {
        pwr_form_verdict verdict = ++seen_n > FIELDS_MAX ? PWR_FORM_OVERSIZED
            : keep(made, member.name, member.value, member.value_len);

        if (verdict != PWR_FORM_OK) {
            return verdict;
        }
    }
    if (step != PWR_JSON_END) {
        return PWR_FORM_UNDECODABLE;
    }
    *form = made;
    return PWR_FORM_OK;
}

const char *pwr_form_get(const pwr_form *form, const char *name)
{
    for (size_t i = 0; form && form->fields[i].name; i++) {
        if (strcmp(form->fields[i].name, name) == 0) {
            return form->values[i];
        }
    }
    return NULL;
}
