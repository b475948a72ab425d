/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "cli/command.h"
#include "core/conf.h"

#define PIPE_FD 3               /* the pipe's number in httpd */
#define PIPE_FD_TEXT "3"

/* httpd on its way to say its configuration. */
typedef struct teller {
    const char *program;
    pid_t pid;
    int dump_fd;                /* we read the JSON here */
    int talk_fd;                /* what it says on stdout and stderr */
} teller;

static void fd_close(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

/* Our environment with the number of the pipe. */
static char **environment_make(apr_pool_t *pool)
{
    static const char ours[] = PWR_DUMP_VARIABLE "=" PIPE_FD_TEXT;
    size_t name_len = sizeof(PWR_DUMP_VARIABLE "=") - 1;
    char **list, **out;
    size_t n = 0;

    while (environ[n]) {
        n++;
    }
    out = list = apr_palloc(pool, (n + 2) * sizeof(*list));
    for (size_t i = 0; i < n; i++) {
        if (strncmp(environ[i], ours, name_len) != 0) {
            *out++ = environ[i];
        }
    }
    *out++ = apr_pstrdup(pool, ours);
    *out = NULL;
    return list;
}

/* httpd looks for a relative file below its ServerRoot, a person means here. */
static char **arguments_make(apr_pool_t *pool, const char *program,
                             const char *httpd_conf)
{
    const char *list[] = { program, "-t", "-D", PWR_DUMP_DEFINE, NULL, NULL,
                           NULL };
    char *path;

    if (httpd_conf) {
        list[4] = "-f";
        list[5] = apr_filepath_merge(&path, NULL, httpd_conf,
                                     APR_FILEPATH_NATIVE, pool) == APR_SUCCESS
                      ? path : httpd_conf;
    }
    return apr_pmemdup(pool, list, sizeof(list));
}

/* What httpd says goes to a file in memory, so that it never waits for us to
 * read it while we wait for the dump. */
static int spawn(apr_pool_t *pool, teller *t, const char *httpd_conf,
                 int write_fd)
{
    posix_spawn_file_actions_t actions;
    int error;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, t->talk_fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, write_fd, PIPE_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, PIPE_FD + 1);
    error = posix_spawnp(&t->pid, t->program, &actions, NULL,
                         arguments_make(pool, t->program, httpd_conf),
                         environment_make(pool));
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static int teller_start(apr_pool_t *pool, teller *t, const char *httpd_conf)
{
    const char *named = getenv("HTTPD");
    int pipe_fds[2], error;
    char reason[120];

    t->program = named && *named ? named : PWR_HTTPD;
    t->talk_fd = memfd_create("pwresetctl", MFD_CLOEXEC);
    if (t->talk_fd < 0 || pipe2(pipe_fds, O_CLOEXEC) != 0) {
        fd_close(t->talk_fd);
        return pwr_call_fail(EX_OSERR, "no pipe to httpd: %s",
                             apr_strerror(errno, reason, sizeof(reason)));
    }
    error = spawn(pool, t, httpd_conf, pipe_fds[1]);
    close(pipe_fds[1]);
    t->dump_fd = pipe_fds[0];
    if (error != 0) {
        fd_close(t->dump_fd);
        fd_close(t->talk_fd);
        return pwr_call_fail(EX_UNAVAILABLE, "cannot run %s: %s: set HTTPD in "
                             "the environment to your httpd or apachectl",
                             t->program,
                             apr_strerror(error, reason, sizeof(reason)));
    }
    return EX_OK;
}

static size_t dump_part(void *buffer, size_t size, void *baton)
{
    const int *fd = baton;
    ssize_t n;

    do {
        n = read(*fd, buffer, size);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? (size_t)-1 : (size_t)n;
}

/* Non-zero when httpd ended with success. */
static int teller_wait(const teller *t)
{
    int status;
    pid_t pid;

    do {
        pid = waitpid(t->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    return pid == t->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void talk_show(const teller *t)
{
    char part[4096];
    ssize_t n;

    if (lseek(t->talk_fd, 0, SEEK_SET) != 0) {
        return;
    }
    while ((n = read(t->talk_fd, part, sizeof(part))) > 0) {
        fwrite(part, 1, (size_t)n, stderr);
    }
}

static int judge(const teller *t, int success, const json_t *dump,
                 const json_error_t *error)
{
    if (!success) {
        talk_show(t);
        return pwr_call_fail(EX_CONFIG, "%s refused the configuration: mend "
                             "what it says above", t->program);
    }
    if (!dump && error->position == 0) {
        return pwr_call_fail(EX_CONFIG, "%s has no mod_pwreset: add LoadModule "
                             "pwreset_module .../mod_pwreset.so to its "
                             "configuration, or name another with -c",
                             t->program);
    }
    if (!dump) {
        return pwr_call_fail(EX_CONFIG, "the dump of %s is broken at byte %d "
                             "(%s): install mod_pwreset and pwresetctl of one "
                             "version", t->program, error->position,
                             error->text);
    }
    return EX_OK;
}

static apr_status_t dump_free(void *dump)
{
    json_decref(dump);
    return APR_SUCCESS;
}

int pwr_dump_read(apr_pool_t *pool, const char *httpd_conf, json_t **dump)
{
    json_error_t error;
    teller t;
    int status;

    *dump = NULL;
    status = teller_start(pool, &t, httpd_conf);
    if (status != EX_OK) {
        return status;
    }
    *dump = json_load_callback(dump_part, &t.dump_fd, JSON_REJECT_DUPLICATES,
                               &error);
    if (*dump) {
        apr_pool_cleanup_register(pool, *dump, dump_free,
                                  apr_pool_cleanup_null);
    }
    close(t.dump_fd);
    status = judge(&t, teller_wait(&t), *dump, &error);
    close(t.talk_fd);
    return status;
}
