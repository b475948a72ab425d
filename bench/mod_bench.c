/* SPDX-License-Identifier: Apache-2.0 */
/* What httpd and a database can do at all: the limits that our pages are
 * measured beside.  The module of bench/run, and of nothing else.
 *
 *   /bench/WORK?BYTES&KEY...    does WORK, with these keys, and answers so
 *                               many bytes
 *   /behind/FILE?&KEY...        does two SELECTs; the answer is httpd's
 *
 * Its statements are mod_dbd's own (DBDPrepareSQL), with one parameter each,
 * on the pool that mod_pwreset uses, too. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>
/* mod_dbd.h needs the driver types first. */
#include <apr_dbd.h>
#include <apr_strings.h>
#include <mod_dbd.h>

#define STEPS_MAX 3
#define KEYS_MAX 3              /* the first is a fresh id */
#define ID_BYTES 16
#define PAGE_BYTES_MAX 65536

extern module AP_MODULE_DECLARE_DATA bench_module
    __attribute__((visibility("default")));

/* A statement by its label, which one of the keys it is given, and whether it
 * has rows. */
typedef struct step {
    const char *label;
    int key;
    int has_rows;
} step;

static const struct work {
    const char *path;
    int is_transaction;
    step steps[STEPS_MAX];
} works[] = {
    { "/bench/select", 0, { { "bench_token", 1, 1 } } },
    { "/bench/selects", 0, { { "bench_session", 1, 1 },
                             { "bench_user", 2, 1 } } },
    { "/bench/both", 0, { { "bench_token", 1, 1 },
                          { "bench_user", 2, 1 } } },
    { "/bench/insert", 0, { { "bench_job", 0, 0 } } },
    { "/bench/transaction", 1, { { "bench_token", 1, 1 },
                                 { "bench_password", 2, 0 },
                                 { "bench_job", 0, 0 } } },
};

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) *dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) *dbd_close;

static int take_step(ap_dbd_t *dbd, apr_pool_t *pool, const step *s,
                     const char **keys)
{
    apr_dbd_prepared_t *stmt = apr_hash_get(dbd->prepared, s->label,
                                            APR_HASH_KEY_STRING);
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    int rows_n, rc;

    if (!stmt || !keys[s->key]) {
        return -1;
    }
    if (!s->has_rows) {
        rc = apr_dbd_pquery(dbd->driver, pool, dbd->handle, &rows_n, stmt, 1,
                            &keys[s->key]);
        return rc ? rc : rows_n != 1;
    }
    rc = apr_dbd_pselect(dbd->driver, pool, dbd->handle, &results, stmt, 0, 1,
                         &keys[s->key]);
    for (rows_n = 0; !rc && !apr_dbd_get_row(dbd->driver, pool, results, &row,
                                             -1); rows_n++) {
        for (int i = 0; i < apr_dbd_num_cols(dbd->driver, results); i++) {
            apr_dbd_get_entry(dbd->driver, row, i);
        }
    }
    return rc ? rc : rows_n != 1;
}

/* apr_dbd's own transactions take twice the round trips. */
static int plain(ap_dbd_t *dbd, const char *sql)
{
    int rows_n;

    return apr_dbd_query(dbd->driver, dbd->handle, &rows_n, sql);
}

static int take_steps(ap_dbd_t *dbd, apr_pool_t *pool, const struct work *w,
                      const char **keys)
{
    int rc = w->is_transaction ? plain(dbd, "BEGIN") : 0;

    for (int i = 0; !rc && i < STEPS_MAX && w->steps[i].label; i++) {
        rc = take_step(dbd, pool, &w->steps[i], keys);
    }
    return !w->is_transaction ? rc
        : rc ? plain(dbd, "ROLLBACK"), rc : plain(dbd, "COMMIT");
}

/* The connection goes back before the answer is sent, as mod_pwreset's does,
 * and what was read of it before that. */
static int do_work(request_rec *r, const struct work *w, const char **keys)
{
    ap_dbd_t *dbd = dbd_open(r->pool, r->server);
    apr_pool_t *pool;
    int rc;

    if (!dbd) {
        return HTTP_SERVICE_UNAVAILABLE;
    }
    apr_pool_create(&pool, r->pool);
    rc = take_steps(dbd, pool, w, keys);
    apr_pool_destroy(pool);
    dbd_close(r->server, dbd);
    return rc ? HTTP_INTERNAL_SERVER_ERROR : OK;
}

/* Random, as the ids of our rows: they lie anywhere in an index. */
static const char *fresh_id(apr_pool_t *pool)
{
    unsigned char bytes[ID_BYTES];
    char *id = apr_palloc(pool, 2 * ID_BYTES + 1);

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) {
        return NULL;
    }
    ap_bin2hex(bytes, sizeof(bytes), id);
    return id;
}

static const struct work *work_of(const char *path)
{
    const struct work *end = works + sizeof(works) / sizeof(*works);
    const struct work *w = works;

    while (w < end && strcmp(w->path, path) != 0) {
        w++;
    }
    return w < end ? w : NULL;
}

static void read_keys(request_rec *r, const char **keys)
{
    char *rest = apr_pstrdup(r->pool, r->args ? r->args : "");

    for (int i = 0; i < KEYS_MAX; i++) {
        keys[i] = strsep(&rest, "&");
    }
}

/* As somebody who is asked for at each page of a site. */
static int stand_before(request_rec *r)
{
    const char *keys[KEYS_MAX];

    if (strncmp(r->uri, "/behind/", 8) != 0) {
        return DECLINED;
    }
    read_keys(r, keys);
    return do_work(r, work_of("/bench/selects"), keys);
}

static int handle(request_rec *r)
{
    static const char page[PAGE_BYTES_MAX];
    const char *keys[KEYS_MAX];
    const struct work *w = work_of(r->uri);
    int len, refused;

    if (!w || !r->handler || strcmp(r->handler, "bench") != 0) {
        return DECLINED;
    }
    read_keys(r, keys);
    len = (int)strtol(keys[0], NULL, 10);
    keys[0] = fresh_id(r->pool);
    refused = ap_discard_request_body(r);
    if (refused == OK) {
        refused = do_work(r, w, keys);
    }
    if (refused != OK || len < 0 || len > PAGE_BYTES_MAX) {
        return refused ? refused : HTTP_BAD_REQUEST;
    }
    ap_set_content_type(r, "text/html; charset=utf-8");
    ap_set_content_length(r, len);
    ap_rwrite(page, len, r);
    return OK;
}

static int find_dbd(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                    server_rec *s)
{
    (void)pconf;
    (void)plog;
    (void)ptemp;
    (void)s;
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    return dbd_open && dbd_close ? OK : DONE;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_post_config(find_dbd, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(stand_before, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(bench) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
    AP_MODULE_FLAG_NONE
};
