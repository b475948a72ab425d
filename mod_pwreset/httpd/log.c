/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/log.h"

#include "httpd/shared.h"

static const int levels[] = {
    [PWR_LEVEL_ERROR] = APLOG_ERR,
    [PWR_LEVEL_WARNING] = APLOG_WARNING,
    [PWR_LEVEL_NOTICE] = APLOG_NOTICE,
    [PWR_LEVEL_INFO] = APLOG_INFO,
    [PWR_LEVEL_DEBUG] = APLOG_DEBUG,
};

static int is_of_database(const char *id)
{
    return strncmp(id, "PWR02", 5) == 0;
}

/* Of a pool of connections what all its sites meet, else of the vhost; both
 * have one address in all children. */
static int is_new(void *baton, const pwr_diag_tale *tale)
{
    server_rec *server = baton;
    const pwr_shared *shared = pwr_shared_memory();
    const void *of = server;

    if (shared && tale->is_shared && pwr_server_active(server)) {
        of = &shared->pool[pwr_server_of(server)->pool];
    }
    return pwr_shared_is_new(of, tale->id, tale->cause);
}

static void emit(void *baton, pwr_level level, apr_status_t status,
                 const char *id, const char *text)
{
    server_rec *server = baton;

    ap_log_error(APLOG_MARK, levels[level], status, server, "%s: %s", id,
                 text);
    /* The status page shows the last one of the database. */
    if (level != PWR_LEVEL_NOTICE && is_of_database(id)
        && pwr_shared_memory() && pwr_server_active(server)) {
        pwr_shared_pool_error(pwr_server_of(server), text);
    }
}

pwr_diag pwr_log_for(server_rec *server)
{
    return (pwr_diag){ emit, server, is_new };
}
