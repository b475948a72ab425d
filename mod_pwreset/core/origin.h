/* SPDX-License-Identifier: Apache-2.0 */
/* Did this POST come from our own pages?  Forms carry no token; the browser's
 * own headers decide (Fetch Metadata; RFC 6454).  Pure; any thread. */
#ifndef PWR_ORIGIN_H
#define PWR_ORIGIN_H

typedef struct pwr_origin_facts {
    const char *sec_fetch_site; /* header, NULL when absent */
    const char *origin;         /* header, NULL when absent */
    const char *public_origin;  /* of PwResetPublicURL */
    const char *own_origin;     /* the request's own scheme://host[:port],
                                 * default port left out; NULL: unknown */
} pwr_origin_facts;

/* Non-zero when the POST may be taken: Sec-Fetch-Site is same-origin or none;
 * or, that header absent, Origin is one of the two origins, or absent too (no
 * browser sent it).  "Origin: null" is refused: sandboxed frames send it.
 * Origins are compared whole, in ASCII case folding. */
int pwr_origin_is_own(const pwr_origin_facts *facts);

#endif
