/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_getopt.h>

#define OPTION_FIRST 256        /* above every letter */

static const pwr_option check_options[] = {
    { "user", "LOGIN", PWR_NEED_UNSAID,
      "try a change of this user's password, too" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option schema_options[] = {
    { "apply", NULL, PWR_NEED_STORE,
      "apply it to the site's database; what is there stays" },
    { "upgrade", NULL, PWR_NEED_STORE,
      "bring tables of an older version to that of this program" },
    { "grants", NULL, PWR_NEED_UNSAID,
      "print the GRANT statements for the user of DBDParams" },
    { "to", "USER[@HOST]", PWR_NEED_UNSAID, "with --grants: another user" },
    { "dialect", "mysql|sqlite", PWR_NEED_NOTHING,
      "print it for this database; asks no httpd" },
    { "prefix", "PREFIX", PWR_NEED_UNSAID,
      "with --dialect: what the tables' names begin with" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

#define ANY_PASSWORD \
    { "any-password", NULL, PWR_NEED_UNSAID, \
      "take a password that the site's rules refuse" }

static const pwr_option user_add_options[] = {
    { "language", "TAG", PWR_NEED_UNSAID,
      "language of the mails to this user, such as ru" },
    { "name", "NAME", PWR_NEED_UNSAID, "name of the person" },
    ANY_PASSWORD,
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option user_passwd_options[] = {
    ANY_PASSWORD,
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option user_list_options[] = {
    { "without-recovery", NULL, PWR_NEED_UNSAID,
      "only those whom no mail could reach, and why" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option queue_list_options[] = {
    { "all", NULL, PWR_NEED_STORE,
      "of every realm in the site's tables, also one that no site has" },
    { "json", NULL, PWR_NEED_UNSAID, "one JSON object a line" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option mail_test_options[] = {
    { "as", "USER", PWR_NEED_UNSAID,
      "run the mail program as this user, as httpd does" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option directives_options[] = {
    { "table", NULL, PWR_NEED_UNSAID,
      "a line each, fields separated by tabs: name, syntax, default" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option breach_build_options[] = {
    { "min-count", "N", PWR_NEED_UNSAID,
      "leave out what was seen less than N times; by default 1" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option breach_check_options[] = {
    { "list", "FILE", PWR_NEED_NOTHING,
      "look into this list; asks no httpd" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

#define LANGUAGE \
    { "lang", "TAG", PWR_NEED_UNSAID, "in this language, such as ru" }

static const pwr_option mail_show_options[] = {
    LANGUAGE,
    { "html", NULL, PWR_NEED_UNSAID, "its HTML part" },
    { "raw", NULL, PWR_NEED_UNSAID, "the whole, as the mail program gets it" },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

static const pwr_option page_show_options[] = {
    LANGUAGE,
    { "state", "STATE", PWR_NEED_UNSAID,
      "not as it is at first: error, sent, done, expired, ..." },
    { NULL, NULL, PWR_NEED_UNSAID, NULL }
};

const pwr_command pwr_commands[] = {
    { "check", "", 0, 0, PWR_NEED_STORE, check_options,
      "is the site as it should be?",
      "One line for each: configuration, templates, programs, database,\n"
      "version of the schema; all tables, columns and rights that are needed;\n"
      "whether the database takes changes and its tables can undo them; the\n"
      "width of the password column; whether requests came in the last day\n"
      "through a proxy that httpd was not told of; and how many users no mail\n"
      "could reach.  Each says OK, or FAIL and what to do; the exit status is\n"
      "that of the first that failed.\n"
      "Nothing is changed: with --user, a change is made and undone.\n",
      pwr_command_check },
    { "schema", "", 0, 0, PWR_NEED_VHOST, schema_options,
      "print the database schema, apply or upgrade it",
      "Prints SQL for the database and table prefix of the site.  With\n"
      "--apply it is applied and can be applied again; the account in\n"
      "DBDParams must be allowed to create tables, once.  Tables of an older\n"
      "version are left to --upgrade, which can be repeated when it was\n"
      "interrupted, and run by several hosts at once; back them up before.\n"
      "With --grants it prints what the account in DBDParams must be allowed,\n"
      "column by column, for a database whose tables another account makes;\n"
      "a query that cannot be read so is told in a comment.\n",
      pwr_command_schema },
    { "user add", "LOGIN EMAIL", 2, 2, PWR_NEED_STORE, user_add_options,
      "add a user to the shipped user table",
      "The password is one line of standard input.  It must pass the site's\n"
      "rules for passwords.\n",
      pwr_command_user_add },
    { "user passwd", "LOGIN", 1, 1, PWR_NEED_STORE, user_passwd_options,
      "change a user's password",
      "The new password is one line of standard input.  The change ends the\n"
      "user's sessions, cancels the control strings and queues the notice\n"
      "mail, as every change does.\n",
      pwr_command_user_passwd },
    { "user list", "", 0, 0, PWR_NEED_STORE, user_list_options,
      "list the users",
      "A line each, fields separated by tabs: login, address, recovery\n"
      "address.  With --without-recovery only those who cannot recover their\n"
      "account, with the reason: no address that mail can go to, or a mailbox\n"
      "whose own address is the only one.  A site with a user table of its\n"
      "own says with PwResetListQuery how they are listed.\n",
      pwr_command_user_list },
    { "why", "ADDRESS", 1, 1, PWR_NEED_EACH, NULL,
      "somebody got no mail: why?",
      "ADDRESS is what was typed at the page; a login name, too, where\n"
      "PwResetIdentify allows it.  Asks each site, or that of -s: is there an\n"
      "account, can mail go to it, is a limit in the way, what waits, what\n"
      "failed and with which words of the mail program, what was sent last.\n"
      "Lines begin with OK, NOTE, WAIT or FAIL, and say what to do below.\n"
      "Exit status 0: nothing is in the way; 67: no account; 75: wait; else\n"
      "that of the first trouble.\n",
      pwr_command_why },
    { "link", "LOGIN", 1, 1, PWR_NEED_STORE, NULL,
      "print a link by which a user can set a new password",
      "For somebody who stands before you and gets no mail.  Whoever has the\n"
      "link has the account, so standard error says what to mind; standard\n"
      "output is the link alone.  It counts as a request of the account, of\n"
      "which three have strings that work, and no mail is sent.\n",
      pwr_command_link },
    { "revoke", "LOGIN", 1, 1, PWR_NEED_STORE, NULL,
      "end all that lets somebody into an account but its password",
      "Its sessions, its control strings, and the browsers that it knows.\n"
      "Requests for a mail that wait in the queue are still answered, to the\n"
      "account's address.\n",
      pwr_command_revoke },
    { "mail test", "ADDRESS", 1, 1, PWR_NEED_VHOST, mail_test_options,
      "send one mail, and tell exactly what happened",
      "Through the program of PwResetSendmail, as PwResetMailFrom, within\n"
      "PwResetMailTimeout.  Exit status 0: the program took it, 75: it may\n"
      "work later, 69: it will not, as it is.\n",
      pwr_command_mail_test },
    { "mail show", "NAME", 1, 1, PWR_NEED_VHOST, mail_show_options,
      "print a mail as this site would send it",
      "NAME is recover or changed.  Templates, name and languages are the\n"
      "site's, the account is nobody's: its links and strings do not work.\n"
      "Nothing is sent.\n",
      pwr_command_mail_show },
    { "page show", "NAME", 1, 1, PWR_NEED_VHOST, page_show_options,
      "print a page as this site would show it",
      "NAME is login, logout, forgot, reset, change, sessions or notme.  A\n"
      "wrong STATE tells which there are.  As with mail show, the account is\n"
      "nobody's.\n",
      pwr_command_page_show },
    { "queue list", "", 0, 0, PWR_NEED_EACH, queue_list_options,
      "list the mails and hooks that wait or failed",
      "A line a job, the first one due first: its id, its realm, what it\n"
      "is, for whom, how often it was tried, when it is due, how long a\n"
      "worker has it yet, and what the last try said.  Of all sites, or that\n"
      "of -s.\n",
      pwr_command_queue_list },
    { "queue show", "ID", 1, 1, PWR_NEED_STORE, NULL,
      "show all that is known of one job", NULL, pwr_command_queue_show },
    { "queue retry", "ID", 1, 1, PWR_NEED_STORE, NULL,
      "let a job be due now",
      "Also one that was given up.  A job that a worker has is left alone.\n",
      pwr_command_queue_retry },
    { "queue drop", "ID", 1, 1, PWR_NEED_STORE, NULL,
      "take a job away; it is never done",
      "A job that a worker has is left alone.\n",
      pwr_command_queue_drop },
    { "purge", "", 0, 0, PWR_NEED_EACH, NULL,
      "delete now what is long over",
      "Strings and given-up jobs that ended seven days ago; sessions, waits\n"
      "of guessers and known browsers once they are over.  httpd does the\n"
      "same every ten minutes.  In small batches, so that nobody waits long.\n",
      pwr_command_purge },
    { "hash make", "[SCHEME]", 0, 1, PWR_NEED_NOTHING, NULL,
      "print the hash of a password",
      "The password is one line of standard input.  SCHEME is a value of\n"
      "PwResetPasswordScheme; by default what keep gives a new row.\n",
      pwr_command_hash_make },
    { "hash verify", "STORED", 1, 1, PWR_NEED_NOTHING, NULL,
      "does a password match a stored hash?",
      "The password is one line of standard input.  Exit status 0: it\n"
      "matches, 1: it does not.\n",
      pwr_command_hash_verify },
    { "breach build", "OUT [FILE]", 1, 2, PWR_NEED_NOTHING,
      breach_build_options,
      "make a file for PwResetBreachList from Pwned Passwords",
      "FILE, by default standard input, has a line SHA1:COUNT for each\n"
      "password, sorted by hash.  OUT takes its name when it is whole, over\n"
      "one that is in use; httpd takes it at its next graceful restart.\n",
      pwr_command_breach_build },
    { "breach check", "", 0, 0, PWR_NEED_VHOST, breach_check_options,
      "is a password in the list of leaked ones?",
      "The password is one line of standard input; the list is that of the\n"
      "site's PwResetBreachList.  Exit status 0: it is not in it, 1: it is.\n",
      pwr_command_breach_check },
    { "directives", "[NAME...]", 0, PWR_CONF_ROWS_MAX, PWR_NEED_NOTHING,
      directives_options,
      "print the reference of the configuration directives",
      "Of those that are named, or of all: what each is for, its syntax,\n"
      "default and context, an example, and what it means for security, as\n"
      "Markdown.  With --table a line each instead; the default is - when\n"
      "there is none, or when it is worked out at start, and the context and\n"
      "a description follow.\n",
      pwr_command_directives },
    { "help", "[COMMAND]", 0, 2, PWR_NEED_NOTHING, NULL,
      "say how a command is used", NULL, pwr_command_help },
    { "version", "", 0, 0, PWR_NEED_NOTHING, NULL,
      "print the version", NULL, pwr_command_version },
    { NULL, NULL, 0, 0, PWR_NEED_UNSAID, NULL, NULL, NULL, NULL }
};

static const apr_getopt_option_t globals[] = {
    { "config", 'c', 1, NULL },
    { "site", 's', 1, NULL },
    { "help", 'h', 0, NULL },
    { "version", 'V', 0, NULL },
    { NULL, 0, 0, NULL }
};

#define GLOBALS_N (sizeof(globals) / sizeof(*globals) - 1)

/* Does `name` consist of the first words of `args`?  Their number, or 0. */
static int words_match(const char *name, const char *const *args, int n)
{
    size_t len = strcspn(name, " ");

    if (n < 1 || strlen(args[0]) != len || strncmp(name, args[0], len) != 0) {
        return 0;
    }
    if (!name[len]) {
        return 1;
    }
    return n > 1 && strcmp(name + len + 1, args[1]) == 0 ? 2 : 0;
}

/* The commands of two words that begin with this one. */
static void group_list(const char *word)
{
    size_t len = strlen(word);

    for (const pwr_command *c = pwr_commands; len && c->name; c++) {
        if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ') {
            fprintf(stderr, "  %-12s %s\n", c->name, c->help);
        }
    }
}

const pwr_command *pwr_command_find(const char *const *args, int n,
                                    int *words)
{
    const pwr_command *command = pwr_commands;

    *words = 0;
    while (command->name
           && !(*words = words_match(command->name, args, n))) {
        command++;
    }
    if (command->name) {
        return command;
    }
    pwr_call_fail(EX_USAGE, "there is no command '%s%s%s': see pwresetctl "
                  "help", args[0], n > 1 ? " " : "", n > 1 ? args[1] : "");
    group_list(args[0]);
    return NULL;
}

const char *pwr_call_option(const pwr_call *call, const char *name)
{
    const pwr_option *option = call->command->options;

    for (int i = 0; option && option[i].name; i++) {
        if (strcmp(option[i].name, name) == 0) {
            return call->option[i];
        }
    }
    return NULL;
}

__attribute__((format(printf, 2, 3)))
static void complain(void *baton, const char *format, ...)
{
    va_list args;

    (void)baton;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
}

static apr_getopt_t *getopt_make(apr_pool_t *pool, int argc,
                                 const char *const *argv, int interleave)
{
    apr_getopt_t *state;

    apr_getopt_init(&state, pool, argc, argv);
    state->errfn = complain;
    state->errarg = NULL;
    state->interleave = interleave;
    state->argv[0] = "pwresetctl";
    return state;
}

/* What is accepted after the command: its own options and everybody's. */
static const apr_getopt_option_t *options_of(apr_pool_t *pool,
                                             const pwr_command *command)
{
    apr_getopt_option_t *list = apr_pcalloc(
        pool, (GLOBALS_N + PWR_OPTIONS_MAX + 1) * sizeof(*list));
    apr_getopt_option_t *next = list + GLOBALS_N;

    memcpy(list, globals, GLOBALS_N * sizeof(*list));
    for (int i = 0; command->options && command->options[i].name; i++) {
        next->name = command->options[i].name;
        next->optch = OPTION_FIRST + i;
        next->has_arg = command->options[i].value != NULL;
        next++;
    }
    return list;
}

/* Take options until there are no more.  `*aside` is the command that -h or -V
 * stands for, else NULL. */
static int options_take(pwr_call *call, apr_getopt_t *state,
                        const apr_getopt_option_t *list, const char **aside)
{
    const char *value, **slot;
    apr_status_t status;
    int option;

    *aside = NULL;
    while ((status = apr_getopt_long(state, list, &option, &value))
           == APR_SUCCESS) {
        if (option == 'h' || option == 'V') {
            *aside = option == 'h' ? "help" : "version";
            continue;
        }
        slot = option == 'c' ? &call->httpd_conf
               : option == 's' ? &call->vhost_name
               : &call->option[option - OPTION_FIRST];
        if (*slot) {
            return pwr_call_fail(EX_USAGE, "an option was given twice: "
                                 "give each once");
        }
        *slot = value ? value : "";
    }
    return status == APR_EOF
        ? EX_OK
        : pwr_call_fail(EX_USAGE, "see pwresetctl help");
}

static int args_check(const pwr_call *call)
{
    const pwr_command *command = call->command;

    if (call->args_n >= command->args_min
        && call->args_n <= command->args_max) {
        return EX_OK;
    }
    return pwr_call_fail(EX_USAGE, "wrong number of arguments: pwresetctl "
                         "%s%s%s", command->name,
                         *command->syntax ? " " : "", command->syntax);
}

/* -h and -V are commands in disguise; -h keeps the words after it. */
static int aside_take(pwr_call *call, const char *name,
                      const char *const *args, int args_n)
{
    int words;

    call->command = pwr_command_find(&name, 1, &words);
    call->args = args;
    call->args_n = strcmp(name, "help") == 0 ? args_n : 0;
    return EX_OK;
}

/* `words` begin with the command's name. */
static int command_take(pwr_call *call, const char *const *words, int n)
{
    const char *aside;
    apr_getopt_t *state;
    int named, status;

    call->command = pwr_command_find(words, n, &named);
    if (!call->command) {
        return EX_USAGE;
    }
    /* getopt skips one word, where the program's name would be. */
    state = getopt_make(call->pool, n - named + 1, words + named - 1, 1);
    status = options_take(call, state, options_of(call->pool, call->command),
                          &aside);
    if (status != EX_OK) {
        return status;
    }
    if (aside) {
        return aside_take(call, aside, words, named);
    }
    call->args = state->argv + state->ind;
    call->args_n = state->argc - state->ind;
    return args_check(call);
}

int pwr_command_parse(pwr_call *call, int argc, const char *const *argv)
{
    apr_getopt_t *state = getopt_make(call->pool, argc, argv, 0);
    const char *aside;
    int status = options_take(call, state, globals, &aside);

    if (status != EX_OK) {
        return status;
    }
    if (aside) {
        return aside_take(call, aside, state->argv + state->ind,
                          state->argc - state->ind);
    }
    if (state->ind >= state->argc) {
        return pwr_call_fail(EX_USAGE, "which command? see pwresetctl help");
    }
    return command_take(call, state->argv + state->ind,
                        state->argc - state->ind);
}
