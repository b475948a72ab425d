/* SPDX-License-Identifier: Apache-2.0 */
/* Our tables: made, numbered, and kept from growing. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/text.h"

#define PURGE_MAX 100           /* rows of a kind in one transaction */
#define INDEXES_MAX 3

/* Words in braces are per dialect (see words[]).  Widths count characters.
 * {hex} columns hold what we made ourselves; {fold} ones compare without
 * case, so that nobody signs up as "Admin" beside "admin". */
static const struct {
    const char *name;
    const char *columns;
    struct {
        const char *name;
        const char *columns;
    } index[INDEXES_MAX];
} tables[] = {
    { "meta",
      "  name VARCHAR(64){hex} NOT NULL,  -- 'schema', a lock, or a note\n"
      "  value BIGINT NOT NULL,           -- version, counter, time\n"
      "  PRIMARY KEY (name)",
      { { NULL, NULL } } },
    { "job",
      "  -- work to do: a row goes when its work is done\n"
      "  id CHAR(32){hex} NOT NULL,       -- random\n"
      "  kind VARCHAR(16){hex} NOT NULL,  -- recover, notice\n"
      "  realm VARCHAR(191) NOT NULL,     -- PwResetRealm of the vhost\n"
      "  identifier VARCHAR(512),         -- recover: what was typed\n"
      "  identify_by SMALLINT NOT NULL,   -- recover: 1 e-mail, 2 login\n"
      "  user_id VARCHAR(191),            -- notice: whose password changed\n"
      "  login VARCHAR(255),              -- notice\n"
      "  recipient VARCHAR(512),          -- notice: before the change\n"
      "  language VARCHAR(35),            -- of the page, or the user's\n"
      "  address VARCHAR(64),             -- who asked: client address\n"
      "  agent VARCHAR(255),              -- who asked: browser\n"
      "  created BIGINT NOT NULL,         -- epoch seconds, as all times\n"
      "  due BIGINT NOT NULL,             -- not before; far off: never\n"
      "  owner VARCHAR(64),               -- worker that holds it ...\n"
      "  lease_until BIGINT NOT NULL DEFAULT 0,  -- ... until then\n"
      "  tries INTEGER NOT NULL DEFAULT 0,       -- claims so far\n"
      "  gave_up BIGINT NOT NULL DEFAULT 0,      -- when, or 0\n"
      "  error VARCHAR(1000),             -- what the last try said\n"
      "  PRIMARY KEY (id)",
      { { "due", "due, lease_until" } } },
    { "token",
      "  -- what mails carry: digests only; dead rows tell the reason\n"
      "  realm VARCHAR(191) NOT NULL,\n"
      "  digest CHAR(64){hex} NOT NULL,   -- SHA-256 of the secret\n"
      "  purpose VARCHAR(16){hex} NOT NULL,  -- recover, notme, mailbox\n"
      "  user_id VARCHAR(191) NOT NULL,   -- id column of PwResetIdQuery\n"
      "  login VARCHAR(255),              -- as it was, to be shown\n"
      "  language VARCHAR(35),\n"
      "  job CHAR(32){hex} NOT NULL,      -- that minted it\n"
      "  stamp CHAR(64){hex} NOT NULL,    -- of what ends it by changing\n"
      "  created BIGINT NOT NULL,\n"
      "  expires BIGINT NOT NULL,\n"
      "  spent_at BIGINT NOT NULL DEFAULT 0,  -- 0: not yet\n"
      "  spent_by CHAR(32){hex},          -- the change that ended it\n"
      "  why VARCHAR(16){hex},            -- used, changed, notme\n"
      "  clicks SMALLINT NOT NULL DEFAULT 0,  -- double clicks compared\n"
      "  PRIMARY KEY (realm, digest)",
      { { "owner", "realm, user_id" }, { "expires", "expires" } } },
    { "session",
      "  realm VARCHAR(191) NOT NULL,\n"
      "  digest CHAR(64){hex} NOT NULL,   -- SHA-256 of the cookie\n"
      "  user_id VARCHAR(191) NOT NULL,\n"
      "  login VARCHAR(255),\n"
      "  created BIGINT NOT NULL,\n"
      "  seen BIGINT NOT NULL,            -- last request, roughly\n"
      "  expires BIGINT NOT NULL,         -- whatever is seen\n"
      "  stamp CHAR(64){hex} NOT NULL,    -- of the password at sign-in\n"
      "  address VARCHAR(64),\n"
      "  agent VARCHAR(255),\n"
      "  PRIMARY KEY (realm, digest)",
      { { "owner", "realm, user_id" }, { "expires", "expires" } } },
    { "guess",
      "  -- who waits at a name to sign in; no row: nobody\n"
      "  realm VARCHAR(191) NOT NULL,\n"
      "  digest CHAR(64){hex} NOT NULL,   -- SHA-256 of the queue's name\n"
      "  next_ms BIGINT NOT NULL,         -- next slot; epoch milliseconds\n"
      "  network CHAR(64){hex},           -- who took the last one\n"
      "  PRIMARY KEY (realm, digest)",
      { { "next", "next_ms" } } },
    { "device",
      "  -- browsers that have signed in to an account before\n"
      "  realm VARCHAR(191) NOT NULL,\n"
      "  digest CHAR(64){hex} NOT NULL,   -- SHA-256 of the cookie\n"
      "  user_id VARCHAR(191) NOT NULL,\n"
      "  stamp CHAR(64){hex} NOT NULL,    -- of the password at sign-in\n"
      "  next_ms BIGINT NOT NULL,         -- as in guess, of its own\n"
      "  created BIGINT NOT NULL,\n"
      "  expires BIGINT NOT NULL,\n"
      "  PRIMARY KEY (realm, digest, user_id)",
      { { "owner", "realm, user_id, expires" }, { "expires", "expires" } } },
    { "history",
      "  -- former passwords of accounts: PwResetPasswordHistory\n"
      "  id CHAR(32){hex} NOT NULL,       -- of the change that ended it\n"
      "  realm VARCHAR(191) NOT NULL,\n"
      "  user_id VARCHAR(191) NOT NULL,\n"
      "  password VARCHAR(512) NOT NULL,  -- the hash that the row had\n"
      "  ended_ms BIGINT NOT NULL,        -- epoch milliseconds\n"
      "  checked BIGINT NOT NULL,         -- when the account was last there\n"
      "  PRIMARY KEY (id)",
      { { "owner", "realm, user_id, ended_ms" }, { "checked", "checked" } } },
    { "user",
      "  -- the shipped user table; not needed where the site has its own\n"
      "  id CHAR(32){hex} NOT NULL,       -- random\n"
      "  login VARCHAR(190){fold} NOT NULL UNIQUE,\n"
      "  email VARCHAR(320){fold},\n"
      "  password VARCHAR(255),           -- a hash, never a password\n"
      "  language VARCHAR(35),\n"
      "  name VARCHAR(255),\n"
      "  changed_at BIGINT NOT NULL,      -- the password\n"
      "  PRIMARY KEY (id)",
      { { "email", "email" } } },
};

#define TABLES_N (sizeof(tables) / sizeof(*tables))

static const struct {
    const char *word;
    const char *sql[2];         /* by pwr_dialect */
} words[] = {
    { "{hex}", { " CHARACTER SET ascii COLLATE ascii_bin", "" } },
    { "{fold}", { " COLLATE utf8mb4_unicode_520_ci", " COLLATE NOCASE" } },
    { "{end}", { " ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
                 " DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin", "" } },
    { "{ignore}", { "IGNORE", "OR IGNORE" } },
};

typedef struct schema {
    apr_pool_t *pool;
    pwr_dialect dialect;
    const char *prefix;
    const char *schema;         /* of the prefix, with the dot, or "" */
    const char *bare;           /* the prefix without it */
} schema;

static schema schema_make(apr_pool_t *pool, pwr_dialect dialect,
                          const char *prefix)
{
    const char *dot = strchr(prefix, '.');
    schema made = { pool, dialect, prefix, "", prefix };

    if (dot) {
        made.schema = apr_pstrmemdup(pool, prefix,
                                     (apr_size_t)(dot + 1 - prefix));
        made.bare = dot + 1;
    }
    return made;
}

static const char *words_replace(const schema *made, const char *text)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        text = pwr_text_replace(made->pool, text, words[i].word,
                                words[i].sql[made->dialect]);
    }
    return text;
}

/* MySQL has no CREATE INDEX IF NOT EXISTS, SQLite no KEY in a table. */
static const char *keys_text(const schema *made, size_t i)
{
    const char *text = "";

    for (int k = 0; made->dialect == PWR_DIALECT_MYSQL && k < INDEXES_MAX
                    && tables[i].index[k].name; k++) {
        text = apr_psprintf(made->pool, "%s,\n  KEY %s (%s)", text,
                            tables[i].index[k].name,
                            tables[i].index[k].columns);
    }
    return text;
}

static void statement_add(apr_array_header_t *list, const char *sql)
{
    APR_ARRAY_PUSH(list, const char *) = sql;
}

static void table_add(const schema *made, size_t i, apr_array_header_t *list)
{
    const char *name = tables[i].name;

    statement_add(list, words_replace(made, apr_psprintf(
        made->pool, "CREATE TABLE IF NOT EXISTS %s%s (\n%s%s\n){end}",
        made->prefix, name, tables[i].columns, keys_text(made, i))));
    for (int k = 0; made->dialect == PWR_DIALECT_SQLITE && k < INDEXES_MAX
                    && tables[i].index[k].name; k++) {
        statement_add(list, apr_psprintf(
            made->pool, "CREATE INDEX IF NOT EXISTS %s%s%s_%s ON %s%s (%s)",
            made->schema, made->bare, name, tables[i].index[k].name,
            made->bare, name, tables[i].index[k].columns));
    }
}

static const char *meta_text(const schema *made)
{
    static const char hex[] = "0123456789abcdef";
    const char *rows = apr_psprintf(made->pool, "('schema', %d),"
                                    " ('schema-least', %d)",
                                    PWR_SCHEMA_VERSION, PWR_SCHEMA_LEAST);

    for (int i = 0; hex[i]; i++) {
        rows = apr_psprintf(made->pool, "%s, ('lock-%c', 0)", rows, hex[i]);
    }
    /* What is there already keeps its version: others know what it lacks. */
    return words_replace(made, apr_psprintf(
        made->pool, "INSERT {ignore} INTO %smeta (name, value) VALUES %s",
        made->prefix, rows));
}

static apr_array_header_t *statements(apr_pool_t *pool, pwr_dialect dialect,
                                      const char *prefix)
{
    apr_array_header_t *list = apr_array_make(pool, 16, sizeof(const char *));
    schema made = schema_make(pool, dialect, prefix);

    for (size_t i = 0; i < TABLES_N; i++) {
        table_add(&made, i, list);
    }
    statement_add(list, meta_text(&made));
    return list;
}

apr_array_header_t *pwr_store_table_sql(apr_pool_t *pool, pwr_dialect dialect,
                                        const char *prefix, const char *name)
{
    apr_array_header_t *list = apr_array_make(pool, INDEXES_MAX,
                                              sizeof(const char *));
    schema made = schema_make(pool, dialect, prefix);

    for (size_t i = 0; i < TABLES_N; i++) {
        if (strcmp(tables[i].name, name) == 0) {
            table_add(&made, i, list);
        }
    }
    return list;
}

const char *pwr_store_meta_sql(apr_pool_t *pool, pwr_dialect dialect,
                               const char *prefix)
{
    schema made = schema_make(pool, dialect, prefix);

    return meta_text(&made);
}

const char *pwr_store_table_name(size_t i)
{
    return i < TABLES_N ? tables[i].name : NULL;
}

const char *pwr_store_dbd_schema(apr_pool_t *pool, pwr_dialect dialect,
                                 const char *prefix)
{
    apr_array_header_t *list = statements(pool, dialect, prefix);
    const char *text = "-- Tables of mod_pwreset. Applying this twice is"
                       " harmless.\n";

    if (dialect == PWR_DIALECT_SQLITE) {
        text = apr_pstrcat(pool, text, "PRAGMA journal_mode=WAL;\n", NULL);
    }
    for (int i = 0; i < list->nelts; i++) {
        text = apr_pstrcat(pool, text, "\n",
                           APR_ARRAY_IDX(list, i, const char *), ";\n", NULL);
    }
    return text;
}

static apr_status_t apply(pwr_dbd_run *run, void *baton)
{
    const pwr_store_impl *impl = baton;
    apr_array_header_t *list = statements(run->scratch, run->dbd->dialect,
                                          impl->prefix);
    apr_status_t status = APR_SUCCESS;
    int rows;

    if (run->dbd->dialect == PWR_DIALECT_SQLITE) {
        /* Readers do not wait for writers; kept in the file.  The answer is a
         * row, which the driver calls an error. */
        apr_dbd_query(run->conn.driver, run->conn.handle, &rows,
                      "PRAGMA journal_mode=WAL");
    }
    for (int i = 0; status == APR_SUCCESS && i < list->nelts; i++) {
        status = pwr_dbd_plain(run, "CREATE TABLE",
                               APR_ARRAY_IDX(list, i, const char *));
    }
    return status;
}

apr_status_t pwr_store_schema_apply(pwr_store *store, apr_pool_t *pool)
{
    static const pwr_dbd_work work = { .name = "schema_apply",
                                       .any_schema = 1, .step = apply };
    const pwr_store_impl *impl = store->impl;

    return pwr_dbd_do(&impl->dbd, pool, &work, store->impl);
}

/* What is found first and then treated row by row, by key, a hundred at a
 * time: a DELETE over a range would hold its locks against everybody who signs
 * in. */
typedef struct grave {
    pwr_stmt find;
    pwr_stmt treat;
    int at_once;                /* or only after the time to keep */
    int is_lost;                /* nobody did it: the admin is told */
} grave;

static const grave dead[] = {
    { PWR_STMT_TOKEN_DEAD, PWR_STMT_TOKEN_PURGE, 0, 0 },
    { PWR_STMT_SESSION_DEAD, PWR_STMT_SESSION_END, 1, 0 },
    { PWR_STMT_JOB_DEAD, PWR_STMT_JOB_PURGE, 0, 0 },
    { PWR_STMT_JOB_LOST, PWR_STMT_JOB_LOST_PURGE, 0, 1 },
    { PWR_STMT_GUESS_DEAD, PWR_STMT_GUESS_PURGE, 1, 0 },
    { PWR_STMT_DEVICE_DEAD, PWR_STMT_DEVICE_PURGE, 1, 0 },
};

/* Rows with addresses and agents. */
static const grave old[] = {
    { PWR_STMT_SESSION_OLD, PWR_STMT_SESSION_FORGET, 0, 0 },
    { PWR_STMT_JOB_OLD, PWR_STMT_JOB_FORGET, 0, 0 },
};

typedef struct purge_call {
    const pwr_store_impl *impl;
    const grave *graves;
    size_t graves_n;
    const char *realm;          /* NULL: of all */
    int64_t keep_sec;
    int changed;
    int lost;                   /* of them */
} purge_call;

static apr_status_t grave_clear(pwr_dbd_run *run, purge_call *call,
                                const grave *g)
{
    const pwr_dbd_stmt *stmt = call->impl->sql.stmt;
    const pwr_dbd_arg args[] = {
        { "keep", pwr_dbd_decimal(run, g->at_once ? 0 : call->keep_sec) },
        { "realm", call->realm },
        { "max", APR_STRINGIFY(PURGE_MAX) }, { NULL, NULL }
    };
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &stmt[g->find], args, &rows);
    while (pwr_dbd_next(&rows)) {
        const pwr_dbd_arg row[] = {
            { "realm", pwr_dbd_text(&rows, "realm") },
            { "digest", pwr_dbd_text(&rows, "digest") },
            { "user", pwr_dbd_text(&rows, "user_id") },
            { "id", pwr_dbd_text(&rows, "id") },
            { "keep", args[0].value }, { NULL, NULL }
        };
        int changed = 0;
        apr_status_t status = APR_SUCCESS;

        if (!call->realm || pwr_store_is_of(&rows, call->realm)) {
            status = pwr_dbd_exec(run, &stmt[g->treat], row, &changed);
        }
        if (status != APR_SUCCESS) {
            return status;
        }
        call->changed += changed;
        call->lost += g->is_lost ? changed : 0;
    }
    return rows.status;
}

static apr_status_t clear(pwr_dbd_run *run, void *baton)
{
    purge_call *call = baton;
    apr_status_t status = APR_SUCCESS;

    call->changed = call->lost = 0;
    for (size_t i = 0; status == APR_SUCCESS && i < call->graves_n; i++) {
        status = grave_clear(run, call, &call->graves[i]);
    }
    run->keep = status == APR_SUCCESS;
    return status;
}

apr_status_t pwr_store_purge(pwr_store *store, apr_pool_t *pool,
                             int64_t keep_sec, int *purged)
{
    static const pwr_dbd_work work = { .name = "purge", .transaction = 1,
                                       .step = clear };
    const pwr_store_impl *impl = store->impl;
    purge_call call = { .impl = impl, .graves = dead,
                        .graves_n = sizeof(dead) / sizeof(*dead),
                        .keep_sec = keep_sec };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    if (status == APR_SUCCESS && call.lost > 0) {
        pwr_diag_log(impl->dbd.diag, PWR_LEVEL_NOTICE, 0, "PWR0227",
                     "%d mails were given up that nobody took for %"
                     APR_INT64_T_FMT " s: no server has their realm, or "
                     "PwResetLimit forgot-site held them back", call.lost,
                     keep_sec);
    }
    *purged = status == APR_SUCCESS ? call.changed : 0;
    return status;
}

apr_status_t pwr_store_forget(pwr_store *store, apr_pool_t *pool,
                              const char *realm, int64_t keep_sec,
                              int *forgotten)
{
    static const pwr_dbd_work work = { .name = "forget", .transaction = 1,
                                       .step = clear };
    const pwr_store_impl *impl = store->impl;
    purge_call call = { .impl = impl, .graves = old,
                        .graves_n = sizeof(old) / sizeof(*old),
                        .realm = realm, .keep_sec = keep_sec };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    *forgotten = status == APR_SUCCESS ? call.changed : 0;
    return status;
}
