/* SPDX-License-Identifier: Apache-2.0 */
/* APR's atomic operations where ThreadSanitizer sees them: httpd and libapr are
 * not instrumented, and hand pools from thread to thread by them. Stands before
 * libapr's (t/90-long/races.t). */
#include <apr_atomic.h>

apr_uint32_t apr_atomic_read32(volatile apr_uint32_t *mem)
{
    return __atomic_load_n(mem, __ATOMIC_SEQ_CST);
}

void apr_atomic_set32(volatile apr_uint32_t *mem, apr_uint32_t value)
{
    __atomic_store_n(mem, value, __ATOMIC_SEQ_CST);
}

apr_uint32_t apr_atomic_add32(volatile apr_uint32_t *mem, apr_uint32_t value)
{
    return __atomic_fetch_add(mem, value, __ATOMIC_SEQ_CST);
}

void apr_atomic_sub32(volatile apr_uint32_t *mem, apr_uint32_t value)
{
    __atomic_fetch_sub(mem, value, __ATOMIC_SEQ_CST);
}

apr_uint32_t apr_atomic_inc32(volatile apr_uint32_t *mem)
{
    return apr_atomic_add32(mem, 1);
}

int apr_atomic_dec32(volatile apr_uint32_t *mem)
{
    return __atomic_sub_fetch(mem, 1, __ATOMIC_SEQ_CST) != 0;
}

apr_uint32_t apr_atomic_cas32(volatile apr_uint32_t *mem, apr_uint32_t with,
                              apr_uint32_t expected)
{
    __atomic_compare_exchange_n(mem, &expected, with, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
    return expected;
}

apr_uint32_t apr_atomic_xchg32(volatile apr_uint32_t *mem, apr_uint32_t value)
{
    return __atomic_exchange_n(mem, value, __ATOMIC_SEQ_CST);
}

void *apr_atomic_casptr(volatile void **mem, void *with, const void *expected)
{
    void *found = (void *)expected;

    __atomic_compare_exchange_n((void **)mem, &found, with, 0,
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return found;
}

void *apr_atomic_xchgptr(volatile void **mem, void *with)
{
    return __atomic_exchange_n((void **)mem, with, __ATOMIC_SEQ_CST);
}
