/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "cli/command.h"
#include "core/crypto.h"
#include "core/password.h"
#include "core/text.h"

#define LINE_BYTES (PWR_PASSWORD_BYTES_MAX + 2)     /* a LF, and one too many */

/* A terminal that does not echo.  Signals that would end us are held back until
 * the echo is on again, so that ^C leaves a usable terminal. */
typedef struct terminal {
    struct termios before;
    sigset_t signals_before;
    int signal_fd;
} terminal;

/* A signal that came meanwhile is delivered here. */
static void terminal_restore(const terminal *t)
{
    tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
    close(t->signal_fd);
    sigprocmask(SIG_SETMASK, &t->signals_before, NULL);
}

static int terminal_hush(terminal *t)
{
    struct termios hushed;
    sigset_t ending;

    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGQUIT);
    if (tcgetattr(STDIN_FILENO, &t->before) != 0) {
        return -1;
    }
    t->signal_fd = signalfd(-1, &ending, SFD_CLOEXEC);
    if (t->signal_fd < 0) {
        return -1;
    }
    sigprocmask(SIG_BLOCK, &ending, &t->signals_before);
    hushed = t->before;
    hushed.c_lflag &= ~(tcflag_t)ECHO;
    hushed.c_lflag |= ECHONL | ICANON | ISIG;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hushed) != 0) {
        terminal_restore(t);
        return -1;
    }
    return 0;
}

/* Bytes up to a line feed, the end of input or `size`; < 0 on failure or when
 * `signal_fd` (-1: none) has something. */
static ssize_t bytes_read(char *bytes, size_t size, int signal_fd)
{
    struct pollfd wait[2] = {
        { .fd = STDIN_FILENO, .events = POLLIN },
        { .fd = signal_fd, .events = POLLIN }
    };
    size_t len = 0;

    while (len < size && !memchr(bytes, '\n', len)) {
        ssize_t n;

        if (poll(wait, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return -1;
        }
        if (wait[1].revents) {
            return -1;
        }
        n = read(STDIN_FILENO, bytes + len, size - len);
        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)len;
}

static ssize_t hushed_read(char *bytes, size_t size, const char *prompt)
{
    terminal t;
    ssize_t len;

    if (terminal_hush(&t) != 0) {
        return -1;
    }
    fputs(prompt, stderr);
    len = bytes_read(bytes, size, t.signal_fd);
    terminal_restore(&t);
    return len;
}

static int line_judge(char *line, size_t len)
{
    char *end = memchr(line, '\n', len);
    size_t used = end ? (size_t)(end - line) : len;

    if (len == 0) {
        return pwr_call_fail(EX_NOINPUT, "no password came: give it as one "
                             "line of standard input");
    }
    if (end && used + 1 != len) {
        return pwr_call_fail(EX_DATAERR, "more than one line came: give the "
                             "password as one line of standard input");
    }
    if (used == 0) {
        return pwr_call_fail(EX_DATAERR, "the password is empty: give it as "
                             "one line of standard input");
    }
    if (used > PWR_PASSWORD_BYTES_MAX) {
        return pwr_call_fail(EX_DATAERR, "the password is over-long: at most "
                             "%d bytes are taken", PWR_PASSWORD_BYTES_MAX);
    }
    if (!pwr_text_is_utf8(line, used)) {
        return pwr_call_fail(EX_DATAERR, "the password is not UTF-8 text: "
                             "browsers send UTF-8, so nobody could log in "
                             "with it");
    }
    line[used] = '\0';
    return EX_OK;
}

static int line_read(apr_pool_t *pool, const char *prompt, const char **secret)
{
    char *line = pwr_secret_alloc(pool, LINE_BYTES);
    ssize_t len = prompt ? hushed_read(line, LINE_BYTES, prompt)
                         : bytes_read(line, LINE_BYTES, -1);
    int status;

    *secret = NULL;
    if (len < 0) {
        return pwr_call_fail(EX_IOERR, "standard input was not read: give "
                             "the password as one line there");
    }
    status = line_judge(line, (size_t)len);
    *secret = status == EX_OK ? line : NULL;
    return status;
}

int pwr_prompt_read(apr_pool_t *pool, pwr_prompt prompt, const char **secret)
{
    const char *again;
    int status, typed = isatty(STDIN_FILENO);

    status = line_read(pool, typed ? "Password: " : NULL, secret);
    if (status != EX_OK || !typed || prompt != PWR_PROMPT_TWICE) {
        return status;
    }
    status = line_read(pool, "The same again: ", &again);
    if (status == EX_OK && !pwr_crypto_equal(*secret, again)) {
        status = pwr_call_fail(EX_DATAERR, "the two differ: try again");
    }
    if (status != EX_OK) {
        *secret = NULL;
    }
    return status;
}
