/* SPDX-License-Identifier: Apache-2.0 */
/* Between httpd's request and the flows': what is read from the wire, and what
 * is written to it. */
#ifndef PWR_EXCHANGE_H
#define PWR_EXCHANGE_H

#include "httpd/server.h"

/* Read a request for one of our pages, let its flow decide, answer. */
int pwr_exchange_page(request_rec *r, pwr_server *self, pwr_call *call);

/* The headers of every page of ours, whatever it is. */
void pwr_exchange_protect(request_rec *r);

/* 401 and a page, for a form that somebody sent to a page that is not ours
 * without a session; `login` leads in and back, NULL: nowhere.  DONE: the
 * answer was sent. */
int pwr_exchange_unknown(request_rec *r, pwr_server *self, const char *login);

/* 503 with Retry-After for a page that is not ours (AuthType PwReset while the
 * database is away). */
int pwr_exchange_away(request_rec *r);

#endif
