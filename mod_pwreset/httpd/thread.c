/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LONG_SLICE_NSEC 100000000       /* the longest there is */

/* As in sched_setattr(2), first version; libc has neither. */
typedef struct sched_terms {
    /* cppcheck-suppress unusedStructMember; the kernel's */
    uint32_t size;
    uint32_t policy;
    /* cppcheck-suppress unusedStructMember; the kernel's */
    uint64_t flags;
    /* cppcheck-suppress unusedStructMember; the kernel's */
    int32_t nice;
    /* cppcheck-suppress unusedStructMember; the kernel's */
    uint32_t priority;
    uint64_t runtime;           /* of normal policies: the slice; 0: usual */
    /* cppcheck-suppress unusedStructMember; the kernel's */
    uint64_t deadline;
    /* cppcheck-suppress unusedStructMember; the kernel's */
    uint64_t period;
} sched_terms;

apr_status_t pwr_thread_start(apr_thread_t **thread, apr_thread_start_t run,
                              void *data, apr_pool_t *pool)
{
    static const int signals[] = {
        SIGTERM, SIGHUP, SIGINT, SIGUSR1, SIGWINCH
    };
    sigset_t ours, before;
    apr_status_t status;

    sigemptyset(&ours);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        sigaddset(&ours, signals[i]);
    }
    /* Threads inherit the mask. */
    pthread_sigmask(SIG_BLOCK, &ours, &before);
    status = apr_thread_create(thread, NULL, run, data, pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}

void pwr_thread_make_cond(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int pwr_thread_wait(pthread_cond_t *cond, pthread_mutex_t *lock,
                    int64_t until_usec)
{
    const struct timespec ts = {
        .tv_sec = until_usec / 1000000,
        .tv_nsec = until_usec % 1000000 * 1000
    };

    return pthread_cond_timedwait(cond, lock, &ts) != ETIMEDOUT;
}

void pwr_thread_give_way(int is_long)
{
    sched_terms terms = { 0 };

    if (syscall(SYS_sched_getattr, 0, &terms, sizeof(terms), 0) != 0
        || terms.policy != SCHED_OTHER) {
        return;
    }
    terms.runtime = is_long ? LONG_SLICE_NSEC : 0;
    /* Where it is not to be had, it is as it was. */
    syscall(SYS_sched_setattr, 0, &terms, 0);
}
