/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/cache.h"

#include <ap_provider.h>
#include <ap_socache.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <util_mutex.h>

#include "httpd/shared.h"

#define CACHE_NAME "pwreset-session"
#define CACHE_ARGUMENT "pwreset_sessions(524288)"  /* file(bytes) */
#define ENTRY_BYTES_MAX 1500

/* Behind it stand realm, user id, login and the names of groups, a line
 * each. */
typedef struct entry_head {
    /* Whose database was asked: several vhosts may say the same realm.  At one
     * address in all children, as the cache does not outlive its parent's
     * configuration. */
    const pwr_server *self;
    uint32_t generation;
    int64_t until_ms;           /* pwr_now: shmcb goes by the host's clock */
} entry_head;

static const ap_socache_provider_t *provider;
static ap_socache_instance_t *instance;
static apr_global_mutex_t *mutex;

void pwr_cache_register(apr_pool_t *pconf)
{
    ap_mutex_register(pconf, CACHE_NAME, NULL, APR_LOCK_DEFAULT, 0);
}

static apr_status_t forget(void *data)
{
    server_rec *main_server = data;

    provider->destroy(instance, main_server);
    provider = NULL;
    instance = NULL;
    return APR_SUCCESS;
}

void pwr_cache_make(apr_pool_t *pconf, server_rec *main_server)
{
    static const struct ap_socache_hints hints = {
        PWR_DIGEST_HEX, 128, 5000000
    };
    const ap_socache_provider_t *found = ap_lookup_provider(
        AP_SOCACHE_PROVIDER_GROUP, "shmcb", AP_SOCACHE_PROVIDER_VERSION);
    const char *error;
    apr_status_t status;

    provider = NULL;
    if (!found) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, main_server,
                     PWR_LOG("PWR0031") "mod_socache_shmcb is not loaded: "
                     "each request of a signed-in visitor asks the database; "
                     "load it to have PwResetSessionCache");
        return;
    }
    error = found->create(&instance, CACHE_ARGUMENT, pconf, pconf);
    status = error ? APR_EGENERAL
        : ap_global_mutex_create(&mutex, NULL, CACHE_NAME, NULL, main_server,
                                 pconf, 0);
    if (status == APR_SUCCESS) {
        status = found->init(instance, CACHE_NAME, &hints, main_server, pconf);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                     PWR_LOG("PWR0032") "the session cache cannot be made, "
                     "so each request asks the database: see the directives "
                     "Mutex and DefaultRuntimeDir, and ipcs%s%s",
                     error ? ": " : "", error ? error : "");
        return;
    }
    provider = found;
    apr_pool_cleanup_register(pconf, main_server, forget,
                              apr_pool_cleanup_null);
}

void pwr_cache_child(apr_pool_t *pchild, server_rec *main_server)
{
    apr_status_t status;

    if (!provider) {
        return;
    }
    status = apr_global_mutex_child_init(&mutex,
                                         apr_global_mutex_lockfile(mutex),
                                         pchild);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, main_server,
                     PWR_LOG("PWR0033") "the session cache cannot be locked; "
                     "each request asks the database");
        provider = NULL;
    }
}

static uint32_t *generation_of(const char *realm, const char *user_id)
{
    apr_ssize_t len = APR_HASH_KEY_STRING;
    unsigned hash = apr_hashfunc_default(realm, &len);

    len = APR_HASH_KEY_STRING;
    hash = hash * 33 + apr_hashfunc_default(user_id, &len);
    return &pwr_shared_memory()->generation[hash % PWR_GENERATIONS];
}

static uint32_t read_counter(const uint32_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_ACQUIRE);
}

uint32_t pwr_cache_clock(void)
{
    return read_counter(&pwr_shared_memory()->changes);
}

void pwr_cache_bump(const char *realm, const char *user_id)
{
    /* In this order: whoever reads the new generation sees the new count. */
    __atomic_add_fetch(&pwr_shared_memory()->changes, 1, __ATOMIC_ACQ_REL);
    __atomic_add_fetch(generation_of(realm, user_id), 1, __ATOMIC_ACQ_REL);
}

/* A name a line; NULL: there is none. */
static const char *const *groups_read(apr_pool_t *pool, const char *lines)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(char *));
    char *rest = lines ? apr_pstrdup(pool, lines) : NULL, *name;

    while ((name = strsep(&rest, "\n")) != NULL) {
        APR_ARRAY_PUSH(names, const char *) = name;
    }
    APR_ARRAY_PUSH(names, const char *) = NULL;
    return (const char *const *)names->elts;
}

/* Everything of a visitor as lines; NULL when it is not text of one line. */
static const char *lines_of(apr_pool_t *pool, const pwr_server *self,
                            const pwr_visitor *visitor)
{
    const char *const *group = visitor->groups;
    const char *text = apr_pstrcat(pool, self->conf->realm, "\n",
                                   visitor->user_id, "\n", visitor->login,
                                   NULL);

    if (strpbrk(visitor->login, "\n") || strpbrk(visitor->user_id, "\n")) {
        return NULL;
    }
    for (; group && *group; group++) {
        if (strpbrk(*group, "\n")) {
            return NULL;
        }
        text = apr_pstrcat(pool, text, "\n", *group, NULL);
    }
    return text;
}

int pwr_cache_get(request_rec *r, const pwr_server *self, const char *digest,
                  pwr_visitor *visitor)
{
    unsigned char entry[ENTRY_BYTES_MAX + 1];
    unsigned len = ENTRY_BYTES_MAX;
    char *realm, *user_id, *login, *rest = (char *)entry + sizeof(entry_head);
    entry_head head;
    apr_status_t status;

    if (!provider) {
        return 0;
    }
    apr_global_mutex_lock(mutex);
    status = provider->retrieve(instance, r->server,
                                (const unsigned char *)digest, PWR_DIGEST_HEX,
                                entry, &len, r->pool);
    apr_global_mutex_unlock(mutex);
    if (status != APR_SUCCESS || len <= sizeof(head)) {
        return 0;
    }
    entry[len] = '\0';
    memcpy(&head, entry, sizeof(head));
    realm = strsep(&rest, "\n");
    user_id = strsep(&rest, "\n");
    login = strsep(&rest, "\n");
    if (!login || head.self != self || pwr_now_ms() >= head.until_ms
        || read_counter(generation_of(realm, user_id)) != head.generation) {
        return 0;
    }
    visitor->user_id = apr_pstrdup(r->pool, user_id);
    visitor->login = apr_pstrdup(r->pool, login);
    visitor->session_digest = apr_pstrdup(r->pool, digest);
    visitor->groups = groups_read(r->pool, rest);
    return 1;
}

void pwr_cache_put(request_rec *r, const pwr_server *self,
                   const pwr_visitor *visitor, uint32_t clock)
{
    const entry_head head = {
        self, read_counter(generation_of(self->conf->realm, visitor->user_id)),
        pwr_now_ms() + INT64_C(1000) * self->conf->session_cache_sec
    };
    apr_time_t expiry = apr_time_now()
        + apr_time_from_sec(self->conf->session_cache_sec);
    unsigned char entry[ENTRY_BYTES_MAX];
    const char *lines;
    size_t len;

    if (!provider || self->conf->session_cache_sec == 0
        || pwr_cache_clock() != clock) {
        return;
    }
    lines = lines_of(r->pool, self, visitor);
    len = lines ? strlen(lines) : 0;
    if (!lines || sizeof(head) + len > sizeof(entry)) {
        return;
    }
    memcpy(entry, &head, sizeof(head));
    memcpy(entry + sizeof(head), lines, len);
    apr_global_mutex_lock(mutex);
    provider->store(instance, r->server,
                    (const unsigned char *)visitor->session_digest,
                    PWR_DIGEST_HEX, expiry, entry,
                    (unsigned)(sizeof(head) + len), r->pool);
    apr_global_mutex_unlock(mutex);
}
