/* SPDX-License-Identifier: Apache-2.0 */
/* Slots for attempts to sign in: rows of `guess`, one a queue.
 *
 * A slot is taken by one conditional UPDATE that names the state it was judged
 * by: of two who want it one gets it, and the other looks again.  Without a
 * transaction, as an attempt that is refused must write nothing: a flood would
 * otherwise hold SQLite's only writer. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

/* Whoever loses a slot finds the queue one slot longer. */
#define LOOKS_MAX 200

typedef enum queue {
    QUEUE_COMMON = 0,
    QUEUE_NEWCOMERS,
    QUEUE_SHARE,
    QUEUES_N
} queue;

typedef struct guess_call {
    const pwr_store_impl *impl;
    pwr_guess *guess;
    char digest[QUEUES_N][PWR_DIGEST_HEX + 1];
    pwr_guess_queues seen;
    int has_share;              /* a newcomer's share was taken for this */
} guess_call;

/* The share's digest is that of the network at this name, which also tells
 * who had the last common slot. */
static apr_status_t digests_make(guess_call *call)
{
    static const char *const names[QUEUES_N] = {
        "common", "newcomers", "share"
    };
    const pwr_guess *guess = call->guess;

    apr_status_t status = APR_SUCCESS;

    for (int i = 0; status == APR_SUCCESS && i < QUEUES_N; i++) {
        const char *const parts[] = {
            "guess", names[i], guess->realm, guess->name,
            i == QUEUE_SHARE ? guess->network : NULL
        };

        status = pwr_store_digest(call->impl, call->digest[i], parts,
                                  sizeof(parts) / sizeof(*parts));
    }
    return status;
}

static apr_status_t queues_read(pwr_dbd_run *run, guess_call *call)
{
    const pwr_dbd_arg args[] = {
        { "realm", call->guess->realm },
        { "common", call->digest[QUEUE_COMMON] },
        { "newcomers", call->digest[QUEUE_NEWCOMERS] },
        { "share", call->digest[QUEUE_SHARE] }, { NULL, NULL }
    };
    const char *last;
    pwr_dbd_rows rows;

    memset(&call->seen, 0, sizeof(call->seen));
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_GUESS_FIND], args,
                   &rows);
    if (!pwr_dbd_next(&rows)) {
        return rows.status == APR_SUCCESS ? PWR_DBD_AGAIN : rows.status;
    }
    last = pwr_dbd_text(&rows, "network");
    call->seen = (pwr_guess_queues){
        .now_ms = pwr_dbd_number(&rows, "clock"),
        .common_ms = pwr_dbd_number(&rows, "common_ms"),
        .newcomers_ms = pwr_dbd_number(&rows, "newcomers_ms"),
        .share_ms = pwr_dbd_number(&rows, "share_ms"),
        .was_last = pwr_crypto_equal(last, call->digest[QUEUE_SHARE]),
    };
    return rows.status;
}

/* Non-zero in `*moved` when nobody was quicker. */
static apr_status_t queue_move(pwr_dbd_run *run, const guess_call *call,
                               queue which, int64_t seen_ms, int64_t next_ms,
                               int *moved)
{
    const pwr_dbd_arg args[] = {
        { "realm", call->guess->realm }, { "digest", call->digest[which] },
        { "seen", pwr_dbd_decimal(run, seen_ms) },
        { "next", pwr_dbd_decimal(run, next_ms) },
        { "share", call->digest[QUEUE_SHARE] }, { NULL, NULL }
    };
    const pwr_dbd_stmt *stmt = &call->impl->sql.stmt[
        seen_ms ? PWR_STMT_GUESS_MOVE : PWR_STMT_GUESS_BEGIN];
    apr_status_t status = pwr_dbd_exec(run, stmt, args, moved);

    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

static apr_status_t queue_give_back(pwr_dbd_run *run, const guess_call *call,
                                    queue which, int64_t interval_ms)
{
    const pwr_dbd_arg args[] = {
        { "realm", call->guess->realm }, { "digest", call->digest[which] },
        { "interval", pwr_dbd_decimal(run, interval_ms) }, { NULL, NULL }
    };
    int changed;

    return pwr_dbd_exec(run, &call->impl->sql.stmt[PWR_STMT_GUESS_GIVE_BACK],
                        args, &changed);
}

static apr_status_t share_give_back(pwr_dbd_run *run, guess_call *call)
{
    apr_status_t status = APR_SUCCESS;

    if (call->has_share) {
        status = queue_give_back(run, call, QUEUE_SHARE,
                                 pwr_guess_share_ms());
        call->has_share = status != APR_SUCCESS;
    }
    return status;
}

/* The share first, or a network that tries often at once would have as many
 * slots before it is written anywhere that it had one. */
static apr_status_t newcomer_move(pwr_dbd_run *run, guess_call *call,
                                  const pwr_guess_verdict *verdict, int *moved)
{
    apr_status_t status = APR_SUCCESS;

    *moved = 1;
    if (!call->has_share) {
        status = queue_move(run, call, QUEUE_SHARE, call->seen.share_ms,
                            verdict->share_ms, moved);
        call->has_share = status == APR_SUCCESS && *moved == 1;
    }
    if (status != APR_SUCCESS || *moved != 1) {
        return status;
    }
    return queue_move(run, call, QUEUE_NEWCOMERS, call->seen.newcomers_ms,
                      verdict->next_ms, moved);
}

/* One look at the queues; `*done` when that settled it. */
static apr_status_t look(pwr_dbd_run *run, guess_call *call, int *done)
{
    pwr_guess *guess = call->guess;
    pwr_guess_verdict verdict;
    apr_status_t status = queues_read(run, call);

    *done = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    if (call->has_share) {
        call->seen.share_ms = 0;    /* of it this attempt is a part */
    }
    verdict = pwr_guess_judge(&guess->rate, &call->seen);
    if (verdict.lane == PWR_GUESS_REFUSED) {
        *done = 1;
        return APR_SUCCESS;
    }
    status = verdict.lane == PWR_GUESS_COMMON
        ? queue_move(run, call, QUEUE_COMMON, call->seen.common_ms,
                     verdict.next_ms, done)
        : newcomer_move(run, call, &verdict, done);
    if (status == APR_SUCCESS && *done) {
        guess->lane = verdict.lane;
        guess->wait_ms = verdict.wait_ms;
    }
    return status;
}

static apr_status_t take(pwr_dbd_run *run, void *baton)
{
    guess_call *call = baton;
    apr_status_t status = APR_SUCCESS;
    int done = 0;

    call->guess->lane = PWR_GUESS_REFUSED;
    call->guess->wait_ms = 0;
    for (int i = 0; status == APR_SUCCESS && !done && i < LOOKS_MAX; i++) {
        status = look(run, call, &done);
    }
    if (status == APR_SUCCESS && call->guess->lane != PWR_GUESS_NEWCOMERS) {
        status = share_give_back(run, call);
    }
    return status;
}

apr_status_t pwr_store_guess_take(pwr_store *store, apr_pool_t *pool,
                                  pwr_guess *guess)
{
    static const pwr_dbd_work work = { .name = "guess_take", .step = take };
    const pwr_store_impl *impl = store->impl;
    guess_call call = { .impl = impl, .guess = guess };
    apr_status_t status = digests_make(&call);

    guess->lane = PWR_GUESS_REFUSED;
    guess->wait_ms = 0;
    if (status == APR_SUCCESS) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    if (status != APR_SUCCESS) {
        guess->lane = PWR_GUESS_REFUSED;
        guess->wait_ms = 0;
    }
    return status;
}

static apr_status_t give_back(pwr_dbd_run *run, void *baton)
{
    guess_call *call = baton;
    const pwr_guess *guess = call->guess;
    int64_t interval_ms = pwr_rate_interval_ms(&guess->rate);
    apr_status_t status;

    if (guess->lane == PWR_GUESS_COMMON) {
        return queue_give_back(run, call, QUEUE_COMMON, interval_ms);
    }
    status = share_give_back(run, call);
    return status == APR_SUCCESS
        ? queue_give_back(run, call, QUEUE_NEWCOMERS, interval_ms) : status;
}

apr_status_t pwr_store_guess_give_back(pwr_store *store, apr_pool_t *pool,
                                       const pwr_guess *guess)
{
    static const pwr_dbd_work work = { .name = "guess_give_back",
                                       .step = give_back };
    const pwr_store_impl *impl = store->impl;
    pwr_guess given = *guess;
    guess_call call = { .impl = impl, .guess = &given,
                        .has_share = guess->lane == PWR_GUESS_NEWCOMERS };
    apr_status_t status = digests_make(&call);

    if (status == APR_SUCCESS && guess->lane != PWR_GUESS_REFUSED) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    return status;
}
