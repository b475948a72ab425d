/* SPDX-License-Identifier: Apache-2.0 */
/* mod_pwreset: account recovery and login for every site behind this httpd.
 *
 * This file holds the module's record and where we stand in httpd's phases;
 * the way of a request is at the top of route.c. */
#include <ap_mpm.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>
#include <mpm_common.h>

#include "httpd/ask.h"
#include "httpd/auth.h"
#include "httpd/cache.h"
#include "httpd/config.h"
#include "httpd/dbd.h"
#include "httpd/delay.h"
#include "httpd/gate.h"
#include "httpd/limits.h"
#include "httpd/redact.h"
#include "httpd/route.h"
#include "httpd/shared.h"
#include "httpd/status.h"
#include "httpd/supervisor.h"
#include "httpd/trail.h"
#include "httpd/worker.h"

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *main_server)
{
    apr_status_t status;

    (void)plog;
    (void)ptemp;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG
        || !pwr_server_any_active(main_server)) {
        return OK;
    }
    status = pwr_shared_make(main_server);
    if (status == APR_SUCCESS) {
        status = pwr_limits_make(main_server);
    }
    if (status == APR_SUCCESS) {
        status = pwr_dbd_seat(pconf, main_server);
    }
    if (status == APR_SUCCESS) {
        status = pwr_cache_make(pconf);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, main_server,
                     PWR_LOG("PWR0001") "shared memory cannot be made: see "
                     "the host's limits of memory and open files");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    pwr_trail_open(pconf, main_server);
    return OK;
}

static void child_init(apr_pool_t *pchild, server_rec *main_server)
{
    pwr_shared_child(pchild);
    /* Cleanups run backwards: those below may end by waiting for threads that
     * hang in the database. */
    pwr_supervisor_start(pchild, main_server);
    pwr_ask_start(pchild);
    pwr_delay_start(pchild, main_server);
    pwr_worker_start(pchild, main_server);
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_check_config(pwr_config_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(pwr_config_dump, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_stopping(pwr_gate_stop, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_stopping(pwr_worker_stop, NULL, NULL, APR_HOOK_MIDDLE);

    ap_hook_post_read_request(pwr_route_read, NULL, NULL,
                              APR_HOOK_REALLY_FIRST);
    ap_hook_log_transaction(pwr_redact_log, NULL, NULL,
                            APR_HOOK_REALLY_FIRST);
    /* Both, or ProxyPass with mapping=encoded takes our pages. */
    ap_hook_pre_translate_name(pwr_route_translate, NULL, NULL,
                               APR_HOOK_REALLY_FIRST);
    ap_hook_pre_translate_name(pwr_route_decode, NULL, NULL,
                               APR_HOOK_REALLY_LAST);
    ap_hook_translate_name(pwr_route_translate, NULL, NULL,
                           APR_HOOK_REALLY_FIRST);
    ap_hook_pre_translate_name(pwr_status_translate, NULL, NULL,
                               APR_HOOK_REALLY_FIRST);
    ap_hook_translate_name(pwr_status_translate, NULL, NULL,
                           APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(pwr_status_map, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(pwr_route_map, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_access_checker_ex(pwr_auth_own_page, NULL, NULL,
                              APR_HOOK_REALLY_LAST);
    ap_hook_check_authn(pwr_auth_check, NULL, NULL, APR_HOOK_MIDDLE,
                        AP_AUTH_INTERNAL_PER_CONF);
    pwr_auth_register_groups(pool);
    ap_hook_note_auth_failure(pwr_auth_challenge, NULL, NULL,
                              APR_HOOK_MIDDLE);
    ap_hook_fixups(pwr_route_bind, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(pwr_status_handle, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(pwr_route_handle, NULL, NULL, APR_HOOK_REALLY_FIRST);

    pwr_auth_register_filter();
    ap_hook_insert_filter(pwr_auth_insert_filter, NULL, NULL,
                          APR_HOOK_LAST);
    ap_hook_insert_error_filter(pwr_auth_insert_filter, NULL, NULL,
                                APR_HOOK_LAST);
}

module AP_MODULE_DECLARE_DATA pwreset_module = {
    STANDARD20_MODULE_STUFF,
    NULL,
    NULL,
    pwr_config_create,
    pwr_config_merge,
    pwr_config_commands,
    register_hooks,
    0
};
