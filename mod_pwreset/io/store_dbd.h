/* SPDX-License-Identifier: Apache-2.0 */
/* The store over apr_dbd: MySQL/MariaDB and SQLite, one set of SQL. */
#ifndef PWR_STORE_DBD_H
#define PWR_STORE_DBD_H

#include <apr_dbd.h>
#include <apr_pools.h>

#include "core/conf.h"
#include "io/store.h"

#define PWR_SCHEMA_VERSION 3
#define PWR_SCHEMA_LEAST 2      /* the oldest module's that may use it, too */

typedef enum pwr_dialect {
    PWR_DIALECT_MYSQL = 0,
    PWR_DIALECT_SQLITE
} pwr_dialect;

/* A connection on loan.  `pool` lives as long as the connection and is used
 * by whoever has it on loan. */
typedef struct pwr_dbd_conn {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_pool_t *pool;
    void *loan;                     /* the lender's own */
    int is_open;                    /* a transaction may be: it is to be closed,
                                     * or the next one would commit that */
    int64_t *asked_usec;            /* atomic, pwr_now: when the last statement
                                     * was begun; NULL: nobody watches */
    void (*asks)(void);             /* a statement begins; or NULL */
} pwr_dbd_conn;

/* Where connections come from: mod_dbd's pool (httpd/dbd.c), one plain
 * connection (cli/), or a test.  `borrow` returns APR_SUCCESS, or anything else
 * within a bounded time and after it has logged why.  It may lend a connection
 * that died meanwhile: that is found out, and the next one is asked for.
 * (apr_dbd_open_ex's error text is freed memory when its ping failed.)
 * `broken` tells the lender to examine it before it lends it again. */
typedef struct pwr_dbd_lender {
    apr_status_t (*borrow)(void *baton, apr_pool_t *pool,
                           pwr_dbd_conn *conn);
    void (*give_back)(void *baton, pwr_dbd_conn *conn, int broken);
    void *baton;
} pwr_dbd_lender;

/* The provider's queries and our table prefix; all but list_query are set. */
typedef struct pwr_store_conf {
    const char *driver;             /* "mysql" or "sqlite3" */
    const char *prefix;
    const char *user_query;
    const char *login_query;
    const char *id_query;
    const char *list_query;         /* NULL: users are not listed */
    const char *password_update;
    const char *const *after_change;    /* NULL or NULL-terminated */
    int may_half;                   /* the user table need not undo anything */
    int rehash;                     /* password_rehash will be asked for */
    const char *group_query;            /* or NULL */
} pwr_store_conf;

/* The value of a parameter of DBDParams as the driver of MySQL takes it: in any
 * case, cut short or not, with blanks around its "=" or none; the last one
 * counts.  NULL: there is none.  For names that begin as no other does. */
const char *pwr_store_dbd_param(apr_pool_t *pool, const char *params,
                                const char *name);

/* What a site says of them. */
pwr_store_conf pwr_store_dbd_conf(const pwr_conf *conf, const char *driver);

/* Compile the queries and make the store; nothing is asked of the database.
 * Returns NULL and sets `*store`, or a sentence for the admin that begins with
 * the directive's name. */
const char *pwr_store_dbd_make(apr_pool_t *pool, const pwr_store_conf *conf,
                               const pwr_dbd_lender *lender,
                               const pwr_diag *diag, pwr_store **store);

/* The SQL of the schema for a person to read or apply, ending in LF.
 * `prefix` is one that pwr_store_dbd_make takes. */
const char *pwr_store_dbd_schema(apr_pool_t *pool, pwr_dialect dialect,
                                 const char *prefix);

/* Who is to have the rights. */
typedef struct pwr_grantee {
    const char *user, *host;
    const char *base;           /* of tables that name none; NULL: unknown */
    int adds_users;             /* to the shipped table, too */
} pwr_grantee;

/* The GRANT statements of a MySQL server that this store needs, column by
 * column, ending in LF; a statement that cannot be read is told in a comment
 * line above them.  No rights to make tables. */
const char *pwr_store_dbd_grants(apr_pool_t *pool, const pwr_store *store,
                                 const pwr_grantee *to);

#endif
