/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: parsed, and what parsed is rendered. */
#include "core/model.h"
#include "core/template.h"

#include "fuzz.h"

/* Stands in values only, where the input does not hold it. */
#define MARK "\x01"
#define HOSTILE "<" MARK " & \" ' ` = >" MARK
#define BYTES_MAX (16 * 1024 * 1024)

/* An input: the template, two partials, a translation. */
typedef struct texts {
    const char *main, *partial[2], *translation;
} texts;

static const char *partial(void *baton, const char *name, const char **file)
{
    const texts *t = baton;

    *file = name;
    return strcmp(name, "a") == 0 ? t->partial[0]
        : strcmp(name, "b") == 0 ? t->partial[1] : NULL;
}

static const char *translate(void *baton, const char *english)
{
    const texts *t = baton;

    return *english == 'T' ? t->translation : english;
}

static const pwr_model *sample(apr_pool_t *pool)
{
    pwr_model *model = pwr_model_make(pool), *map = pwr_model_make(pool);
    pwr_list *list = pwr_list_make(pool);

    pwr_model_text(model, "x", HOSTILE);
    pwr_model_text(model, "none", NULL);
    pwr_model_flag(model, "yes", 1);
    pwr_model_flag(model, "no", 0);
    pwr_model_list(model, "l", list);
    pwr_model_list(model, "empty", pwr_list_make(pool));
    pwr_model_map(model, "m", map);
    pwr_model_text(pwr_list_add(list), "x", HOSTILE "1");
    pwr_model_text(pwr_list_add(list), "y", HOSTILE "2");
    pwr_model_text(map, "z", HOSTILE);
    return model;
}

/* No value leaves the text or the attribute it stands in. */
static void look_escaped(const texts *t, const char *shown)
{
    const char *all[] = { t->main, t->partial[0], t->partial[1],
                          t->translation };

    for (int i = 0; i < 4; i++) {
        if (strpbrk(all[i], MARK "&") || strstr(all[i], "{{{")) {
            return;
        }
    }
    for (const char *mark = shown; (mark = strstr(mark, MARK)); mark++) {
        FUZZ_CLAIM(mark - shown >= 4 && strncmp(mark - 4, "&lt;", 4) != 0
                   ? strncmp(mark - 4, "&gt;", 4) == 0 : 1);
        FUZZ_CLAIM(mark == shown || !strchr("<>\"'`=", mark[-1]));
    }
}

static void look(apr_pool_t *pool, const texts *t, pwr_escape escape)
{
    pwr_template_source source = { escape, translate, partial, (void *)t };
    const pwr_template *template = NULL;
    const char *problem = pwr_template_parse(pool, "file", t->main, &source,
                                             &template);
    const char *shown, *again;
    size_t len, again_len;

    FUZZ_CLAIM((problem == NULL) == (template != NULL));
    if (problem) {
        FUZZ_CLAIM(strstr(problem, " line ") && strlen(problem) < 1000);
        return;
    }
    shown = pwr_template_render(pool, template, sample(pool), &len);
    FUZZ_CLAIM(len == (shown ? strlen(shown) : 0) && len <= BYTES_MAX);
    if (shown && len < 100000) {
        again = pwr_template_render(pool, template, sample(pool), &again_len);
        FUZZ_CLAIM(again && len == again_len && strcmp(shown, again) == 0);
    }
    if (shown && escape == PWR_ESCAPE_HTML) {
        look_escaped(t, shown);
    }
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    texts t;

    t.main = fuzz_text(pool, &in);
    t.partial[0] = fuzz_text(pool, &in);
    t.partial[1] = fuzz_text(pool, &in);
    t.translation = fuzz_text(pool, &in);
    look(pool, &t, PWR_ESCAPE_HTML);
    look(pool, &t, PWR_ESCAPE_NONE);
}
