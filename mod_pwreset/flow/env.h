/* SPDX-License-Identifier: Apache-2.0 */
/* What a use case is given and what it answers; knows no httpd.
 *
 * A flow is  apr_status_t f(const pwr_env *, const pwr_request *,
 * pwr_response *).  A status other than APR_SUCCESS means the machine could not
 * (the caller answers 503 or 500); everything a visitor may be told is in the
 * response. */
#ifndef PWR_ENV_H
#define PWR_ENV_H

#include <stdint.h>

#include <apr_hash.h>
#include <apr_pools.h>

#include "core/cost.h"
#include "core/count.h"
#include "core/event.h"
#include "core/form.h"
#include "core/model.h"
#include "flow/site.h"
#include "io/store.h"

/* The hash gate was full until its deadline: 503 with Retry-After. */
#define PWR_GATE_FULL (APR_OS_START_USERERR + 10)

/* What the process around us does for a flow. */
typedef struct pwr_host_ops {
    /* Take a seat among those who want to hash, which is kept until `pool`,
     * the request's, is gone; PWR_GATE_FULL: there is none for strangers. */
    apr_status_t (*gate_sit)(void *baton, apr_pool_t *pool);
    /* Wait for a place among the host's concurrent hashes; PWR_GATE_FULL after
     * a bounded time.  It is to be left; `pool` is the request's.  There is
     * room for who `is_known` when strangers have used up theirs.  The place
     * is free for others at `at_usec`, or once the request is over. */
    apr_status_t (*gate_enter)(void *baton, apr_pool_t *pool, int is_known);
    void (*gate_leave)(void *baton, apr_pool_t *pool, int64_t at_usec);
    /* This user's cached sessions are stale from now on, on this node. */
    void (*sessions_changed)(void *baton, const char *realm,
                             const char *user_id);
    /* Take one of what an account is allowed on this host: 0, or in how many
     * seconds to come again.  And give it back. */
    int64_t (*limit_take)(void *baton, pwr_limit_class limit,
                          const char *user_id);
    void (*limit_give)(void *baton, pwr_limit_class limit,
                       const char *user_id);
    /* There is a job, to be looked at when the answer has left and `pool` is
     * gone: before, what the worker does for it would show in the time. */
    void (*wake)(void *baton, apr_pool_t *pool);
    /* A clock that nobody sets, for pwr_response.answer_at_usec. */
    int64_t (*now_usec)(void *baton);
    /* core/cost.h, of the realm of this site. */
    void (*cost_learn)(void *baton, const char *like, int is_row,
                       int64_t took_usec);
    int64_t (*cost_dearest)(void *baton, char like[PWR_COST_LIKE_MAX]);
    int (*cost_differs)(void *baton);
    /* One more of these, of this realm. */
    void (*count)(void *baton, pwr_count what);
    /* A mail to this mailbox was not sent: for the status page. */
    void (*mail_failed)(void *baton, apr_pool_t *pool, const char *why,
                        const char *mailbox);
    /* Write this down; realm and time are added here.  Never fails for the
     * caller.  See flow/audit.h. */
    void (*audit)(void *baton, apr_pool_t *pool, pwr_event *event);
} pwr_host_ops;

typedef struct pwr_env {
    apr_pool_t *pool;               /* of the request or the worker's step */
    const pwr_site *site;
    pwr_store *store;
    const pwr_host_ops *host;
    void *host_baton;
    const pwr_diag *diag;
    int64_t began_usec;             /* of host->now_usec() */
} pwr_env;

/* Who is signed in; login NULL: nobody. */
typedef struct pwr_visitor {
    const char *login;
    const char *user_id;
    const char *session_digest;
    const char *const *groups;      /* NULL at the end; NULL: of none */
} pwr_visitor;

typedef struct pwr_request {
    int is_post;                    /* else GET or HEAD */
    int is_program;                 /* it wants data: no page to log in at helps
                                     * it */
    const pwr_voice *voice;         /* the language of the answer */
    const char *lang;               /* tag when ?lang= chose it: is carried */
    const pwr_form *query;
    const pwr_form *form;           /* NULL unless is_post */
    const char *client_address;
    const char *agent;              /* User-Agent, may be NULL */
    const char *device;             /* secret of a cookie, may be NULL */
    int sends_cookies;              /* one of ours came */
    const char *login_hint;         /* from a cookie; shown, never believed */
    pwr_visitor visitor;
} pwr_request;

typedef struct pwr_set_cookie {
    const char *name;
    const char *value;              /* "" deletes */
    long age_sec;                   /* < 0: until the browser closes */
} pwr_set_cookie;

#define PWR_COOKIES_MAX 3

typedef struct pwr_response {
    int status;
    pwr_page page;
    pwr_model *model;               /* with page */
    pwr_list *errors;               /* of the model; NULL: nothing is wrong */
    apr_hash_t *field_errors;       /* field -> pwr_list, likewise */
    const char *location;           /* with 303: a path, ?lang= carried */
    int retry_after_sec;            /* with 429, 503 */
    int64_t answer_at_usec;         /* of host->now_usec(): not before; 0: at
                                     * once */
    int shows_secret;               /* the page holds a control string */
    int is_common;                  /* a page that is the same for all who read
                                     * its language: it holds nothing of who
                                     * asks */
    int spares_limit;               /* counts for nothing against the client:
                                     * he got in, or asked nothing yet */
    pwr_set_cookie cookie[PWR_COOKIES_MAX];
    int cookies_n;
} pwr_response;

typedef apr_status_t pwr_flow(const pwr_env *env, const pwr_request *request,
                              pwr_response *response);

#endif
