/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/shared.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ap_mpm.h>
#include <apr_strings.h>

#define TELL_EVERY_MS (3600 * 1000)

typedef struct retained {
    pwr_shared *memory;
    int wake_fd;
} retained;

static pwr_shared *memory;
static int wake_fd = -1;

pwr_shared *pwr_shared_memory(void)
{
    return memory;
}

pwr_tenant *pwr_shared_tenant(const pwr_server *self)
{
    return &memory->tenant[self->tenant];
}

void pwr_shared_count(const pwr_server *self, pwr_count what)
{
    __atomic_fetch_add(&pwr_shared_tenant(self)->count[what], 1,
                       __ATOMIC_RELAXED);
}

void pwr_shared_mail_error(const pwr_server *self, const char *why)
{
    pwr_tenant *tenant = pwr_shared_tenant(self);

    pwr_shared_lock(&tenant->lock);
    apr_cpystrn(tenant->mail_error, why, sizeof(tenant->mail_error));
    tenant->mail_error_ms = pwr_now_ms();
    pthread_mutex_unlock(&tenant->lock);
}

/* ---- children, and the connections they have on loan ---- */

static int my_row = -1;

/* In our process group, or its number was given to somebody else. */
static int is_alive(pid_t pid)
{
    return pid > 0 && getpgid(pid) == getpgid(0);
}

static apr_status_t leave_row(void *data)
{
    (void)data;
    __atomic_store_n(&memory->child[my_row], 0, __ATOMIC_RELAXED);
    my_row = -1;
    return APR_SUCCESS;
}

void pwr_shared_child(apr_pool_t *pchild)
{
    if (!memory) {
        return;
    }
    for (int i = 0; my_row < 0 && i < PWR_CHILDREN_MAX; i++) {
        pid_t pid = __atomic_load_n(&memory->child[i], __ATOMIC_RELAXED);

        if (!is_alive(pid)
            && __atomic_compare_exchange_n(&memory->child[i], &pid, getpid(),
                                           0, __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED)) {
            my_row = i;
        }
    }
    for (int pool = 0; my_row >= 0 && pool < PWR_POOLS_MAX
         && memory->pool[pool].key[0]; pool++) {
        __atomic_store_n(&memory->lent[pool][my_row], 0, __ATOMIC_RELAXED);
    }
    if (my_row >= 0) {
        apr_pool_cleanup_register(pchild, NULL, leave_row,
                                  apr_pool_cleanup_null);
    }
}

int pwr_shared_pool(const char *key)
{
    int i = 0;

    while (i < PWR_POOLS_MAX - 1 && memory->pool[i].key[0]
           && strcmp(memory->pool[i].key, key) != 0) {
        i++;
    }
    apr_cpystrn(memory->pool[i].key, key, sizeof(memory->pool[i].key));
    return i;
}

void pwr_shared_lend(int pool, int change)
{
    if (my_row >= 0) {
        __atomic_fetch_add(&memory->lent[pool][my_row], change,
                           __ATOMIC_RELAXED);
    }
}

int pwr_shared_lent(int pool, int *children_n)
{
    int lent = 0;

    *children_n = 0;
    for (int i = 0; i < PWR_CHILDREN_MAX; i++) {
        if (is_alive(__atomic_load_n(&memory->child[i], __ATOMIC_RELAXED))) {
            ++*children_n;
            lent += __atomic_load_n(&memory->lent[pool][i],
                                    __ATOMIC_RELAXED);
        }
    }
    return lent;
}

void pwr_shared_pool_error(const pwr_server *self, const char *why)
{
    pwr_pool_life *life = &memory->pool[self->pool];

    pwr_shared_lock(&life->lock);
    apr_cpystrn(life->error, why, sizeof(life->error));
    life->error_ms = pwr_now_ms();
    pthread_mutex_unlock(&life->lock);
}

int pwr_shared_wake_fd(void)
{
    return wake_fd;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the builtin writes it */
int pwr_shared_may_tell(int64_t *told_ms)
{
    int64_t now_ms = pwr_now_ms();
    int64_t seen_ms = __atomic_load_n(told_ms, __ATOMIC_RELAXED);

    return (!seen_ms || now_ms - seen_ms >= TELL_EVERY_MS)
        && __atomic_compare_exchange_n(told_ms, &seen_ms, now_ms, 0,
                                       __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#define TOLD_ROWS 8             /* that a key may stand in */
#define FNV_OFFSET 14695981039346656037ULL
#define FNV_PRIME 1099511628211ULL

static uint64_t told_key(const void *of, const char *id, const char *cause)
{
    uint64_t key = FNV_OFFSET ^ (uint64_t)(uintptr_t)of;
    const char *const texts[] = { id, cause };

    for (int i = 0; i < 2; i++) {
        for (const char *p = texts[i]; *p; p++) {
            key = (key ^ (unsigned char)*p) * FNV_PRIME;
        }
        key *= FNV_PRIME;
    }
    return key ? key : 1;
}

static pwr_told *told_find(uint64_t key)
{
    pwr_told *first = &memory->told[key % (PWR_TALES_MAX / TOLD_ROWS)
                                    * TOLD_ROWS];

    for (pwr_told *one = first; one < first + TOLD_ROWS; one++) {
        if (__atomic_load_n(&one->key, __ATOMIC_RELAXED) == key) {
            return one;
        }
    }
    return NULL;
}

/* In the place of the one that was told the longest ago.  Two that do so at
 * once may both tell, no more. */
static void told_add(uint64_t key)
{
    pwr_told *first = &memory->told[key % (PWR_TALES_MAX / TOLD_ROWS)
                                    * TOLD_ROWS];
    pwr_told *row = first;

    for (pwr_told *one = first + 1; one < first + TOLD_ROWS; one++) {
        if (__atomic_load_n(&one->told_ms, __ATOMIC_RELAXED)
            < __atomic_load_n(&row->told_ms, __ATOMIC_RELAXED)) {
            row = one;
        }
    }
    __atomic_store_n(&row->told_ms, pwr_now_ms(), __ATOMIC_RELAXED);
    __atomic_store_n(&row->key, key, __ATOMIC_RELAXED);
}

int pwr_shared_is_new(const void *of, const char *id, const char *cause)
{
    uint64_t key = told_key(of, id, cause);
    pwr_told *row = memory ? told_find(key) : NULL;

    if (row) {
        return pwr_shared_may_tell(&row->told_ms);
    }
    if (memory) {
        told_add(key);
    }
    return 1;
}

void pwr_shared_lock(pthread_mutex_t *lock)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): made at start */
    if (pthread_mutex_lock(lock) == EOWNERDEAD) {
        pthread_mutex_consistent(lock);
    }
}

void pwr_shared_make_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

/* What was configured, or else what the machine suggests. */
static int gate_number(int configured, long suggested)
{
    return configured ? configured
        : suggested < 1 ? 1
        : suggested < PWR_HASH_GATE_MAX ? (int)suggested : PWR_HASH_GATE_MAX;
}

/* Children of before a restart go by the new numbers, too. */
static void set_gate(pwr_gate *gate, const pwr_conf *conf)
{
    int workers = 0, children = 1;

    pwr_shared_lock(&gate->lock);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &workers);
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    workers = (workers > 0 ? workers : 1) * (children > 0 ? children : 1);
    gate->places_n = gate_number(conf->hash_gate[0],
                                 sysconf(_SC_NPROCESSORS_ONLN));
    gate->queue_max = gate_number(conf->hash_gate[1], (workers + 3L) / 4);
    /* Never fewer: those who sit there count. */
    if (gate->places_n + gate->queue_max > gate->seats_n) {
        gate->seats_n = gate->places_n + gate->queue_max;
    }
    pthread_mutex_unlock(&gate->lock);
}

static int find_tenant(const char *realm)
{
    int i = 0;

    while (i < PWR_TENANTS_MAX - 1 && memory->tenant[i].realm[0]
           && strncmp(memory->tenant[i].realm, realm,
                      PWR_TENANT_REALM_MAX - 1) != 0) {
        i++;
    }
    return i;
}

/* Zero when another realm has the place. */
static int seat_tenant(pwr_server *self)
{
    char *realm;

    self->tenant = find_tenant(self->conf->realm);
    realm = memory->tenant[self->tenant].realm;
    if (!*realm) {
        apr_cpystrn(realm, self->conf->realm, PWR_TENANT_REALM_MAX);
    }
    return strncmp(realm, self->conf->realm, PWR_TENANT_REALM_MAX - 1) == 0;
}

/* Where each realm is kept: only the parent gives places, and none is ever
 * taken back. */
static void seat_tenants(server_rec *main_server)
{
    int guests = 0;

    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);

        guests += self && !seat_tenant(self);
    }
    if (guests > 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, main_server,
                     PWR_LOG("PWR0002") "%d sites are beyond the first %d "
                     "realms and share limits, turns and waits with the last "
                     "of them: spread the sites over several httpds; a stop "
                     "and a start, not a restart, forgets realms that are "
                     "gone", guests, PWR_TENANTS_MAX);
    }
}

/* Never unmapped: robust mutexes in it are looked at when a thread ends. */
static apr_status_t make(retained *kept)
{
    void *map = mmap(NULL, sizeof(pwr_shared), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (map == MAP_FAILED) {
        return APR_FROM_OS_ERROR(errno);
    }
    kept->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (kept->wake_fd < 0) {
        apr_status_t status = APR_FROM_OS_ERROR(errno);

        munmap(map, sizeof(pwr_shared));
        return status;
    }
    kept->memory = map;
    kept->memory->made_ms = pwr_now_ms();
    pwr_shared_make_lock(&kept->memory->lease.lock);
    pwr_shared_make_lock(&kept->memory->gate.lock);
    for (int i = 0; i < PWR_TENANTS_MAX; i++) {
        pwr_shared_make_lock(&kept->memory->tenant[i].lock);
    }
    for (int i = 0; i < PWR_POOLS_MAX; i++) {
        pwr_shared_make_lock(&kept->memory->pool[i].lock);
    }
    return APR_SUCCESS;
}

void *pwr_shared_retained(const char *what, apr_size_t size)
{
    char key[80];
    void *kept;

    apr_snprintf(key, sizeof(key), "mod_pwreset-%s-%s", what, pwr_source_id);
    kept = ap_retained_data_get(key);
    return kept ? kept : ap_retained_data_create(key, size);
}

apr_status_t pwr_shared_make(server_rec *main_server)
{
    retained *kept = pwr_shared_retained("shared", sizeof(*kept));
    apr_status_t status = APR_SUCCESS;

    if (!kept->memory) {
        status = make(kept);
    }
    memory = kept->memory;
    wake_fd = kept->wake_fd;
    if (status == APR_SUCCESS) {
        set_gate(&memory->gate, pwr_server_of(main_server)->conf);
        seat_tenants(main_server);
        /* What was mended is told anew when it was not. */
        memset(memory->told, 0, sizeof(memory->told));
    }
    return status;
}
