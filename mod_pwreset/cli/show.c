/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and mails, as this site would make them, for those who change them. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "core/language.h"
#include "core/text.h"
#include "flow/page.h"
#include "flow/sample.h"

#define WORD_BYTES 40           /* of a wrong word that is shown again */

static const char *shown(const pwr_call *call, const char *word)
{
    return pwr_text_printable(call->pool, word, WORD_BYTES);
}

/* `*tag` NULL: none was asked for. */
static int language_take(const pwr_call *call, const pwr_env *env,
                         const char **tag)
{
    const char *asked = pwr_call_option(call, "lang");
    const char *enabled = "";

    *tag = asked ? pwr_language_enabled(env->site->tags, asked) : NULL;
    if (!asked || *tag) {
        return EX_OK;
    }
    for (int i = 0; env->site->tags[i]; i++) {
        enabled = apr_pstrcat(call->pool, enabled, " ", env->site->tags[i],
                              NULL);
    }
    return pwr_call_fail(EX_USAGE, "this site does not speak '%s': choose one "
                         "of its PwResetLanguages:%s", shown(call, asked),
                         enabled);
}

/* The site and the language that was asked for. */
static int begin(const pwr_call *call, pwr_env *env, const char **tag)
{
    int status = pwr_call_env(call, env);

    return status == EX_OK ? language_take(call, env, tag) : status;
}

static int page_print(const pwr_env *env, const pwr_request *request,
                      const pwr_response *response)
{
    size_t len;
    const char *bytes = pwr_page_render(env, request, response, &len);

    if (!bytes) {
        return pwr_call_fail(EX_CONFIG, "the template does not end: sections "
                             "of lists stand within themselves");
    }
    fwrite(bytes, 1, len, stdout);
    return EX_OK;
}

int pwr_command_page_show(pwr_call *call)
{
    const char *name = call->args[0], *state = pwr_call_option(call, "state");
    pwr_request request = { .client_address = "192.0.2.17" };
    pwr_response response = { 0 };
    pwr_env env;
    int status = begin(call, &env, &request.lang);

    if (status != EX_OK) {
        return status;
    }
    request.voice = pwr_site_voice(env.site, request.lang);
    if (pwr_sample_page(&env, &request, name, state, &response)) {
        return page_print(&env, &request, &response);
    }
    return *pwr_sample_states(call->pool, name)
        ? pwr_call_fail(EX_USAGE, "%s has no state '%s': choose one of %s",
                        name, shown(call, state),
                        pwr_sample_states(call->pool, name))
        : pwr_call_fail(EX_USAGE, "there is no page '%s': choose one of %s",
                        shown(call, name), pwr_sample_pages(call->pool));
}

/* As the mail program gets it. */
static int raw_print(const pwr_call *call, pwr_message *message)
{
    char *id = apr_palloc(call->pool, PWR_ID_HEX + 1);
    const char *bytes;
    size_t len;

    message->id = id;
    if (pwr_crypto_id(id) != APR_SUCCESS
        || pwr_mime_render(call->pool, message, &bytes, &len)
               != APR_SUCCESS) {
        return pwr_call_fail(EX_CONFIG, "the mail cannot be written: a "
                             "template gives nothing, or the site's name or "
                             "the subject's template holds a control "
                             "character");
    }
    fwrite(bytes, 1, len, stdout);
    return EX_OK;
}

int pwr_command_mail_show(pwr_call *call)
{
    const char *name = call->args[0], *tag;
    pwr_message message;
    pwr_env env;
    int status = begin(call, &env, &tag);

    if (status != EX_OK) {
        return status;
    }
    if (!pwr_sample_mail(&env, pwr_site_voice(env.site, tag), name,
                         &message)) {
        return pwr_call_fail(EX_USAGE, "there is no mail '%s': choose one of "
                             "%s", shown(call, name),
                             pwr_sample_mails(call->pool));
    }
    if (pwr_call_option(call, "raw")) {
        return raw_print(call, &message);
    }
    if (pwr_call_option(call, "html")) {
        fputs(message.html, stdout);
        return EX_OK;
    }
    printf("From: %s <%s>\nTo: %s\nSubject: %s\n\n%s", message.from_name,
           message.from, message.to, message.subject, message.text);
    return EX_OK;
}
