/* SPDX-License-Identifier: Apache-2.0 */
/* A mail message, rendered whole: multipart/alternative, text first, UTF-8 in
 * quoted-printable (lines <= 76, a link alone on its line is never broken:
 * base64 is never used for a body), header words encoded (RFC 2047), From, To,
 * Subject, Date, Message-ID, MIME-Version, Auto-Submitted: auto-generated
 * (RFC 3834) and X-Auto-Response-Suppress.  Lines end with LF, as sendmail
 * wants them on its standard input.  The same message gives the same bytes.
 * Pure; any thread. */
#ifndef PWR_MIME_H
#define PWR_MIME_H

#include <stddef.h>
#include <stdint.h>

#include <apr_errno.h>
#include <apr_pools.h>

typedef struct pwr_message {
    const char *from_name;      /* display name, UTF-8, may be NULL */
    const char *from;           /* address, from pwr_addr_mailbox */
    const char *to;             /* address, from pwr_addr_mailbox */
    const char *subject;        /* UTF-8, one line */
    const char *id;             /* left part of the Message-ID: 1 to 64 of
                                 * [0-9a-f.-] */
    const char *language;       /* Content-Language; NULL: none */
    int64_t date_epoch_sec;     /* until the year 9999 */
    const char *text;           /* UTF-8 */
    const char *html;           /* UTF-8; NULL: the mail is text/plain */
} pwr_message;

/* Render into wiped memory of `pool`, NUL-terminated, `*len` bytes.
 * APR_EINVAL, and `*bytes` NULL, when a member is missing or out of its range,
 * when a header value holds CR, LF or another control character, or when
 * anything is not UTF-8: nothing is repaired.  The Message-ID's right part is
 * the domain of `from`.  A line of `text` that consists of one URL is written
 * without soft breaks while that takes at most 998 bytes (RFC 5322 2.1.1). */
apr_status_t pwr_mime_render(apr_pool_t *pool, const pwr_message *message,
                             const char **bytes, size_t *len);

#endif
