/* SPDX-License-Identifier: Apache-2.0 */
#include "core/duration.h"

#include "tap.h"

int main(void)
{
    static const struct { const char *text; long long sec; } table[] = {
        { "90", 90 }, { "90s", 90 }, { "15min", 900 }, { "2h", 7200 },
        { "3d", 259200 }, { "1w", 604800 }, { "", -1 }, { "h", -1 },
        { "-1", -1 }, { "1.5h", -1 }, { "1 h", -1 }, { "100000w", -1 },
        { "9223372036854775807", -1 },
    };

    tap_begin();
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(pwr_duration_sec(table[i].text), table[i].sec,
                "duration '%s'", table[i].text);
    }
    return tap_end();
}
