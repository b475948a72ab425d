/* SPDX-License-Identifier: Apache-2.0 */
/* What a program of PwResetHook reads: JSON whatever a login name holds, the
 * same but for the number of the try, and nothing that is secret. */
#include "flow/hook.h"

#include <apr_strings.h>
#include <jansson.h>

#include "core/text.h"
#include "tap.h"

static const pwr_job ivan = {
    .id = "0123456789abcdef0123456789abcdef", .kind = PWR_JOB_HOOK,
    .realm = "www.example.org/account", .by = PWR_HOOK_RESET,
    .user_id = "17", .login = "ivan", .language = "ru",
    .address = "192.0.2.7", .agent = "Browser/2", .created = 1764425100,
    .tries = 1, .error = "exit 75", .owner = "somebody"
};

static void test_line(apr_pool_t *pool)
{
    tap_str(pwr_hook_json(pool, &ivan),
            "{\"id\":\"0123456789abcdef0123456789abcdef\","
            "\"event\":\"reset.done\",\"realm\":\"www.example.org/account\","
            "\"user\":\"17\",\"login\":\"ivan\","
            "\"time\":\"2025-11-29T14:05:00Z\",\"language\":\"ru\","
            "\"address\":\"192.0.2.7\",\"try\":1}\n", "a line");
}

static void test_causes(apr_pool_t *pool)
{
    static const struct { int by; const char *event; } table[] = {
        { PWR_HOOK_RESET, "\"reset.done\"" },
        { PWR_HOOK_CHANGE, "\"change.done\"" },
        { PWR_HOOK_OPERATOR, "\"operator.passwd\"" },
        { PWR_HOOK_NONE, "null" }, { PWR_HOOK_CAUSES_N, "null" },
        { -1, "null" }, { 2147483647, "null" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_job job = ivan;

        job.by = table[i].by;
        tap_ok(strstr(pwr_hook_json(pool, &job),
                      apr_pstrcat(pool, "\"event\":", table[i].event, ",",
                                  NULL)) != NULL,
               "cause %d: %s", table[i].by, table[i].event);
    }
}

/* What a reader of JSON finds under `name`; "null". */
static const char *found(apr_pool_t *pool, const char *line, const char *name)
{
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    json_t *value = json_object_get(object, name);
    const char *text = !value ? "nothing" : json_is_null(value) ? "null"
        : apr_pstrdup(pool, json_string_value(value));

    json_decref(object);
    return text;
}

static int is_one_line(const char *line)
{
    size_t len = strlen(line);

    for (const char *c = line; *c; c++) {
        if ((unsigned char)*c > 0x7E || (*c < 0x20 && *c != '\n')) {
            return 0;
        }
    }
    return len > 0 && strchr(line, '\n') == line + len - 1;
}

static void test_logins(apr_pool_t *pool)
{
    static const struct { const char *login, *read; } table[] = {
        { "\",\"event\":\"x\",\"a\":\"", "\",\"event\":\"x\",\"a\":\"" },
        { "a\nb\r\tc", "a\nb\r\tc" },
        { "\x01\x7F", "\x01\x7F" },
        { "\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD", "\xD0\xB8\xD0\xB2\xD0\xB0"
                                              "\xD0\xBD" },
        { "\xF0\x9F\x94\x91", "\xF0\x9F\x94\x91" },
        { "\xE2\x80\xA8", "\xE2\x80\xA8" },
        { "\\u0022", "\\u0022" },
        { "$(id); `id`", "$(id); `id`" },
        { "", "" }, { "\xFF", "null" }, { NULL, "null" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_job job = ivan;
        const char *line;

        job.login = table[i].login;
        line = pwr_hook_json(pool, &job);
        tap_str(found(pool, line, "login"), table[i].read, "login %d", (int)i);
        tap_str(found(pool, line, "event"), "reset.done", "and no other event");
        tap_ok(is_one_line(line) || strchr(table[i].login, '\x7F') != NULL,
               "one line of ASCII");
    }
}

static void test_tries(apr_pool_t *pool)
{
    pwr_job second = ivan;
    const char *line;

    second.tries = 2;
    line = pwr_hook_json(pool, &second);
    tap_str(pwr_text_replace(pool, line, "\"try\":2", "\"try\":1"),
            pwr_hook_json(pool, &ivan), "a second try says the same");
    tap_ok(!strstr(line, "Browser") && !strstr(line, "somebody")
           && !strstr(line, "exit"), "and nothing of our own");
}

static void test_none(apr_pool_t *pool)
{
    static const pwr_job empty = { .kind = PWR_JOB_HOOK };
    const char *line = pwr_hook_json(pool, &empty);

    tap_str(found(pool, line, "user"), "null", "what is not there is null");
    tap_str(found(pool, line, "time"), "1970-01-01T00:00:00Z", "but the time");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_line(pool);
    test_causes(pool);
    test_logins(pool);
    test_tries(pool);
    test_none(pool);
    return tap_end();
}
