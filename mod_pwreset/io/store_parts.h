/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the dbd store, one file a noun; only store_*.c include this. */
#ifndef PWR_STORE_PARTS_H
#define PWR_STORE_PARTS_H

#include "io/store_sql.h"

#define PWR_LOGIN_POINTS 255        /* widths of columns people see */
#define PWR_ADDRESS_POINTS 64
#define PWR_AGENT_POINTS 255
#define PWR_LANGUAGE_POINTS 35
#define PWR_ERROR_POINTS 1000
#define PWR_HISTORY_POINTS 512

typedef struct pwr_store_impl {
    pwr_store store;                /* its `impl` points here */
    pwr_dbd dbd;
    const char *prefix;
    int may_half;                   /* as in pwr_store_conf */
    pwr_store_sql sql;
} pwr_store_impl;

/* store_dbd.c: a new id, and the fingerprint of two strings, or of `n`; if
 * OpenSSL fails they say so and return PWR_STORE_BROKEN. */
apr_status_t pwr_store_id(const pwr_store_impl *impl, char *id);
apr_status_t pwr_store_fingerprint(const pwr_store_impl *impl, char *out,
                                   const char *a, const char *b);
apr_status_t pwr_store_digest(const pwr_store_impl *impl, char *out,
                              const char *const *strings, size_t n);

/* Rows of an account, of which the latest are left: `least` finds the latest
 * that is too many, `trim` deletes up to there. */
typedef struct pwr_trim {
    pwr_stmt least, trim;
    const char *realm, *user_id;
    int keep;
} pwr_trim;

/* store_dbd.c */
apr_status_t pwr_store_trim(pwr_dbd_run *run, const pwr_store_impl *impl,
                            const pwr_trim *trim);

/* store_user.c */
apr_status_t pwr_store_users_find(pwr_store *store, apr_pool_t *pool,
                                  pwr_user_key key, const char *value,
                                  pwr_users *users);
apr_status_t pwr_store_users_list(pwr_store *store, apr_pool_t *pool,
                                  const char *after, pwr_users *users);
apr_status_t pwr_store_user_add(pwr_store *store, apr_pool_t *pool,
                                const pwr_user *user, int *added);

/* Are they one login, whatever a collation says?  NULL and "" are none. */
int pwr_store_same_login(apr_pool_t *pool, const char *a, const char *b);

/* Within a step: the user of this id; user->id is NULL when there is none. */
apr_status_t pwr_store_user_read(pwr_dbd_run *run, const pwr_store_impl *impl,
                                 const char *id, pwr_user *user);

/* store_job.c */
apr_status_t pwr_store_job_add(pwr_store *store, apr_pool_t *pool,
                               const pwr_job *job);
apr_status_t pwr_store_job_batch(pwr_store *store, apr_pool_t *pool, int max,
                                 const pwr_job *after, pwr_jobs *jobs);
apr_status_t pwr_store_job_hold(pwr_store *store, apr_pool_t *pool,
                                const pwr_job *job, const char *owner,
                                int64_t lease_sec, int *mine);
apr_status_t pwr_store_job_claim(pwr_store *store, apr_pool_t *pool,
                                 const pwr_job *job, const char *owner,
                                 int64_t lease_sec, int *mine);
apr_status_t pwr_store_job_retry(pwr_store *store, apr_pool_t *pool,
                                 const pwr_job *job, const char *owner,
                                 int64_t delay_sec, const char *error);
apr_status_t pwr_store_job_done(pwr_store *store, apr_pool_t *pool,
                                const pwr_job *job, const char *owner);
apr_status_t pwr_store_job_list(pwr_store *store, apr_pool_t *pool, int max,
                                const pwr_job *after, pwr_jobs *jobs);
apr_status_t pwr_store_job_find(pwr_store *store, apr_pool_t *pool,
                                const pwr_job *like, pwr_jobs *jobs);
apr_status_t pwr_store_job_about(pwr_store *store, apr_pool_t *pool,
                                 const pwr_job *like, pwr_jobs *jobs);
apr_status_t pwr_store_job_again(pwr_store *store, apr_pool_t *pool,
                                 const char *id, pwr_job_order *order);
apr_status_t pwr_store_job_drop(pwr_store *store, apr_pool_t *pool,
                                const char *id, pwr_job_order *order);

/* Within a step: add a job; its id is made when it has none. */
apr_status_t pwr_store_job_write(pwr_dbd_run *run, const pwr_store_impl *impl,
                                 const pwr_job *job);

/* store_token.c */
apr_status_t pwr_store_token_mint(pwr_store *store, apr_pool_t *pool,
                                  pwr_token *token, pwr_mint *outcome);
apr_status_t pwr_store_token_find(pwr_store *store, apr_pool_t *pool,
                                  const char *realm, const char *digest,
                                  pwr_token *token, pwr_user *user);
apr_status_t pwr_store_token_double_click(pwr_store *store, apr_pool_t *pool,
                                          const char *realm,
                                          const char *digest, int *may);

apr_status_t pwr_store_notme_find(pwr_store *store, apr_pool_t *pool,
                                  const char *realm, const char *digest,
                                  pwr_token *token, pwr_user *user);
apr_status_t pwr_store_notme_do(pwr_store *store, apr_pool_t *pool,
                                pwr_notme *notme);

apr_status_t pwr_store_tokens_list(pwr_store *store, apr_pool_t *pool,
                                   pwr_tokens *tokens);

/* store_revoke.c */
apr_status_t pwr_store_account_revoke(pwr_store *store, apr_pool_t *pool,
                                      pwr_revocation *revocation);

typedef struct pwr_token_key {
    const char *realm;
    const char *digest;
    int is_notme;               /* the purpose: that link, else a string */
} pwr_token_key;

/* Within a step: the string of this key with its state by the clock and its
 * own row alone, and which change spent it (NULL: none). */
apr_status_t pwr_store_token_read(pwr_dbd_run *run, const pwr_store_impl *impl,
                                  const pwr_token_key *key, pwr_token *token,
                                  const char **spent_by);

/* Is the row really of this realm?  MySQL's collations ignore blanks at the
 * end, a realm does not. */
int pwr_store_is_of(const pwr_dbd_rows *rows, const char *realm);

/* Within a transaction: wait until no other works on this user. */
apr_status_t pwr_store_lock(pwr_dbd_run *run, const pwr_store_impl *impl,
                            const char *realm, const char *user_id);

/* Within a step: the database's clock. */
apr_status_t pwr_store_clock(pwr_dbd_run *run, const pwr_store_impl *impl,
                             int64_t *now);

/* store_change.c */
apr_status_t pwr_store_password_change(pwr_store *store, apr_pool_t *pool,
                                       pwr_change *change);

/* Within a step: run the provider's UPDATE (PWR_STMT_PASSWORD_UPDATE or
 * _REHASH), which may change one row at most; and read back that its password
 * is `stored` now, in `user`. */
apr_status_t pwr_store_password_write(pwr_dbd_run *run,
                                      const pwr_dbd_stmt *stmt,
                                      const pwr_dbd_arg *args, int *changed);
apr_status_t pwr_store_password_check(pwr_dbd_run *run,
                                      const pwr_store_impl *impl,
                                      const char *id, const char *stored,
                                      pwr_user *user);

/* store_rehash.c */
apr_status_t pwr_store_password_rehash(pwr_store *store, apr_pool_t *pool,
                                       pwr_rehash *rehash);

/* store_session.c */
apr_status_t pwr_store_session_add(pwr_store *store, apr_pool_t *pool,
                                   const pwr_session *session,
                                   int64_t lifetime_sec, int *added);
apr_status_t pwr_store_session_find(pwr_store *store, apr_pool_t *pool,
                                    pwr_session_lookup *lookup);
apr_status_t pwr_store_session_end(pwr_store *store, apr_pool_t *pool,
                                   const char *realm, const char *digest);
apr_status_t pwr_store_sessions_list(pwr_store *store, apr_pool_t *pool,
                                     pwr_sessions *sessions);
apr_status_t pwr_store_sessions_end_others(pwr_store *store, apr_pool_t *pool,
                                           const pwr_sessions *sessions);

/* Within a step: add a session under this stamp. */
apr_status_t pwr_store_session_write(pwr_dbd_run *run,
                                     const pwr_store_impl *impl,
                                     const pwr_session *session,
                                     const char *user_id, const char *stamp,
                                     int64_t lifetime_sec);

/* store_group.c */
apr_status_t pwr_store_groups_find(pwr_store *store, apr_pool_t *pool,
                                   const pwr_user *user,
                                   const char *const **groups);

/* store_guess.c */
apr_status_t pwr_store_guess_take(pwr_store *store, apr_pool_t *pool,
                                  pwr_guess *guess);
apr_status_t pwr_store_guess_give_back(pwr_store *store, apr_pool_t *pool,
                                       const pwr_guess *guess);

/* store_device.c */
apr_status_t pwr_store_device_take(pwr_store *store, apr_pool_t *pool,
                                   const pwr_device *device,
                                   const pwr_rate *rate, int *taken);
apr_status_t pwr_store_device_add(pwr_store *store, apr_pool_t *pool,
                                  const pwr_device *device,
                                  const char *before);

/* Within a step: as pwr_store_device_add, under this stamp. */
apr_status_t pwr_store_device_write(pwr_dbd_run *run,
                                    const pwr_store_impl *impl,
                                    const pwr_device *device,
                                    const char *stamp, const char *before);

/* store_history.c */
apr_status_t pwr_store_history_list(pwr_store *store, apr_pool_t *pool,
                                    pwr_history *history);
apr_status_t pwr_store_history_stalest(pwr_store *store, apr_pool_t *pool,
                                       const char **realm);
apr_status_t pwr_store_history_tidy(pwr_store *store, apr_pool_t *pool,
                                    const char *realm, int may_delete,
                                    int *changed);

/* Within a change: its user's hash is a former one, by the change's id, and no
 * more than change->history of them are left. */
apr_status_t pwr_store_history_write(pwr_dbd_run *run,
                                     const pwr_store_impl *impl,
                                     const pwr_change *change,
                                     const pwr_user *before, const char *id);

/* store_proxy.c */
apr_status_t pwr_store_proxy_seen(pwr_store *store, apr_pool_t *pool,
                                  const char *realm);
apr_status_t pwr_store_proxy_age(pwr_store *store, apr_pool_t *pool,
                                 const char *realm, int64_t *age_sec);

/* store_survey.c */
apr_status_t pwr_store_survey(pwr_store *store, apr_pool_t *pool,
                              pwr_survey *survey);

/* store_schema.c */
apr_status_t pwr_store_schema_apply(pwr_store *store, apr_pool_t *pool);

/* What makes the table of this name, and the names of all (NULL: no more). */
apr_array_header_t *pwr_store_table_sql(apr_pool_t *pool, pwr_dialect dialect,
                                        const char *prefix, const char *name);
const char *pwr_store_table_name(size_t i);

/* What makes the rows of meta that are not there. */
const char *pwr_store_meta_sql(apr_pool_t *pool, pwr_dialect dialect,
                               const char *prefix);

apr_status_t pwr_store_purge(pwr_store *store, apr_pool_t *pool,
                             int64_t keep_sec, int *purged);
apr_status_t pwr_store_forget(pwr_store *store, apr_pool_t *pool,
                              const char *realm, int64_t keep_sec,
                              int *forgotten);

/* store_engine.c: within a step, why what is written to the tables that `sql`
 * names in front of SET cannot be rolled back (NULL: it can); and an end to the
 * step, told, where that is so of the user table. */
apr_status_t pwr_store_engine_look(pwr_dbd_run *run,
                                   const pwr_store_impl *impl,
                                   const char *sql, const char **fault);
apr_status_t pwr_store_engine_mind(pwr_dbd_run *run,
                                   const pwr_store_impl *impl);

/* store_inspect.c */
apr_status_t pwr_store_inspect(pwr_store *store, apr_pool_t *pool,
                               pwr_aspect aspect, apr_array_header_t *faults);
apr_status_t pwr_store_password_width(pwr_store *store, apr_pool_t *pool,
                                      int *width);

/* store_version.c */
apr_status_t pwr_store_schema_version(pwr_store *store, apr_pool_t *pool,
                                      int *version);
apr_status_t pwr_store_schema_upgrade(pwr_store *store, apr_pool_t *pool);

/* Is the schema of the store, `baton`, behind this connection one that we
 * know?  PWR_STORE_BROKEN, and told, when it is not. */
apr_status_t pwr_store_vet(pwr_dbd_run *run, void *baton);

#endif
