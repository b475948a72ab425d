/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/gate.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <linux/futex.h>
#include <sys/syscall.h>

#include "httpd/shared.h"

#define DEADLINE_MS 5000
#define LOOK_AGAIN_MS 200       /* for places whose child died in a hash */

/* A free place, or one whose holder is no more; -1 when all are taken. */
static int find_place(const pid_t *place, int n)
{
    for (int i = 0; i < n; i++) {
        if (place[i] == 0 || (kill(place[i], 0) != 0 && errno == ESRCH)) {
            return i;
        }
    }
    return -1;
}

/* A futex and no condition variable: that remembers who waits in it, and when
 * one of them was killed, pthread_cond_signal() waits for him for ever, with
 * our lock in its hand. */
static void wait_left(pwr_gate *gate)
{
    const struct timespec patience = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };
    uint32_t seen = gate->left;

    pthread_mutex_unlock(&gate->lock);
    syscall(SYS_futex, &gate->left, FUTEX_WAIT, seen, &patience, NULL, 0);
    pwr_shared_lock(&gate->lock);
}

static int wait_place(pwr_gate *gate)
{
    int64_t deadline_ms = pwr_shared_now_ms() + DEADLINE_MS;
    int queued = find_place(gate->waiter, gate->queue_max), place = -1;

    if (queued < 0) {
        return -1;
    }
    gate->waiter[queued] = getpid();
    while (place < 0 && pwr_shared_now_ms() < deadline_ms) {
        wait_left(gate);
        place = find_place(gate->place, gate->places_n);
    }
    gate->waiter[queued] = 0;
    return place;
}

apr_status_t pwr_gate_enter(void *baton, const char *realm, int *place)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;

    (void)baton;
    (void)realm;
    pwr_shared_lock(&gate->lock);
    *place = find_place(gate->place, gate->places_n);
    if (*place < 0) {
        *place = wait_place(gate);
    }
    if (*place >= 0) {
        gate->place[*place] = getpid();
    }
    pthread_mutex_unlock(&gate->lock);
    return *place >= 0 ? APR_SUCCESS : PWR_GATE_FULL;
}

void pwr_gate_leave(void *baton, int place)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;

    (void)baton;
    pwr_shared_lock(&gate->lock);
    gate->place[place] = 0;
    gate->left++;
    pthread_mutex_unlock(&gate->lock);
    syscall(SYS_futex, &gate->left, FUTEX_WAKE, 1, NULL, NULL, 0);
}
