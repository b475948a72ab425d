/* SPDX-License-Identifier: Apache-2.0 */
/* What a page is recognised by that is the same for everybody. */
#ifndef PWR_ETAG_H
#define PWR_ETAG_H

#include <httpd.h>

/* Name the page by a strong ETag, a digest of its media type, its language and
 * its bytes; true when the client has that page (If-None-Match), and 304 is the
 * answer to a GET or HEAD. */
int pwr_etag_is_had(request_rec *r, const char *type, const char *language,
                    const char *bytes);

#endif
