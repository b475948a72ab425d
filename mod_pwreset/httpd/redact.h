/* SPDX-License-Identifier: Apache-2.0 */
/* No control string in any log: the query of every URL under our base leaves
 * the request before anything writes it down. */
#ifndef PWR_REDACT_H
#define PWR_REDACT_H

#include "httpd/server.h"

/* Take the query out of the request line, the URI and the Referer of a request
 * under our base.  Returns the query (NULL: there was none, or the path is not
 * ours).  Idempotent. */
const char *pwr_redact_request(request_rec *r, const pwr_server *self);

/* Hook log_transaction, first of all: also for requests that were refused
 * before any other hook saw them.  Takes from our answers what logs must not
 * have: the query of Location, the cookies. */
int pwr_redact_log(request_rec *r);

#endif
