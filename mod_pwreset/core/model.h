/* SPDX-License-Identifier: Apache-2.0 */
/* What a template is filled with: maps of strings, flags, lists and maps.
 * Keys and values are not copied; they must live as long as the model. */
#ifndef PWR_MODEL_H
#define PWR_MODEL_H

#include <apr_pools.h>

typedef struct pwr_model pwr_model;     /* a map */
typedef struct pwr_list pwr_list;       /* a list of maps */

pwr_model *pwr_model_make(apr_pool_t *pool);
pwr_list *pwr_list_make(apr_pool_t *pool);

/* Set a key, replacing what it held.  A NULL text or zero flag is "absent":
 * a section on it is not shown, an inverted section is. */
void pwr_model_text(pwr_model *model, const char *key, const char *text);
void pwr_model_flag(pwr_model *model, const char *key, int flag);
void pwr_model_list(pwr_model *model, const char *key, const pwr_list *list);
void pwr_model_map(pwr_model *model, const char *key, const pwr_model *map);

/* Append a new empty map to `list` and return it. */
pwr_model *pwr_list_add(pwr_list *list);

#endif
