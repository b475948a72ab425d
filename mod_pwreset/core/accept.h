/* SPDX-License-Identifier: Apache-2.0 */
/* What a client says that it would like (RFC 9110, section 12).  Pure. */
#ifndef PWR_ACCEPT_H
#define PWR_ACCEPT_H

#define PWR_QUALITY_MAX 1000        /* thousandths */

/* Read a qvalue (section 12.4.2: "0" or "1" and up to three decimals, none of
 * them above 1) between `p` and `end`.  Returns where it ends; NULL when it is
 * none. */
const char *pwr_accept_qvalue(const char *p, const char *end, int *quality);

/* Blanks and tabs. */
const char *pwr_accept_skip_blanks(const char *p, const char *end);

/* Does this Accept (NULL: there is none) ask for JSON rather than a page?  It
 * names application/json, and text/html not at all or with a lower quality.
 * Browsers and "*" get the page. */
int pwr_accept_json(const char *header);

#endif
