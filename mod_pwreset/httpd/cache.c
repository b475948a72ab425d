/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/cache.h"

#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include "core/seqcache.h"
#include "httpd/shared.h"

#define SLOTS_N 2048            /* untouched ones take no memory */

/* Behind it stand realm, user id, login and the names of groups, a line
 * each. */
typedef struct entry_head {
    /* Whose database was asked: several vhosts may say the same realm.  At one
     * address in all children, as the cache does not outlive its parent's
     * configuration. */
    const pwr_server *self;
    uint32_t generation;
} entry_head;

static pwr_seqcache cache;

apr_status_t pwr_cache_make(apr_pool_t *pconf)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, pwr_seqcache_bytes(SLOTS_N),
                                         NULL, pconf);

    if (status == APR_SUCCESS) {
        cache = (pwr_seqcache){ apr_shm_baseaddr_get(memory), SLOTS_N };
    }
    return status;
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
    char entry[PWR_SEQCACHE_VALUE_MAX + 1], *rest = entry + sizeof(entry_head);
    char *realm, *user_id, *login;
    entry_head head;
    size_t len = pwr_seqcache_get(&cache, digest, entry, pwr_now_ms());

    if (len <= sizeof(head)) {
        return 0;
    }
    entry[len] = '\0';
    memcpy(&head, entry, sizeof(head));
    realm = strsep(&rest, "\n");
    user_id = strsep(&rest, "\n");
    login = strsep(&rest, "\n");
    if (!login || head.self != self
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
        self, read_counter(generation_of(self->conf->realm, visitor->user_id))
    };
    char entry[PWR_SEQCACHE_VALUE_MAX];
    const char *lines;
    size_t len;

    if (self->conf->session_cache_sec == 0
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
    pwr_seqcache_put(&cache, visitor->session_digest, entry,
                     sizeof(head) + len,
                     pwr_now_ms()
                         + INT64_C(1000) * self->conf->session_cache_sec);
}
