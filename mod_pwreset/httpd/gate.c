/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/gate.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "httpd/shared.h"

#define DEADLINE_MS 5000
#define LOOK_AGAIN_MS 200       /* for places whose child died in a hash */

/* A free place, or one whose holder is no more; -1 when all are taken. */
static int find_place(pwr_gate *gate)
{
    for (int i = 0; i < gate->places_n; i++) {
        pid_t holder = gate->place[i];

        if (holder == 0 || (kill(holder, 0) != 0 && errno == ESRCH)) {
            return i;
        }
    }
    return -1;
}

static void wait_left(pwr_gate *gate)
{
    int64_t until_ms = pwr_shared_now_ms() + LOOK_AGAIN_MS;
    struct timespec ts = {
        .tv_sec = until_ms / 1000,
        .tv_nsec = until_ms % 1000 * 1000000,
    };

    if (pthread_cond_timedwait(&gate->left, &gate->lock, &ts) == EOWNERDEAD) {
        pthread_mutex_consistent(&gate->lock);
    }
}

apr_status_t pwr_gate_enter(void *baton, const char *realm, int *place)
{
    pwr_gate *gate = &pwr_shared_memory()->gate;
    int64_t deadline_ms = pwr_shared_now_ms() + DEADLINE_MS;

    (void)baton;
    (void)realm;
    pwr_shared_lock(&gate->lock);
    *place = find_place(gate);
    if (*place < 0 && gate->waiting < gate->queue_max) {
        gate->waiting++;
        while (*place < 0 && pwr_shared_now_ms() < deadline_ms) {
            wait_left(gate);
            *place = find_place(gate);
        }
        gate->waiting--;
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
    pthread_cond_signal(&gate->left);
    pthread_mutex_unlock(&gate->lock);
}
