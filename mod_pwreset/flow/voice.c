/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing costs more than all else at a start, so sites of one folder (most
 * have none) share what came of it. */
#include "flow/site_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/builtin.h"

#define TEMPLATES "PwResetTemplates"

static const struct page_file {
    const char *path;
    pwr_escape escape;
} page_files[PWR_PAGES_N] = {
    [PWR_PAGE_LOGIN] = { "pages/login.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_LOGOUT] = { "pages/logout.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_FORGOT] = { "pages/forgot.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_RESET] = { "pages/reset.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_CHANGE] = { "pages/change.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_NOTME] = { "pages/notme.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_SESSIONS] = { "pages/sessions.html", PWR_ESCAPE_HTML },
    [PWR_PAGE_MESSAGE] = { "pages/message.html", PWR_ESCAPE_HTML },
    [PWR_MAIL_RECOVER_SUBJECT] = { "mails/recover.subject", PWR_ESCAPE_NONE },
    [PWR_MAIL_RECOVER_TEXT] = { "mails/recover.txt", PWR_ESCAPE_NONE },
    [PWR_MAIL_RECOVER_HTML] = { "mails/recover.html", PWR_ESCAPE_HTML },
    [PWR_MAIL_CHANGED_SUBJECT] = { "mails/changed.subject", PWR_ESCAPE_NONE },
    [PWR_MAIL_CHANGED_TEXT] = { "mails/changed.txt", PWR_ESCAPE_NONE },
    [PWR_MAIL_CHANGED_HTML] = { "mails/changed.html", PWR_ESCAPE_HTML },
};

/* A voice while it is made. */
typedef struct parser {
    const pwr_maker *m;
    apr_pool_t *pool;               /* of the kit: others share it */
    int is_builtin_only;            /* the admin's files are not asked for */
    const pwr_catalog *catalog;
    const pwr_catalog *shipped;     /* the same without PwResetTemplates */
    const char *bad_partial;        /* what is wrong with one, else NULL */
} parser;

/* A text that was found, and what to call it in messages. */
typedef struct source {
    const char *file;
    const char *text;
} source;

static source builtin_source(const char *path)
{
    const pwr_builtin *file = pwr_builtin_find(path);

    return (source){ path, file ? file->bytes : NULL };
}

static const char *override_source(const parser *p, const char *path,
                                   source *found)
{
    pwr_file file = { NULL, 0, NULL };
    const char *error = p->is_builtin_only ? NULL
        : pwr_maker_override(p->m, path, &file);

    found->text = file.bytes;
    if (file.bytes) {
        found->file = apr_pstrcat(p->pool, p->m->conf->templates[0], "/",
                                  path, NULL);
    }
    return error;
}

static const char *translate(void *baton, const char *english)
{
    return pwr_catalog_get(((const parser *)baton)->catalog, english);
}

static const char *find_partial(void *baton, const char *name,
                                const char **file)
{
    parser *p = baton;
    const char *path = apr_pstrcat(p->pool, "pages/parts/", name, ".html",
                                   NULL);
    source found;
    const char *error = override_source(p, path, &found);

    if (error) {
        p->bad_partial = error;
    }
    if (error || !found.text) {
        found = builtin_source(path);
    }
    *file = found.file;
    return found.text;
}

static const char *parse_page(parser *p, const struct page_file *page,
                              const source *from, const pwr_template **out)
{
    const pwr_template_source how = {
        page->escape, translate, find_partial, p
    };
    const char *error;

    p->bad_partial = NULL;
    error = pwr_template_parse(p->pool, from->file, from->text, &how, out);
    return error ? error : p->bad_partial;
}

/* The page with the admin's files, or, where one of them is bad, of built-in
 * ones alone. */
static const char *make_page(parser *p, const struct page_file *page,
                             const pwr_template **out)
{
    source from;
    const char *error = override_source(p, page->path, &from);
    parser shipped = *p;

    shipped.is_builtin_only = 1;
    shipped.catalog = p->shipped;
    if (!from.text) {
        from = builtin_source(page->path);
    }
    if (!error) {
        error = parse_page(p, page, &from, out);
    }
    if (!error || (error = pwr_maker_blame(p->m, TEMPLATES, error))) {
        return error;
    }
    from = builtin_source(page->path);
    return parse_page(&shipped, page, &from, out);
}

/* The admin's catalog, the built-in one, or English. */
static const char *make_catalog(parser *p, const char *tag)
{
    const char *path = apr_pstrcat(p->pool, "po/", tag, ".po", NULL);
    source from = builtin_source(path);
    const char *bad, *error;

    if (from.text && (error = pwr_catalog_parse(p->pool, from.file, from.text,
                                                &p->shipped))) {
        return error;
    }
    bad = override_source(p, path, &from);
    if (!bad && from.text) {
        bad = pwr_catalog_parse(p->pool, from.file, from.text, &p->catalog);
        if (!bad) {
            return NULL;
        }
    }
    error = bad ? pwr_maker_blame(p->m, TEMPLATES, bad) : NULL;
    if (error) {
        return error;
    }
    p->catalog = p->shipped;
    return bad || p->shipped || strcmp(tag, "en") == 0 ? NULL
        : apr_psprintf(p->pool, "PwResetLanguages: there is no translation for "
                       "'%s': put %s into PwResetTemplates, or take it out",
                       tag, path);
}

static const char *make_voice(const pwr_maker *m, const char *tag,
                              pwr_voice *voice)
{
    parser p = { .m = m, .pool = m->kit->pool };
    const char *error = make_catalog(&p, tag);

    if (error) {
        return error;
    }
    voice->tag = apr_pstrdup(p.pool, tag);
    voice->catalog = p.catalog;
    /* The word "English" is translated by each language's own name. */
    voice->name = pwr_catalog_get(p.catalog, N_("English"));
    for (int page = PWR_PAGE_NONE + 1; !error && page < PWR_PAGES_N; page++) {
        error = make_page(&p, &page_files[page], &voice->page[page]);
    }
    return error;
}

/* All that a voice is made of. */
static const char *key_of(const pwr_maker *m, const char *tag)
{
    const char *const *templates = m->conf->templates;

    return apr_pstrcat(m->kit->pool, tag, "\n",
                       templates[0] ? templates[0] : "", "\n",
                       templates[1] ? templates[1] : "", NULL);
}

static const char *find_voice(const pwr_maker *m, const char *tag,
                              const pwr_voice **voice)
{
    const char *key = key_of(m, tag), *error;
    pwr_voice *made;

    *voice = apr_hash_get(m->kit->voices, key, APR_HASH_KEY_STRING);
    if (*voice) {
        return NULL;
    }
    made = apr_pcalloc(m->kit->pool, sizeof(*made));
    error = make_voice(m, tag, made);
    if (!error) {
        apr_hash_set(m->kit->voices, key, APR_HASH_KEY_STRING, made);
        *voice = made;
    }
    return error;
}

static const char *check_folder(const pwr_maker *m)
{
    const char *folder = m->conf->templates[0];

    return !folder || pwr_file_is_folder(folder) ? NULL
        : pwr_maker_blame(m, TEMPLATES,
                          apr_pstrcat(m->pool, "there is no folder ", folder,
                                      NULL));
}

const char *pwr_voices_make(const pwr_maker *m, pwr_site *site)
{
    const char *error = check_folder(m);
    const pwr_voice **voices;
    int n = 0;

    while (m->conf->languages[n]) {
        n++;
    }
    voices = apr_pcalloc(m->pool, (size_t)(n + 1) * sizeof(const void *));
    for (int i = 0; !error && i < n; i++) {
        error = find_voice(m, m->conf->languages[i], &voices[i]);
    }
    site->tags = m->conf->languages;
    site->voices = voices;
    return error;
}
