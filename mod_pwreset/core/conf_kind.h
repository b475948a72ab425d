/* SPDX-License-Identifier: Apache-2.0 */
/* What core/conf*.c share: the kinds of values, and words with their bits. */
#ifndef PWR_CONF_KIND_H
#define PWR_CONF_KIND_H

#include <stddef.h>

#include "core/conf.h"

typedef struct pwr_conf_word {
    const char *name;
    unsigned bits;
} pwr_conf_word;

/* lower, upper, ...; email, login, both.  End with name NULL. */
extern const pwr_conf_word pwr_conf_class_words[];
extern const pwr_conf_word pwr_conf_identify_words[];

/* Bytes of a member of this kind, and the most arguments one use may have. */
size_t pwr_conf_kind_size(pwr_kind kind);
int pwr_conf_kind_args_max(pwr_kind kind);

/* The member of a row. */
static inline void *pwr_conf_slot(const pwr_conf *conf,
                                  const pwr_conf_row *row)
{
    return (char *)conf + row->offset;
}

#endif
