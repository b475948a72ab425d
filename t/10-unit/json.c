/* SPDX-License-Identifier: Apache-2.0 */
/* What is read is tested as a form (form.c); here is what is written. */
#include "core/json.h"

#include "tap.h"

/* Written twice, as the sink wants it. */
static const char *quoted(apr_pool_t *pool, const char *text)
{
    pwr_sink sink = { .len = 0 };
    const char *out;

    pwr_json_text(&sink, text);
    out = pwr_sink_open(pool, &sink);
    pwr_json_text(&sink, text);
    return out;
}

static void test_text(apr_pool_t *pool)
{
    static const struct { const char *text, *json; } table[] = {
        { "", "\"\"" },
        { "ivan@example.org", "\"ivan@example.org\"" },
        { "a\"b\\c", "\"a\\\"b\\\\c\"" },
        { "\r\n\t\x01\x7F", "\"\\u000d\\u000a\\u0009\\u0001\\u007f\"" },
        { "</script>", "\"\\u003c/script>\"" },
        { "\xD0\x98\xF0\x9F\x98\x80", "\"\xD0\x98\xF0\x9F\x98\x80\"" },
        { "a\xFFz", "\"a\xEF\xBF\xBDz\"" },
        { "\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },
        { "\xED\xA0\x80", "\"\xEF\xBF\xBD\"" },
        { "\xD0", "\"\xEF\xBF\xBD\"" },
        { "\xEF\xBF\xBD", "\"\xEF\xBF\xBD\"" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(quoted(pool, table[i].text), table[i].json, "text %d",
                (int)i);
    }
}

static const char *members(apr_pool_t *pool, const pwr_model *model,
                           const char *const *keys, int is_first)
{
    pwr_sink sink = { .len = 0 };
    const char *out;

    pwr_json_members(&sink, model, keys, is_first);
    out = pwr_sink_open(pool, &sink);
    pwr_json_members(&sink, model, keys, is_first);
    return out;
}

static void test_members(apr_pool_t *pool)
{
    static const char *const keys[] = { "none", "flag", "a", NULL };
    pwr_model *model = pwr_model_make(pool), *map = pwr_model_make(pool);
    pwr_list *list = pwr_list_make(pool);

    tap_str(members(pool, model, NULL, 1), "", "of an empty map: none");
    pwr_model_text(model, "a", "1");
    pwr_model_text(model, "none", NULL);
    pwr_model_flag(model, "flag", 1);
    pwr_model_list(model, "list", list);
    pwr_model_map(model, "map", map);
    pwr_model_text(map, "b", "2");
    tap_str(members(pool, model, keys, 1), "\"flag\":true,\"a\":\"1\"",
            "chosen ones, in the order of the choice");
    tap_str(members(pool, model, keys, 0), ",\"flag\":true,\"a\":\"1\"",
            "behind others");
    tap_str(members(pool, model, NULL, 1),
            "\"a\":\"1\",\"flag\":true,\"list\":[],\"map\":{\"b\":\"2\"}",
            "all, and an empty list");
    pwr_model_text(pwr_list_add(list), "c", "3");
    pwr_list_add(list);
    tap_str(members(pool, model, NULL, 1),
            "\"a\":\"1\",\"flag\":true,\"list\":[{\"c\":\"3\"},{}],"
            "\"map\":{\"b\":\"2\"}", "a list of maps");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_text(pool);
    test_members(pool);
    return tap_end();
}
