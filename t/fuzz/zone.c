/* SPDX-License-Identifier: Apache-2.0 */
/* Zone files, and the clock times made with them. */
#include "core/zone.h"

#include "core/text.h"
#include "fuzz.h"

/* Before and after every table, at the ends of years, in summer. */
static const int64_t times[] = {
    INT64_MIN, -30000000001, -2147483649, -1, 0, 951782400, 1700000000,
    1719792000, 2147483648, 4102444799, 4118083200, 253000000001, INT64_MAX
};

static void look(apr_pool_t *pool, const pwr_zone *zone, int64_t epoch_sec)
{
    const char *name = NULL, *clock, *date;
    int32_t offset_sec = pwr_zone_offset_sec(zone, epoch_sec, &name);

    FUZZ_CLAIM(offset_sec >= -89999 && offset_sec <= 93599);
    FUZZ_CLAIM(name && strlen(name) <= 15);
    clock = pwr_zone_time(pool, zone, epoch_sec);
    date = pwr_zone_date_time(pool, zone, epoch_sec);
    FUZZ_CLAIM(strlen(clock) >= strlen("00:00 (UTC)") && clock[2] == ':'
               && clock[5] == ' ' && clock[6] == '('
               && clock[strlen(clock) - 1] == ')');
    FUZZ_CLAIM(strlen(clock) < 64 && pwr_text_is_plain(clock));
    for (const char *p = clock; *p; p++) {
        FUZZ_CLAIM((unsigned char)*p < 0x80 && !strchr("<>&\"'", *p));
    }
    FUZZ_CLAIM(strlen(date) == strlen(clock) + strlen("2026-11-22 ")
               && fuzz_same(date + strlen("2026-11-22 "), clock));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const pwr_zone *zone = pwr_zone_parse(pool, in.bytes, in.len);

    for (size_t i = 0; zone && i < sizeof(times) / sizeof(*times); i++) {
        look(pool, zone, times[i]);
    }
}
