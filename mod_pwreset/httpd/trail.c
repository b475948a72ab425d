/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <apr_portable.h>
#include <apr_strings.h>

#include "httpd/shared.h"

/* Not for everybody on the host: it says who signs in when, and from where. */
#define FILE_PERMS (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD)

struct pwr_trail {
    const char *where;          /* as PwResetAudit says it */
    int fd;
    int number;                 /* of its state in shared memory */
};

/* How the last write went, in any child. */
enum {
    STATE_FINE = 0,
    STATE_FAILED,               /* and the admin was told */
    STATE_TORN                  /* the same, and half a line was written */
};

static uint32_t *state_of(const pwr_trail *trail)
{
    return &pwr_shared_memory()->trail_state[trail->number];
}

/* ---- opening ---- */

static int is_program(const char *where)
{
    return *where == '|';
}

/* A program that does not read must not stop those who write: a pipe that is
 * full refuses a line. */
static apr_status_t open_program(apr_pool_t *pool, const char *where,
                                 int *fd)
{
    piped_log *piped = ap_open_piped_log(pool, where + 1);
    apr_status_t status;

    if (!piped) {
        return APR_EGENERAL;    /* httpd has told why */
    }
    status = apr_os_file_get(fd, ap_piped_log_write_fd(piped));
    if (status != APR_SUCCESS) {
        return status;
    }
    return fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK) < 0
        ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
}

/* It may be a named pipe, and then the same holds. */
static apr_status_t open_file(apr_pool_t *pool, const char *where, int *fd)
{
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, where, APR_FOPEN_WRITE
                                        | APR_FOPEN_APPEND | APR_FOPEN_CREATE
                                        | APR_FOPEN_LARGEFILE
                                        | APR_FOPEN_NONBLOCK, FILE_PERMS,
                                        pool);

    return status != APR_SUCCESS ? status : apr_os_file_get(fd, file);
}

/* NULL when it cannot be opened. */
static const pwr_trail *open_trail(apr_pool_t *pool, const pwr_server *self,
                                   int number)
{
    const char *where = self->conf->audit;
    pwr_trail *trail = apr_pcalloc(pool, sizeof(*trail));
    apr_status_t status = is_program(where)
        ? open_program(pool, where, &trail->fd)
        : open_file(pool, where, &trail->fd);

    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, self->server,
                     PWR_LOG("PWR0471") "PwResetAudit: '%s' cannot be opened; "
                     "until the next restart its lines are written to the "
                     "error log at level info: mend the path, its rights or "
                     "the program", where);
        return NULL;
    }
    trail->where = where;
    trail->number = number % PWR_TRAILS_MAX;
    __atomic_store_n(state_of(trail), STATE_FINE, __ATOMIC_RELAXED);
    return trail;
}

/* Vhosts that name the same share it, as they inherit it from one line. */
static const pwr_server *find_same(server_rec *main_server,
                                   const pwr_server *self)
{
    for (server_rec *s = main_server; s; s = s->next) {
        const pwr_server *other = pwr_server_active(s);

        if (other == self) {
            return NULL;
        }
        if (other && other->conf->audit
            && strcmp(other->conf->audit, self->conf->audit) == 0) {
            return other;
        }
    }
    return NULL;
}

void pwr_trail_open(apr_pool_t *pconf, server_rec *main_server)
{
    int n = 0;

    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);
        const pwr_server *same;

        if (!self || !self->conf->audit) {
            continue;
        }
        same = find_same(main_server, self);
        self->trail = same ? same->trail : open_trail(pconf, self, n++);
    }
}

void pwr_trail_check(apr_pool_t *pool, const pwr_server *self)
{
    const char *where = self->conf->audit, *path, *args;
    apr_finfo_t info;
    apr_status_t status;
    int is_wrong;

    if (!where || strncmp(where, "|$", 2) == 0) {
        return;                 /* words of a shell */
    }
    args = where + strspn(where, "|");
    path = is_program(where) ? ap_getword_conf(pool, &args)
                             : ap_make_dirstr_parent(pool, where);
    status = apr_stat(&info, path, APR_FINFO_TYPE, pool);
    is_wrong = status != APR_SUCCESS
        || info.filetype != (is_program(where) ? APR_REG : APR_DIR);
    if (is_wrong) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, status, self->server,
                     PWR_LOG("PWR0474") "PwResetAudit: there is no %s '%s', "
                     "and its lines would be written to the error log: make "
                     "it, or correct the path", is_program(where)
                     ? "program" : "folder", path);
    }
}

/* ---- writing ---- */

static apr_status_t put(int fd, const char *bytes, size_t len, int *is_torn)
{
    ssize_t n;

    do {
        n = write(fd, bytes, len);
    } while (n < 0 && errno == EINTR);
    *is_torn = n > 0 && (size_t)n < len;
    return n < 0 ? APR_FROM_OS_ERROR(errno)
                 : *is_torn ? APR_FROM_OS_ERROR(ENOSPC) : APR_SUCCESS;
}

/* Said once by all children, and not for each line. */
static void tell_failed(const pwr_server *self, apr_status_t status)
{
    int is_pipe = is_program(self->trail->where);

    ap_log_error(APLOG_MARK, APLOG_ERR, status, self->server,
                 PWR_LOG("PWR0472") "PwResetAudit: '%s' takes no line; until "
                 "it does, its lines are written to the error log at level "
                 "info: %s", self->trail->where, is_pipe
                 ? "the program has ended or reads too slowly"
                 : "is the disk full?");
}

static void tell_fine(const pwr_server *self)
{
    ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, self->server,
                 PWR_LOG("PWR0473") "PwResetAudit: '%s' takes lines again",
                 self->trail->where);
}

/* Zero when the line must go elsewhere. */
static int put_line(const pwr_server *self, apr_pool_t *pool,
                    const char *line)
{
    uint32_t *state = state_of(self->trail);
    uint32_t before = __atomic_load_n(state, __ATOMIC_RELAXED), after;
    const char *bytes = apr_pstrcat(pool, before == STATE_TORN ? "\n" : "",
                                    line, "\n", NULL);
    int is_torn;
    apr_status_t status = put(self->trail->fd, bytes, strlen(bytes),
                              &is_torn);

    after = status == APR_SUCCESS ? STATE_FINE
        : is_torn || before == STATE_TORN ? STATE_TORN : STATE_FAILED;
    if (after == before) {
        return status == APR_SUCCESS;
    }
    before = __atomic_exchange_n(state, after, __ATOMIC_RELAXED);
    if (before != STATE_FINE && after == STATE_FINE) {
        tell_fine(self);
    }
    if (before == STATE_FINE && after != STATE_FINE) {
        tell_failed(self, status);
    }
    return status == APR_SUCCESS;
}

void pwr_trail_write(const pwr_server *self, apr_pool_t *pool,
                     pwr_event *event)
{
    const char *line;

    if (!self->trail && !APLOG_IS_LEVEL(self->server, APLOG_INFO)) {
        return;
    }
    event->realm = self->conf->realm;
    event->at_usec = apr_time_now();
    line = pwr_event_line(pool, event);
    if (!self->trail || !put_line(self, pool, line)) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, self->server,
                     PWR_LOG("PWR0470") "%s", line);
    }
}
