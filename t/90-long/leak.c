/* SPDX-License-Identifier: Apache-2.0 */
/* A module for timing.t that takes a millisecond longer over requests that say
 * so: a leak which must be found by what finds none in ours. */
#include <httpd.h>
#include <http_config.h>
#include <http_request.h>

#define LEAK_USEC 1000

static int take_longer(request_rec *r)
{
    if (apr_table_get(r->headers_in, "X-Leak")) {
        apr_sleep(LEAK_USEC);
    }
    return DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_fixups(take_longer, NULL, NULL, APR_HOOK_FIRST);
}

AP_DECLARE_MODULE(leak) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, 0
};
