/* SPDX-License-Identifier: Apache-2.0 */
/* Messages for the admin, sent by layers that know no httpd.
 *
 * The outermost layer (httpd/, cli/, a unit test) supplies `emit`; everybody
 * else only calls pwr_diag_log().  Each call site has an id "PWRnnnn" of its
 * own that is never reused (t/00-lint/log_ids.t).  What a visitor typed goes
 * through pwr_text_printable() first; secrets never come here. */
#ifndef PWR_DIAG_H
#define PWR_DIAG_H

#include <apr_errno.h>
#include <apr_pools.h>

typedef enum pwr_level {
    PWR_LEVEL_ERROR,    /* an operator must act; the text says how */
    PWR_LEVEL_WARNING,  /* attack or misuse likely */
    PWR_LEVEL_NOTICE,   /* start, stop, an admin's action */
    PWR_LEVEL_INFO,     /* one line per security event */
    PWR_LEVEL_DEBUG     /* the way of a request */
} pwr_level;

/* What every request can say while something is wrong. */
typedef struct pwr_diag_tale {
    const char *id;
    pwr_level level;            /* the first time */
    pwr_level again;            /* while it repeats */
    const char *cause;          /* those of one id and cause are one */
    int is_shared;              /* all sites of the database have it, too */
} pwr_diag_tale;

typedef struct pwr_diag {
    /* `status` 0 when there is none; `text` ends without a line feed. */
    void (*emit)(void *baton, pwr_level level, apr_status_t status,
                 const char *id, const char *text);
    void *baton;
    /* Was it not told lately?  NULL: each time is the first. */
    int (*is_new)(void *baton, const pwr_diag_tale *tale);
} pwr_diag;

#define PWR_DIAG_ERROR(id, cause) \
    (&(const pwr_diag_tale){ (id), PWR_LEVEL_ERROR, PWR_LEVEL_DEBUG, \
                             (cause), 0 })
#define PWR_DIAG_SHARED(id, cause) \
    (&(const pwr_diag_tale){ (id), PWR_LEVEL_ERROR, PWR_LEVEL_DEBUG, \
                             (cause), 1 })

/* Format and emit one message of at most 1000 bytes.  A NULL diag is silent.
 * Any thread. */
void pwr_diag_log(const pwr_diag *diag, pwr_level level, apr_status_t status,
                  const char *id, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same of a tale. */
void pwr_diag_tell(const pwr_diag *diag, const pwr_diag_tale *tale,
                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
