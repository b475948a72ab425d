/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rules.h"

#include <string.h>

#include <apr_strings.h>

#include "core/crypto.h"
#include "core/policy.h"
#include "flow/hash.h"
#include "flow/page.h"

static pwr_scheme scheme_for(const pwr_env *env, const pwr_user *user)
{
    return pwr_scheme_choose(&env->site->conf->password_scheme,
                             user->password);
}

/* Whoever cuts a list that is mapped, instead of giving another file its name,
 * must not end the processes that would read there. */
static void breach_mind(const pwr_env *env, pwr_policy *policy)
{
    const pwr_breach_file *file = env->site->breach;

    if (!file || pwr_breach_file_is_whole(file)) {
        return;
    }
    pwr_diag_tell(env->diag, PWR_DIAG_ERROR("PWR0460", ""),
                  "PwResetBreachList: %s was cut while it was in use, so no "
                  "password is looked up: write the list with pwresetctl "
                  "breach build, which replaces it whole, and restart "
                  "gracefully", env->site->conf->breach_list);
    policy->breach = NULL;
}

/* Of several groups the strictest value of each rule counts. */
static void group_apply(const pwr_conf *conf, const char *name,
                        pwr_policy *policy)
{
    for (int i = 0; conf->group_policies[i]; i++) {
        if (strcmp(conf->group_policies[i]->group, name) == 0) {
            pwr_group_policy_apply(conf->group_policies[i], policy);
        }
    }
}

static apr_status_t groups_apply(const pwr_env *env, const pwr_user *user,
                                 pwr_policy *policy)
{
    const pwr_conf *conf = env->site->conf;
    const char *const *groups;
    apr_status_t status;

    if (!conf->group_policies || !user->id) {
        return APR_SUCCESS;
    }
    status = env->store->ops->groups_find(env->store, env->pool, user,
                                          &groups);
    for (; status == APR_SUCCESS && *groups; groups++) {
        group_apply(conf, *groups, policy);
    }
    return status;
}

apr_status_t pwr_rules_find(const pwr_env *env, const pwr_user *user,
                            pwr_policy *policy)
{
    pwr_scheme scheme = scheme_for(env, user);
    size_t bytes_max = pwr_scheme_bytes_max(&scheme);

    *policy = env->site->policy;
    if (bytes_max < PWR_PASSWORD_BYTES_MAX) {
        policy->bytes_max = bytes_max;
    }
    breach_mind(env, policy);
    return groups_apply(env, user, policy);
}

static pwr_policy_person person_of(const pwr_env *env, const pwr_user *user)
{
    return (pwr_policy_person){
        .login = user->login,
        .email = user->email,
        .name = user->name,
        .site_name = env->site->conf->site_name,
        .site_host = env->site->url.host,
    };
}

/* What the script calls the rules: some it can judge while one types. */
static const char *const rule_names[PWR_RULES_N] = {
    [PWR_RULE_SHORT] = "short",
    [PWR_RULE_LONG] = "long",
    [PWR_RULE_BYTES] = "bytes",
    [PWR_RULE_LOWER] = "lower",
    [PWR_RULE_UPPER] = "upper",
    [PWR_RULE_DIGIT] = "digit",
    [PWR_RULE_SPECIAL] = "special",
    [PWR_RULE_COMMON] = "common",
    [PWR_RULE_LEAKED] = "leaked",
    [PWR_RULE_PERSONAL] = "personal",
    [PWR_RULE_WEAK] = "weak",
    [PWR_RULE_USED] = "used",
    [PWR_RULE_CONTROL] = "control",
};

/* A sentence of a rule in the language of `voice`, its numbers filled in. */
static const char *sentence(const pwr_env *env, const pwr_voice *voice,
                            const char *english, pwr_rule_numbers numbers)
{
    pwr_model *values = pwr_model_make(env->pool);

    pwr_model_text(values, "min", apr_itoa(env->pool, (int)numbers.min));
    pwr_model_text(values, "max", apr_itoa(env->pool, (int)numbers.max));
    pwr_model_text(values, "have", apr_itoa(env->pool, (int)numbers.have));
    return pwr_page_words(env->pool, voice, english, values);
}

void pwr_rules_show(const pwr_env *env, const pwr_request *request,
                    const pwr_policy *policy, pwr_response *response)
{
    pwr_list *list = pwr_list_make(env->pool);
    pwr_model *model = response->model;
    pwr_rule rules[PWR_RULES_N];
    size_t n = pwr_policy_list(policy, rules);

    for (size_t i = 0; i < n; i++) {
        pwr_rule_numbers numbers = pwr_rule_count(policy, rules[i], NULL);
        pwr_model *rule = pwr_list_add(list);

        pwr_model_text(rule, "text",
                       sentence(env, request->voice, pwr_rule_listed(rules[i]),
                                numbers));
        pwr_model_text(rule, "rule", rule_names[rules[i]]);
        if (rules[i] == PWR_RULE_BYTES) {
            pwr_model_text(model, "bytes_max",
                           apr_itoa(env->pool, (int)numbers.max));
        }
    }
    pwr_model_list(model, "rules", list);
    pwr_model_text(model, "passwordrules",
                   pwr_policy_passwordrules(env->pool, policy));
    pwr_model_text(model, "length_min",
                   apr_itoa(env->pool, policy->points_min));
    pwr_model_text(model, "length_max",
                   apr_itoa(env->pool, policy->points_max));
}

size_t pwr_rules_broken(const pwr_env *env, const pwr_voice *voice,
                        const pwr_user *user, const pwr_policy *policy,
                        const char *password, const char **sentences)
{
    pwr_policy_person person = person_of(env, user);
    pwr_rule broken[PWR_RULES_N];
    pwr_scheme scheme = scheme_for(env, user);
    size_t n;

    /* Blanks that are not hashed make no password longer. */
    password = pwr_scheme_taken(env->pool, &scheme, password);
    n = pwr_policy_judge(env->pool, policy, &person, password, broken);
    for (size_t i = 0; i < n; i++) {
        sentences[i] = sentence(env, voice, pwr_rule_broken(broken[i]),
                                pwr_rule_count(policy, broken[i], password));
    }
    return n;
}

apr_status_t pwr_rules_used(const pwr_env *env, const pwr_user *user,
                            const pwr_policy *policy, const char *password,
                            int *used)
{
    pwr_history history = { .realm = env->site->conf->realm,
                            .user_id = user->id, .max = policy->history };
    apr_status_t status = APR_SUCCESS;

    *used = 0;
    if (policy->history == 0) {
        return APR_SUCCESS;
    }
    if (user->password) {
        const char *stored = pwr_hash_read(env, user);

        status = pwr_hash_verify_any(env, password, &stored, 1, used);
    }
    if (status == APR_SUCCESS && !*used) {
        status = env->store->ops->history_list(env->store, env->pool,
                                               &history);
    }
    if (status == APR_SUCCESS && !*used) {
        status = pwr_hash_verify_any(env, password, history.stored, history.n,
                                     used);
    }
    return status;
}

/* The two fields alone. */
static void form_judge(const pwr_env *env, const pwr_request *request,
                       const pwr_user *user, const pwr_policy *policy,
                       pwr_response *response)
{
    const char *password = pwr_form_get(request->form, "password");
    const char *confirm = pwr_form_get(request->form, "confirm");
    const char *broken[PWR_RULES_N];
    size_t n;

    if (!password || !*password) {
        pwr_page_error(env, request, response, "password",
                       N_("Enter a new password."), NULL);
        return;
    }
    n = pwr_rules_broken(env, request->voice, user, policy, password, broken);
    for (size_t i = 0; i < n; i++) {
        /* Translated already, which a catalog leaves as it is. */
        pwr_page_error(env, request, response, "password", broken[i], NULL);
    }
    if (!confirm || !*confirm) {
        pwr_page_error(env, request, response, "confirm",
                       N_("Enter the new password again."), NULL);
    }
    else if (!pwr_crypto_equal(password, confirm)) {
        pwr_page_error(env, request, response, "confirm",
                       N_("The two passwords differ."), NULL);
    }
}

apr_status_t pwr_rules_judge(const pwr_env *env, const pwr_request *request,
                             const pwr_user *user, const pwr_policy *policy,
                             pwr_response *response)
{
    apr_status_t status = APR_SUCCESS;
    int used = 0;

    form_judge(env, request, user, policy, response);
    if (!response->errors) {
        status = pwr_rules_used(env, user, policy,
                                pwr_form_get(request->form, "password"),
                                &used);
    }
    if (used) {
        /* Who guesses at former ones is limited as who guesses at strings. */
        response->spares_limit = 0;
        pwr_page_error(env, request, response, "password",
                       pwr_rule_broken(PWR_RULE_USED), NULL);
    }
    return status;
}
