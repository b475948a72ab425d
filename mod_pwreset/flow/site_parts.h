/* SPDX-License-Identifier: Apache-2.0 */
/* What flow/site.c, voice.c and brand.c share while a site is made. */
#ifndef PWR_SITE_PARTS_H
#define PWR_SITE_PARTS_H

#include <apr_hash.h>

#include "flow/site.h"
#include "io/file.h"

struct pwr_kit {
    apr_pool_t *pool;
    const pwr_words *words;
    apr_hash_t *voices;             /* "ru" and the folder: const pwr_voice * */
    apr_hash_t *zones;              /* by path: const pwr_zone *, */
    apr_hash_t *lists;              /* const pwr_words *, */
    apr_hash_t *breaches;           /* pwr_breach_file * */
};

typedef struct pwr_maker {
    apr_pool_t *pool;
    const pwr_conf *conf;
    pwr_kit *kit;
    const pwr_diag *diag;
    int strict;
} pwr_maker;

/* The admin's file of PwResetTemplates, where there is one: `file->bytes` is
 * NULL when there is not.  Returns a sentence when there is one that may not be
 * used. */
const char *pwr_maker_override(const pwr_maker *m, const char *path,
                               pwr_file *file);

/* What is wrong with a file of the admin's, which `directive` names: an error
 * when strict, else a log line, for nobody's file may keep the other sites from
 * being served. */
const char *pwr_maker_blame(const pwr_maker *m, const char *directive,
                            const char *error);

/* Templates and sentences in all languages of the site.  Returns a sentence, or
 * NULL and sets site->tags and site->voices. */
const char *pwr_voices_make(const pwr_maker *m, pwr_site *site);

/* Style, pictures and colours.  Returns a sentence, or NULL and sets what is of
 * the brand. */
const char *pwr_brand_make(const pwr_maker *m, pwr_site *site);

#endif
