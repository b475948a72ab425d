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

/* What fits into a guess is there at once; of more the length is counted, and
 * it is there the second time. */
static const struct {
    const char *name;
    part parts[3];
    size_t room;
    const char *begin;          /* of that room, behind it a NUL */
    const char *whole;
} guesses[] = {
    { "nothing, in no room", { { NULL, 0 } }, 0, "", "" },
    { "just the room", { { "abcde", 5 } }, 5, "abcde", "abcde" },
    { "just the room, in parts", { { "ab", 2 }, { "", 0 }, { "cde", 3 } }, 5,
      "abcde", "abcde" },
    { "less", { { "ab", 2 }, { "c", 1 } }, 5, "abc", "abc" },
    { "one byte more", { { "abcde", 5 }, { "f", 1 } }, 5, "abcde", "abcdef" },
    { "one byte more, at once", { { "abcdef", 6 } }, 5, "", "abcdef" },
    { "a part too long, and one that would fit",
      { { "ab", 2 }, { "cdef", 4 }, { "g", 1 } }, 5, "ab", "abcdefg" },
    { "no room", { { "a", 1 } }, 0, "", "a" },
};

static void test_guess(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(guesses) / sizeof(*guesses); i++) {
        const size_t room = guesses[i].room, len = strlen(guesses[i].whole);
        pwr_sink sink = { .len = 7 };
        const char *out = pwr_sink_guess(pool, &sink, room);

        tap_int((long long)sink.len, 0, "%s: it begins anew", guesses[i].name);
        write_parts(&sink, guesses[i].parts);
        tap_int((long long)sink.len, (long long)len,
                "%s: the length is counted", guesses[i].name);
        tap_str(out, guesses[i].begin, "%s: what fits is there",
                guesses[i].name);
        tap_int(out[room], 0, "%s: nothing behind the room", guesses[i].name);
        if (sink.len <= room) {
            continue;
        }
        out = pwr_sink_open(pool, &sink);
        write_parts(&sink, guesses[i].parts);
        tap_int((long long)sink.len, (long long)len, "%s: as long again",
                guesses[i].name);
        tap_str(out, guesses[i].whole, "%s: and all of it is there",
                guesses[i].name);
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
    test_guess(pool);
    pwr_sink_text(&texts, "any");
    pwr_sink_text(&texts, "");
    tap_int((long long)texts.len, 3, "texts are added without their NUL");
    return tap_end();
}
