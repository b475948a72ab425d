/* SPDX-License-Identifier: Apache-2.0 */
/* Is the site as it should be?  One line for each question: OK, or what to do
 * about it. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "io/store_dbd.h"

/* What was seen longer ago has been mended, or nobody comes that way. */
#define PROXY_FORGET_SEC 86400

/* What one question found, in words. */
static int look_configuration(pwr_call *call, const char **said)
{
    *said = apr_psprintf(call->pool, "%s, realm %s (%s:%d)",
                         call->vhost->server, call->vhost->conf->realm,
                         call->vhost->file, call->vhost->line);
    return EX_OK;
}

static int look_database(pwr_call *call, const char **said)
{
    int version;
    apr_status_t status = call->store->ops->schema_version(call->store,
                                                           call->pool,
                                                           &version);

    *said = status == APR_SUCCESS
        ? apr_psprintf(call->pool, "%s answers", call->vhost->driver)
        : apr_psprintf(call->pool, "%s cannot be asked: do what the message "
                       "above says", call->vhost->driver);
    return pwr_call_store_status(status);
}

static int look_schema(pwr_call *call, const char **said)
{
    int version;
    apr_status_t status = call->store->ops->schema_version(call->store,
                                                           call->pool,
                                                           &version);

    *said = apr_psprintf(call->pool, "version %d%s", version,
                         version > PWR_SCHEMA_VERSION
                         ? " is of a newer mod_pwreset: install that here, too"
                         : version == 0
                         ? ", there is none: run pwresetctl schema --apply"
                         : version < PWR_SCHEMA_VERSION
                         ? " is too old: run pwresetctl schema --apply" : "");
    if (status != APR_SUCCESS) {
        return pwr_call_store_status(status);
    }
    return version == PWR_SCHEMA_VERSION ? EX_OK : EX_CONFIG;
}

static int look_program(pwr_call *call, const char **said)
{
    const char *program = call->vhost->conf->sendmail[0];
    struct stat file;
    char reason[120];
    int error = stat(program, &file) != 0 ? errno
        : !S_ISREG(file.st_mode) || access(program, X_OK) != 0 ? EACCES : 0;

    *said = error ? apr_psprintf(call->pool, "%s: %s: install a mail program, "
                                 "or name yours with PwResetSendmail",
                                 program,
                                 apr_strerror(error, reason, sizeof(reason)))
                  : program;
    return error ? EX_UNAVAILABLE : EX_OK;
}

static int look_proxy(pwr_call *call, const char **said)
{
    int64_t age_sec;
    apr_status_t status = call->store->ops->proxy_age(
        call->store, call->pool, call->vhost->conf->realm, &age_sec);

    *said = "none that httpd was not told of";
    if (status != APR_SUCCESS) {
        *said = "the database cannot be asked";
        return pwr_call_store_status(status);
    }
    if (age_sec < 0 || age_sec > PROXY_FORGET_SEC) {
        return EX_OK;
    }
    *said = apr_psprintf(call->pool, "%" APR_INT64_T_FMT " minutes ago "
                         "requests came through one that httpd was not told "
                         "of, and no client was limited: load mod_remoteip, "
                         "say RemoteIPHeader X-Forwarded-For and "
                         "RemoteIPInternalProxy with the proxy's address "
                         "(message PWR0421 has it)",
                         (apr_int64_t)(age_sec / 60));
    return EX_CONFIG;
}

static const struct {
    const char *name;
    int (*look)(pwr_call *call, const char **said);
    int is_of_database;         /* not asked once another of them failed */
} questions[] = {
    { "configuration", look_configuration, 0 },
    { "database", look_database, 1 },
    { "schema", look_schema, 1 },
    { "mail program", look_program, 0 },
    { "proxy", look_proxy, 1 },
};

/* The first that is not OK gives the exit status. */
int pwr_command_check(pwr_call *call)
{
    int first = EX_OK, is_away = 0;

    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        const char *said = NULL;
        int status;

        if (questions[i].is_of_database && is_away) {
            continue;
        }
        status = questions[i].look(call, &said);
        is_away |= status != EX_OK && questions[i].is_of_database;
        first = first == EX_OK ? status : first;
        printf("%s %s: %s\n", status == EX_OK ? "OK  " : "FAIL",
               questions[i].name, said);
    }
    return first;
}
