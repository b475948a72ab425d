/* SPDX-License-Identifier: Apache-2.0 */
/* Time that no step of the host's clock changes: CLOCK_MONOTONIC, the same in
 * all processes.  For what waits and what is overdue; when things happened is
 * the database's clock. */
#ifndef PWR_NOW_H
#define PWR_NOW_H

#include <stdint.h>

int64_t pwr_now_usec(void);
int64_t pwr_now_ms(void);

#endif
