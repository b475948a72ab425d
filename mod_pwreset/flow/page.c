/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/page.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "core/addr.h"
#include "core/text.h"

#define HALF_DAY_SEC (12 * 3600)
#define VERSION_LEN 8           /* of the digits in an ETag */

static const char *site_path(const pwr_env *env, const char *name)
{
    return apr_pstrcat(env->pool, env->site->conf->base, name, NULL);
}

const char *pwr_page_path(const pwr_env *env, const pwr_request *request,
                          const char *name)
{
    return pwr_url_with(env->pool, site_path(env, name), "lang",
                        request->lang);
}

const char *pwr_page_version(apr_pool_t *pool, const pwr_builtin *asset)
{
    return apr_pstrmemdup(pool, asset->etag + 1, VERSION_LEN);
}

/* NULL for no name. */
static const char *asset_path(const pwr_env *env, const char *name)
{
    const pwr_builtin *file = name ? pwr_site_asset(env->site, name) : NULL;
    const char *version = file ? pwr_page_version(env->pool, file) : NULL;

    return !name ? NULL
        : pwr_url_with(env->pool, apr_pstrcat(env->pool,
                                              env->site->conf->base, "/",
                                              name, NULL), "v", version);
}

static void add_links(const pwr_env *env, const pwr_request *request,
                      pwr_model *model)
{
    static const struct { const char *key, *name; } links[] = {
        { "url_logout", "/logout" },
        { "url_forgot", "/forgot" },
        { "url_reset", "/reset" },
        { "url_change", "/change" },
    };
    const pwr_conf *conf = env->site->conf;

    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
        pwr_model_text(model, links[i].key,
                       pwr_page_path(env, request, links[i].name));
    }
    pwr_model_text(model, "url_login", conf->login
                   ? pwr_page_path(env, request, "/login") : conf->login_url);
    pwr_model_text(model, "url_sessions", conf->login
                   ? pwr_page_path(env, request, "/sessions") : NULL);
    pwr_model_text(model, "style_url", asset_path(env, "assets/pwreset.css"));
    pwr_model_text(model, "script_url", asset_path(env, "assets/pwreset.js"));
    pwr_model_text(model, "icon_url", asset_path(env, "assets/icon.svg"));
    pwr_model_text(model, "brand_url",
                   asset_path(env, env->site->style_brand));
    pwr_model_text(model, "logo_url", asset_path(env, env->site->logo));
    pwr_model_text(model, "logo_night_url",
                   asset_path(env, env->site->logo_night));
}

void pwr_page_languages(const pwr_env *env, const pwr_request *request,
                        pwr_response *response, const char *path)
{
    const pwr_site *site = env->site;
    pwr_list *list = pwr_list_make(env->pool);

    if (!site->tags[1]) {
        return;
    }
    for (int i = 0; site->tags[i]; i++) {
        pwr_model *language = pwr_list_add(list);

        pwr_model_text(language, "tag", site->tags[i]);
        pwr_model_text(language, "name", site->voices[i]->name);
        pwr_model_text(language, "url",
                       pwr_url_with(env->pool, path, "lang", site->tags[i]));
        pwr_model_flag(language, "current",
                       site->voices[i] == request->voice);
    }
    pwr_model_list(response->model, "languages", list);
    pwr_model_flag(response->model, "has_languages", 1);
}

/* Where a click on the contact leads; NULL when it is only words. */
static const char *contact_url(apr_pool_t *pool, const char *contact)
{
    if (!contact) {
        return NULL;
    }
    if (strncmp(contact, "https://", 8) == 0
        || strncmp(contact, "http://", 7) == 0) {
        return contact;
    }
    return pwr_addr_mailbox(pool, contact)
        ? apr_pstrcat(pool, "mailto:", pwr_text_urlencode(pool, contact), NULL)
        : NULL;
}

void pwr_page_contact(apr_pool_t *pool, const pwr_site *site,
                      pwr_model *model)
{
    pwr_model_text(model, "contact", site->contact);
    pwr_model_text(model, "contact_url", contact_url(pool, site->contact));
}

void pwr_page_begin(const pwr_env *env, const pwr_request *request,
                    int status, pwr_page page, const char *path,
                    pwr_response *response)
{
    pwr_model *model = pwr_model_make(env->pool);

    response->status = status;
    response->page = page;
    response->model = model;
    response->errors = NULL;
    response->field_errors = NULL;
    pwr_model_text(model, "lang", request->voice->tag);
    pwr_model_text(model, "site_name", env->site->conf->site_name);
    pwr_model_text(model, "base", env->site->conf->base);
    pwr_model_text(model, "url_self", pwr_page_path(env, request, path));
    pwr_page_contact(env->pool, env->site, model);
    add_links(env, request, model);
    pwr_page_languages(env, request, response, site_path(env, path));
}

void pwr_page_message(const pwr_env *env, const pwr_request *request,
                      const pwr_message_page *message,
                      pwr_response *response)
{
    const pwr_catalog *catalog = request->voice->catalog;
    const char *path = message->back_path ? message->back_path : "/forgot";
    pwr_model *model;

    pwr_page_begin(env, request, message->status, PWR_PAGE_MESSAGE, path,
                   response);
    model = response->model;
    pwr_model_text(model, "heading",
                   pwr_catalog_get(catalog, message->heading));
    pwr_model_text(model, "text",
                   pwr_page_words(env->pool, request->voice, message->text,
                                  message->values));
    if (message->back_path) {
        pwr_model_text(model, "back_url", pwr_page_path(env, request, path));
        pwr_model_text(model, "back_text",
                       pwr_catalog_get(catalog, message->back_text));
    }
}

const char *pwr_page_words(apr_pool_t *pool, const pwr_voice *voice,
                           const char *english, const pwr_model *values)
{
    const pwr_template_source how = { .escape = PWR_ESCAPE_NONE };
    const char *sentence = pwr_catalog_get(voice->catalog, english);
    const pwr_template *template;
    const char *filled;
    size_t len;

    if (!strstr(sentence, "{{")
        || pwr_template_parse(pool, "sentence", sentence, &how, &template)) {
        return sentence;
    }
    filled = pwr_template_render(pool, template, values, &len);
    return filled ? filled : sentence;
}

const char *pwr_page_moment(const pwr_env *env, int64_t epoch_sec,
                            int64_t ahead_sec)
{
    return ahead_sec < HALF_DAY_SEC
        ? pwr_zone_time(env->pool, env->site->zone, epoch_sec)
        : pwr_zone_date_time(env->pool, env->site->zone, epoch_sec);
}

/* Not before, as a clock shows it. */
const char *pwr_page_until(const pwr_env *env, int64_t retry_sec)
{
    int64_t then = apr_time_sec(apr_time_now()) + retry_sec;

    then += (60 - then % 60) % 60;
    return pwr_page_moment(env, then, retry_sec);
}

static pwr_list *field_list(const pwr_env *env, pwr_response *response,
                            const char *field)
{
    pwr_list *list;

    if (!response->field_errors) {
        response->field_errors = apr_hash_make(env->pool);
    }
    list = apr_hash_get(response->field_errors, field, APR_HASH_KEY_STRING);
    if (list) {
        return list;
    }
    list = pwr_list_make(env->pool);
    apr_hash_set(response->field_errors, field, APR_HASH_KEY_STRING, list);
    pwr_model_flag(response->model,
                   apr_pstrcat(env->pool, "error_", field, NULL), 1);
    pwr_model_list(response->model,
                   apr_pstrcat(env->pool, "errors_", field, NULL), list);
    return list;
}

void pwr_page_error(const pwr_env *env, const pwr_request *request,
                    pwr_response *response, const char *field,
                    const char *english, const pwr_model *values)
{
    const char *text = pwr_page_words(env->pool, request->voice, english,
                                      values);
    pwr_model *error;

    if (!response->errors) {
        response->errors = pwr_list_make(env->pool);
        pwr_model_list(response->model, "errors", response->errors);
        pwr_model_flag(response->model, "has_errors", 1);
    }
    error = pwr_list_add(response->errors);
    pwr_model_text(error, "text", text);
    pwr_model_text(error, "field", field);
    if (field) {
        pwr_model_text(pwr_list_add(field_list(env, response, field)), "text",
                       text);
    }
}

void pwr_page_redirect(pwr_response *response, const char *path)
{
    response->status = 303;
    response->page = PWR_PAGE_NONE;
    response->location = path;
}

void pwr_page_cookie(pwr_response *response, const char *name,
                     const char *value, long age_sec)
{
    if (response->cookies_n < PWR_COOKIES_MAX) {
        response->cookie[response->cookies_n++] =
            (pwr_set_cookie){ name, value, age_sec };
    }
}

const char *pwr_page_render(const pwr_env *env, const pwr_request *request,
                            const pwr_response *response, size_t *len)
{
    return pwr_template_render(env->pool,
                               request->voice->page[response->page],
                               response->model, len);
}
