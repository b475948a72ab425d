/* SPDX-License-Identifier: Apache-2.0 */
#include "core/zone.h"

#include <stdlib.h>
#include <time.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

#define ZONEINFO "/usr/share/zoneinfo/"
#define YEAR_2100 INT64_C(4102444800)
#define FILE_BYTES_MAX 65536

typedef struct tzif_type {
    int32_t offset_sec;
    const char *name;
} tzif_type;

/* A file to be made: one transition to each type from the second on. */
typedef struct tzif {
    int version;
    int times_n;
    int64_t times[4];
    int types_n;
    tzif_type types[4];
    const char *footer;         /* with its line feeds; NULL: none */
    int leap_n;
} tzif;

typedef struct buffer {
    size_t len;
    char bytes[2048];
} buffer;

static void put(buffer *out, int64_t value, int bytes_n)
{
    for (int i = bytes_n - 1; i >= 0; i--) {
        out->bytes[out->len++] = (char)((uint64_t)value >> (8 * i));
    }
}

static void put_bytes(buffer *out, const char *bytes, size_t len)
{
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
}

static void put_block(buffer *out, const tzif *file, int time_bytes)
{
    int chars_n = 0;

    for (int i = 0; i < file->types_n; i++) {
        chars_n += (int)strlen(file->types[i].name) + 1;
    }
    put_bytes(out, "TZif", 4);
    put(out, file->version, 1);
    put_bytes(out, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    put(out, file->types_n, 4);         /* UTC and standard indicators */
    put(out, file->types_n, 4);
    put(out, file->leap_n, 4);
    put(out, file->times_n, 4);
    put(out, file->types_n, 4);
    put(out, chars_n, 4);
    for (int i = 0; i < file->times_n; i++) {
        put(out, file->times[i], time_bytes);
    }
    for (int i = 0; i < file->times_n; i++) {
        put(out, i + 1, 1);
    }
    chars_n = 0;
    for (int i = 0; i < file->types_n; i++) {
        put(out, file->types[i].offset_sec, 4);
        put(out, 0, 1);
        put(out, chars_n, 1);
        chars_n += (int)strlen(file->types[i].name) + 1;
    }
    for (int i = 0; i < file->types_n; i++) {
        put_bytes(out, file->types[i].name, strlen(file->types[i].name) + 1);
    }
    for (int i = 0; i < file->leap_n; i++) {
        put(out, 78796800 + i, time_bytes);
        put(out, i + 1, 4);
    }
    put_bytes(out, "\0\0\0\0\0\0\0\0", 2 * (size_t)file->types_n);
}

static void make_file(buffer *out, const tzif *file)
{
    out->len = 0;
    put_block(out, file, 4);
    if (file->version != 0) {
        put_block(out, file, 8);
    }
    if (file->footer) {
        put_bytes(out, file->footer, strlen(file->footer));
    }
}

/* The bytes are copied to memory of just their size, so that the sanitizer
 * sees a read behind them. */
static const pwr_zone *parse(apr_pool_t *pool, const char *bytes, size_t len)
{
    char *exact = malloc(len ? len : 1);
    const pwr_zone *zone;

    memcpy(exact, bytes, len);
    zone = pwr_zone_parse(pool, exact, len);
    free(exact);
    return zone;
}

static const pwr_zone *make_zone(apr_pool_t *pool, const tzif *file)
{
    buffer out;

    make_file(&out, file);
    return parse(pool, out.bytes, out.len);
}

/* A version 2 zone without transitions, which leaves the rule alone. */
static const pwr_zone *rule_zone(apr_pool_t *pool, const char *rule)
{
    tzif file = {
        .version = '2', .types_n = 1, .types = { { 0, "LMT" } },
        .footer = apr_pstrcat(pool, "\n", rule, "\n", NULL),
    };

    return make_zone(pool, &file);
}

static const char *read_zone(apr_pool_t *pool, const char *name, size_t *len)
{
    char *bytes = apr_palloc(pool, FILE_BYTES_MAX);
    apr_file_t *file;
    apr_size_t got;

    if (apr_file_open(&file, apr_pstrcat(pool, ZONEINFO, name, NULL),
                      APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool)) {
        return NULL;
    }
    if (apr_file_read_full(file, bytes, FILE_BYTES_MAX, &got) == APR_SUCCESS) {
        got = 0;
    }
    apr_file_close(file);
    *len = got;
    return bytes;
}

/* libc, which knows one zone at a time. */
static int same_as_libc(const pwr_zone *zone, int64_t epoch_sec)
{
    time_t when = (time_t)epoch_sec;
    const char *name;
    struct tm local;
    int32_t offset_sec = pwr_zone_offset_sec(zone, epoch_sec, &name);

    localtime_r(&when, &local);
    if (local.tm_gmtoff == offset_sec && strcmp(local.tm_zone, name) == 0) {
        return 1;
    }
    printf("# at %lld: %d %s, libc says %ld %s\n", (long long)epoch_sec,
           (int)offset_sec, name, local.tm_gmtoff, local.tm_zone);
    return 0;
}

/* Every 13 hours and 7 seconds of 130 years, and each second around a change
 * found that way. */
static void compare(const pwr_zone *zone, const char *libc_zone,
                    const char *name)
{
    enum { STEP_SEC = 13 * 3600 + 7 };
    int differ_n = 0, changes_n = 0;

    setenv("TZ", libc_zone, 1);
    tzset();
    for (int64_t t = STEP_SEC; t < YEAR_2100 && differ_n < 5;
         t += STEP_SEC) {
        int64_t low = t - STEP_SEC, high = t;
        int32_t before = pwr_zone_offset_sec(zone, low, NULL);

        differ_n += !same_as_libc(zone, t);
        if (before == pwr_zone_offset_sec(zone, high, NULL)) {
            continue;
        }
        while (high - low > 1) {
            int64_t middle = low + (high - low) / 2;

            if (pwr_zone_offset_sec(zone, middle, NULL) == before) {
                low = middle;
            }
            else {
                high = middle;
            }
        }
        differ_n += !same_as_libc(zone, low) + !same_as_libc(zone, high);
        changes_n++;
    }
    tap_int(differ_n, 0, "%s is as in libc (%d changes)", name, changes_n);
}

static const char *const zone_names[] = {
    "Europe/Moscow", "Europe/Berlin", "Europe/London", "Europe/Dublin",
    "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "America/Nuuk", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza",
    "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca",
    "Antarctica/Troll", "Asia/Jerusalem", "UTC", NULL
};

static void test_host_zones(apr_pool_t *pool)
{
    for (const char *const *name = zone_names; *name; name++) {
        size_t len;
        const char *bytes = read_zone(pool, *name, &len);
        const pwr_zone *zone;

        if (!bytes) {
            tap_ok(1, "%s # SKIP no such zone on this host", *name);
            continue;
        }
        zone = parse(pool, bytes, len);
        if (tap_ok(zone != NULL, "%s is read", *name)) {
            compare(zone, apr_pstrcat(pool, ":" ZONEINFO, *name, NULL), *name);
        }
    }
}

static void test_rules(apr_pool_t *pool)
{
    static const char *const rules[] = {
        "UTC0", "MSK-3", "<+03>-3", "<-0330>3:30", "<+0545>-5:45:30",
        "EST5EDT,M3.2.0,M11.1.0", "CET-1CEST,M3.5.0,M10.5.0/3",
        "AEST-10AEDT,M10.1.0,M4.1.0/3", "IST-1GMT0,M10.5.0,M3.5.0/1",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "NST3:30NDT,M3.2.0,M11.1.0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "EET-2EEST,M3.4.4/50,M10.4.4/50",
        "IST-2IDT,M3.4.4/26,M10.5.0", "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3",
        "AAA3BBB,J60/0,J300/23:30", "AAA3BBB,J59,J365/12",
        "AAA-3BBB,60/0,300/1:02:03", "AAA3BBB,58,364",
        "AAA3BBB2:30,M2.5.0/1,M9.4.6/+5", "AAA3BBB,M1.5.6,M12.5.0",
        "ABCDEFGHIJKLMNO-24:59:59", "<ABCDEFGHIJKLMNO>24",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        const pwr_zone *zone = rule_zone(pool, rules[i]);

        if (tap_ok(zone != NULL, "%s is read", rules[i])) {
            compare(zone, rules[i], rules[i]);
        }
    }
}

static void test_bad_rules(apr_pool_t *pool)
{
    static const char *const rules[] = {
        "A0", "AB0", "ABC", "0", "<ABC0", "<AB>0", "ABC>0", "<A C>0",
        "<>0", "ABCDEFGHIJKLMNOP0", "ABC25", "ABC-25", "ABC1:", "ABC1:60",
        "ABC1:00:60", "ABC1:00:", "ABC+-1", "ABC999999999999999999",
        "ABC 1", " ABC1", "ABC1 ", "ABC1,", "ABC1DEF", "ABC1DEF,",
        "ABC1DEF,M3.2.0", "ABC1DEF,M3.2.0,", "ABC1DEF,M3.2.0,M11.1.0,",
        "ABC1DEF,M0.2.0,M11.1.0", "ABC1DEF,M13.2.0,M11.1.0",
        "ABC1DEF,M3.0.0,M11.1.0", "ABC1DEF,M3.6.0,M11.1.0",
        "ABC1DEF,M3.2.7,M11.1.0", "ABC1DEF,M3.2,M11.1.0",
        "ABC1DEF,M3,M11.1.0", "ABC1DEF,M,M11.1.0", "ABC1DEF,M3.",
        "ABC1DEF,J0,J300", "ABC1DEF,J366,J300", "ABC1DEF,366,300",
        "ABC1DEF,J1/168,J300", "ABC1DEF,J1/-168,J300", "ABC1DEF,J1/,J300",
        "ABC1DEF,J1/1:,J300", "ABC1DEF,-1,300", "ABC1DEF,J,J300",
        "ABC1DEF25,J1,J300", "ABC1D,J1,J300", ":UTC0", "UTC0\xD0",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
        tap_ok(!rule_zone(pool, rules[i]), "refused: %s",
               pwr_text_printable(pool, rules[i], 60));
    }
}

/* What libc does not agree about, by RFC 8536 itself. */
static void test_corners(apr_pool_t *pool)
{
    const pwr_zone *always = rule_zone(pool, "LMT3EDT4,0/0,J365/23");
    const pwr_zone *early = rule_zone(pool, "AAA0BBB,J1/-12,J100");
    tzif file = {
        .version = 0, .times_n = 2, .times = { -100, 1000 }, .types_n = 3,
        .types = { { 9017, "LMT" }, { -12600, "AAA" }, { 7200, "BBB" } },
    };
    const pwr_zone *zone = make_zone(pool, &file);
    static const struct { int64_t at; int32_t offset_sec; } table[] = {
        { INT64_MIN, 9017 }, { -101, 9017 }, { -100, -12600 }, { 0, -12600 },
        { 999, -12600 }, { 1000, 7200 }, { INT64_MAX, 7200 }
    };
    int differ_n = 0;

    for (int64_t t = 0; t < YEAR_2100; t += 3600) {
        differ_n += pwr_zone_offset_sec(always, t, NULL) != -14400;
    }
    tap_int(differ_n, 0, "summer time all the year (3.3.1)");
    tap_int(pwr_zone_offset_sec(early, 1609415999, NULL), 0,
            "summer time that begins a day before its year, not yet");
    tap_int(pwr_zone_offset_sec(early, 1609416000, NULL), 3600,
            "and now it has");
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(pwr_zone_offset_sec(zone, table[i].at, NULL),
                table[i].offset_sec, "version 1 at %lld",
                (long long)table[i].at);
    }
    file.version = '3';
    file.times[1] = INT64_C(5000000000);
    file.footer = "\n\n";
    zone = make_zone(pool, &file);
    tap_int(pwr_zone_offset_sec(zone, INT64_C(4999999999), NULL), -12600,
            "64-bit times are read");
    tap_int(pwr_zone_offset_sec(zone, INT64_C(5000000000), NULL), 7200,
            "the last type goes on where no rule is known");
    file.footer = "\nCCC1\n";
    zone = make_zone(pool, &file);
    tap_int(pwr_zone_offset_sec(zone, INT64_C(5000000000), NULL), -3600,
            "the rule holds from the last transition on");
}

static const tzif good = {
    .version = '2', .times_n = 2, .times = { 0, 1000 }, .types_n = 3,
    .types = { { 0, "AAA" }, { 3600, "BBB" }, { 7200, "CCC" } },
    .footer = "\nAAA-2\n",
};

static void test_bad_bytes(apr_pool_t *pool)
{
    static const struct { const char *name; size_t at; int byte; } table[] = {
        { "no magic", 0, 'X' },
        { "no magic of the second block", 90, 'X' },
        { "version 1 written as 1", 4, '1' },
        { "version 5", 4, '5' },
        { "4 billion transitions", 32, 0xFF },
        { "4 billion types", 36, 0xFF },
        { "4 billion characters", 40, 0xFF },
        { "4 billion leap seconds", 28, 0xFF },
        { "4 billion indicators", 20, 0xFF },
    };
    tzif hidden = { .version = '4', .types_n = 1,
                    .types = { { 93599, "ABCDEFGHIJKLMNO" } },
                    .footer = "\nAAA-20\n" };
    buffer out;

    make_file(&out, &good);
    tap_ok(parse(pool, out.bytes, out.len) != NULL, "a good file");
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        char kept = out.bytes[table[i].at];

        out.bytes[table[i].at] = (char)table[i].byte;
        tap_ok(!parse(pool, out.bytes, out.len), "%s", table[i].name);
        out.bytes[table[i].at] = kept;
    }
    make_file(&out, &hidden);
    tap_ok(parse(pool, out.bytes, out.len) != NULL, "a good footer");
    out.bytes[out.len - 2] = '\0';
    tap_ok(!parse(pool, out.bytes, out.len), "a NUL in the footer");
    tap_ok(!parse(pool, "", 0), "an empty file");
}

static void test_bad_files(apr_pool_t *pool)
{
    static const struct { const char *name, *footer; } footers[] = {
        { "no footer", NULL },
        { "a footer without its first line feed", "AAA-2\n" },
        { "a footer without its last line feed", "\nAAA-2" },
        { "half a footer", "\n" },
    };
    static const int32_t offsets[] = { 93600, -90000, INT32_MIN, INT32_MAX };
    tzif file = good;

    file.leap_n = 2;
    tap_ok(!make_zone(pool, &file), "leap seconds");
    file = good;
    file.times[1] = 0;
    tap_ok(!make_zone(pool, &file), "equal transitions");
    file.times[1] = -1;
    tap_ok(!make_zone(pool, &file), "transitions backwards");
    file = good;
    file.types_n = 2;
    tap_ok(!make_zone(pool, &file), "a transition to an unknown type");
    file.types_n = file.times_n = 0;
    tap_ok(!make_zone(pool, &file), "no types");
    file = good;
    file.types[0].name = "ABCDEFGHIJKLMNOP";
    tap_ok(!make_zone(pool, &file), "an abbreviation of 16 letters");
    file = good;
    for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
        file.types[1].offset_sec = offsets[i];
        tap_ok(!make_zone(pool, &file), "an offset of %d s", offsets[i]);
    }
    file = good;
    for (size_t i = 0; i < sizeof(footers) / sizeof(*footers); i++) {
        file.footer = footers[i].footer;
        tap_ok(!make_zone(pool, &file), "%s", footers[i].name);
    }
}

/* Version 1 ends with its block, so only the counts tell that it is cut. */
static void test_cut(apr_pool_t *pool)
{
    tzif file = good;
    int taken_n = 0;
    buffer out;

    file.version = 0;
    file.footer = NULL;
    file.types[0].offset_sec = -89999;
    make_file(&out, &file);
    tap_ok(parse(pool, out.bytes, out.len) != NULL, "version 1, whole");
    for (size_t len = 0; len < out.len; len++) {
        taken_n += parse(pool, out.bytes, len) != NULL;
    }
    tap_int(taken_n, 0, "version 1, cut anywhere");
}

/* Times all over the range, to touch whatever was read. */
static int use(apr_pool_t *pool, const pwr_zone *zone)
{
    static const int64_t times[] = {
        INT64_MIN, -5000000000, 0, 1700000000, YEAR_2100, INT64_MAX
    };
    size_t len = 0;

    for (size_t i = 0; zone && i < sizeof(times) / sizeof(*times); i++) {
        len += strlen(pwr_zone_date_time(pool, zone, times[i]));
    }
    return len > 0;
}

static void test_damaged(apr_pool_t *pool, const char *name)
{
    static const unsigned char values[] = { 0, 1, 0x7F, 0x80, 0xFF, '\n' };
    size_t len, cut_taken_n = 0, used_n = 0;
    const char *whole = read_zone(pool, name, &len);
    apr_pool_t *step;
    char *bytes;

    if (!whole) {
        tap_ok(1, "%s, damaged # SKIP no such zone on this host", name);
        return;
    }
    apr_pool_create(&step, pool);
    bytes = apr_pmemdup(pool, whole, len);
    for (size_t i = 0; i < len; i++) {
        cut_taken_n += parse(step, whole, i) != NULL;
        for (size_t j = 0; j < sizeof(values); j++) {
            bytes[i] = (char)values[j];
            used_n += (size_t)use(step, parse(step, bytes, len));
            apr_pool_clear(step);
        }
        bytes[i] = whole[i];
    }
    tap_int((long long)cut_taken_n, 0, "no truncation of %s is taken", name);
    tap_ok(used_n > 0, "%s with a wrong byte anywhere does no harm", name);
}

static void test_text(apr_pool_t *pool)
{
    static const struct {
        const char *rule;
        int64_t at;
        const char *time, *date_time;
    } table[] = {
        { "MSK-3", 1795345500, "14:05 (MSK, UTC+3)",
          "2026-11-22 14:05 (MSK, UTC+3)" },
        { "<+03>-3", 1795345500, "14:05 (UTC+3)",
          "2026-11-22 14:05 (UTC+3)" },
        { "IST-5:30", 1795345500, "16:35 (IST, UTC+5:30)",
          "2026-11-22 16:35 (IST, UTC+5:30)" },
        { "NST3:30", 1795345500, "07:35 (NST, UTC-3:30)",
          "2026-11-22 07:35 (NST, UTC-3:30)" },
        { "LMT-2:30:17", 0, "02:30 (LMT, UTC+2:30:17)",
          "1970-01-01 02:30 (LMT, UTC+2:30:17)" },
        { "LMT0:00:10", 0, "23:59 (LMT, UTC-0:00:10)",
          "1969-12-31 23:59 (LMT, UTC-0:00:10)" },
        { "<-12>12", 1709210000, "00:33 (UTC-12)",
          "2024-02-29 00:33 (UTC-12)" },
        { "GMT0", 951868799, "23:59 (GMT, UTC)",
          "2000-02-29 23:59 (GMT, UTC)" },
        { "UTC0", -1, "23:59 (UTC)", "1969-12-31 23:59 (UTC)" },
        { NULL, 0, "00:00 (UTC)", "1970-01-01 00:00 (UTC)" },
        { NULL, 1795345559, "11:05 (UTC)", "2026-11-22 11:05 (UTC)" },
        { NULL, INT64_MIN, "18:40 (UTC)", "1019-05-04 18:40 (UTC)" },
        { NULL, INT64_MAX, "17:46 (UTC)", "9987-04-02 17:46 (UTC)" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const pwr_zone *zone = table[i].rule
            ? rule_zone(pool, table[i].rule) : NULL;

        tap_str(pwr_zone_time(pool, zone, table[i].at), table[i].time,
                "time in %s", table[i].rule ? table[i].rule : "UTC");
        tap_str(pwr_zone_date_time(pool, zone, table[i].at),
                table[i].date_time, "date in %s",
                table[i].rule ? table[i].rule : "UTC");
    }
}

static void test_odd_name(apr_pool_t *pool)
{
    static const char *const names[] = { "", "A1", "<i>", "\xD0\x9F", "-00" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        tzif file = { .types_n = 1, .types = { { 3600, names[i] } } };

        tap_str(pwr_zone_time(pool, make_zone(pool, &file), 0),
                "01:00 (UTC+1)", "the name \"%s\" is not shown", names[i]);
    }
}

/* Every day of 1100..2900, counted by hand. */
static void test_calendar(apr_pool_t *pool)
{
    static const int lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };
    int64_t at = INT64_C(-27454550400);         /* 1100-01-01 */
    apr_pool_t *step;
    int differ_n = 0;

    apr_pool_create(&step, pool);
    for (int year = 1100; year <= 2900; year++) {
        int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        for (int month = 1; month <= 12; month++) {
            int days = lengths[month - 1] + (month == 2 && leap);

            for (int day = 1; day <= days; day++, at += 86400) {
                char want[64];

                snprintf(want, sizeof(want), "%04d-%02d-%02d 00:00 (UTC)",
                         year, month, day);
                differ_n += strcmp(pwr_zone_date_time(step, NULL, at),
                                   want) != 0;
            }
            apr_pool_clear(step);
        }
    }
    tap_int(differ_n, 0, "1800 years of days");
    tap_int(at, INT64_C(29379542400), "and the last one is in its place");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_rules(pool);
    test_bad_rules(pool);
    test_corners(pool);
    test_bad_bytes(pool);
    test_bad_files(pool);
    test_cut(pool);
    test_text(pool);
    test_odd_name(pool);
    test_calendar(pool);
    test_host_zones(pool);
    test_damaged(pool, "Europe/Berlin");
    test_damaged(pool, "Africa/Casablanca");
    return tap_end();
}
