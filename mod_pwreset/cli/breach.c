/* SPDX-License-Identifier: Apache-2.0 */
/* breach build, breach check. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/prompt.h"
#include "core/breach.h"
#include "io/breach_file.h"

#define BUFFER_BYTES (1 << 20)
#define LINE_BYTES_MAX 4096           /* they have 50 or so */

/* ---- build: its input ---- */

/* A list on its way from text to file. */
typedef struct build {
    apr_pool_t *pool;
    const char *name;           /* of the input */
    int fd;
    int signal_fd;              /* readable: we were told to end */
    sigset_t before;
    int64_t bytes_n;            /* read so far */
    char *buffer;
    size_t used;                /* of it: a line that is not whole yet */
    uint64_t least;             /* --min-count */
    uint64_t key;               /* the last one */
    uint64_t lines_n, rare_n, twice_n, kept_n;
    pwr_progress progress;
    pwr_breach_writer *writer;
} build;

static int input_open(const pwr_call *call, build *b)
{
    b->name = call->args_n > 1 ? call->args[1] : "standard input";
    b->fd = STDIN_FILENO;
    if (call->args_n > 1) {
        b->fd = open(call->args[1], O_RDONLY | O_CLOEXEC);
    }
    else if (isatty(STDIN_FILENO)) {
        return pwr_call_fail(EX_USAGE, "which list? name a file of Pwned "
                             "Passwords, or give it on standard input");
    }
    if (b->fd < 0) {
        apr_status_t status = APR_FROM_OS_ERROR(errno);

        return pwr_call_fail(EX_NOINPUT, "%s", apr_psprintf(
            call->pool, "%s cannot be read: %pm", b->name, &status));
    }
    return EX_OK;
}

/* What is left of a regular file; 0: nobody knows. */
static int64_t input_size(const build *b)
{
    struct stat st;
    off_t at = lseek(b->fd, 0, SEEK_CUR);

    return fstat(b->fd, &st) == 0 && S_ISREG(st.st_mode) && at >= 0
        && st.st_size > at ? st.st_size - at : 0;
}

/* Whoever ends us shall not find half a list: the signals wait until we have
 * taken it away.  One that is ignored stays so. */
static void signals_hold(build *b)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction action;
    sigset_t held;

    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        if (sigaction(signals[i], NULL, &action) == 0
            && action.sa_handler != SIG_IGN) {
            sigaddset(&held, signals[i]);
        }
    }
    sigprocmask(SIG_BLOCK, &held, &b->before);
    b->signal_fd = signalfd(-1, &held, SFD_CLOEXEC);
}

/* One that came ends the process here. */
static void signals_release(const build *b)
{
    close(b->signal_fd);
    sigprocmask(SIG_SETMASK, &b->before, NULL);
}

/* More bytes behind those in the buffer; `*n` 0: that was all. */
static int input_read(build *b, size_t *n)
{
    struct pollfd watched[] = {
        { .fd = b->fd, .events = POLLIN },
        { .fd = b->signal_fd, .events = POLLIN },
    };
    ssize_t got = -1;

    *n = 0;
    if (poll(watched, 2, -1) >= 0) {
        if (watched[1].revents) {
            return pwr_call_fail(EX_TEMPFAIL, "interrupted: nothing was "
                                 "written");
        }
        got = read(b->fd, b->buffer + b->used, BUFFER_BYTES - b->used);
    }
    if (got < 0) {
        apr_status_t status = APR_FROM_OS_ERROR(errno);

        return pwr_call_fail(EX_IOERR, "%s", apr_psprintf(
            b->pool, "%s was not read to its end: %pm", b->name, &status));
    }
    *n = (size_t)got;
    b->bytes_n += got;
    return EX_OK;
}

/* ---- build: its lines ---- */

static int write_fail(const build *b, apr_status_t status, const char *path)
{
    return pwr_call_fail(EX_CANTCREAT, "%s", apr_psprintf(
        b->pool, "%s was not written: %pm: see the space and the rights in "
        "its folder", path, &status));
}

static int line_fail(const build *b, const char *what)
{
    return pwr_call_fail(EX_DATAERR, "%s, line %" PRIu64 ": %s", b->name,
                         b->lines_n, what);
}

static int line_take(build *b, const char *line, size_t len, const char *path)
{
    pwr_breach_entry entry;
    apr_status_t status;

    b->lines_n++;
    if (!pwr_breach_line(line, len, &entry)) {
        return line_fail(b, "it is not SHA1:COUNT: take the list of Pwned "
                         "Passwords with SHA-1, in one file");
    }
    if (entry.key < b->key) {
        return line_fail(b, "it is less than the one before: sort the list "
                         "by hash, with LC_ALL=C sort");
    }
    if (entry.count < b->least) {
        b->rare_n++;
        return EX_OK;
    }
    if (b->kept_n > 0 && entry.key == b->key) {
        b->twice_n++;
        return EX_OK;
    }
    b->key = entry.key;
    b->kept_n++;
    status = pwr_breach_writer_add(b->writer, entry.key);
    return status == APR_SUCCESS ? EX_OK : write_fail(b, status, path);
}

/* All lines that are whole; what is left moves to the front. */
static int lines_take(build *b, size_t len, const char *path)
{
    char *line = b->buffer, *end = b->buffer + b->used + len, *feed;
    int status = EX_OK;

    while (status == EX_OK
           && (feed = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        status = line_take(b, line, (size_t)(feed - line), path);
        line = feed + 1;
    }
    b->used = (size_t)(end - line);
    if (status == EX_OK && b->used > LINE_BYTES_MAX) {
        b->lines_n++;
        return line_fail(b, "it does not end: this is no list of Pwned "
                         "Passwords");
    }
    memmove(b->buffer, line, b->used);
    return status;
}

static int all_take(build *b, const char *path)
{
    size_t len = 1;
    int status = EX_OK;

    pwr_progress_begin(&b->progress, input_size(b));
    while (status == EX_OK && len > 0) {
        status = input_read(b, &len);
        if (status == EX_OK) {
            status = lines_take(b, len, path);
        }
        pwr_progress_show(&b->progress, b->bytes_n, b->lines_n);
    }
    pwr_progress_end(&b->progress);
    if (status == EX_OK && b->used > 0) {
        status = line_take(b, b->buffer, b->used, path);
    }
    if (status == EX_OK && b->kept_n == 0) {
        status = pwr_call_fail(EX_DATAERR, "%s has no such password: nothing "
                               "was written", b->name);
    }
    return status;
}

/* ---- build ---- */

static int list_write(build *b, const char *path)
{
    apr_status_t done = pwr_breach_writer_open(b->pool, path, &b->writer);
    int status = done == APR_SUCCESS ? all_take(b, path)
                                     : write_fail(b, done, path);

    if (status == EX_OK) {
        done = pwr_breach_writer_finish(b->writer, b->least);
        status = done == APR_SUCCESS ? EX_OK : write_fail(b, done, path);
    }
    if (status != EX_OK) {
        pwr_breach_writer_drop(b->writer);
    }
    return status;
}

static int least_take(const pwr_call *call, build *b)
{
    const char *text = pwr_call_option(call, "min-count");
    char *end = NULL;
    apr_int64_t number = text ? apr_strtoi64(text, &end, 10) : 1;

    if (number < 1 || (text && (!*text || *end))) {
        return pwr_call_fail(EX_USAGE, "--min-count takes a number from 1");
    }
    b->least = (uint64_t)number;
    return EX_OK;
}

int pwr_command_breach_build(pwr_call *call)
{
    const char *path = call->args[0];
    build b = { .pool = call->pool };
    int status = least_take(call, &b);

    if (status == EX_OK) {
        status = input_open(call, &b);
    }
    if (status != EX_OK) {
        return status;
    }
    b.buffer = apr_palloc(call->pool, BUFFER_BYTES);
    signals_hold(&b);
    status = list_write(&b, path);
    signals_release(&b);
    if (status == EX_OK) {
        printf("%s: %" PRIu64 " passwords; left out: %" PRIu64 " that occur "
               "less than %" PRIu64 " times, %" PRIu64 " given twice\n", path,
               b.kept_n, b.rare_n, b.least, b.twice_n);
    }
    return status;
}

/* ---- check ---- */

/* The file to look into: that of --list, or the site's. */
static int list_find(const pwr_call *call, const char **path)
{
    *path = pwr_call_option(call, "list");
    if (!*path) {
        *path = call->vhost->conf->breach_list;
    }
    return *path ? EX_OK
        : pwr_call_fail(EX_CONFIG, "%s has no PwResetBreachList: name a file "
                        "with --list", call->vhost->server);
}

int pwr_command_breach_check(pwr_call *call)
{
    const pwr_breach_file *file;
    const char *path, *fault, *secret;
    uint64_t key;
    int status = list_find(call, &path), is_listed;

    if (status != EX_OK) {
        return status;
    }
    fault = pwr_breach_file_open(call->pool, path, &file);
    if (fault) {
        return pwr_call_fail(EX_NOINPUT, "%s: %s", path, fault);
    }
    status = pwr_prompt_read(call->pool, PWR_PROMPT_ONCE, &secret);
    if (status != EX_OK) {
        return status;
    }
    if (pwr_breach_key(secret, &key) != APR_SUCCESS) {
        return pwr_call_fail(EX_OSERR, "OpenSSL has no SHA-1 here");
    }
    is_listed = pwr_breach_has(pwr_breach_file_list(file), key);
    puts(is_listed ? "has leaked: it is in the list"
                   : "is not in the list");
    return is_listed ? 1 : EX_OK;
}
