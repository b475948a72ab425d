/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/asset.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_protocol.h>

#include "core/text.h"
#include "flow/page.h"

/* Was the asset asked for by the version that it has?  Under another one,
 * which a page of a newer or older node may name, it must not stay. */
static int is_version_asked(request_rec *r, const pwr_builtin *asset)
{
    return pwr_text_same(pwr_call_of(r)->query,
                         apr_pstrcat(r->pool, "v=",
                                     pwr_page_version(r->pool, asset), NULL));
}

int pwr_asset_send(request_rec *r, const pwr_builtin *asset)
{
    int status;

    /* mod_cache sees no query, as it is redacted: the file of before an update
     * would be that of all versions for a year. */
    r->no_cache = 1;
    ap_set_content_type(r, pwr_site_asset_type(asset->path));
    ap_set_content_length(r, (apr_off_t)asset->len);
    apr_table_setn(r->headers_out, "ETag", asset->etag);
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    /* A picture of the admin's that is opened as a page runs nothing. */
    apr_table_setn(r->headers_out, "Content-Security-Policy", "sandbox");
    apr_table_setn(r->headers_out, "Cache-Control", is_version_asked(r, asset)
                   ? "public, max-age=31536000, immutable"
                   : "public, max-age=300");
    status = ap_meets_conditions(r);
    if (status != OK) {
        return status;
    }
    ap_rwrite(asset->bytes, (int)asset->len, r);
    return OK;
}
