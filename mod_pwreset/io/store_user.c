/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's user table, seen through his queries. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/addr.h"
#include "core/text.h"

#define COLUMNS_N 8

static const struct {
    const char *name;
    size_t offset;              /* in pwr_user */
    int required;
} columns[COLUMNS_N] = {
    { "id", offsetof(pwr_user, id), 1 },
    { "login", offsetof(pwr_user, login), 1 },
    { "email", offsetof(pwr_user, email), 1 },
    { "password", offsetof(pwr_user, password), 1 },
    { "language", offsetof(pwr_user, language), 0 },
    { "name", offsetof(pwr_user, name), 0 },
    { "recovery_email", offsetof(pwr_user, recovery_email), 0 },
    { "changed_at", offsetof(pwr_user, changed_at), 0 },
};

typedef struct query {
    const pwr_store_impl *impl;
    pwr_user_key key;
    const char *value;          /* as typed; matched again in C */
    const char *sent;           /* as the database gets it */
    pwr_users *users;
    int own_n;                  /* of them, found by what is their own and not
                                 * by their recovery_email; they come first */
} query;

static const struct {
    pwr_stmt stmt;
    const char *param;
} queries[] = {
    [PWR_USER_BY_EMAIL] = { PWR_STMT_USER_BY_EMAIL, "email" },
    [PWR_USER_BY_LOGIN] = { PWR_STMT_USER_BY_LOGIN, "login" },
    [PWR_USER_BY_ID] = { PWR_STMT_USER_BY_ID, "id" },
};

static apr_status_t columns_find(const pwr_dbd_rows *rows, int *index)
{
    for (int i = 0; i < COLUMNS_N; i++) {
        index[i] = pwr_dbd_column(rows, columns[i].name);
        if (index[i] < 0 && columns[i].required) {
            pwr_diag_tell(rows->run->dbd->diag,
                          PWR_DIAG_ERROR("PWR0220", columns[i].name),
                          "%s: its result has no column \"%s\"; name it so: "
                          "SELECT yours AS %s, ...", rows->name,
                          columns[i].name, columns[i].name);
            return PWR_STORE_BROKEN;
        }
    }
    return APR_SUCCESS;
}

static apr_status_t stamps_make(const pwr_store_impl *impl, pwr_user *user)
{
    apr_status_t status = pwr_store_fingerprint(impl, user->stamp,
                                                user->password,
                                                user->changed_at);

    if (status == APR_SUCCESS) {
        status = pwr_store_fingerprint(impl, user->address_stamp, user->email,
                                       user->recovery_email);
    }
    if (status == APR_SUCCESS) {
        status = pwr_store_fingerprint(impl, user->mail_stamp, user->stamp,
                                       user->address_stamp);
    }
    return status;
}

static int has_recovery(const int *index)
{
    int i = 0;

    while (columns[i].offset != offsetof(pwr_user, recovery_email)) {
        i++;
    }
    return index[i] >= 0;
}

static apr_status_t row_read(const pwr_dbd_rows *rows, const query *asked,
                             const int *index, pwr_user *user)
{
    apr_pool_t *pool = rows->run->pool;

    memset(user, 0, sizeof(*user));
    for (int i = 0; i < COLUMNS_N; i++) {
        const char *text = pwr_dbd_cell(rows, index[i]);
        const char **to = (const char **)((char *)user + columns[i].offset);

        if (text) {
            *to = to == &user->password
                      ? pwr_secret_copy(pool, text, strlen(text))
                      : apr_pstrdup(pool, text);
        }
    }
    user->is_mailbox = has_recovery(index)
        && pwr_addr_same(rows->run->scratch, user->login, user->email);
    return stamps_make(asked->impl, user);
}

int pwr_store_same_login(apr_pool_t *pool, const char *a, const char *b)
{
    a = a ? pwr_text_canonical(pool, a) : NULL;
    b = b ? pwr_text_canonical(pool, b) : NULL;
    return a && b && *a && strcmp(a, b) == 0;
}

static int is_own(apr_pool_t *pool, const query *asked, const pwr_user *user)
{
    return asked->key != PWR_USER_BY_EMAIL
        || pwr_addr_same(pool, asked->value, user->email);
}

/* What a collation or a numeric cast calls equal is somebody else's account
 * here (CVE-2019-19844). */
static int is_match(apr_pool_t *pool, const query *asked, const pwr_user *user)
{
    if (!user->id || !*user->id) {
        return 0;
    }
    if (asked->key == PWR_USER_BY_EMAIL) {
        /* Signing in is by an address of one's own: anybody may name that of
         * somebody else for his recovery. */
        return is_own(pool, asked, user)
            || (!asked->users->is_sole
                && pwr_addr_same(pool, asked->value, user->recovery_email));
    }
    if (asked->key == PWR_USER_BY_LOGIN) {
        return pwr_store_same_login(pool, asked->value, user->login);
    }
    return strcmp(asked->value, user->id) == 0;
}

/* A join may give one user several times. */
static int is_known(const pwr_users *users, const pwr_user *user)
{
    for (int i = 0; i < users->n; i++) {
        if (strcmp(users->row[i].id, user->id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* However many name somebody's address for their recovery, he has his place. */
static void user_take(apr_pool_t *pool, query *asked, const pwr_user *user)
{
    pwr_users *users = asked->users;
    int at = is_own(pool, asked, user) ? asked->own_n++ : users->n;

    if (at < PWR_USERS_MAX) {
        users->n += users->n < PWR_USERS_MAX;
        memmove(&users->row[at + 1], &users->row[at],
                sizeof(*user) * (size_t)(users->n - 1 - at));
        users->row[at] = *user;
    }
}

/* Was somebody left behind whom we would have taken?  An owner is, however many
 * others were found in his place. */
static void cut_mind(const pwr_dbd_rows *rows, const query *asked)
{
    if (rows->n < PWR_DBD_ROWS_MAX
        || (asked->users->n == PWR_USERS_MAX && asked->own_n > 0)) {
        return;
    }
    pwr_diag_tell(rows->run->dbd->diag, PWR_DIAG_ERROR("PWR0224", rows->name),
                  "%s gave more than %d rows, and those behind were not looked "
                  "at: its WHERE must compare the column itself; where so many "
                  "have one recovery_email, let those whose own email it is "
                  "come first: ORDER BY yours = :email DESC", rows->name,
                  PWR_DBD_ROWS_MAX - 1);
}

static apr_status_t rows_take(pwr_dbd_rows *rows, query *asked)
{
    pwr_users *users = asked->users;
    int index[COLUMNS_N] = { 0 };

    while (asked->own_n < PWR_USERS_MAX && pwr_dbd_next(rows)) {
        pwr_user user;
        apr_status_t status = rows->n > 1 ? APR_SUCCESS
                                          : columns_find(rows, index);

        if (status == APR_SUCCESS) {
            status = row_read(rows, asked, index, &user);
        }
        if (status != APR_SUCCESS) {
            users->n = 0;
            return status;
        }
        if (is_match(rows->run->scratch, asked, &user)
            && !is_known(users, &user)) {
            user_take(rows->run->scratch, asked, &user);
        }
    }
    if (rows->status != APR_SUCCESS) {
        users->n = 0;
    }
    cut_mind(rows, asked);
    return rows->status;
}

/* A latin1 column cannot be compared with a Cyrillic text, and no row of it
 * could be equal; anybody may type one, so it is no fault to be logged. */
static int is_foreign(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80) {
            return 1;
        }
    }
    return 0;
}

/* Adds to what was found already. */
static apr_status_t find_form(pwr_dbd_run *run, query *asked,
                              const char *sent)
{
    const pwr_dbd_arg args[] = {
        { queries[asked->key].param, sent }, { NULL, NULL }
    };
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &asked->impl->sql.stmt[queries[asked->key].stmt],
                   args, &rows);
    if (rows.status == PWR_DBD_BAD_TEXT && is_foreign(sent)) {
        return APR_SUCCESS;
    }
    return rows_take(&rows, asked);
}

/* A domain beyond ASCII is asked for in both forms, as tables hold either. */
static apr_status_t find(pwr_dbd_run *run, void *baton)
{
    query *asked = baton;
    const char *letters = asked->key == PWR_USER_BY_EMAIL
        ? pwr_addr_in_letters(run->scratch, asked->sent) : NULL;
    apr_status_t status;

    asked->users->n = asked->own_n = 0;
    status = find_form(run, asked, asked->sent);
    return status == APR_SUCCESS && letters ? find_form(run, asked, letters)
                                            : status;
}

/* A password that is changed behind the query that found it and before the one
 * that made its stamp would be verified as it was, and what comes of that would
 * live under the stamp of the new one.  So it is asked for once more, behind
 * the stamp.  Where the two queries tell it in different ways nothing comes of
 * that: it is what the first one says. */
static apr_status_t password_renew(pwr_dbd_run *run, const query *asked,
                                   pwr_user *user)
{
    pwr_user rows[PWR_USERS_MAX];
    pwr_users users = { .is_sole = 1, .row = rows };
    query again = *asked;
    apr_status_t status;

    again.users = &users;
    status = find(run, &again);
    user->password = status == APR_SUCCESS && users.n == 1
        && strcmp(users.row[0].id, user->id) == 0
        ? users.row[0].password : NULL;
    return status;
}

/* An id that no row has; a number, for where the column is one. */
#define NOBODY "0"

/* What is made under a stamp is later judged by PwResetIdQuery, so the stamp
 * comes from it, whichever query found the user: with "changed_at" in the one
 * and not in the other, every string and session would be dead when made. */
static apr_status_t stamps_take(pwr_dbd_run *run, const query *asked)
{
    pwr_users *users = asked->users;
    apr_status_t status = APR_SUCCESS;
    pwr_user nobody;
    int n = 0;

    if (users->is_sole && users->n > 1) {
        users->n = 0;
    }
    /* One statement less would tell that a name is nobody's. */
    if (users->n == 0) {
        return pwr_store_user_read(run, asked->impl, NOBODY, &nobody);
    }
    for (int i = 0; status == APR_SUCCESS && i < users->n; i++) {
        pwr_user same;

        status = pwr_store_user_read(run, asked->impl, users->row[i].id,
                                     &same);
        if (status == APR_SUCCESS && same.id) {
            users->row[n] = users->row[i];
            memcpy(users->row[n].stamp, same.stamp, sizeof(same.stamp));
            memcpy(users->row[n].mail_stamp, same.mail_stamp,
                   sizeof(same.mail_stamp));
            memcpy(users->row[n].address_stamp, same.address_stamp,
                   sizeof(same.address_stamp));
            if (users->is_sole && users->row[n].password
                && !pwr_crypto_equal(users->row[n].password, same.password)) {
                status = password_renew(run, asked, &users->row[n]);
            }
            n++;
        }
    }
    users->n = status == APR_SUCCESS ? n : 0;
    return status;
}

static apr_status_t find_stamped(pwr_dbd_run *run, void *baton)
{
    const query *asked = baton;
    apr_status_t status = find(run, baton);

    return status == APR_SUCCESS && asked->key != PWR_USER_BY_ID
        ? stamps_take(run, asked) : status;
}

/* Case is kept where it may matter to a provider's binary column. */
static const char *sent_form(apr_pool_t *pool, pwr_user_key key,
                             const char *value)
{
    if (key == PWR_USER_BY_EMAIL) {
        return pwr_addr_mailbox(pool, value);
    }
    if (!pwr_text_is_utf8(value, strlen(value))) {
        return NULL;
    }
    return key == PWR_USER_BY_LOGIN ? pwr_text_trim(pool, value) : value;
}

apr_status_t pwr_store_users_find(pwr_store *store, apr_pool_t *pool,
                                  pwr_user_key key, const char *value,
                                  pwr_users *users)
{
    static const pwr_dbd_work work = { .name = "users_find",
                                       .step = find_stamped };
    const pwr_store_impl *impl = store->impl;
    query asked = { .impl = impl, .key = key, .value = value, .users = users };

    users->n = 0;
    users->row = NULL;
    asked.sent = value ? sent_form(pool, key, value) : NULL;
    if (!asked.sent || !*asked.sent) {
        return APR_SUCCESS;
    }
    users->row = apr_pcalloc(pool, sizeof(*users->row) * PWR_USERS_MAX);
    return pwr_dbd_do(&impl->dbd, pool, &work, &asked);
}

apr_status_t pwr_store_user_read(pwr_dbd_run *run, const pwr_store_impl *impl,
                                 const char *id, pwr_user *user)
{
    pwr_user rows[PWR_USERS_MAX];
    pwr_users users = { .row = rows };
    query asked = { .impl = impl, .key = PWR_USER_BY_ID, .value = id,
                    .sent = id, .users = &users };
    apr_status_t status = find(run, &asked);

    memset(user, 0, sizeof(*user));
    if (status == APR_SUCCESS && users.n > 0) {
        *user = users.row[0];
    }
    return status;
}

/* ---- all of them ---- */

typedef struct page {
    const pwr_store_impl *impl;
    const char *after;
    pwr_users *users;
} page;

static apr_status_t page_read(pwr_dbd_run *run, void *baton)
{
    const page *call = baton;
    const query asked = { .impl = call->impl };
    const pwr_dbd_arg args[] = {
        { "after", call->after },
        { "max", APR_STRINGIFY(PWR_USERS_LIST_MAX) }, { NULL, NULL }
    };
    int index[COLUMNS_N] = { 0 };
    pwr_users *users = call->users;
    apr_status_t status = APR_SUCCESS;
    pwr_dbd_rows rows;

    users->n = 0;
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_USER_LIST], args, &rows);
    while (status == APR_SUCCESS && users->n < PWR_USERS_LIST_MAX
           && pwr_dbd_next(&rows)) {
        status = rows.n > 1 ? APR_SUCCESS : columns_find(&rows, index);
        if (status == APR_SUCCESS) {
            status = row_read(&rows, &asked, index, &users->row[users->n++]);
        }
    }
    return status == APR_SUCCESS ? rows.status : status;
}

apr_status_t pwr_store_users_list(pwr_store *store, apr_pool_t *pool,
                                  const char *after, pwr_users *users)
{
    static const pwr_dbd_work work = { .name = "users_list",
                                       .step = page_read };
    const pwr_store_impl *impl = store->impl;
    page call = { impl, after, users };
    apr_status_t status = PWR_STORE_BROKEN;

    users->row = apr_pcalloc(pool, sizeof(*users->row) * PWR_USERS_LIST_MAX);
    if (impl->sql.stmt[PWR_STMT_USER_LIST].sql.format) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    users->n = status == APR_SUCCESS ? users->n : 0;
    return status;
}

typedef struct addition {
    const pwr_store_impl *impl;
    const pwr_user *user;
    int added;
} addition;

static apr_status_t add(pwr_dbd_run *run, void *baton)
{
    addition *call = baton;
    const pwr_user *user = call->user;
    const pwr_dbd_arg args[] = {
        { "id", user->id }, { "login", user->login }, { "email", user->email },
        { "password", user->password }, { "language", user->language },
        { "name", user->name }, { NULL, NULL }
    };
    apr_status_t status = pwr_dbd_exec(
        run, &call->impl->sql.stmt[PWR_STMT_USER_ADD], args, &call->added);

    return status == PWR_DBD_EXISTS ? APR_SUCCESS : status;
}

apr_status_t pwr_store_user_add(pwr_store *store, apr_pool_t *pool,
                                const pwr_user *user, int *added)
{
    static const pwr_dbd_work work = { .name = "user_add", .step = add };
    const pwr_store_impl *impl = store->impl;
    pwr_user row = *user;
    char id[PWR_ID_HEX + 1];
    addition call = { impl, &row, 0 };
    apr_status_t status = pwr_store_id(impl, id);

    row.id = id;
    if (status == APR_SUCCESS) {
        status = pwr_dbd_do(&impl->dbd, pool, &work, &call);
    }
    *added = status == APR_SUCCESS && call.added == 1;
    return status;
}
