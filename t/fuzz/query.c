/* SPDX-License-Identifier: Apache-2.0 */
/* A query that we write into a link is read as it was meant. */
#include "core/form.h"
#include "core/text.h"
#include "core/url.h"

#include "fuzz.h"

static const pwr_form_field fields[] = { { "return", 8192 }, { NULL, 0 } };

/* An input: a path, and a value to add to its query. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *path = fuzz_text(pool, &in), *value = fuzz_text(pool, &in);
    const char *made = pwr_url_with(pool, path, "return", value);
    const char *fragment = strchr(path, '#');
    size_t before = strcspn(path, "#"), decoded_len;
    const char *added = made + before;
    char *escaped;
    const pwr_form *form;

    FUZZ_CLAIM(strncmp(made, path, before) == 0);
    FUZZ_CLAIM(*added == (memchr(path, '?', before) ? '&' : '?'));
    escaped = apr_pstrmemdup(pool, added + 1, strcspn(added + 1, "#&"));
    FUZZ_CLAIM(fuzz_same(added + 1 + strlen(escaped),
                         fragment ? fragment : ""));
    if (pwr_text_is_utf8(value, strlen(value)) && strlen(value) <= 8192) {
        FUZZ_CLAIM(pwr_form_decode(pool, escaped, strlen(escaped), fields,
                                   &form) == PWR_FORM_OK);
        FUZZ_CLAIM(fuzz_same(pwr_form_get(form, "return"), value));
    }
    FUZZ_CLAIM(pwr_url_decode(escaped, strlen(escaped), &decoded_len));
    FUZZ_CLAIM(decoded_len == strlen("return=") + strlen(value)
               && memcmp(escaped + strlen("return="), value, strlen(value))
                      == 0);
    if (pwr_url_is_local(path) && strlen(made) <= 2000) {
        FUZZ_CLAIM(pwr_url_is_local(made));
    }
}
