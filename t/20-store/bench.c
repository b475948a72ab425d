/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#define THREADS_MAX 16

typedef struct wire {
    struct wire *next;
    apr_pool_t *pool;
    apr_dbd_t *handle;
    const apr_dbd_driver_t *driver;
} wire;

typedef struct lender {
    bench *of;
    const char *params;
    wire *idle;
    struct lender *next;
} lender;

struct bench {
    apr_pool_t *pool;
    const apr_dbd_driver_t *driver;
    const char *driver_name, *prefix;
    const char *const *extra;
    int extra_n;
    lender *main, *lenders;
    wire *own;                  /* the way beside the store */
    pwr_diag diag;
    apr_thread_mutex_t *mutex;
    char *log;
    int refuse;
};

static void bail(const char *what, const char *why)
{
    printf("Bail out! %s: %s\n", what, why ? why : "?");
    fflush(stdout);
    exit(1);
}

static apr_status_t wire_close(void *data)
{
    wire *one = data;

    apr_dbd_close(one->driver, one->handle);
    return APR_SUCCESS;
}

/* Without the error text: apr_dbd_open_ex gives one that it has freed.
 * As in mod_dbd, sub-pools, and with them statements, go before the handle. */
static wire *wire_open(bench *made, const char *params)
{
    apr_pool_t *pool;
    wire *one;

    apr_pool_create(&pool, NULL);
    one = apr_pcalloc(pool, sizeof(*one));
    one->pool = pool;
    one->driver = made->driver;
    if (apr_dbd_open(made->driver, pool, params, &one->handle)) {
        apr_pool_destroy(pool);
        return NULL;
    }
    apr_pool_cleanup_register(pool, one, wire_close, apr_pool_cleanup_null);
    return one;
}

static apr_status_t borrow(void *baton, apr_pool_t *pool, pwr_dbd_conn *conn)
{
    lender *from = baton;
    bench *made = from->of;
    wire *one = NULL;
    int refused;

    (void)pool;
    apr_thread_mutex_lock(made->mutex);
    refused = made->refuse > 0 && made->refuse--;
    if (!refused && from->idle) {
        one = from->idle;
        from->idle = one->next;
    }
    apr_thread_mutex_unlock(made->mutex);
    if (refused) {
        return PWR_STORE_AWAY;
    }
    if (!one && !(one = wire_open(made, from->params))) {
        pwr_diag_log(&made->diag, PWR_LEVEL_ERROR, 0, "LENDER",
                     "no connection");
        return PWR_STORE_AWAY;
    }
    conn->driver = made->driver;
    conn->handle = one->handle;
    conn->pool = one->pool;
    conn->loan = one;
    return APR_SUCCESS;
}

static void give_back(void *baton, pwr_dbd_conn *conn, int broken)
{
    lender *to = baton;
    wire *one = conn->loan;

    if (broken) {
        apr_pool_destroy(one->pool);
        return;
    }
    apr_thread_mutex_lock(to->of->mutex);
    one->next = to->idle;
    to->idle = one;
    apr_thread_mutex_unlock(to->of->mutex);
}

static void emit(void *baton, pwr_level level, apr_status_t status,
                 const char *id, const char *text)
{
    bench *made = baton;
    size_t old, len = strlen(id) + strlen(text) + 3;

    (void)level;
    (void)status;
    apr_thread_mutex_lock(made->mutex);
    old = made->log ? strlen(made->log) : 0;
    made->log = realloc(made->log, old + len);
    snprintf(made->log + old, len, "%s %s\n", id, text);
    apr_thread_mutex_unlock(made->mutex);
}

static lender *lender_make(bench *made, const char *params)
{
    lender *one = apr_pcalloc(made->pool, sizeof(*one));

    one->of = made;
    one->params = params;
    one->next = made->lenders;
    made->lenders = one;
    return one;
}

bench *bench_open(apr_pool_t *pool, int argc, const char *const *argv)
{
    bench *made = apr_pcalloc(pool, sizeof(*made));

    if (argc < 4) {
        bail("usage", "DRIVER PARAMS PREFIX [PARAMS...]");
    }
    made->pool = pool;
    made->driver_name = argv[1];
    made->prefix = argv[3];
    made->extra = argv + 4;
    made->extra_n = argc - 4;
    made->diag.emit = emit;
    made->diag.baton = made;
    apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_dbd_init(pool);
    if (apr_dbd_get_driver(pool, argv[1], &made->driver)) {
        bail(argv[1], "no such driver");
    }
    made->own = wire_open(made, argv[2]);
    if (!made->own) {
        bail("connect", NULL);
    }
    made->main = lender_make(made, argv[2]);
    return made;
}

int bench_is_mysql(const bench *made)
{
    return strcmp(made->driver_name, "mysql") == 0;
}

const char *bench_extra(const bench *made, int index)
{
    if (index >= made->extra_n) {
        bail("usage", "other parameters are missing");
    }
    return made->extra[index];
}

static const char *either(const char *a, const char *b)
{
    return a ? a : b;
}

static pwr_store *store_make(bench *made, const pwr_store_conf *over,
                             lender *from)
{
    static const pwr_store_conf none;
    const pwr_store_conf *given = over ? over : &none;
    pwr_store_conf conf = {
        .driver = made->driver_name,
        .prefix = either(given->prefix, made->prefix),
        .user_query = either(given->user_query, PWR_SHIPPED_USER_QUERY),
        .login_query = either(given->login_query, PWR_SHIPPED_LOGIN_QUERY),
        .id_query = either(given->id_query, PWR_SHIPPED_ID_QUERY),
        .password_update
            = either(given->password_update, PWR_SHIPPED_PASSWORD_UPDATE),
        .after_change = given->after_change,
        .group_query = given->group_query,
    };
    pwr_dbd_lender loans = { borrow, give_back, from };
    pwr_store *store;
    const char *fault = pwr_store_dbd_make(made->pool, &conf, &loans,
                                           &made->diag, &store);

    if (fault) {
        bail("store", fault);
    }
    return store;
}

pwr_store *bench_store(bench *made, const pwr_store_conf *over)
{
    return store_make(made, over, made->main);
}

pwr_store *bench_store_at(bench *made, const pwr_store_conf *over,
                          const char *params)
{
    return store_make(made, over, lender_make(made, params));
}

void bench_forget(bench *made)
{
    for (lender *one = made->lenders; one; one = one->next) {
        while (one->idle) {
            wire *idle = one->idle;

            one->idle = idle->next;
            apr_pool_destroy(idle->pool);
        }
    }
}

void bench_refuse(bench *made, int n)
{
    made->refuse = n;
}

static const char *sql_make(bench *made, const char *format, va_list args)
{
    const char *text = apr_pvsprintf(made->pool, format, args), *at;
    const char *out = "";

    while ((at = strstr(text, "{p}")) != NULL) {
        out = apr_psprintf(made->pool, "%s%.*s%s", out, (int)(at - text),
                           text, made->prefix);
        text = at + 3;
    }
    return apr_pstrcat(made->pool, out, text, NULL);
}

/* Its connection may have been cut by the test. */
static void own_renew(bench *made)
{
    if (apr_dbd_check_conn(made->driver, made->pool, made->own->handle)) {
        apr_pool_destroy(made->own->pool);
        made->own = wire_open(made, made->main->params);
    }
    if (!made->own) {
        bail("connect again", NULL);
    }
}

void bench_sql(bench *made, const char *format, ...)
{
    const char *sql;
    va_list args;
    int n = 0, rc;

    va_start(args, format);
    sql = sql_make(made, format, args);
    va_end(args);
    own_renew(made);
    rc = apr_dbd_query(made->driver, made->own->handle, &n, sql);
    if (rc && !bench_is_mysql(made)) {
        rc = apr_dbd_query(made->driver, made->own->handle, &n, sql);
    }
    if (rc) {
        bail(sql, apr_dbd_error(made->driver, made->own->handle, rc));
    }
}

/* SQLite's driver learns of another's CREATE TABLE by failing once, here and in
 * bench_sql(). */
static int select_again(bench *made, apr_pool_t *pool, const char *sql,
                        apr_dbd_results_t **results)
{
    return apr_dbd_select(made->driver, pool, made->own->handle, results, sql,
                          1)
        && apr_dbd_select(made->driver, pool, made->own->handle, results, sql,
                          1);
}

static const char *value(bench *made, const char *sql)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *text = NULL;
    apr_pool_t *pool;

    own_renew(made);
    apr_pool_create(&pool, made->pool);
    if (select_again(made, pool, sql, &results)) {
        bail(sql, apr_dbd_error(made->driver, made->own->handle, 0));
    }
    if (apr_dbd_get_row(made->driver, pool, results, &row, 1) == 0) {
        text = apr_pstrdup(made->pool,
                           apr_dbd_get_entry(made->driver, row, 0));
    }
    apr_pool_destroy(pool);
    return text;
}

const char *bench_value(bench *made, const char *format, ...)
{
    const char *sql;
    va_list args;

    va_start(args, format);
    sql = sql_make(made, format, args);
    va_end(args);
    return value(made, sql);
}

long long bench_number(bench *made, const char *format, ...)
{
    const char *sql, *text;
    va_list args;

    va_start(args, format);
    sql = sql_make(made, format, args);
    va_end(args);
    text = value(made, sql);
    return text ? strtoll(text, NULL, 10) : -1;
}

const char *bench_log(bench *made)
{
    const char *text;

    apr_thread_mutex_lock(made->mutex);
    text = apr_pstrdup(made->pool, made->log ? made->log : "");
    free(made->log);
    made->log = NULL;
    apr_thread_mutex_unlock(made->mutex);
    return text;
}

void bench_ask(const char *request)
{
    char line[256] = "";

    printf("#! %s\n", request);
    fflush(stdout);
    if (!fgets(line, sizeof(line), stdin) || strcmp(line, "ok\n") != 0) {
        bail(request, line);
    }
}

typedef struct gang {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *go;
    int waiting, all, next;
    void (*work)(int index, void *baton);
    void *baton;
} gang;

/* Nobody starts before everybody is there. */
static void *APR_THREAD_FUNC gang_member(apr_thread_t *thread, void *data)
{
    gang *of = data;
    int index;

    apr_thread_mutex_lock(of->mutex);
    index = of->next++;
    if (++of->waiting == of->all) {
        apr_thread_cond_broadcast(of->go);
    }
    while (of->waiting < of->all) {
        apr_thread_cond_wait(of->go, of->mutex);
    }
    apr_thread_mutex_unlock(of->mutex);
    of->work(index, of->baton);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

void bench_threads(bench *made, int n, void (*work)(int index, void *baton),
                   void *baton)
{
    gang of = { .all = n, .work = work, .baton = baton };
    apr_thread_t *threads[THREADS_MAX];
    apr_status_t status;
    apr_pool_t *pool;

    apr_pool_create(&pool, made->pool);
    apr_thread_mutex_create(&of.mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_thread_cond_create(&of.go, pool);
    for (int i = 0; i < n && i < THREADS_MAX; i++) {
        if (apr_thread_create(&threads[i], NULL, gang_member, &of, pool)) {
            bail("thread", NULL);
        }
    }
    for (int i = 0; i < n && i < THREADS_MAX; i++) {
        apr_thread_join(&status, threads[i]);
    }
    apr_pool_destroy(pool);
}

const char *bench_digest(apr_pool_t *pool)
{
    char *digest = apr_palloc(pool, PWR_DIGEST_HEX + 1);

    pwr_crypto_id(digest);
    pwr_crypto_id(digest + PWR_ID_HEX);
    return digest;
}
