/* SPDX-License-Identifier: Apache-2.0 */
/* From a model to the bytes of a page, and the words every model has.
 *
 * Keys of every page (texts unless said otherwise):
 *   lang            "ru"
 *   site_name
 *   base            "/account"
 *   style_url, script_url, icon_url
 *   url_login, url_logout, url_forgot, url_reset, url_change
 *                   paths with ?lang= carried; url_login is PwResetLoginURL
 *                   where the site has a login of its own
 *   url_self        path of this page with ?lang= carried: the form's action
 *   contact         who helps; absent when there is nobody
 *   contact_is_mail flag
 *   languages       list: {tag, name, url, current (flag)}; absent when one
 *   login           where a page shows one
 *   errors          list: {text, field}: all that is wrong, in the order of the
 *                   fields; absent when nothing is.  `field` is the id of the
 *                   input it is about, absent when it is about none
 *   error_FIELD     flag: something is wrong with this input
 *   errors_FIELD    list: {text}, what is wrong with it
 * login.html        login, password is never given back, return (a path),
 *                   by_email, by_login (flags: what may be typed),
 *                   error_login, error_password (flags),
 *                   signed_in_as (text: already signed in under this login)
 * logout.html       signed_in (flag) and login; done (flag: just signed out)
 * forgot.html       email (as typed), by_login (flag: a login name is taken
 *                   too), error_email (flag), sent (flag: the notice, no form)
 * reset.html        one of the flags ask, form, done, dead, and
 *                   ask:  token (as typed), error_token (flag)
 *                   form: login, token (as shown), rules (list: {text}),
 *                         passwordrules, length_min, length_max, until,
 *                         error_password, error_confirm (flags)
 *                   done: login
 *                   dead: one of the flags expired, spent, cancelled, unknown
 * change.html       login, rules, passwordrules, length_min, length_max,
 *                   error_current, error_password, error_confirm, done (flag)
 * message.html      heading, text, back_url, back_text
 * mails             site_name, contact, lang, and
 *   recover         accounts (list: {login, link, token, name}), several
 *                   (flag), until, asked_at, asked_from, agent, url_reset,
 *                   url_forgot (absolute)
 *   changed         login, name, changed_at, changed_from, agent, url_forgot,
 *                   url_login (absolute) */
#ifndef PWR_PAGE_H
#define PWR_PAGE_H

#include "flow/env.h"

/* Begin a page: its status, template and a model with the common keys. */
void pwr_page_begin(const pwr_env *env, const pwr_request *request,
                    int status, pwr_page page, const char *path,
                    pwr_response *response);

/* A page that only says something, and the way on from there. */
typedef struct pwr_message_page {
    int status;
    const char *heading;            /* English msgids */
    const char *text;
    const char *back_path;          /* under the base; NULL: no way on */
    const char *back_text;
} pwr_message_page;

void pwr_page_message(const pwr_env *env, const pwr_request *request,
                      const pwr_message_page *message,
                      pwr_response *response);

/* Who helps people, and where a click on that leads: contact, contact_url. */
void pwr_page_contact(apr_pool_t *pool, const pwr_site *site,
                      pwr_model *model);

/* Add to the model's `errors`: a translated sentence with its {{numbers}}
 * filled from `values` (may be NULL), about input `field` (may be NULL), and
 * set the flag error_<field>. */
void pwr_page_error(const pwr_env *env, const pwr_request *request,
                    pwr_response *response, const char *field,
                    const char *english, const pwr_model *values);

/* The links of the language switch lead to `path` (it may have a query)
 * instead of this page without one. */
void pwr_page_languages(const pwr_env *env, const pwr_request *request,
                        pwr_response *response, const char *path);

/* Translate a sentence and fill it in. */
const char *pwr_page_words(apr_pool_t *pool, const pwr_voice *voice,
                           const char *english, const pwr_model *values);

/* A path under the base with ?lang= carried, e.g. "/account/login?lang=ru". */
const char *pwr_page_path(const pwr_env *env, const pwr_request *request,
                          const char *name);

/* Answer with 303 to `path` (from pwr_page_path or a judged return path). */
void pwr_page_redirect(pwr_response *response, const char *path);

/* Set a cookie with the answer; value "" deletes it. */
void pwr_page_cookie(pwr_response *response, const char *name,
                     const char *value, long age_sec);

/* Render the page of a response; wiped memory, `*len` bytes. */
const char *pwr_page_render(const pwr_env *env, const pwr_request *request,
                            const pwr_response *response, size_t *len);

#endif
