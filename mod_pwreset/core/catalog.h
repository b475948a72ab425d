/* SPDX-License-Identifier: Apache-2.0 */
/* Translations: a gettext .po file read directly (comments, multi-line
 * strings, the escapes \n \t \" \\).  Fuzzy entries and empty translations
 * count as absent.  Refused are plural forms and msgctxt (sentences here are
 * phrased to need neither), a msgid that stands twice, and a charset other
 * than UTF-8.  Pure; read-only after parsing. */
#ifndef PWR_CATALOG_H
#define PWR_CATALOG_H

#include <stddef.h>

#include <apr_pools.h>

/* Marks an English sentence in C for the catalog (t/00-lint/translations.t). */
#define N_(english) english

typedef struct pwr_catalog pwr_catalog;

/* Parse a .po file called `file` in messages.  Returns NULL and sets
 * `*catalog`, or a sentence with the line number. */
const char *pwr_catalog_parse(apr_pool_t *pool, const char *file,
                              const char *text, const pwr_catalog **catalog);

/* The translation, or `english` itself.  A NULL catalog is English.  White
 * space counts as pwr_catalog_fold says. */
const char *pwr_catalog_get(const pwr_catalog *catalog, const char *english);

/* The form in which sentences are compared, so that a template may be wrapped
 * anew without losing its translations: white space at the ends is gone, every
 * other run of it is one blank.  Writes at most `size` bytes, NUL included,
 * and returns the length of the whole, as snprintf does. */
size_t pwr_catalog_fold(char *out, size_t size, const char *text, size_t len);

#endif
