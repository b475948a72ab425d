/* SPDX-License-Identifier: Apache-2.0 */
/* One message through the configured program, and exactly what happened. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "cli/command.h"
#include "core/addr.h"
#include "core/text.h"
#include "io/outbox.h"
#include "io/remedy.h"

#define USER_BYTES_MAX 16384        /* of a row of the system's users */
#define ARGUMENT_BYTES_MAX 300
#define SAID_POINTS_MAX 1000        /* all of what io/program.c keeps */

/* Become that user for good: the program may do other things for root than
 * for httpd's user. */
static int become(const pwr_call *call, const char *name)
{
    char *buffer = apr_palloc(call->pool, USER_BYTES_MAX), reason[120];
    struct passwd row, *found = NULL;

    if (getpwnam_r(name, &row, buffer, USER_BYTES_MAX, &found) != 0
        || !found) {
        return pwr_call_fail(EX_NOUSER, "the system has no user '%s': name the "
                             "one of httpd's directive User",
                             pwr_text_printable(call->pool, name, 40));
    }
    if (geteuid() == row.pw_uid) {
        return EX_OK;
    }
    if (initgroups(name, row.pw_gid) != 0 || setgid(row.pw_gid) != 0
        || setuid(row.pw_uid) != 0) {
        return pwr_call_fail(EX_NOPERM, "cannot become %s: %s: run this as "
                             "root", name,
                             apr_strerror(errno, reason, sizeof(reason)));
    }
    return EX_OK;
}

/* An argument as a shell would take it; none is empty. */
static const char *quoted(apr_pool_t *pool, const char *argument)
{
    const char *shown = pwr_text_printable(pool, argument, ARGUMENT_BYTES_MAX);
    const char *out = "'", *end;
    size_t plain = 0;

    while (apr_isalnum(argument[plain])
           || (argument[plain] && strchr("@%+=:,./_-", argument[plain]))) {
        plain++;
    }
    if (!argument[plain]) {
        return shown;
    }
    for (; (end = strchr(shown, '\'')) != NULL; shown = end + 1) {
        out = apr_pstrcat(pool, out,
                          apr_pstrmemdup(pool, shown, (size_t)(end - shown)),
                          "'\\''", NULL);
    }
    return apr_pstrcat(pool, out, shown, "'", NULL);
}

static void argv_print(const pwr_call *call, const pwr_sendmail *program,
                       const char *to)
{
    const char *const *argv = pwr_sendmail_argv(call->pool, program, to);

    printf("runs     ");
    for (int i = 0; argv[i]; i++) {
        printf("%s%s", i ? " " : "", quoted(call->pool, argv[i]));
    }
    printf("\nas       uid %ld%s\n", (long)geteuid(),
           geteuid() == 0 ? "; httpd runs it as its own user: to do the same, "
                            "say --as and the name in httpd's directive User"
                          : "");
}

/* sysexits: what may work later, and what will not. */
static int status_of(pwr_sent sent)
{
    return sent == PWR_SENT_OK ? EX_OK
        : sent == PWR_SENT_LATER ? EX_TEMPFAIL : EX_UNAVAILABLE;
}

static const char *verdict_of(pwr_sent sent)
{
    switch (sent) {
    case PWR_SENT_OK:
        return "OK: it took the message";
    case PWR_SENT_LATER:
        return "LATER: httpd would try such a mail again";
    case PWR_SENT_UNABLE:
        return "UNABLE: it did not run; httpd would try again";
    default:
        return "NEVER: httpd would give such a mail up";
    }
}

static int send_one(const pwr_call *call, const pwr_sendmail *program,
                    const pwr_message *message)
{
    apr_time_t began = apr_time_now();
    const char *detail = NULL;
    pwr_sent sent;

    argv_print(call, program, message->to);
    printf("id       %s%s\n", message->id, strchr(message->from, '@'));
    fflush(stdout);
    sent = pwr_outbox_send(call->pool, program, message, &detail);
    printf("took     %.2f s\nsaid     %s\nverdict  %s\nremedy   %s\n",
           (double)(apr_time_now() - began) / APR_USEC_PER_SEC,
           pwr_text_line(call->pool, detail, SAID_POINTS_MAX),
           verdict_of(sent),
           sent == PWR_SENT_OK
           ? "none here; when it does not arrive, look for the id in the mail "
             "program's log, then in the spam folder (SPF and DKIM of the "
             "sender's domain)" : pwr_remedy_of(detail));
    return status_of(sent);
}

int pwr_command_mail_test(pwr_call *call)
{
    const pwr_conf *conf = call->vhost->conf;
    const char *as = pwr_call_option(call, "as");
    const char *to = pwr_addr_mailbox(call->pool, call->args[0]);
    const pwr_sendmail program = { conf->sendmail, conf->mail_from,
                                   conf->mail_timeout_sec, -1 };
    char id[PWR_ID_HEX + 1];
    const pwr_message message = {
        .from_name = conf->site_name, .from = conf->mail_from, .to = to,
        .subject = "Test mail", .id = id, .language = "en",
        .date_epoch_sec = (int64_t)apr_time_sec(apr_time_now()),
        .text = apr_psprintf(call->pool, "This is a test of the mails of\n\n%s"
                             "\n\nNobody has asked for anything, and there is "
                             "nothing to do.\n", conf->public_url),
    };
    int status = EX_OK;

    if (!to) {
        return pwr_call_fail(EX_DATAERR, "'%s' is no mail address: give one "
                             "such as ivan@example.org",
                             pwr_text_printable(call->pool, call->args[0],
                                                200));
    }
    if (pwr_crypto_id(id) != APR_SUCCESS) {
        return pwr_call_fail(EX_OSERR, "no random numbers: see the error of "
                             "openssl rand -hex 16");
    }
    if (as) {
        status = become(call, as);
    }
    return status == EX_OK ? send_one(call, &program, &message) : status;
}
