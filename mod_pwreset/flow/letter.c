/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/letter.h"

#include <apr_strings.h>

#include "core/agent.h"
#include "core/text.h"
#include "core/token.h"
#include "flow/account.h"
#include "flow/page.h"

#define NAME_POINTS_MAX 255     /* more is no name, but a text */

static const char *absolute(const pwr_env *env, const pwr_voice *voice,
                            const char *name)
{
    return pwr_url_with(env->pool,
                        apr_pstrcat(env->pool, env->site->home, name, NULL),
                        "lang", env->site->tags[1] ? voice->tag : NULL);
}

/* NULL where the site has not said where people log in. */
static const char *login_url(const pwr_env *env, const pwr_voice *voice)
{
    const pwr_conf *conf = env->site->conf;

    if (conf->login) {
        return absolute(env, voice, "/login");
    }
    return conf->login_url && pwr_url_is_local(conf->login_url)
        ? apr_pstrcat(env->pool, env->site->url.origin, conf->login_url, NULL)
        : conf->login_url;
}

/* Users choose their login and name, and a mail's text is lines: one that
 * brings lines of its own would speak for the site. */
static const char *shown(const pwr_env *env, const char *name)
{
    return name ? pwr_text_line(env->pool, name, NAME_POINTS_MAX) : NULL;
}

static pwr_letter begin(const pwr_env *env, const pwr_job *job,
                        const pwr_voice *voice, pwr_page subject)
{
    const pwr_site *site = env->site;
    pwr_model *model = pwr_model_make(env->pool);

    pwr_model_text(model, "lang", voice->tag);
    pwr_model_text(model, "site_name", site->conf->site_name);
    pwr_model_text(model, "accent", site->accent);
    pwr_model_text(model, "on_accent", site->on_accent);
    pwr_page_contact(env->pool, site, model);
    pwr_model_text(model, "agent", pwr_agent_words(env->pool, job->agent));
    pwr_model_text(model, "url_forgot", absolute(env, voice, "/forgot"));
    pwr_model_text(model, "url_reset", absolute(env, voice, "/reset"));
    pwr_model_text(model, "url_login", login_url(env, voice));
    return (pwr_letter){ voice, subject, model, pwr_list_make(env->pool) };
}

pwr_letter pwr_letter_recover(const pwr_env *env, const pwr_job *job,
                              const pwr_voice *voice, int64_t expires)
{
    pwr_letter letter = begin(env, job, voice, PWR_MAIL_RECOVER_SUBJECT);

    pwr_model_list(letter.model, "accounts", letter.accounts);
    pwr_model_text(letter.model, "until",
                   pwr_page_moment(env, expires,
                                   env->site->conf->token_lifetime_sec));
    pwr_model_text(letter.model, "asked_at",
                   pwr_zone_date_time(env->pool, env->site->zone,
                                      job->created));
    pwr_model_text(letter.model, "asked_from", job->address);
    return letter;
}

void pwr_letter_account(const pwr_env *env, pwr_letter *letter,
                        const pwr_user *user, const char *bare,
                        const char *notme)
{
    pwr_model *account = pwr_list_add(letter->accounts);

    pwr_model_text(account, "login", shown(env, user->login));
    pwr_model_text(account, "name", shown(env, user->name));
    pwr_model_text(account, "link",
                   pwr_account_link(env, letter->voice, "/reset", bare));
    pwr_model_text(account, "notme",
                   pwr_account_link(env, letter->voice, "/notme", notme));
    pwr_model_text(account, "token", pwr_token_show(env->pool, bare));
    pwr_model_flag(letter->model, "several",
                   pwr_list_n(letter->accounts) > 1);
}

pwr_letter pwr_letter_changed(const pwr_env *env, const pwr_job *job,
                              const pwr_voice *voice)
{
    pwr_letter letter = begin(env, job, voice, PWR_MAIL_CHANGED_SUBJECT);

    pwr_model_text(letter.model, "login", shown(env, job->login));
    pwr_model_text(letter.model, "changed_at",
                   pwr_zone_date_time(env->pool, env->site->zone,
                                      job->created));
    pwr_model_text(letter.model, "changed_from", job->address);
    return letter;
}

static const char *fill(const pwr_env *env, const pwr_letter *letter,
                        pwr_page page)
{
    size_t len;
    const char *text = pwr_template_render(env->pool,
                                           letter->voice->page[page],
                                           letter->model, &len);

    return text ? text : "";
}

pwr_message pwr_letter_write(const pwr_env *env, const pwr_letter *letter)
{
    const pwr_conf *conf = env->site->conf;

    return (pwr_message){
        .from_name = conf->site_name,
        .from = conf->mail_from,
        .subject = pwr_text_trim(env->pool,
                                 fill(env, letter, letter->subject)),
        .language = letter->voice->tag,
        .text = fill(env, letter, letter->subject + 1),
        .html = fill(env, letter, letter->subject + 2),
    };
}
