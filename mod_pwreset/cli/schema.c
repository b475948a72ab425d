/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "cli/database.h"
#include "core/conf.h"
#include "core/text.h"
#include "io/store_dbd.h"

/* Names of databases as people say them, and the drivers. */
static const struct dialect {
    const char *name;
    const char *driver;
    pwr_dialect dialect;
} dialects[] = {
    { "mysql", "mysql", PWR_DIALECT_MYSQL },
    { "mariadb", "mysql", PWR_DIALECT_MYSQL },
    { "sqlite", "sqlite3", PWR_DIALECT_SQLITE },
    { "sqlite3", "sqlite3", PWR_DIALECT_SQLITE },
    { NULL, NULL, PWR_DIALECT_MYSQL }
};

static const pwr_dbd_lender nobody = { NULL, NULL, NULL };

static int print(const pwr_call *call, const char *name, const char *prefix)
{
    const struct dialect *row = dialects;
    pwr_store_conf conf = {
        .prefix = prefix,
        .user_query = PWR_SHIPPED_USER_QUERY,
        .login_query = PWR_SHIPPED_LOGIN_QUERY,
        .id_query = PWR_SHIPPED_ID_QUERY,
        .password_update = PWR_SHIPPED_PASSWORD_UPDATE
    };
    const char *error;
    pwr_store *store;

    while (row->name && strcmp(row->name, name) != 0) {
        row++;
    }
    if (!row->name) {
        return pwr_call_fail(EX_USAGE, "there is no schema for '%s': take "
                             "mysql or sqlite", name);
    }
    conf.driver = row->driver;
    /* The prefix is pasted into the SQL: the store says whether it may be. */
    error = pwr_store_dbd_make(call->pool, &conf, &nobody, call->diag, &store);
    if (error) {
        return pwr_call_fail(EX_USAGE, "prefix '%s': %s", prefix, error);
    }
    fputs(pwr_store_dbd_schema(call->pool, row->dialect, prefix), stdout);
    return EX_OK;
}

/* What the database has: EX_OK, also when that is none (0). */
static int version_find(const pwr_call *call, int *version)
{
    apr_status_t done = call->store->ops->schema_version(call->store,
                                                         call->pool, version);

    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (*version > PWR_SCHEMA_VERSION) {
        return pwr_call_fail(EX_CONFIG, "the database has schema %d, this "
                             "program knows up to %d: install the newer "
                             "mod_pwreset here, too", *version,
                             PWR_SCHEMA_VERSION);
    }
    return EX_OK;
}

static int apply(const pwr_call *call)
{
    pwr_store *store = call->store;
    int version, status = version_find(call, &version);

    if (status == EX_OK && version > 0 && version < PWR_SCHEMA_VERSION) {
        return pwr_call_fail(EX_CONFIG, "the database has schema %d: back it "
                             "up and run pwresetctl schema --upgrade",
                             version);
    }
    if (status == EX_OK) {
        status = pwr_call_store_status(store->ops->schema_apply(store,
                                                                call->pool));
    }
    if (status == EX_OK) {
        printf("schema %d %s\n", PWR_SCHEMA_VERSION,
               version == PWR_SCHEMA_VERSION ? "was there" : "applied");
    }
    return status;
}

static int upgrade(const pwr_call *call)
{
    pwr_store *store = call->store;
    int version, status = version_find(call, &version);

    if (status == EX_OK && version == 0) {
        return pwr_call_fail(EX_CONFIG, "the database has no schema: run "
                             "pwresetctl schema --apply");
    }
    if (status == EX_OK && version < PWR_SCHEMA_VERSION) {
        status = pwr_call_store_status(store->ops->schema_upgrade(store,
                                                                  call->pool));
    }
    if (status == EX_OK && version < PWR_SCHEMA_VERSION) {
        printf("schema %d upgraded to %d\n", version, PWR_SCHEMA_VERSION);
    }
    else if (status == EX_OK) {
        printf("schema %d was there\n", version);
    }
    return status;
}

/* ---- grants ---- */

static const char *param_of(const pwr_call *call, const char *name)
{
    return pwr_store_dbd_param(call->pool, call->vhost->params, name);
}

/* A client at the socket, or at a loopback address, is "localhost". */
static const char *host_of(const pwr_call *call)
{
    const char *host = param_of(call, "host");

    return !host || pwr_text_same(host, "localhost")
        || strncmp(host, "127.", 4) == 0 ? "localhost" : "%";
}

static pwr_grantee grantee_of(const pwr_call *call)
{
    const char *to = pwr_call_option(call, "to"), *at;
    pwr_grantee grantee = {
        .user = param_of(call, "user"), .host = host_of(call),
        .base = param_of(call, "dbname"),
        .adds_users = pwr_call_is_shipped_table(call->vhost->conf)
    };

    if (!grantee.user) {
        grantee.user = "httpd";
    }
    if (to) {
        at = strrchr(to, '@');
        grantee.user = at ? apr_pstrmemdup(call->pool, to,
                                           (apr_size_t)(at - to)) : to;
        grantee.host = at ? at + 1 : grantee.host;
    }
    return grantee;
}

static int grants_print(const pwr_call *call)
{
    const pwr_vhost *vhost = call->vhost;
    const pwr_store_conf conf = pwr_database_conf(vhost);
    pwr_grantee to;
    pwr_store *store;
    const char *error;

    if (!vhost->params || strcmp(vhost->driver, "mysql") != 0) {
        return pwr_call_fail(EX_CONFIG, "%s is of no server with accounts: "
                             "GRANT is for DBDriver mysql", vhost->server);
    }
    error = pwr_store_dbd_make(call->pool, &conf, &nobody, call->diag, &store);
    if (error) {
        return pwr_call_fail(EX_CONFIG, "%s:%d: %s", vhost->file, vhost->line,
                             error);
    }
    to = grantee_of(call);
    printf("-- What mod_pwreset does for %s, and no more.  The tables are made "
           "by\n-- another account: pwresetctl schema | mariadb%s%s\n"
           "-- Where one of these is a view, add: GRANT SHOW VIEW ON it\n%s"
           "%s", vhost->server, to.base ? " " : "", to.base ? to.base : "",
           to.base ? "" : "-- DBDParams has no dbname: USE the database "
           "first\n", pwr_store_dbd_grants(call->pool, store, &to));
    return EX_OK;
}

int pwr_command_schema(pwr_call *call)
{
    const char *dialect = pwr_call_option(call, "dialect");
    const char *prefix = pwr_call_option(call, "prefix");
    const pwr_vhost *vhost = call->vhost;

    if (dialect) {
        return print(call, dialect, prefix ? prefix : pwr_conf_row_find(
                     "PwResetTablePrefix")->standard);
    }
    if (prefix) {
        return pwr_call_fail(EX_USAGE, "--prefix goes with --dialect: a "
                             "site's is its PwResetTablePrefix");
    }
    if (pwr_call_option(call, "apply")) {
        return apply(call);
    }
    if (pwr_call_option(call, "upgrade")) {
        return upgrade(call);
    }
    if (pwr_call_option(call, "to") && !pwr_call_option(call, "grants")) {
        return pwr_call_fail(EX_USAGE, "--to goes with --grants");
    }
    if (!vhost->driver) {
        return pwr_call_fail(EX_CONFIG, "%s has no database: set DBDriver and "
                             "DBDParams (%s:%d)", vhost->server, vhost->file,
                             vhost->line);
    }
    if (pwr_call_option(call, "grants")) {
        return grants_print(call);
    }
    return print(call, vhost->driver, vhost->conf->table_prefix);
}
