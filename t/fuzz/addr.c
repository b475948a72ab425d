/* SPDX-License-Identifier: Apache-2.0 */
/* Mail addresses: what is accepted is one mailbox to everybody. */
#include "core/addr.h"

#include "core/text.h"

#include "fuzz.h"

/* Safe in an argument, a header and an envelope. */
static void look_shape(const char *mailbox)
{
    const char *at = strchr(mailbox, '@');

    FUZZ_CLAIM(strlen(mailbox) <= 254);
    FUZZ_CLAIM(at && at > mailbox && at - mailbox <= 64 && at[1]
               && !strchr(at + 1, '@'));
    FUZZ_CLAIM(pwr_text_is_utf8(mailbox, strlen(mailbox))
               && pwr_text_is_plain(mailbox));
    FUZZ_CLAIM(!strpbrk(mailbox, " ()<>[]:;\\,\"%!") && *mailbox != '-'
               && *mailbox != '|' && *mailbox != '/');
    FUZZ_CLAIM(at[1] != '.' && at[1] != '-');
    FUZZ_CLAIM(at[1 + strspn(at + 1, "abcdefghijklmnopqrstuvwxyz"
                                     "0123456789.-")] == '\0');
}

static void look_forms(apr_pool_t *pool, const char *mailbox)
{
    const char *canonical = pwr_addr_canonical(pool, mailbox);
    const char *letters = pwr_addr_in_letters(pool, mailbox);

    FUZZ_CLAIM(fuzz_same(pwr_addr_mailbox(pool, mailbox), mailbox));
    FUZZ_CLAIM(canonical && fuzz_same(pwr_addr_canonical(pool, canonical),
                                      canonical));
    FUZZ_CLAIM(pwr_addr_same(pool, mailbox, canonical));
    FUZZ_CLAIM(!letters || pwr_addr_same(pool, letters, mailbox));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *a = fuzz_text(pool, &in), *b = fuzz_text(pool, &in);
    const char *mailbox = pwr_addr_mailbox(pool, a);

    FUZZ_CLAIM((mailbox != NULL) == (pwr_addr_canonical(pool, a) != NULL));
    FUZZ_CLAIM(pwr_addr_same(pool, a, b) == pwr_addr_same(pool, b, a));
    FUZZ_CLAIM(pwr_addr_same(pool, a, a) == (mailbox != NULL));
    if (mailbox) {
        look_shape(mailbox);
        look_forms(pool, mailbox);
    }
}
