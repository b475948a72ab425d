/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the store stand on: plain connections lent by a pool of
 * their own that never looks whether they still live, a log that can be read,
 * and a second way to the database beside the store.
 *
 * Arguments of every program: DRIVER PARAMS PREFIX, and other PARAMS that
 * lead to the same database as somebody else or by another way. */
#ifndef PWR_BENCH_H
#define PWR_BENCH_H

#include "io/store_dbd.h"

typedef struct bench bench;

/* Bails out when the database cannot be had. */
bench *bench_open(apr_pool_t *pool, int argc, const char *const *argv);

int bench_is_mysql(const bench *made);

/* A store; members of `over` that are NULL are the shipped ones. */
pwr_store *bench_store(bench *made, const pwr_store_conf *over);

/* The same over connections of their own to other parameters. */
pwr_store *bench_store_at(bench *made, const pwr_store_conf *over,
                          const char *params);

/* One of the other parameters, from 0. */
const char *bench_extra(const bench *made, int index);

/* Close the idle connections of all lenders. */
void bench_forget(bench *made);

/* Lend no connection for `n` borrowings. */
void bench_refuse(bench *made, int n);

/* Run SQL; {p} is the prefix.  Bails out on failure. */
void bench_sql(bench *made, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first column of the first row, or NULL. */
const char *bench_value(bench *made, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
long long bench_number(bench *made, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was logged since this was called last, one line a message. */
const char *bench_log(bench *made);

/* Ask the driver for something, "#! request". */
void bench_ask(const char *request);

/* Run `work` in `n` threads at once and wait for all. */
void bench_threads(bench *made, int n, void (*work)(int index, void *baton),
                   void *baton);

/* A digest that nothing else has. */
const char *bench_digest(apr_pool_t *pool);

#endif
