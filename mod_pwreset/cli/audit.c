/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator orders is written down where PwResetAudit has what visitors
 * do; to syslog where that is no file that he can write: a program that only
 * httpd speaks to, or nothing. */
#include <fcntl.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_time.h>
#include <apr_user.h>

#include "cli/command.h"

/* "anna", or "root for anna" by sudo, whose word counts when it made us
 * root. */
static const char *operator_name(apr_pool_t *pool)
{
    const char *behind = getuid() == 0 ? getenv("SUDO_USER") : NULL;
    char *name;

    if (apr_uid_name_get(&name, getuid(), pool) != APR_SUCCESS) {
        name = apr_psprintf(pool, "uid %lu", (unsigned long)getuid());
    }
    return behind ? apr_pstrcat(pool, name, " for ", behind, NULL) : name;
}

/* In one piece behind what httpd writes.  Only httpd makes the file, as its
 * owner and mode are httpd's business.  A named pipe that nobody reads, or that
 * is full, keeps no operator. */
static int put_line(const char *path, const char *line)
{
    int fd = *path == '|' ? -1
        : open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    size_t len = strlen(line);
    int done = fd >= 0 && write(fd, line, len) == (ssize_t)len;

    if (fd >= 0) {
        close(fd);
    }
    return done;
}

void pwr_call_audit(const pwr_call *call, pwr_event *event)
{
    const char *path = call->vhost->conf->audit;
    const char *line;

    event->at_usec = apr_time_now();
    if (!event->realm) {
        event->realm = call->vhost->conf->realm;
    }
    event->by = operator_name(call->pool);
    line = pwr_event_line(call->pool, event);
    if (!path || !put_line(path, apr_pstrcat(call->pool, line, "\n", NULL))) {
        openlog("pwresetctl", 0, LOG_AUTHPRIV);
        syslog(LOG_NOTICE, "%s", line);
        closelog();
    }
}
