/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/etag.h"

#include <apr_strings.h>
#include <http_protocol.h>

#include "core/crypto.h"

#define ETAG_DIGITS 32

int pwr_etag_is_had(request_rec *r, const char *type, const char *language,
                    const char *bytes)
{
    const char *const parts[] = { type, language, bytes };
    char digest[PWR_DIGEST_HEX + 1];

    if (pwr_crypto_fingerprint(digest, parts, 3) != APR_SUCCESS) {
        return 0;
    }
    apr_table_setn(r->headers_out, "ETag",
                   apr_psprintf(r->pool, "\"%.*s\"", ETAG_DIGITS, digest));
    /* Not ap_meets_conditions(): without a Last-Modified it takes this second
     * for one, and says 304 to whoever names it in If-Modified-Since. */
    switch (ap_condition_if_none_match(r, r->headers_out)) {
    case AP_CONDITION_WEAK:
    case AP_CONDITION_STRONG:
        return 1;
    case AP_CONDITION_NONE:
    case AP_CONDITION_NOMATCH:
        break;
    }
    return 0;
}
