/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns of which tables a statement reads and writes: what its GRANT
 * has to name.
 *
 * Reads what pwr_sqltext_compile() made: SELECT with joins, subqueries and
 * UNION; INSERT, UPDATE and DELETE.  It is no parser of SQL: it knows names,
 * parentheses and the words that say what a name is.  What these do not settle
 * (a bare column where there are several tables, words that bring names of
 * another kind) is told and not guessed, for a right too many is as wrong as
 * one too few.  Written by hand, as libraries that parse MySQL's SQL (pg_query
 * and its like do not) are servers.
 * Pure; the input is an admin's. */
#ifndef PWR_SQLUSE_H
#define PWR_SQLUSE_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/sqltext.h"

typedef enum pwr_sql_right {
    PWR_SQL_RIGHT_SELECT = 0,
    PWR_SQL_RIGHT_INSERT,
    PWR_SQL_RIGHT_UPDATE,
    PWR_SQL_RIGHT_DELETE,
    PWR_SQL_RIGHTS_N
} pwr_sql_right;

typedef struct pwr_sql_use {
    pwr_sql_name table;
    const char *column;         /* NULL: the whole table */
    pwr_sql_right right;
} pwr_sql_use;

/* Append to `uses` (of pwr_sql_use) what the statement needs, each once.
 * Returns NULL, or a sentence without its end for the admin that says why it
 * cannot be told; then `uses` is as it was. */
const char *pwr_sqluse_read(apr_pool_t *pool, const char *format,
                            apr_array_header_t *uses);

#endif
