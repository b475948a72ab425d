/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/page.h"

#include <apr_strings.h>

#include "core/json.h"

/* What a program is told of a page, in this order: docs/api.md promises it,
 * while templates may be given more at any time.  No control string: who is to
 * know it has sent it. */
static const char *const told[] = {
    "lang", "site_name",
    "ask", "form", "offer", "sent", "done", "done_others", "dead",
    "expired", "spent", "cancelled", "unknown",
    "login", "email", "signed_in", "signed_in_as", "by_email", "by_login",
    "until", "rules", "length_min", "length_max", "bytes_max",
    "sessions", "has_others", "contact",
    "url_login", "url_logout", "url_forgot", "url_reset", "url_change",
    "url_sessions", NULL
};

static void add_text(pwr_sink *sink, const char *before, const char *text)
{
    pwr_sink_text(sink, before);
    pwr_json_text(sink, text);
}

static const char *text_of(const pwr_model *model, const char *key)
{
    const pwr_model_value *value = pwr_model_get(model, key);

    return value && value->kind == PWR_MODEL_TEXT ? value->text : NULL;
}

/* What is wrong, as in the example of RFC 9457, section 3. */
static void add_errors(pwr_sink *sink, const pwr_list *errors)
{
    pwr_sink_text(sink, ",\"errors\":[");
    for (int i = 0; i < pwr_list_n(errors); i++) {
        const pwr_model *error = pwr_list_at(errors, i);
        const char *field = text_of(error, "field");

        add_text(sink, i > 0 ? ",{\"detail\":" : "{\"detail\":",
                 text_of(error, "text"));
        if (field) {
            /* Names of fields are letters, and their own JSON pointers. */
            pwr_sink_text(sink, ",\"pointer\":\"#/");
            pwr_sink_text(sink, field);
            pwr_sink_text(sink, "\"");
        }
        pwr_sink_text(sink, "}");
    }
    pwr_sink_text(sink, "]");
}

static void add_problem(const pwr_env *env, const pwr_response *response,
                        const char *reason, pwr_sink *sink)
{
    const char *detail = text_of(response->model, "text");

    add_text(sink, "\"type\":\"about:blank\",\"title\":", reason);
    pwr_sink_text(sink, ",\"status\":");
    pwr_sink_text(sink, apr_itoa(env->pool, response->status));
    if (!detail && response->errors) {
        detail = text_of(pwr_list_at(response->errors, 0), "text");
    }
    if (detail) {
        add_text(sink, ",\"detail\":", detail);
    }
    if (response->errors) {
        add_errors(sink, response->errors);
    }
}

static void add_all(const pwr_env *env, const pwr_response *response,
                    const char *reason, pwr_sink *sink)
{
    int is_problem = response->status >= 400;

    pwr_sink_text(sink, "{");
    if (is_problem) {
        add_problem(env, response, reason, sink);
    }
    if (response->location) {
        add_text(sink, "\"location\":", response->location);
    }
    else {
        pwr_json_members(sink, response->model, told, !is_problem);
    }
    pwr_sink_text(sink, "}\n");
}

const char *pwr_page_json(const pwr_env *env, const pwr_response *response,
                          const char *reason, size_t *len)
{
    pwr_sink sink = { .len = 0 };
    const char *text;

    add_all(env, response, reason, &sink);
    text = pwr_sink_open(env->pool, &sink);
    add_all(env, response, reason, &sink);
    *len = sink.len;
    return text;
}
