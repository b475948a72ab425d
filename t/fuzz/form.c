/* SPDX-License-Identifier: Apache-2.0 */
/* A posted form, and a query: the same decoder. */
#include "core/form.h"

#include "core/text.h"

#include "fuzz.h"

static const pwr_form_field fields[] = {
    { "login", 16 }, { "token", 64 }, { "p", 300 }, { NULL, 0 }
};

static const char *encoded(apr_pool_t *pool, const pwr_form *form)
{
    const char *text = "";

    for (const pwr_form_field *field = fields; field->name; field++) {
        const char *value = pwr_form_get(form, field->name);

        if (value) {
            text = apr_pstrcat(pool, text, "&", field->name, "=",
                               pwr_text_urlencode(pool, value), NULL);
        }
    }
    return text;
}

/* Values obey their row, and say the same when they are sent again. */
static void look(apr_pool_t *pool, const pwr_form *form)
{
    const char *text = encoded(pool, form);
    const pwr_form *again;

    FUZZ_CLAIM(pwr_form_decode(pool, text, strlen(text), fields, &again)
               == PWR_FORM_OK);
    for (const pwr_form_field *field = fields; field->name; field++) {
        const char *value = pwr_form_get(form, field->name);

        FUZZ_CLAIM(fuzz_same(value, pwr_form_get(again, field->name)));
        FUZZ_CLAIM(!value || (strlen(value) <= field->bytes_max
                              && pwr_text_is_utf8(value, strlen(value))));
    }
}

/* Whatever was sent, sent twice: no field may be merged (CVE-2023-7028). */
static void look_twice(apr_pool_t *pool, fuzz_input in, int has_field)
{
    char *twice = apr_palloc(pool, 2 * in.len + 1);
    const pwr_form *form;
    pwr_form_verdict verdict;

    memcpy(twice, in.bytes, in.len);
    twice[in.len] = '&';
    memcpy(twice + in.len + 1, in.bytes, in.len);
    verdict = pwr_form_decode(pool, twice, 2 * in.len + 1, fields, &form);
    FUZZ_CLAIM(!has_field || verdict == PWR_FORM_REPEATED
               || verdict == PWR_FORM_OVERSIZED);
    FUZZ_CLAIM((verdict == PWR_FORM_OK) == (form != NULL));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const pwr_form *form;
    pwr_form_verdict verdict = pwr_form_decode(pool, in.bytes, in.len, fields,
                                               &form);

    FUZZ_CLAIM((verdict == PWR_FORM_OK) == (form != NULL));
    if (form) {
        look(pool, form);
        look_twice(pool, in, *encoded(pool, form) != '\0');
    }
}
