/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as httpd's directives have them.  Pure; any thread. */
#ifndef PWR_DURATION_H
#define PWR_DURATION_H

#include <stdint.h>

/* "90", "90s", "15min", "2h", "3d", "1w" to seconds; < 0 when malformed or
 * more than 100 years. */
int64_t pwr_duration_sec(const char *text);

#endif
