/* SPDX-License-Identifier: Apache-2.0 */
/* Audit lines: whatever bytes are handed over, JSON on one line of printable
 * ASCII that says what it was given, and no more than its event carries. */
#include "core/event.h"

#include <jansson.h>

#include "core/text.h"

#include "fuzz.h"

static void look_shape(const char *line)
{
    FUZZ_CLAIM(strlen(line) < PWR_EVENT_BYTES_MAX);
    for (const char *p = line; *p; p++) {
        FUZZ_CLAIM(*p >= 0x20 && *p < 0x7F);
    }
}

/* Is `text` what the field says, unless it was cut or was no UTF-8? */
static void look_field(json_t *json, const char *name, const char *text)
{
    const char *said = json_string_value(json_object_get(json, name));
    size_t len = said ? strlen(said) : 0;

    FUZZ_CLAIM(!said || text);
    if (!said || !pwr_text_is_utf8(text, strlen(text))) {
        return;
    }
    if (len >= 3 && strcmp(said + len - 3, "\xE2\x80\xA6") == 0
        && strcmp(said, text) != 0) {
        len -= 3;
        FUZZ_CLAIM(strlen(text) > len);
    }
    else {
        FUZZ_CLAIM(len == strlen(text));
    }
    FUZZ_CLAIM(strncmp(said, text, len) == 0);
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *number = fuzz_text(pool, &in);
    pwr_event event = {
        .kind = (pwr_event_kind)(1 + (unsigned char)*number
                                 % (PWR_EVENTS_N - 1)),
        .at_usec = apr_strtoi64(*number ? number + 1 : "", NULL, 36),
        .realm = fuzz_text_or_null(pool, &in),
        .address = fuzz_text_or_null(pool, &in),
        .agent = fuzz_text_or_null(pool, &in),
        .login = fuzz_text_or_null(pool, &in),
        .user_id = fuzz_text_or_null(pool, &in),
        .why = fuzz_text_or_null(pool, &in),
    };
    const char *line = pwr_event_line(pool, &event);
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

    look_shape(line);
    FUZZ_CLAIM(json);
    look_field(json, "event", pwr_event_name(event.kind));
    look_field(json, "realm", event.realm);
    look_field(json, "address", event.address);
    look_field(json, "agent", event.agent);
    look_field(json, "login", event.login);
    look_field(json, "user", event.user_id);
    look_field(json, "why", event.why);
    FUZZ_CLAIM((event.kind != PWR_EVENT_LOGIN_FAILED
                && event.kind != PWR_EVENT_LOGIN_SLOWED)
               || (!json_object_get(json, "login")
                   && !json_object_get(json, "user")));
    json_decref(json);
}
