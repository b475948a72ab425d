/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event.h"

#include <jansson.h>

#include "tap.h"

#define AT INT64_C(1764393601234567)    /* 2025-11-29 05:20:01.234567 UTC */

static void test_escape(apr_pool_t *pool)
{
    static const struct { const char *name, *in, *want; } table[] = {
        { "nothing", "", "" },
        { "plain text", "Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)" },
        { "quote and backslash", "a\"b\\c", "a\\\"b\\\\c" },
        { "line ends", "a\r\nb", "a\\u000d\\u000ab" },
        { "escape and DEL", "\033[31m\177", "\\u001b[31m\\u007f" },
        { "letters", "\xD0\x9F\xC3\xA9", "\\u041f\\u00e9" },
        { "beyond the first plane", "\xF0\x9F\x98\x80", "\\ud83d\\ude00" },
        { "what turns the text", "\xE2\x80\xAE" "x", "\\u202ex" },
        { "C1 controls", "\xC2\x9B", "\\u009b" },
        { "no UTF-8", "\xFF" "a\xC3", "\\ufffda\\ufffd" },
        { "a surrogate", "\xED\xA0\x80", NULL },
        { "an overlong slash", "\xC0\xAF", NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *got = pwr_event_escape(pool, table[i].in, 100);

        if (table[i].want) {
            tap_str(got, table[i].want, "%s", table[i].name);
        }
        else {
            tap_ok(strncmp(got, "\\ufffd", 6) == 0 && strlen(got) % 6 == 0,
                   "%s is none", table[i].name);
        }
    }
}

static void test_cut(apr_pool_t *pool)
{
    static const struct { const char *in; size_t max; const char *want; }
    table[] = {
        { "1234567", 7, "1234567" },
        { "12345678", 7, "1\\u2026" },
        { "123456789", 8, "12\\u2026" },
        { "12345\xD0\x9F", 11, "12345\\u041f" },
        { "12345\xD0\x9F", 10, "1234\\u2026" },
        { "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 24,
          "\\ud83d\\ude00\\ud83d\\ude00" },
        { "\xF0\x9F\x98\x80\xF0\x9F\x98\x80", 23, "\\ud83d\\ude00\\u2026" },
        { "\"\"\"\"", 7, "\\u2026" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_event_escape(pool, table[i].in, table[i].max),
                table[i].want, "cut to %d bytes: %s", (int)table[i].max,
                table[i].want);
    }
}

static void test_line(apr_pool_t *pool)
{
    pwr_event event = {
        .kind = PWR_EVENT_RESET_REFUSED, .at_usec = AT, .realm = "site",
        .address = "192.0.2.1", .why = "spent", .job = "j", .mail = "notice",
        .cancelled = "1", .user_id = "7", .login = "ivan", .agent = "curl"
    };

    tap_str(pwr_event_line(pool, &event),
            "{\"time\":\"2025-11-29T05:20:01.234Z\",\"level\":\"warning\","
            "\"event\":\"reset.refused\",\"realm\":\"site\","
            "\"address\":\"192.0.2.1\",\"why\":\"spent\",\"user\":\"7\","
            "\"login\":\"ivan\",\"agent\":\"curl\"}", "a line");
    event = (pwr_event){ .kind = PWR_EVENT_LOGIN_FAILED, .realm = "site",
                         .user_id = "7", .login = "ivan", .why = "x" };
    tap_str(pwr_event_line(pool, &event),
            "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warning\","
            "\"event\":\"login.failed\",\"realm\":\"site\"}",
            "what is not of the event is not written");
}

/* Everything that can be, as long as it can be. */
static void test_long(apr_pool_t *pool)
{
    char *emoji = apr_palloc(pool, 4 * 5000 + 1);
    size_t longest = 0;
    int is_json = 1;

    for (int i = 0; i < 5000; i++) {
        memcpy(emoji + 4 * i, "\xF0\x9F\x98\x80", 5);
    }
    for (int kind = PWR_EVENT_NONE + 1; kind < PWR_EVENTS_N; kind++) {
        const pwr_event event = {
            (pwr_event_kind)kind, AT, emoji, emoji, emoji, emoji, emoji,
            emoji, emoji, emoji, emoji, emoji
        };
        const char *line = pwr_event_line(pool, &event);
        json_t *json = json_loads(line, 0, NULL);

        longest = strlen(line) > longest ? strlen(line) : longest;
        is_json &= json != NULL
            && strcmp(json_string_value(json_object_get(json, "event")),
                      pwr_event_name((pwr_event_kind)kind)) == 0;
        json_decref(json);
    }
    tap_ok(is_json, "the longest lines are JSON, with the event's name");
    tap_ok(longest < PWR_EVENT_BYTES_MAX, "and go through a pipe in one piece"
           " (%d bytes)", (int)longest);
    tap_str(pwr_event_name(PWR_EVENT_NONE), NULL, "none has no name");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_escape(pool);
    test_cut(pool);
    test_line(pool);
    test_long(pool);
    return tap_end();
}
