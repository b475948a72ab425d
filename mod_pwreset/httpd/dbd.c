/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/dbd.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* mod_dbd.h needs the driver types first. */
#include <apr_dbd.h>
#include <apr_strings.h>
#include <mod_dbd.h>

#include "httpd/shared.h"

#define DBD_MAX_DEFAULT 10      /* of mod_dbd */
#define WAIT_MS 250
#define BREAKER_MS 1000
#define STALE_TRIES_MS 2000
#define LENDERS_KEY "pwreset-lenders"

/* One pool as we see it, in each child.  The counts are ours: mod_dbd shows
 * none. */
typedef struct lender {
    struct lender *next;
    server_rec *server;         /* the first of those that share it */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int lent;
    int lent_max;               /* DBDMax */
    int seat;                   /* in shared memory */
    int idle;                   /* given back and probably still open */
    int is_connecting;
    int is_away;                /* said so in the log */
    int64_t closed_until_ms;    /* the breaker is open until then */
    int64_t told_ms;            /* that all connections are lent */
} lender;

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) *dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) *dbd_close;

int pwr_dbd_is_loaded(void)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    return dbd_open && dbd_close;
}

/* A connection on loan. */
typedef struct loan {
    ap_dbd_t *rec;
    int64_t begun_usec;
} loan;

static pwr_pool_life *life_of(const lender *l)
{
    return &pwr_shared_memory()->pool[l->seat];
}

/* Wait for a change until `deadline_ms`; zero when it has passed. */
static int wait_change(lender *l, int64_t deadline_ms)
{
    struct timespec ts = {
        .tv_sec = deadline_ms / 1000,
        .tv_nsec = deadline_ms % 1000 * 1000000,
    };

    return pthread_cond_timedwait(&l->changed, &l->lock, &ts) != ETIMEDOUT;
}

/* A database that is away says so itself, and is why they do not come back. */
static void tell_busy(lender *l)
{
    if (l->lent == l->lent_max && !l->is_away
        && pwr_shared_may_tell(&l->told_ms)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, l->server,
                     PWR_LOG("PWR0023") "all %d connections of DBDMax were in "
                     "use for %d ms, and a request is told to come again: "
                     "raise DBDMax, or see what makes the database slow",
                     l->lent_max, WAIT_MS);
    }
}

/* Take a place in front of the pool.  `*may_connect` says that the pool has
 * probably no open connection left and this thread is the one to connect. */
static apr_status_t enter(lender *l, int *may_connect)
{
    int64_t deadline_ms = pwr_shared_now_ms() + WAIT_MS;
    int in_time = 1;

    pthread_mutex_lock(&l->lock);
    while (in_time && pwr_shared_now_ms() >= l->closed_until_ms
           && (l->lent == l->lent_max
               || (l->idle == 0 && l->is_connecting))) {
        in_time = wait_change(l, deadline_ms);
    }
    if (!in_time || pwr_shared_now_ms() < l->closed_until_ms) {
        tell_busy(l);
        pthread_mutex_unlock(&l->lock);
        if (!in_time) {
            __atomic_fetch_add(&life_of(l)->busy, 1, __ATOMIC_RELAXED);
        }
        return PWR_STORE_AWAY;
    }
    l->lent++;
    *may_connect = l->idle == 0;
    if (l->idle > 0) {
        l->idle--;
    }
    else {
        l->is_connecting = 1;
    }
    pthread_mutex_unlock(&l->lock);
    return APR_SUCCESS;
}

static void say_away(lender *l)
{
    if (!l->is_away) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, l->server,
                     PWR_LOG("PWR0021") "the database cannot be reached; our "
                     "pages answer 503 until it can: see the message of "
                     "mod_dbd above, and check DBDParams and the database");
    }
    l->is_away = 1;
}

static void say_back(lender *l)
{
    if (l->is_away) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, l->server,
                     PWR_LOG("PWR0022") "the database is back");
    }
    l->is_away = 0;
}

/* For the status page, of all children: one that cannot connect says so for
 * all, and so does one that can. */
static void note_opened(const lender *l, int opened)
{
    pwr_pool_life *life = life_of(l);
    int64_t since_ms = __atomic_load_n(&life->away_since_ms,
                                       __ATOMIC_RELAXED);

    if (opened && since_ms) {
        __atomic_store_n(&life->away_since_ms, 0, __ATOMIC_RELAXED);
    }
    if (!opened) {
        __atomic_fetch_add(&life->failures, 1, __ATOMIC_RELAXED);
    }
    if (!opened && !since_ms) {
        __atomic_store_n(&life->away_since_ms, pwr_shared_now_ms(),
                         __ATOMIC_RELAXED);
    }
}

static void note_lent(const lender *l, loan *given, int64_t asked_usec)
{
    pwr_pool_life *life = life_of(l);

    given->begun_usec = pwr_shared_now_usec();
    __atomic_store_n(&life->borrow_usec, given->begun_usec - asked_usec,
                     __ATOMIC_RELAXED);
    __atomic_fetch_add(&life->uses, 1, __ATOMIC_RELAXED);
    pwr_shared_lend(l->seat, 1);
}

static void note_back(const lender *l, const loan *given, int broken)
{
    pwr_pool_life *life = life_of(l);
    int64_t now_usec = pwr_shared_now_usec();

    if (!broken) {
        __atomic_store_n(&life->use_usec, now_usec - given->begun_usec,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&life->used_ms, now_usec / 1000, __ATOMIC_RELAXED);
    }
    pwr_shared_lend(l->seat, -1);
}

static void leave(lender *l, int may_connect, int opened)
{
    note_opened(l, opened);
    pthread_mutex_lock(&l->lock);
    if (may_connect) {
        l->is_connecting = 0;
    }
    if (opened) {
        say_back(l);
    }
    else {
        say_away(l);
        l->lent--;
        l->closed_until_ms = pwr_shared_now_ms() + BREAKER_MS;
    }
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

/* ap_dbd_open answers NULL once for every connection that a restart of the
 * database left stale in the pool, so it is asked again while some are left. */
static ap_dbd_t *open_fresh(lender *l, apr_pool_t *pool)
{
    int64_t deadline_ms = pwr_shared_now_ms() + STALE_TRIES_MS;
    ap_dbd_t *rec = dbd_open(pool, l->server);
    int stale = 1;

    while (!rec && stale && pwr_shared_now_ms() < deadline_ms) {
        pthread_mutex_lock(&l->lock);
        stale = l->idle > 0;
        l->idle -= stale;
        pthread_mutex_unlock(&l->lock);
        rec = dbd_open(pool, l->server);
    }
    return rec;
}

static apr_status_t borrow(void *baton, apr_pool_t *pool, pwr_dbd_conn *conn)
{
    lender *l = baton;
    int64_t asked_usec = pwr_shared_now_usec();
    int may_connect;
    ap_dbd_t *rec;
    loan *given;
    apr_status_t status = enter(l, &may_connect);

    if (status != APR_SUCCESS) {
        return status;
    }
    rec = open_fresh(l, pool);
    leave(l, may_connect, rec != NULL);
    if (!rec) {
        return PWR_STORE_AWAY;
    }
    given = apr_palloc(pool, sizeof(*given));
    given->rec = rec;
    note_lent(l, given, asked_usec);
    *conn = (pwr_dbd_conn){
        .driver = rec->driver,
        .handle = rec->handle,
        .pool = rec->pool,
        .loan = given,
    };
    return APR_SUCCESS;
}

/* A broken connection needs nothing special: mod_dbd pings before it lends one
 * again, and with reconnect=0 the ping fails. */
static void give_back(void *baton, pwr_dbd_conn *conn, int broken)
{
    lender *l = baton;
    const loan *given = conn->loan;

    note_back(l, given, broken);
    dbd_close(l->server, given->rec);
    pthread_mutex_lock(&l->lock);
    l->lent--;
    l->idle++;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

static int connections_max(const pwr_server *self)
{
    return self->dbd_max > 0 ? self->dbd_max : DBD_MAX_DEFAULT;
}

/* As mod_dbd groups vhosts: equal parameters, one pool. */
static int is_same_pool(const pwr_server *a, const pwr_server *b)
{
    return strcmp(a->dbd_driver, b->dbd_driver) == 0
        && strcmp(a->dbd_params, b->dbd_params) == 0
        && connections_max(a) == connections_max(b);
}

static lender *make_lender(apr_pool_t *pool, server_rec *server)
{
    lender *l = apr_pcalloc(pool, sizeof(*l));
    pthread_condattr_t monotonic;

    l->server = server;
    l->lent_max = connections_max(pwr_server_of(server));
    pthread_mutex_init(&l->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return l;
}

pwr_dbd_lender pwr_dbd_lender_for(apr_pool_t *pconf, server_rec *server)
{
    const pwr_server *self = pwr_server_of(server);
    void *first = NULL;
    lender *l;

    apr_pool_userdata_get(&first, LENDERS_KEY, pconf);
    l = first;
    while (l && !is_same_pool(pwr_server_of(l->server), self)) {
        l = l->next;
    }
    if (!l) {
        l = make_lender(pconf, server);
        l->next = first;
        apr_pool_userdata_setn(l, LENDERS_KEY, NULL, pconf);
    }
    return (pwr_dbd_lender){ borrow, give_back, l };
}

static apr_status_t find_seat(apr_pool_t *pool, lender *l)
{
    const pwr_server *self = pwr_server_of(l->server);
    const char *const parts[] = {
        "pool", self->dbd_driver, self->dbd_params,
        apr_itoa(pool, l->lent_max)
    };
    char key[PWR_DIGEST_HEX + 1];
    apr_status_t status = pwr_crypto_fingerprint(
        key, parts, sizeof(parts) / sizeof(*parts));

    l->seat = status == APR_SUCCESS ? pwr_shared_pool(key) : 0;
    return status;
}

apr_status_t pwr_dbd_seat(apr_pool_t *pconf, server_rec *main_server)
{
    apr_status_t status = APR_SUCCESS;
    void *first = NULL;

    apr_pool_userdata_get(&first, LENDERS_KEY, pconf);
    for (lender *l = first; l && status == APR_SUCCESS; l = l->next) {
        status = find_seat(pconf, l);
        for (server_rec *s = main_server; s; s = s->next) {
            pwr_server *self = pwr_server_active(s);

            if (self && is_same_pool(pwr_server_of(l->server), self)) {
                self->pool = l->seat;
            }
        }
    }
    return status;
}

int pwr_dbd_max(const pwr_server *self)
{
    return connections_max(self);
}
