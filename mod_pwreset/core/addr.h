/* SPDX-License-Identifier: Apache-2.0 */
/* Mail addresses: the form in which they are compared, and whether one may be
 * handed to a mail program at all.
 *
 * Accepted is local@domain with local a dot-atom (RFC 5321 4.1.2, UTF-8 as in
 * RFC 6531 allowed) of at most 64 bytes and domain a host name (IDNA2008) as
 * A-labels with at least one dot or exactly "localhost", together at most 254
 * bytes.  Refused are quoted local parts, comments, source routes, "%" and "!"
 * in the local part (old routing hacks), domain literals, a leading dash, bar
 * or slash, control characters, blanks inside, invisible characters, and those
 * that become ASCII when a program normalises them (full-width letters, the
 * Kelvin sign): nobody's real address needs them, and every one has been a way
 * into somebody's mail program or mailbox.
 * Pure; any thread. */
#ifndef PWR_ADDR_H
#define PWR_ADDR_H

#include <apr_pools.h>

/* Canonical form for comparison: trimmed (of CR and LF too), NFC, ASCII folded,
 * the domain as A-labels (so ivan@почта.рф equals ivan@xn--80a1acny.xn--p1ai).
 * NULL when it is no acceptable address. */
const char *pwr_addr_canonical(apr_pool_t *pool, const char *typed);

/* The form for the envelope and the To header: as canonical, but the local
 * part keeps its case.  NULL when refused. */
const char *pwr_addr_mailbox(apr_pool_t *pool, const char *stored);

/* `mailbox` with its domain in letters (ivan@почта.рф), as tables hold it that
 * took what was typed; NULL when that is the same. */
const char *pwr_addr_in_letters(apr_pool_t *pool, const char *mailbox);

/* Do two addresses name one mailbox by the rule above?  NULL never does. */
int pwr_addr_same(apr_pool_t *pool, const char *a, const char *b);

#endif
