/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sink.h"

#include "tap.h"

typedef struct part {
    const char *bytes;
    size_t len;
} part;

static const struct {
    const char *name;
    part parts[3];
    const char *whole;
    size_t len;
} cases[] = {
    { "nothing", { { NULL, 0 } }, "", 0 },
    { "one part", { { "abc", 3 } }, "abc", 3 },
    { "empty parts between", { { "", 0 }, { "abc", 3 }, { "", 0 } }, "abc", 3 },
    { "several", { { "a", 1 }, { "bc", 2 }, { "\xD0\xB9", 2 } },
      "abc\xD0\xB9", 5 },
    { "a NUL is a byte", { { "a\0b", 3 } }, "a\0b", 3 },
    { "and no end", { { "a", 1 }, { "\0", 1 }, { "b", 1 } }, "a\0b", 3 },
};

static void write_parts(pwr_sink *sink, const part *parts)
{
    for (int i = 0; i < 3 && parts[i].bytes; i++) {
        pwr_sink_add(sink, parts[i].bytes, parts[i].len);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();
    pwr_sink texts = { .len = 0 };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        pwr_sink sink = { .len = 0 };
        const char *out;

        write_parts(&sink, cases[i].parts);
        tap_int((long long)sink.len, (long long)cases[i].len,
                "%s: the length is counted", cases[i].name);
        tap_ok(sink.out == NULL, "%s: and nothing is kept", cases[i].name);
        out = pwr_sink_open(pool, &sink);
        write_parts(&sink, cases[i].parts);
        tap_ok(sink.len == cases[i].len
                   && memcmp(out, cases[i].whole, cases[i].len) == 0,
               "%s: then it is written", cases[i].name);
        tap_int(out[sink.len], 0, "%s: and ended", cases[i].name);
    }
    pwr_sink_text(&texts, "any");
    pwr_sink_text(&texts, "");
    tap_int((long long)texts.len, 3, "texts are added without their NUL");
    return tap_end();
}
