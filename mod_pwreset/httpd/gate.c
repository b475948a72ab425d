/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/gate.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>
#include <sys/syscall.h>

#include "httpd/shared.h"
#include "httpd/thread.h"

#define DEADLINE_MS 5000
#define LOOK_AGAIN_MS 200       /* for seats whose child died */
#define REAP_EVERY_MS 20
/* No request keeps a seat for longer: then its child is dead, and another
 * process has its number. */
#define LEASE_MS (60 * 1000)
#define SEAT_KEY "pwreset-seat"

/* The seat of a request, in its pool: the whole of it has one. */
typedef struct sitter {
    pwr_gate *gate;
    int seat;
    uint64_t ticket;            /* another one sits there: it was taken away */
} sitter;

/* This child is to end at once: whoever waits is told so, or httpd kills it. */
static int is_stopping;

void pwr_gate_stop(apr_pool_t *pchild, int graceful)
{
    (void)pchild;
    __atomic_store_n(&is_stopping, !graceful, __ATOMIC_RELAXED);
}

static int is_ending(void)
{
    return __atomic_load_n(&is_stopping, __ATOMIC_RELAXED);
}

static int is_lost(const pwr_gate *gate, int seat, int64_t now_ms)
{
    return now_ms > gate->until_ms[seat]
        || (kill(gate->pid[seat], 0) != 0 && errno == ESRCH);
}

/* Free the seats of children that are no more. */
static void reap(pwr_gate *gate)
{
    int64_t now_ms = pwr_now_ms();

    if (now_ms - gate->reaped_ms < REAP_EVERY_MS) {
        return;
    }
    gate->reaped_ms = now_ms;
    for (int i = 0; i < gate->seats_n; i++) {
        if (gate->claim[i].state != PWR_FAIR_NONE
            && is_lost(gate, i, now_ms)) {
            gate->claim[i].state = PWR_FAIR_NONE;
        }
    }
}

/* Places that were left for a time that has come.  Mostly the request is over
 * then, and stand_up() was here before. */
static void clear(pwr_gate *gate)
{
    int64_t now_usec = pwr_now_usec();

    for (int i = 0; i < gate->seats_n; i++) {
        if (gate->claim[i].state == PWR_FAIR_HOLDS && gate->leave_usec[i]
            && gate->leave_usec[i] <= now_usec) {
            gate->claim[i].state = PWR_FAIR_RESTS;
        }
    }
}

/* Give what places are free to those who wait. */
static void serve(pwr_gate *gate)
{
    int free_n, next;

    clear(gate);
    free_n = gate->places_n - pwr_fair_held(gate->claim, gate->seats_n);
    while (free_n-- > 0
           && (next = pwr_fair_next(gate->claim, gate->seats_n,
                                    gate->served)) >= 0) {
        pwr_fair_claim *claim = &gate->claim[next];

        claim->state = PWR_FAIR_HOLDS;
        gate->served[claim->party] = gate->ticket;
        gate->turn[next]++;
        syscall(SYS_futex, &gate->turn[next], FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

/* A free seat for this party, -1: it may not sit, or there is none. */
static int find_seat(const pwr_gate *gate, int party, int is_known)
{
    if (!pwr_fair_may_sit(gate->claim, gate->seats_n, party,
                          gate->queue_max, is_known)) {
        return -1;
    }
    for (int i = 0; i < gate->seats_n; i++) {
        if (gate->claim[i].state == PWR_FAIR_NONE) {
            return i;
        }
    }
    return -1;
}

static int is_mine(const sitter *s)
{
    const pwr_fair_claim *claim = &s->gate->claim[s->seat];

    return claim->state != PWR_FAIR_NONE && claim->ticket == s->ticket;
}

static apr_status_t stand_up(void *data)
{
    const sitter *s = data;

    pwr_shared_lock(&s->gate->lock);
    if (is_mine(s)) {
        s->gate->claim[s->seat].state = PWR_FAIR_NONE;
        serve(s->gate);
    }
    pthread_mutex_unlock(&s->gate->lock);
    return APR_SUCCESS;
}

/* The seat of this request, found or taken; NULL: none is to be had. */
static sitter *sit_down(pwr_gate *gate, apr_pool_t *pool, int party,
                        int is_known)
{
    void *known = NULL;
    sitter *s;
    int seat;

    apr_pool_userdata_get(&known, SEAT_KEY, pool);
    s = known;
    if (s && is_mine(s)) {
        return s;
    }
    seat = find_seat(gate, party, is_known);
    if (seat < 0) {
        reap(gate);
        seat = find_seat(gate, party, is_known);
    }
    if (seat < 0) {
        return NULL;
    }
    s = apr_palloc(pool, sizeof(*s));
    *s = (sitter){ gate, seat, ++gate->ticket };
    gate->claim[seat] = (pwr_fair_claim){ PWR_FAIR_RESTS, party, s->ticket };
    gate->pid[seat] = getpid();
    gate->until_ms[seat] = pwr_now_ms() + LEASE_MS;
    apr_pool_userdata_setn(s, SEAT_KEY, NULL, pool);
    apr_pool_cleanup_register(pool, s, stand_up, apr_pool_cleanup_null);
    return s;
}

/* A futex and no condition variable: that remembers who waits in it, and when
 * one of them was killed, pthread_cond_signal() waits for him for ever, with
 * our lock in its hand. */
static void wait_turn(pwr_gate *gate, int seat)
{
    const struct timespec patience = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
    uint32_t seen = gate->turn[seat];

    pthread_mutex_unlock(&gate->lock);
    syscall(SYS_futex, &gate->turn[seat], FUTEX_WAIT, seen, &patience, NULL,
            0);
    pwr_shared_lock(&gate->lock);
}

/* Wait until it is this seat's turn; zero when that took too long. */
static int wait_place(const sitter *s)
{
    pwr_gate *gate = s->gate;
    pwr_fair_claim *claim = &gate->claim[s->seat];
    int64_t deadline_ms = pwr_now_ms() + DEADLINE_MS;

    serve(gate);
    while (claim->state == PWR_FAIR_WAITS && !is_ending()
           && pwr_now_ms() < deadline_ms) {
        wait_turn(gate, s->seat);
        if (claim->state == PWR_FAIR_WAITS) {
            reap(gate);
            serve(gate);
        }
    }
    if (claim->state == PWR_FAIR_HOLDS) {
        return 1;
    }
    claim->state = PWR_FAIR_NONE;
    return 0;
}

/* Its request is answered 503; that of a child that ends is nobody's fault. */
static void tell_full(pwr_gate *gate, const pwr_server *self)
{
    pwr_shared_count(self, PWR_COUNT_HASH_REFUSED);
    if (!is_ending() && pwr_shared_may_tell(&gate->told_ms)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, self->server,
                     PWR_LOG("PWR0071") "more passwords wait for their hash "
                     "than PwResetHashGate has room for, and requests of "
                     "realm %s are told to come again: keep the crowd out "
                     "before it gets here, see the access log; if it is "
                     "welcome, raise PwResetHashGate or lower the cost of "
                     "the hashes", self->conf->realm);
    }
}

apr_status_t pwr_gate_sit(void *baton, apr_pool_t *pool)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;
    const pwr_server *self = baton;
    int is_seated;

    pwr_shared_lock(&gate->lock);
    is_seated = sit_down(gate, pool, self->tenant, 0) != NULL;
    pthread_mutex_unlock(&gate->lock);
    if (!is_seated) {
        tell_full(gate, self);
    }
    return is_seated ? APR_SUCCESS : PWR_GATE_FULL;
}

apr_status_t pwr_gate_enter(void *baton, apr_pool_t *pool, int is_known)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;
    const pwr_server *self = baton;
    sitter *s;
    int is_in = 0;

    pwr_shared_lock(&gate->lock);
    s = sit_down(gate, pool, self->tenant, is_known);
    if (s) {
        gate->leave_usec[s->seat] = 0;
        gate->claim[s->seat].state = PWR_FAIR_WAITS;
        is_in = wait_place(s);
    }
    pthread_mutex_unlock(&gate->lock);
    if (!is_in) {
        tell_full(gate, self);
        return PWR_GATE_FULL;
    }
    pwr_thread_give_way(1);
    return APR_SUCCESS;
}

void pwr_gate_leave(void *baton, apr_pool_t *pool, int64_t at_usec)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;
    void *known = NULL;
    const sitter *s;

    (void)baton;
    pwr_thread_give_way(0);
    apr_pool_userdata_get(&known, SEAT_KEY, pool);
    s = known;
    pwr_shared_lock(&gate->lock);
    if (s && is_mine(s)) {
        gate->leave_usec[s->seat] = at_usec > 0 ? at_usec : 1;
        serve(gate);
    }
    pthread_mutex_unlock(&gate->lock);
}

pwr_gate_use pwr_gate_look(void)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;
    pwr_gate_use use = { 0 };

    pwr_shared_lock(&gate->lock);
    reap(gate);
    clear(gate);
    use.places = gate->places_n;
    use.seats = gate->places_n + gate->queue_max;
    use.held = pwr_fair_held(gate->claim, gate->seats_n);
    for (int i = 0; i < gate->seats_n; i++) {
        use.taken += gate->claim[i].state != PWR_FAIR_NONE;
        use.waiting += gate->claim[i].state == PWR_FAIR_WAITS;
    }
    pthread_mutex_unlock(&gate->lock);
    return use;
}
