/* SPDX-License-Identifier: Apache-2.0 */
/* Hand one whole message to the configured mail program (io/program.h).
 * Knows no database and no templates.  Blocks its thread; any thread. */
#ifndef PWR_SENDMAIL_H
#define PWR_SENDMAIL_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

#include "io/program.h"

typedef struct pwr_sendmail {
    const char *const *argv;    /* program and arguments, NULL at the end */
    const char *sender;         /* envelope, after -f */
    int64_t timeout_sec;
    int cancel_fd;              /* readable: stop waiting; -1 none */
} pwr_sendmail;

/* The arguments that the program gets for this recipient. */
const char *const *pwr_sendmail_argv(apr_pool_t *pool,
                                     const pwr_sendmail *conf,
                                     const char *recipient);

/* Run  argv... -f sender -- recipient  with the message on standard input.
 * `sender` and `recipient` come from pwr_addr_mailbox; what could be an option
 * or a list is refused (NEVER).  Of what the program says, the message's body
 * is left out; all else is as pwr_program_run has it. */
pwr_sent pwr_sendmail_run(apr_pool_t *pool, const pwr_sendmail *conf,
                          const char *recipient, const char *message,
                          size_t len, const char **detail);

#endif
