/* SPDX-License-Identifier: Apache-2.0 */
/* Clock times for people, in a zone chosen per site.
 *
 * Reads the TZif bytes of a zone file (RFC 8536) itself, because libc knows
 * one zone per process and httpd hosts many sites.  Pure; any thread. */
#ifndef PWR_ZONE_H
#define PWR_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

typedef struct pwr_zone pwr_zone;

/* Parse the `len` bytes of a TZif file (version 1 to 4; the 64-bit block and
 * the POSIX footer rule where there are).  NULL when malformed, and for the
 * "right/" files, whose times count leap seconds. */
const pwr_zone *pwr_zone_parse(apr_pool_t *pool, const char *bytes,
                               size_t len);

/* Offset east of UTC in seconds, and the abbreviation, at `epoch_sec`.
 * `abbreviation` may be NULL.  A NULL zone is UTC.  Times before May 1019 or
 * after April 9987 count as the first or last of that range. */
int32_t pwr_zone_offset_sec(const pwr_zone *zone, int64_t epoch_sec,
                            const char **abbreviation);

/* "14:05 (MSK, UTC+3)"; the abbreviation is left out when it is not letters, or
 * is "UTC" itself. */
const char *pwr_zone_time(apr_pool_t *pool, const pwr_zone *zone,
                          int64_t epoch_sec);

/* "2026-11-22 14:05 (MSK, UTC+3)". */
const char *pwr_zone_date_time(apr_pool_t *pool, const pwr_zone *zone,
                               int64_t epoch_sec);

#endif
