/* SPDX-License-Identifier: Apache-2.0 */
/* The mail programs are shell scripts given by `sh -c`; what they see they
 * say in their last line, which comes back in `detail`. */
#include "io/sendmail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <apr_strings.h>

#include "tap.h"

#define NOBODY 65534
#define SOON_MS 20000       /* far less than the scripts would sleep */

static const char mail[] = "To: ivan@example.org\n\nLink:\n"
                           "https://example.org/reset?token=3DAAAABBBBCCCC\n";

typedef struct run {
    const char *script, *message;
    size_t len;
    int64_t timeout_sec;
    int cancel_fd;
    pwr_sent sent;
    const char *detail;
    long long ms;
} run;

static run fed(const char *script, const char *message, size_t len)
{
    return (run){ script, message, len, 60, -1, PWR_SENT_NEVER, "", 0 };
}

static run of(const char *script)
{
    return fed(script, mail, sizeof(mail) - 1);
}

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static pwr_sent run_argv(apr_pool_t *pool, run *r, const char *const *argv)
{
    pwr_sendmail conf = { argv, "noreply@example.org", r->timeout_sec,
                          r->cancel_fd };
    long long start = now_ms();

    r->sent = pwr_sendmail_run(pool, &conf, "ivan@example.org", r->message,
                               r->len, &r->detail);
    r->ms = now_ms() - start;
    return r->sent;
}

static pwr_sent run_sh(apr_pool_t *pool, run *r)
{
    const char *argv[] = { "/bin/sh", "-c", r->script, "sh", NULL };

    return run_argv(pool, r, argv);
}

static int has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void test_exits(apr_pool_t *pool)
{
    static const struct { int code; pwr_sent sent; const char *name; }
    table[] = {
        { 0, PWR_SENT_OK, " (EX_OK)" },
        { 1, PWR_SENT_NEVER, "" },
        { 64, PWR_SENT_NEVER, " (EX_USAGE)" },
        { 65, PWR_SENT_NEVER, " (EX_DATAERR)" },
        { 66, PWR_SENT_NEVER, " (EX_NOINPUT)" },
        { 67, PWR_SENT_NEVER, " (EX_NOUSER)" },
        { 68, PWR_SENT_LATER, " (EX_NOHOST)" },
        { 69, PWR_SENT_LATER, " (EX_UNAVAILABLE)" },
        { 70, PWR_SENT_NEVER, " (EX_SOFTWARE)" },
        { 71, PWR_SENT_LATER, " (EX_OSERR)" },
        { 72, PWR_SENT_NEVER, " (EX_OSFILE)" },
        { 73, PWR_SENT_LATER, " (EX_CANTCREAT)" },
        { 74, PWR_SENT_LATER, " (EX_IOERR)" },
        { 75, PWR_SENT_LATER, " (EX_TEMPFAIL)" },
        { 76, PWR_SENT_LATER, " (EX_PROTOCOL)" },
        { 77, PWR_SENT_NEVER, " (EX_NOPERM)" },
        { 78, PWR_SENT_NEVER, " (EX_CONFIG)" },
        { 111, PWR_SENT_LATER, " (temporary, as qmail says it)" },
        { 126, PWR_SENT_LATER, " (the shell may not run it)" },
        { 127, PWR_SENT_LATER, " (the shell does not find it)" },
        { 255, PWR_SENT_NEVER, "" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        run r = of(apr_psprintf(pool, "exit %d", table[i].code));

        tap_int(run_sh(pool, &r), table[i].sent, "exit %d", table[i].code);
        tap_str(r.detail, apr_psprintf(pool, "/bin/sh: exit %d%s",
                                       table[i].code, table[i].name),
                "exit %d is named", table[i].code);
    }
}

static void test_last_lines(apr_pool_t *pool)
{
    static const struct { const char *name, *script, *line; } table[] = {
        { "silence", "exit 0", "" },
        { "standard error too", "echo one; echo two >&2", ": one | two" },
        { "no line feed at its end", "echo one; printf two", ": one | two" },
        { "the last three", "for i in long 2 3 4 5; do echo $i; done; echo",
          ": 3 | 4 | 5" },
        { "blank lines do not count", "printf 'one\\n\\n \\t\\n\\n'", ": one" },
        { "CR LF", "printf 'one\\r\\n'", ": one" },
        { "control characters", "printf 'a\\033[2Jb'", ": a\\x1b[2Jb" },
        { "a forged second line", "printf 'a\\\\nb\\n'", ": a\\x5cnb" },
        { "NUL", "printf 'a\\0b'", ": a b" },
        { "only NUL", "printf '\\0\\0'", "" },
        { "not UTF-8", "printf '\\377\\n'", ": \\xff" },
        { "an address stays", "echo '550 <nobody@example.net> unknown'",
          ": 550 <nobody@example.net> unknown" },
        { "the message is not repeated", "cat | tail -n 2",
          ": Link: | **********************************************" },
        { "nor in pieces", "tail -n 1 | fold -w 12",
          ": ************ | ************ | **********" },
        { "nor in the middle of a line", "echo 'bad link token=3DAAAABBBBCCC'",
          ": bad link *******************" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        run r = of(table[i].script);

        tap_int(run_sh(pool, &r), PWR_SENT_OK, "%s", table[i].name);
        tap_str(r.detail, apr_pstrcat(pool, "/bin/sh: exit 0 (EX_OK)",
                                      table[i].line, NULL),
                "what it said: %s", table[i].name);
    }
}

static void test_flood(apr_pool_t *pool)
{
    run line = of("head -c 300 /dev/zero | tr '\\0' x; exit 75");
    run lines = of("yes 123 | head -c 10000000; echo end; exit 75");

    run_sh(pool, &line);
    tap_int((long long)strlen(line.detail),
            (long long)strlen("/bin/sh: exit 75 (EX_TEMPFAIL): ") + 200,
            "a long line is cut");
    tap_int(run_sh(pool, &lines), PWR_SENT_LATER, "10 MB of output");
    tap_str(lines.detail, "/bin/sh: exit 75 (EX_TEMPFAIL): 123 | 123 | end",
            "of which the last lines count");
}

static void test_input(apr_pool_t *pool)
{
    static char big[1 << 20];
    const struct { const char *name, *script, *message; size_t len;
                   const char *line; } table[] = {
        { "every byte", "sha256sum | cut -c 1-16", "a\0b\nc", 5,
          "214df3f68e1a607f" },
        { "empty", "wc -c", "", 0, "0" },
        { "large", "wc -c", big, sizeof(big), "1048576" },
        { "not read", "exec <&-; echo y", big, sizeof(big), "y" },
        { "sealed", "(echo x >&0) 2>&-; wc -c", "12345", 5, "5" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        run r = fed(table[i].script, table[i].message, table[i].len);

        run_sh(pool, &r);
        tap_str(r.detail, apr_pstrcat(pool, "/bin/sh: exit 0 (EX_OK): ",
                                      table[i].line, NULL),
                "message: %s", table[i].name);
    }
}

static void test_arguments(apr_pool_t *pool)
{
    const char *argv[] = { "/bin/sh", "-c", "echo \"$#:$*\"", "sh", "-i",
                           "two words", NULL };
    run r = of(NULL);

    run_argv(pool, &r, argv);
    tap_str(r.detail, "/bin/sh: exit 0 (EX_OK): 6:-i two words"
            " -f noreply@example.org -- ivan@example.org",
            "our arguments come last, the recipient after --");
}

/* What httpd's process has open, set, ignored and blocked is not passed on.
 * In Perl, as a shell would tidy up before we look; descriptor 3 is the
 * folder that ls itself reads. */
static void test_inheritance(apr_pool_t *pool)
{
    static const struct { const char *name, *script, *line; } table[] = {
        { "descriptors", "exec qw(ls -m /proc/self/fd)", "0, 1, 2, 3" },
        { "environment", "print map { \"$_=$ENV{$_} \" } sort keys %ENV",
          "HOME=/ LANG=C PATH=/usr/sbin:/usr/bin:/sbin:/bin " },
        { "SIGPIPE ignored, SIGTERM blocked",
          "open F, '/proc/self/status'; my $m = 0;"
          " /Sig(?:Blk|Ign):\\s*(\\w+)/ && ($m |= hex $1) while <F>;"
          " printf '%x', $m & 0x5000", "0" },
        { "process group", "print getpgrp == $$ ? 'own' : 'ours'", "own" },
    };
    int fd = open("/dev/null", O_RDONLY);
    sigset_t mask, before;

    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigprocmask(SIG_BLOCK, &mask, &before);
    signal(SIGPIPE, SIG_IGN);
    setenv("PWR_LEAK", "1", 1);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *argv[] = { "/usr/bin/perl", "-e", table[i].script, NULL };
        run r = of(NULL);

        run_argv(pool, &r, argv);
        tap_str(r.detail, apr_pstrcat(pool, "/usr/bin/perl: exit 0 (EX_OK): ",
                                      table[i].line, NULL),
                "inherited: %s", table[i].name);
    }
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(fd);
}

/* The number that ends a detail line. */
static pid_t pid_in(const char *detail)
{
    const char *space = strrchr(detail, ' ');

    return space ? (pid_t)strtol(space + 1, NULL, 10) : 0;
}

/* For orphans, which are zombies until init has seen them. */
static int ends_within(pid_t pid, int ms)
{
    struct pollfd fd = { (int)syscall(SYS_pidfd_open, pid, 0), POLLIN, 0 };
    int ended = fd.fd < 0 ? errno == ESRCH : poll(&fd, 1, ms) > 0;

    close(fd.fd);
    return pid > 1 && ended;
}

/* The last line is the number of a process that must be gone. */
static void test_deadline(apr_pool_t *pool)
{
    static const struct { const char *name, *script; int ms_min; } table[] = {
        { "sleeps", "echo $$; exec sleep 100", 900 },
        { "ignores SIGTERM", "trap '' TERM; echo $$; sleep 99; sleep 99",
          1900 },
        { "leaves a child that ignores SIGTERM",
          "trap 'exit 0' TERM; (trap '' TERM; sleep 100) & echo $!; wait",
          900 },
        { "says something at SIGTERM",
          "trap 'echo $!; exit 0' TERM; sleep 100 & wait", 900 },
        { "talks without end", "while echo $$; do :; done", 900 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        run r = of(table[i].script);

        r.timeout_sec = 1;
        tap_int(run_sh(pool, &r), PWR_SENT_LATER, "%s", table[i].name);
        tap_ok(has(r.detail, ": stopped, as it had not ended after 1 s: "),
               "%s: the deadline is named: %s", table[i].name, r.detail);
        tap_ok(r.ms >= table[i].ms_min && r.ms < SOON_MS,
               "%s: and kept (%lld)", table[i].name, r.ms);
        tap_ok(ends_within(pid_in(r.detail), SOON_MS),
               "%s: it is gone", table[i].name);
    }
}

/* exim -odb and others deliver in the background. */
static void test_background(apr_pool_t *pool)
{
    run quiet = of("sleep 100 & echo $!; exit 0");
    run loud = of("yes & echo $! >&2; exit 75");
    pid_t left;

    tap_int(run_sh(pool, &quiet), PWR_SENT_OK, "something stays behind");
    tap_ok(quiet.ms < SOON_MS, "which we do not wait for (%lld)", quiet.ms);
    left = pid_in(quiet.detail);
    tap_ok(left > 1 && !ends_within(left, 0), "nor kill");
    if (left > 1) {
        kill(left, SIGKILL);
    }
    tap_int(run_sh(pool, &loud), PWR_SENT_LATER, "and fills the pipe");
    tap_ok(loud.ms < SOON_MS, "nor for that (%lld)", loud.ms);
}

static void test_signals(apr_pool_t *pool)
{
    run killed = of("tail -n 1 >&2; kill -KILL $$");
    run crashed = of("ulimit -c 0; kill -SEGV $$");

    tap_int(run_sh(pool, &killed), PWR_SENT_LATER, "killed in the middle");
    tap_str(killed.detail, "/bin/sh: ended by signal 9 (SIGKILL): "
            "**********************************************", "is named");
    tap_int(run_sh(pool, &crashed), PWR_SENT_LATER, "crashed");
    tap_str(crashed.detail, "/bin/sh: ended by signal 11 (SIGSEGV)",
            "is named");
}

static void test_cannot_run(apr_pool_t *pool, const char *folder)
{
    static const char denied[] = "Permission denied; let httpd's user run it"
                                 " (mode, noexec, SELinux)";
    static const char missing[] = "No such file or directory; install it or"
                                  " its interpreter, or set PwResetSendmail";
    const char *plain = apr_pstrcat(pool, folder, "/plain", NULL);
    const char *empty = apr_pstrcat(pool, folder, "/empty", NULL);
    const struct { const char *program, *detail; } table[] = {
        { "/nonexistent/sendmail", missing },
        { "", missing },
        { "/dev/null/sendmail", "Not a directory; set PwResetSendmail" },
        { folder, denied },
        { plain, denied },
        { empty, "Exec format error; it is no program and no #! script" },
    };

    close(open(plain, O_WRONLY | O_CREAT, 0600));
    close(open(empty, O_WRONLY | O_CREAT, 0700));
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *argv[] = { table[i].program, NULL };
        run r = of(NULL);

        tap_int(run_argv(pool, &r, argv), PWR_SENT_UNABLE, "cannot run %d",
                (int)i);
        tap_str(r.detail, apr_psprintf(pool, "%s: %s", table[i].program,
                                       table[i].detail),
                "the remedy is told %d", (int)i);
    }
    unlink(plain);
    unlink(empty);
}

static void test_addresses(apr_pool_t *pool, const char *folder)
{
    static const struct { const char *from, *to; } table[] = {
        { "a@example.org", NULL },
        { "a@example.org", "" },
        { "a@example.org", "-OQueueDirectory=/tmp" },
        { "a@example.org", "-bp" },
        { "a@example.org", "b@example.org\nBcc: c@example.org" },
        { "a@example.org", "b@example.org\r" },
        { "a@example.org", "b\tc@example.org" },
        { "a@example.org", "b@example.org\x7f" },
        { "a@example.org", "b\xC2\x85@example.org" },
        { "a@example.org", "b@example.org,c@example.org" },
        { "a@example.org", "b@example.org c@example.org" },
        { NULL, "b@example.org" },
        { "", "b@example.org" },
        { "-X/var/www/shell.php", "b@example.org" },
        { "a@example.org\n", "b@example.org" },
    };
    const char *mark = apr_pstrcat(pool, folder, "/ran", NULL);
    const char *argv[] = { "/usr/bin/touch", mark, NULL };
    const char *detail;
    run control = of(apr_pstrcat(pool, "touch ", mark, NULL));

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_sendmail conf = { argv, table[i].from, 60, -1 };

        tap_int(pwr_sendmail_run(pool, &conf, table[i].to, mail, 5, &detail),
                PWR_SENT_NEVER, "refused address %d", (int)i);
        tap_ok(has(detail, "an address begins with a dash or holds")
               && access(mark, F_OK) < 0, "with the reason %d", (int)i);
    }
    run_sh(pool, &control);
    tap_ok(access(mark, F_OK) == 0, "the mark would have been seen");
    unlink(mark);
}

static void test_cancel(apr_pool_t *pool, const char *folder)
{
    const char *fifo = apr_pstrcat(pool, folder, "/cancel", NULL);
    run r = of(apr_psprintf(pool, "echo $$; echo x >%s; sleep 99", fifo));
    int fd;

    tap_int(mkfifo(fifo, 0600), 0, "a fifo");
    fd = open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    r.cancel_fd = fd;
    tap_int(run_sh(pool, &r), PWR_SENT_LATER, "cancelled in the middle");
    tap_ok(has(r.detail, "stopped, as this process ends: "), "is named: %s",
           r.detail);
    tap_ok(r.ms < SOON_MS && ends_within(pid_in(r.detail), 0),
           "and stopped (%lld)", r.ms);
    tap_int(run_sh(pool, &r), PWR_SENT_LATER, "cancelled before");
    tap_str(r.detail, "not started, as this process ends",
            "nothing was started");
    close(fd);
    unlink(fifo);
}

/* What changes the whole process happens in a child; 0 is success. */
static void in_fork(apr_pool_t *pool, const char *name,
                    int (*body)(apr_pool_t *pool))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(60);
        _exit(body(pool));
    }
    waitpid(pid, &status, 0);
    tap_int(status, 0, "%s", name);
}

static int without_descriptors(apr_pool_t *pool)
{
    run r = fed("test $(wc -c) = 5 && exec ls -m /proc/self/fd >&2", "12345",
                5);

    for (int mask = 0; mask < 8; mask++) {
        pid_t pid = fork();
        int status = -1;

        if (pid == 0) {
            for (int fd = 0; fd < 3; fd++) {
                if (mask & 1 << fd) {
                    close(fd);
                }
            }
            run_sh(pool, &r);
            _exit(strcmp(r.detail, "/bin/sh: exit 0 (EX_OK): 0, 1, 2, 3"));
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            return mask + 1;
        }
    }
    return 0;
}

static int without_files(apr_pool_t *pool)
{
    struct rlimit none = { 3, 3 };
    run r = of("exit 0");

    return setrlimit(RLIMIT_NOFILE, &none) == 0
        && run_sh(pool, &r) == PWR_SENT_UNABLE
        && has(r.detail, "; raise httpd's limit of open files") ? 0 : 1;
}

static int without_processes(apr_pool_t *pool)
{
    struct rlimit none = { 0, 0 };
    run r = of("exit 0");

    return setrlimit(RLIMIT_NPROC, &none) == 0
        && (geteuid() != 0 || setuid(NOBODY) == 0)
        && run_sh(pool, &r) == PWR_SENT_UNABLE
        && has(r.detail, "; raise the process limit of httpd's user") ? 0 : 1;
}

/* Old container runtimes refuse the call to everybody. */
static int without_pidfd(apr_pool_t *pool)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof(code) / sizeof(*code), code };
    run good = of("exec >&- 2>&-; cat; exit 75");
    run slow = of("exec >&- 2>&- sleep 100");

    slow.timeout_sec = 1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0
        || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0
        || syscall(SYS_pidfd_open, getpid(), 0) >= 0) {
        return 1;
    }
    if (run_sh(pool, &good) != PWR_SENT_LATER
        || !has(good.detail, "EX_TEMPFAIL") || good.ms > SOON_MS) {
        return 2;
    }
    return run_sh(pool, &slow) == PWR_SENT_LATER
        && has(slow.detail, "stopped") && slow.ms < SOON_MS ? 0 : 3;
}

static int with_sigchld_ignored(apr_pool_t *pool)
{
    run r = of("exit 0");

    signal(SIGCHLD, SIG_IGN);
    return run_sh(pool, &r) == PWR_SENT_LATER
        && has(r.detail, "exit status was lost") ? 0 : 1;
}

static const char *stubborn_program;

/* exim is setuid root and soon runs as somebody else altogether. */
static int with_stubborn(apr_pool_t *pool)
{
    const char *argv[] = { stubborn_program, "stubborn", NULL };
    run r = of(NULL);

    r.timeout_sec = 1;
    if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0) {
        return 1;
    }
    return run_argv(pool, &r, argv) == PWR_SENT_LATER
        && has(r.detail, "did not end and cannot be killed")
        && r.ms >= 2900 && r.ms < SOON_MS ? 0 : 2;
}

static int stubborn(void)
{
    alarm(20);
    return setuid(0) == 0 ? pause() : 1;
}

static void test_stubborn(apr_pool_t *pool, const char *folder)
{
    const char *copy = apr_pstrcat(pool, folder, "/stubborn", NULL);
    run r = of(apr_psprintf(pool, "cp /proc/%ld/exe %s && chown 0 %s"
                           " && chmod 4755 %s", (long)getpid(), copy, copy,
                           copy));

    if (geteuid() != 0) {
        tap_ok(1, "cannot be killed # SKIP needs root");
        return;
    }
    run_sh(pool, &r);
    stubborn_program = copy;
    in_fork(pool, "a program that cannot be killed", with_stubborn);
    unlink(copy);
}

static int next_descriptor(void)
{
    int fd = dup(0);

    close(fd);
    return fd;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    char folder[] = "/tmp/pwr-sendmail-XXXXXX";
    int before, status = 0;
    pid_t other;

    if (argc > 1 && strcmp(argv[1], "stubborn") == 0) {
        return stubborn();
    }
    pool = tap_begin();
    tap_ok(mkdtemp(folder) && chmod(folder, 0755) == 0, "a folder");
    other = fork();
    if (other == 0) {
        _exit(7);
    }
    before = next_descriptor();
    test_exits(pool);
    test_last_lines(pool);
    test_flood(pool);
    test_input(pool);
    test_arguments(pool);
    test_inheritance(pool);
    test_deadline(pool);
    test_background(pool);
    test_signals(pool);
    test_cannot_run(pool, folder);
    test_addresses(pool, folder);
    test_cancel(pool, folder);
    tap_ok(before > 0 && next_descriptor() == before,
           "no descriptor is left open");
    tap_ok(waitpid(other, &status, 0) == other && WEXITSTATUS(status) == 7,
           "other people's children are not reaped");
    tap_ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
           "and none of ours is left");
    in_fork(pool, "0, 1 and 2 may be closed", without_descriptors);
    in_fork(pool, "no descriptors to be had", without_files);
    in_fork(pool, "no processes to be had", without_processes);
    in_fork(pool, "no pidfd to be had", without_pidfd);
    in_fork(pool, "SIGCHLD ignored", with_sigchld_ignored);
    test_stubborn(pool, folder);
    rmdir(folder);
    return tap_end();
}
