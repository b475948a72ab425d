/* SPDX-License-Identifier: Apache-2.0 */
#include "core/template.h"

#include <string.h>

#include "core/sink.h"
#include "core/template_int.h"

/* A list can be shown within itself, 64 times over, and ten items would be
 * written 10^64 times: so there is an end to it.  What is shown either writes
 * or looks something up, so these two find every template that has none. */
#define BYTES_MAX (16 * 1024 * 1024)
#define LOOK_UPS_MAX 4000000            /* each of one name in one map */
#define VALUES_BYTES 4096       /* what is shown seldom takes more than this
                                 * beside the template's own text */

/* The maps that names are looked up in stand with the outermost first. */
typedef struct renderer {
    pwr_escape escape;
    pwr_sink sink;
    const pwr_model *maps[PWR_TEMPLATE_SECTIONS_MAX + 1];
    int maps_n;
    long look_ups_n;
} renderer;

static void show_nodes(renderer *r, const pwr_node *node, int n);

static const pwr_model_value *look_up(renderer *r, const pwr_word *path)
{
    const pwr_model_value *value = NULL;

    for (int i = r->maps_n - 1; i >= 0 && !value; i--) {
        value = pwr_model_find(r->maps[i], path->text, path->hash);
        r->look_ups_n++;
    }
    for (path++; path->text && value; path++) {
        value = value->kind == PWR_MODEL_MAP
            ? pwr_model_find(value->map, path->text, path->hash) : NULL;
    }
    return value;
}

static const char *text_of(renderer *r, const pwr_node *node)
{
    const pwr_model_value *value = look_up(r, node->path);

    return value && value->kind == PWR_MODEL_TEXT ? value->text : "";
}

static int is_shown(const pwr_model_value *value)
{
    return value && value->kind != PWR_MODEL_ABSENT
        && (value->kind != PWR_MODEL_LIST || pwr_list_n(value->list) > 0);
}

/* Beyond the usual five: "`" and "=", with which a value leaves an attribute
 * that the template's author did not quote. */
static void add_escaped(pwr_sink *sink, const char *s)
{
    static const char special[] = "&<>\"'`=";
    static const char *const entities[] = {
        "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#96;", "&#61;"
    };

    for (;;) {
        size_t len = strcspn(s, special);

        pwr_sink_add(sink, s, len);
        s += len;
        if (!*s) {
            return;
        }
        pwr_sink_text(sink, entities[strchr(special, *s) - special]);
        s++;
    }
}

static void show_text(renderer *r, const pwr_node *node)
{
    pwr_sink_add(&r->sink, node->text, node->len);
}

static void show_raw(renderer *r, const pwr_node *node)
{
    pwr_sink_text(&r->sink, text_of(r, node));
}

static void show_variable(renderer *r, const pwr_node *node)
{
    if (r->escape == PWR_ESCAPE_NONE) {
        show_raw(r, node);
        return;
    }
    add_escaped(&r->sink, text_of(r, node));
}

static void show_within(renderer *r, const pwr_node *node,
                        const pwr_model *map)
{
    r->maps[r->maps_n++] = map;
    show_nodes(r, node + 1, node->inner_n);
    r->maps_n--;
}

static void show_section(renderer *r, const pwr_node *node)
{
    const pwr_model_value *value = look_up(r, node->path);

    if (!is_shown(value)) {
        return;
    }
    if (value->kind == PWR_MODEL_MAP) {
        show_within(r, node, value->map);
        return;
    }
    if (value->kind != PWR_MODEL_LIST) {
        show_nodes(r, node + 1, node->inner_n);
        return;
    }
    for (int i = 0; i < pwr_list_n(value->list); i++) {
        show_within(r, node, pwr_list_at(value->list, i));
    }
}

static void show_inverted(renderer *r, const pwr_node *node)
{
    if (!is_shown(look_up(r, node->path))) {
        show_nodes(r, node + 1, node->inner_n);
    }
}

static int is_too_much(const renderer *r)
{
    return r->look_ups_n > LOOK_UPS_MAX || r->sink.len > BYTES_MAX;
}

static void show_nodes(renderer *r, const pwr_node *node, int n)
{
    static void (*const shows[])(renderer *r, const pwr_node *node) = {
        [PWR_NODE_TEXT] = show_text,
        [PWR_NODE_VARIABLE] = show_variable,
        [PWR_NODE_RAW] = show_raw,
        [PWR_NODE_SECTION] = show_section,
        [PWR_NODE_INVERTED] = show_inverted,
    };
    const pwr_node *end = node + n;

    for (; node < end && !is_too_much(r); node += 1 + node->inner_n) {
        shows[node->kind](r, node);
    }
}

const char *pwr_template_render(apr_pool_t *pool,
                                const pwr_template *template,
                                const pwr_model *model, size_t *len)
{
    renderer r = { .escape = template->escape, .maps = { model }, .maps_n = 1 };
    size_t room = template->text_len + VALUES_BYTES;
    const char *text = pwr_sink_guess(pool, &r.sink, room);

    *len = 0;
    show_nodes(&r, template->nodes, template->nodes_n);
    if (is_too_much(&r)) {
        return NULL;
    }
    if (r.sink.len > room) {
        text = pwr_sink_open(pool, &r.sink);
        r.look_ups_n = 0;
        show_nodes(&r, template->nodes, template->nodes_n);
    }
    *len = r.sink.len;
    return text;
}
