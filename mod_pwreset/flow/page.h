/* SPDX-License-Identifier: Apache-2.0 */
/* From a model to the bytes of a page, and the words every model has.
 *
 * A page is htdocs/pages/NAME.html; its partial {{> part}} is
 * htdocs/pages/parts/PART.html; mails have none.  A subject ends with a line
 * feed that is not part of it.  A text that would be empty is absent.
 *
 * Keys of every page (texts unless said otherwise):
 *   lang            "ru"
 *   site_name
 *   base            "/account"
 *   style_url, script_url, icon_url
 *   brand_url       a second stylesheet, with the site's colours
 *   logo_url, logo_night_url
 *                   pictures in the place of the site's name, for daylight (or
 *                   both) and the dark; each of these three may be absent
 *   url_login, url_logout, url_forgot, url_reset, url_change, url_sessions
 *                   paths with ?lang= carried; where the site has a login of
 *                   its own (PwResetLogin Off), url_login is PwResetLoginURL
 *                   and url_sessions absent
 *   url_self        path of this page with ?lang= carried: the form's action
 *   contact         who helps; absent when there is nobody
 *   contact_url     "mailto:..." of an address (percent-encoded), the contact
 *                   itself when it is an http(s) URL; else absent
 *   languages       list: {tag, name, url, current (flag)}; absent when one.
 *                   url carries a control string only where the address had it
 *   has_languages   flag: a list cannot be asked without repeating
 *   login           where a page shows one
 *   errors          list: {text, field}: all that is wrong, in the order of the
 *                   fields; absent when nothing is.  `field` is the id of the
 *                   input it is about, absent when it is about none
 *   has_errors      flag
 *   error_x, errors_x
 *                   for each input x: flag and list {text}, what is wrong with
 *                   it, said again beside it
 * login.html        login, password is never given back, return (a path),
 *                   by_email, by_login (flags: what may be typed),
 *                   signed_in_as (text: already signed in under this login),
 *                   cookies (flag: a hidden input of this name says that a
 *                   cookie went with the form); inputs login, password
 * logout.html       signed_in (flag) and login; done (flag: just signed out)
 * forgot.html       email (as typed), by_email, by_login (flags: what may be
 *                   typed), sent (flag: the notice, no form); input email
 * reset.html        one of the flags ask, form, done, dead, and
 *                   ask:  token (as typed); input token
 *                   form: login, token (as shown), until, the rules (below);
 *                         inputs token, password, confirm
 *                   done: login
 *                   dead: one of the flags expired, spent, cancelled, unknown
 * change.html       login, the rules (below), done (flag); inputs current,
 *                   password, confirm
 * the rules         rules (list: {text, rule}), passwordrules, length_min,
 *                   length_max, bytes_max (absent when no such rule).  `rule`
 *                   is short, long, bytes, lower, upper, digit or special where
 *                   the script may judge while one types, else the name of the
 *                   PWR_RULE_ in lower case
 * notme.html        one of the flags offer, ask, done, dead, and
 *                   offer: login, token (hidden)
 *                   ask:  typed; input token
 *                   dead: one of the flags expired, cancelled, unknown
 * sessions.html     login; sessions (list, the visitor's own first: {current
 *                   (flag), device (as `agent` below), address, since, seen,
 *                   handle: the value of `end`}); has_others (flag); done,
 *                   done_others (flags: one was ended, all others were)
 * message.html      heading, text, back_url, back_text (both or none)
 * mails             site_name, contact, contact_url, lang, agent, url_forgot,
 *                   url_reset, url_login (absolute), accent, on_accent (colours
 *                   of what is to be clicked on: "#0f5fb8"), and
 *   recover         accounts (list: {login, link, token, name, notme: the
 *                   link "this was not me"}), several (flag), until, asked_at,
 *                   asked_from
 *   changed         login, changed_at, changed_from
 *   agent           browser and system from a list of ours ("Firefox, Linux"),
 *                   else absent: whoever asks for a mail to somebody else must
 *                   not write a line of it with his User-Agent */
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
    const pwr_model *values;        /* of {{words}} in the text; or NULL */
} pwr_message_page;

void pwr_page_message(const pwr_env *env, const pwr_request *request,
                      const pwr_message_page *message,
                      pwr_response *response);

/* Who helps people, and where a click on that leads: contact, contact_url. */
void pwr_page_contact(apr_pool_t *pool, const pwr_site *site,
                      pwr_model *model);

/* Add to the model's `errors` and errors_<field>: a translated sentence with
 * its {{numbers}} filled from `values` (may be NULL), about input `field` (may
 * be NULL), and set the flags has_errors and error_<field>. */
void pwr_page_error(const pwr_env *env, const pwr_request *request,
                    pwr_response *response, const char *field,
                    const char *english, const pwr_model *values);

/* The links of the language switch lead to `path` (it may have a query)
 * instead of this page without one. */
void pwr_page_languages(const pwr_env *env, const pwr_request *request,
                        pwr_response *response, const char *path);

/* A moment to come, as a clock shows it; with its day where it may be so far
 * ahead that the clock shows that time before. */
const char *pwr_page_moment(const pwr_env *env, int64_t epoch_sec,
                            int64_t ahead_sec);

/* The time after which somebody may come again. */
const char *pwr_page_until(const pwr_env *env, int64_t retry_sec);

/* Translate a sentence and fill it in. */
const char *pwr_page_words(apr_pool_t *pool, const pwr_voice *voice,
                           const char *english, const pwr_model *values);

/* A path under the base with ?lang= carried, e.g. "/account/login?lang=ru". */
const char *pwr_page_path(const pwr_env *env, const pwr_request *request,
                          const char *name);

/* What the pages name an asset's content by; a browser may keep it for ever
 * under that. */
const char *pwr_page_version(apr_pool_t *pool, const pwr_builtin *asset);

/* Answer with 303 to `path` (from pwr_page_path or a judged return path). */
void pwr_page_redirect(pwr_response *response, const char *path);

/* Set a cookie with the answer; value "" deletes it. */
void pwr_page_cookie(pwr_response *response, const char *name,
                     const char *value, long age_sec);

/* Render the page of a response; wiped memory, `*len` bytes.  NULL when an
 * admin's template would write without end. */
const char *pwr_page_render(const pwr_env *env, const pwr_request *request,
                            const pwr_response *response, size_t *len);

/* The same for a program, which is told what docs/api.md says; where a request
 * was refused as problem details (RFC 9457), under the title `reason`, the name
 * of the status.  Never NULL. */
const char *pwr_page_json(const pwr_env *env, const pwr_response *response,
                          const char *reason, size_t *len);

#endif
