/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords judged, by lists and by libzxcvbn; lists read. */
#include "core/policy.h"

#include "core/text.h"
#include "core/words.h"
#include "fuzz.h"

#define PASSWORD_MAX 1024       /* most that PwResetPasswordLength allows */

static void look(apr_pool_t *pool, const pwr_policy *policy,
                 const pwr_policy_person *person, const char *password)
{
    pwr_rule broken[PWR_RULES_N];
    size_t n = pwr_policy_judge(pool, policy, person, password, broken);
    size_t points;

    FUZZ_CLAIM(n < PWR_RULES_N);
    for (size_t i = 0; i < n; i++) {
        FUZZ_CLAIM(broken[i] > PWR_RULE_NONE && broken[i] < PWR_RULES_N);
        FUZZ_CLAIM(i == 0 || broken[i] > broken[i - 1]);
        FUZZ_CLAIM(pwr_rule_broken(broken[i]));
    }
    if (n == 0) {
        FUZZ_CLAIM(pwr_text_is_utf8(password, strlen(password))
                   && pwr_text_is_plain(password));
        points = pwr_text_points(password);
        FUZZ_CLAIM(points >= 8 && points <= 128 && strlen(password) <= 72);
        FUZZ_CLAIM(!policy->common
                   || !pwr_words_has(pool, policy->common, password));
    }
}

/* A listed line is a common password, in capitals too. */
static void look_listed(apr_pool_t *pool, const pwr_words *words,
                        const char *list)
{
    const char *line = pwr_text_trim(pool, apr_pstrmemdup(
        pool, list, strcspn(list, "\n")));

    FUZZ_CLAIM(!*line || *line == '#'
               || strncmp(line, "\xEF\xBB\xBF", 3) == 0
               || pwr_words_has(pool, words, line));
}

/* An input: a password, login, name, and a list of words. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *password = fuzz_text(pool, &in);
    pwr_policy_person person = { .site_name = "Example",
                                 .site_host = "www.example.org" };
    pwr_policy policy = { .points_min = 8, .points_max = 128, .bytes_max = 72,
                          .score_min = 3, .classes = PWR_CLASS_LOWER };
    const char *list;

    person.login = fuzz_text(pool, &in);
    person.name = fuzz_text(pool, &in);
    person.email = person.login;
    list = fuzz_text(pool, &in);
    policy.common = pwr_words_parse(pool, list, NULL);
    FUZZ_CLAIM((policy.common != NULL)
               == pwr_text_is_utf8(list, strlen(list)));
    if (strlen(password) <= PASSWORD_MAX) {
        look(pool, &policy, &person, password);
    }
    if (policy.common) {
        look_listed(pool, policy.common, list);
    }
}
