/* SPDX-License-Identifier: Apache-2.0 */
#include "io/program.h"

#include "core/crypto.h"
#include "core/text.h"
#include "io/file.h"
#include "io/now.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_strings.h>

#define GRACE_MS 1000           /* between SIGTERM and SIGKILL */
#define BLIND_STEP_MS 20        /* looking for the end without a pidfd */
#define POLL_MS_MAX 60000
#define LINES_KEPT 3
#define LINE_BYTES_MAX 200
#define READ_BYTES 4096
#define READS_MAX 16            /* 64 KiB: all that a pipe can hold */
#define ECHO_BYTES 16           /* this much of the body is an echo */

typedef enum ending {
    ENDING_DEADLINE = 0,
    ENDING_CANCELLED,
    ENDING_EXITED
} ending;

/* What the program says: the last lines that were not blank, and the one being
 * read.  The program may repeat its input, so this is secret memory. */
typedef struct tail_lines {
    char bytes[READ_BYTES];
    char line[LINES_KEPT + 1][LINE_BYTES_MAX + 1];  /* a ring */
    int at;                     /* the one being read */
    size_t line_len;
    int blank;
} tail_lines;

typedef struct child_process {
    pid_t pid;
    int pidfd;                  /* -1: the system has none for us */
    int output;                 /* its stdout and stderr; -1: at its end */
    tail_lines *tail;
} child_process;

static const struct {
    int code;
    pwr_sent sent;
    const char *name;
} exits[] = {
    { EX_OK,          PWR_SENT_OK,    "EX_OK" },
    { EX_USAGE,       PWR_SENT_NEVER, "EX_USAGE" },
    { EX_DATAERR,     PWR_SENT_NEVER, "EX_DATAERR" },
    { EX_NOINPUT,     PWR_SENT_NEVER, "EX_NOINPUT" },
    { EX_NOUSER,      PWR_SENT_NEVER, "EX_NOUSER" },
    { EX_NOHOST,      PWR_SENT_LATER, "EX_NOHOST" },
    { EX_UNAVAILABLE, PWR_SENT_LATER, "EX_UNAVAILABLE" },
    { EX_SOFTWARE,    PWR_SENT_NEVER, "EX_SOFTWARE" },
    { EX_OSERR,       PWR_SENT_LATER, "EX_OSERR" },
    { EX_OSFILE,      PWR_SENT_NEVER, "EX_OSFILE" },
    { EX_CANTCREAT,   PWR_SENT_LATER, "EX_CANTCREAT" },
    { EX_IOERR,       PWR_SENT_LATER, "EX_IOERR" },
    { EX_TEMPFAIL,    PWR_SENT_LATER, "EX_TEMPFAIL" },
    { EX_PROTOCOL,    PWR_SENT_LATER, "EX_PROTOCOL" },
    { EX_NOPERM,      PWR_SENT_NEVER, "EX_NOPERM" },
    { EX_CONFIG,      PWR_SENT_NEVER, "EX_CONFIG" },
    { 111,            PWR_SENT_LATER, "temporary, as qmail says it" },
    { 126,            PWR_SENT_LATER, "the shell may not run it" },
    { 127,            PWR_SENT_LATER, "the shell does not find it" },
};

static const struct {
    int error;
    int names_directive;        /* after it */
    const char *text;
} remedies[] = {
    { EACCES, 0, "let httpd's user run it (mode, noexec, SELinux)" },
    { EAGAIN, 0, "raise the process limit of httpd's user" },
    { EMFILE, 0, "raise httpd's limit of open files" },
    { ENFILE, 0, "raise the system's limit of open files" },
    { ENOENT, 1, "install it or its interpreter, or set " },
    { ENOEXEC, 0, "it is no program and no #! script" },
    { ENOMEM, 0, "the system is out of memory" },
    { ETXTBSY, 0, "somebody has it open for writing, to replace it" },
};

static const char *const environment[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "HOME=/", NULL
};

static int input_open(const pwr_program *program, int *fd)
{
    int rc;

    *fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0) {
        return errno;
    }
    rc = APR_TO_OS_ERROR(pwr_file_write(*fd, program->input, program->len));
    if (!rc && (fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW
                                        | F_SEAL_WRITE | F_SEAL_SEAL) < 0
                || lseek(*fd, 0, SEEK_SET) < 0)) {
        rc = errno;
    }
    if (rc) {
        close(*fd);
        *fd = -1;
    }
    return rc;
}

/* Where httpd's own 0, 1 and 2 are closed, `input` < `output` still holds,
 * as they were opened in this order: no dup2 here overwrites its successor's
 * source, and glibc clears the close-on-exec flag of one that stays. */
static int actions_fill(posix_spawn_file_actions_t *actions, int input,
                        int output)
{
    int rc = posix_spawn_file_actions_adddup2(actions, input, 0);

    if (!rc) {
        rc = posix_spawn_file_actions_adddup2(actions, output, 1);
    }
    if (!rc) {
        rc = posix_spawn_file_actions_adddup2(actions, output, 2);
    }
    if (!rc) {
        /* Sockets of the database, listeners: other modules' descriptors need
         * not have the close-on-exec flag. */
        rc = posix_spawn_file_actions_addclosefrom_np(actions, 3);
    }
    return rc;
}

/* httpd ignores SIGPIPE and its threads block signals; both would be
 * inherited. */
static int attributes_fill(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    int rc;

    sigfillset(&all);
    sigemptyset(&none);
    rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP
                                              | POSIX_SPAWN_SETSIGDEF
                                              | POSIX_SPAWN_SETSIGMASK);
    if (!rc) {
        rc = posix_spawnattr_setpgroup(attributes, 0);
    }
    if (!rc) {
        rc = posix_spawnattr_setsigdefault(attributes, &all);
    }
    if (!rc) {
        rc = posix_spawnattr_setsigmask(attributes, &none);
    }
    return rc;
}

static int spawn(const char *const *argv, int input, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc) {
        return rc;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    rc = actions_fill(&actions, input, output);
    if (!rc) {
        rc = attributes_fill(&attributes);
    }
    if (!rc) {
        rc = posix_spawn(pid, argv[0], &actions, &attributes,
                         (char *const *)argv, (char *const *)environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Returns 0, or an errno when no program runs. */
static int child_start(child_process *child, const pwr_program *program)
{
    int input, pipes[2], rc = input_open(program, &input);

    if (rc) {
        return rc;
    }
    if (pipe2(pipes, O_CLOEXEC) < 0) {
        rc = errno;
        close(input);
        return rc;
    }
    rc = fcntl(pipes[0], F_SETFL, O_NONBLOCK) < 0
        ? errno : spawn(program->argv, input, pipes[1], &child->pid);
    close(input);
    close(pipes[1]);
    if (rc) {
        close(pipes[0]);
        return rc;
    }
    child->output = pipes[0];
    /* By number: glibc 2.34 has no wrapper yet. */
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    return 0;
}

static void child_close(child_process *child)
{
    if (child->output >= 0) {
        close(child->output);
    }
    if (child->pidfd >= 0) {
        close(child->pidfd);
    }
}

static void line_end(tail_lines *tail)
{
    if (!tail->blank) {
        tail->line[tail->at][tail->line_len] = '\0';
        tail->at = (tail->at + 1) % (LINES_KEPT + 1);
    }
    tail->line_len = 0;
    tail->blank = 1;
}

static void tail_add(tail_lines *tail, const char *bytes, size_t len)
{
    for (; len > 0; len--, bytes++) {
        unsigned char c = (unsigned char)*bytes;

        if (c == '\n' || c == '\r') {
            line_end(tail);
        }
        else if (tail->line_len < LINE_BYTES_MAX) {
            tail->line[tail->at][tail->line_len++] = (char)(c ? c : ' ');
            tail->blank &= c <= ' ' || c == 0x7F;
        }
    }
}

/* Of those kept the oldest is 0; "" where there were fewer. */
static const char *tail_line(const tail_lines *tail, int i)
{
    return tail->line[(tail->at + 1 + i) % (LINES_KEPT + 1)];
}

/* Read what is there, and never wait: something that the program left behind
 * in the background may hold the pipe open, or fill it, for ever. */
static void output_take(child_process *child)
{
    for (int i = 0; i < READS_MAX && child->output >= 0; i++) {
        ssize_t n = read(child->output, child->tail->bytes, READ_BYTES);

        if (n > 0) {
            tail_add(child->tail, child->tail->bytes, (size_t)n);
        }
        else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        else {
            close(child->output);
            child->output = -1;
        }
    }
}

/* Looks without reaping: while the zombie is there its number, which is also
 * the group's, cannot become somebody else's. */
static int has_exited(const child_process *child)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t)child->pid, &info,
                  WEXITED | WNOHANG | WNOWAIT) < 0
        || info.si_pid != 0;
}

static ending child_watch(child_process *child, int cancel_fd,
                          int64_t until_ms)
{
    for (;;) {
        struct pollfd fds[] = {
            { child->pidfd, POLLIN, 0 },
            { child->output, POLLIN, 0 },
            { cancel_fd, POLLIN, 0 },
        };
        int64_t left_ms = until_ms - pwr_now_ms();
        int64_t most_ms = child->pidfd < 0 ? BLIND_STEP_MS : POLL_MS_MAX;

        if (has_exited(child)) {
            output_take(child);
            return ENDING_EXITED;
        }
        if (left_ms <= 0) {
            return ENDING_DEADLINE;
        }
        poll(fds, 3, (int)(left_ms < most_ms ? left_ms : most_ms));
        output_take(child);
        if (fds[2].revents && !has_exited(child)) {
            return ENDING_CANCELLED;
        }
    }
}

/* Returns non-zero when the program is gone.  One that took another user's
 * identity cannot be killed; it is left to itself rather than waited for. */
static int child_stop(child_process *child)
{
    kill(-child->pid, SIGTERM);
    child_watch(child, -1, pwr_now_ms() + GRACE_MS);
    kill(-child->pid, SIGKILL);
    return child_watch(child, -1, pwr_now_ms() + GRACE_MS) == ENDING_EXITED;
}

static int child_reap(const child_process *child, int *status)
{
    pid_t got;

    do {
        got = waitpid(child->pid, status, 0);
    } while (got < 0 && errno == EINTR);
    return got == child->pid;
}

static pwr_sent status_judge(apr_pool_t *pool, int status, const char **what)
{
    int code = WEXITSTATUS(status);

    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));

        *what = apr_psprintf(pool, "ended by signal %d (SIG%s)",
                             WTERMSIG(status), name ? name : "?");
        return PWR_SENT_LATER;
    }
    for (size_t i = 0; i < sizeof(exits) / sizeof(*exits); i++) {
        if (exits[i].code == code) {
            *what = apr_psprintf(pool, "exit %d (%s)", code, exits[i].name);
            return exits[i].sent;
        }
    }
    *what = apr_psprintf(pool, "exit %d", code);
    return PWR_SENT_NEVER;
}

static pwr_sent child_finish(apr_pool_t *pool, child_process *child,
                             const pwr_program *program, const char **what)
{
    ending how = child_watch(child, program->cancel_fd,
                             pwr_now_ms() + program->timeout_sec * 1000);
    int status = 0;

    if (how != ENDING_EXITED && !child_stop(child)) {
        *what = apr_psprintf(pool, "process %ld did not end and cannot be"
                             " killed", (long)child->pid);
        return PWR_SENT_LATER;
    }
    if (!child_reap(child, &status)) {
        *what = "its exit status was lost (something in this process ignores"
                " or collects SIGCHLD)";
        return PWR_SENT_LATER;
    }
    switch (how) {
    case ENDING_EXITED:
        return status_judge(pool, status, what);
    case ENDING_CANCELLED:
        *what = "stopped, as this process ends";
        return PWR_SENT_LATER;
    default:
        /* Even exit 0 after SIGTERM is no promise. */
        *what = apr_psprintf(pool, "stopped, as it had not ended after"
                             " %" APR_INT64_T_FMT " s", program->timeout_sec);
        return PWR_SENT_LATER;
    }
}

/* A program that repeats its input (a wrapper's `set -x`, a dead letter on
 * stderr) would carry what is secret in it into the log. */
static void hide_echo(char *line, const pwr_program *program)
{
    const char *secret = program->input + program->secret_at;
    size_t secret_len = program->len - program->secret_at;
    char hidden[LINES_KEPT * LINE_BYTES_MAX] = { 0 };
    size_t line_len = strlen(line), i;

    for (i = 0; i + ECHO_BYTES <= line_len; i++) {
        if (memmem(secret, secret_len, line + i, ECHO_BYTES)) {
            memset(hidden + i, 1, ECHO_BYTES);
        }
    }
    for (i = 0; i < line_len; i++) {
        line[i] = (char)(hidden[i] ? '*' : line[i]);
    }
}

/* Its last words, as one line.  An echo is looked for in all of them together,
 * as the program may have folded it. */
static const char *tail_words(apr_pool_t *pool, const tail_lines *tail,
                              const pwr_program *program)
{
    char *text = pwr_secret_alloc(pool, LINES_KEPT * LINE_BYTES_MAX + 1);
    char *end = text;
    const char *words = "";

    for (int i = 0; i < LINES_KEPT; i++) {
        end = mempcpy(end, tail_line(tail, i), strlen(tail_line(tail, i)));
    }
    hide_echo(text, program);
    for (int i = 0; i < LINES_KEPT; i++) {
        size_t line_len = strlen(tail_line(tail, i));

        if (line_len > 0) {
            const char *line = apr_pstrmemdup(pool, text, line_len);

            words = apr_pstrcat(pool, words, *words ? " | " : "",
                                pwr_text_printable(pool, line,
                                                   LINE_BYTES_MAX), NULL);
        }
        text += line_len;
    }
    return words;
}

static const char *describe(apr_pool_t *pool, const char *program,
                            const char *what, const char *words)
{
    return apr_pstrcat(pool, pwr_text_printable(pool, program, LINE_BYTES_MAX),
                       ": ", what, *words ? ": " : "", words, NULL);
}

static const char *describe_error(apr_pool_t *pool,
                                  const pwr_program *program, int error)
{
    const char *remedy = "set ";
    int names_directive = 1;
    char text[120];

    for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++) {
        if (remedies[i].error == error) {
            remedy = remedies[i].text;
            names_directive = remedies[i].names_directive;
        }
    }
    apr_strerror(APR_FROM_OS_ERROR(error), text, sizeof(text));
    return apr_psprintf(pool, "%s: %s; %s%s",
                        pwr_text_printable(pool, program->argv[0],
                                           LINE_BYTES_MAX),
                        text, remedy,
                        names_directive ? program->directive : "");
}

static int is_cancelled(const pwr_program *program)
{
    struct pollfd fd = { program->cancel_fd, POLLIN, 0 };

    return poll(&fd, 1, 0) > 0;
}

pwr_sent pwr_program_run(apr_pool_t *pool, const pwr_program *program,
                         const char **detail)
{
    child_process child = { .pid = -1, .pidfd = -1, .output = -1 };
    const char *what;
    pwr_sent sent;
    int rc;

    if (is_cancelled(program)) {
        *detail = "not started, as this process ends";
        return PWR_SENT_LATER;
    }
    rc = child_start(&child, program);
    if (rc) {
        *detail = describe_error(pool, program, rc);
        return PWR_SENT_UNABLE;
    }
    child.tail = pwr_secret_alloc(pool, sizeof(*child.tail));
    child.tail->blank = 1;
    sent = child_finish(pool, &child, program, &what);
    child_close(&child);
    line_end(child.tail);
    *detail = describe(pool, program->argv[0], what,
                       tail_words(pool, child.tail, program));
    return sent;
}
