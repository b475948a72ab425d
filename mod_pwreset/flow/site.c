/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/site_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/builtin.h"
#include "core/cookie.h"

#define SYSTEM_ZONE "/etc/localtime"
#define ZONE_FOLDER "/usr/share/zoneinfo/"

/* ---- what sites share ---- */

pwr_kit *pwr_kit_make(apr_pool_t *pool)
{
    const pwr_builtin *file = pwr_builtin_find("common-passwords.txt");
    pwr_kit *kit = apr_palloc(pool, sizeof(*kit));

    kit->pool = pool;
    kit->words = pwr_words_parse(pool, file ? file->bytes : "", NULL);
    kit->voices = apr_hash_make(pool);
    kit->zones = apr_hash_make(pool);
    kit->lists = apr_hash_make(pool);
    kit->breaches = apr_hash_make(pool);
    return kit;
}

const char *pwr_maker_override(const pwr_maker *m, const char *path,
                               pwr_file *file)
{
    const char *folder = m->conf->templates[0];
    apr_status_t status;

    memset(file, 0, sizeof(*file));
    if (!folder) {
        return NULL;
    }
    status = pwr_file_read_trusted(m->pool, folder, m->conf->templates[1],
                                   path, file);
    if (status == APR_SUCCESS || APR_STATUS_IS_ENOENT(status)) {
        return NULL;
    }
    return apr_psprintf(m->pool, "%s/%s cannot be used: %s", folder, path,
                        file->reason);
}

const char *pwr_maker_blame(const pwr_maker *m, const char *directive,
                            const char *error)
{
    if (m->strict) {
        return apr_psprintf(m->pool, "%s: %s", directive, error);
    }
    pwr_diag_log(m->diag, PWR_LEVEL_ERROR, 0, "PWR0401",
                 "%s: %s; the built-in one is used", directive, error);
    return NULL;
}

/* ---- one site ---- */

/* Parsed once for all sites; NULL: there is none. */
static const pwr_zone *find_zone(const pwr_maker *m, const char *path)
{
    const pwr_zone *zone = apr_hash_get(m->kit->zones, path,
                                        APR_HASH_KEY_STRING);
    const char *bytes;
    size_t len;

    if (!zone && pwr_file_read(m->pool, path, &bytes, &len) == APR_SUCCESS) {
        zone = pwr_zone_parse(m->kit->pool, bytes, len);
        apr_hash_set(m->kit->zones, path, APR_HASH_KEY_STRING, zone);
    }
    return zone;
}

static const char *make_zone(const pwr_maker *m, pwr_site *site)
{
    const char *name = m->conf->time_zone, *path = SYSTEM_ZONE;

    if (name) {
        if (strstr(name, "..") || *name == '/') {
            return "PwResetTimeZone must be a name such as Europe/Moscow";
        }
        path = apr_pstrcat(m->kit->pool, ZONE_FOLDER, name, NULL);
    }
    site->zone = find_zone(m, path);
    if (name && !site->zone) {
        return apr_psprintf(m->pool, "PwResetTimeZone: there is no zone %s in "
                            ZONE_FOLDER, name);
    }
    return NULL;
}

/* Parsed once for all sites that name the file. */
static const char *find_words(const pwr_maker *m, const char *path,
                              const pwr_words **words)
{
    pwr_file file;

    *words = apr_hash_get(m->kit->lists, path, APR_HASH_KEY_STRING);
    if (*words) {
        return NULL;
    }
    if (pwr_file_read_admins(m->kit->pool, path, &file) != APR_SUCCESS) {
        return apr_psprintf(m->pool, "PwResetPasswordWords: %s: %s", path,
                            file.reason);
    }
    *words = pwr_words_parse(m->kit->pool, file.bytes, m->kit->words);
    apr_hash_set(m->kit->lists, path, APR_HASH_KEY_STRING, *words);
    return *words ? NULL
        : apr_psprintf(m->pool, "PwResetPasswordWords: %s is not UTF-8 text",
                       path);
}

static const char *make_breach(const pwr_maker *m, pwr_site *site)
{
    const char *path = m->conf->breach_list, *fault;

    if (!path) {
        return NULL;
    }
    site->breach = apr_hash_get(m->kit->breaches, path, APR_HASH_KEY_STRING);
    if (!site->breach) {
        fault = pwr_breach_file_open(m->kit->pool, path, &site->breach);
        if (fault) {
            return apr_psprintf(m->pool, "PwResetBreachList: %s: %s", path,
                                fault);
        }
        apr_hash_set(m->kit->breaches, path, APR_HASH_KEY_STRING,
                     site->breach);
    }
    site->policy.breach = pwr_breach_file_list(site->breach);
    return NULL;
}

static const char *make_policy(const pwr_maker *m, pwr_site *site)
{
    site->policy = (pwr_policy){
        .points_min = m->conf->password_length[0],
        .points_max = m->conf->password_length[1],
        .score_min = m->conf->password_score,
        .classes = m->conf->password_classes,
        .history = m->conf->password_history,
        .common = m->kit->words,
    };
    return !m->conf->password_words ? NULL
        : find_words(m, m->conf->password_words, &site->policy.common);
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
                          pwr_kit *kit, const pwr_diag *diag, int strict,
                          pwr_site **out)
{
    pwr_site *site = apr_pcalloc(pool, sizeof(*site));
    const pwr_maker m = { pool, conf, kit, diag, strict };
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
        || (error = make_breach(&m, site))
        || (error = pwr_voices_make(&m, site))
        || (error = pwr_brand_make(&m, site))) {
        return error;
    }
    *out = site;
    return NULL;
}

const pwr_voice *pwr_site_voice(const pwr_site *site, const char *tag)
{
    for (int i = 0; tag && site->tags[i]; i++) {
        if (strcmp(site->tags[i], tag) == 0) {
            return site->voices[i];
        }
    }
    return site->voices[0];
}

const pwr_builtin *pwr_site_asset(const pwr_site *site, const char *path)
{
    for (const pwr_builtin *own = site->assets; own->path; own++) {
        if (strcmp(own->path, path) == 0) {
            return own;
        }
    }
    return pwr_builtin_find(path);
}
