/* SPDX-License-Identifier: Apache-2.0 */
/* Control strings; their digests only. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#define MAILBOX "mailbox"       /* purpose of a row that is no string */

static const char *const purposes[] = { "recover", "notme" };

typedef struct token_call {
    const pwr_store_impl *impl;
    pwr_token_key key;
    pwr_token *token;
    pwr_user *user;
    pwr_mint mint;
    int changed;
} token_call;

apr_status_t pwr_store_clock(pwr_dbd_run *run, const pwr_store_impl *impl,
                             int64_t *now)
{
    static const pwr_dbd_arg none[] = { { NULL, NULL } };
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &impl->sql.stmt[PWR_STMT_CLOCK], none, &rows);
    *now = pwr_dbd_next(&rows) ? pwr_dbd_number(&rows, "clock") : 0;
    return rows.status;
}

static apr_status_t lock_row(pwr_dbd_run *run, const pwr_store_impl *impl,
                             char row)
{
    pwr_dbd_arg args[] = {
        { "lock", apr_psprintf(run->scratch, "lock-%c", row) }, { NULL, NULL }
    };
    int changed;
    apr_status_t status = pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_LOCK],
                                       args, &changed);

    if (status == APR_SUCCESS && changed != 1) {
        pwr_diag_tell(run->dbd->diag, PWR_DIAG_ERROR("PWR0221", impl->prefix),
                      "%smeta has no row \"%s\": run `pwresetctl schema "
                      "--apply`", impl->prefix, args[0].value);
        return PWR_STORE_BROKEN;
    }
    return status;
}

/* Sixteen rows for all users: two that share one wait a moment for one
 * another, and there is no row to be made for every new user. */
apr_status_t pwr_store_lock(pwr_dbd_run *run, const pwr_store_impl *impl,
                            const char *realm, const char *user_id)
{
    char digest[PWR_DIGEST_HEX + 1];
    apr_status_t status = pwr_store_fingerprint(impl, digest, realm, user_id);

    return status ? status : lock_row(run, impl, digest[0]);
}

/* Two, always in the same order, or two who want them wait for each other. */
static apr_status_t lock_both(pwr_dbd_run *run, const pwr_store_impl *impl,
                              const char *realm, const char *const names[2])
{
    char digest[2][PWR_DIGEST_HEX + 1];
    apr_status_t status = pwr_store_fingerprint(impl, digest[0], realm,
                                                names[0]);
    int first;

    if (status == APR_SUCCESS) {
        status = pwr_store_fingerprint(impl, digest[1], realm, names[1]);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    first = digest[0][0] > digest[1][0];
    status = lock_row(run, impl, digest[first][0]);
    return status == APR_SUCCESS && digest[0][0] != digest[1][0]
        ? lock_row(run, impl, digest[!first][0]) : status;
}

int pwr_store_is_of(const pwr_dbd_rows *rows, const char *realm)
{
    const char *text = pwr_dbd_text(rows, "realm");

    return text && strcmp(text, realm) == 0;
}

static pwr_token_state state_of(const pwr_token *token, int64_t now)
{
    if (token->spent_at > 0) {
        return token->why && strcmp(token->why, "used") == 0
            ? PWR_TOKEN_SPENT : PWR_TOKEN_CANCELLED;
    }
    if (token->created > now + PWR_CLOCK_SKEW_SEC
        || now >= token->expires + PWR_TOKEN_GRACE_SEC) {
        return PWR_TOKEN_EXPIRED;
    }
    return now < token->expires ? PWR_TOKEN_LIVE : PWR_TOKEN_GRACE;
}

/* The row that was just read; its digest is in no column that was asked for. */
static void row_read(const pwr_dbd_rows *rows, const char *realm,
                     pwr_token *token)
{
    const char *stamp = pwr_dbd_text(rows, "stamp");

    token->realm = apr_pstrdup(rows->run->pool, realm);
    token->user_id = pwr_dbd_keep(rows, "user_id");
    token->login = pwr_dbd_keep(rows, "login");
    token->language = pwr_dbd_keep(rows, "language");
    token->job = pwr_dbd_keep(rows, "job");
    apr_cpystrn(token->stamp, stamp ? stamp : "", sizeof(token->stamp));
    token->created = pwr_dbd_number(rows, "created");
    token->expires = pwr_dbd_number(rows, "expires");
    token->spent_at = pwr_dbd_number(rows, "spent_at");
    token->why = pwr_dbd_keep(rows, "why");
    token->state = state_of(token, pwr_dbd_number(rows, "clock"));
}

apr_status_t pwr_store_token_read(pwr_dbd_run *run, const pwr_store_impl *impl,
                                  const pwr_token_key *key, pwr_token *token,
                                  const char **spent_by)
{
    const pwr_dbd_arg args[] = {
        { "realm", key->realm }, { "digest", key->digest },
        { "purpose", purposes[key->is_notme] }, { NULL, NULL }
    };
    pwr_dbd_rows rows;

    memset(token, 0, sizeof(*token));
    *spent_by = NULL;
    pwr_dbd_select(run, &impl->sql.stmt[PWR_STMT_TOKEN_FIND], args, &rows);
    if (!pwr_dbd_next(&rows) || !pwr_store_is_of(&rows, key->realm)) {
        return rows.status;
    }
    apr_cpystrn(token->digest, key->digest, sizeof(token->digest));
    row_read(&rows, key->realm, token);
    *spent_by = pwr_dbd_keep(&rows, "spent_by");
    return rows.status;
}

/* What the row of its user must still have: a string outlives no password and
 * no address, the link "this was not me" no address. */
static int is_stamp_of(const token_call *call)
{
    const pwr_user *user = call->user;

    return pwr_crypto_equal(call->token->stamp,
                            call->key.is_notme ? user->address_stamp
                                               : user->mail_stamp);
}

/* Read the string, and its user if it has one to speak of. */
static apr_status_t token_look(pwr_dbd_run *run, token_call *call)
{
    const char *spent_by;
    apr_status_t status = pwr_store_token_read(run, call->impl, &call->key,
                                               call->token, &spent_by);

    memset(call->user, 0, sizeof(*call->user));
    if (status != APR_SUCCESS || call->token->state < PWR_TOKEN_SPENT
        || call->token->state == PWR_TOKEN_CANCELLED) {
        return status;
    }
    return pwr_store_user_read(run, call->impl, call->token->user_id,
                               call->user);
}

static int is_outlived(const token_call *call)
{
    return call->token->state >= PWR_TOKEN_SPENT
        && call->token->state != PWR_TOKEN_CANCELLED
        && (!call->user->id || (call->token->state != PWR_TOKEN_SPENT
                                && !is_stamp_of(call)));
}

static apr_status_t token_find(pwr_dbd_run *run, void *baton)
{
    token_call *call = baton;
    apr_status_t status = token_look(run, call);

    /* The other of two clicks may have spent it between the two rows. */
    if (status == APR_SUCCESS && is_outlived(call)) {
        status = token_look(run, call);
    }
    if (status == APR_SUCCESS && is_outlived(call)) {
        call->token->state = PWR_TOKEN_CANCELLED;
        memset(call->user, 0, sizeof(*call->user));
    }
    return status;
}

static apr_status_t find(const pwr_dbd_work *work, apr_pool_t *pool,
                         token_call *call)
{
    apr_status_t status;

    memset(call->token, 0, sizeof(*call->token));
    memset(call->user, 0, sizeof(*call->user));
    status = pwr_dbd_do(&call->impl->dbd, pool, work, call);
    if (status != APR_SUCCESS) {
        memset(call->token, 0, sizeof(*call->token));
        memset(call->user, 0, sizeof(*call->user));
    }
    return status;
}

apr_status_t pwr_store_token_find(pwr_store *store, apr_pool_t *pool,
                                  const char *realm, const char *digest,
                                  pwr_token *token, pwr_user *user)
{
    static const pwr_dbd_work work = { .name = "token_find",
                                       .step = token_find };
    token_call call = { .impl = store->impl,
                        .key = { realm, digest, 0 },
                        .token = token, .user = user };

    return find(&work, pool, &call);
}

apr_status_t pwr_store_notme_find(pwr_store *store, apr_pool_t *pool,
                                  const char *realm, const char *digest,
                                  pwr_token *token, pwr_user *user)
{
    static const pwr_dbd_work work = { .name = "notme_find",
                                       .step = token_find };
    token_call call = { .impl = store->impl,
                        .key = { realm, digest, 1 },
                        .token = token, .user = user };

    return find(&work, pool, &call);
}

/* The link's own row is never written: it may be used again, for the strings
 * that somebody asks for tomorrow. */
static apr_status_t notme_do(pwr_dbd_run *run, void *baton)
{
    token_call *call = baton;
    pwr_dbd_arg args[] = {
        { "realm", call->key.realm }, { "user", NULL }, { "why", "notme" },
        { NULL, NULL }
    };
    apr_status_t status = token_find(run, call);

    if (status != APR_SUCCESS || call->token->state < PWR_TOKEN_GRACE) {
        return status;
    }
    args[1].value = call->token->user_id;
    status = pwr_store_lock(run, call->impl, call->key.realm,
                            call->token->user_id);
    if (status == APR_SUCCESS) {
        status = pwr_dbd_exec(run,
                              &call->impl->sql.stmt[PWR_STMT_TOKEN_END],
                              args, &call->changed);
    }
    run->keep = status == APR_SUCCESS;
    return status;
}

apr_status_t pwr_store_notme_do(pwr_store *store, apr_pool_t *pool,
                                pwr_notme *notme)
{
    static const pwr_dbd_work work = { .name = "notme_do", .transaction = 1,
                                       .step = notme_do };
    pwr_token token;
    pwr_user user = { .id = NULL };
    token_call call = { .impl = store->impl,
                        .key = { notme->realm, notme->digest, 1 },
                        .token = &token, .user = &user };
    apr_status_t status = find(&work, pool, &call);

    notme->state = token.state;
    notme->user_id = user.id;
    notme->cancelled = user.id ? call.changed : 0;
    return status;
}

/* The row of the string, or of the link "this was not me" beside it. */
static apr_status_t row_write(pwr_dbd_run *run, const pwr_store_impl *impl,
                              const pwr_token *token, int is_notme,
                              int64_t now)
{
    int64_t lifetime_sec = is_notme ? PWR_NOTME_SEC : token->lifetime_sec;
    const pwr_dbd_arg args[] = {
        { "realm", token->realm },
        { "digest", is_notme ? token->notme_digest : token->digest },
        { "purpose", purposes[is_notme] },
        { "user", token->user_id },
        { "login", pwr_dbd_fit(run, token->login, PWR_LOGIN_POINTS) },
        { "language", pwr_dbd_fit(run, token->language, PWR_LANGUAGE_POINTS) },
        { "job", token->job },
        { "stamp", is_notme ? token->notme_stamp : token->stamp },
        { "created", pwr_dbd_decimal(run, now) },
        { "expires", pwr_dbd_decimal(run, now + lifetime_sec) },
        { NULL, NULL }
    };
    int added;

    return pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_TOKEN_ADD], args,
                        &added);
}

/* What is there for the user and the mailbox: PWR_STMT_TOKEN_TALLY. */
typedef struct tally {
    int64_t now;
    int64_t ended, recent, live, minted, sent;
    int is_noted;
    char mail_digest[PWR_DIGEST_HEX + 1];   /* of this job's mail to it */
} tally;

static apr_status_t tally_read(pwr_dbd_run *run, const token_call *call,
                               tally *t)
{
    const pwr_token *token = call->token;
    const pwr_dbd_arg args[] = {
        { "realm", token->realm }, { "user", token->user_id },
        { "mailbox", token->mailbox }, { "job", token->job },
        { "stamp", token->stamp }, { "digest", t->mail_digest },
        { "merge", pwr_dbd_decimal(run, token->merge_sec) },
        { "within", pwr_dbd_decimal(run, token->rate.period_sec) },
        { NULL, NULL }
    };
    pwr_dbd_rows rows;
    apr_status_t status = pwr_store_fingerprint(call->impl, t->mail_digest,
                                                token->job, token->mailbox);

    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_TOKEN_TALLY], args,
                   &rows);
    if (!pwr_dbd_next(&rows)) {
        return rows.status ? rows.status : PWR_STORE_BROKEN;
    }
    t->now = pwr_dbd_number(&rows, "clock");
    t->ended = pwr_dbd_number(&rows, "ended");
    t->recent = pwr_dbd_number(&rows, "recent");
    t->live = pwr_dbd_number(&rows, "live");
    t->minted = pwr_dbd_number(&rows, "minted");
    t->sent = pwr_dbd_number(&rows, "sent");
    t->is_noted = pwr_dbd_number(&rows, "noted") > 0;
    return rows.status;
}

/* What becomes of the string, by what others did. */
static pwr_mint mint_judge(const pwr_token *token, const tally *t)
{
    int most = token->rate.count;

    return t->ended > 0 ? PWR_MINT_ENDED
        : token->merge_sec > 0 && t->recent > 0 ? PWR_MINT_MERGED
        : t->live >= PWR_TOKEN_JOBS_MAX ? PWR_MINT_REFUSED
        : most > 0 && (t->minted >= most || t->sent >= most)
            ? PWR_MINT_LIMITED : PWR_MINT_DONE;
}

/* That this job's mail goes to this mailbox: one row, whatever the number of
 * its accounts. */
static apr_status_t mailbox_write(pwr_dbd_run *run, const pwr_store_impl *impl,
                                  const pwr_token *token, const tally *t)
{
    const pwr_dbd_arg args[] = {
        { "realm", token->realm }, { "digest", t->mail_digest },
        { "purpose", MAILBOX }, { "user", token->mailbox },
        { "login", NULL }, { "language", NULL }, { "job", token->job },
        { "stamp", "" }, { "created", pwr_dbd_decimal(run, t->now) },
        { "expires", pwr_dbd_decimal(run, t->now) }, { NULL, NULL }
    };
    int added;

    return pwr_dbd_exec(run, &impl->sql.stmt[PWR_STMT_TOKEN_ADD], args,
                        &added);
}

static apr_status_t token_write(pwr_dbd_run *run, const pwr_store_impl *impl,
                                pwr_token *token, const tally *t)
{
    apr_status_t status;

    token->expires = t->now + token->lifetime_sec;
    status = row_write(run, impl, token, 0, t->now);
    if (status == APR_SUCCESS && token->notme_digest[0]) {
        status = row_write(run, impl, token, 1, t->now);
    }
    return status == APR_SUCCESS && token->rate.count && !t->is_noted
        ? mailbox_write(run, impl, token, t) : status;
}

/* The counts stand behind the lock, so two workers that mint at once cannot
 * both take the last place, nor both answer a double click. */
static apr_status_t token_mint(pwr_dbd_run *run, void *baton)
{
    token_call *call = baton;
    pwr_token *token = call->token;
    const char *const names[] = {
        token->user_id, token->rate.count ? token->mailbox : token->user_id
    };
    apr_status_t status = lock_both(run, call->impl, token->realm, names);
    tally t;

    call->mint = PWR_MINT_REFUSED;
    if (status == APR_SUCCESS) {
        status = tally_read(run, call, &t);
    }
    if (status == APR_SUCCESS) {
        call->mint = mint_judge(token, &t);
    }
    if (status == APR_SUCCESS && call->mint == PWR_MINT_DONE) {
        status = token_write(run, call->impl, token, &t);
        run->keep = status == APR_SUCCESS;
    }
    /* The row is there already: our own try before this one. */
    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

apr_status_t pwr_store_token_mint(pwr_store *store, apr_pool_t *pool,
                                  pwr_token *token, pwr_mint *outcome)
{
    static const pwr_dbd_work work = { .name = "token_mint", .transaction = 1,
                                       .step = token_mint };
    const pwr_store_impl *impl = store->impl;
    token_call call = { .impl = impl, .token = token };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *outcome = status == APR_SUCCESS ? call.mint : PWR_MINT_REFUSED;
    return status;
}

static apr_status_t double_click(pwr_dbd_run *run, void *baton)
{
    token_call *call = baton;
    const pwr_dbd_arg args[] = {
        { "realm", call->key.realm }, { "digest", call->key.digest },
        { NULL, NULL }
    };

    return pwr_dbd_exec(run, &call->impl->sql.stmt[PWR_STMT_TOKEN_CLICK],
                        args, &call->changed);
}

apr_status_t pwr_store_token_double_click(pwr_store *store, apr_pool_t *pool,
                                          const char *realm,
                                          const char *digest, int *may)
{
    static const pwr_dbd_work work = { .name = "token_double_click",
                                       .step = double_click };
    const pwr_store_impl *impl = store->impl;
    token_call call = { .impl = impl,
                        .key = { realm, digest, 0 } };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *may = status == APR_SUCCESS && call.changed == 1;
    return status;
}

typedef struct list_call {
    const pwr_store_impl *impl;
    pwr_tokens *tokens;
} list_call;

static apr_status_t tokens_list(pwr_dbd_run *run, void *baton)
{
    const list_call *call = baton;
    pwr_tokens *tokens = call->tokens;
    const pwr_dbd_arg args[] = {
        { "realm", tokens->realm }, { "user", tokens->user_id },
        { "purpose", tokens->is_mailbox ? MAILBOX : purposes[0] },
        { "max", APR_STRINGIFY(PWR_TOKENS_MAX) }, { NULL, NULL }
    };
    pwr_dbd_rows rows;
    apr_status_t status = pwr_store_clock(run, call->impl, &tokens->now);

    tokens->n = 0;
    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_TOKEN_LIST], args,
                   &rows);
    while (tokens->n < PWR_TOKENS_MAX && pwr_dbd_next(&rows)) {
        const char *user_id = pwr_dbd_text(&rows, "user_id");

        if (pwr_store_is_of(&rows, tokens->realm) && user_id
            && strcmp(user_id, tokens->user_id) == 0) {
            row_read(&rows, tokens->realm, &tokens->row[tokens->n++]);
        }
    }
    return rows.status;
}

apr_status_t pwr_store_tokens_list(pwr_store *store, apr_pool_t *pool,
                                   pwr_tokens *tokens)
{
    static const pwr_dbd_work work = { .name = "tokens_list",
                                       .step = tokens_list };
    list_call call = { store->impl, tokens };
    apr_status_t status;

    tokens->n = 0;
    tokens->now = 0;
    tokens->row = apr_pcalloc(pool, PWR_TOKENS_MAX * sizeof(*tokens->row));
    status = pwr_dbd_do(&call.impl->dbd, pool, &work, &call);
    if (status != APR_SUCCESS) {
        tokens->n = 0;
        tokens->now = 0;
    }
    return status;
}
