/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of core/status; only status*.c include this. */
#ifndef PWR_STATUS_INT_H
#define PWR_STATUS_INT_H

#include "core/sink.h"
#include "core/status.h"

typedef struct pwr_status_out {
    apr_pool_t *pool;
    pwr_sink *sink;
    const pwr_status *status;
    const pwr_problems *problems;
} pwr_status_out;

/* status_text.c */
void pwr_status_auto(const pwr_status_out *out);
void pwr_status_json(const pwr_status_out *out);
void pwr_status_metrics(const pwr_status_out *out);

/* status_html.c */
void pwr_status_html(const pwr_status_out *out);

void pwr_status_put(const pwr_status_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "2 d 3 h", "4 min 5 s", "0 s"; "unknown" below 0. */
const char *pwr_status_span(apr_pool_t *pool, int64_t sec);

#endif
