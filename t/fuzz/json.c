/* SPDX-License-Identifier: Apache-2.0 */
/* A posted object, and what is written: jansson must agree. */
#include "core/json.h"

#include <jansson.h>

#include "core/text.h"

#include "fuzz.h"

#define MEMBERS_MAX 256

typedef struct members {
    pwr_json_member row[MEMBERS_MAX];
    int n;
    pwr_json_step last;
} members;

static members *read_all(apr_pool_t *pool, fuzz_input in)
{
    members *m = apr_palloc(pool, sizeof(*m));
    char *bytes = apr_palloc(pool, in.len);
    pwr_json_reader reader = { bytes, bytes + in.len, 0 };

    memcpy(bytes, in.bytes, in.len);
    m->n = 0;
    do {
        m->last = pwr_json_next(&reader, &m->row[m->n]);
        m->n += m->last == PWR_JSON_MEMBER;
    } while (m->last == PWR_JSON_MEMBER && m->n < MEMBERS_MAX);
    return m;
}

/* What we took, jansson takes, and finds the same; of a name that is repeated
 * it keeps the last value. */
static void look(const members *m, fuzz_input in)
{
    json_error_t error;
    json_t *theirs = json_loadb(in.bytes, in.len, 0, &error);

    FUZZ_CLAIM(json_is_object(theirs));
    for (int i = 0; i < m->n; i++) {
        const char *value = m->row[i].value;

        FUZZ_CLAIM(strlen(value) == m->row[i].value_len);
        for (int j = i + 1; j < m->n; j++) {
            value = strcmp(m->row[i].name, m->row[j].name) ? value
                                                           : m->row[j].value;
        }
        FUZZ_CLAIM(fuzz_same(json_string_value(
            json_object_get(theirs, m->row[i].name)), value));
    }
    json_decref(theirs);
}

/* An object of strings that jansson takes is one to us, too. */
static void look_back(const members *m, fuzz_input in)
{
    json_error_t error;
    json_t *theirs = json_loadb(in.bytes, in.len, JSON_REJECT_DUPLICATES,
                                &error), *value;
    int is_form = json_is_object(theirs);
    const char *name;

    json_object_foreach(theirs, name, value) {
        is_form &= json_is_string(value);
    }
    FUZZ_CLAIM(!is_form || m->last == PWR_JSON_END || m->n == MEMBERS_MAX);
    json_decref(theirs);
}

/* Any bytes, written. */
static void look_written(apr_pool_t *pool, const char *text)
{
    pwr_model *model = pwr_model_make(pool);
    pwr_sink sink = { .len = 0 };
    const char *out;
    json_error_t error;
    json_t *theirs;

    pwr_model_text(model, text, text);
    pwr_json_members(&sink, model, NULL, 1);
    out = pwr_sink_open(pool, &sink);
    pwr_json_members(&sink, model, NULL, 1);
    theirs = json_loads(apr_pstrcat(pool, "{", out, "}", NULL), 0, &error);
    FUZZ_CLAIM(json_is_object(theirs) && json_object_size(theirs) == 1);
    FUZZ_CLAIM(!pwr_text_is_utf8(text, strlen(text))
               || fuzz_same(json_string_value(json_object_get(theirs, text)),
                            text));
    json_decref(theirs);
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const members *m = read_all(pool, in);

    if (m->last == PWR_JSON_END) {
        look(m, in);
    }
    look_back(m, in);
    look_written(pool, fuzz_text(pool, &in));
}
