/* SPDX-License-Identifier: Apache-2.0 */
/* What a page is made of: maps of strings, flags, lists and maps.
 * Keys and values are not copied; they must live as long as the model.
 * A look-up is linear, by hashes: a page has some dozens of keys. */
#ifndef PWR_MODEL_H
#define PWR_MODEL_H

#include <apr_pools.h>

typedef struct pwr_model pwr_model;     /* a map */
typedef struct pwr_list pwr_list;       /* a list of maps */

pwr_model *pwr_model_make(apr_pool_t *pool);
pwr_list *pwr_list_make(apr_pool_t *pool);

/* Set a key, replacing what it held.  A NULL value or zero flag is "absent":
 * a section on it is not shown, an inverted section is; it still hides a value
 * of the same name in an outer map.  An empty text is present. */
void pwr_model_text(pwr_model *model, const char *key, const char *text);
void pwr_model_flag(pwr_model *model, const char *key, int flag);
void pwr_model_list(pwr_model *model, const char *key, const pwr_list *list);
void pwr_model_map(pwr_model *model, const char *key, const pwr_model *map);

/* Append a new empty map to `list` and return it. */
pwr_model *pwr_list_add(pwr_list *list);

typedef enum pwr_model_kind {
    PWR_MODEL_ABSENT = 0,
    PWR_MODEL_TEXT,
    PWR_MODEL_FLAG,
    PWR_MODEL_LIST,
    PWR_MODEL_MAP
} pwr_model_kind;

typedef struct pwr_model_value {
    const char *key;
    unsigned hash;              /* pwr_model_hash(key) */
    pwr_model_kind kind;
    union {                     /* of a flag nothing but its kind */
        const char *text;
        const pwr_list *list;
        const pwr_model *map;
    };
} pwr_model_value;

/* What was set for `key`, NULL when nothing ever was; good until the map's
 * next change. */
const pwr_model_value *pwr_model_get(const pwr_model *model, const char *key);

/* The same for a key that is looked up often, whose hash is known already. */
unsigned pwr_model_hash(const char *key);
const pwr_model_value *pwr_model_find(const pwr_model *model, const char *key,
                                      unsigned hash);

/* The keys that were ever set, in the order of their first time: how many, and
 * number `i` of them, counted from 0. */
int pwr_model_n(const pwr_model *model);
const pwr_model_value *pwr_model_at(const pwr_model *model, int i);

int pwr_list_n(const pwr_list *list);

/* The map number `i`, counted from 0, of pwr_list_n(). */
const pwr_model *pwr_list_at(const pwr_list *list, int i);

#endif
