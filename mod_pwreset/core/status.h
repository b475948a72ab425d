/* SPDX-License-Identifier: Apache-2.0 */
/* How this host fares, for its admin and for machines: a snapshot, and what it
 * is written as.
 *
 * Every number is an int64_t, -1 where nobody knows it: then it is left out,
 * or called unknown.  What machines read is one table of metrics; a new number
 * is a member, a row, and its test.  Pure; any thread. */
#ifndef PWR_STATUS_H
#define PWR_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

#include "core/count.h"

typedef struct pwr_status_host {
    const char *name;
    const char *version;            /* of the module */
    const char *software;           /* httpd's */
    int64_t uptime_sec;             /* since counting began */
    int64_t generation;             /* graceful restarts since */
    int64_t children;
    int64_t hash_places, hash_held;
    int64_t hash_seats, hash_taken; /* of those who hash, wait or rest */
    int64_t hash_waiting;
    int64_t worker_alive;           /* does a child hold the lease? */
    const char *worker;             /* which; NULL: none yet */
    int64_t swept_sec;              /* since it looked for jobs */
    int64_t errors, warnings;       /* of pwr_status_judge() */
} pwr_status_host;

/* Tables in a database, and the pool of connections that leads there. */
typedef struct pwr_status_store {
    const char *name;               /* unique */
    int64_t up;                     /* did it answer now? */
    int64_t refuses;                /* it did, but with an error */
    int64_t answer_usec;            /* how long that took */
    int64_t borrow_usec, use_usec;  /* of the last connection on loan */
    int64_t used_sec;               /* since then */
    int64_t breaker;                /* open: nobody is let through */
    int64_t away_sec;               /* for how long */
    int64_t lent, lent_max;         /* of all children */
    int64_t uses, failures, busy;
    int64_t error_sec;              /* since it happened */
    const char *error;
} pwr_status_store;

typedef struct pwr_status_realm {
    const char *name;
    const char *site;               /* its public URL */
    const char *store;
    int64_t waiting, leased, failing, given_up;     /* jobs */
    int64_t oldest_sec;
    int64_t sessions;
    int64_t count[PWR_COUNTS_N];    /* by pwr_count */
    const char *job_error;          /* of a job in the tables; NULL: none */
    int64_t mail_error_sec;
    const char *mail_error;         /* of this host's last failed try */
} pwr_status_realm;

typedef struct pwr_status {
    int64_t now;                    /* epoch seconds */
    pwr_status_host host;
    pwr_status_store *store;
    int stores_n;
    pwr_status_realm *realm;
    int realms_n;
} pwr_status;

/* ---- what machines read ---- */

typedef enum pwr_metric_type {
    PWR_METRIC_GAUGE = 0,
    PWR_METRIC_COUNTER
} pwr_metric_type;

typedef enum pwr_metric_unit {
    PWR_METRIC_NUMBER = 0,
    PWR_METRIC_SECONDS,
    PWR_METRIC_USEC                 /* shown in seconds */
} pwr_metric_unit;

typedef enum pwr_metric_where {
    PWR_METRIC_HOST = 0,
    PWR_METRIC_STORE,
    PWR_METRIC_REALM
} pwr_metric_where;

/* Rows of one name stand together and differ in the value of one label. */
typedef struct pwr_metric {
    const char *name;               /* after "pwreset_", with its unit */
    const char *label, *value;      /* or NULL */
    const char *help;
    pwr_metric_type type;
    pwr_metric_unit unit;
    pwr_metric_where where;
    size_t offset;                  /* in the structure of `where` */
} pwr_metric;

extern const pwr_metric pwr_metrics[];      /* ends with name NULL */

/* The number of a row in a host, store or realm. */
int64_t pwr_metric_of(const pwr_metric *row, const void *of);

/* ---- what an admin reads ---- */

typedef struct pwr_problem {
    int is_error;                   /* else a warning */
    const char *text;
    const char *remedy;
} pwr_problem;

typedef struct pwr_problems {
    int n;
    pwr_problem *row;               /* errors first */
} pwr_problems;

/* What an admin should look at. */
pwr_problems pwr_status_judge(apr_pool_t *pool, const pwr_status *status);

typedef enum pwr_status_as {
    PWR_STATUS_HTML = 0,
    PWR_STATUS_AUTO,                /* key: value */
    PWR_STATUS_JSON,
    PWR_STATUS_METRICS              /* Prometheus, text format 0.0.4 */
} pwr_status_as;

/* The snapshot in one of the formats.  Its texts may be anything; `errors` and
 * `warnings` are counted here. */
const char *pwr_status_show(apr_pool_t *pool, const pwr_status *status,
                            pwr_status_as as, size_t *len);

#endif
