/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/account.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "core/addr.h"
#include "core/crypto.h"
#include "core/token.h"
#include "core/url.h"

/* ---- whom an identifier names ---- */

static int is_known(const apr_array_header_t *users, const char *id)
{
    for (int i = 0; i < users->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(users, i, pwr_user).id, id) == 0) {
            return 1;
        }
    }
    return 0;
}

apr_status_t pwr_account_find(const pwr_env *env, const char *identifier,
                              int by, apr_array_header_t *users)
{
    static const struct { int bit; pwr_user_key key; } ways[] = {
        { PWR_IDENTIFY_EMAIL, PWR_USER_BY_EMAIL },
        { PWR_IDENTIFY_LOGIN, PWR_USER_BY_LOGIN },
    };

    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        pwr_users found = { 0 };
        apr_status_t status = APR_SUCCESS;

        if (by & ways[i].bit) {
            status = env->store->ops->users_find(env->store, env->pool,
                                                 ways[i].key, identifier,
                                                 &found);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        for (int n = 0; n < found.n; n++) {
            if (!is_known(users, found.row[n].id)) {
                APR_ARRAY_PUSH(users, pwr_user) = found.row[n];
            }
        }
    }
    return APR_SUCCESS;
}

static int has_recovery(const pwr_user *user)
{
    return user->recovery_email && *user->recovery_email;
}

int pwr_account_lacks_recovery(apr_pool_t *pool, const pwr_user *user)
{
    return user->is_mailbox
        && (!has_recovery(user)
            || pwr_addr_same(pool, user->recovery_email, user->email));
}

const char *pwr_account_mailbox(apr_pool_t *pool, const pwr_user *user)
{
    const char *stored = has_recovery(user) ? user->recovery_email
                                            : user->email;

    return stored && !pwr_account_lacks_recovery(pool, user)
        ? pwr_addr_mailbox(pool, stored) : NULL;
}

/* ---- a string for it ---- */

/* What stands for a mailbox in the rows of this realm. */
static apr_status_t mailbox_digest(const pwr_env *env, const char *mailbox,
                                   char digest[PWR_DIGEST_HEX + 1])
{
    const char *const parts[] = {
        "mailbox", env->site->conf->realm,
        pwr_addr_canonical(env->pool, mailbox)
    };

    return pwr_crypto_fingerprint(digest, parts,
                                  sizeof(parts) / sizeof(*parts));
}

/* A secret that a mail will carry, and its digest. */
static apr_status_t secret_make(const pwr_env *env, pwr_purpose purpose,
                                const char **bare, char *digest)
{
    unsigned char *random = pwr_secret_alloc(env->pool, PWR_TOKEN_RANDOM);
    char *out = pwr_secret_alloc(env->pool, PWR_TOKEN_LEN + 1);
    apr_status_t status = pwr_crypto_random(random, PWR_TOKEN_RANDOM);

    if (status != APR_SUCCESS) {
        return status;
    }
    pwr_token_make(out, random);
    *bare = out;
    return pwr_crypto_digest(digest, env->site->conf->realm, purpose, out);
}

/* What belongs to the mail that will carry the string. */
static apr_status_t mail_prepare(const pwr_env *env,
                                 const pwr_minting *minting, pwr_token *token,
                                 const char **notme)
{
    apr_status_t status = secret_make(env, PWR_PURPOSE_NOTME, notme,
                                      token->notme_digest);

    token->merge_sec = PWR_MERGE_SEC;
    token->rate = env->site->conf->limit[PWR_LIMIT_FORGOT_ACCOUNT];
    memcpy(token->notme_stamp, minting->user->address_stamp,
           sizeof(token->notme_stamp));
    return status == APR_SUCCESS
        ? mailbox_digest(env, minting->mailbox, token->mailbox) : status;
}

apr_status_t pwr_account_mint(const pwr_env *env, pwr_minting *minting)
{
    const char *bare, *notme = NULL;
    pwr_token token = {
        .realm = env->site->conf->realm,
        .user_id = minting->user->id,
        .login = minting->user->login,
        .language = minting->language,
        .job = minting->job,
        .lifetime_sec = env->site->conf->token_lifetime_sec,
    };
    apr_status_t status = secret_make(env, PWR_PURPOSE_RECOVER, &bare,
                                      token.digest);

    minting->outcome = PWR_MINT_REFUSED;
    minting->bare = minting->notme = NULL;
    memcpy(token.stamp, minting->user->mail_stamp, sizeof(token.stamp));
    if (status == APR_SUCCESS && minting->mailbox) {
        status = mail_prepare(env, minting, &token, &notme);
    }
    if (status == APR_SUCCESS) {
        status = env->store->ops->token_mint(env->store, env->pool, &token,
                                             &minting->outcome);
    }
    if (status == APR_SUCCESS && minting->outcome == PWR_MINT_DONE) {
        minting->bare = bare;
        minting->notme = notme;
        minting->expires = token.expires;
    }
    return status;
}

const char *pwr_account_link(const pwr_env *env, const pwr_voice *voice,
                             const char *name, const char *bare)
{
    const char *page = apr_pstrcat(env->pool, env->site->home, name, NULL);

    return pwr_url_with(env->pool,
                        pwr_url_with(env->pool, page, "token", bare),
                        "lang", env->site->tags[1] ? voice->tag : NULL);
}

/* ---- what stands in its way ---- */

static int later_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

/* Of several rows of a job the first in the list stands for it. */
static int is_first_of_job(const pwr_tokens *list, int index)
{
    for (int i = 0; i < index; i++) {
        if (strcmp(list->row[i].job, list->row[index].job) == 0) {
            return 0;
        }
    }
    return 1;
}

/* Of `n` times one is free again when all but `places` - 1 are over. */
static int64_t free_at(int64_t *over, int n, int places)
{
    if (places < 1 || n < places) {
        return 0;
    }
    qsort(over, (size_t)n, sizeof(*over), later_first);
    return over[places - 1];
}

/* As the store counts them when it mints. */
static void count_live(const pwr_tokens *list, const pwr_user *user,
                       pwr_account *account)
{
    int64_t over[PWR_TOKENS_MAX];

    account->live = 0;
    for (int i = 0; i < list->n; i++) {
        if (list->row[i].state == PWR_TOKEN_LIVE && is_first_of_job(list, i)
            && pwr_crypto_equal(list->row[i].stamp, user->mail_stamp)) {
            over[account->live++] = list->row[i].expires;
        }
    }
    account->live_until = free_at(over, account->live, PWR_TOKEN_JOBS_MAX);
}

/* Adds what went to an account or to a mailbox: the greater counts. */
static void count_lately(const pwr_tokens *list, const pwr_rate *rate,
                         pwr_account *account)
{
    int64_t over[PWR_TOKENS_MAX], until;
    int n = 0;

    for (int i = 0; rate->count && i < list->n; i++) {
        int64_t leaves = list->row[i].created + rate->period_sec;

        if (leaves > list->now && is_first_of_job(list, i)) {
            over[n++] = leaves;
        }
    }
    until = free_at(over, n, rate->count);
    account->lately = n > account->lately ? n : account->lately;
    if (until > account->lately_until) {
        account->lately_until = until;
    }
}

apr_status_t pwr_account_look(const pwr_env *env, const pwr_user *user,
                              pwr_account *account)
{
    const pwr_rate *rate
        = &env->site->conf->limit[PWR_LIMIT_FORGOT_ACCOUNT];
    const char *mailbox = pwr_account_mailbox(env->pool, user);
    char digest[PWR_DIGEST_HEX + 1];
    pwr_tokens list = { .realm = env->site->conf->realm,
                        .user_id = user->id };
    apr_status_t status = env->store->ops->tokens_list(env->store, env->pool,
                                                       &list);

    memset(account, 0, sizeof(*account));
    if (status != APR_SUCCESS) {
        return status;
    }
    account->now = list.now;
    if (list.n > 0) {
        account->last = list.row[0];
    }
    count_live(&list, user, account);
    count_lately(&list, rate, account);
    if (!mailbox) {
        return APR_SUCCESS;
    }
    status = mailbox_digest(env, mailbox, digest);
    list.user_id = digest;
    list.is_mailbox = 1;
    if (status == APR_SUCCESS) {
        status = env->store->ops->tokens_list(env->store, env->pool, &list);
    }
    count_lately(&list, rate, account);
    return status;
}
