/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "core/conf_kind.h"
#include "core/text.h"

#define AT(member) offsetof(pwr_conf, member)

const pwr_conf_row pwr_conf_rows[] = {
    { "PwReset", PWR_KIND_FLAG, AT(enabled), NULL, 0, 0, "Off",
      PWR_SCOPE_OWN, "On|Off",
      "Serve the pages and AuthType PwReset in this vhost." },
    { "PwResetBase", PWR_KIND_PATH, AT(base), NULL, 0, 0, "/account",
      PWR_SCOPE_VHOST, "PATH", "URL path under which our pages are." },
    { "PwResetRealm", PWR_KIND_TEXT, AT(realm), NULL, 0, 0, NULL,
      PWR_SCOPE_OWN, "NAME",
      "Name that separates this site's rows from every other's; "
      "by default the host and base of the public URL." },
    { "PwResetPublicURL", PWR_KIND_URL, AT(public_url), NULL, 0, 0, NULL,
      PWR_SCOPE_OWN, "URL",
      "Scheme, host and port under which people reach this site; "
      "all links are built from it." },
    { "PwResetTablePrefix", PWR_KIND_TEXT, AT(table_prefix), NULL, 0, 0,
      "pwreset_", PWR_SCOPE_VHOST, "PREFIX",
      "What the names of our tables begin with; may name a schema: db.pwr_." },
    { "PwResetIdentify", PWR_KIND_IDENTIFY, AT(identify), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "[login|forgot] email|login|both",
      "What people type to say who they are; by default both on the login "
      "page and an e-mail address on the forgot page." },
    { "PwResetPreset", PWR_KIND_PRESET, AT(preset), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "NAME [PREFIX]",
      "Queries and all else for a well-known user table, or for that of a file "
      "of yours; what the admin says himself wins." },
    { "PwResetRefuse", PWR_KIND_REFUSALS, AT(refuse), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "WORD SENTENCE",
      "What a new password may break at this site: it is not served until "
      "PwResetInsist says WORD; may be given several times." },
    { "PwResetInsist", PWR_KIND_WORDS, AT(insist), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "WORD...",
      "What PwResetRefuse warns of and the admin accepts; no-transactions: a "
      "user table in which nothing can be undone." },
    { "PwResetUserQuery", PWR_KIND_SQL, AT(user_query), NULL, 0, 0,
      PWR_SHIPPED_USER_QUERY, PWR_SCOPE_VHOST, "SQL",
      "SELECT that finds users by :email." },
    { "PwResetLoginQuery", PWR_KIND_SQL, AT(login_query), NULL, 0, 0,
      PWR_SHIPPED_LOGIN_QUERY, PWR_SCOPE_VHOST, "SQL",
      "SELECT that finds a user by :login." },
    { "PwResetIdQuery", PWR_KIND_SQL, AT(id_query), NULL, 0, 0,
      PWR_SHIPPED_ID_QUERY, PWR_SCOPE_VHOST, "SQL",
      "SELECT that finds a user by :id." },
    { "PwResetListQuery", PWR_KIND_SQL, AT(list_query), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "SQL",
      "SELECT of all users by id, those behind :after, at most :max; for "
      "pwresetctl; by default that of the shipped table." },
    { "PwResetPasswordUpdate", PWR_KIND_SQL, AT(password_update), NULL, 0, 0,
      PWR_SHIPPED_PASSWORD_UPDATE, PWR_SCOPE_VHOST, "SQL",
      "UPDATE that stores the new :hash for :id; may use :now, :login, "
      ":email." },
    { "PwResetAfterChange", PWR_KIND_SQLS, AT(after_change), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "SQL",
      "INSERT, UPDATE or DELETE run in the transaction of a change; may be "
      "given several times." },
    { "PwResetLogin", PWR_KIND_FLAG, AT(login), NULL, 0, 0, "On",
      PWR_SCOPE_VHOST, "On|Off",
      "Our own login and the pages behind it; Off leaves recovery only." },
    { "PwResetLoginURL", PWR_KIND_TEXT, AT(login_url), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "URL",
      "Where people log in when PwResetLogin is Off." },
    { "PwResetLanding", PWR_KIND_TEXT, AT(landing), NULL, 0, 0, "/",
      PWR_SCOPE_VHOST, "PATH",
      "Where a login leads that did not begin at a protected page." },
    { "PwResetTokenLifetime", PWR_KIND_SECONDS, AT(token_lifetime_sec),
      "seconds", 300, 7 * 86400, "1h", PWR_SCOPE_VHOST, "DURATION",
      "How long a control string works." },
    { "PwResetPasswordScheme", PWR_KIND_SCHEME, AT(password_scheme), NULL,
      0, 0, "keep", PWR_SCOPE_VHOST,
      "keep|bcrypt[:COST]|yescrypt[:COST]|sha512-crypt|argon2id|"
      "{PREFIX}[:COST]|wordpress[:COST]|django|drupal",
      "Scheme in which new passwords are written." },
    { "PwResetDefaultScheme", PWR_KIND_BRACED, AT(default_scheme), NULL, 0, 0,
      NULL, PWR_SCOPE_VHOST, "NAME",
      "Scheme of stored passwords without a prefix that tells it." },
    { "PwResetRehash", PWR_KIND_FLAG, AT(rehash), NULL, 0, 0, "Off",
      PWR_SCOPE_VHOST, "On|Off",
      "Hash a password anew at a login where it is stored in an older scheme "
      "or at less cost than new ones." },
    { "PwResetPasswordLength", PWR_KIND_RANGE, AT(password_length),
      "code points", 8, 1024, "12 128", PWR_SCOPE_VHOST, "MIN MAX",
      "Shortest and longest password." },
    { "PwResetPasswordScore", PWR_KIND_NUMBER, AT(password_score), NULL, 0, 4,
      "3", PWR_SCOPE_VHOST, "0..4",
      "Least zxcvbn score of a new password; 0 switches the rule off." },
    { "PwResetPasswordClasses", PWR_KIND_CLASSES, AT(password_classes), NULL,
      0, 0, "none", PWR_SCOPE_VHOST, "none|[lower] [upper] [digit] [special]",
      "Kinds of characters a new password must have." },
    { "PwResetPasswordWords", PWR_KIND_FILE, AT(password_words), NULL, 0, 0,
      NULL, PWR_SCOPE_VHOST, "FILE",
      "More words that are no passwords, one a line, beside the shipped "
      "list." },
    { "PwResetBreachList", PWR_KIND_FILE, AT(breach_list), NULL, 0, 0,
      NULL, PWR_SCOPE_VHOST, "FILE",
      "Leaked passwords, of which none may be a new one; made by pwresetctl "
      "breach build." },
    { "PwResetPasswordHistory", PWR_KIND_NUMBER, AT(password_history),
      "passwords", 0, PWR_PASSWORD_HISTORY_MAX, "0", PWR_SCOPE_VHOST, "N",
      "How many former passwords of an account may not be taken again; 0 "
      "keeps none." },
    { "PwResetGroupQuery", PWR_KIND_SQL, AT(group_query), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "SQL",
      "SELECT that finds the groups of a user by :id, :login or :email." },
    { "PwResetGroupPolicy", PWR_KIND_GROUPS, AT(group_policies), NULL, 0, 0,
      NULL, PWR_SCOPE_VHOST,
      "GROUP [length=MIN] [score=N] [classes=KIND,...] [history=N]",
      "Stricter rules for passwords of those in a group, once per group." },
    { "PwResetSendmail", PWR_KIND_WORDS, AT(sendmail), NULL, 0, 0,
      "/usr/sbin/sendmail -i", PWR_SCOPE_VHOST, "PROGRAM [ARG...]",
      "Mail program; -f SENDER -- RECIPIENT is appended." },
    { "PwResetMailFrom", PWR_KIND_ADDRESS, AT(mail_from), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "ADDRESS", "Sender of all mails; required." },
    { "PwResetMailTimeout", PWR_KIND_SECONDS, AT(mail_timeout_sec), "seconds",
      1, 3600, "60s", PWR_SCOPE_VHOST, "DURATION",
      "After this long the mail program, or that of PwResetHook, is killed." },
    { "PwResetMailSlots", PWR_KIND_NUMBER, AT(mail_slots), "programs", 1, 64,
      "4", PWR_SCOPE_SERVER, "N", "Mail programs at a time on this host." },
    { "PwResetMailRetry", PWR_KIND_SECONDS, AT(mail_retry_sec), "seconds",
      60, 30 * 86400, NULL, PWR_SCOPE_VHOST, "DURATION",
      "How long a mail is tried again; by default the lifetime of the "
      "control string, and 3 days for notices." },
    { "PwResetHook", PWR_KIND_WORDS, AT(hook), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "PROGRAM [ARG...]",
      "Program that is run after a password was changed, with what happened "
      "as JSON on standard input." },
    { "PwResetContact", PWR_KIND_TEXT, AT(contact), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "ADDRESS|URL|TEXT",
      "Who helps people; by default ServerAdmin." },
    { "PwResetSiteName", PWR_KIND_TEXT, AT(site_name), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "NAME",
      "Name of the site on pages and in mails; by default ServerName." },
    { "PwResetLanguages", PWR_KIND_WORDS, AT(languages), NULL, 0, 0, "en ru",
      PWR_SCOPE_VHOST, "TAG...",
      "Languages of pages and mails; the first is the default." },
    { "PwResetTimeZone", PWR_KIND_TEXT, AT(time_zone), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "ZONE",
      "Zone of the times people see, such as Europe/Moscow; by default the "
      "system's." },
    { "PwResetTemplates", PWR_KIND_FOLDER, AT(templates), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "DIR [OWNER]",
      "Folder whose files override the built-in ones, file by file; they "
      "must belong to root or OWNER." },
    { "PwResetLogo", PWR_KIND_FILES, AT(logo), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "FILE [NIGHT-FILE]",
      "Picture in the place of the site's name on pages, and another for "
      "those who have it dark: SVG, PNG, JPEG or WebP." },
    { "PwResetColor", PWR_KIND_COLORS, AT(color), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "NAME DAY [NIGHT]",
      "A colour of pages and mails, such as accent #1a5fb4, and what it is "
      "in the dark; once per name." },
    { "PwResetSessionLifetime", PWR_KIND_SECONDS, AT(session_lifetime_sec),
      "seconds", 60, 90 * 86400, "12h", PWR_SCOPE_VHOST, "DURATION",
      "A session ends this long after the login." },
    { "PwResetSessionIdle", PWR_KIND_SECONDS, AT(session_idle_sec), "seconds",
      60, 90 * 86400, "1h", PWR_SCOPE_VHOST, "DURATION",
      "A session ends when it was not used for this long." },
    { "PwResetSessionCache", PWR_KIND_SECONDS, AT(session_cache_sec),
      "seconds", 0, 60, "5", PWR_SCOPE_VHOST, "SECONDS",
      "For this long a node believes what it read of a session; 0 asks the "
      "database each time." },
    { "PwResetLimit", PWR_KIND_LIMITS, AT(limit), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "None|CLASS RATE [BURST]",
      "How often a client, an account or the site may do something, once per "
      "class; by default forgot-client 10/1h, forgot-account 3/1h, "
      "forgot-site 1000/1min, reset-client 30/1h, login-client 60/10min, "
      "login-account 10/10min, change-account 10/1h." },
    { "PwResetHashGate", PWR_KIND_PAIR, AT(hash_gate), NULL, 1,
      PWR_HASH_GATE_MAX, NULL, PWR_SCOPE_SERVER, "N [QUEUE]",
      "Password hashes at a time on this host, and requests that may wait, of "
      "which a site gets half; by default the cores and a quarter of "
      "MaxRequestWorkers." },
    { "PwResetUserHeader", PWR_KIND_TEXT, AT(user_header), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "NAME",
      "Request header that carries the login name to a backend; one that a "
      "visitor sent is removed." },
    { "PwResetHideCookie", PWR_KIND_FLAG, AT(hide_cookie), NULL, 0, 0, "On",
      PWR_SCOPE_VHOST, "On|Off",
      "Keep our cookies from scripts and backends." },
    { "PwResetStatus", PWR_KIND_FLAG, AT(status), NULL, 0, 0, "Off",
      PWR_SCOPE_OWN, "On|Off",
      "Let SetHandler pwreset-status show how all sites of this httpd "
      "fare." },
    { "PwResetAudit", PWR_KIND_LOG, AT(audit), NULL, 0, 0, NULL,
      PWR_SCOPE_VHOST, "FILE|\"|PROGRAM [ARG...]\"",
      "Where a line of JSON is written for each security event; by default "
      "the error log, at level info." },
    { "PwResetAuditKeep", PWR_KIND_SECONDS, AT(audit_keep_sec), "seconds",
      3600, 3650 * 86400, "90d", PWR_SCOPE_VHOST, "DURATION",
      "Addresses and agents of clients are taken out of our tables after "
      "this long." },
    { NULL, 0, 0, NULL, 0, 0, NULL, 0, NULL, NULL }
};

_Static_assert(sizeof(pwr_conf_rows) / sizeof(*pwr_conf_rows)
               <= PWR_CONF_ROWS_MAX + 1, "pwr_conf.set has a place for each");

pwr_conf *pwr_conf_make(apr_pool_t *pool)
{
    return apr_pcalloc(pool, sizeof(pwr_conf));
}

pwr_conf *pwr_conf_merge(apr_pool_t *pool, const pwr_conf *base,
                         const pwr_conf *over)
{
    pwr_conf *merged = apr_pmemdup(pool, over, sizeof(*over));
    const pwr_conf_row *row;

    for (row = pwr_conf_rows; row->name; row++) {
        size_t i = (size_t)(row - pwr_conf_rows);

        if (over->set[i] || !base->set[i] || row->scope == PWR_SCOPE_OWN) {
            continue;
        }
        /* Of two presets the parts do not fit together. */
        if (base->set[i] == PWR_SAID_BY_PRESET && over->preset[0]) {
            continue;
        }
        memcpy(pwr_conf_slot(merged, row), pwr_conf_slot(base, row),
               pwr_conf_kind_size(row->kind));
        merged->set[i] = base->set[i];
    }
    pwr_limits_inherit(merged->limit, base->limit);
    pwr_palette_inherit(&merged->color, &base->color);
    return merged;
}

void pwr_conf_take_preset(pwr_conf *conf, const pwr_conf *from)
{
    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        size_t i = (size_t)(row - pwr_conf_rows);

        if (from->set[i] && !conf->set[i]) {
            memcpy(pwr_conf_slot(conf, row), pwr_conf_slot(from, row),
                   pwr_conf_kind_size(row->kind));
            conf->set[i] = PWR_SAID_BY_PRESET;
        }
    }
}

int pwr_conf_insists(const pwr_conf *conf, const char *word)
{
    const char *const *one = (const char *const *)conf->insist;

    while (one && *one && !pwr_text_same(*one, word)) {
        one++;
    }
    return one && *one;
}

const char *pwr_conf_refusal(apr_pool_t *pool, const pwr_conf *conf)
{
    const char *const *pair = (const char *const *)conf->refuse;

    while (pair && *pair && pwr_conf_insists(conf, pair[0])) {
        pair += 2;
    }
    return !pair || !*pair ? NULL
        : apr_psprintf(pool, "PwResetRefuse %s: %s; where that is not so, or "
                       "is accepted, say PwResetInsist %s", pair[0], pair[1],
                       pair[0]);
}

/* Defaults are written as an admin would: words separated by single blanks.
 * SQL and other one-argument kinds are taken whole. */
static void set_standard(apr_pool_t *pool, pwr_conf *conf,
                         const pwr_conf_row *row)
{
    const char *argv[8] = { row->standard };
    char *rest = apr_pstrdup(pool, row->standard), *word;
    int argc = 1;

    if (pwr_conf_kind_args_max(row->kind) > 1) {
        for (argc = 0; argc < 8 && (word = strsep(&rest, " ")); argc++) {
            argv[argc] = word;
        }
    }
    pwr_conf_set(pool, conf, row, argc, argv);
}

void pwr_conf_defaults(apr_pool_t *pool, pwr_conf *conf)
{
    const pwr_conf_row *row;

    for (row = pwr_conf_rows; row->name; row++) {
        size_t i = (size_t)(row - pwr_conf_rows);

        if (!conf->set[i] && row->standard) {
            set_standard(pool, conf, row);
            conf->set[i] = 0;
        }
    }
    pwr_limits_defaults(conf->limit);
    if (!conf->identify[0]) {
        conf->identify[0] = PWR_IDENTIFY_EMAIL | PWR_IDENTIFY_LOGIN;
    }
    if (!conf->identify[1]) {
        conf->identify[1] = PWR_IDENTIFY_EMAIL;
    }
}

const pwr_conf_row *pwr_conf_row_find(const char *name)
{
    const pwr_conf_row *row = pwr_conf_rows;

    while (row->name && !pwr_text_same(row->name, name)) {
        row++;
    }
    return row->name ? row : NULL;
}
