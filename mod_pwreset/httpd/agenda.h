/* SPDX-License-Identifier: Apache-2.0 */
/* Whose mail is next: due jobs of all stores, read in one go, and the order in
 * which realms, and the networks of those who asked, have their turn.
 *
 * A realm with a thousand jobs does not delay another's one, nor one whose mail
 * programs hang, nor does somebody who asked a thousand times for a thousand
 * accounts.  The rate of a site's
 * recovery mails (PwResetLimit forgot-site) holds its jobs back and refuses
 * none.  One thread. */
#ifndef PWR_AGENDA_H
#define PWR_AGENDA_H

#include "httpd/server.h"

#define PWR_AGENDA_MAX 2000
#define PWR_AGENDA_HELD_MAX 64      /* as PwResetMailSlots */

typedef struct pwr_errand {
    pwr_job job;
    pwr_server *owner;
    int64_t now;                /* of the job's database */
    int is_taken;
} pwr_errand;

typedef struct pwr_agenda pwr_agenda;

/* For so many slots. */
pwr_agenda *pwr_agenda_make(apr_pool_t *pool, server_rec *main_server,
                            int slots_n);

/* Forget all jobs, and not whose turn it was. */
void pwr_agenda_clear(pwr_agenda *agenda);

/* Put the due jobs of one store on it, page by page past those that are not
 * ours; returns how many rows there were. */
int pwr_agenda_read(pwr_agenda *agenda, server_rec *main_server,
                    pwr_server *self);

/* The errand for the next free slot, NULL: none may be done now.  `held` are
 * those at work, at most PWR_AGENDA_HELD_MAX. */
pwr_errand *pwr_agenda_next(pwr_agenda *agenda, pwr_errand *const *held,
                            int held_n);

/* It was begun, or, if not `is_mine`, another node was quicker. */
void pwr_agenda_taken(pwr_agenda *agenda, pwr_errand *errand, int is_mine);

/* Nothing can be taken from this one's store now: leave out what is left of
 * it, and of no other. */
void pwr_agenda_drop(pwr_agenda *agenda, const pwr_server *owner);

/* How many are left. */
int pwr_agenda_left(const pwr_agenda *agenda);

/* Is none left, or is it as long ago as this that they were read? */
int pwr_agenda_is_stale(const pwr_agenda *agenda, int64_t age_ms);

#endif
