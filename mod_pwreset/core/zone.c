/* SPDX-License-Identifier: Apache-2.0 */
#include "core/zone.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define DAY_SEC 86400
#define HOUR_SEC 3600
#define DAYS_PER_400_YEARS 146097
#define EPOCH_YEAR 1970
#define EPOCH_WEEKDAY 4             /* Thursday, from Sunday = 0 */

/* Nothing we show is outside; inside, no sum can overflow. */
#define EPOCH_SEC_MIN INT64_C(-30000000000)
#define EPOCH_SEC_MAX INT64_C(253000000000)

#define OFFSET_SEC_MIN (-89999)     /* RFC 8536 3.2 */
#define OFFSET_SEC_MAX 93599
#define NAME_BYTES_MIN 3            /* of an abbreviation, RFC 8536 4 */
#define NAME_BYTES_MAX 15
#define OFFSET_HOURS_MAX 24
#define RULE_HOURS_MAX 167          /* 3.3.1: a week before and after */

#define HEADER_BYTES 44
#define TYPE_BYTES 6
#define TIME1_BYTES 4               /* version 1 */
#define TIME2_BYTES 8

/* A kind of local time: standard, summer, war time... */
typedef struct zone_type {
    int32_t offset_sec;
    const char *abbreviation;
} zone_type;

typedef enum rule_kind {
    RULE_MONTH,                     /* Mm.w.d */
    RULE_JULIAN,                    /* Jn, 29 February never counted */
    RULE_DAY                        /* n, from 0 */
} rule_kind;

typedef struct rule_date {
    rule_kind kind;
    int month, week, day;
    int32_t time_sec;               /* local time, by the type it ends */
} rule_date;

/* A POSIX TZ string: what holds after the last transition of the file. */
typedef struct zone_rule {
    zone_type standard, summer;
    int has_summer;
    rule_date start, end;           /* of summer time */
} zone_rule;

struct pwr_zone {
    size_t times_n, types_n;
    int64_t *times;                 /* ascending */
    const unsigned char *kinds;     /* kinds[i]: the type from times[i] on */
    zone_type *types;
    const zone_rule *rule;          /* NULL: the last type goes on */
};

typedef struct civil_date {
    int64_t year;
    int month, day;
} civil_date;

typedef struct reader {
    const unsigned char *p;
    size_t left;
} reader;

typedef struct block {
    uint32_t utc_n, standard_n, leap_n, time_n, type_n, char_n;
    const unsigned char *times, *kinds, *types, *chars;
} block;

/* The calendar */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from the epoch to a date of the years 1 and later. */
static int64_t days_of(int64_t year, int month, int day)
{
    static const int before_month[] = {
        0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
    };
    int64_t past = year - 1;
    int64_t leaps = past / 4 - past / 100 + past / 400;
    int64_t epoch_leaps = 1969 / 4 - 1969 / 100 + 1969 / 400;

    return (year - EPOCH_YEAR) * 365 + leaps - epoch_leaps
        + before_month[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

static civil_date date_of(int64_t days)
{
    civil_date date = { EPOCH_YEAR, 12, 1 };

    /* Right or one off, because centuries are not equally long. */
    date.year += floor_div(days * 400, DAYS_PER_400_YEARS);
    date.year -= days_of(date.year, 1, 1) > days;
    date.year += days_of(date.year + 1, 1, 1) <= days;
    while (days_of(date.year, date.month, 1) > days) {
        date.month--;
    }
    date.day += (int)(days - days_of(date.year, date.month, 1));
    return date;
}

/* The POSIX rule */

static int read_number(const char **p, int min, int max, int *number)
{
    int value = 0;

    if (!apr_isdigit(**p)) {
        return 0;
    }
    for (; apr_isdigit(**p) && value <= max; (*p)++) {
        value = value * 10 + (**p - '0');
    }
    *number = value;
    return value >= min && value <= max;
}

/* [+-]hh[:mm[:ss]] */
static int read_time(const char **p, int hours_max, int32_t *sec)
{
    int sign = **p == '-' ? -1 : 1;
    int hours, minutes = 0, seconds = 0;

    *p += **p == '-' || **p == '+';
    if (!read_number(p, 0, hours_max, &hours)) {
        return 0;
    }
    if (**p == ':') {
        (*p)++;
        if (!read_number(p, 0, 59, &minutes)) {
            return 0;
        }
    }
    if (**p == ':') {
        (*p)++;
        if (!read_number(p, 0, 59, &seconds)) {
            return 0;
        }
    }
    *sec = sign * (hours * HOUR_SEC + minutes * 60 + seconds);
    return 1;
}

/* "CET", or "<+03>". */
static const char *read_name(apr_pool_t *pool, const char **p)
{
    int quoted = **p == '<';
    const char *start = *p + quoted, *end = start;

    while (apr_isalpha(*end) || (quoted && (apr_isdigit(*end) || *end == '+'
                                            || *end == '-'))) {
        end++;
    }
    if (end - start < NAME_BYTES_MIN || end - start > NAME_BYTES_MAX
        || (quoted && *end != '>')) {
        return NULL;
    }
    *p = end + quoted;
    return apr_pstrmemdup(pool, start, (size_t)(end - start));
}

/* Name and offset; POSIX counts offsets west of Greenwich. */
static int read_type(apr_pool_t *pool, const char **p, zone_type *type)
{
    int32_t west_sec;

    type->abbreviation = read_name(pool, p);
    if (!type->abbreviation || !read_time(p, OFFSET_HOURS_MAX, &west_sec)) {
        return 0;
    }
    type->offset_sec = -west_sec;
    return 1;
}

static int read_day(const char **p, rule_date *date)
{
    if (**p == 'M') {
        date->kind = RULE_MONTH;
        (*p)++;
        return read_number(p, 1, 12, &date->month) && *(*p)++ == '.'
            && read_number(p, 1, 5, &date->week) && *(*p)++ == '.'
            && read_number(p, 0, 6, &date->day);
    }
    if (**p == 'J') {
        date->kind = RULE_JULIAN;
        (*p)++;
        return read_number(p, 1, 365, &date->day);
    }
    date->kind = RULE_DAY;
    return read_number(p, 0, 365, &date->day);
}

/* ",date[/time]" */
static int read_rule_date(const char **p, rule_date *date)
{
    if (**p != ',') {
        return 0;
    }
    (*p)++;
    if (!read_day(p, date)) {
        return 0;
    }
    date->time_sec = 2 * HOUR_SEC;
    if (**p != '/') {
        return 1;
    }
    (*p)++;
    return read_time(p, RULE_HOURS_MAX, &date->time_sec);
}

static int read_summer(apr_pool_t *pool, const char **p, zone_rule *rule)
{
    int32_t west_sec = -rule->standard.offset_sec - HOUR_SEC;

    rule->summer.abbreviation = read_name(pool, p);
    if (!rule->summer.abbreviation
        || (**p != ',' && !read_time(p, OFFSET_HOURS_MAX, &west_sec))) {
        return 0;
    }
    rule->has_summer = 1;
    rule->summer.offset_sec = -west_sec;
    return read_rule_date(p, &rule->start) && read_rule_date(p, &rule->end);
}

static const zone_rule *parse_rule(apr_pool_t *pool, const char *text)
{
    zone_rule *rule = apr_pcalloc(pool, sizeof(*rule));

    if (!read_type(pool, &text, &rule->standard)
        || (*text && !read_summer(pool, &text, rule)) || *text) {
        return NULL;
    }
    return rule;
}

/* The last or nth weekday of a month. */
static int64_t month_rule_days(const rule_date *date, int64_t year)
{
    int64_t first = days_of(year, date->month, 1);
    int64_t next = date->month == 12 ? days_of(year + 1, 1, 1)
                                     : days_of(year, date->month + 1, 1);
    int64_t weekday = (first + EPOCH_WEEKDAY) % 7;
    int64_t days;

    weekday += weekday < 0 ? 7 : 0;
    days = first + (date->day - weekday + 7) % 7 + 7 * (date->week - 1);
    return days < next ? days : days - 7;
}

/* When the date comes in `year`, seen from the local time before it. */
static int64_t rule_instant(const rule_date *date, int64_t year,
                            int32_t offset_sec)
{
    int64_t days = days_of(year, 1, 1) + date->day;

    if (date->kind == RULE_MONTH) {
        days = month_rule_days(date, year);
    }
    if (date->kind == RULE_JULIAN) {
        days += (is_leap(year) && date->day >= 60) - 1;
    }
    return days * DAY_SEC + date->time_sec - offset_sec;
}

/* The type that began last.  Neighbouring years count because a rule's time
 * may lie a week outside its year; a start wins over an end at the same
 * instant, which is how "summer time all year" is written. */
static const zone_type *rule_type(const zone_rule *rule, int64_t epoch_sec)
{
    const zone_type *type = &rule->standard;
    int64_t latest = INT64_MIN;
    int64_t year = date_of(floor_div(epoch_sec, DAY_SEC)).year;

    for (int64_t y = year - 1; rule->has_summer && y <= year + 1; y++) {
        int64_t start = rule_instant(&rule->start, y,
                                     rule->standard.offset_sec);
        int64_t end = rule_instant(&rule->end, y, rule->summer.offset_sec);

        if (start <= epoch_sec && start >= latest) {
            latest = start;
            type = &rule->summer;
        }
        if (end <= epoch_sec && end > latest) {
            latest = end;
            type = &rule->standard;
        }
    }
    return type;
}

/* The file */

static int64_t big_endian(const unsigned char *p, size_t bytes_n)
{
    uint64_t value = *p & 0x80 ? UINT64_MAX : 0;

    for (; bytes_n > 0; bytes_n--) {
        value = value << 8 | *p++;
    }
    return (int64_t)value;
}

static uint32_t count_at(const unsigned char *p)
{
    return (uint32_t)big_endian(p, 4);
}

static const unsigned char *take(reader *from, uint64_t bytes_n)
{
    const unsigned char *p = from->p;

    if (bytes_n > from->left) {
        return NULL;
    }
    from->p += bytes_n;
    from->left -= bytes_n;
    return p;
}

/* Header and data of one block; every part is inside the file or refused. */
static int read_block(reader *from, size_t time_bytes, block *out)
{
    const unsigned char *head = take(from, HEADER_BYTES);
    uint64_t rest;

    if (!head || memcmp(head, "TZif", 4) != 0) {
        return 0;
    }
    out->utc_n = count_at(head + 20);
    out->standard_n = count_at(head + 24);
    out->leap_n = count_at(head + 28);
    out->time_n = count_at(head + 32);
    out->type_n = count_at(head + 36);
    out->char_n = count_at(head + 40);
    rest = out->leap_n * (uint64_t)(time_bytes + 4) + out->standard_n
        + out->utc_n;
    out->times = take(from, out->time_n * (uint64_t)time_bytes);
    out->kinds = out->times ? take(from, out->time_n) : NULL;
    out->types = out->kinds ? take(from, out->type_n * (uint64_t)TYPE_BYTES)
                            : NULL;
    out->chars = out->types ? take(from, out->char_n) : NULL;
    return out->chars && take(from, rest);
}

static int fill_types(apr_pool_t *pool, const block *data, pwr_zone *zone)
{
    const char *chars = (const char *)data->chars;

    zone->types_n = data->type_n;
    zone->types = apr_palloc(pool, zone->types_n * sizeof(*zone->types));
    for (size_t i = 0; i < zone->types_n; i++) {
        const unsigned char *p = data->types + i * TYPE_BYTES;
        int64_t offset_sec = big_endian(p, 4);
        const char *end;

        if (offset_sec < OFFSET_SEC_MIN || offset_sec > OFFSET_SEC_MAX
            || p[5] >= data->char_n) {
            return 0;
        }
        end = memchr(chars + p[5], '\0', data->char_n - p[5]);
        if (!end || end - (chars + p[5]) > NAME_BYTES_MAX) {
            return 0;
        }
        zone->types[i].offset_sec = (int32_t)offset_sec;
        zone->types[i].abbreviation = apr_pstrdup(pool, chars + p[5]);
    }
    return zone->types_n > 0;
}

static int fill_times(apr_pool_t *pool, const block *data, size_t time_bytes,
                      pwr_zone *zone)
{
    zone->times_n = data->time_n;
    zone->times = apr_palloc(pool, (zone->times_n + 1) * sizeof(*zone->times));
    zone->kinds = apr_pmemdup(pool, data->kinds, zone->times_n);
    for (size_t i = 0; i < zone->times_n; i++) {
        zone->times[i] = big_endian(data->times + i * time_bytes, time_bytes);
        if (zone->kinds[i] >= zone->types_n
            || (i > 0 && zone->times[i] <= zone->times[i - 1])) {
            return 0;
        }
    }
    return 1;
}

/* A line of its own behind the second block; empty: no rule is known. */
static int read_footer(apr_pool_t *pool, const reader *from, pwr_zone *zone)
{
    const char *text = (const char *)from->p, *end;

    if (from->left < 2 || *text++ != '\n') {
        return 0;
    }
    end = memchr(text, '\n', from->left - 1);
    if (!end || memchr(text, '\0', (size_t)(end - text))) {
        return 0;
    }
    if (end == text) {
        return 1;
    }
    zone->rule = parse_rule(pool, apr_pstrmemdup(pool, text,
                                                 (size_t)(end - text)));
    return zone->rule != NULL;
}

const pwr_zone *pwr_zone_parse(apr_pool_t *pool, const char *bytes, size_t len)
{
    pwr_zone *zone = apr_pcalloc(pool, sizeof(*zone));
    reader from = { (const unsigned char *)bytes, len };
    size_t time_bytes = TIME1_BYTES;
    int version;
    block data;

    if (!read_block(&from, time_bytes, &data)) {
        return NULL;
    }
    version = (unsigned char)bytes[4];
    if (version != 0 && (version < '2' || version > '4')) {
        return NULL;
    }
    if (version != 0) {
        time_bytes = TIME2_BYTES;
        if (!read_block(&from, time_bytes, &data)
            || !read_footer(pool, &from, zone)) {
            return NULL;
        }
    }
    if (data.leap_n > 0 || !fill_types(pool, &data, zone)
        || !fill_times(pool, &data, time_bytes, zone)) {
        return NULL;
    }
    return zone;
}

/* The questions */

static int64_t clamp(int64_t epoch_sec)
{
    if (epoch_sec < EPOCH_SEC_MIN) {
        return EPOCH_SEC_MIN;
    }
    return epoch_sec > EPOCH_SEC_MAX ? EPOCH_SEC_MAX : epoch_sec;
}

static const zone_type *type_at(const pwr_zone *zone, int64_t epoch_sec)
{
    size_t low = 0, high = zone->times_n;   /* transitions up to the instant */

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (zone->times[middle] <= epoch_sec) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    if (low == zone->times_n && zone->rule) {
        return rule_type(zone->rule, epoch_sec);
    }
    return &zone->types[low > 0 ? zone->kinds[low - 1] : 0];
}

int32_t pwr_zone_offset_sec(const pwr_zone *zone, int64_t epoch_sec,
                            const char **abbreviation)
{
    static const zone_type utc = { 0, "UTC" };
    const zone_type *type = zone ? type_at(zone, clamp(epoch_sec)) : &utc;

    if (abbreviation) {
        *abbreviation = type->abbreviation;
    }
    return type->offset_sec;
}

/* "UTC", "UTC+3", "UTC-3:30", "UTC+2:30:17". */
static const char *offset_text(apr_pool_t *pool, int32_t offset_sec)
{
    int sec = offset_sec < 0 ? -offset_sec : offset_sec;
    const char *text;

    if (sec == 0) {
        return "UTC";
    }
    text = apr_psprintf(pool, "UTC%c%d", offset_sec < 0 ? '-' : '+',
                        sec / HOUR_SEC);
    if (sec % HOUR_SEC != 0) {
        text = apr_psprintf(pool, "%s:%02d", text, sec % HOUR_SEC / 60);
    }
    if (sec % 60 != 0) {
        text = apr_psprintf(pool, "%s:%02d", text, sec % 60);
    }
    return text;
}

static int is_shown(const char *abbreviation)
{
    const char *p = abbreviation;

    while (apr_isalpha(*p)) {
        p++;
    }
    return p > abbreviation && *p == '\0' && strcmp(abbreviation, "UTC") != 0;
}

/* "14:05 (MSK, UTC+3)" and the local day it is on. */
static const char *time_text(apr_pool_t *pool, const pwr_zone *zone,
                             int64_t epoch_sec, int64_t *days)
{
    const char *name;
    int32_t offset_sec = pwr_zone_offset_sec(zone, epoch_sec, &name);
    int64_t local_sec = clamp(epoch_sec) + offset_sec;
    int minute;

    *days = floor_div(local_sec, DAY_SEC);
    minute = (int)((local_sec - *days * DAY_SEC) / 60);
    return apr_psprintf(pool, "%02d:%02d (%s%s%s)", minute / 60, minute % 60,
                        is_shown(name) ? name : "",
                        is_shown(name) ? ", " : "",
                        offset_text(pool, offset_sec));
}

const char *pwr_zone_time(apr_pool_t *pool, const pwr_zone *zone,
                          int64_t epoch_sec)
{
    int64_t days;

    return time_text(pool, zone, epoch_sec, &days);
}

const char *pwr_zone_date_time(apr_pool_t *pool, const pwr_zone *zone,
                               int64_t epoch_sec)
{
    int64_t days;
    const char *clock_text = time_text(pool, zone, epoch_sec, &days);
    civil_date date = date_of(days);

    return apr_psprintf(pool, "%04" APR_INT64_T_FMT "-%02d-%02d %s",
                        (apr_int64_t)date.year, date.month, date.day,
                        clock_text);
}
