/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/dbd.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* mod_dbd.h needs the driver types first. */
#include <apr_dbd.h>
#include <apr_strings.h>
#include <mod_dbd.h>

#include "httpd/dbd_parts.h"
#include "httpd/log.h"
#include "httpd/shared.h"
#include "httpd/thread.h"

#define DBD_MAX_DEFAULT 10      /* of mod_dbd */
#define WAIT_MS 250
#define BREAKER_MS 1000
#define TRY_MS 3000             /* longer than connect-timeout may be */
#define STALE_TRIES_MS 2000
#define NEW_MS 10000
#define WARM_MS 100
#define LENDERS_KEY "pwreset-lenders"
#define LINE_KEY "pwreset-line"
#define OUTAGE_BYTES 21         /* of a 64-bit number */

static APR_OPTIONAL_FN_TYPE(ap_dbd_open) *dbd_open;
static APR_OPTIONAL_FN_TYPE(ap_dbd_close) *dbd_close;

int pwr_dbd_is_loaded(void)
{
    dbd_open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    dbd_close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    return dbd_open && dbd_close;
}

pwr_pool_life *pwr_lender_life(const pwr_lender *l)
{
    return &pwr_shared_memory()->pool[l->seat];
}

pwr_lender *pwr_lender_first(const server_rec *server)
{
    void *first = NULL;

    apr_pool_userdata_get(&first, LENDERS_KEY, server->process->pconf);
    return first;
}

/* A database that is away says so itself, and is why they do not come back. */
static void tell_busy(pwr_lender *l)
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

/* Lines that are there for the taking. */
static int free_lines(const pwr_lender *l)
{
    return l->idle - l->promised;
}

static void add_loan(pwr_lender *l, pwr_loan *given)
{
    given->begun_usec = given->asked_usec = pwr_now_usec();
    given->next = l->loans;
    l->loans = given;
}

static void drop_loan(pwr_lender *l, const pwr_loan *given)
{
    pwr_loan **at = &l->loans;

    while (*at != given) {
        at = &(*at)->next;
    }
    *at = given->next;
}

/* While the database is away one child tries for all: where a process has one
 * thread (prefork), each of them would hang in an attempt of its own. */
static int may_connect(const pwr_lender *l)
{
    pwr_pool_life *life = pwr_lender_life(l);
    int64_t now_ms = pwr_now_ms();
    int64_t until_ms = __atomic_load_n(&life->untried_until_ms,
                                       __ATOMIC_RELAXED);

    return !__atomic_load_n(&life->away_since_ms, __ATOMIC_RELAXED)
        || (now_ms >= until_ms
            && __atomic_compare_exchange_n(&life->untried_until_ms, &until_ms,
                                           now_ms + TRY_MS, 0,
                                           __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED));
}

static void note_lent(const pwr_lender *l, pwr_loan *given)
{
    pwr_pool_life *life = pwr_lender_life(l);
    int64_t now_usec = pwr_now_usec();

    __atomic_store_n(&life->borrow_usec, now_usec - given->begun_usec,
                     __ATOMIC_RELAXED);
    __atomic_fetch_add(&life->uses, 1, __ATOMIC_RELAXED);
    pwr_shared_lend(l->seat, 1);
    given->begun_usec = now_usec;
    __atomic_store_n(&given->asked_usec, now_usec, __ATOMIC_RELAXED);
}

static void note_back(const pwr_lender *l, const pwr_loan *given, int broken)
{
    pwr_pool_life *life = pwr_lender_life(l);
    int64_t now_usec = pwr_now_usec();

    if (!broken) {
        __atomic_store_n(&life->use_usec, now_usec - given->begun_usec,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&life->used_ms, now_usec / 1000, __ATOMIC_RELAXED);
    }
    pwr_shared_lend(l->seat, -1);
}

/* Give out the one that was used last; its caller has the lock. */
static void take_warm(pwr_lender *l, pwr_loan *given)
{
    given->line = l->warm;
    l->warm = l->warm->next_warm;
    l->warm_n--;
    l->lent++;
    add_loan(l, given);
    note_lent(l, given);
}

/* Take a connection that is at hand, or a place in front of the pool.  When
 * that has no open connection left, this thread is the one to connect. */
static apr_status_t enter(pwr_lender *l, pwr_loan *given)
{
    int64_t deadline_ms = pwr_now_ms() + WAIT_MS;
    int in_time = 1;

    pthread_mutex_lock(&l->lock);
    while (in_time && pwr_now_ms() >= l->closed_until_ms && !l->warm
           && (l->lent == l->lent_max
               || (free_lines(l) <= 0 && l->is_connecting))) {
        in_time = pwr_thread_wait(&l->changed, &l->lock, 1000 * deadline_ms);
    }
    if (!in_time || pwr_now_ms() < l->closed_until_ms) {
        tell_busy(l);
        pthread_mutex_unlock(&l->lock);
        if (!in_time) {
            __atomic_fetch_add(&pwr_lender_life(l)->busy, 1, __ATOMIC_RELAXED);
        }
        return PWR_STORE_AWAY;
    }
    if (l->warm) {
        take_warm(l, given);
        pthread_mutex_unlock(&l->lock);
        return APR_SUCCESS;
    }
    if (free_lines(l) <= 0 && !may_connect(l)) {
        pthread_mutex_unlock(&l->lock);
        return PWR_STORE_AWAY;
    }
    l->lent++;
    given->is_connecting = free_lines(l) <= 0;
    l->promised += !given->is_connecting;
    l->is_connecting |= given->is_connecting;
    add_loan(l, given);
    pthread_mutex_unlock(&l->lock);
    return APR_SUCCESS;
}

void pwr_lender_tell(const pwr_lender *l, const char *id, const char *text)
{
    const pwr_diag diag = pwr_log_for(l->server);
    char outage[OUTAGE_BYTES];
    pwr_diag_tale tale = *PWR_DIAG_SHARED(id, outage);

    apr_snprintf(outage, sizeof(outage), "%" APR_UINT64_T_FMT,
                 __atomic_load_n(&pwr_lender_life(l)->outages,
                                 __ATOMIC_RELAXED));
    pwr_diag_tell(&diag, &tale, "%s", text);
}

static void say_away(const pwr_lender *l)
{
    pwr_lender_tell(l, "PWR0021", "the database cannot be reached; our pages "
                    "answer 503 until it can: see the message of mod_dbd "
                    "above, and check DBDParams and the database");
}

/* Nobody asks for a while, of other children nobody who would have to connect.
 * For the status page, a child that cannot connect says so for all. */
static void open_breaker(pwr_lender *l)
{
    pwr_pool_life *life = pwr_lender_life(l);

    l->is_away = 1;
    l->closed_until_ms = pwr_now_ms() + BREAKER_MS;
    __atomic_store_n(&life->untried_until_ms, l->closed_until_ms,
                     __ATOMIC_RELAXED);
    __atomic_fetch_add(&life->failures, 1, __ATOMIC_RELAXED);
    if (!__atomic_load_n(&life->away_since_ms, __ATOMIC_RELAXED)) {
        __atomic_store_n(&life->away_since_ms, pwr_now_ms(),
                         __ATOMIC_RELAXED);
    }
}

/* Has nobody been answered since?  Else it is back, or it is a row that
 * somebody keeps, which is no reason to turn everybody away. */
static int is_unanswered(const pwr_lender *l, const pwr_loan *given)
{
    return l->answered_usec < given->begun_usec;
}

/* It answers, and that holds for all children. */
static void note_answer(pwr_lender *l)
{
    pwr_pool_life *life = pwr_lender_life(l);

    l->answered_usec = pwr_now_usec();
    l->is_away = 0;
    if (__atomic_load_n(&life->away_since_ms, __ATOMIC_RELAXED)
        && __atomic_exchange_n(&life->away_since_ms, 0, __ATOMIC_RELAXED)) {
        __atomic_fetch_add(&life->outages, 1, __ATOMIC_RELAXED);
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, l->server,
                     PWR_LOG("PWR0022") "the database is back");
    }
}

/* The connection closes: mod_dbd's doing, whoever has it. */
static apr_status_t drop_line(void *data)
{
    pwr_line *gone = data;
    pwr_lender *l = gone->owner;
    pwr_line **at = &l->lines;

    pthread_mutex_lock(&l->lock);
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    l->idle -= !gone->is_lent;
    pthread_mutex_unlock(&l->lock);
    if (gone->fd >= 0) {
        close(gone->fd);
    }
    return APR_SUCCESS;
}

static int is_server(const ap_dbd_t *rec)
{
    return strcmp(apr_dbd_name(rec->driver), "mysql") == 0;
}

/* A duplicate of the connection's socket, which stays that socket whatever the
 * driver does with its own; -1: no driver of a server, or one of a client
 * library that does not tell. */
static int socket_of(const ap_dbd_t *rec)
{
    int (*get_socket)(void *mysql);
    int fd;

    if (!is_server(rec)) {
        return -1;
    }
    /* apr loads its drivers for all to see. */
    *(void **)&get_socket = dlsym(RTLD_DEFAULT, "mysql_get_socket");
    if (!get_socket) {
        return -1;
    }
    fd = get_socket(apr_dbd_native_handle(rec->driver, rec->handle));
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void say_blind(const pwr_lender *l)
{
    const pwr_diag diag = pwr_log_for(l->server);
    const pwr_diag_tale tale = { "PWR0026", PWR_LEVEL_WARNING,
                                 PWR_LEVEL_DEBUG, "", 1 };

    pwr_diag_tell(&diag, &tale, "the socket of a connection to the database "
                  "is not known: should the database hang, requests hang with "
                  "it; the client library must be MariaDB's, and httpd be "
                  "allowed more open files");
}

/* What we know of this connection, opened for `pool`.  `l->lock` is not held:
 * making one that is new asks the driver. */
static pwr_line *find_line(pwr_lender *l, ap_dbd_t *rec, apr_pool_t *pool)
{
    void *known = NULL;
    pwr_line *made;

    apr_pool_userdata_get(&known, LINE_KEY, rec->pool);
    if (known) {
        return known;
    }
    made = apr_palloc(rec->pool, sizeof(*made));
    *made = (pwr_line){
        .owner = l, .rec = rec, .fd = socket_of(rec), .made_ms = pwr_now_ms(),
        .is_of_request = apr_pool_is_ancestor(pool, rec->pool)
    };
    if (made->fd < 0 && is_server(rec)) {
        say_blind(l);
    }
    pthread_mutex_lock(&l->lock);
    made->next = l->lines;
    l->lines = made;
    l->idle++;
    pthread_mutex_unlock(&l->lock);
    apr_pool_userdata_setn(made, LINE_KEY, NULL, rec->pool);
    apr_pool_cleanup_register(rec->pool, made, drop_line,
                              apr_pool_cleanup_null);
    return made;
}

/* The search is over; `found` is NULL when it was in vain. */
static void leave(pwr_lender *l, pwr_loan *given, pwr_line *found)
{
    pthread_mutex_lock(&l->lock);
    if (given->is_connecting) {
        l->is_connecting = 0;
    }
    else {
        l->promised--;
    }
    if (found) {
        found->is_lent = 1;
        found->tried_ms = pwr_now_ms();
        l->idle--;
        given->line = found;
        note_lent(l, given);
    }
    else {
        drop_loan(l, given);
        l->lent--;
        if (is_unanswered(l, given)) {
            say_away(l);
            open_breaker(l);
        }
    }
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

/* ap_dbd_open answers NULL once for every connection that a restart of the
 * database left stale in the pool, so it is asked again while some are left. */
static ap_dbd_t *open_fresh(pwr_lender *l, apr_pool_t *pool)
{
    int64_t deadline_ms = pwr_now_ms() + STALE_TRIES_MS;
    ap_dbd_t *rec = dbd_open(pool, l->server);
    int stale = 1;

    while (!rec && stale && pwr_now_ms() < deadline_ms) {
        pthread_mutex_lock(&l->lock);
        stale = l->idle > 0;
        pthread_mutex_unlock(&l->lock);
        rec = dbd_open(pool, l->server);
    }
    return rec;
}

static apr_status_t borrow(void *baton, apr_pool_t *pool, pwr_dbd_conn *conn)
{
    pwr_lender *l = baton;
    pwr_loan *given = apr_pcalloc(pool, sizeof(*given));
    apr_status_t status = enter(l, given);
    ap_dbd_t *rec;

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!given->line) {
        rec = open_fresh(l, pool);
        leave(l, given, rec ? find_line(l, rec, pool) : NULL);
    }
    if (!given->line) {
        return PWR_STORE_AWAY;
    }
    rec = given->line->rec;
    *conn = (pwr_dbd_conn){
        .driver = rec->driver,
        .handle = rec->handle,
        .pool = rec->pool,
        .loan = given,
        .asked_usec = &given->asked_usec,
    };
    return APR_SUCCESS;
}

int pwr_line_cut(const pwr_line *of)
{
    return of->fd >= 0 && shutdown(of->fd, SHUT_RDWR) == 0;
}

/* mod_dbd asks the database before it lends a connection, which is a round
 * trip for each of our statements' one or two.  One that it tried WARM_MS ago
 * at most stays at hand for the next of ours; no longer, as others who use this
 * pool wait for it, and half of the pool at most.  Should it have died since,
 * the work is repeated with another one. */
static int may_stay_warm(const pwr_lender *l, const pwr_line *line)
{
    return l->is_cooled && line->fd >= 0 && !line->is_of_request
        && l->warm_n < l->lent_max / 2
        && pwr_now_ms() - line->tried_ms < WARM_MS;
}

static void keep_warm(pwr_lender *l, pwr_line *line)
{
    line->next_warm = l->warm;
    l->warm = line;
    l->warm_n++;
    l->lent--;
    pthread_cond_signal(&l->changed);
}

/* Back to mod_dbd, which may take its time: the caller has the lock, and has it
 * again, but not meanwhile. */
static void return_line(pwr_lender *l, pwr_line *line)
{
    line->is_lent = 0;
    l->idle++;
    pthread_mutex_unlock(&l->lock);
    dbd_close(l->server, line->rec);
    pthread_mutex_lock(&l->lock);
    l->lent--;
    pthread_cond_signal(&l->changed);
}

/* One that is kept at hand since before then; NULL: there is none. */
static pwr_line *take_cold(pwr_lender *l, int64_t before_ms)
{
    pwr_line **at = &l->warm, *line;

    while (*at && (*at)->tried_ms >= before_ms) {
        at = &(*at)->next_warm;
    }
    line = *at;
    if (line) {
        *at = line->next_warm;
        l->warm_n--;
        l->lent++;
    }
    return line;
}

void pwr_dbd_cool(const server_rec *main_server, int for_good)
{
    int64_t before_ms = for_good ? INT64_MAX : pwr_now_ms() - WARM_MS;

    for (pwr_lender *l = pwr_lender_first(main_server); l; l = l->next) {
        pwr_line *line;

        pthread_mutex_lock(&l->lock);
        l->is_cooled = !for_good;
        while ((line = take_cold(l, before_ms))) {
            return_line(l, line);
        }
        pthread_mutex_unlock(&l->lock);
    }
}

/* mod_dbd pings what went back to it before it lends it again, and with
 * reconnect=0 the ping of a broken one fails.  One that leads to a node which
 * takes no changes any more would be answered for ever, so it is made to fail;
 * not one that is new, as that leads to whoever is in front now, and mod_dbd
 * complains of each. */
static void give_back(void *baton, pwr_dbd_conn *conn, int broken)
{
    pwr_lender *l = baton;
    const pwr_loan *given = conn->loan;
    pwr_line *line = given->line;

    pthread_mutex_lock(&l->lock);
    note_back(l, given, broken);
    if (!broken) {
        note_answer(l);
    }
    else if (given->is_cut && is_unanswered(l, given)) {
        open_breaker(l);
    }
    drop_loan(l, given);
    if (!broken && may_stay_warm(l, line)) {
        keep_warm(l, line);
        pthread_mutex_unlock(&l->lock);
        return;
    }
    if (broken && (conn->is_open
                   || pwr_now_ms() - line->made_ms > NEW_MS)) {
        pwr_line_cut(line);
    }
    return_line(l, line);
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

static pwr_lender *make_lender(apr_pool_t *pool, server_rec *server)
{
    pwr_lender *l = apr_pcalloc(pool, sizeof(*l));
    pthread_mutexattr_t again;

    l->server = server;
    l->lent_max = connections_max(pwr_server_of(server));
    /* prefork ends its children out of a signal handler, and cleanups run in
     * it: in the thread that may hold the lock. */
    pthread_mutexattr_init(&again);
    pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&l->lock, &again);
    pthread_mutexattr_destroy(&again);
    pwr_thread_make_cond(&l->changed);
    return l;
}

pwr_dbd_lender pwr_dbd_lender_for(apr_pool_t *pconf, server_rec *server)
{
    const pwr_server *self = pwr_server_of(server);
    pwr_lender *first = pwr_lender_first(server), *l = first;

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

static apr_status_t find_seat(apr_pool_t *pool, pwr_lender *l)
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

    for (pwr_lender *l = pwr_lender_first(main_server);
         l && status == APR_SUCCESS; l = l->next) {
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
