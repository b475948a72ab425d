/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine can do at all, with nothing else to do:
 *
 *   loop hash THREADS MS STORED PASSWORD    verifications, by our own function
 *   loop spawn THREADS MS PROGRAM [ARG...]  programs, started and waited for
 *
 * It says how many a second, and what one takes of processors, in microseconds,
 * its own and its programs'. */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/password.h"

#define THREADS_MAX 256
#define USEC_PER_SEC INT64_C(1000000)

/* A thread's own time, so that no half-done work counts as idleness. */
typedef struct runner {
    pthread_t thread;
    long done;
    int64_t took_usec;
} runner;

static char **words;
static int64_t until_usec;
static void (*once)(void);

static int64_t now_usec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

static void fail(const char *what)
{
    fprintf(stderr, "loop: %s\n", what);
    exit(2);
}

static void hash_once(void)
{
    int match;

    pwr_password_verify(words[1], words[0], &match);
    if (!match) {
        fail("the password does not match");
    }
}

static void spawn_once(void)
{
    pid_t pid;
    int status;

    if (posix_spawn(&pid, words[0], NULL, NULL, words, environ) != 0
        || waitpid(pid, &status, 0) != pid || status != 0) {
        fail("the program failed");
    }
}

static void *run(void *data)
{
    runner *me = data;
    int64_t begin_usec = now_usec();

    do {
        once();
        me->done++;
        me->took_usec = now_usec() - begin_usec;
    } while (begin_usec + me->took_usec < until_usec);
    return NULL;
}

static int64_t usec_of(const struct timeval *t)
{
    return t->tv_sec * USEC_PER_SEC + t->tv_usec;
}

static int64_t cpu_usec(void)
{
    struct rusage own, children;

    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    return usec_of(&own.ru_utime) + usec_of(&own.ru_stime)
        + usec_of(&children.ru_utime) + usec_of(&children.ru_stime);
}

int main(int argc, char **argv)
{
    static runner runners[THREADS_MAX];
    int64_t begin_cpu_usec = cpu_usec();
    double per_sec = 0;
    long done = 0;
    int n;

    if (argc < 5 || (strcmp(argv[1], "hash") == 0 && argc != 6)) {
        fail("hash THREADS MS STORED PASSWORD, or spawn THREADS MS PROGRAM");
    }
    once = strcmp(argv[1], "hash") == 0 ? hash_once : spawn_once;
    n = (int)strtol(argv[2], NULL, 10);
    n = n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
    until_usec = now_usec() + strtoll(argv[3], NULL, 10) * 1000;
    words = argv + 4;
    for (int i = 0; i < n; i++) {
        if (pthread_create(&runners[i].thread, NULL, run, &runners[i])) {
            fail("no thread");
        }
    }
    for (int i = 0; i < n; i++) {
        pthread_join(runners[i].thread, NULL);
        done += runners[i].done;
        per_sec += (double)runners[i].done * USEC_PER_SEC
            / (double)runners[i].took_usec;
    }
    printf("%.3f %.3f\n", per_sec, (double)(cpu_usec() - begin_cpu_usec)
           / (double)done);
    return 0;
}
