/* SPDX-License-Identifier: Apache-2.0 */
/* Hand one whole message to the configured mail program.
 *
 * The message is in a sealed memfd before the program starts, so a killed
 * worker cannot send half a mail.  posix_spawn with closed descriptors, an own
 * process group, default signals, an explicit environment (PATH, LANG, HOME)
 * and a deadline after which the group gets SIGTERM and a second later SIGKILL.
 * What a program that ended by itself left in the background stays alone: a
 * delivery may go on there.  Knows no database and no templates.  Blocks its
 * thread; any thread. */
#ifndef PWR_SENDMAIL_H
#define PWR_SENDMAIL_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

typedef enum pwr_sent {
    PWR_SENT_NEVER = 0,     /* the program refused for good */
    PWR_SENT_LATER,         /* try again (also: deadline) */
    PWR_SENT_UNABLE,        /* it cannot be run: try again, and tell so */
    PWR_SENT_OK
} pwr_sent;

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
 * or a list is refused (NEVER).  `*detail` is one line for the admin: exit
 * status by its sysexits name, and the last three lines the program said (at
 * most 200 bytes each, escaped; runs of 16 bytes that also stand in the
 * message's body are starred out), or why it could not run, with the remedy.
 * sysexits: 0 OK; 71 74 75 and 69, 73, 68 and 76 (msmtp: no name server, a
 * mail server that is busy), qmail's 111, a shell's 126 and 127, a signal, the
 * deadline, a cancel: LATER; a missing or not executable program: UNABLE; the
 * rest NEVER. */
pwr_sent pwr_sendmail_run(apr_pool_t *pool, const pwr_sendmail *conf,
                          const char *recipient, const char *message,
                          size_t len, const char **detail);

#endif
