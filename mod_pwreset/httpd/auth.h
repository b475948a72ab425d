/* SPDX-License-Identifier: Apache-2.0 */
/* AuthType PwReset: who a request's cookie says it is, and what a visitor gets
 * who is nobody. */
#ifndef PWR_AUTH_H
#define PWR_AUTH_H

#include "httpd/server.h"

/* Look up the visitor of a call, once.  Not APR_SUCCESS: the database could
 * not be asked. */
apr_status_t pwr_auth_visitor(request_rec *r, const pwr_server *self,
                              pwr_call *call);

/* Hook post_read_request's part: remember the Cookie header and take our
 * cookies and a spoofed user header out of the request. */
void pwr_auth_conceal(request_rec *r, const pwr_server *self, pwr_call *call);

/* Are these names of headers one name to whoever is behind us?  In the
 * variables of CGI, WSGI and PHP X_User is X-User, and some servers do not drop
 * it. */
int pwr_auth_is_alike(const char *name, const char *other);

/* Take our cookies, and no others, out of the request. */
void pwr_auth_hide_cookie(request_rec *r, const pwr_server *self);

/* Hook access_checker_ex, last of all: our own pages need no user. */
int pwr_auth_own_page(request_rec *r);

/* Hook check_authn. */
int pwr_auth_check(request_rec *r);

/* What a 401 must say (RFC 9110 15.5.2): WWW-Authenticate. */
void pwr_auth_demand(request_rec *r, const pwr_server *self);

/* Hook note_auth_failure. */
int pwr_auth_challenge(request_rec *r, const char *auth_type);

/* Require pwreset-group NAME...: who is in one of these. */
void pwr_auth_register_groups(apr_pool_t *pool);

/* Answers under AuthType PwReset are one visitor's: an output filter that says
 * so to every cache. */
void pwr_auth_register_filter(void);
void pwr_auth_insert_filter(request_rec *r);

#endif
