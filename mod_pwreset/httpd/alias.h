/* SPDX-License-Identifier: Apache-2.0 */
/* Our pages at another name of the vhost, or in plain http where https is
 * public. */
#ifndef PWR_ALIAS_H
#define PWR_ALIAS_H

#include "httpd/server.h"

/* The field in the query of an address that we have led to: who comes with it
 * is led nowhere again, whatever a proxy made of his request. */
#define PWR_ALIAS_MARK "here"

/* The page of a GET at the public URL, with what its query says; NULL: it is
 * to be answered where it was asked for. */
const char *pwr_alias_lead(request_rec *r, const pwr_server *self,
                           const pwr_request *request);

#endif
