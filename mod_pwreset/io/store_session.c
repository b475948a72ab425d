/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions; a row under the stamp of its user. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#define TOUCHES_PER_IDLE 6

typedef struct session_call {
    const pwr_store_impl *impl;
    const char *realm;
    const char *digest;
    int64_t lifetime_sec;
    const pwr_session *given;
    int *added;
    pwr_session_lookup *lookup;
    pwr_sessions *list;
} session_call;

apr_status_t pwr_store_session_write(pwr_dbd_run *run,
                                     const pwr_store_impl *impl,
                                     const pwr_session *session,
                                     const char *user_id, const char *stamp,
                                     int64_t lifetime_sec)
{
    const pwr_dbd_arg args[] = {
        { "realm", session->realm },
        { "digest", session->digest },
        { "user", user_id },
        { "login", pwr_dbd_fit(run, session->login, PWR_LOGIN_POINTS) },
        { "lifetime", pwr_dbd_decimal(run, lifetime_sec) },
        { "stamp", stamp },
        { "address", pwr_dbd_fit(run, session->address, PWR_ADDRESS_POINTS) },
        { "agent", pwr_dbd_fit(run, session->agent, PWR_AGENT_POINTS) },
        { NULL, NULL }
    };
    int added;

    return pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_SESSION_ADD], args,
                        &added);
}

static apr_status_t session_add(pwr_dbd_run *run, void *baton)
{
    session_call *call = baton;
    const pwr_session *given = call->given;
    apr_status_t status = pwr_store_session_write(
        run, call->impl, given, given->user_id, given->stamp,
        call->lifetime_sec);

    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

/* Behind the lock, as a password that is hashed anew at this moment would bind
 * the sessions that it sees, and this one would be added after that. */
static apr_status_t session_add_fresh(pwr_dbd_run *run, void *baton)
{
    session_call *call = baton;
    const pwr_session *given = call->given;
    apr_status_t status = pwr_store_lock(run, call->impl, given->realm,
                                         given->user_id);
    pwr_user user = { .id = NULL };

    *call->added = 0;
    if (status == APR_SUCCESS) {
        status = pwr_store_user_read(run, call->impl, given->user_id, &user);
    }
    if (status != APR_SUCCESS || !user.id
        || !pwr_crypto_equal(user.stamp, given->stamp)) {
        return status;
    }
    status = pwr_store_session_write(run, call->impl, given, given->user_id,
                                     given->stamp, call->lifetime_sec);
    *call->added = status == APR_SUCCESS || status == PWR_DBD_EXISTS;
    run->keep = status == APR_SUCCESS;
    return *call->added ? APR_SUCCESS : status;
}

apr_status_t pwr_store_session_add(pwr_store *store, apr_pool_t *pool,
                                   const pwr_session *session,
                                   int64_t lifetime_sec, int *added)
{
    static const pwr_dbd_work any = { .name = "session_add",
                                      .step = session_add };
    static const pwr_dbd_work fresh = { .name = "session_add",
                                        .transaction = 1,
                                        .step = session_add_fresh };
    const pwr_store_impl *impl = store->impl;
    session_call call = { .impl = impl, .given = session, .added = added,
                          .lifetime_sec = lifetime_sec };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, added ? &fresh : &any,
                                     &call);

    if (added && status != APR_SUCCESS) {
        *added = 0;
    }
    return status;
}

static void row_read(const pwr_dbd_rows *rows, const char *realm,
                     pwr_session *session)
{
    session->realm = apr_pstrdup(rows->run->pool, realm);
    session->user_id = pwr_dbd_keep(rows, "user_id");
    session->login = pwr_dbd_keep(rows, "login");
    session->created = pwr_dbd_number(rows, "created");
    session->seen = pwr_dbd_number(rows, "seen");
    session->expires = pwr_dbd_number(rows, "expires");
    session->address = pwr_dbd_keep(rows, "address");
    session->agent = pwr_dbd_keep(rows, "agent");
}

/* The row, when its time is not over; `*now` is the database's. */
static apr_status_t session_read(pwr_dbd_run *run, const session_call *call,
                                 int *live, int64_t *now)
{
    const pwr_dbd_arg args[] = {
        { "realm", call->realm }, { "digest", call->digest }, { NULL, NULL }
    };
    pwr_session *session = &call->lookup->session;
    pwr_dbd_rows rows;
    const char *stamp;

    *live = 0;
    *now = 0;
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_SESSION_FIND], args,
                   &rows);
    if (!pwr_dbd_next(&rows) || !pwr_store_is_of(&rows, call->realm)) {
        return rows.status;
    }
    apr_cpystrn(session->digest, call->digest, sizeof(session->digest));
    row_read(&rows, call->realm, session);
    stamp = pwr_dbd_text(&rows, "stamp");
    apr_cpystrn(session->stamp, stamp ? stamp : "", sizeof(session->stamp));
    *now = pwr_dbd_number(&rows, "clock");
    *live = session->user_id && *now < session->expires
        && *now - session->seen < call->lookup->idle_sec
        && session->created <= *now + PWR_CLOCK_SKEW_SEC
        && session->seen <= *now + PWR_CLOCK_SKEW_SEC;
    return rows.status;
}

/* That it could not be marked is no reason to send a visitor away: the next
 * request tries again, and a failure only ends the session earlier. */
static void session_touch(pwr_dbd_run *run, const session_call *call,
                          int64_t now)
{
    int64_t every = call->lookup->idle_sec / TOUCHES_PER_IDLE;
    const pwr_dbd_arg args[] = {
        { "realm", call->realm }, { "digest", call->digest },
        { "every", pwr_dbd_decimal(run, every) }, { NULL, NULL }
    };
    int changed;

    if (now - call->lookup->session.seen > every) {
        pwr_dbd_exec(run, &call->impl->sql.stmt[PWR_STMT_SESSION_TOUCH], args,
                     &changed);
    }
}

static int is_bound(const pwr_session_lookup *lookup)
{
    return lookup->user.id
        && pwr_crypto_equal(lookup->session.stamp, lookup->user.stamp);
}

static apr_status_t session_find(pwr_dbd_run *run, void *baton)
{
    session_call *call = baton;
    pwr_session_lookup *lookup = call->lookup;
    int64_t now;
    int live;
    apr_status_t status;

    lookup->state = PWR_SESSION_NONE;
    status = session_read(run, call, &live, &now);
    if (status != APR_SUCCESS || !live) {
        return status;
    }
    status = pwr_store_user_read(run, call->impl, lookup->session.user_id,
                                 &lookup->user);
    /* Between these two the password may have been hashed anew, and the session
     * bound to that. */
    if (status == APR_SUCCESS && lookup->user.id && !is_bound(lookup)) {
        status = session_read(run, call, &live, &now);
    }
    if (status != APR_SUCCESS || !live || !is_bound(lookup)) {
        return status;
    }
    lookup->state = PWR_SESSION_LIVE;
    session_touch(run, call, now);
    return APR_SUCCESS;
}

apr_status_t pwr_store_session_find(pwr_store *store, apr_pool_t *pool,
                                    pwr_session_lookup *lookup)
{
    static const pwr_dbd_work work = { .name = "session_find",
                                       .step = session_find };
    const pwr_store_impl *impl = store->impl;
    session_call call = { .impl = impl, .realm = lookup->realm,
                          .digest = lookup->digest, .lookup = lookup };
    apr_status_t status;

    memset(&lookup->session, 0, sizeof(lookup->session));
    memset(&lookup->user, 0, sizeof(lookup->user));
    status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    if (status != APR_SUCCESS) {
        lookup->state = PWR_SESSION_NONE;
    }
    if (lookup->state != PWR_SESSION_LIVE) {
        memset(&lookup->session, 0, sizeof(lookup->session));
        memset(&lookup->user, 0, sizeof(lookup->user));
    }
    return status;
}

static apr_status_t session_end(pwr_dbd_run *run, void *baton)
{
    session_call *call = baton;
    const pwr_dbd_arg args[] = {
        { "realm", call->realm }, { "digest", call->digest }, { NULL, NULL }
    };
    int ended;

    return pwr_dbd_exec(run, &call->impl->sql.stmt[PWR_STMT_SESSION_END],
                        args, &ended);
}

apr_status_t pwr_store_session_end(pwr_store *store, apr_pool_t *pool,
                                   const char *realm, const char *digest)
{
    static const pwr_dbd_work work = { .name = "session_end",
                                       .step = session_end };
    const pwr_store_impl *impl = store->impl;
    session_call call = { .impl = impl, .realm = realm, .digest = digest };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}

/* MySQL's collations ignore blanks at the end: "u1 " is somebody else. */
static int is_of(const pwr_dbd_rows *rows, const pwr_sessions *list)
{
    const char *user_id = pwr_dbd_text(rows, "user_id");

    return pwr_store_is_of(rows, list->realm)
        && user_id && strcmp(user_id, list->user_id) == 0;
}

static apr_status_t list_read(pwr_dbd_run *run, const session_call *call,
                              const char *stamp)
{
    pwr_sessions *list = call->list;
    const pwr_dbd_arg args[] = {
        { "realm", list->realm }, { "user", list->user_id },
        { "stamp", stamp }, { "digest", list->digest },
        { "idle", pwr_dbd_decimal(run, list->idle_sec) },
        { "max", APR_STRINGIFY(PWR_SESSIONS_MAX) }, { NULL, NULL }
    };
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_SESSION_LIST], args,
                   &rows);
    while (list->n < PWR_SESSIONS_MAX && pwr_dbd_next(&rows)) {
        const char *digest = pwr_dbd_text(&rows, "digest");
        pwr_session *session = &list->row[list->n];

        if (digest && is_of(&rows, list)) {
            row_read(&rows, list->realm, session);
            apr_cpystrn(session->digest, digest, sizeof(session->digest));
            list->n++;
        }
    }
    return rows.status;
}

static apr_status_t sessions_list(pwr_dbd_run *run, void *baton)
{
    session_call *call = baton;
    pwr_sessions *list = call->list;
    pwr_user user;
    apr_status_t status = pwr_store_user_read(run, call->impl, list->user_id,
                                              &user);

    list->n = 0;
    if (status != APR_SUCCESS || !user.id) {
        return status;
    }
    status = list_read(run, call, user.stamp);
    if (list->n > 0 && !pwr_crypto_equal(list->row[0].digest, list->digest)) {
        list->n = 0;
    }
    return status;
}

apr_status_t pwr_store_sessions_list(pwr_store *store, apr_pool_t *pool,
                                     pwr_sessions *sessions)
{
    static const pwr_dbd_work work = { .name = "sessions_list",
                                       .step = sessions_list };
    const pwr_store_impl *impl = store->impl;
    session_call call = { .impl = impl, .list = sessions };
    apr_status_t status;

    sessions->n = 0;
    sessions->row = apr_pcalloc(pool, PWR_SESSIONS_MAX
                                      * sizeof(*sessions->row));
    status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    if (status != APR_SUCCESS) {
        sessions->n = 0;
    }
    return status;
}

static apr_status_t end_others(pwr_dbd_run *run, void *baton)
{
    const session_call *call = baton;
    const pwr_dbd_arg args[] = {
        { "realm", call->list->realm }, { "user", call->list->user_id },
        { "digest", call->list->digest }, { NULL, NULL }
    };
    int ended;

    return pwr_dbd_exec(run, &call->impl->sql.stmt[PWR_STMT_SESSION_END_OTHERS],
                        args, &ended);
}

apr_status_t pwr_store_sessions_end_others(pwr_store *store, apr_pool_t *pool,
                                           const pwr_sessions *sessions)
{
    static const pwr_dbd_work work = { .name = "sessions_end_others",
                                       .step = end_others };
    const pwr_store_impl *impl = store->impl;
    pwr_sessions list = *sessions;
    session_call call = { .impl = impl, .list = &list };

    return pwr_dbd_do(&impl->dbd, pool, &work, &call);
}
