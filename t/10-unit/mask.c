/* SPDX-License-Identifier: Apache-2.0 */
#include "core/mask.h"

#include "tap.h"

int main(void)
{
    static const char *const nobody[] = { NULL };
    static const char *const ivan[] = {
        "ivan@example.org", "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD", "", NULL
    };
    static const struct { const char *text, *masked, *name; } rows[] = {
        { "", "", "nothing" },
        { "exit 75: host is busy", "exit 75: host is busy", "no names" },
        { "550 <Ivan@Example.org>: unknown", "550 <[address]>: unknown",
          "an address" },
        { "a@b,c.d+e@f;@g", "[address],[address];[address]", "addresses" },
        { "User unknown: ivan", "User unknown: [name]", "a local part" },
        { "User unknown: IVAN.", "User unknown: [name]", "before a full stop" },
        { "ivanov and sivan", "ivanov and sivan", "parts of words" },
        { "\"ivan\"'ivan'", "\"[name]\"'[name]'", "in quotes" },
        { "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD!", "[name]", "not only ASCII" },
        { "\xD0\x98@\xD0\xB2", "[address]", "an address of any letters" },
        { "\\x22ivan\\x22 \\xD0\\x98\\xd0\\xb2\\xD0\\xB0\\xD0\\xBD \\x0Aivan",
          "\"[name]\" [name] \n[name]", "escaped" },
        { "\\x00ivan\\xivan\\x2\\", "\\x00ivan\\xivan\\x2\\", "not escaped" },
        { "<b>&\n\t\xFF", "<b>&\n\t\xFF", "what it is not there for" },
    };
    apr_pool_t *pool = tap_begin();

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        tap_str(pwr_mask_people(pool, rows[i].text, ivan), rows[i].masked,
                "%s", rows[i].name);
    }
    tap_str(pwr_mask_people(pool, "ivan x@y", nobody), "ivan [address]",
            "without names");
    tap_str(pwr_mask_people(pool, NULL, nobody), NULL, "NULL");
    return tap_end();
}
