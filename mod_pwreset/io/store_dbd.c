/* SPDX-License-Identifier: Apache-2.0 */
#include "io/store_dbd.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "io/store_parts.h"

#define PREFIX_MAX 48           /* MySQL's names have 64 characters */
#define PARAM_ENDS " \r\n\t;|,"

static const pwr_store_ops ops = {
    .users_find = pwr_store_users_find,
    .job_add = pwr_store_job_add,
    .job_batch = pwr_store_job_batch,
    .job_claim = pwr_store_job_claim,
    .job_hold = pwr_store_job_hold,
    .job_retry = pwr_store_job_retry,
    .job_done = pwr_store_job_done,
    .job_list = pwr_store_job_list,
    .job_find = pwr_store_job_find,
    .job_about = pwr_store_job_about,
    .job_again = pwr_store_job_again,
    .job_drop = pwr_store_job_drop,
    .token_mint = pwr_store_token_mint,
    .token_find = pwr_store_token_find,
    .notme_find = pwr_store_notme_find,
    .notme_do = pwr_store_notme_do,
    .token_double_click = pwr_store_token_double_click,
    .tokens_list = pwr_store_tokens_list,
    .account_revoke = pwr_store_account_revoke,
    .password_change = pwr_store_password_change,
    .password_rehash = pwr_store_password_rehash,
    .groups_find = pwr_store_groups_find,
    .history_list = pwr_store_history_list,
    .history_stalest = pwr_store_history_stalest,
    .history_tidy = pwr_store_history_tidy,
    .session_add = pwr_store_session_add,
    .session_find = pwr_store_session_find,
    .session_end = pwr_store_session_end,
    .guess_take = pwr_store_guess_take,
    .guess_give_back = pwr_store_guess_give_back,
    .device_take = pwr_store_device_take,
    .device_add = pwr_store_device_add,
    .sessions_list = pwr_store_sessions_list,
    .sessions_end_others = pwr_store_sessions_end_others,
    .purge = pwr_store_purge,
    .forget = pwr_store_forget,
    .survey = pwr_store_survey,
    .inspect = pwr_store_inspect,
    .password_width = pwr_store_password_width,
    .schema_apply = pwr_store_schema_apply,
    .schema_upgrade = pwr_store_schema_upgrade,
    .schema_version = pwr_store_schema_version,
    .proxy_seen = pwr_store_proxy_seen,
    .proxy_age = pwr_store_proxy_age,
    .users_list = pwr_store_users_list,
    .user_add = pwr_store_user_add,
};

static const char *const drivers[] = {
    [PWR_DIALECT_MYSQL] = "mysql",
    [PWR_DIALECT_SQLITE] = "sqlite3",
};

static int dialect_find(const char *driver, pwr_dialect *dialect)
{
    for (int i = 0; i < (int)(sizeof(drivers) / sizeof(*drivers)); i++) {
        if (strcmp(driver, drivers[i]) == 0) {
            *dialect = (pwr_dialect)i;
            return 1;
        }
    }
    return 0;
}

/* It stands in the SQL as it is: nothing may come through it. */
static int is_prefix(const char *prefix)
{
    int dots = 0;

    for (const char *p = prefix; *p; p++) {
        int dot = *p == '.' && p > prefix && dots++ == 0;

        if (!dot && !apr_isalnum(*p) && *p != '_') {
            return 0;
        }
    }
    return strlen(prefix) <= PREFIX_MAX;
}

apr_status_t pwr_store_id(const pwr_store_impl *impl, char *id)
{
    if (pwr_crypto_id(id) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    pwr_diag_tell(impl->dbd.diag, PWR_DIAG_ERROR("PWR0225", ""),
                  "no random numbers: OpenSSL cannot read the system's "
                  "generator; see its error with `openssl rand -hex 16`");
    return PWR_STORE_BROKEN;
}

apr_status_t pwr_store_fingerprint(const pwr_store_impl *impl, char *out,
                                   const char *a, const char *b)
{
    const char *const strings[] = { a, b };

    return pwr_store_digest(impl, out, strings, 2);
}

apr_status_t pwr_store_digest(const pwr_store_impl *impl, char *out,
                              const char *const *strings, size_t n)
{
    if (pwr_crypto_fingerprint(out, strings, n) == APR_SUCCESS) {
        return APR_SUCCESS;
    }
    pwr_diag_tell(impl->dbd.diag, PWR_DIAG_ERROR("PWR0226", ""),
                  "no SHA-256: OpenSSL is out of memory, or its configuration "
                  "forbids it");
    return PWR_STORE_BROKEN;
}

apr_status_t pwr_store_trim(pwr_dbd_run *run, const pwr_store_impl *impl,
                            const pwr_trim *trim)
{
    pwr_dbd_arg args[] = {
        { "realm", trim->realm }, { "user", trim->user_id },
        { "max", pwr_dbd_decimal(run, trim->keep) }, { "least", NULL },
        { NULL, NULL }
    };
    pwr_dbd_rows rows;
    int changed;

    pwr_dbd_select(run, &impl->sql.stmt[trim->least], args, &rows);
    while (pwr_dbd_next(&rows)) {
        args[3].value = pwr_dbd_text(&rows, "least");
    }
    if (rows.status != APR_SUCCESS || !args[3].value) {
        return rows.status;
    }
    return pwr_dbd_exec(run, &impl->sql.stmt[trim->trim], args, &changed);
}

/* As apr_dbd_mysql does it: a key is the letters before a "=". */
const char *pwr_store_dbd_param(apr_pool_t *pool, const char *params,
                                const char *name)
{
    const char *at = params, *value = NULL;

    while ((at = strchr(at, '=')) != NULL) {
        const char *key = at;
        size_t len = 0;

        while (key > params && apr_isspace(key[-1])) {
            key--;
        }
        while (key > params && apr_isalpha(key[-1])) {
            key--;
            len++;
        }
        do {
            at++;
        } while (apr_isspace(*at));
        if (len > 0 && apr_cstr_casecmpn(name, key, len) == 0) {
            value = apr_pstrmemdup(pool, at, strcspn(at, PARAM_ENDS));
        }
        at += strcspn(at, PARAM_ENDS);
    }
    return value;
}

pwr_store_conf pwr_store_dbd_conf(const pwr_conf *conf, const char *driver)
{
    return (pwr_store_conf){
        .driver = driver,
        .prefix = conf->table_prefix,
        .user_query = conf->user_query,
        .login_query = conf->login_query,
        .id_query = conf->id_query,
        .list_query = conf->list_query,
        .password_update = conf->password_update,
        .after_change = conf->after_change,
        .may_half = pwr_conf_insists(conf, PWR_INSIST_NO_TRANSACTIONS),
        .rehash = conf->rehash,
        .group_query = conf->group_query,
    };
}

const char *pwr_store_dbd_make(apr_pool_t *pool, const pwr_store_conf *conf,
                               const pwr_dbd_lender *lender,
                               const pwr_diag *diag, pwr_store **store)
{
    pwr_store_impl *impl = apr_pcalloc(pool, sizeof(*impl));
    const char *fault;

    *store = NULL;
    if (!dialect_find(conf->driver, &impl->dbd.dialect)) {
        return "DBDDriver must be mysql or sqlite3";
    }
    if (!is_prefix(conf->prefix)) {
        return "PwResetTablePrefix may hold letters, digits, _ and one dot "
               "after a schema's name, 48 characters at most";
    }
    fault = pwr_store_sql_make(pool, conf, impl->dbd.dialect, &impl->sql);
    if (fault) {
        return fault;
    }
    impl->dbd.lender = *lender;
    impl->dbd.diag = diag;
    impl->dbd.vet = pwr_store_vet;
    impl->dbd.vet_baton = impl;
    impl->prefix = apr_pstrdup(pool, conf->prefix);
    impl->may_half = conf->may_half;
    impl->store.ops = &ops;
    impl->store.diag = diag;
    impl->store.impl = impl;
    *store = &impl->store;
    return NULL;
}
