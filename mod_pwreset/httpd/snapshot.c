/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/snapshot.h"

#include <ap_mpm.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include "httpd/ask.h"
#include "httpd/dbd.h"
#include "httpd/gate.h"
#include "httpd/shared.h"

/* A child that takes over the mails needs no longer. */
#define TAKEOVER_MS 4000

/* ---- the host ---- */

static const char *host_name(apr_pool_t *pool, const server_rec *server)
{
    char name[APRMAXHOSTLEN + 1];

    return apr_gethostname(name, sizeof(name), pool) == APR_SUCCESS
        ? apr_pstrdup(pool, name) : server->server_hostname;
}

static int64_t age_sec(int64_t then_ms)
{
    return then_ms ? (pwr_now_ms() - then_ms) / 1000 : -1;
}

static void put_lease(apr_pool_t *pool, pwr_status_host *host,
                      pwr_lease *lease)
{
    int64_t now_ms = pwr_now_ms();

    pwr_shared_lock(&lease->lock);
    host->worker_alive = now_ms <= lease->until_ms + TAKEOVER_MS
        || host->uptime_sec < TAKEOVER_MS / 1000;
    if (lease->holder) {
        host->worker = apr_psprintf(pool, "process %d", (int)lease->holder);
    }
    pthread_mutex_unlock(&lease->lock);
    host->swept_sec = age_sec(__atomic_load_n(&lease->swept_ms,
                                              __ATOMIC_RELAXED));
}

static void put_gate(pwr_status_host *host)
{
    const pwr_gate_use use = pwr_gate_look();

    host->hash_places = use.places;
    host->hash_held = use.held;
    host->hash_seats = use.seats;
    host->hash_taken = use.taken;
    host->hash_waiting = use.waiting;
}

static pwr_status_host host_of(apr_pool_t *pool, const server_rec *server)
{
    pwr_shared *shared = pwr_shared_memory();
    int generation = 0, children = 0;
    pwr_status_host host = {
        .name = host_name(pool, server),
        .version = PWR_VERSION,
        .software = ap_get_server_description(),
        .uptime_sec = -1, .children = -1, .hash_places = -1, .hash_held = -1,
        .hash_seats = -1, .hash_taken = -1, .hash_waiting = -1,
        .worker_alive = -1, .swept_sec = -1,
    };

    ap_mpm_query(AP_MPMQ_GENERATION, &generation);
    host.generation = generation;
    if (shared) {
        pwr_shared_lent(0, &children);
        host.children = children;
        host.uptime_sec = age_sec(shared->made_ms);
        put_lease(pool, &host, &shared->lease);
        put_gate(&host);
    }
    return host;
}

/* ---- databases ---- */

/* Of the parameters none but these two is shown. */
static const char *store_name(apr_pool_t *pool, const pwr_server *self)
{
    const char *driver = self->dbd_driver, *prefix = self->conf->table_prefix;
    const char *base, *host;

    if (strcmp(driver, "mysql") != 0) {
        return apr_psprintf(pool, "%s %s, tables %s*", driver,
                            self->dbd_params, prefix);
    }
    base = pwr_store_dbd_param(pool, self->dbd_params, "dbname");
    host = pwr_store_dbd_param(pool, self->dbd_params, "host");
    return apr_psprintf(pool, "%s%s%s%s%s, tables %s*", driver,
                        base ? " " : "", base ? base : "",
                        host ? " on " : "", host ? host : "", prefix);
}

/* Two that are called the same are told by a number. */
static const char *unique_name(apr_pool_t *pool, const pwr_status *status,
                               const char *name)
{
    const char *unique = name;
    int n = 1, i = 0;

    while (i < status->stores_n) {
        if (strcmp(status->store[i++].name, unique) == 0) {
            unique = apr_psprintf(pool, "%s (%d)", name, ++n);
            i = 0;
        }
    }
    return unique;
}

static void put_life(apr_pool_t *pool, pwr_status_store *store,
                     const pwr_server *self)
{
    pwr_pool_life *life = &pwr_shared_memory()->pool[self->pool];
    int children = 0;

    store->away_sec = age_sec(__atomic_load_n(&life->away_since_ms,
                                              __ATOMIC_RELAXED));
    store->breaker = store->away_sec >= 0;
    store->used_sec = age_sec(__atomic_load_n(&life->used_ms,
                                              __ATOMIC_RELAXED));
    store->borrow_usec = __atomic_load_n(&life->borrow_usec,
                                         __ATOMIC_RELAXED);
    store->use_usec = __atomic_load_n(&life->use_usec, __ATOMIC_RELAXED);
    store->uses = (int64_t)__atomic_load_n(&life->uses, __ATOMIC_RELAXED);
    store->failures = (int64_t)__atomic_load_n(&life->failures,
                                               __ATOMIC_RELAXED);
    store->busy = (int64_t)__atomic_load_n(&life->busy, __ATOMIC_RELAXED);
    store->lent = pwr_shared_lent(self->pool, &children);
    store->lent_max = (int64_t)children * pwr_dbd_max(self);
    pwr_shared_lock(&life->lock);
    store->error_sec = age_sec(life->error_ms);
    store->error = life->error_ms ? apr_pstrdup(pool, life->error) : NULL;
    pthread_mutex_unlock(&life->lock);
}

static void put_store(apr_pool_t *pool, pwr_status *status,
                      const pwr_answer *answer)
{
    pwr_status_store *store = &status->store[status->stores_n];

    *store = (pwr_status_store){
        .name = unique_name(pool, status, store_name(pool, answer->self)),
        .up = answer->is_there && answer->status == APR_SUCCESS,
        .refuses = answer->is_there && answer->status == PWR_STORE_BROKEN,
        .answer_usec = answer->is_there ? answer->took_usec : -1,
    };
    status->stores_n++;
    put_life(pool, store, answer->self);
}

/* ---- realms ---- */

/* The first server of this realm and store. */
static const pwr_server *server_of(server_rec *main_server,
                                   const pwr_server *store,
                                   const char *realm)
{
    for (server_rec *s = main_server; s; s = s->next) {
        const pwr_server *self = pwr_server_active(s);

        if (self && strcmp(self->conf->realm, realm) == 0
            && pwr_server_same_store(self, store)) {
            return self;
        }
    }
    return store;
}

/* Realms of one name on two databases share their counters: `is_counted` says
 * that they were shown already. */
static void put_tenant(apr_pool_t *pool, pwr_status_realm *realm,
                       pwr_tenant *tenant, int is_counted)
{
    for (int i = 0; i < PWR_COUNTS_N; i++) {
        realm->count[i] = is_counted ? -1
            : (int64_t)__atomic_load_n(&tenant->count[i], __ATOMIC_RELAXED);
    }
    if (!is_counted) {
        pwr_shared_lock(&tenant->lock);
        realm->mail_error_sec = age_sec(tenant->mail_error_ms);
        realm->mail_error = tenant->mail_error_ms
            ? apr_pstrdup(pool, tenant->mail_error) : NULL;
        pthread_mutex_unlock(&tenant->lock);
    }
}

static void put_realms(apr_pool_t *pool, pwr_status *status,
                       server_rec *main_server, const pwr_answer *answer,
                       unsigned char *is_counted)
{
    const char *store = status->store[status->stores_n - 1].name;

    for (int i = 0; i < answer->survey.n; i++) {
        const pwr_survey_row *row = &answer->survey.row[i];
        const pwr_server *self = server_of(main_server, answer->self,
                                           row->realm);
        pwr_status_realm *realm = &status->realm[status->realms_n++];

        *realm = (pwr_status_realm){
            .name = row->realm, .site = self->conf->public_url,
            .store = store, .waiting = row->waiting, .leased = row->leased,
            .failing = row->failing, .given_up = row->given_up,
            .oldest_sec = row->oldest_sec, .sessions = row->sessions,
            .job_error = row->error,
        };
        put_tenant(pool, realm, pwr_shared_tenant(self),
                   is_counted[self->tenant]);
        is_counted[self->tenant] = 1;
    }
}

pwr_status pwr_snapshot_take(apr_pool_t *pool, server_rec *main_server)
{
    pwr_answers answers = pwr_ask_all(pool, main_server);
    pwr_status status = {
        .now = apr_time_sec(apr_time_now()),
        .host = host_of(pool, main_server),
    };
    unsigned char *is_counted = apr_pcalloc(pool, PWR_TENANTS_MAX);
    size_t realms_n = 1;

    for (int i = 0; i < answers.n; i++) {
        realms_n += (size_t)answers.row[i].survey.n;
    }
    status.store = apr_palloc(pool, sizeof(*status.store)
                                        * ((size_t)answers.n + 1));
    status.realm = apr_palloc(pool, sizeof(*status.realm) * realms_n);
    for (int i = 0; i < answers.n; i++) {
        put_store(pool, &status, &answers.row[i]);
        put_realms(pool, &status, main_server, &answers.row[i], is_counted);
    }
    return status;
}
