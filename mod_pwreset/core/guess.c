/* SPDX-License-Identifier: Apache-2.0 */
#include "core/guess.h"

#include "core/addr.h"
#include "core/network.h"
#include "core/text.h"

/* Together with the common burst a hundred by default: NIST SP 800-63B-4 3.2.2
 * allows no more in a row.  That many networks can come at once before a
 * newcomer has to wait. */
#define NEWCOMERS_PER_PLACE 9

/* Enough for somebody who mistypes; too little to keep the newcomers' slots
 * occupied without hundreds of networks. */
static const pwr_rate share_rate = {
    .count = 3, .period_sec = 86400, .burst = 3
};

typedef struct slot {
    int64_t wait_ms;
    int64_t next_ms;
} slot;

int64_t pwr_guess_share_ms(void)
{
    return pwr_rate_interval_ms(&share_rate);
}

static slot slot_next(const pwr_rate *rate, int64_t burst, int64_t queue_ms,
                      int64_t now_ms)
{
    int64_t interval_ms = pwr_rate_interval_ms(rate);
    int64_t depth_ms = (burst - 1) * interval_ms;
    slot found = { 0, 0 };

    /* Later than any slot that was ever given: the clock went back, or the
     * rate was another one.  Kept, it would lock out until then; so the burst
     * counts as used up, but for one. */
    if (queue_ms - PWR_GUESS_WAIT_MS - interval_ms - depth_ms > now_ms) {
        queue_ms = now_ms + depth_ms;
    }
    if (queue_ms < now_ms) {
        queue_ms = now_ms;
    }
    if (queue_ms - depth_ms > now_ms) {
        found.wait_ms = queue_ms - depth_ms - now_ms;
    }
    found.next_ms = queue_ms + interval_ms;
    return found;
}

pwr_guess_verdict pwr_guess_judge(const pwr_rate *rate,
                                  const pwr_guess_queues *queues)
{
    int64_t now_ms = queues->now_ms;
    slot common = slot_next(rate, rate->burst, queues->common_ms, now_ms);
    slot newcomers = slot_next(rate, INT64_C(1) * NEWCOMERS_PER_PLACE
                                         * rate->burst,
                               queues->newcomers_ms, now_ms);
    slot share = slot_next(&share_rate, share_rate.burst, queues->share_ms,
                           now_ms);
    int is_newcomer = share.wait_ms == 0 && !queues->was_last;
    pwr_guess_verdict verdict = {
        PWR_GUESS_COMMON, common.wait_ms, common.next_ms, queues->share_ms
    };

    if (is_newcomer && newcomers.wait_ms < common.wait_ms) {
        verdict = (pwr_guess_verdict){
            PWR_GUESS_NEWCOMERS, newcomers.wait_ms, newcomers.next_ms,
            share.next_ms
        };
    }
    if (verdict.wait_ms > PWR_GUESS_WAIT_MS) {
        verdict = (pwr_guess_verdict){ .lane = PWR_GUESS_REFUSED };
    }
    return verdict;
}

const char *pwr_guess_name(apr_pool_t *pool, const char *typed)
{
    /* First what accounts are found by: spellings that it makes one must not
     * be two here, as only one of them may be an address. */
    const char *name = pwr_text_canonical(pool, typed);
    const char *mailbox = name ? pwr_addr_canonical(pool, name) : NULL;

    return mailbox ? mailbox : name ? name : "";
}

const char *pwr_guess_network(apr_pool_t *pool, const char *address)
{
    pwr_network nets[PWR_NETWORKS_MAX];
    const pwr_network *widest = &nets[pwr_network_parse(address, nets) - 1];
    char *hex = apr_palloc(pool, 2 * widest->len + 1);

    pwr_text_hex(hex, widest->bytes, widest->len);
    return hex;
}
