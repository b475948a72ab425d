/* SPDX-License-Identifier: Apache-2.0 */
/* Run a program of the configuration with one whole input.
 *
 * The input is in a sealed memfd before the program starts, so a killed worker
 * cannot hand over half of it.  posix_spawn with closed descriptors, an own
 * process group, default signals, an explicit environment (PATH, LANG, HOME)
 * and a deadline after which the group gets SIGTERM and a second later SIGKILL.
 * What a program that ended by itself left in the background stays alone: its
 * work may go on there.  Blocks its thread; any thread. */
#ifndef PWR_PROGRAM_H
#define PWR_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

/* What became of a mail, or of what else a program was to do. */
typedef enum pwr_sent {
    PWR_SENT_NEVER = 0,     /* the program refused for good */
    PWR_SENT_LATER,         /* try again (also: deadline) */
    PWR_SENT_UNABLE,        /* it cannot be run: try again, and tell so */
    PWR_SENT_OK
} pwr_sent;

typedef struct pwr_program {
    const char *const *argv;    /* its whole path, arguments, NULL */
    const char *directive;      /* where it is set, for remedies */
    const char *input;          /* all of its standard input */
    size_t len;
    size_t secret_at;           /* from here on it is not to be repeated; as
                                 * much as `len`: it may be */
    int64_t timeout_sec;
    int cancel_fd;              /* readable: stop waiting; -1 none */
} pwr_program;

/* `*detail` is one line for the admin: exit status by its sysexits name, and
 * the last three lines the program said (at most 200 bytes each, escaped; runs
 * of 16 bytes that also stand in what is secret are starred out), or why it
 * could not run, with the remedy.
 * sysexits: 0 OK; 71 74 75 and 69, 73, 68 and 76 (msmtp: no name server, a
 * mail server that is busy), qmail's 111, a shell's 126 and 127, a signal, the
 * deadline, a cancel: LATER; a missing or not executable program: UNABLE; the
 * rest NEVER. */
pwr_sent pwr_program_run(apr_pool_t *pool, const pwr_program *program,
                         const char **detail);

#endif
