/* SPDX-License-Identifier: Apache-2.0 */
/* An account as recovery sees it: whom an identifier names, where the mail
 * goes, which control strings there are.  For the worker and for operators;
 * never on a request's way, which must not know whether there is an account. */
#ifndef PWR_ACCOUNT_H
#define PWR_ACCOUNT_H

#include <apr_tables.h>

#include "flow/env.h"

/* Equal requests of this many seconds become one mail. */
#define PWR_MERGE_SEC 60

/* The accounts (pwr_user) that `identifier` names, each once; `by` are
 * PWR_IDENTIFY_* bits to look under. */
apr_status_t pwr_account_find(const pwr_env *env, const char *identifier,
                              int by, apr_array_header_t *users);

/* The mailbox that its mails go to; NULL: there is none. */
const char *pwr_account_mailbox(apr_pool_t *pool, const pwr_user *user);

/* Does it open a mailbox, and have no recovery address but that one?  What is
 * locked cannot be where the key is sent. */
int pwr_account_lacks_recovery(apr_pool_t *pool, const pwr_user *user);

/* A control string for an account. */
typedef struct pwr_minting {
    const pwr_user *user;
    const char *job;
    const char *language;       /* may be NULL */
    const char *mailbox;        /* a mail goes there: with a link "this was not
                                 * me", and counted by forgot-account; NULL:
                                 * somebody hands it over */
    /* out */
    pwr_mint outcome;
    const char *bare;           /* secret; NULL unless PWR_MINT_DONE */
    const char *notme;          /* likewise, with a mailbox */
    int64_t expires;
} pwr_minting;

apr_status_t pwr_account_mint(const pwr_env *env, pwr_minting *minting);

/* The address of the page `name` ("/reset") that carries a secret. */
const char *pwr_account_link(const pwr_env *env, const pwr_voice *voice,
                             const char *name, const char *bare);

/* What stands in the way of the next mail to an account. */
typedef struct pwr_account {
    int64_t now;                /* the database's */
    int live;                   /* jobs with strings that work */
    int64_t live_until;         /* no more are made before; 0: one may be */
    int lately;                 /* jobs that forgot-account counts */
    int64_t lately_until;       /* likewise */
    pwr_token last;             /* the newest string; job NULL: none */
} pwr_account;

apr_status_t pwr_account_look(const pwr_env *env, const pwr_user *user,
                              pwr_account *account);

#endif
