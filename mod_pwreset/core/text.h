/* SPDX-License-Identifier: Apache-2.0 */
/* Text as the whole project sees it: UTF-8, judged and normalised in C,
 * never by a database's collation.  Pure; any thread. */
#ifndef PWR_TEXT_H
#define PWR_TEXT_H

#include <stddef.h>

#include <apr_pools.h>

/* Non-zero when the `len` bytes are well-formed UTF-8 (RFC 3629: no
 * surrogates, no overlong forms) without NUL. */
int pwr_text_is_utf8(const char *bytes, size_t len);

/* Non-zero when `s` holds no C0 or C1 control character and no DEL. */
int pwr_text_is_plain(const char *s);

/* Number of code points of well-formed UTF-8 (NIST SP 800-63B counts these). */
size_t pwr_text_points(const char *s);

/* The form in which identifiers are compared: blanks trimmed at both ends,
 * NFC, ASCII letters folded to lower case, nothing else (so that no two
 * letters of a script become one: CVE-2019-19844).
 * Returns NULL when `s` is not UTF-8, or holds one of the three characters that
 * NFC would turn into ASCII.  Pool: the result. */
const char *pwr_text_canonical(apr_pool_t *pool, const char *s);

/* `text` behind its byte order mark, if it has one: editors on Windows write
 * it. */
const char *pwr_text_unmarked(const char *text);

/* `s` without leading and trailing blanks (ASCII and U+00A0). */
const char *pwr_text_trim(apr_pool_t *pool, const char *s);

/* For log lines: at most `bytes_max` bytes of `s`, everything outside
 * printable ASCII as \xHH; "-" for NULL. */
const char *pwr_text_printable(apr_pool_t *pool, const char *s,
                               size_t bytes_max);

/* `s` for a line that people read: at most `points_max` code points and an
 * ellipsis for the rest.  What is not UTF-8, controls, line separators and what
 * turns the direction of the text (U+202A-202E, U+2066-2069) become U+FFFD. */
const char *pwr_text_line(apr_pool_t *pool, const char *s, size_t points_max);

/* `text` with each `word` (not empty) replaced; what takes its place is not
 * looked at again. */
const char *pwr_text_replace(apr_pool_t *pool, const char *text,
                             const char *word, const char *by);

/* Lower-case hex of `len` bytes, NUL-terminated; `out` holds 2*len+1. */
void pwr_text_hex(char *out, const unsigned char *bytes, size_t len);

/* Percent-encode for a query value: unreserved characters of RFC 3986 stay. */
const char *pwr_text_urlencode(apr_pool_t *pool, const char *s);

/* Is `a` equal to `b` in ASCII case folding?  For names of fields, headers
 * and schemes, never for secrets. NULL equals nothing. */
int pwr_text_same(const char *a, const char *b);

#endif
