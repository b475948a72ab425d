/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/agenda.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "core/fair.h"
#include "core/network.h"
#include "httpd/shared.h"

#define JOB_BATCH 100
/* Of a store at a time, as the lease is short: so many of the oldest, and so
 * many from where the last time ended. */
#define PAGES_OLD 25
#define PAGES_FAR 25
/* More of one client or realm would not have their turn before all is read
 * anew, and leave no room for others. */
#define PER_CLIENT 20
#define PER_REALM (PWR_AGENDA_MAX / 4)
#define NETWORKS_MAX PWR_FAIR_PARTIES_MAX

struct pwr_agenda {
    apr_pool_t *job_pool;
    pwr_errand *errand;
    int errands_n;
    int left;
    int slots_n;
    int has_realms;             /* more than one */
    int realm_count[PWR_FAIR_PARTIES_MAX];
    int client_count[NETWORKS_MAX];
    int64_t read_ms;
    uint64_t turn;
    uint64_t realm_served[PWR_FAIR_PARTIES_MAX];
    /* What one realm's clients are called, and when each had its turn. */
    apr_pool_t *network_pool;
    apr_hash_t *networks;       /* "TENANT NETWORK" -> party */
    uint64_t network_served[NETWORKS_MAX];
    apr_hash_t *far;            /* of each store, by its first server */
    int64_t blocked_until_ms[PWR_FAIR_PARTIES_MAX];
    pwr_fair_claim claim[PWR_AGENDA_MAX + PWR_AGENDA_HELD_MAX];
};

/* Are there vhosts of more than one realm? */
static int has_realms(server_rec *main_server)
{
    const pwr_server *first = NULL;

    for (server_rec *s = main_server; s; s = s->next) {
        const pwr_server *self = pwr_server_active(s);

        if (self && first && self->tenant != first->tenant) {
            return 1;
        }
        first = first ? first : self;
    }
    return 0;
}

pwr_agenda *pwr_agenda_make(apr_pool_t *pool, server_rec *main_server,
                            int slots_n)
{
    pwr_agenda *agenda = apr_pcalloc(pool, sizeof(*agenda));

    agenda->slots_n = slots_n;
    agenda->has_realms = has_realms(main_server);
    agenda->far = apr_hash_make(pool);
    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);

        if (self) {
            apr_hash_set(agenda->far, &self->server, sizeof(server_rec *),
                         apr_pcalloc(pool, sizeof(pwr_job)));
        }
    }
    apr_pool_create(&agenda->job_pool, pool);
    apr_pool_create(&agenda->network_pool, pool);
    agenda->networks = apr_hash_make(agenda->network_pool);
    return agenda;
}

void pwr_agenda_clear(pwr_agenda *agenda)
{
    apr_pool_clear(agenda->job_pool);
    agenda->errand = apr_palloc(agenda->job_pool, sizeof(*agenda->errand)
                                                      * PWR_AGENDA_MAX);
    agenda->errands_n = 0;
    agenda->left = 0;
    memset(agenda->realm_count, 0, sizeof(agenda->realm_count));
    memset(agenda->client_count, 0, sizeof(agenda->client_count));
    agenda->read_ms = pwr_now_ms();
}

/* ---- what is due ---- */

/* The vhost of a realm on this store; another node may know realms that we do
 * not, their jobs are not ours. */
static pwr_server *server_of_realm(server_rec *main_server,
                                   const pwr_server *store_of,
                                   const char *realm)
{
    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);

        if (self && realm && strcmp(self->conf->realm, realm) == 0
            && pwr_server_same_store(self, store_of)) {
            return self;
        }
    }
    return NULL;
}

static void shuffle(pwr_jobs *jobs)
{
    for (int i = jobs->n - 1; i > 0; i--) {
        uint32_t random;
        pwr_job job;
        int k;

        if (pwr_crypto_random((unsigned char *)&random, sizeof(random))) {
            return;
        }
        k = (int)(random % (uint32_t)(i + 1));
        job = jobs->row[i];
        jobs->row[i] = jobs->row[k];
        jobs->row[k] = job;
    }
}

/* The number of the client who asked; a table full of them begins anew. */
static int client_of(pwr_agenda *agenda, const pwr_errand *errand)
{
    pwr_network nets[PWR_NETWORKS_MAX];
    char key[sizeof(int) + sizeof(nets->bytes)];
    size_t len;
    unsigned n = apr_hash_count(agenda->networks);
    int *party;

    pwr_network_parse(errand->job.address, nets);
    len = sizeof(int) + nets->len;
    memcpy(key, &errand->owner->tenant, sizeof(int));
    memcpy(key + sizeof(int), nets->bytes, nets->len);
    party = apr_hash_get(agenda->networks, key, (apr_ssize_t)len);
    if (party) {
        return *party;
    }
    if (n == NETWORKS_MAX) {
        apr_pool_clear(agenda->network_pool);
        agenda->networks = apr_hash_make(agenda->network_pool);
        n = 0;
    }
    party = apr_palloc(agenda->network_pool, sizeof(*party));
    *party = (int)n;
    agenda->network_served[n] = 0;
    apr_hash_set(agenda->networks,
                 apr_pmemdup(agenda->network_pool, key, len),
                 (apr_ssize_t)len, party);
    return *party;
}

/* Returns zero when it is full. */
static int add(pwr_agenda *agenda, const pwr_errand *errand)
{
    int *of_realm = &agenda->realm_count[errand->owner->tenant];
    int *of_client = &agenda->client_count[client_of(agenda, errand)];

    if (*of_realm < PER_REALM && *of_client < PER_CLIENT) {
        ++*of_realm;
        ++*of_client;
        agenda->errand[agenda->errands_n++] = *errand;
        agenda->left++;
    }
    return agenda->errands_n < PWR_AGENDA_MAX;
}

/* Put a page of jobs on the agenda; returns zero when that is full. */
static int add_page(pwr_agenda *agenda, server_rec *main_server,
                    const pwr_server *self, pwr_jobs *jobs)
{
    int has_room = 1;

    shuffle(jobs);
    for (int i = 0; i < jobs->n && has_room; i++) {
        const pwr_errand errand = {
            .job = jobs->row[i],
            .owner = server_of_realm(main_server, self, jobs->row[i].realm),
            .now = jobs->now,
        };

        /* Else of a realm of other nodes, or a kind of a later version. */
        if (errand.owner && errand.job.kind != PWR_JOB_NONE) {
            has_room = add(agenda, &errand);
        }
    }
    return has_room;
}

/* So many pages behind `at`, which goes along and begins before all when it has
 * no id; zero when there was no more. */
static int read_pages(pwr_agenda *agenda, server_rec *main_server,
                      pwr_server *self, pwr_job *at, int pages)
{
    pwr_jobs jobs = { 0 };

    do {
        if (self->store->ops->job_batch(self->store, agenda->job_pool,
                                        JOB_BATCH, at->id[0] ? at : NULL,
                                        &jobs)
            || jobs.n == 0) {
            return 0;
        }
        *at = jobs.row[jobs.n - 1];
    } while (add_page(agenda, main_server, self, &jobs)
             && jobs.n == JOB_BATCH && --pages > 0);
    return agenda->errands_n < PWR_AGENDA_MAX && jobs.n == JOB_BATCH;
}

static int is_behind(const pwr_job *a, const pwr_job *b)
{
    return a->due > b->due || (a->due == b->due && strcmp(a->id, b->id) > 0);
}

/* A site's backlog, held back by its rate or by a program that hangs, may be
 * longer than all that is read of the oldest. */
int pwr_agenda_read(pwr_agenda *agenda, server_rec *main_server,
                    pwr_server *self)
{
    pwr_job old = { .id = "" };
    pwr_job *far = apr_hash_get(agenda->far, &self->server,
                                sizeof(server_rec *));
    int before = agenda->errands_n;

    if (!read_pages(agenda, main_server, self, &old, PAGES_OLD)) {
        far->id[0] = '\0';
    }
    else {
        if (!far->id[0] || !is_behind(far, &old)) {
            *far = old;
        }
        if (!read_pages(agenda, main_server, self, far, PAGES_FAR)) {
            far->id[0] = '\0';
        }
    }
    return agenda->errands_n - before;
}

/* ---- who is next ---- */

void pwr_agenda_taken(pwr_agenda *agenda, pwr_errand *errand, int is_mine)
{
    pwr_tenant *tenant = pwr_shared_tenant(errand->owner);

    agenda->left -= !errand->is_taken;
    errand->is_taken = 1;
    if (is_mine || errand->job.kind != PWR_JOB_RECOVER) {
        return;
    }
    pwr_shared_lock(&tenant->lock);
    pwr_rate_give(&errand->owner->conf->limit[PWR_LIMIT_FORGOT_SITE],
                  &tenant->forgot_site_ms);
    pthread_mutex_unlock(&tenant->lock);
}

void pwr_agenda_drop(pwr_agenda *agenda, const pwr_server *owner)
{
    for (int i = 0; i < agenda->errands_n; i++) {
        pwr_errand *e = &agenda->errand[i];

        if (!e->is_taken && pwr_server_same_store(e->owner, owner)) {
            e->is_taken = 1;
            agenda->left--;
        }
    }
}

int pwr_agenda_left(const pwr_agenda *agenda)
{
    return agenda->left;
}

int pwr_agenda_is_stale(const pwr_agenda *agenda, int64_t age_ms)
{
    return agenda->left == 0
        || pwr_now_ms() - agenda->read_ms >= age_ms;
}

/* May the site's rate let it be done now?  Notices are not held back: they say
 * what has happened. */
static int is_blocked(const pwr_agenda *agenda, const pwr_errand *errand,
                      int64_t now_ms)
{
    return errand->job.kind == PWR_JOB_RECOVER
        && now_ms < agenda->blocked_until_ms[errand->owner->tenant];
}

/* The last free slot is nobody's second while there are other realms: the
 * programs of one may hang, and theirs would wait for its deadline. */
static int is_reserved(const pwr_agenda *agenda, pwr_errand *const *held,
                       int held_n, int tenant)
{
    int own = 0;

    for (int i = 0; i < held_n; i++) {
        own += held[i]->owner->tenant == tenant;
    }
    return agenda->has_realms && own > 0 && held_n + 1 >= agenda->slots_n;
}

/* A program of PwResetHook may hang, and the mails of its own realm are more
 * urgent: hooks have half of the slots, rounded up. */
static int hooks_are_full(const pwr_agenda *agenda, pwr_errand *const *held,
                          int held_n)
{
    int hooks = 0;

    for (int i = 0; i < held_n; i++) {
        hooks += held[i]->job.kind == PWR_JOB_HOOK;
    }
    return hooks >= (agenda->slots_n + 1) / 2;
}

/* All errands as claims: of all realms, or of the clients of one. */
static void put_claims(pwr_agenda *agenda, pwr_errand *const *held,
                       int held_n, int tenant)
{
    int64_t now_ms = pwr_now_ms();
    int no_hooks = hooks_are_full(agenda, held, held_n);

    for (int i = 0; i < held_n + agenda->errands_n; i++) {
        const pwr_errand *e = i < held_n ? held[i]
                                         : &agenda->errand[i - held_n];
        int is_out = (tenant >= 0 && e->owner->tenant != tenant)
            || (i >= held_n
                && (e->is_taken || (no_hooks && e->job.kind == PWR_JOB_HOOK)
                    || is_blocked(agenda, e, now_ms)
                    || is_reserved(agenda, held, held_n, e->owner->tenant)));

        agenda->claim[i] = (pwr_fair_claim){
            is_out ? PWR_FAIR_NONE
                   : i < held_n ? PWR_FAIR_HOLDS : PWR_FAIR_WAITS,
            is_out ? 0 : tenant < 0 ? e->owner->tenant : client_of(agenda, e),
            (uint64_t)i
        };
    }
}

/* Take one from the site's rate, or hold the site's jobs back until there is
 * one again. */
static int take_rate(pwr_agenda *agenda, const pwr_errand *errand)
{
    pwr_tenant *tenant = pwr_shared_tenant(errand->owner);
    int64_t now_ms = pwr_now_ms(), retry_ms;
    int may;

    if (errand->job.kind != PWR_JOB_RECOVER) {
        return 1;
    }
    pwr_shared_lock(&tenant->lock);
    may = pwr_rate_take(&errand->owner->conf->limit[PWR_LIMIT_FORGOT_SITE],
                        now_ms, &tenant->forgot_site_ms, &retry_ms);
    pthread_mutex_unlock(&tenant->lock);
    if (!may) {
        pwr_shared_count(errand->owner,
                         pwr_count_of_limit(PWR_LIMIT_FORGOT_SITE));
        agenda->blocked_until_ms[errand->owner->tenant] = now_ms + retry_ms;
    }
    return may;
}

pwr_errand *pwr_agenda_next(pwr_agenda *agenda, pwr_errand *const *held,
                            int held_n)
{
    int n = held_n + agenda->errands_n, next;

    do {
        pwr_errand *e;
        int tenant, client;

        put_claims(agenda, held, held_n, -1);
        next = pwr_fair_next(agenda->claim, n, agenda->realm_served);
        if (next < 0) {
            break;
        }
        tenant = agenda->claim[next].party;
        put_claims(agenda, held, held_n, tenant);
        next = pwr_fair_next(agenda->claim, n, agenda->network_served);
        client = agenda->claim[next].party;
        e = &agenda->errand[next - held_n];
        if (take_rate(agenda, e)) {
            agenda->realm_served[tenant] = ++agenda->turn;
            agenda->network_served[client] = agenda->turn;
            return e;
        }
    } while (next >= 0);
    return NULL;
}
