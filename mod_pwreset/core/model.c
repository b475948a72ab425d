/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model.h"

#include <string.h>

#include <apr_tables.h>

#define KEYS_N 16               /* first size; the arrays grow */
#define ITEMS_N 8

struct pwr_model {
    apr_array_header_t *values; /* of pwr_model_value */
};

struct pwr_list {
    apr_array_header_t *items;  /* of pwr_model * */
};

pwr_model *pwr_model_make(apr_pool_t *pool)
{
    pwr_model *model = apr_palloc(pool, sizeof(*model));

    model->values = apr_array_make(pool, KEYS_N, sizeof(pwr_model_value));
    return model;
}

pwr_list *pwr_list_make(apr_pool_t *pool)
{
    pwr_list *list = apr_palloc(pool, sizeof(*list));

    list->items = apr_array_make(pool, ITEMS_N, sizeof(pwr_model *));
    return list;
}

/* FNV-1a. */
unsigned pwr_model_hash(const char *key)
{
    unsigned hash = 2166136261u;

    for (; *key; key++) {
        hash = (hash ^ (unsigned char)*key) * 16777619u;
    }
    return hash;
}

static pwr_model_value *find(const pwr_model *model, const char *key,
                             unsigned hash)
{
    pwr_model_value *values = (pwr_model_value *)model->values->elts;

    for (int i = 0; i < model->values->nelts; i++) {
        if (values[i].hash == hash && strcmp(values[i].key, key) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

static pwr_model_value *set(pwr_model *model, const char *key,
                            pwr_model_kind kind)
{
    unsigned hash = pwr_model_hash(key);
    pwr_model_value *value = find(model, key, hash);

    if (!value) {
        value = apr_array_push(model->values);
    }

    *value = (pwr_model_value){ .key = key, .hash = hash, .kind = kind };
    return value;
}

void pwr_model_text(pwr_model *model, const char *key, const char *text)
{
    set(model, key, text ? PWR_MODEL_TEXT : PWR_MODEL_ABSENT)->text = text;
}

void pwr_model_flag(pwr_model *model, const char *key, int flag)
{
    set(model, key, flag ? PWR_MODEL_FLAG : PWR_MODEL_ABSENT);
}

void pwr_model_list(pwr_model *model, const char *key, const pwr_list *list)
{
    set(model, key, list ? PWR_MODEL_LIST : PWR_MODEL_ABSENT)->list = list;
}

void pwr_model_map(pwr_model *model, const char *key, const pwr_model *map)
{
    set(model, key, map ? PWR_MODEL_MAP : PWR_MODEL_ABSENT)->map = map;
}

pwr_model *pwr_list_add(pwr_list *list)
{
    pwr_model *item = pwr_model_make(list->items->pool);

    APR_ARRAY_PUSH(list->items, pwr_model *) = item;
    return item;
}

const pwr_model_value *pwr_model_get(const pwr_model *model, const char *key)
{
    return find(model, key, pwr_model_hash(key));
}

const pwr_model_value *pwr_model_find(const pwr_model *model, const char *key,
                                      unsigned hash)
{
    return find(model, key, hash);
}

int pwr_model_n(const pwr_model *model)
{
    return model->values->nelts;
}

const pwr_model_value *pwr_model_at(const pwr_model *model, int i)
{
    return &APR_ARRAY_IDX(model->values, i, const pwr_model_value);
}

int pwr_list_n(const pwr_list *list)
{
    return list->items->nelts;
}

const pwr_model *pwr_list_at(const pwr_list *list, int i)
{
    return APR_ARRAY_IDX(list->items, i, const pwr_model *);
}
