/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept: users (the provider's), jobs, control strings, sessions.
 *
 * Flows see this header and plain structs, never SQL.  Each call takes its own
 * connection and gives it back before it returns, so no connection is held
 * while a password is hashed or a mail is sent.  Each call is one statement or
 * one transaction that is repeated whole on deadlock, and decides by one
 * conditional UPDATE.  `now` is the database's clock.
 *
 * Two channels: apr_status_t says whether the machine could do it (APR_SUCCESS,
 * or PWR_STORE_AWAY: nothing was done and trying later may help, or
 * PWR_STORE_BROKEN: schema, query or grant is wrong, an operator must act; both
 * were logged with cause and remedy).  What was found is in the out-parameters,
 * which on failure hold the refusing value.
 *
 * The realm is part of every key. Secrets never come here, only their digests.
 * Any thread; a pwr_store is read-only after it was made. */
#ifndef PWR_STORE_H
#define PWR_STORE_H

#include <stdint.h>

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "core/crypto.h"
#include "core/diag.h"
#include "core/guess.h"

#define PWR_STORE_AWAY (APR_OS_START_USERERR + 1)
#define PWR_STORE_BROKEN (APR_OS_START_USERERR + 2)

#define PWR_REALM_POINTS 191        /* as wide as its column */
#define PWR_USERS_MAX 10            /* rows of a user query that are used */
#define PWR_USERS_LIST_MAX 50       /* rows that users_list reads at a time */
/* The clocks of database nodes may differ by so much.  What was made later than
 * that from now was made before the clock went back: it ends, lest it lives
 * longer than it may. */
#define PWR_CLOCK_SKEW_SEC 60
#define PWR_TOKEN_GRACE_SEC 600     /* a POST is taken this long after expiry */
#define PWR_TOKEN_JOBS_MAX 3        /* jobs of an account with live strings */
#define PWR_NOTME_SEC (7 * 86400)   /* how long "this was not me" works */
#define PWR_SESSIONS_MAX 100        /* of a user that are listed */
#define PWR_TOKENS_MAX 100          /* of an account that are listed */
#define PWR_DOUBLE_CLICK_SEC 60
#define PWR_DOUBLE_CLICK_TRIES 3
#define PWR_DEVICE_LIFETIME_SEC (400 * 86400)  /* since it last signed in; the
                                                 * longest browsers keep */
#define PWR_DEVICES_MAX 100         /* of an account */

#define PWR_KEEP_SEC (7 * 86400)    /* what ended is kept, to tell why */

typedef struct pwr_store pwr_store;

/* A row of the provider's user table; absent columns and NULLs are NULL. */
typedef struct pwr_user {
    const char *id;
    const char *login;
    const char *email;
    const char *password;           /* stored hash; secret */
    const char *language;
    const char *name;
    const char *recovery_email;
    const char *changed_at;
    int is_mailbox;                 /* its login opens the mailbox `email`, and
                                     * the query has a recovery_email: mail
                                     * goes there, or nowhere */
    /* Fingerprint of password and changed_at: what a session was made under
     * must equal it still, whoever changed the row. */
    char stamp[PWR_DIGEST_HEX + 1];
    /* Of these and the addresses: whoever reads the old mailbox must not have
     * a string that outlives it. */
    char mail_stamp[PWR_DIGEST_HEX + 1];
    /* Of the addresses alone. */
    char address_stamp[PWR_DIGEST_HEX + 1];
} pwr_user;

typedef struct pwr_users {
    int n;
    pwr_user *row;
    int is_sole;            /* given: of several users none is wanted */
} pwr_users;

typedef enum pwr_user_key {
    PWR_USER_BY_EMAIL,      /* compared again in C as addresses: email, or
                             * recovery_email unless is_sole is given */
    PWR_USER_BY_LOGIN,      /* compared again in C on canonical forms */
    PWR_USER_BY_ID
} pwr_user_key;

typedef enum pwr_job_kind {
    PWR_JOB_NONE = 0,
    PWR_JOB_RECOVER,        /* somebody asked for a control string */
    PWR_JOB_NOTICE,         /* a password was changed: tell its owner */
    PWR_JOB_HOOK,           /* the same: run the program of PwResetHook */
    PWR_JOBS_N
} pwr_job_kind;

#define PWR_IDENTIFIER_POINTS 512       /* of an identifier, a recipient */

typedef struct pwr_job {
    char id[PWR_ID_HEX + 1];    /* made by job_add when empty */
    pwr_job_kind kind;
    const char *realm;
    const char *identifier;     /* recover: canonical address or login */
    int by;                     /* recover: PWR_IDENTIFY_* bits to look under;
                                 * hook: pwr_hook_cause */
    const char *user_id;        /* notice, hook */
    const char *login;          /* notice, hook */
    const char *recipient;      /* notice: address as it stood in the change;
                                 * recover: those of its mailboxes that still
                                 * wait, a line each; NULL: all */
    const char *language;       /* of the page it came from, or the user's */
    const char *address;        /* the client's, for "who asked" */
    const char *agent;          /* its User-Agent, cut */
    int64_t created;            /* set by the store */
    int64_t due;                /* on job_add: delay in seconds */
    int tries;                  /* claims so far */
    const char *error;          /* what the last try said; NULL at first */
    int64_t lease_until;        /* somebody holds it until then */
    const char *owner;          /* who; NULL: nobody */
    int64_t gave_up;            /* when it was given up; 0: it is not */
} pwr_job;

typedef struct pwr_jobs {
    int n;
    pwr_job *row;
    int64_t now;                /* the database's */
} pwr_jobs;

/* What became of an operator's order about a job. */
typedef enum pwr_job_order {
    PWR_ORDER_NO_JOB = 0,       /* there is none of that id */
    PWR_ORDER_HELD,             /* a worker is at it: nothing was done */
    PWR_ORDER_DONE
} pwr_job_order;

typedef enum pwr_token_state {
    PWR_TOKEN_UNKNOWN = 0,
    PWR_TOKEN_EXPIRED,
    PWR_TOKEN_SPENT,            /* a password was changed with it */
    PWR_TOKEN_CANCELLED,        /* another string or change, or "not me" */
    PWR_TOKEN_GRACE,            /* expired, but a POST is still taken */
    PWR_TOKEN_LIVE
} pwr_token_state;

typedef struct pwr_token {
    char digest[PWR_DIGEST_HEX + 1];
    const char *realm;
    const char *user_id;
    const char *login;
    const char *language;
    const char *job;
    char stamp[PWR_DIGEST_HEX + 1];     /* the user's mail_stamp when minted */
    int64_t lifetime_sec;               /* on minting */
    int64_t merge_sec;                  /* on minting: what a moment is */
    /* On minting: the secret of the link "this was not me" that goes with the
     * string ("": none); it dies with the addresses it was sent to and not
     * with the password. */
    char notme_digest[PWR_DIGEST_HEX + 1];
    char notme_stamp[PWR_DIGEST_HEX + 1];   /* the user's address_stamp */
    /* On minting: how often mails may go to an account, and to a mailbox; and
     * a digest that stands for the mailbox, needed unless the rate is off. */
    pwr_rate rate;
    char mailbox[PWR_DIGEST_HEX + 1];
    int64_t created, expires;           /* set by the store */
    int64_t spent_at;
    const char *why;                    /* it was spent: used, changed, notme,
                                         * revoked; NULL: it was not */
    pwr_token_state state;
} pwr_token;

/* The strings that were made for an account lately, for operators. */
typedef struct pwr_tokens {
    const char *realm;
    const char *user_id;        /* or pwr_token.mailbox: mails sent there */
    int is_mailbox;
    /* out */
    int n;
    pwr_token *row;             /* newest first; digests are left out */
    int64_t now;                /* the database's */
} pwr_tokens;

/* An operator ends all that lets somebody into an account but its password. */
typedef struct pwr_revocation {
    const char *realm;
    const char *user_id;
    /* out: how many there were */
    int sessions;
    int strings;                /* that still worked */
    int devices;
} pwr_revocation;

/* "This was not me". */
typedef struct pwr_notme {
    const char *realm;
    const char *digest;         /* of the link's secret */
    /* out */
    pwr_token_state state;      /* LIVE and GRACE: done; never SPENT */
    const char *user_id;        /* NULL unless done */
    int cancelled;              /* strings that worked until now */
} pwr_notme;

typedef enum pwr_mint {
    PWR_MINT_REFUSED = 0,       /* three other jobs have live strings */
    PWR_MINT_LIMITED,           /* too many mails went there lately */
    PWR_MINT_MERGED,            /* another job minted a moment ago */
    PWR_MINT_ENDED,             /* one of this job was used or cancelled */
    PWR_MINT_DONE
} pwr_mint;

typedef struct pwr_session {
    char digest[PWR_DIGEST_HEX + 1];
    const char *realm;
    const char *user_id;
    const char *login;
    char stamp[PWR_DIGEST_HEX + 1];
    int64_t created, seen, expires;     /* set by the store */
    const char *address;
    const char *agent;
} pwr_session;

typedef enum pwr_session_state {
    PWR_SESSION_NONE = 0,       /* unknown, too old, idle, another stamp */
    PWR_SESSION_LIVE
} pwr_session_state;

/* What is asked about a session, and the answer. */
typedef struct pwr_session_lookup {
    const char *realm;
    const char *digest;
    int64_t idle_sec;
    /* out */
    pwr_session_state state;
    pwr_session session;        /* zeroed unless PWR_SESSION_LIVE */
    pwr_user user;              /* likewise; as the row stands now */
} pwr_session_lookup;

/* An attempt to sign in, by a client that is not known to the account. */
typedef struct pwr_guess {
    const char *realm;
    const char *name;           /* of pwr_guess_name() */
    const char *network;        /* of pwr_guess_network() */
    pwr_rate rate;
    /* out */
    pwr_guess_lane lane;
    int64_t wait_ms;            /* the answer may not leave before */
} pwr_guess;

/* A browser that has signed in to this account before. */
typedef struct pwr_device {
    const char *realm;
    char digest[PWR_DIGEST_HEX + 1];
    const char *user_id;        /* NULL: of nobody */
    const char *stamp;          /* of the password as it stands */
} pwr_device;

/* The live sessions of a user as one of them sees them. */
typedef struct pwr_sessions {
    const char *realm;
    const char *user_id;
    const char *digest;         /* of the one that asks */
    int64_t idle_sec;
    /* out */
    int n;                      /* 0: the one that asks has ended */
    pwr_session *row;           /* that one first, then by last use */
} pwr_sessions;

typedef enum pwr_change_outcome {
    PWR_CHANGE_REFUSED = 0,     /* nothing was changed; see `token_state` */
    PWR_CHANGE_NO_USER,         /* the account is gone, or was not written */
    PWR_CHANGE_STALE,           /* the row is not what the caller verified */
    PWR_CHANGE_DONE
} pwr_change_outcome;

/* The former passwords of an account. */
typedef struct pwr_history {
    const char *realm;
    const char *user_id;
    int max;
    /* out */
    int n;
    const char **stored;            /* hashes, the last one first; secret */
} pwr_history;

/* One change of a password and all that belongs to it, in one transaction. */
typedef struct pwr_change {
    const char *realm;
    const char *user_id;
    const char *stored;             /* the new hash */
    const char *stamp;              /* the row must still have this stamp */
    const char *token_digest;       /* spend this string; NULL: /change */
    const pwr_session *session;     /* add this one, all others end; or NULL */
    int64_t session_lifetime_sec;
    const pwr_device *device;       /* known from now on, all others are not;
                                     * or NULL */
    const char *device_before;      /* digest that its browser had; or NULL */
    int history;                    /* former passwords that are kept, this
                                     * one too where it can be verified and is
                                     * of a scheme that is written; 0: none */
    const pwr_job *notice;          /* queued once per address; recipient is
                                     * set here from the row */
    const pwr_job *hook;            /* queued once; or NULL */
    int is_rehearsal;               /* do all of it, and undo it */
    /* out */
    pwr_change_outcome outcome;
    pwr_token_state token_state;    /* why it was refused */
    pwr_user user;                  /* as it stands after the change */
} pwr_change;

/* The same password hashed anew: nothing else changes, and nobody notices. */
typedef struct pwr_rehash {
    const char *realm;
    const pwr_user *user;           /* as its password was verified */
    const char *stored;             /* the new hash */
    /* out */
    int is_done;                    /* 0: the row is another by now */
} pwr_rehash;

/* What there is of a realm; -1: nobody knows. */
typedef struct pwr_survey_row {
    const char *realm;
    int64_t idle_sec;
    /* out */
    int64_t waiting;            /* jobs that were not tried yet */
    int64_t leased;             /* at work, on any node */
    int64_t failing;            /* tried, and to be tried again */
    int64_t given_up;           /* kept for the admin */
    int64_t oldest_sec;         /* age of the oldest that is not given up */
    int64_t sessions;           /* counted up to 100000 */
    const char *error;          /* of a job that fails, or else was given up;
                                 * who it was for is masked.  NULL: none */
} pwr_survey_row;

typedef struct pwr_survey {
    pwr_survey_row *row;
    int n;
    int64_t until_ms;           /* no statement is begun after it, pwr_now */
    int is_whole;               /* out: all was asked for in time */
} pwr_survey;

/* What an inspection looks at. */
typedef enum pwr_aspect {
    PWR_ASPECT_STATEMENTS = 0,  /* their tables, columns and grants are there */
    PWR_ASPECT_CHANGES,         /* the database takes some */
    PWR_ASPECT_ENGINES          /* and can undo them */
} pwr_aspect;

/* What is found lives in `pool`, the caller's. */
typedef struct pwr_store_ops {
    /* Those whom PwResetUserQuery, ...LoginQuery or ...IdQuery finds under
     * `value` and who have it in C as well, each once, PWR_USERS_MAX at most.
     * Their stamps are of PwResetIdQuery, whichever found them. */
    apr_status_t (*users_find)(pwr_store *store, apr_pool_t *pool,
                               pwr_user_key key, const char *value,
                               pwr_users *users);

    /* The names of the groups that PwResetGroupQuery finds for a user and whose
     * id, login or email, as the rows tell them, are his in C as well; NULL at
     * the end; of none where there is no such query.  A hundred are used. */
    apr_status_t (*groups_find)(pwr_store *store, apr_pool_t *pool,
                                const pwr_user *user,
                                const char *const **groups);

    /* Due in `job->due` seconds; one of the same id is there already: done. */
    apr_status_t (*job_add)(pwr_store *store, apr_pool_t *pool,
                            const pwr_job *job);
    /* Due jobs of all realms that nobody holds, oldest first, at most `max`
     * and 100; `after` NULL or the last one seen of the same sweep. */
    apr_status_t (*job_batch)(pwr_store *store, apr_pool_t *pool, int max,
                              const pwr_job *after, pwr_jobs *jobs);
    /* `*mine` is non-zero for the one who gets it, and until the lease ends;
     * not for who has it already. */
    apr_status_t (*job_claim)(pwr_store *store, apr_pool_t *pool,
                              const pwr_job *job, const char *owner,
                              int64_t lease_sec, int *mine);
    /* The lease of a job that takes longer, anew from now.  Not within the
     * second of the last time.  `*mine` 0: it is somebody else's by now. */
    apr_status_t (*job_hold)(pwr_store *store, apr_pool_t *pool,
                             const pwr_job *job, const char *owner,
                             int64_t lease_sec, int *mine);
    /* Put back, due again in `delay_sec`, for `job->recipient`; `delay_sec`
     * < 0: given up, the row stays for the admin.  Only while `owner` holds
     * it. */
    apr_status_t (*job_retry)(pwr_store *store, apr_pool_t *pool,
                              const pwr_job *job, const char *owner,
                              int64_t delay_sec, const char *error);
    /* Delete it, likewise. */
    apr_status_t (*job_done)(pwr_store *store, apr_pool_t *pool,
                             const pwr_job *job, const char *owner);

    /* For operators: as job_batch, but whoever holds a job and whenever it is
     * due; those that were given up come last. */
    apr_status_t (*job_list)(pwr_store *store, apr_pool_t *pool, int max,
                             const pwr_job *after, pwr_jobs *jobs);
    /* One, by the id of `like`; or all of its realm that are for its
     * identifier or tell its user_id (either may be NULL), at most 100. */
    apr_status_t (*job_find)(pwr_store *store, apr_pool_t *pool,
                             const pwr_job *like, pwr_jobs *jobs);
    apr_status_t (*job_about)(pwr_store *store, apr_pool_t *pool,
                              const pwr_job *like, pwr_jobs *jobs);
    /* Due now, also one that was given up; and away with it. */
    apr_status_t (*job_again)(pwr_store *store, apr_pool_t *pool,
                              const char *id, pwr_job_order *order);
    apr_status_t (*job_drop)(pwr_store *store, apr_pool_t *pool,
                             const char *id, pwr_job_order *order);

    /* With the string its link "this was not me", which counts for nothing
     * else. */
    apr_status_t (*token_mint)(pwr_store *store, apr_pool_t *pool,
                               pwr_token *token, pwr_mint *outcome);
    /* The string and, when it is LIVE or in GRACE or SPENT, its user (else
     * user->id is NULL).  A string whose user is gone or was changed is
     * CANCELLED. */
    apr_status_t (*token_find)(pwr_store *store, apr_pool_t *pool,
                               const char *realm, const char *digest,
                               pwr_token *token, pwr_user *user);
    /* The same of a link "this was not me". */
    apr_status_t (*notme_find)(pwr_store *store, apr_pool_t *pool,
                               const char *realm, const char *digest,
                               pwr_token *token, pwr_user *user);
    /* Cancel the live strings of this account, of all jobs, and nothing else;
     * as often as it is asked. */
    apr_status_t (*notme_do)(pwr_store *store, apr_pool_t *pool,
                             pwr_notme *notme);
    /* May a double click compare its password?  At most
     * PWR_DOUBLE_CLICK_TRIES a string, within PWR_DOUBLE_CLICK_SEC of use. */
    apr_status_t (*token_double_click)(pwr_store *store, apr_pool_t *pool,
                                       const char *realm, const char *digest,
                                       int *may);

    /* At most 100. */
    apr_status_t (*tokens_list)(pwr_store *store, apr_pool_t *pool,
                                pwr_tokens *tokens);

    /* In one transaction. */
    apr_status_t (*account_revoke)(pwr_store *store, apr_pool_t *pool,
                                   pwr_revocation *revocation);

    /* AWAY may also mean that the last word, COMMIT, got no answer and nobody
     * could be asked: then a string that was spent is found SPENT. */
    apr_status_t (*password_change)(pwr_store *store, apr_pool_t *pool,
                                    pwr_change *change);

    /* One UPDATE of the row that still has the old hash; what was bound to it
     * (sessions, strings, browsers of this realm) is bound to the new one.
     * Neither notice nor PwResetAfterChange. */
    apr_status_t (*password_rehash)(pwr_store *store, apr_pool_t *pool,
                                    pwr_rehash *rehash);

    apr_status_t (*history_list)(pwr_store *store, apr_pool_t *pool,
                                 pwr_history *history);
    /* The realm of the former passwords whose account nobody has looked for
     * the longest, and for PWR_KEEP_SEC; NULL: of none. */
    apr_status_t (*history_stalest)(pwr_store *store, apr_pool_t *pool,
                                    const char **realm);
    /* Look for some accounts of that realm; those that are gone take their
     * former passwords with them, if this store `may_delete` them, being that
     * of the realm's own user table.  `*changed` is 0 when none was left. */
    apr_status_t (*history_tidy)(pwr_store *store, apr_pool_t *pool,
                                 const char *realm, int may_delete,
                                 int *changed);

    /* `added` NULL: whatever has become of the user's row.  Else only while its
     * stamp is still the session's, and then whoever hashes its password anew
     * later on (password_rehash) binds the session to that; `*added` 0: it is
     * another, and there is no session. */
    apr_status_t (*session_add)(pwr_store *store, apr_pool_t *pool,
                                const pwr_session *session,
                                int64_t lifetime_sec, int *added);
    /* The session and its user as the row stands now.  Marks it as seen when
     * that is older than a sixth of `idle_sec`. */
    apr_status_t (*session_find)(pwr_store *store, apr_pool_t *pool,
                                 pwr_session_lookup *lookup);
    apr_status_t (*session_end)(pwr_store *store, apr_pool_t *pool,
                                const char *realm, const char *digest);

    /* Take a slot for an attempt before its password is looked at. */
    apr_status_t (*guess_take)(pwr_store *store, apr_pool_t *pool,
                               pwr_guess *guess);
    /* Its password was right: it was no guess. */
    apr_status_t (*guess_give_back)(pwr_store *store, apr_pool_t *pool,
                                    const pwr_guess *guess);
    /* The same for a browser that the account knows, at `rate` of its own:
     * `*taken` is 0 when it is not known, or has taken too much. */
    apr_status_t (*device_take)(pwr_store *store, apr_pool_t *pool,
                                const pwr_device *device,
                                const pwr_rate *rate, int *taken);
    /* It is known from now on, and whatever else was known under `before` (a
     * digest, or NULL) is known under the new digest alone. */
    apr_status_t (*device_add)(pwr_store *store, apr_pool_t *pool,
                               const pwr_device *device, const char *before);
    apr_status_t (*sessions_list)(pwr_store *store, apr_pool_t *pool,
                                  pwr_sessions *sessions);
    /* All of the user but the one that asks. */
    apr_status_t (*sessions_end_others)(pwr_store *store, apr_pool_t *pool,
                                        const pwr_sessions *sessions);

    /* Delete some rows of every kind that ended: sessions, queues of guesses
     * and browsers at once; strings, jobs that were given up, and jobs that
     * are due and that nobody took, after `keep_sec`.  `*purged` is 0 when
     * nothing was left to delete. */
    apr_status_t (*purge)(pwr_store *store, apr_pool_t *pool,
                          int64_t keep_sec, int *purged);
    /* Take client addresses and agents out of some rows of the realm that were
     * made `keep_sec` ago; `*forgotten` is 0 when there was none left. */
    apr_status_t (*forget)(pwr_store *store, apr_pool_t *pool,
                           const char *realm, int64_t keep_sec,
                           int *forgotten);

    /* How many of everything there are, for an admin. */
    apr_status_t (*survey)(pwr_store *store, apr_pool_t *pool,
                           pwr_survey *survey);

    /* The realm was seen behind a proxy that httpd was not told of: note when,
     * and how long ago that was (-1: never). */
    apr_status_t (*proxy_seen)(pwr_store *store, apr_pool_t *pool,
                               const char *realm);
    apr_status_t (*proxy_age)(pwr_store *store, apr_pool_t *pool,
                              const char *realm, int64_t *age_sec);

    /* For an admin: `faults`, of const char *, gets a sentence with the remedy
     * for all that is not as it has to be.  Nothing is written. */
    apr_status_t (*inspect)(pwr_store *store, apr_pool_t *pool,
                            pwr_aspect aspect, apr_array_header_t *faults);
    /* How many characters the column holds that PwResetPasswordUpdate sets to
     * :hash; 0: nobody knows, or without end. */
    apr_status_t (*password_width)(pwr_store *store, apr_pool_t *pool,
                                   int *width);

    /* Setting up and the shipped user table; not on a request's way.  Apply
     * makes what is not there; upgrade brings what is there to our version. */
    apr_status_t (*schema_apply)(pwr_store *store, apr_pool_t *pool);
    apr_status_t (*schema_upgrade)(pwr_store *store, apr_pool_t *pool);
    /* 0: no schema. */
    apr_status_t (*schema_version)(pwr_store *store, apr_pool_t *pool,
                                   int *version);
    /* Users in the order of PwResetListQuery, behind the id `after` ("" at
     * first); the last ones when there are fewer than PWR_USERS_LIST_MAX.
     * PWR_STORE_BROKEN, untold, when the site has no such query. */
    apr_status_t (*users_list)(pwr_store *store, apr_pool_t *pool,
                               const char *after, pwr_users *users);
    /* A row of the shipped table, with a new id; `*added` is 0 when the login
     * is taken. */
    apr_status_t (*user_add)(pwr_store *store, apr_pool_t *pool,
                             const pwr_user *user, int *added);
} pwr_store_ops;

struct pwr_store {
    const pwr_store_ops *ops;
    const pwr_diag *diag;
    void *impl;
};

#endif
