/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/delay.h"

#include <string.h>

#include <ap_mpm.h>
#include <http_connection.h>
#include <http_protocol.h>
#include <http_request.h>

#include "httpd/server.h"
#include "httpd/shared.h"
#include "httpd/thread.h"

#define DELAY_USEC_MAX (10 * APR_USEC_PER_SEC)
#define LOOK_AGAIN_USEC 1000
#define LINGER_USEC (500 * INT64_C(1000))
#define OVERDUE_USEC (20 * INT64_C(1000))

/* An answer that waits; in its connection's pool. */
typedef struct late {
    struct late *next;
    int64_t due_usec;
    void (*then)(void *late);
    request_rec *r;             /* gone once it was answered */
    conn_rec *c;
    const char *bytes;
    size_t len;
} late;

/* One per child, on the event MPM only.  Its timers alone would not do: they
 * do not end its listener's sleep when they are due, only when they are made
 * (2.4.63 to 2.4.71 at least).  So a thread of ours sleeps until then and makes
 * one that is due already. */
static struct {
    apr_thread_t *thread;       /* NULL: requests wait in their threads */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    late *first;                /* the next one due */
    int is_stopping;
} clock_;

/* ---- the clock ---- */

/* Let a thread of the MPM run `then` at `due_usec`. */
static void call_at(late *l, int64_t due_usec, void (*then)(void *))
{
    late **at = &clock_.first;

    l->due_usec = due_usec;
    l->then = then;
    pthread_mutex_lock(&clock_.lock);
    while (*at && (*at)->due_usec <= due_usec) {
        at = &(*at)->next;
    }
    l->next = *at;
    *at = l;
    pthread_cond_signal(&clock_.changed);
    pthread_mutex_unlock(&clock_.lock);
}

static void *APR_THREAD_FUNC run_clock(apr_thread_t *thread, void *data)
{
    (void)thread;
    (void)data;
    pthread_mutex_lock(&clock_.lock);
    while (!clock_.is_stopping) {
        late *l = clock_.first;

        if (!l) {
            pthread_cond_wait(&clock_.changed, &clock_.lock);
        }
        else if (l->due_usec > pwr_now_usec()) {
            pwr_thread_wait(&clock_.changed, &clock_.lock, l->due_usec);
        }
        else {
            clock_.first = l->next;
            ap_mpm_register_timed_callback(-OVERDUE_USEC, l->then, l);
        }
    }
    pthread_mutex_unlock(&clock_.lock);
    return NULL;
}

static apr_status_t stop_clock(void *data)
{
    apr_status_t status;

    (void)data;
    pthread_mutex_lock(&clock_.lock);
    clock_.is_stopping = 1;
    pthread_cond_signal(&clock_.changed);
    pthread_mutex_unlock(&clock_.lock);
    apr_thread_join(&status, clock_.thread);
    clock_.thread = NULL;
    return APR_SUCCESS;
}

void pwr_delay_start(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t status;

    if (!pwr_server_any_active(main_server)
        || strcmp(ap_show_mpm(), "event") != 0) {
        return;
    }
    pthread_mutex_init(&clock_.lock, NULL);
    pwr_thread_make_cond(&clock_.changed);
    status = pwr_thread_start(&clock_.thread, run_clock, NULL, pchild);
    if (status == APR_SUCCESS) {
        /* The MPM's threads are joined before. */
        apr_pool_pre_cleanup_register(pchild, NULL, stop_clock);
        return;
    }
    clock_.thread = NULL;
    ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                 PWR_LOG("PWR0440") "no thread can be started for answers "
                 "that wait; they wait in the threads of their requests: "
                 "raise the limits of httpd's user");
}

/* ---- an answer ---- */

static int64_t left_usec(int64_t at_usec)
{
    int64_t left = at_usec - pwr_now_usec();

    return left < 0 ? 0 : left < DELAY_USEC_MAX ? left : DELAY_USEC_MAX;
}

/* May this request be suspended?  Only what the event MPM itself runs: not a
 * stream of HTTP/2 (its connection has a master), nothing below or behind
 * another request, no connection that filters make synchronous.  What an
 * earlier answer left unsent would have to be flushed by a thread that waits
 * for a slow reader. */
static int can_suspend(const request_rec *r)
{
    const conn_rec *c = r->connection;

    return clock_.thread && !r->main && !r->prev && !c->master && c->cs
        && !c->clogging_input_filters && !c->data_in_output_filters;
}

/* The pool of a connection that nobody knows any more, its socket with it.
 * The state tells event's cleanup what to count it as. */
static void let_go(void *data)
{
    late *l = data;

    l->c->cs->state = CONN_STATE_SUSPENDED;
    apr_pool_destroy(l->c->pool);
}

/* Nobody waits for the client to close: its last bytes get half a second,
 * without a thread, lest a reset overtakes our answer. */
static void finish(late *l)
{
    request_rec *r = l->r;

    ap_rwrite(l->bytes, (int)l->len, r);
    ap_finalize_request_protocol(r);
    ap_process_request_after_handler(r);
    ap_start_lingering_close(l->c);
    call_at(l, pwr_now_usec() + LINGER_USEC, let_go);
}

/* Has the thread that suspended the request left it?  It still runs its way
 * out of the handler and the MPM when a short delay is over.  The MPM forgets
 * c->sbh last of all but one store; let_go() comes half a second after it. */
static int is_left(late *l)
{
    apr_thread_mutex_lock(l->r->invoke_mtx);
    apr_thread_mutex_unlock(l->r->invoke_mtx);
    return __atomic_load_n(&l->c->sbh, __ATOMIC_ACQUIRE) == NULL;
}

static void wake(void *data)
{
    late *l = data;

    if (!is_left(l)) {
        call_at(l, pwr_now_usec() + LOOK_AGAIN_USEC, wake);
        return;
    }
#if AP_HAS_THREAD_LOCAL
    l->c->current_thread = ap_thread_current();
#endif
    finish(l);
}

int pwr_delay_send(request_rec *r, const char *bytes, size_t len,
                   int64_t at_usec)
{
    conn_rec *c = r->connection;
    int64_t wait_usec = left_usec(at_usec);
    late *l;

    if (at_usec && can_suspend(r)) {
        l = apr_palloc(c->pool, sizeof(*l));
        *l = (late){ .r = r, .c = c, .bytes = bytes, .len = len };
        /* Even when it is late already: the header must not tell. */
        c->keepalive = AP_CONN_CLOSE;
        call_at(l, pwr_now_usec() + wait_usec, wake);
        return SUSPENDED;
    }
    if (at_usec) {
        apr_sleep(wait_usec);
    }
    ap_rwrite(bytes, (int)len, r);
    return OK;
}
