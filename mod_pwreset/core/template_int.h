/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed template, as template_parse.c makes it and template_render.c reads
 * it: one row of nodes, partials and translations already in their places.
 * Nobody else includes this. */
#ifndef PWR_TEMPLATE_INT_H
#define PWR_TEMPLATE_INT_H

#include "core/template.h"

#define PWR_TEMPLATE_SECTIONS_MAX 64    /* levels */

typedef enum pwr_node_kind {
    PWR_NODE_TEXT = 0,
    PWR_NODE_VARIABLE,
    PWR_NODE_RAW,
    PWR_NODE_SECTION,
    PWR_NODE_INVERTED
} pwr_node_kind;

typedef struct pwr_word {
    const char *text;
    unsigned hash;              /* pwr_model_hash(text) */
} pwr_word;

typedef struct pwr_node {
    pwr_node_kind kind;
    int inner_n;                /* nodes inside of a section; they follow */
    const char *text;           /* of `len` bytes; not of a name */
    size_t len;
    const pwr_word *path;       /* of a name; ends with a NULL text */
} pwr_node;

struct pwr_template {
    pwr_escape escape;
    const pwr_node *nodes;
    int nodes_n;
    size_t text_len;            /* of all its text */
};

#endif
