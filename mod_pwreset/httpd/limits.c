/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "core/crypto.h"
#include "core/tally.h"
#include "httpd/shared.h"
#include "httpd/worker.h"

#define ROWS_N 1024                 /* a quarter of a megabyte a table */
#define ROW_BYTES (PWR_TALLY_WAYS * sizeof(uint64_t))
#define RETRY_BROKEN_MS 5000        /* OpenSSL failed */

/* What each realm counts. */
static const pwr_limit_class counted[] = {
    PWR_LIMIT_FORGOT_CLIENT, PWR_LIMIT_RESET_CLIENT, PWR_LIMIT_LOGIN_CLIENT,
    PWR_LIMIT_CHANGE_ACCOUNT
};

#define TABLES_N (sizeof(counted) / sizeof(*counted))

typedef struct table {
    pthread_mutex_t lock;           /* of whoever adds a cell */
    pwr_tally tally;
} table;

/* What is said at most once an hour. */
typedef enum tale {
    TALE_FULL,
    TALE_PROXY,
    TALES_N
} tale;

struct pwr_limits {
    table table[TABLES_N];
    int64_t told_ms[TALES_N];       /* 0: never */
    int is_proxy_seen;              /* and not yet kept */
};

/* What outlives a restart. */
typedef struct retained {
    int is_made;
    unsigned char place_key[PWR_DIGEST_BYTES];
    pwr_limits *limits[PWR_TENANTS_MAX];
} retained;

static retained *kept;

/* ---- making ---- */

/* One mapping a realm; what is not used of it is no memory.  Never unmapped:
 * children of before a restart count there, too. */
static pwr_limits *make(void)
{
    size_t cells_n = ROWS_N * PWR_TALLY_WAYS;
    size_t head = APR_ALIGN(sizeof(pwr_limits), ROW_BYTES);
    void *map = mmap(NULL, head + TABLES_N * cells_n * sizeof(uint64_t),
                     PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    pwr_limits *limits = map;

    if (map == MAP_FAILED) {
        return NULL;
    }
    for (size_t i = 0; i < TABLES_N; i++) {
        uint64_t *cells = (uint64_t *)((char *)map + head) + i * cells_n;

        pwr_shared_make_lock(&limits->table[i].lock);
        limits->table[i].tally = (pwr_tally){ cells, ROWS_N };
    }
    return limits;
}

static apr_status_t find_retained(void)
{
    apr_status_t status = APR_SUCCESS;

    kept = pwr_shared_retained("limits", sizeof(*kept));
    if (!kept->is_made) {
        status = pwr_crypto_random(kept->place_key, sizeof(kept->place_key));
        kept->is_made = status == APR_SUCCESS;
    }
    return status;
}

apr_status_t pwr_limits_make(server_rec *main_server)
{
    apr_status_t status = find_retained();

    for (server_rec *s = main_server; s && status == APR_SUCCESS;
         s = s->next) {
        pwr_server *self = pwr_server_active(s);
        pwr_limits **limits = self ? &kept->limits[self->tenant] : NULL;

        if (limits && !*limits) {
            *limits = make();
            status = *limits ? APR_SUCCESS : APR_FROM_OS_ERROR(errno);
        }
        if (limits) {
            self->limits = *limits;
        }
    }
    return status;
}

/* ---- telling ---- */

static void tell_full(const pwr_server *self, pwr_limit_class limit)
{
    int is_open = pwr_limit_is_open(limit);

    if (pwr_shared_may_tell(&self->limits->told_ms[TALE_FULL])) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, self->server,
                     PWR_LOG("PWR0420") "limit %s of realm %s: so many "
                     "clients are counted that there is no room for another; "
                     "new ones are %s: keep the crowd out before it gets "
                     "here, see the access log", pwr_limit_name(limit),
                     self->conf->realm, is_open ? "let through uncounted"
                                                : "refused");
    }
}

static void tell_proxy(request_rec *r, const pwr_server *self,
                       const char *header)
{
    if (pwr_shared_may_tell(&self->limits->told_ms[TALE_PROXY])) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      PWR_LOG("PWR0421") "realm %s is behind a proxy at %s "
                      "(%s) that httpd was not told of: nobody can be told "
                      "from another, and no client is limited: load "
                      "mod_remoteip and say RemoteIPHeader X-Forwarded-For "
                      "and RemoteIPInternalProxy %s", self->conf->realm,
                      r->useragent_ip, header, r->useragent_ip);
        __atomic_store_n(&self->limits->is_proxy_seen, 1, __ATOMIC_RELAXED);
        pwr_worker_wake();
    }
}

void pwr_limits_report(apr_pool_t *pool, server_rec *main_server)
{
    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);

        if (self && __atomic_exchange_n(&self->limits->is_proxy_seen, 0,
                                        __ATOMIC_RELAXED)) {
            apr_pool_t *scratch;

            apr_pool_create(&scratch, pool);
            self->store->ops->proxy_seen(self->store, scratch,
                                         self->conf->realm);
            apr_pool_destroy(scratch);
        }
    }
}

/* ---- counting ---- */

static table *table_of(const pwr_server *self, pwr_limit_class limit)
{
    for (size_t i = 0; i < TABLES_N; i++) {
        if (counted[i] == limit) {
            return &self->limits->table[i];
        }
    }
    return NULL;
}

/* 0, or in how many milliseconds to come again; then nothing was taken. */
static int64_t take(const pwr_server *self, const pwr_rate *rate,
                    uint64_t key, pwr_taken *taken)
{
    table *t = table_of(self, taken->limit);
    int64_t now_ms = pwr_now_ms(), retry_ms;
    pwr_take took = pwr_tally_take(&t->tally, key, rate, now_ms, 0,
                                   &retry_ms);

    if (took == PWR_TAKE_ABSENT) {
        pwr_shared_lock(&t->lock);
        took = pwr_tally_take(&t->tally, key, rate, now_ms, 1, &retry_ms);
        pthread_mutex_unlock(&t->lock);
    }
    if (took == PWR_TAKE_FULL) {
        tell_full(self, taken->limit);
    }
    if (took == PWR_TAKE_DONE) {
        taken->key[taken->n++] = key;
        return 0;
    }
    return took == PWR_TAKE_FULL && pwr_limit_is_open(taken->limit)
        ? 0 : retry_ms;
}

/* The rate of the `i`th network of a client. */
static pwr_rate rate_of(const pwr_server *self, pwr_limit_class limit, int i)
{
    const pwr_rate *rate = &self->conf->limit[limit];

    return i == 0 ? *rate : pwr_rate_wide(rate);
}

void pwr_limits_give(const pwr_server *self, const pwr_taken *taken)
{
    for (int i = 0; i < taken->n; i++) {
        pwr_rate rate = rate_of(self, taken->limit, i);

        pwr_tally_give(&table_of(self, taken->limit)->tally, taken->key[i],
                       &rate);
    }
}

static int64_t seconds(int64_t ms)
{
    return (ms + 999) / 1000;
}

/* The header by which a proxy says that it is one, where nobody believed it:
 * mod_remoteip would have put another address in the connection's place. */
static const char *unheard_proxy(request_rec *r)
{
    static const char *const headers[] = { "X-Forwarded-For", "Forwarded" };
    const apr_sockaddr_t *client = r->useragent_addr;

    if (client != r->connection->client_addr
        || !pwr_network_is_private(client->ipaddr_ptr,
                                   (size_t)client->ipaddr_len)) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        if (apr_table_get(r->headers_in, headers[i])) {
            return headers[i];
        }
    }
    return NULL;
}

int64_t pwr_limits_take_client(request_rec *r, const pwr_server *self,
                               pwr_limit_class limit, pwr_taken *taken)
{
    const apr_sockaddr_t *client = r->useragent_addr;
    const char *proxy = unheard_proxy(r);
    pwr_network nets[PWR_NETWORKS_MAX];
    int64_t retry_ms = 0;
    int nets_n;

    memset(taken, 0, sizeof(*taken));
    taken->limit = limit;
    if (!self->conf->limit[limit].count) {
        return 0;
    }
    if (proxy) {
        tell_proxy(r, self, proxy);
        return 0;
    }
    nets_n = pwr_network_of(client->ipaddr_ptr, (size_t)client->ipaddr_len,
                            nets);
    for (int i = 0; i < nets_n && !retry_ms; i++) {
        pwr_rate rate = rate_of(self, limit, i);
        uint64_t key;

        retry_ms = pwr_crypto_place(&key, kept->place_key, nets[i].bytes,
                                    nets[i].len)
            ? RETRY_BROKEN_MS : take(self, &rate, key, taken);
    }
    if (retry_ms) {
        pwr_shared_count(self, pwr_count_of_limit(limit));
        pwr_limits_give(self, taken);
    }
    return seconds(retry_ms);
}

int64_t pwr_limits_take_account(const pwr_server *self, pwr_limit_class limit,
                                const char *user_id)
{
    const pwr_rate *rate = &self->conf->limit[limit];
    pwr_taken taken = { .limit = limit };
    uint64_t key;
    int64_t retry_ms;

    if (!rate->count) {
        return 0;
    }
    retry_ms = pwr_crypto_place(&key, kept->place_key, user_id,
                                strlen(user_id))
        ? RETRY_BROKEN_MS : take(self, rate, key, &taken);
    if (retry_ms) {
        pwr_shared_count(self, pwr_count_of_limit(limit));
    }
    return seconds(retry_ms);
}

void pwr_limits_give_account(const pwr_server *self, pwr_limit_class limit,
                             const char *user_id)
{
    pwr_taken taken = { .limit = limit, .n = 1 };

    if (!pwr_crypto_place(&taken.key[0], kept->place_key, user_id,
                          strlen(user_id))) {
        pwr_limits_give(self, &taken);
    }
}
