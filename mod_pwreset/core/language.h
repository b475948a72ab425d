/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the enabled languages a visitor reads.  Pure; any thread. */
#ifndef PWR_LANGUAGE_H
#define PWR_LANGUAGE_H

/* `enabled` is a NULL-terminated list of lower-case primary tags ("en", "ru"),
 * never empty.  Returns an element of it, or NULL when `tag` ("ru", "ru-RU",
 * any case; a locale's "ru_RU.UTF-8" too, as user tables have it) is not
 * enabled; NULL tag gives NULL. */
const char *pwr_language_enabled(const char *const *enabled, const char *tag);

/* The best of `enabled` for an Accept-Language header (RFC 9110 12.5.4:
 * q-values, ranges matched by their primary tag, "*" and q=0 honoured; ties go
 * to the earlier range).  A malformed element is passed over.  Where nothing is
 * asked for: the first enabled one that is not refused by q=0, else the first.
 * Time is linear in the header. */
const char *pwr_language_accept(const char *const *enabled,
                                const char *header);

#endif
