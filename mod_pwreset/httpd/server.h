/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of httpd/ share: the module's part of a server_rec and of a
 * request_rec, and logging. */
#ifndef PWR_SERVER_H
#define PWR_SERVER_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include "core/builtin.h"
#include "flow/env.h"

/* The one symbol that httpd looks for; everything else is hidden. */
extern module AP_MODULE_DECLARE_DATA pwreset_module
    __attribute__((visibility("default")));
APLOG_USE_MODULE(pwreset);

typedef struct pwr_route pwr_route;
typedef struct pwr_limits pwr_limits;
typedef struct pwr_trail pwr_trail;

/* One per server_rec.  Written while the configuration is read and checked,
 * read-only in the children. */
typedef struct pwr_server {
    server_rec *server;
    pwr_conf *conf;             /* merged; complete once `site` is there */
    const char *dbd_driver;     /* of mod_dbd, seen passing by */
    const char *dbd_params;
    int dbd_max;
    const char *dbd_min;        /* as it is said; NULL: it is not */
    pwr_site *site;             /* NULL: PwReset is off here */
    pwr_store *store;
    int tenant;                 /* where shared memory keeps its realm */
    int pool;                   /* and its pool of connections */
    pwr_limits *limits;         /* of the realm; made after the configuration
                                 * was checked */
    const pwr_trail *trail;     /* of PwResetAudit; NULL: the error log */
    pwr_diag diag;
} pwr_server;

/* One per request, shared by its sub-requests and internal redirects. */
typedef struct pwr_call {
    const pwr_route *route;     /* NULL: not one of our pages */
    const pwr_builtin *asset;   /* of the route of files; else NULL */
    const char *query;          /* of our pages, before redaction; secret */
    const char *target;         /* unparsed_uri, before redaction; secret */
    const char *cookies;        /* the Cookie header as it came; secret */
    int is_guarded;             /* AuthType PwReset asked who it is */
    int is_visitor_known;       /* `visitor` was looked up */
    pwr_visitor visitor;
} pwr_call;

/* The module's part; never NULL, but perhaps another server's: a vhost without
 * a directive of ours shares that of the main server. */
pwr_server *pwr_server_of(const server_rec *server);

/* The module's part where PwReset is On in this very server, else NULL. */
pwr_server *pwr_server_active(const server_rec *server);

/* Do both keep their rows in the same tables? */
int pwr_server_same_store(const pwr_server *a, const pwr_server *b);

/* Of the vhosts that share its store, is this the first?  It stands for all of
 * them. */
int pwr_server_is_first_of_store(server_rec *main_server,
                                 const pwr_server *self);

/* Is it On in any server at all? */
int pwr_server_any_active(const server_rec *main_server);

/* The call of a request, of what it was redirected from, or of its main
 * request; NULL where the module is off. */
pwr_call *pwr_call_of(request_rec *r);

/* Every message of httpd/ has an id of its own too. */
#define PWR_LOG(id) id ": "

#endif
