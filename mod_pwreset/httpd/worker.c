/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <apr_strings.h>

#include "core/crypto.h"
#include "flow/deliver.h"
#include "httpd/agenda.h"
#include "httpd/dbd.h"
#include "httpd/host.h"
#include "httpd/limits.h"
#include "httpd/shared.h"
#include "httpd/thread.h"
#include "httpd/tidy.h"

#define REST_MS 20              /* and up to 63 more */
#define TICK_MS 1000            /* lease renewal; a dead holder is noticed */
#define LEASE_MS 2000
#define SWEEPS_PROMPT 4         /* one a second after work, then ever rarer */
#define IDLE_MAX_SEC 60
#define STOP_SEC 1              /* httpd loses patience after three */
#define NO_THREAD_SEC 5         /* then a job that got none is due again */

/* Where a job becomes a mail, in a thread of its own.  All but `is_done` is
 * the dispatcher's, which makes and joins the thread. */
typedef struct slot {
    struct worker *w;
    apr_thread_t *thread;       /* NULL: the slot is free */
    apr_pool_t *pool;           /* of the job */
    pwr_errand errand;          /* in that pool */
    int is_done;                /* atomic */
} slot;

typedef struct worker {
    server_rec *main_server;
    apr_pool_t *pool;           /* of the dispatcher, with an own allocator */
    apr_thread_t *dispatcher;
    slot *slots;
    int slots_n;
    pwr_agenda *agenda;
    char owner[PWR_ID_HEX + 1]; /* this child's name in job leases */
    int generation;             /* of this child, by httpd's restarts */
    int stop_fd;                /* readable: stop */
    int cancel_fd;              /* timer; over: stop mail programs too */
} worker;

static worker *this_worker;     /* one per child */

static void wake_holder(void)
{
    uint64_t one = 1;

    if (write(pwr_shared_wake_fd(), &one, sizeof(one)) < 0) {
        return;                 /* full: it is awake already */
    }
}

/* One call will do for all who come before he has read; while every slot is
 * busy that is long, and a post need not disturb him. */
void pwr_worker_wake(void)
{
    if (!__atomic_exchange_n(&pwr_shared_memory()->lease.is_called, 1,
                             __ATOMIC_SEQ_CST)) {
        wake_holder();
    }
}

static int is_readable(int fd, int timeout_ms)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, timeout_ms) > 0;
}

static int is_stopping(const worker *w)
{
    return is_readable(w->stop_fd, 0);
}

/* Let several threads allocate from pools of this one's allocator: mod_dbd's
 * connections live in pchild, whose allocator has no lock where the MPM has no
 * threads.  Nested, as prefork ends its children out of a signal handler, which
 * may come while the main thread holds it. */
static apr_status_t share_allocator(apr_pool_t *pool)
{
    apr_allocator_t *allocator = apr_pool_allocator_get(pool);
    apr_thread_mutex_t *mutex;
    apr_status_t status;

    if (apr_allocator_mutex_get(allocator)) {
        return APR_SUCCESS;
    }
    status = apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_NESTED, pool);
    if (status == APR_SUCCESS) {
        apr_allocator_mutex_set(allocator, mutex);
    }
    return status;
}

/* ---- a slot ---- */

/* Long enough for one mail program; a job of several mails asks again. */
static int64_t job_lease_sec(const pwr_server *self)
{
    return self->conf->mail_timeout_sec + PWR_LEASE_MARGIN_SEC;
}

static void *APR_THREAD_FUNC deliver(apr_thread_t *thread, void *data)
{
    slot *s = data;
    pwr_env env = pwr_host_env(s->pool, s->errand.owner);
    const pwr_delivery delivery = {
        .job = &s->errand.job,
        .owner = s->w->owner,
        .now = s->errand.now,
        .lease_sec = job_lease_sec(s->errand.owner),
        .cancel_fd = s->w->cancel_fd,
    };

    (void)thread;
    pwr_deliver(&env, &delivery);
    __atomic_store_n(&s->is_done, 1, __ATOMIC_RELEASE);
    wake_holder();
    return NULL;
}

/* Wait for the slot's thread; its secrets go with its pool. */
static void slot_free(slot *s)
{
    apr_status_t status;

    apr_thread_join(&status, s->thread);
    apr_pool_destroy(s->pool);
    s->thread = NULL;
}

static void slots_free_done(worker *w)
{
    for (slot *s = w->slots; s < w->slots + w->slots_n; s++) {
        if (s->thread && __atomic_load_n(&s->is_done, __ATOMIC_ACQUIRE)) {
            slot_free(s);
        }
    }
}

/* A slot that can take a job; NULL when all are at work. */
static slot *slot_find(const worker *w)
{
    for (slot *s = w->slots; s < w->slots + w->slots_n; s++) {
        if (!s->thread) {
            return s;
        }
    }
    return NULL;
}

static void copy_errand(slot *s, const pwr_errand *errand)
{
    pwr_job *job = &s->errand.job;

    s->errand = *errand;
    job->realm = apr_pstrdup(s->pool, job->realm);
    job->identifier = apr_pstrdup(s->pool, job->identifier);
    job->user_id = apr_pstrdup(s->pool, job->user_id);
    job->login = apr_pstrdup(s->pool, job->login);
    job->recipient = apr_pstrdup(s->pool, job->recipient);
    job->language = apr_pstrdup(s->pool, job->language);
    job->address = apr_pstrdup(s->pool, job->address);
    job->agent = apr_pstrdup(s->pool, job->agent);
    job->error = apr_pstrdup(s->pool, job->error);
    job->tries++;               /* this one */
}

/* Jobs are only claimed for a slot that is free: one that waited here would
 * wait behind a mail program that hangs, while its lease runs out. */
static apr_status_t slot_start(slot *s, const pwr_errand *errand)
{
    apr_status_t status = APR_ENOMEM;

    s->pool = pwr_host_pool();
    if (s->pool) {
        s->is_done = 0;
        copy_errand(s, errand);
        status = apr_thread_create(&s->thread, NULL, deliver, s, s->pool);
    }
    if (status != APR_SUCCESS) {
        s->thread = NULL;
        if (s->pool) {
            apr_pool_destroy(s->pool);
        }
    }
    return status;
}

/* A job that was claimed in vain need not wait for the end of its lease. */
static void put_back(const worker *w, apr_pool_t *pool, pwr_server *self,
                     const pwr_job *job, apr_status_t why)
{
    char reason[120];

    pwr_diag_tell(&self->diag, PWR_DIAG_ERROR("PWR0062", ""), "job %s: no "
                  "thread can be started for its mail (%s); it is tried again "
                  "in %d s: raise the process and memory limits of httpd's "
                  "user", job->id, apr_strerror(why, reason, sizeof(reason)),
                  NO_THREAD_SEC);
    self->store->ops->job_retry(self->store, pool, job, w->owner,
                                NO_THREAD_SEC, "no thread could be started");
}

/* ---- the dispatcher ---- */

/* What is done next, with what is at work already in mind. */
static pwr_errand *next_errand(worker *w)
{
    pwr_errand *held[PWR_AGENDA_HELD_MAX];
    int held_n = 0;

    for (slot *s = w->slots; s < w->slots + w->slots_n; s++) {
        if (s->thread) {
            held[held_n++] = &s->errand;
        }
    }
    return pwr_agenda_next(w->agenda, held, held_n);
}

static int is_at_work(const worker *w, const pwr_job *job)
{
    for (const slot *s = w->slots; s < w->slots + w->slots_n; s++) {
        if (s->thread && strcmp(s->errand.job.id, job->id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* A lease that ended while its job is still done here is no reason to do it
 * beside that. */
static apr_status_t claim(const worker *w, apr_pool_t *pool,
                          const pwr_errand *errand, int *mine)
{
    pwr_server *owner = errand->owner;

    *mine = 0;
    return is_at_work(w, &errand->job) ? APR_SUCCESS
        : owner->store->ops->job_claim(owner->store, pool, &errand->job,
                                       w->owner, job_lease_sec(owner), mine);
}

/* Claim what can be done now; returns how many jobs were claimed. */
static int dispatch(worker *w, apr_pool_t *pool)
{
    int claimed = 0;
    pwr_errand *errand;
    slot *s;

    while (!is_stopping(w) && (s = slot_find(w))
           && (errand = next_errand(w))) {
        int mine;
        apr_status_t status = claim(w, pool, errand, &mine);

        pwr_agenda_taken(w->agenda, errand, mine);
        claimed += mine;
        if (status != APR_SUCCESS) {
            pwr_agenda_drop(w->agenda, errand->owner);
        }
        else if (mine && (status = slot_start(s, errand)) != APR_SUCCESS) {
            /* The next one would fare no better: all are read again. */
            put_back(w, pool, errand->owner, &errand->job, status);
            pwr_agenda_clear(w->agenda);
            break;
        }
    }
    return claimed;
}

/* Do something with each store, in a pool of its own; the sum of what came of
 * it. */
static int each_store(worker *w, int (*act)(worker *, apr_pool_t *,
                                            pwr_server *))
{
    int sum = 0;

    for (server_rec *s = w->main_server; s && !is_stopping(w); s = s->next) {
        pwr_server *self = pwr_server_active(s);

        if (self && pwr_server_is_first_of_store(w->main_server, self)) {
            apr_pool_t *pool;

            apr_pool_create(&pool, w->pool);
            sum += act(w, pool, self);
            apr_pool_destroy(pool);
        }
    }
    return sum;
}

static int read_store(worker *w, apr_pool_t *pool, pwr_server *self)
{
    (void)pool;
    return pwr_agenda_read(w->agenda, w->main_server, self);
}

/* A random while before new jobs are looked for: what follows a request on the
 * same connection does not meet what is done for it. */
static void rest(const worker *w)
{
    unsigned char random = 0;

    if (pwr_crypto_random(&random, 1) == APR_SUCCESS) {
        is_readable(w->stop_fd, REST_MS + random / 4);
    }
}

/* Do what is due; returns zero when there is nothing.  What is due is not read
 * while nobody could do it: a backlog is long just then. */
static int sweep(worker *w)
{
    apr_pool_t *pool;
    int claimed;

    if (slot_find(w) && pwr_agenda_is_stale(w->agenda, TICK_MS)) {
        pwr_agenda_clear(w->agenda);
        rest(w);
        __atomic_store_n(&pwr_shared_memory()->lease.is_called, 0,
                         __ATOMIC_SEQ_CST);
        each_store(w, read_store);
    }
    apr_pool_create(&pool, w->pool);
    claimed = dispatch(w, pool);
    apr_pool_destroy(pool);
    return claimed + pwr_agenda_left(w->agenda);
}

/* Take or renew this host's lease; zero when another child has it.  One of an
 * earlier generation is about to end: were it waited for, restarts that follow
 * one another would leave nobody the time to do anything. */
static int hold_lease(const worker *w)
{
    pwr_lease *lease = &pwr_shared_memory()->lease;
    int64_t now_ms = pwr_now_ms();
    int mine;

    pwr_shared_lock(&lease->lock);
    mine = lease->holder == getpid() || now_ms > lease->until_ms
        || lease->generation < w->generation;
    if (mine) {
        lease->holder = getpid();
        lease->generation = w->generation;
        lease->until_ms = now_ms + LEASE_MS;
    }
    pthread_mutex_unlock(&lease->lock);
    return mine;
}

static void release_lease(void)
{
    pwr_lease *lease = &pwr_shared_memory()->lease;

    pwr_shared_lock(&lease->lock);
    if (lease->holder == getpid()) {
        lease->until_ms = pwr_now_ms() - 1;
    }
    pthread_mutex_unlock(&lease->lock);
}

/* Sleep a tick, or until there is a job (holder only) or we are to stop.
 * Returns non-zero when woken by a job, or called by one who died before he
 * could wake anybody, and so at each tick while every slot is busy. */
static int nap(const worker *w, int is_holder)
{
    struct pollfd fds[2] = {
        { .fd = w->stop_fd, .events = POLLIN },
        { .fd = pwr_shared_wake_fd(), .events = POLLIN },
    };
    uint64_t count;

    poll(fds, is_holder ? 2 : 1, TICK_MS);
    return is_holder
        && (((fds[1].revents & POLLIN)
             && read(fds[1].fd, &count, sizeof(count)) > 0)
            || __atomic_load_n(&pwr_shared_memory()->lease.is_called,
                               __ATOMIC_RELAXED));
}

static int64_t idle_ms(int quiet_sweeps)
{
    int64_t sec = 1;

    for (int i = SWEEPS_PROMPT; i < quiet_sweeps && sec < IDLE_MAX_SEC; i++) {
        sec *= 2;
    }
    return (sec < IDLE_MAX_SEC ? sec : IDLE_MAX_SEC) * 1000;
}

/* One round of all there is to do; returns when the next one is due. */
static int64_t round_of(worker *w, int *quiet_sweeps)
{
    int is_untidy;

    pwr_limits_report(w->pool, w->main_server);
    *quiet_sweeps = sweep(w) > 0 ? 0 : *quiet_sweeps + 1;
    __atomic_store_n(&pwr_shared_memory()->lease.swept_ms,
                     pwr_now_ms(), __ATOMIC_RELAXED);
    is_untidy = pwr_tidy(w->pool, w->main_server, w->stop_fd);
    return pwr_now_ms()
        + (is_untidy ? 0 : idle_ms(*quiet_sweeps) - TICK_MS / 2);
}

static void *APR_THREAD_FUNC dispatcher(apr_thread_t *thread, void *data)
{
    worker *w = data;
    int64_t next_ms = 0;
    int quiet_sweeps = 0, is_holder = 0, is_woken = 0;

    (void)thread;
    while (!is_stopping(w)) {
        int was_holder = is_holder;

        slots_free_done(w);
        pwr_dbd_cool(w->main_server, 0);
        is_holder = hold_lease(w);
        /* A holder that died may have taken the call with it. */
        if (is_woken || is_holder > was_holder) {
            quiet_sweeps = 0;
            next_ms = 0;
        }
        if (is_holder && pwr_now_ms() >= next_ms) {
            next_ms = round_of(w, &quiet_sweeps);
        }
        is_woken = nap(w, is_holder);
    }
    release_lease();
    pwr_dbd_cool(w->main_server, 1);
    return NULL;
}

/* ---- start and stop ---- */

/* prefork calls every end of a child ungraceful, one by MaxConnectionsPerChild
 * too: so the programs always get a moment to end by themselves. */
static void stop(const worker *w, int graceful)
{
    const struct itimerspec moment = { .it_value = { .tv_sec = STOP_SEC } };
    uint64_t one = 1;

    if (!graceful) {
        timerfd_settime(w->cancel_fd, 0, &moment, NULL);
    }
    if (write(w->stop_fd, &one, sizeof(one)) < 0) {
        return;                 /* it is readable already */
    }
}

static void worker_free(worker *w)
{
    close(w->stop_fd);
    close(w->cancel_fd);
    apr_pool_destroy(w->pool);
}

/* Before pchild's own pools die: nobody of ours runs in them any more. */
static apr_status_t join(void *data)
{
    worker *w = data;
    apr_status_t status;

    if (!is_stopping(w)) {
        stop(w, 0);             /* a child that ends without the hook */
    }
    apr_thread_join(&status, w->dispatcher);
    for (slot *s = w->slots; s < w->slots + w->slots_n; s++) {
        if (s->thread) {
            slot_free(s);
        }
    }
    worker_free(w);
    this_worker = NULL;
    return APR_SUCCESS;
}

static apr_status_t prepare(worker *w)
{
    w->stop_fd = eventfd(0, EFD_CLOEXEC);
    w->cancel_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (w->stop_fd < 0 || w->cancel_fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    ap_mpm_query(AP_MPMQ_GENERATION, &w->generation);
    w->slots_n = pwr_server_of(w->main_server)->conf->mail_slots;
    w->agenda = pwr_agenda_make(w->pool, w->main_server, w->slots_n);
    w->slots = apr_pcalloc(w->pool, sizeof(*w->slots) * (size_t)w->slots_n);
    for (int i = 0; i < w->slots_n; i++) {
        w->slots[i].w = w;
    }
    return pwr_crypto_id(w->owner);
}

void pwr_worker_start(apr_pool_t *pchild, server_rec *main_server)
{
    worker *w;
    apr_pool_t *pool;
    apr_status_t status;

    if (!pwr_server_any_active(main_server) || !(pool = pwr_host_pool())) {
        return;
    }
    w = apr_pcalloc(pool, sizeof(*w));
    w->main_server = main_server;
    w->pool = pool;
    status = prepare(w);
    if (status == APR_SUCCESS) {
        status = share_allocator(pchild);
    }
    if (status == APR_SUCCESS) {
        status = pwr_thread_start(&w->dispatcher, dispatcher, w, w->pool);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                     PWR_LOG("PWR0061") "the thread that sends mails cannot "
                     "be started in this child; those of others will send "
                     "them: raise the process and open file limits of "
                     "httpd's user");
        worker_free(w);
        return;
    }
    this_worker = w;
    apr_pool_pre_cleanup_register(pchild, w, join);
}

void pwr_worker_stop(apr_pool_t *pchild, int graceful)
{
    (void)pchild;
    if (this_worker) {
        stop(this_worker, graceful);
    }
}
