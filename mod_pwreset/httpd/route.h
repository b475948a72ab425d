/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests are ours. */
#ifndef PWR_ROUTE_H
#define PWR_ROUTE_H

#include "core/builtin.h"
#include "core/form.h"
#include "httpd/server.h"

typedef enum pwr_needs {
    PWR_NEEDS_NOTHING = 0,
    PWR_NEEDS_VISITOR = 1,      /* look up who is signed in */
    PWR_NEEDS_LOGIN = 2         /* only where the site has our login */
} pwr_needs;

struct pwr_route {
    const char *path;               /* under the base, or absolute */
    unsigned needs;                 /* pwr_needs */
    pwr_flow *get;
    pwr_flow *post;                 /* NULL: GET and HEAD only */
    const pwr_form_field *query;
    const pwr_form_field *form;
    pwr_limit_class limit;          /* that a post counts into */
    const char *limited;            /* so does a GET with this in its query;
                                     * NULL: none */
};

/* Is there a page of ours, or a file of theirs, at this path? */
int pwr_route_has(const pwr_site *site, const char *path);

/* The call of a request that is for one of our pages itself; NULL for others,
 * its sub-requests and what it was redirected to internally. */
pwr_call *pwr_route_own(request_rec *r);

/* Hooks. */
int pwr_route_read(request_rec *r);             /* post_read_request, first */
int pwr_route_translate(request_rec *r);        /* (pre_)translate_name */
/* pre_translate_name, last: nobody took the path as it came.  httpd is going to
 * decode it; where it cannot, it says so with the whole URL. */
int pwr_route_decode(request_rec *r);
int pwr_route_map(request_rec *r);              /* map_to_storage */
int pwr_route_bind(request_rec *r);             /* fixups */
int pwr_route_handle(request_rec *r);           /* handler, first */

#endif
