/* SPDX-License-Identifier: Apache-2.0 */
/* Mustache (the spec's variables, raw, sections, inverted, comments and
 * partials; standalone lines vanish), HTML-escaping by default, parsed once.
 * Written here because no C library of it is packaged.
 *
 * A name is words of letters, digits, "_" and "-", joined by dots; that of a
 * partial by dots and slashes, so that none leads out of its folder.  A text
 * is shown once by its section and is no map; there is no "{{.}}", and set
 * delimiters are refused.
 *
 * One addition, for translation: the section {{#_}}English words{{/_}} is
 * replaced at parse time by its translation, which may hold {{variables}} of
 * its own; so a template is parsed once per language and rendering looks
 * nothing up.  Inside it nothing but variables is allowed.  Words and
 * translation are template text: markup in them is not escaped.
 *
 * Parsing takes an admin's file: errors are sentences with a line number.
 * Limits: 64 levels of sections (partials included), 16 of partials, 1000
 * partials, 2 MB with all of them, and an end to what sections of lists within
 * lists can make of it; so that no template can exhaust stack, memory or time.
 * Pure; a parsed template is read-only and any thread may render it. */
#ifndef PWR_TEMPLATE_H
#define PWR_TEMPLATE_H

#include <stddef.h>

#include <apr_pools.h>

#include "core/model.h"

typedef struct pwr_template pwr_template;

typedef enum pwr_escape {
    PWR_ESCAPE_HTML = 0,    /* & < > " ' and ` = */
    PWR_ESCAPE_NONE         /* the text part of a mail */
} pwr_escape;

typedef struct pwr_template_source {
    pwr_escape escape;
    /* The translation of `english`, or `english` itself; never NULL. NULL
     * function: everything stays English. */
    const char *(*translate)(void *baton, const char *english);
    /* The text of the partial `name`, NULL when there is none; `*file` is its
     * name for messages. NULL function: no partials. */
    const char *(*partial)(void *baton, const char *name, const char **file);
    void *baton;
} pwr_template_source;

/* Parse `text` (NUL-terminated UTF-8), called `file` in messages.  Nothing of
 * what is handed in is referred to afterwards.
 * Returns NULL and sets `*template`, or a sentence such as
 * "reset.html line 12: section {{#rules}} is not closed". */
const char *pwr_template_parse(apr_pool_t *pool, const char *file,
                               const char *text,
                               const pwr_template_source *source,
                               const pwr_template **template);

/* Fill the template.  Returns NUL-terminated text of `*len` bytes, in wiped
 * memory (a page may show a control string).  Names are looked up from the
 * innermost map outwards; "a.b" goes into maps.  NULL, and `*len` 0, for a
 * template that would write more than 16 MB or take more than some seconds. */
const char *pwr_template_render(apr_pool_t *pool,
                                const pwr_template *template,
                                const pwr_model *model, size_t *len);

#endif
