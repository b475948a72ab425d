/* SPDX-License-Identifier: Apache-2.0 */
/* What all children of this host share: memory made before the fork. */
#ifndef PWR_SHARED_H
#define PWR_SHARED_H

#include <pthread.h>
#include <stdint.h>

#include <httpd.h>

#include "core/cost.h"
#include "core/count.h"
#include "core/crypto.h"
#include "core/fair.h"
#include "httpd/server.h"
#include "io/now.h"

#define PWR_GENERATIONS 4096
#define PWR_TENANTS_MAX PWR_FAIR_PARTIES_MAX
#define PWR_TENANT_REALM_MAX 192        /* as in the schema */
#define PWR_SHARED_TEXT_MAX 300
#define PWR_POOLS_MAX 128
#define PWR_CHILDREN_MAX 1024
#define PWR_TRAILS_MAX 256
#define PWR_TALES_MAX 2048
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
    int generation;                 /* of the holder */
    int64_t until_ms;               /* CLOCK_MONOTONIC */
    int is_called;                  /* the holder is to read what is due, and
                                     * nobody need call him again; atomic */
    int64_t swept_ms;               /* the last sweep's end; atomic */
    int64_t tidy_ms;                /* when the tables are tidied next */
} pwr_lease;

/* What is kept of a realm. */
typedef struct pwr_tenant {
    char realm[PWR_TENANT_REALM_MAX];   /* "": unused */
    pthread_mutex_t lock;           /* robust, process-shared */
    pwr_cost cost;
    int64_t forgot_site_ms;         /* of core/limit, for recovery mails */
    uint64_t count[PWR_COUNTS_N];   /* by pwr_count; atomic */
    int64_t mail_error_ms;          /* when; 0: none.  By `lock` */
    char mail_error[PWR_SHARED_TEXT_MAX];
} pwr_tenant;

/* How a pool of connections fares.  All but `lock` and the error is atomic. */
typedef struct pwr_pool_life {
    char key[PWR_DIGEST_HEX + 1];   /* of its parameters; "": unused */
    pthread_mutex_t lock;           /* robust, process-shared */
    int64_t away_since_ms;          /* no connection can be had; 0: it can */
    int64_t untried_until_ms;       /* while it is away */
    int64_t used_ms;                /* when one was given back whole */
    int64_t borrow_usec;            /* the last one took to get, and was */
    int64_t use_usec;               /* used for so long */
    uint64_t uses;
    uint64_t failures;              /* nobody answered */
    uint64_t outages;               /* that are over */
    uint64_t busy;                  /* all were lent for too long */
    int64_t error_ms;               /* by `lock`; 0: none */
    char error[PWR_SHARED_TEXT_MAX];
} pwr_pool_life;

/* What was told of late; both atomic. */
typedef struct pwr_told {
    uint64_t key;
    int64_t told_ms;
} pwr_told;

typedef struct pwr_shared {
    int64_t made_ms;
    pwr_gate gate;
    pwr_tenant tenant[PWR_TENANTS_MAX];
    pwr_lease lease;
    /* Bumped when a user's sessions change; by hash of realm and user id. */
    uint32_t generation[PWR_GENERATIONS];
    uint32_t changes;               /* how often any of them was bumped */
    pwr_pool_life pool[PWR_POOLS_MAX];
    pid_t child[PWR_CHILDREN_MAX];  /* 0: unused; of one that was killed, until
                                     * another takes its row */
    int32_t lent[PWR_POOLS_MAX][PWR_CHILDREN_MAX];
    uint32_t trail_state[PWR_TRAILS_MAX];   /* see trail.c */
    pwr_told told[PWR_TALES_MAX];
} pwr_shared;

/* Tells sources from all others; made by make. */
extern const char pwr_source_id[];

/* In the parent: what outlives a restart, zero at first.  The memory of a
 * module of other sources is not ours to read, even if it looked the same; its
 * children use it until they have left. */
void *pwr_shared_retained(const char *what, apr_size_t size);

/* Hook post_config: make the memory and the descriptor that wakes the worker,
 * or find those of before a graceful restart: the children of before it still
 * use them. */
apr_status_t pwr_shared_make(server_rec *main_server);

/* NULL before post_config. */
pwr_shared *pwr_shared_memory(void);

/* What is kept of this vhost's realm.  Beyond PWR_TENANTS_MAX realms the
 * further ones share the last. */
pwr_tenant *pwr_shared_tenant(const pwr_server *self);

/* Hook child_init: a row of `child` for this one, given back with `pchild`. */
void pwr_shared_child(apr_pool_t *pchild);

/* In the parent: where the pool of this key is kept; beyond PWR_POOLS_MAX the
 * further ones share the last. */
int pwr_shared_pool(const char *key);

/* This child has lent one more (1) or less (-1) of a pool's connections. */
void pwr_shared_lend(int pool, int change);

/* How many are lent in all children that live, and how many those are. */
int pwr_shared_lent(int pool, int *children_n);

/* Why the last statement failed in this vhost's database. */
void pwr_shared_pool_error(const pwr_server *self, const char *why);

/* One more of these, of this vhost's realm: an atomic addition. */
void pwr_shared_count(const pwr_server *self, pwr_count what);

/* Why the last mail of this vhost's realm was not sent; names nobody. */
void pwr_shared_mail_error(const pwr_server *self, const char *why);

/* Readable when there is a job. */
int pwr_shared_wake_fd(void);

/* Is it time to say what is said at most once an hour?  `told_ms`: when it was
 * said last, 0 never; where those who say it share it.  Atomic: of several that
 * ask one is told so. */
int pwr_shared_may_tell(int64_t *told_ms);

/* The same of a tale of `of`, by its id and cause: no child has told it within
 * the hour, nor since httpd was restarted. */
int pwr_shared_is_new(const void *of, const char *id, const char *cause);

/* Make a robust mutex that processes share. */
void pwr_shared_make_lock(pthread_mutex_t *lock);

/* Lock a robust mutex; one whose holder died is put right again. */
void pwr_shared_lock(pthread_mutex_t *lock);

#endif
