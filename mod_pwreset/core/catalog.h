/* SPDX-License-Identifier: Apache-2.0 */
/* Translations: a gettext .po file read directly (msgid, msgstr, msgctxt,
 * comments, multi-line strings, C escapes).  Fuzzy entries and empty
 * translations count as absent; plural forms are refused (sentences here are
 * phrased to need none).  Pure; read-only after parsing. */
#ifndef PWR_CATALOG_H
#define PWR_CATALOG_H

#include <apr_pools.h>

/* Marks an English sentence in C for the catalog (t/lint/translations.t). */
#define N_(english) english

typedef struct pwr_catalog pwr_catalog;

/* Parse a .po file called `file` in messages.  Returns NULL and sets
 * `*catalog`, or a sentence with the line number. */
const char *pwr_catalog_parse(apr_pool_t *pool, const char *file,
                              const char *text, const pwr_catalog **catalog);

/* The translation, or `english` itself.  A NULL catalog is English. Runs of
 * blanks and line feeds in `english` count as one blank. */
const char *pwr_catalog_get(const pwr_catalog *catalog, const char *english);

#endif
