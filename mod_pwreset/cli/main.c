/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sysexits.h>

#include <apr_general.h>

#include "cli/command.h"
#include "cli/database.h"
#include "cli/dump.h"

int pwr_call_fail(int status, const char *format, ...)
{
    va_list args;

    fputs("pwresetctl: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

int pwr_call_store_status(apr_status_t status)
{
    char reason[120];

    switch (status) {
    case APR_SUCCESS:
        return EX_OK;
    case PWR_STORE_AWAY:
        return EX_TEMPFAIL;
    case PWR_STORE_BROKEN:
        return EX_CONFIG;
    default:
        return pwr_call_fail(EX_OSERR, "the system failed: %s: nothing was "
                             "changed", apr_strerror(status, reason,
                                                     sizeof(reason)));
    }
}

/* What the layers below have to say to an operator; the way of a request is
 * not of interest here. */
static void emit(void *baton, pwr_level level, apr_status_t status,
                 const char *id, const char *text)
{
    char reason[120] = "";

    (void)baton;
    if (level > PWR_LEVEL_NOTICE) {
        return;
    }
    if (status != APR_SUCCESS && status < APR_OS_START_USERERR) {
        apr_strerror(status, reason, sizeof(reason));
    }
    fprintf(stderr, "pwresetctl: %s%s%s%s [%s]\n", text, *reason ? " (" : "",
            reason, *reason ? ")" : "", id);
}

/* What the command and its options need; two options that want different
 * things cannot be meant together. */
static int need_of(const pwr_call *call, pwr_need *need)
{
    const pwr_option *first = NULL, *option = call->command->options;

    *need = call->command->need;
    for (int i = 0; option && option[i].name; i++) {
        if (!call->option[i] || option[i].need == PWR_NEED_UNSAID) {
            continue;
        }
        if (first) {
            return pwr_call_fail(EX_USAGE, "--%s and --%s do not go together: "
                                 "give one of them", first->name,
                                 option[i].name);
        }
        first = &option[i];
        *need = first->need;
    }
    return EX_OK;
}

/* Once for each site.  One of them may know nothing of what was asked, or be
 * broken, and the others answer; the status is the first that tells of a
 * trouble, else success where there was any. */
static int run_each(pwr_call *call, const json_t *dump)
{
    apr_array_header_t *vhosts;
    int all = EX_NOUSER, trouble = EX_OK;
    int status = pwr_vhost_each(call->pool, dump, call->vhost_name, &vhosts);

    if (status != EX_OK) {
        return status;
    }
    for (int i = 0; i < vhosts->nelts; i++) {
        call->site_i = i;
        call->vhost = APR_ARRAY_IDX(vhosts, i, const pwr_vhost *);
        status = pwr_database_open(call->pool, call->vhost, call->diag,
                                   &call->store);
        if (status == EX_OK) {
            status = call->command->run(call);
        }
        if (status == EX_OK) {
            all = EX_OK;
        }
        else if (status != EX_NOUSER && trouble == EX_OK) {
            trouble = status;
        }
    }
    return trouble != EX_OK ? trouble : all;
}

static int run_one(pwr_call *call, const json_t *dump, pwr_need need)
{
    int status = EX_OK;

    if (need >= PWR_NEED_VHOST) {
        status = pwr_vhost_choose(call->pool, dump, call->vhost_name,
                                  &call->vhost);
    }
    if (status == EX_OK && need == PWR_NEED_STORE) {
        status = pwr_database_open(call->pool, call->vhost, call->diag,
                                   &call->store);
    }
    return status == EX_OK ? call->command->run(call) : status;
}

static int run(apr_pool_t *pool, int argc, const char *const *argv)
{
    static const pwr_diag diag = { .emit = emit };
    pwr_call call = { .pool = pool, .diag = &diag };
    int status = pwr_command_parse(&call, argc, argv);
    json_t *dump = NULL;
    pwr_need need = PWR_NEED_UNSAID;

    if (status == EX_OK) {
        status = need_of(&call, &need);
    }
    if (status == EX_OK && need >= PWR_NEED_VHOST) {
        status = pwr_dump_read(pool, call.httpd_conf, &dump);
    }
    if (status != EX_OK) {
        return status;
    }
    return need == PWR_NEED_EACH ? run_each(&call, dump)
                                 : run_one(&call, dump, need);
}

int main(int argc, const char *const *argv)
{
    const struct rlimit none = { 0, 0 };
    apr_pool_t *pool;
    int status;

    /* A crash must not write somebody's password to disk. */
    setrlimit(RLIMIT_CORE, &none);
    /* What was found out before the database hung is seen. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (apr_initialize() != APR_SUCCESS
        || apr_pool_create(&pool, NULL) != APR_SUCCESS) {
        return pwr_call_fail(EX_OSERR, "cannot start: not enough memory");
    }
    status = run(pool, argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        status = pwr_call_fail(EX_IOERR, "standard output was not written: "
                               "is the disk full?");
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return status;
}
