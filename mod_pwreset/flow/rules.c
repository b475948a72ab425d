/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rules.h"

#include <string.h>

#include <apr_strings.h>

#include "core/crypto.h"
#include "core/policy.h"
#include "flow/page.h"

/* The site's policy as the scheme of this user's row narrows it. */
static pwr_policy policy_for(const pwr_env *env, const pwr_user *user)
{
    pwr_policy policy = env->site->policy;
    pwr_scheme scheme = pwr_scheme_choose(&env->site->conf->password_scheme,
                                          user->password);
    size_t bytes_max = pwr_scheme_bytes_max(&scheme);

    if (bytes_max < PWR_PASSWORD_BYTES_MAX) {
        policy.bytes_max = bytes_max;
    }
    return policy;
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
    [PWR_RULE_PERSONAL] = "personal",
    [PWR_RULE_WEAK] = "weak",
    [PWR_RULE_CONTROL] = "control",
};

/* The numbers that a rule's sentences name. */
static pwr_model *numbers(const pwr_env *env, const pwr_policy *policy,
                          pwr_rule rule, const char *password)
{
    pwr_model *model = pwr_model_make(env->pool);
    int is_bytes = rule == PWR_RULE_BYTES;

    pwr_model_text(model, "min", apr_itoa(env->pool, policy->points_min));
    pwr_model_text(model, "max", apr_itoa(env->pool, is_bytes
                   ? (int)policy->bytes_max : policy->points_max));
    pwr_model_text(model, "have",
                   apr_itoa(env->pool, password ? (int)strlen(password) : 0));
    return model;
}

/* A limit that only hundreds of rare characters could reach would frighten
 * people; whoever does reach it is told. */
static int is_bytes_worth_telling(const pwr_policy *policy)
{
    return policy->bytes_max
        && policy->bytes_max < 2 * (size_t)policy->points_max;
}

void pwr_rules_show(const pwr_env *env, const pwr_request *request,
                    const pwr_user *user, pwr_response *response)
{
    pwr_policy policy = policy_for(env, user);
    pwr_list *list = pwr_list_make(env->pool);
    pwr_rule rules[PWR_RULES_N];
    size_t n = pwr_policy_list(&policy, rules);

    for (size_t i = 0; i < n; i++) {
        const pwr_model *values = numbers(env, &policy, rules[i], NULL);
        pwr_model *rule;

        if (rules[i] == PWR_RULE_BYTES && !is_bytes_worth_telling(&policy)) {
            continue;
        }
        rule = pwr_list_add(list);

        pwr_model_text(rule, "text",
                       pwr_page_words(env->pool, request->voice,
                                      pwr_rule_listed(rules[i]), values));
        pwr_model_text(rule, "rule", rule_names[rules[i]]);
    }
    pwr_model_list(response->model, "rules", list);
    pwr_model_text(response->model, "passwordrules",
                   pwr_policy_passwordrules(env->pool, &policy));
    pwr_model_text(response->model, "length_min",
                   apr_itoa(env->pool, policy.points_min));
    pwr_model_text(response->model, "length_max",
                   apr_itoa(env->pool, policy.points_max));
    if (is_bytes_worth_telling(&policy)) {
        pwr_model_text(response->model, "bytes_max",
                       apr_itoa(env->pool, (int)policy.bytes_max));
    }
}

int pwr_rules_judge(const pwr_env *env, const pwr_request *request,
                    const pwr_user *user, pwr_response *response)
{
    const char *password = pwr_form_get(request->form, "password");
    const char *confirm = pwr_form_get(request->form, "confirm");
    pwr_policy policy = policy_for(env, user);
    pwr_policy_person person = person_of(env, user);
    pwr_rule broken[PWR_RULES_N];
    size_t n;

    if (!password || !*password) {
        pwr_page_error(env, request, response, "password",
                       N_("Enter a new password."), NULL);
        return 0;
    }
    n = pwr_policy_judge(env->pool, &policy, &person, password, broken);
    for (size_t i = 0; i < n; i++) {
        pwr_page_error(env, request, response, "password",
                       pwr_rule_broken(broken[i]),
                       numbers(env, &policy, broken[i], password));
    }
    if (!confirm || !*confirm) {
        pwr_page_error(env, request, response, "confirm",
                       N_("Enter the new password again."), NULL);
        return 0;
    }
    if (!pwr_crypto_equal(password, confirm)) {
        pwr_page_error(env, request, response, "confirm",
                       N_("The two passwords differ."), NULL);
        return 0;
    }
    return n == 0;
}
