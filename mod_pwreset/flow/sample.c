/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sample.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_time.h>

#include "core/agent.h"
#include "core/token.h"
#include "flow/letter.h"
#include "flow/page.h"
#include "flow/rules.h"

/* Addresses are those that RFC 5737 keeps for documents. */
#define LOGIN "ivan"
#define MAILBOX "ivan@example.org"
#define ADDRESS "192.0.2.17"
#define OTHER_ADDRESS "198.51.100.8"
#define AGENT "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"
#define OTHER_AGENT "Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1"
#define DAY_SEC 86400

/* Without an id nobody asks which groups he is in. */
static const pwr_user user = {
    .login = LOGIN, .email = MAILBOX, .name = "Ivan"
};

static int64_t now_sec(void)
{
    return apr_time_sec(apr_time_now());
}

/* A string that may be read again, and that nobody was ever sent. */
static const char *sample_string(apr_pool_t *pool)
{
    char *bare = apr_palloc(pool, PWR_TOKEN_LEN + 1);
    unsigned char symbols[PWR_TOKEN_RANDOM];

    for (int i = 0; i < PWR_TOKEN_RANDOM; i++) {
        symbols[i] = (unsigned char)(5 * i + 3);
    }
    pwr_token_make(bare, symbols);
    return bare;
}

/* ---- pages ---- */

typedef void filler(const pwr_env *env, const pwr_request *request,
                    pwr_response *response);

static void fill_login(const pwr_env *env, const pwr_request *request,
                       pwr_response *response)
{
    int by = env->site->conf->identify[0];

    (void)request;
    pwr_model_flag(response->model, "by_email", by & PWR_IDENTIFY_EMAIL);
    pwr_model_flag(response->model, "by_login", by & PWR_IDENTIFY_LOGIN);
    pwr_model_text(response->model, "login", LOGIN);
}

static void fill_forgot(const pwr_env *env, const pwr_request *request,
                        pwr_response *response)
{
    int by = env->site->conf->identify[1];

    (void)request;
    pwr_model_flag(response->model, "by_email", by & PWR_IDENTIFY_EMAIL);
    pwr_model_flag(response->model, "by_login", by & PWR_IDENTIFY_LOGIN);
    pwr_model_text(response->model, "email", MAILBOX);
}

static void fill_account(const pwr_env *env, const pwr_request *request,
                         pwr_response *response)
{
    (void)request;
    pwr_model_text(response->model, "login", LOGIN);
    pwr_model_text(response->model, "token",
                   pwr_token_show(env->pool, sample_string(env->pool)));
}

static void fill_rules(const pwr_env *env, const pwr_request *request,
                       pwr_response *response)
{
    int64_t lifetime_sec = env->site->conf->token_lifetime_sec;
    pwr_policy policy;

    fill_account(env, request, response);
    pwr_model_text(response->model, "until",
                   pwr_page_moment(env, now_sec() + lifetime_sec,
                                   lifetime_sec));
    if (pwr_rules_find(env, &user, &policy) == APR_SUCCESS) {
        pwr_rules_show(env, request, &policy, response);
    }
}

static void add_session(const pwr_env *env, pwr_list *sessions,
                        const char *agent, const char *address,
                        int64_t since)
{
    pwr_model *row = pwr_list_add(sessions);
    const pwr_zone *zone = env->site->zone;

    pwr_model_flag(row, "current", pwr_list_n(sessions) == 1);
    pwr_model_text(row, "device", pwr_agent_words(env->pool, agent));
    pwr_model_text(row, "address", address);
    pwr_model_text(row, "since", pwr_zone_date_time(env->pool, zone, since));
    pwr_model_text(row, "seen",
                   pwr_zone_date_time(env->pool, zone, now_sec()));
    pwr_model_text(row, "handle", "sample");
}

static void fill_sessions(const pwr_env *env, const pwr_request *request,
                          pwr_response *response)
{
    pwr_list *sessions = pwr_list_make(env->pool);

    (void)request;
    add_session(env, sessions, AGENT, ADDRESS, now_sec() - DAY_SEC / 8);
    add_session(env, sessions, OTHER_AGENT, OTHER_ADDRESS,
                now_sec() - DAY_SEC / 2);
    pwr_model_text(response->model, "login", LOGIN);
    pwr_model_list(response->model, "sessions", sessions);
    pwr_model_flag(response->model, "has_others", 1);
}

/* A page in one state; the first row of a page is what it begins with.  `also`
 * is a second flag; `wrong` a sentence about the input `field`. */
static const struct row {
    const char *name, *state;
    int status;
    pwr_page page;
    filler *fill;
    const char *flag, *also;
    const char *field, *wrong;
} rows[] = {
    { "login", "form", 200, PWR_PAGE_LOGIN, fill_login, NULL, NULL,
      NULL, NULL },
    { "login", "error", 422, PWR_PAGE_LOGIN, fill_login, NULL, NULL,
      "login", N_("The login or the password is wrong.") },
    { "logout", "form", 200, PWR_PAGE_LOGOUT, fill_account, "signed_in", NULL,
      NULL, NULL },
    { "logout", "done", 200, PWR_PAGE_LOGOUT, NULL, "done", NULL,
      NULL, NULL },
    { "forgot", "form", 200, PWR_PAGE_FORGOT, fill_forgot, NULL, NULL,
      NULL, NULL },
    { "forgot", "sent", 200, PWR_PAGE_FORGOT, fill_forgot, "sent", NULL,
      NULL, NULL },
    { "forgot", "error", 422, PWR_PAGE_FORGOT, fill_forgot, NULL, NULL,
      "email", N_("Enter your email address.") },
    { "reset", "form", 200, PWR_PAGE_RESET, fill_rules, "form", NULL,
      NULL, NULL },
    { "reset", "error", 422, PWR_PAGE_RESET, fill_rules, "form", NULL,
      "confirm", N_("The two passwords differ.") },
    { "reset", "ask", 200, PWR_PAGE_RESET, NULL, "ask", NULL, NULL, NULL },
    { "reset", "done", 200, PWR_PAGE_RESET, fill_account, "done", NULL,
      NULL, NULL },
    { "reset", "expired", 410, PWR_PAGE_RESET, NULL, "dead", "expired",
      NULL, NULL },
    { "reset", "spent", 410, PWR_PAGE_RESET, NULL, "dead", "spent",
      NULL, NULL },
    { "reset", "cancelled", 410, PWR_PAGE_RESET, NULL, "dead", "cancelled",
      NULL, NULL },
    { "reset", "unknown", 410, PWR_PAGE_RESET, NULL, "dead", "unknown",
      NULL, NULL },
    { "change", "form", 200, PWR_PAGE_CHANGE, fill_rules, NULL, NULL,
      NULL, NULL },
    { "change", "error", 422, PWR_PAGE_CHANGE, fill_rules, NULL, NULL,
      "current", N_("The current password is wrong.") },
    { "change", "done", 200, PWR_PAGE_CHANGE, fill_account, "done", NULL,
      NULL, NULL },
    { "sessions", "list", 200, PWR_PAGE_SESSIONS, fill_sessions, NULL, NULL,
      NULL, NULL },
    { "sessions", "done", 200, PWR_PAGE_SESSIONS, fill_sessions, "done", NULL,
      NULL, NULL },
    { "notme", "offer", 200, PWR_PAGE_NOTME, fill_account, "offer", NULL,
      NULL, NULL },
    { "notme", "ask", 200, PWR_PAGE_NOTME, NULL, "ask", NULL, NULL, NULL },
    { "notme", "done", 200, PWR_PAGE_NOTME, NULL, "done", NULL, NULL, NULL },
    { "notme", "expired", 410, PWR_PAGE_NOTME, NULL, "dead", "expired",
      NULL, NULL },
    { "notme", "cancelled", 410, PWR_PAGE_NOTME, NULL, "dead", "cancelled",
      NULL, NULL },
    { "notme", "unknown", 410, PWR_PAGE_NOTME, NULL, "dead", "unknown",
      NULL, NULL },
    { NULL, NULL, 0, PWR_PAGE_NONE, NULL, NULL, NULL, NULL, NULL }
};

static const struct row *row_find(const char *name, const char *state)
{
    const struct row *row = rows;

    while (row->name && (strcmp(row->name, name) != 0
                         || (state && strcmp(row->state, state) != 0))) {
        row++;
    }
    return row->name ? row : NULL;
}

int pwr_sample_page(const pwr_env *env, const pwr_request *request,
                    const char *name, const char *state,
                    pwr_response *response)
{
    const struct row *row = row_find(name, state);

    if (!row) {
        return 0;
    }
    pwr_page_begin(env, request, row->status, row->page,
                   apr_pstrcat(env->pool, "/", row->name, NULL), response);
    if (row->fill) {
        row->fill(env, request, response);
    }
    if (row->flag) {
        pwr_model_flag(response->model, row->flag, 1);
    }
    if (row->also) {
        pwr_model_flag(response->model, row->also, 1);
    }
    if (row->wrong) {
        pwr_page_error(env, request, response, row->field, row->wrong, NULL);
    }
    return 1;
}

const char *pwr_sample_pages(apr_pool_t *pool)
{
    const char *names = rows->name;

    for (const struct row *row = rows + 1; row->name; row++) {
        if (strcmp(row->name, row[-1].name) != 0) {
            names = apr_pstrcat(pool, names, " ", row->name, NULL);
        }
    }
    return names;
}

const char *pwr_sample_states(apr_pool_t *pool, const char *name)
{
    const char *states = "";

    for (const struct row *row = rows; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            states = apr_pstrcat(pool, states, *states ? " " : "", row->state,
                                 NULL);
        }
    }
    return states;
}

/* ---- mails ---- */

static pwr_letter recover(const pwr_env *env, const pwr_job *job,
                          const pwr_voice *voice)
{
    const char *bare = sample_string(env->pool);
    pwr_letter letter = pwr_letter_recover(
        env, job, voice, job->created + env->site->conf->token_lifetime_sec);

    pwr_letter_account(env, &letter, &user, bare, bare);
    return letter;
}

static const struct mail {
    const char *name;
    pwr_letter (*make)(const pwr_env *env, const pwr_job *job,
                       const pwr_voice *voice);
} mails[] = {
    { "recover", recover },
    { "changed", pwr_letter_changed },
    { NULL, NULL }
};

int pwr_sample_mail(const pwr_env *env, const pwr_voice *voice,
                    const char *name, pwr_message *message)
{
    const pwr_job job = {
        .login = LOGIN, .address = ADDRESS, .agent = AGENT,
        .created = now_sec()
    };
    const struct mail *mail = mails;
    pwr_letter letter;

    while (mail->name && strcmp(mail->name, name) != 0) {
        mail++;
    }
    if (!mail->name) {
        return 0;
    }
    letter = mail->make(env, &job, voice);
    *message = pwr_letter_write(env, &letter);
    message->to = MAILBOX;
    message->date_epoch_sec = job.created;
    return 1;
}

const char *pwr_sample_mails(apr_pool_t *pool)
{
    const char *names = mails->name;

    for (const struct mail *mail = mails + 1; mail->name; mail++) {
        names = apr_pstrcat(pool, names, " ", mail->name, NULL);
    }
    return names;
}
