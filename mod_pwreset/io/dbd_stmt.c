/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dbd_run.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/text.h"

#define CACHE_KEY "pwreset-statements"
#define CACHE_MAX 64        /* of the server's 16382 for all its connections */

typedef struct prepared {
    const char *text;
    apr_pool_t *pool;
    apr_dbd_prepared_t *statement;
    uint64_t used;
} prepared;

/* Hangs on a connection's pool; only who has the connection on loan is here.
 * Keyed by text: stores with the same tables and queries share statements. */
struct pwr_dbd_cache {
    apr_hash_t *by_text;
    apr_hash_t *notes;
    uint64_t clock;
};

/* For a new connection.  MySQL may be told to begin without autocommit.  With a
 * write-ahead log synchronous=NORMAL loses nothing when a process dies; and
 * each connection of SQLite would keep 2 MB of pages that the system has, too.
 */
static const char *const settings[] = {
    [PWR_DIALECT_MYSQL] = "SET autocommit = 1",
    [PWR_DIALECT_SQLITE] = "PRAGMA synchronous=NORMAL;"
                           " PRAGMA cache_size=-256",
};

apr_status_t pwr_dbd_ready(pwr_dbd_run *run)
{
    apr_pool_t *pool = run->conn.pool;
    void *data = NULL;

    apr_pool_userdata_get(&data, CACHE_KEY, pool);
    run->cache = data;
    if (run->cache) {
        return APR_SUCCESS;
    }
    run->cache = apr_pcalloc(pool, sizeof(*run->cache));
    run->cache->by_text = apr_hash_make(pool);
    run->cache->notes = apr_hash_make(pool);
    apr_pool_userdata_setn(run->cache, CACHE_KEY, NULL, pool);
    return pwr_dbd_plain(run, "SET", settings[run->dbd->dialect]);
}

int64_t *pwr_dbd_note(pwr_dbd_run *run, const char *name)
{
    int64_t *note = apr_hash_get(run->cache->notes, name,
                                 APR_HASH_KEY_STRING);

    if (!note) {
        note = apr_pcalloc(run->conn.pool, sizeof(*note));
        apr_hash_set(run->cache->notes,
                     apr_pstrdup(run->conn.pool, name), APR_HASH_KEY_STRING,
                     note);
    }
    return note;
}

static void cache_forget(pwr_dbd_cache *all, prepared *one)
{
    apr_hash_set(all->by_text, one->text, APR_HASH_KEY_STRING, NULL);
    apr_pool_destroy(one->pool);
}

/* SQLite's driver keeps its statements until the connection ends, so there
 * forgetting one would only leak it. */
static void cache_make_room(pwr_dbd_run *run)
{
    pwr_dbd_cache *all = run->cache;
    prepared *oldest = NULL;
    apr_hash_index_t *index;

    if (run->dbd->dialect == PWR_DIALECT_SQLITE
        || apr_hash_count(all->by_text) < CACHE_MAX) {
        return;
    }
    for (index = apr_hash_first(run->scratch, all->by_text); index;
         index = apr_hash_next(index)) {
        prepared *one = apr_hash_this_val(index);

        if (!oldest || one->used < oldest->used) {
            oldest = one;
        }
    }
    if (oldest) {
        cache_forget(all, oldest);
    }
}

static apr_status_t prepare(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                            prepared **out)
{
    const pwr_dbd_conn *conn = &run->conn;
    apr_pool_t *pool;
    prepared *one;
    int code;

    cache_make_room(run);
    apr_pool_create(&pool, conn->pool);
    one = apr_pcalloc(pool, sizeof(*one));
    one->pool = pool;
    one->text = apr_pstrdup(pool, stmt->sql.format);
    pwr_dbd_ask(run);
    code = apr_dbd_prepare(conn->driver, pool, conn->handle, one->text, NULL,
                           &one->statement);
    if (code) {
        apr_status_t status = pwr_dbd_fail(run, stmt->name, code);

        apr_pool_destroy(pool);
        return status;
    }
    apr_hash_set(run->cache->by_text, one->text, APR_HASH_KEY_STRING, one);
    *out = one;
    return APR_SUCCESS;
}

/* A call of a prepared statement. */
typedef struct call {
    prepared *one;
    const char *values[PWR_SQL_PARAMS_MAX];
} call;

/* The drivers read as many values as the statement has, whatever they get. */
static apr_status_t args_match(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                               const pwr_dbd_arg *args, const char **values)
{
    for (int i = 0; i < stmt->sql.params_n; i++) {
        const pwr_dbd_arg *arg = args;

        while (arg->name && strcmp(arg->name, stmt->sql.params[i]) != 0) {
            arg++;
        }
        if (!arg->name) {
            pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0215", stmt->name),
                          "%s: no value for :%s; please report this",
                          stmt->name, stmt->sql.params[i]);
            return PWR_STORE_BROKEN;
        }
        values[i] = arg->value;
    }
    return APR_SUCCESS;
}

static apr_status_t call_make(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                              const pwr_dbd_arg *args, call *out)
{
    apr_status_t status = args_match(run, stmt, args, out->values);

    if (status != APR_SUCCESS) {
        return status;
    }
    out->one = apr_hash_get(run->cache->by_text, stmt->sql.format,
                            APR_HASH_KEY_STRING);
    if (!out->one) {
        status = prepare(run, stmt, &out->one);
    }
    if (out->one) {
        out->one->used = ++run->cache->clock;
    }
    return status;
}

apr_status_t pwr_dbd_try(pwr_dbd_run *run, const pwr_dbd_stmt *stmt)
{
    prepared *one = apr_hash_get(run->cache->by_text, stmt->sql.format,
                                 APR_HASH_KEY_STRING);

    if (one) {
        cache_forget(run->cache, one);
    }
    return prepare(run, stmt, &one);
}

static apr_status_t call_failed(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                                const call *made, int code)
{
    apr_status_t status = pwr_dbd_fail(run, stmt->name, code);

    if (status != PWR_DBD_STALE) {
        return status;
    }
    cache_forget(run->cache, made->one);
    return PWR_DBD_AGAIN;
}

void pwr_dbd_select(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                    const pwr_dbd_arg *args, pwr_dbd_rows *rows)
{
    const pwr_dbd_conn *conn = &run->conn;
    call made;
    int code;

    memset(rows, 0, sizeof(*rows));
    rows->run = run;
    rows->name = stmt->name;
    rows->status = call_make(run, stmt, args, &made);
    if (rows->status != APR_SUCCESS) {
        return;
    }
    pwr_dbd_ask(run);
    code = apr_dbd_pselect(conn->driver, run->scratch, conn->handle,
                           &rows->results, made.one->statement, 1,
                           stmt->sql.params_n, made.values);
    if (code) {
        rows->status = call_failed(run, stmt, &made, code);
        rows->results = NULL;
        return;
    }
    rows->columns_n = apr_dbd_num_cols(conn->driver, rows->results);
}

int pwr_dbd_next(pwr_dbd_rows *rows)
{
    pwr_dbd_run *run = rows->run;
    int code;

    if (rows->status != APR_SUCCESS || !rows->results
        || rows->n >= PWR_DBD_ROWS_MAX) {
        return 0;
    }
    code = apr_dbd_get_row(run->conn.driver, run->scratch, rows->results,
                           &rows->row, rows->n + 1);
    if (code == 0) {
        rows->n++;
        return 1;
    }
    rows->results = NULL;       /* the driver freed what names its columns */
    if (code != -1) {
        rows->status = pwr_dbd_fail(run, rows->name, code);
    }
    return 0;
}

int pwr_dbd_column(const pwr_dbd_rows *rows, const char *name)
{
    for (int i = 0; i < rows->columns_n; i++) {
        if (pwr_text_same(name, apr_dbd_get_name(rows->run->conn.driver,
                                                 rows->results, i))) {
            return i;
        }
    }
    return -1;
}

/* As a bucket, because only so the drivers tell the length: binary columns
 * come without a NUL, followed by whatever was in the memory before.  And
 * get_entry first, because mysql's datum_get takes the length before it has
 * converted a number to text. */
const char *pwr_dbd_cell(const pwr_dbd_rows *rows, int column)
{
    pwr_dbd_run *run = rows->run;
    const char *data, *text = NULL;
    apr_bucket *bucket;
    apr_size_t whole, len;

    if (column < 0
        || !apr_dbd_get_entry(run->conn.driver, rows->row, column)) {
        return NULL;
    }
    if (!run->brigade) {
        run->brigade = apr_brigade_create(
            run->scratch, apr_bucket_alloc_create(run->scratch));
    }
    if (apr_dbd_datum_get(run->conn.driver, rows->row, column,
                          APR_DBD_TYPE_BLOB, run->brigade)) {
        return NULL;
    }
    bucket = APR_BRIGADE_FIRST(run->brigade);
    whole = bucket->length;
    if (whole <= PWR_DBD_CELL_MAX
        && apr_bucket_read(bucket, &data, &len, APR_BLOCK_READ) == APR_SUCCESS
        && len == whole && pwr_text_is_utf8(data, len)) {
        text = apr_pstrmemdup(run->scratch, data, len);
    }
    apr_brigade_cleanup(run->brigade);
    return text;
}

const char *pwr_dbd_text(const pwr_dbd_rows *rows, const char *name)
{
    return pwr_dbd_cell(rows, pwr_dbd_column(rows, name));
}

const char *pwr_dbd_keep(const pwr_dbd_rows *rows, const char *name)
{
    return apr_pstrdup(rows->run->pool, pwr_dbd_text(rows, name));
}

int64_t pwr_dbd_number(const pwr_dbd_rows *rows, const char *name)
{
    const char *text = pwr_dbd_text(rows, name);

    return text ? apr_strtoi64(text, NULL, 10) : 0;
}

apr_status_t pwr_dbd_exec(pwr_dbd_run *run, const pwr_dbd_stmt *stmt,
                          const pwr_dbd_arg *args, int *changed)
{
    const pwr_dbd_conn *conn = &run->conn;
    apr_status_t status;
    call made;
    int code;

    *changed = 0;
    status = call_make(run, stmt, args, &made);
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_dbd_ask(run);
    code = apr_dbd_pquery(conn->driver, run->scratch, conn->handle, changed,
                          made.one->statement, stmt->sql.params_n,
                          made.values);
    if (code) {
        *changed = 0;           /* after an error drivers leave anything */
        return call_failed(run, stmt, &made, code);
    }
    return APR_SUCCESS;
}

const char *pwr_dbd_decimal(const pwr_dbd_run *run, int64_t n)
{
    return apr_psprintf(run->scratch, "%" APR_INT64_T_FMT, n);
}

const char *pwr_dbd_fit(const pwr_dbd_run *run, const char *text,
                        size_t points_max)
{
    size_t points = 0, len = 0;

    if (!text) {
        return NULL;
    }
    if (!pwr_text_is_utf8(text, strlen(text))) {
        return pwr_text_printable(run->scratch, text, points_max / 4);
    }
    for (; text[len]; len++) {
        points += ((unsigned char)text[len] & 0xC0) != 0x80;
        if (points > points_max) {
            break;
        }
    }
    return apr_pstrmemdup(run->scratch, text, len);
}
