/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/database.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <apr_dbd.h>
#include <apr_strings.h>

#include "cli/command.h"
#include "io/store_dbd.h"

/* Longer than any statement takes.  The driver knows no timeout for an answer,
 * and who asks why a database hangs must not hang with it. */
#define ANSWER_SEC 10

/* Async-signal-safe. */
static void give_up(int signal)
{
    static const char text[] = "pwresetctl: the database has not answered for "
        "10 s: see what it does (SHOW PROCESSLIST), its host, and the network "
        "between\n";

    (void)signal;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    _exit(EX_UNAVAILABLE);
}

/* For each statement anew: a work has hundreds, and the way may be long. */
static void be_patient(void)
{
    alarm(ANSWER_SEC);
}

/* The one connection; `pool` is NULL while there is none. */
typedef struct lender {
    apr_pool_t *root;
    const pwr_vhost *vhost;
    const pwr_diag *diag;
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle;
    apr_pool_t *pool;
} lender;

static apr_status_t lender_borrow(void *baton, apr_pool_t *pool,
                                  pwr_dbd_conn *conn)
{
    lender *l = baton;
    const char *error = NULL;
    apr_status_t status;

    (void)pool;
    signal(SIGALRM, give_up);
    be_patient();
    if (!l->pool) {
        apr_pool_create(&l->pool, l->root);
        status = apr_dbd_open_ex(l->driver, l->pool, l->vhost->params,
                                 &l->handle, &error);
        if (status != APR_SUCCESS) {
            pwr_diag_log(l->diag, PWR_LEVEL_ERROR, status, "PWR0901",
                         "no connection to the database of %s: %s: check "
                         "DBDParams (%s:%d) and that it runs",
                         l->vhost->server, error ? error : "no reason given",
                         l->vhost->file, l->vhost->line);
            apr_pool_destroy(l->pool);
            l->pool = NULL;
            alarm(0);
            return PWR_STORE_AWAY;
        }
    }
    *conn = (pwr_dbd_conn){
        .driver = l->driver, .handle = l->handle, .pool = l->pool,
        .asks = be_patient
    };
    return APR_SUCCESS;
}

static void lender_give_back(void *baton, pwr_dbd_conn *conn, int broken)
{
    lender *l = baton;

    (void)conn;
    alarm(0);
    if (broken && l->pool) {
        apr_dbd_close(l->driver, l->handle);
        apr_pool_destroy(l->pool);
        l->pool = NULL;
    }
}

/* A file that root makes in httpd's folder would be root's, and httpd could not
 * write it: make it here, for the folder's owner.  SQLite gives its own files
 * beside it the same owner. */
static void sqlite_file_make(apr_pool_t *pool, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct stat folder;
    int fd;

    if (geteuid() != 0 || !slash
        || stat(apr_pstrmemdup(pool, path, (apr_size_t)(slash - path) + 1),
                &folder) != 0) {
        return;
    }
    /* O_EXCL: never what somebody put there, nor through his link. */
    fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) {
        if (fchown(fd, folder.st_uid, folder.st_gid) != 0) {
            unlink(path);
        }
        close(fd);
    }
}

static int driver_find(apr_pool_t *pool, const pwr_vhost *vhost,
                       const apr_dbd_driver_t **driver)
{
    if (!vhost->driver || !vhost->params) {
        return pwr_call_fail(EX_CONFIG, "%s has no database: set DBDriver and "
                             "DBDParams (%s:%d)", vhost->server, vhost->file,
                             vhost->line);
    }
    if (apr_dbd_init(pool) != APR_SUCCESS
        || apr_dbd_get_driver(pool, vhost->driver, driver) != APR_SUCCESS) {
        return pwr_call_fail(EX_UNAVAILABLE, "DBDriver %s is not installed: "
                             "on Debian, apt install libaprutil1-dbd-%s",
                             vhost->driver, vhost->driver);
    }
    return EX_OK;
}

pwr_store_conf pwr_database_conf(const pwr_vhost *vhost)
{
    pwr_store_conf conf = pwr_store_dbd_conf(vhost->conf, vhost->driver);

    if (!conf.list_query && pwr_call_is_shipped_table(vhost->conf)) {
        conf.list_query = PWR_SHIPPED_LIST_QUERY;
    }
    return conf;
}

int pwr_database_open(apr_pool_t *pool, const pwr_vhost *vhost,
                      const pwr_diag *diag, pwr_store **store)
{
    const pwr_store_conf store_conf = pwr_database_conf(vhost);
    lender *l = apr_pcalloc(pool, sizeof(*l));
    const pwr_dbd_lender lends = { lender_borrow, lender_give_back, l };
    const char *error;
    int status = driver_find(pool, vhost, &l->driver);

    if (status != EX_OK) {
        return status;
    }
    l->root = pool;
    l->vhost = vhost;
    l->diag = diag;
    error = pwr_store_dbd_make(pool, &store_conf, &lends, diag, store);
    if (error) {
        return pwr_call_fail(EX_CONFIG, "%s:%d: %s", vhost->file, vhost->line,
                             error);
    }
    if (strcmp(vhost->driver, "sqlite3") == 0) {
        sqlite_file_make(pool, vhost->params);
    }
    return EX_OK;
}
