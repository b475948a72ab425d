/* SPDX-License-Identifier: Apache-2.0 */
/* Threads of ours in httpd's children, and waiting in them. */
#ifndef PWR_THREAD_H
#define PWR_THREAD_H

#include <pthread.h>
#include <stdint.h>

#include <apr_thread_proc.h>

/* Start a thread that takes no signals of httpd's: prefork's are for its main
 * thread, and in one of ours its handler would end the child and wait for that
 * very thread.  To be joined. */
apr_status_t pwr_thread_start(apr_thread_t **thread, apr_thread_start_t run,
                              void *data, apr_pool_t *pool);

/* Make a condition whose waits end by CLOCK_MONOTONIC. */
void pwr_thread_make_cond(pthread_cond_t *cond);

/* Wait in such a one; zero when `until_usec` has passed. */
int pwr_thread_wait(pthread_cond_t *cond, pthread_mutex_t *lock,
                    int64_t until_usec);

/* The calling thread begins what takes a processor for long, or has done it:
 * meanwhile threads that wake up for a moment's work go first.  It loses none
 * of its share.  Without effect before Linux 6.12. */
void pwr_thread_give_way(int is_long);

#endif
