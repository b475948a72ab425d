/* SPDX-License-Identifier: Apache-2.0 */
/* One vhost made ready to serve: its configuration with everything that is
 * parsed once at start-up.  Made while httpd starts (or by the command), read
 * by any thread afterwards. */
#ifndef PWR_SITE_H
#define PWR_SITE_H

#include <apr_pools.h>

#include "core/builtin.h"
#include "core/catalog.h"
#include "core/conf.h"
#include "core/diag.h"
#include "core/policy.h"
#include "core/template.h"
#include "core/url.h"
#include "core/zone.h"
#include "io/breach_file.h"

/* The templates of htdocs/.  Of a mail subject, text and HTML stand in this
 * order: flow/letter.c counts on it. */
typedef enum pwr_page {
    PWR_PAGE_NONE = 0,
    PWR_PAGE_LOGIN,
    PWR_PAGE_LOGOUT,
    PWR_PAGE_FORGOT,
    PWR_PAGE_RESET,
    PWR_PAGE_CHANGE,
    PWR_PAGE_NOTME,
    PWR_PAGE_SESSIONS,
    PWR_PAGE_MESSAGE,           /* every error that has no form */
    PWR_MAIL_RECOVER_SUBJECT,
    PWR_MAIL_RECOVER_TEXT,
    PWR_MAIL_RECOVER_HTML,
    PWR_MAIL_CHANGED_SUBJECT,
    PWR_MAIL_CHANGED_TEXT,
    PWR_MAIL_CHANGED_HTML,
    PWR_PAGES_N
} pwr_page;

/* All templates and sentences in one language. */
typedef struct pwr_voice {
    const char *tag;                /* "ru" */
    const char *name;               /* "Русский" */
    const pwr_catalog *catalog;     /* NULL: English */
    const pwr_template *page[PWR_PAGES_N];
} pwr_voice;

typedef struct pwr_site {
    const pwr_conf *conf;
    pwr_url url;                    /* of PwResetPublicURL */
    const char *home;               /* origin and base: https://host/account */
    const char *cookie;             /* name of the session cookie */
    const char *device_cookie;      /* of a browser that is known */
    const char *login_cookie;       /* of the cookie that fills in /login */
    const char *try_cookie;         /* of the one that shows whether any come
                                     * back */
    const char *contact;            /* for people; NULL: leave it out */
    const pwr_zone *zone;           /* NULL: UTC */
    pwr_policy policy;              /* bytes_max by the scheme of the row */
    const pwr_breach_file *breach;  /* where policy.breach is; NULL: none */
    const char *decoy;              /* verified when there is no such user */
    const char *const *tags;        /* enabled languages, NULL at the end */
    const pwr_voice *const *voices; /* one per tag; shared with other sites */
    const pwr_builtin *assets;      /* what this site has instead of built-in
                                     * ones, or beside; path NULL at the end */
    const char *style_brand;        /* paths of such: its colours, and */
    const char *logo;               /* pictures for day and night; or NULL */
    const char *logo_night;
    const char *accent;             /* "#0f5fb8": of what a mail is to be */
    const char *on_accent;          /* clicked on */
} pwr_site;

/* What the sites of a host share, so that a thousand start as fast as one: the
 * shipped list of common passwords, the admin's lists of words and of leaked
 * passwords, and what is parsed of templates, translations and time zones.
 * Written while sites are made. */
typedef struct pwr_kit pwr_kit;

pwr_kit *pwr_kit_make(apr_pool_t *pool);

/* Make a site of a resolved configuration (all defaults filled in, realm,
 * public URL, site name and contact worked out).
 * Returns NULL and sets `*out`, or a sentence for the admin that names the
 * directive and, for a template, file and line.  A file of PwResetTemplates or
 * PwResetLogo that is broken or not to be trusted is such a sentence when
 * `strict`, else it is logged and the built-in ones are used.  Where `strict`,
 * colours that cannot be read are logged.  `kit` is that of all sites of one
 * `pool`. */
const char *pwr_site_make(apr_pool_t *pool, const pwr_conf *conf,
                          pwr_kit *kit, const pwr_diag *diag, int strict,
                          pwr_site **out);

/* The voice of a tag of site->tags. */
const pwr_voice *pwr_site_voice(const pwr_site *site, const char *tag);

/* What the site serves under "assets/..."; NULL when there is no such file. */
const pwr_builtin *pwr_site_asset(const pwr_site *site, const char *path);

/* The media type of such a file, by its name. */
const char *pwr_site_asset_type(const char *path);

#endif
