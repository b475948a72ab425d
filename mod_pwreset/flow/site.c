/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/site.h"

#include <string.h>

#include <apr_strings.h>

#include "core/builtin.h"
#include "core/cookie.h"
#include "core/language.h"
#include "core/text.h"
#include "io/file.h"

#define SYSTEM_ZONE "/etc/localtime"
#define ZONE_FOLDER "/usr/share/zoneinfo/"

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

/* What is at hand while a site is made. */
typedef struct maker {
    apr_pool_t *pool;
    const pwr_conf *conf;
    const pwr_diag *diag;
    const pwr_words *words;
    int strict;
    int is_builtin_only;            /* the admin's files are not asked for */
    const pwr_catalog *catalog;     /* of the voice being made */
    const pwr_catalog *shipped;     /* the same without PwResetTemplates */
    const char *bad_partial;        /* what is wrong with one, else NULL */
} maker;

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

/* The admin's file where there is one.  Returns a sentence when there is one
 * that may not be used. */
static const char *override_source(const maker *m, const char *path,
                                   source *found)
{
    const char *folder = m->conf->templates[0], *reason;
    apr_status_t status;

    found->text = NULL;
    if (!folder || m->is_builtin_only) {
        return NULL;
    }
    found->file = apr_pstrcat(m->pool, folder, "/", path, NULL);
    status = pwr_file_read_trusted(m->pool, folder, m->conf->templates[1],
                                   path, &found->text, &reason);
    if (status == APR_SUCCESS || APR_STATUS_IS_ENOENT(status)) {
        return NULL;
    }
    return apr_psprintf(m->pool, "%s cannot be used: %s", found->file, reason);
}

/* What is wrong with a file of the admin's: an error when strict, else a log
 * line, for nobody's file may keep the other sites from being served. */
static const char *blame(const maker *m, const char *error)
{
    if (m->strict) {
        return apr_psprintf(m->pool, "PwResetTemplates: %s", error);
    }
    pwr_diag_log(m->diag, PWR_LEVEL_ERROR, 0, "PWR0401",
                 "PwResetTemplates: %s; the built-in one is used", error);
    return NULL;
}

static const char *translate(void *baton, const char *english)
{
    return pwr_catalog_get(((const maker *)baton)->catalog, english);
}

static const char *find_partial(void *baton, const char *name,
                                const char **file)
{
    maker *m = baton;
    const char *path = apr_pstrcat(m->pool, "pages/parts/", name, ".html",
                                   NULL);
    source found;
    const char *error = override_source(m, path, &found);

    if (error) {
        m->bad_partial = error;
    }
    if (error || !found.text) {
        found = builtin_source(path);
    }
    *file = found.file;
    return found.text;
}

static const char *parse_page(maker *m, const struct page_file *page,
                              const source *from, const pwr_template **out)
{
    const pwr_template_source how = {
        page->escape, translate, find_partial, m
    };
    const char *error;

    m->bad_partial = NULL;
    error = pwr_template_parse(m->pool, from->file, from->text, &how, out);
    return error ? error : m->bad_partial;
}

/* The page with the admin's files, or, where one of them is bad, of built-in
 * ones alone. */
static const char *make_page(maker *m, const struct page_file *page,
                             const pwr_template **out)
{
    source from;
    const char *error = override_source(m, page->path, &from);
    maker shipped = *m;

    shipped.is_builtin_only = 1;
    shipped.catalog = m->shipped;
    if (!from.text) {
        from = builtin_source(page->path);
    }
    if (!error) {
        error = parse_page(m, page, &from, out);
    }
    if (!error || (error = blame(m, error))) {
        return error;
    }
    from = builtin_source(page->path);
    return parse_page(&shipped, page, &from, out);
}

/* The admin's catalog, the built-in one, or English. */
static const char *make_catalog(maker *m, const char *tag)
{
    const char *path = apr_pstrcat(m->pool, "po/", tag, ".po", NULL);
    source from = builtin_source(path);
    const char *bad, *error;

    m->catalog = m->shipped = NULL;
    if (from.text && (error = pwr_catalog_parse(m->pool, from.file, from.text,
                                                &m->shipped))) {
        return error;
    }
    bad = override_source(m, path, &from);
    if (!bad && from.text) {
        bad = pwr_catalog_parse(m->pool, from.file, from.text, &m->catalog);
        if (!bad) {
            return NULL;
        }
    }
    error = bad ? blame(m, bad) : NULL;
    if (error) {
        return error;
    }
    m->catalog = m->shipped;
    return bad || m->shipped || strcmp(tag, "en") == 0 ? NULL
        : apr_psprintf(m->pool, "PwResetLanguages: there is no translation for "
                       "'%s': put %s into PwResetTemplates, or take it out",
                       tag, path);
}

static const char *make_voice(maker *m, const char *tag, pwr_voice *voice)
{
    const char *error = make_catalog(m, tag);

    if (error) {
        return error;
    }
    voice->tag = tag;
    voice->catalog = m->catalog;
    /* The word "English" is translated by each language's own name. */
    voice->name = pwr_catalog_get(m->catalog, N_("English"));
    for (int page = PWR_PAGE_NONE + 1; !error && page < PWR_PAGES_N; page++) {
        error = make_page(m, &page_files[page], &voice->page[page]);
    }
    return error;
}

static const char *make_voices(maker *m, pwr_site *site)
{
    pwr_voice *voices;
    const char *error = NULL;
    int n = 0;

    while (m->conf->languages[n]) {
        n++;
    }
    voices = apr_pcalloc(m->pool, (size_t)n * sizeof(*voices));
    for (int i = 0; !error && i < n; i++) {
        error = make_voice(m, m->conf->languages[i], &voices[i]);
    }
    site->tags = m->conf->languages;
    site->voices = voices;
    return error;
}

static const char *check_folder(const maker *m)
{
    const char *folder = m->conf->templates[0];

    return !folder || pwr_file_is_folder(folder) ? NULL
        : blame(m, apr_pstrcat(m->pool, "there is no folder ", folder, NULL));
}

static const char *make_zone(const maker *m, pwr_site *site)
{
    const char *name = m->conf->time_zone, *path = SYSTEM_ZONE, *bytes;
    size_t len;

    if (name) {
        if (strstr(name, "..") || *name == '/') {
            return "PwResetTimeZone must be a name such as Europe/Moscow";
        }
        path = apr_pstrcat(m->pool, ZONE_FOLDER, name, NULL);
    }
    if (pwr_file_read(m->pool, path, &bytes, &len) == APR_SUCCESS) {
        site->zone = pwr_zone_parse(m->pool, bytes, len);
    }
    if (name && !site->zone) {
        return apr_psprintf(m->pool, "PwResetTimeZone: there is no zone %s in "
                            ZONE_FOLDER, name);
    }
    return NULL;
}

const pwr_words *pwr_site_words(apr_pool_t *pool)
{
    const pwr_builtin *file = pwr_builtin_find("common-passwords.txt");

    return pwr_words_parse(pool, file ? file->bytes : "", NULL);
}

static const char *make_breach(const maker *m, pwr_site *site)
{
    const char *path = m->conf->breach_list, *fault;

    if (!path) {
        return NULL;
    }
    fault = pwr_breach_file_open(m->pool, path, &site->breach);
    if (fault) {
        return apr_psprintf(m->pool, "PwResetBreachList: %s: %s", path, fault);
    }
    site->policy.breach = pwr_breach_file_list(site->breach);
    return NULL;
}

static const char *make_policy(const maker *m, pwr_site *site)
{
    const char *bytes;
    apr_status_t status;
    size_t len;

    site->policy = (pwr_policy){
        .points_min = m->conf->password_length[0],
        .points_max = m->conf->password_length[1],
        .score_min = m->conf->password_score,
        .classes = m->conf->password_classes,
        .history = m->conf->password_history,
        .common = m->words,
    };
    if (!m->conf->password_words) {
        return NULL;
    }
    status = pwr_file_read(m->pool, m->conf->password_words, &bytes, &len);
    if (status != APR_SUCCESS) {
        return apr_psprintf(m->pool, "PwResetPasswordWords: %s: %pm",
                            m->conf->password_words, &status);
    }
    site->policy.common = pwr_words_parse(m->pool, bytes, m->words);
    return site->policy.common ? NULL
        : apr_psprintf(m->pool, "PwResetPasswordWords: %s is not UTF-8 text",
                       m->conf->password_words);
}

/* ServerAdmin is "[no address given]" when nobody set it. */
static const char *contact_for_people(const pwr_conf *conf)
{
    const char *contact = conf->contact;
    const char *at = contact ? strrchr(contact, '@') : NULL;

    if (!contact || *contact == '[' || (at && !strcmp(at, "@localhost"))) {
        return NULL;
    }
    return contact;
}

const char *pwr_site_make(apr_pool_t *pool, const pwr_conf *conf,
                          const pwr_words *words, const pwr_diag *diag,
                          int strict, pwr_site **out)
{
    pwr_site *site = apr_pcalloc(pool, sizeof(*site));
    maker m = {
        .pool = pool, .conf = conf, .diag = diag, .words = words,
        .strict = strict
    };
    const char *error = pwr_url_parse(pool, conf->public_url, &site->url);
    int https;

    *out = NULL;
    if (error) {
        return apr_psprintf(pool, "PwResetPublicURL: %s", error);
    }
    https = strcmp(site->url.scheme, "https") == 0;
    site->conf = conf;
    site->home = apr_pstrcat(pool, site->url.origin, conf->base, NULL);
    site->cookie = pwr_cookie_name(pool, conf->realm, https);
    if (!site->cookie) {
        return "PwReset: no SHA-256: OpenSSL is out of memory, or its "
               "configuration forbids it";
    }
    site->device_cookie = apr_pstrcat(pool, site->cookie, "-device", NULL);
    site->login_cookie = apr_pstrcat(pool, site->cookie, "-login", NULL);
    site->try_cookie = apr_pstrcat(pool, site->cookie, "-try", NULL);
    site->contact = contact_for_people(conf);
    site->decoy = pwr_scheme_decoy(pool, &conf->password_scheme);
    if ((error = make_zone(&m, site)) || (error = make_policy(&m, site))
        || (error = make_breach(&m, site)) || (error = check_folder(&m))
        || (error = make_voices(&m, site))) {
        return error;
    }
    *out = site;
    return NULL;
}

const pwr_voice *pwr_site_voice(const pwr_site *site, const char *tag)
{
    const pwr_voice *voice = site->voices;

    for (int i = 0; tag && site->tags[i]; i++) {
        if (strcmp(site->tags[i], tag) == 0) {
            return &site->voices[i];
        }
    }
    return voice;
}
