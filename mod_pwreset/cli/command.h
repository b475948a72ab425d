/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of pwresetctl: one table, one dispatcher (main.c).
 *
 * A row says what a command needs; the dispatcher gets it before the command
 * runs, so that no command opens a configuration or a database itself.
 * Everything returns a status of sysexits.h; whoever refuses has told why on
 * standard error, as "pwresetctl: what: remedy".  Secrets come on standard
 * input only (prompt.h).  One thread, one call, then the process ends. */
#ifndef PWR_COMMAND_H
#define PWR_COMMAND_H

#include <apr_pools.h>

#include "cli/vhost.h"
#include "core/diag.h"
#include "core/password.h"
#include "flow/env.h"

typedef enum pwr_need {
    PWR_NEED_UNSAID = 0,    /* of an option: what the command needs anyway */
    PWR_NEED_NOTHING,
    PWR_NEED_VHOST,         /* the vhost's configuration, asked of httpd */
    PWR_NEED_STORE,         /* and a store over its database */
    PWR_NEED_EACH           /* the same of each site, or the one of -s: the
                             * command runs once for each */
} pwr_need;

typedef struct pwr_option {
    const char *name;       /* without the dashes */
    const char *value;      /* what it takes; NULL: nothing */
    pwr_need need;          /* takes the place of the command's */
    const char *help;
} pwr_option;

typedef struct pwr_call pwr_call;

typedef struct pwr_command {
    const char *name;       /* one or two words */
    const char *syntax;     /* its arguments, without the options */
    int args_min, args_max;
    pwr_need need;
    const pwr_option *options;      /* ends with name NULL; or NULL */
    const char *help;               /* one line */
    const char *more;               /* lines for `help COMMAND`, or NULL */
    int (*run)(pwr_call *call);
} pwr_command;

#define PWR_OPTIONS_MAX 8           /* of one command */

/* One run of the program. */
struct pwr_call {
    apr_pool_t *pool;
    const pwr_diag *diag;
    const char *httpd_conf;         /* -c, or NULL */
    const char *vhost_name;         /* -s, or NULL */
    const pwr_command *command;
    const char *option[PWR_OPTIONS_MAX];    /* by the command's options: value,
                                             * "" of a flag, NULL not given */
    const char *const *args;
    int args_n;
    const pwr_vhost *vhost;         /* with PWR_NEED_VHOST and more */
    pwr_store *store;               /* with PWR_NEED_STORE and _EACH */
    int site_i;                     /* with PWR_NEED_EACH: which, from 0 */
};

extern const pwr_command pwr_commands[];    /* ends with name NULL */

/* The command that `args` (at least one) begin with; `*words` of them are its
 * name.  NULL when there is none, and then that was told. */
const pwr_command *pwr_command_find(const char *const *args, int n,
                                    int *words);

/* Fill in `call` from the command line.  EX_OK or EX_USAGE. */
int pwr_command_parse(pwr_call *call, int argc, const char *const *argv);

/* How a change ended that was not DONE: a sentence with the remedy, and a
 * status of sysexits.h. */
const char *pwr_call_change_fault(pwr_change_outcome outcome, int *status);

/* Value of an option of the command, "" of a flag, NULL when not given. */
const char *pwr_call_option(const pwr_call *call, const char *name);

/* Tell why on standard error and return `status`. */
int pwr_call_fail(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What became of a store operation: EX_OK, or the status for what the store
 * has told already. */
int pwr_call_store_status(apr_status_t status);

/* What flows are given, without a host: nothing is cached here, and the
 * workers find a job at their next look (PWR_NEXT_LOOK). */
int pwr_call_env(const pwr_call *call, pwr_env *env);

/* What pwresetctl says of jobs: httpd's worker looks ever more rarely. */
#define PWR_NEXT_LOOK "httpd looks for jobs at least once a minute"

/* The one user of this login; what is wrong is told. */
int pwr_call_user(const pwr_call *call, const char *login, pwr_user *user);

/* Are the site's users in the table that we ship? */
int pwr_call_is_shipped_table(const pwr_conf *conf);

/* How many of the first 10000 users no mail could reach. */
int pwr_call_unreachable(const pwr_call *call, int *unreachable, int *all);

/* Text from a table for a terminal; "-" for none. */
const char *pwr_call_shown(const pwr_call *call, const char *text);

/* Write down what was ordered: time, who, and the site's realm where there is
 * none are filled in. */
void pwr_call_audit(const pwr_call *call, pwr_event *event);

/* "in 5 min", "3 h ago", "now". */
const char *pwr_call_when(const pwr_call *call, int64_t now, int64_t at);

/* Hash a password from pwr_prompt_read, telling what is wrong with it. */
int pwr_call_hash(apr_pool_t *pool, const pwr_scheme *scheme,
                  const char *secret, const char **stored);

/* The commands, in the order of the table. */
int pwr_command_check(pwr_call *call);
int pwr_command_schema(pwr_call *call);
int pwr_command_user_add(pwr_call *call);
int pwr_command_user_passwd(pwr_call *call);
int pwr_command_user_list(pwr_call *call);
int pwr_command_why(pwr_call *call);
int pwr_command_link(pwr_call *call);
int pwr_command_revoke(pwr_call *call);
int pwr_command_mail_test(pwr_call *call);
int pwr_command_mail_show(pwr_call *call);
int pwr_command_page_show(pwr_call *call);
int pwr_command_queue_list(pwr_call *call);
int pwr_command_queue_show(pwr_call *call);
int pwr_command_queue_retry(pwr_call *call);
int pwr_command_queue_drop(pwr_call *call);
int pwr_command_purge(pwr_call *call);
int pwr_command_hash_make(pwr_call *call);
int pwr_command_hash_verify(pwr_call *call);
int pwr_command_breach_build(pwr_call *call);
int pwr_command_breach_check(pwr_call *call);
int pwr_command_directives(pwr_call *call);
int pwr_command_help(pwr_call *call);
int pwr_command_version(pwr_call *call);

#endif
