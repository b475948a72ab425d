/* SPDX-License-Identifier: Apache-2.0 */
/* Is the site as it should be?  One line for each question: OK, or what to do
 * about it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "core/scheme.h"
#include "io/store_dbd.h"

/* What was seen longer ago has been mended, or nobody comes that way. */
#define PROXY_FORGET_SEC 86400

/* What one question found: a sentence each, in `said`.  EX_OK with one of what
 * is well, else each says what to do. */
typedef apr_array_header_t findings;

__attribute__((format(printf, 3, 4)))
static void say(const pwr_call *call, findings *said, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    APR_ARRAY_PUSH(said, const char *) = apr_pvsprintf(call->pool, format,
                                                       args);
    va_end(args);
}

/* The store has told why. */
static int cannot_ask(const pwr_call *call, findings *said, apr_status_t status)
{
    say(call, said, "it cannot be asked: do what the message above says");
    return pwr_call_store_status(status);
}

static int look_configuration(pwr_call *call, findings *said)
{
    say(call, said, "%s, realm %s (%s:%d)", call->vhost->server,
        call->vhost->conf->realm, call->vhost->file, call->vhost->line);
    return EX_OK;
}

static int look_database(pwr_call *call, findings *said)
{
    int version;
    apr_status_t status = call->store->ops->schema_version(call->store,
                                                           call->pool,
                                                           &version);

    if (status != APR_SUCCESS) {
        return cannot_ask(call, said, status);
    }
    say(call, said, "%s answers", call->vhost->driver);
    return EX_OK;
}

static int look_schema(pwr_call *call, findings *said)
{
    int version;
    apr_status_t status = call->store->ops->schema_version(call->store,
                                                           call->pool,
                                                           &version);

    if (status != APR_SUCCESS) {
        return cannot_ask(call, said, status);
    }
    say(call, said, "version %d%s", version, version > PWR_SCHEMA_VERSION
        ? " is of a newer mod_pwreset: install that here, too"
        : version == 0 ? ", there is none: run pwresetctl schema --apply"
        : version < PWR_SCHEMA_VERSION
        ? " is too old: back it up and run pwresetctl schema --upgrade" : "");
    return version == PWR_SCHEMA_VERSION ? EX_OK : EX_CONFIG;
}

static int look_aspect(pwr_call *call, findings *said, pwr_aspect aspect,
                       const char *well)
{
    apr_status_t status = call->store->ops->inspect(call->store, call->pool,
                                                    aspect, said);

    if (status != APR_SUCCESS) {
        return cannot_ask(call, said, status);
    }
    if (said->nelts > 0) {
        return EX_CONFIG;
    }
    say(call, said, "%s", well);
    return EX_OK;
}

static int look_statements(pwr_call *call, findings *said)
{
    return look_aspect(call, said, PWR_ASPECT_STATEMENTS,
                       "all are there, with all columns and rights");
}

static int look_changes(pwr_call *call, findings *said)
{
    return look_aspect(call, said, PWR_ASPECT_CHANGES, "are taken");
}

static int look_engines(pwr_call *call, findings *said)
{
    return look_aspect(call, said, PWR_ASPECT_ENGINES,
                       pwr_conf_insists(call->vhost->conf,
                                        PWR_INSIST_NO_TRANSACTIONS)
                       ? "can undo what was begun, but for the user table, "
                         "which nobody asked (PwResetInsist)"
                       : "can undo what was begun");
}

/* Does a new hash fit?  A row's own, which keep writes, does already. */
static int look_width(pwr_call *call, findings *said)
{
    const pwr_scheme *scheme = &call->vhost->conf->password_scheme;
    int need = (int)strlen(pwr_scheme_decoy(call->pool, scheme)), width;
    apr_status_t status = call->store->ops->password_width(call->store,
                                                           call->pool, &width);

    if (status != APR_SUCCESS) {
        return cannot_ask(call, said, status);
    }
    if (width == 0) {
        say(call, said, "its width is not known");
        return EX_OK;
    }
    if (width >= need) {
        say(call, said, "holds %d characters, a hash has %d", width, need);
        return EX_OK;
    }
    say(call, said, "holds %d characters, and a hash of %s has %d: widen it "
        "to 255", width, pwr_scheme_show(call->pool, scheme), need);
    return EX_CONFIG;
}

/* All of a change, undone before it ends: no other question finds a trigger
 * that meddles, or an UPDATE that writes elsewhere than the queries read. */
static int rehearse(const pwr_call *call, findings *said, const pwr_user *user)
{
    const pwr_scheme scheme = pwr_scheme_choose(
        &call->vhost->conf->password_scheme, user->password);
    pwr_change change = {
        .realm = call->vhost->conf->realm, .user_id = user->id,
        .stored = pwr_scheme_decoy(call->pool, &scheme), .stamp = user->stamp,
        .is_rehearsal = 1
    };
    apr_status_t status = call->store->ops->password_change(
        call->store, call->pool, &change);

    if (status != APR_SUCCESS) {
        return cannot_ask(call, said, status);
    }
    if (change.outcome != PWR_CHANGE_DONE) {
        int fault;

        say(call, said, "%s", pwr_call_change_fault(change.outcome, &fault));
        return fault;
    }
    say(call, said, "works for this user; it was undone");
    return EX_OK;
}

static int look_change(pwr_call *call, findings *said)
{
    const char *login = pwr_call_option(call, "user");
    pwr_user user;
    int status;

    if (!login) {
        say(call, said, "not tried: say --user LOGIN, and one is made for that "
            "user and undone");
        return EX_OK;
    }
    status = pwr_call_user(call, login, &user);
    if (status == EX_OK) {
        return rehearse(call, said, &user);
    }
    say(call, said, "not tried: do what the message above says");
    return status;
}

/* `remedy` says what to do where it cannot be run. */
static int look_program(const pwr_call *call, findings *said,
                        const char *program, const char *remedy)
{
    struct stat file;
    char reason[120];
    int error = stat(program, &file) != 0 ? errno
        : !S_ISREG(file.st_mode) || access(program, X_OK) != 0 ? EACCES : 0;

    if (error) {
        say(call, said, "%s: %s: %s", program,
            apr_strerror(error, reason, sizeof(reason)), remedy);
        return EX_UNAVAILABLE;
    }
    say(call, said, "%s", program);
    return EX_OK;
}

static int look_sendmail(pwr_call *call, findings *said)
{
    return look_program(call, said, call->vhost->conf->sendmail[0],
                        "install a mail program, or name yours with "
                        "PwResetSendmail");
}

static int look_hook(pwr_call *call, findings *said)
{
    const char *const *hook = call->vhost->conf->hook;

    if (!hook) {
        say(call, said, "there is none");
        return EX_OK;
    }
    return look_program(call, said, hook[0],
                        "install it, or correct PwResetHook");
}

/* Templates, translations, lists, time zone.  Under httpd a bad template is
 * replaced by the built-in one; here it is a fault. */
static int look_files(pwr_call *call, findings *said)
{
    const pwr_conf *conf = call->vhost->conf;
    pwr_site *site;
    const char *error = pwr_site_make(call->pool, conf,
                                      pwr_kit_make(call->pool), call->diag,
                                      1, &site);

    say(call, said, "%s", error ? error
        : conf->templates[0] ? conf->templates[0] : "the built-in ones");
    return error ? EX_CONFIG : EX_OK;
}

static int look_proxy(pwr_call *call, findings *said)
{
    int64_t age_sec;
    apr_status_t status = call->store->ops->proxy_age(
        call->store, call->pool, call->vhost->conf->realm, &age_sec);

    if (status != APR_SUCCESS) {
        return cannot_ask(call, said, status);
    }
    if (age_sec < 0 || age_sec > PROXY_FORGET_SEC) {
        say(call, said, "none that httpd was not told of");
        return EX_OK;
    }
    say(call, said, "%" APR_INT64_T_FMT " minutes ago requests came through "
        "one that httpd was not told of, and no client was limited: load "
        "mod_remoteip, say RemoteIPHeader X-Forwarded-For and "
        "RemoteIPInternalProxy with the proxy's address (message PWR0421 has "
        "it)", (apr_int64_t)(age_sec / 60));
    return EX_CONFIG;
}

/* Accounts that no mail can reach are the admin's to know of, and no fault of
 * the site's. */
static int look_recovery(pwr_call *call, findings *said)
{
    int unreachable, all, status;

    if (!call->vhost->conf->list_query
        && !pwr_call_is_shipped_table(call->vhost->conf)) {
        say(call, said, "not counted: PwResetListQuery says how users are "
            "listed");
        return EX_OK;
    }
    status = pwr_call_unreachable(call, &unreachable, &all);
    if (status != EX_OK) {
        say(call, said, "users cannot be listed: do what the message above "
            "says");
    }
    else if (unreachable > 0) {
        say(call, said, "%d of %d users have no address that a mail could go "
            "to: pwresetctl user list --without-recovery", unreachable, all);
    }
    else {
        say(call, said, "a mail can go to each of %d users", all);
    }
    return status;
}

/* How deep a question goes: none is asked once one above it has failed. */
typedef enum depth {
    DEPTH_NONE = 0,         /* the others do not depend on it */
    DEPTH_DATABASE,
    DEPTH_SCHEMA,
    DEPTH_TABLES,
    DEPTH_ROWS,             /* that are in them */
    DEPTH_WRITING           /* which would not be undone in every table */
} depth;

static const struct {
    const char *name;
    int (*look)(pwr_call *call, findings *said);
    depth at;
} questions[] = {
    { "configuration", look_configuration, DEPTH_NONE },
    { "database", look_database, DEPTH_DATABASE },
    { "schema", look_schema, DEPTH_SCHEMA },
    { "tables", look_statements, DEPTH_TABLES },
    { "password column", look_width, DEPTH_TABLES },
    { "engines", look_engines, DEPTH_TABLES },
    { "changes", look_changes, DEPTH_WRITING },
    { "password change", look_change, DEPTH_WRITING },
    { "mail program", look_sendmail, DEPTH_NONE },
    { "hook", look_hook, DEPTH_NONE },
    { "templates", look_files, DEPTH_NONE },
    { "proxy", look_proxy, DEPTH_TABLES },
    { "recovery", look_recovery, DEPTH_ROWS },
};

/* The first that is not OK gives the exit status. */
int pwr_command_check(pwr_call *call)
{
    depth bar = DEPTH_WRITING;
    int first = EX_OK;

    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        findings *said = apr_array_make(call->pool, 4, sizeof(const char *));
        int status;

        if (questions[i].at > bar) {
            continue;
        }
        status = questions[i].look(call, said);
        first = first == EX_OK ? status : first;
        if (status != EX_OK && questions[i].at != DEPTH_NONE
            && questions[i].at < bar) {
            bar = questions[i].at;
        }
        for (int k = 0; k < said->nelts; k++) {
            printf("%s %s: %s\n", status == EX_OK ? "OK  " : "FAIL",
                   questions[i].name, APR_ARRAY_IDX(said, k, const char *));
        }
    }
    return first;
}
