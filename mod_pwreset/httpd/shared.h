/* SPDX-License-Identifier: Apache-2.0 */
/* What all children of this host share: memory made before the fork. */
#ifndef PWR_SHARED_H
#define PWR_SHARED_H

#include <pthread.h>
#include <stdint.h>

#include <httpd.h>

#include "core/cost.h"
#include "core/fair.h"
#include "httpd/server.h"

#define PWR_GENERATIONS 4096
#define PWR_TENANTS_MAX PWR_FAIR_PARTIES_MAX
#define PWR_TENANT_REALM_MAX 192        /* as in the schema */
#define PWR_GATE_SEATS_MAX (2 * PWR_HASH_GATE_MAX)

/* Who hashes, and who waits for it; see gate.c.  All of it stays sound when a
 * child is killed at any instruction. */
typedef struct pwr_gate {
    pthread_mutex_t lock;           /* robust, process-shared */
    int places_n;
    int queue_max;                  /* of those who do not hold a place */
    int seats_n;                    /* for both */
    uint64_t ticket;                /* the last one given out */
    uint64_t served[PWR_FAIR_PARTIES_MAX];
    int64_t reaped_ms;
    pwr_fair_claim claim[PWR_GATE_SEATS_MAX];
    pid_t pid[PWR_GATE_SEATS_MAX];
    int64_t until_ms[PWR_GATE_SEATS_MAX];
    int64_t leave_usec[PWR_GATE_SEATS_MAX]; /* when a place is left; 0: open */
    uint32_t turn[PWR_GATE_SEATS_MAX];  /* futex: it is one's turn */
    int64_t told_ms;                /* that it is full */
} pwr_gate;

/* Who does the mails of this host; see worker.c. */
typedef struct pwr_lease {
    pthread_mutex_t lock;           /* robust, process-shared */
    pid_t holder;
    int64_t until_ms;               /* CLOCK_MONOTONIC */
} pwr_lease;

/* What is kept of a realm. */
typedef struct pwr_tenant {
    char realm[PWR_TENANT_REALM_MAX];   /* "": unused */
    pthread_mutex_t lock;           /* robust, process-shared */
    pwr_cost cost;
    int64_t forgot_site_ms;         /* of core/limit, for recovery mails */
} pwr_tenant;

typedef struct pwr_shared {
    pwr_gate gate;
    pwr_tenant tenant[PWR_TENANTS_MAX];
    pwr_lease lease;
    /* Bumped when a user's sessions change; by hash of realm and user id. */
    uint32_t generation[PWR_GENERATIONS];
    uint32_t changes;               /* how often any of them was bumped */
} pwr_shared;

/* Hook post_config: make the memory and the descriptor that wakes the worker,
 * or find those of before a graceful restart: the children of before it still
 * use them. */
apr_status_t pwr_shared_make(server_rec *main_server);

/* NULL before post_config. */
pwr_shared *pwr_shared_memory(void);

/* What is kept of this vhost's realm.  Beyond PWR_TENANTS_MAX realms the
 * further ones share the last. */
pwr_tenant *pwr_shared_tenant(const pwr_server *self);

/* Readable when there is a job. */
int pwr_shared_wake_fd(void);

/* CLOCK_MONOTONIC, the same in all children. */
int64_t pwr_shared_now_usec(void);
int64_t pwr_shared_now_ms(void);

/* Is it time to say what is said at most once an hour?  `told_ms`: when it was
 * said last, 0 never; where those who say it share it.  Atomic: of several that
 * ask one is told so. */
int pwr_shared_may_tell(int64_t *told_ms);

/* Make a robust mutex that processes share. */
void pwr_shared_make_lock(pthread_mutex_t *lock);

/* Lock a robust mutex; one whose holder died is put right again. */
void pwr_shared_lock(pthread_mutex_t *lock);

#endif
