/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/supervisor.h"

#include "httpd/dbd_parts.h"
#include "httpd/thread.h"

/* What a visitor waits for: with what is before and behind it less than three
 * seconds.  conf/pwreset-my.cnf ends statements sooner, and says why. */
#define HANG_MS 2000
#define LOOK_EVERY_MS 250

static struct {
    apr_thread_t *thread;
    pwr_lender *first;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int is_stopping;
} supervisor;

/* Which of the idle ones mod_dbd is trying, only it knows; all of them are as
 * old as the one that does not answer. */
static int cut_idle(const pwr_lender *l)
{
    int n = 0;

    for (const pwr_line *at = l->lines; at; at = at->next) {
        n += !at->is_lent && pwr_line_cut(at);
    }
    return n;
}

static void tell_hang(const pwr_lender *l)
{
    pwr_lender_tell(l, "PWR0024", "no answer from the database for "
                    APR_STRINGIFY(HANG_MS) " ms: its connection is cut, and a "
                    "request is told to come again: see what the database "
                    "does (SHOW PROCESSLIST), its host, and the network "
                    "between; take the session settings of "
                    "conf/pwreset-my.cnf");
}

static void cut_overdue(pwr_lender *l)
{
    int64_t before_usec = pwr_now_usec() - INT64_C(1000) * HANG_MS;
    int n = 0;

    /* prefork ends its children out of a signal handler, whose thread may hold
     * the lock, and waits there for this one. */
    if (pthread_mutex_trylock(&l->lock) != 0) {
        return;
    }
    for (pwr_loan *given = l->loans; given; given = given->next) {
        if (given->is_cut || __atomic_load_n(&given->asked_usec,
                                             __ATOMIC_RELAXED) > before_usec) {
            continue;
        }
        if (given->line) {
            given->is_cut = pwr_line_cut(given->line);
            n += given->is_cut;
        }
        else if (!given->is_connecting) {
            n += cut_idle(l);
        }
    }
    if (n > 0) {
        tell_hang(l);
    }
    pthread_mutex_unlock(&l->lock);
}

static void *APR_THREAD_FUNC supervise(apr_thread_t *thread, void *data)
{
    (void)thread;
    (void)data;
    pthread_mutex_lock(&supervisor.lock);
    while (!supervisor.is_stopping) {
        pwr_thread_wait(&supervisor.changed, &supervisor.lock,
                        pwr_now_usec()
                            + INT64_C(1000) * LOOK_EVERY_MS);
        for (pwr_lender *l = supervisor.first; l; l = l->next) {
            cut_overdue(l);
        }
    }
    pthread_mutex_unlock(&supervisor.lock);
    return NULL;
}

static apr_status_t stop_supervisor(void *data)
{
    apr_status_t status;

    (void)data;
    pthread_mutex_lock(&supervisor.lock);
    supervisor.is_stopping = 1;
    pthread_cond_signal(&supervisor.changed);
    pthread_mutex_unlock(&supervisor.lock);
    apr_thread_join(&status, supervisor.thread);
    return APR_SUCCESS;
}

static int is_any_server(const pwr_lender *first)
{
    for (const pwr_lender *l = first; l; l = l->next) {
        if (strcmp(pwr_server_of(l->server)->dbd_driver, "mysql") == 0) {
            return 1;
        }
    }
    return 0;
}

void pwr_supervisor_start(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t status;

    supervisor.first = pwr_lender_first(main_server);
    if (!is_any_server(supervisor.first)) {
        return;                 /* SQLite waits for locks, and counts */
    }
    pthread_mutex_init(&supervisor.lock, NULL);
    pwr_thread_make_cond(&supervisor.changed);
    status = pwr_thread_start(&supervisor.thread, supervise, NULL, pchild);
    if (status == APR_SUCCESS) {
        apr_pool_pre_cleanup_register(pchild, NULL, stop_supervisor);
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                 PWR_LOG("PWR0025") "no thread can be started to watch the "
                 "database; should it hang, requests of this child hang with "
                 "it: raise the limits of httpd's user");
}
