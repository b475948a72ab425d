/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <apr_shm.h>

#include "httpd/server.h"

static pwr_shared *memory;
static int wake_fd = -1;

pwr_shared *pwr_shared_memory(void)
{
    return memory;
}

int pwr_shared_wake_fd(void)
{
    return wake_fd;
}

int64_t pwr_shared_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000) + ts.tv_nsec / 1000000;
}

void pwr_shared_lock(pthread_mutex_t *lock)
{
    if (pthread_mutex_lock(lock) == EOWNERDEAD) {
        pthread_mutex_consistent(lock);
    }
}

static void make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static void make_gate(pwr_gate *gate, const pwr_conf *conf)
{
    int workers = 0, children = 1;

    make_lock(&gate->lock);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &workers);
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    workers = (workers > 0 ? workers : 1) * (children > 0 ? children : 1);
    gate->places_n = conf->hash_gate[0] ? conf->hash_gate[0]
                                        : (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (gate->places_n > PWR_GATE_PLACES_MAX) {
        gate->places_n = PWR_GATE_PLACES_MAX;
    }
    gate->queue_max = conf->hash_gate[1] ? conf->hash_gate[1]
                                         : (workers + 3) / 4;
    if (gate->queue_max > PWR_GATE_QUEUE_MAX) {
        gate->queue_max = PWR_GATE_QUEUE_MAX;
    }
}

static apr_status_t close_wake_fd(void *data)
{
    (void)data;
    close(wake_fd);
    wake_fd = -1;
    memory = NULL;
    return APR_SUCCESS;
}

apr_status_t pwr_shared_make(apr_pool_t *pconf, server_rec *main_server)
{
    apr_shm_t *shm;
    apr_status_t status = apr_shm_create(&shm, sizeof(pwr_shared), NULL,
                                         pconf);

    if (status != APR_SUCCESS) {
        return status;
    }
    memory = apr_shm_baseaddr_get(shm);
    memset(memory, 0, sizeof(*memory));
    make_lock(&memory->lease.lock);
    make_gate(&memory->gate, pwr_server_of(main_server)->conf);
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    apr_pool_cleanup_register(pconf, NULL, close_wake_fd,
                              apr_pool_cleanup_null);
    return APR_SUCCESS;
}
