/* SPDX-License-Identifier: Apache-2.0 */
#include "io/now.h"

#include <time.h>

int64_t pwr_now_usec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

int64_t pwr_now_ms(void)
{
    return pwr_now_usec() / 1000;
}
