/* SPDX-License-Identifier: Apache-2.0 */
/* What dbd.c lends and supervisor.c watches. */
#ifndef PWR_DBD_PARTS_H
#define PWR_DBD_PARTS_H

#include <pthread.h>
#include <stdint.h>

/* mod_dbd.h needs the driver types first. */
#include <apr_dbd.h>
#include <mod_dbd.h>

#include "httpd/shared.h"

struct pwr_lender;

/* An open connection, in its own pool. */
typedef struct pwr_line {
    struct pwr_line *next;
    struct pwr_lender *owner;
    ap_dbd_t *rec;
    int fd;                     /* of its socket, a duplicate; -1: none */
    int64_t made_ms;
    int64_t tried_ms;           /* by mod_dbd, which then lent it */
    int is_lent;                /* by mod_dbd: on loan from us, or warm */
    int is_of_request;          /* DBDPersist Off: it ends with that */
    struct pwr_line *next_warm;
} pwr_line;

/* A connection on loan, or the search for one. */
typedef struct pwr_loan {
    struct pwr_loan *next;
    int64_t begun_usec;         /* either of them */
    int64_t asked_usec;         /* the search, or the last statement; atomic */
    int is_connecting;
    pwr_line *line;             /* NULL: the search */
    int is_cut;
} pwr_loan;

/* One pool as we see it, in each child; all of it by `lock`, but for what the
 * parent made.  The counts are ours: mod_dbd shows none. */
typedef struct pwr_lender {
    struct pwr_lender *next;
    server_rec *server;         /* the first of those that share it */
    int lent_max;               /* DBDMax */
    int seat;                   /* in shared memory */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pwr_line *lines;
    pwr_loan *loans;
    pwr_line *warm;             /* kept at hand, the latest first */
    int warm_n;
    int is_cooled;              /* else nobody would give those back */
    int lent;                   /* with warm_n, no more than lent_max */
    int idle;                   /* lines that are not lent */
    int promised;               /* searches for one of those */
    int is_connecting;
    int is_away;                /* said so in the log */
    int64_t closed_until_ms;    /* the breaker is open until then */
    int64_t answered_usec;      /* when one was given back whole */
    int64_t told_ms;            /* that all connections are lent */
} pwr_lender;

/* Shut its socket down; zero: there is none. */
int pwr_line_cut(const pwr_line *of);

/* The first of this configuration; NULL: none. */
pwr_lender *pwr_lender_first(const server_rec *server);

pwr_pool_life *pwr_lender_life(const pwr_lender *l);

/* Tell the admin, once by all children, and anew in another outage. */
void pwr_lender_tell(const pwr_lender *l, const char *id, const char *text);

#endif
