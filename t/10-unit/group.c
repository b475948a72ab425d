/* SPDX-License-Identifier: Apache-2.0 */
#include "core/group.h"

#include <apr_strings.h>

#include "core/conf.h"
#include "tap.h"

static int split(apr_pool_t *pool, const char *text, const char *const **argv)
{
    char **words;
    int n = 0;

    apr_tokenize_to_argv(text, &words, pool);
    while (words[n]) {
        n++;
    }
    *argv = (const char *const *)words;
    return n;
}

static const char *joined(apr_pool_t *pool, const char **argv)
{
    const char *text = argv[0];

    for (int i = 1; argv[i]; i++) {
        text = apr_pstrcat(pool, text, " ", argv[i], NULL);
    }
    return text;
}

static void test_read(apr_pool_t *pool)
{
    static const struct { const char *text, *shown; } good[] = {
        { "a length=16", "a length=16" },
        { "a score=4", "a score=4" },
        { "a history=24", "a history=24" },
        { "a classes=digit", "a classes=digit" },
        { "a classes=special,lower,upper,digit,lower",
          "a classes=lower,upper,digit,special" },
        { "a history=5 classes=upper score=1 length=1024",
          "a length=1024 score=1 history=5 classes=upper" },
        { "'with blanks' length=8", "with blanks length=8" },
        { "Администраторы length=8", "Администраторы length=8" },
    };
    static const struct { const char *text, *words; } bad[] = {
        { "'' length=16", "begin with the name" },
        { "a length=7", "length=N with N from 8 to 1024" },
        { "a length=1025", "from 8 to 1024" },
        { "a length=", "from 8" }, { "a length=16x", "from 8" },
        { "a length=-16", "from 8" },
        { "a length=99999999999999999999", "from 8" },
        { "a score=0", "from 1 to 4" }, { "a score=5", "from 1 to 4" },
        { "a history=0", "from 1 to 24" }, { "a history=25", "from 1 to 24" },
        { "a length=16 length=17", "says length twice" },
        { "a classes=digit classes=lower", "says classes twice" },
        { "a classes=", "some of lower" }, { "a classes=digits", "some of" },
        { "a classes=digit,", "some of" }, { "a classes=none", "some of" },
        { "a Length=16", "no rule 'Length=16'" }, { "a b", "no rule 'b'" },
        { "a length", "no rule" }, { "a =16", "no rule" },
        { "a max=16", "no rule" },
    };
    pwr_group_policy policy;
    const char *const *argv;
    int argc;

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        argc = split(pool, good[i].text, &argv);
        tap_str(pwr_group_policy_read(pool, argc, argv, &policy), NULL,
                "%s is read", good[i].text);
        tap_str(joined(pool, pwr_group_policy_show(pool, &policy)),
                good[i].shown, "%s is shown", good[i].text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *error;

        argc = split(pool, bad[i].text, &argv);
        error = pwr_group_policy_read(pool, argc, argv, &policy);
        tap_ok(error && strstr(error, bad[i].words), "%s: %s", bad[i].text,
               error ? error : "is taken");
    }
}

static void test_apply(apr_pool_t *pool)
{
    static const struct { const char *first, *second; int want[4]; } table[] = {
        { "a length=16", "b length=20", { 20, 3, 0, 0 } },
        { "a length=20", "b length=16", { 20, 3, 0, 0 } },
        { "a length=8", "b score=1", { 12, 3, 0, 0 } },
        { "a score=4 history=3", "b history=7", { 12, 4, 7, 0 } },
        { "a classes=lower", "b classes=digit,upper",
          { 12, 3, 0, PWR_CLASS_LOWER | PWR_CLASS_DIGIT | PWR_CLASS_UPPER } },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_policy policy = { .points_min = 12, .points_max = 128,
                              .score_min = 3 };
        const char *const *argv;
        const char *texts[] = { table[i].first, table[i].second };

        for (int k = 0; k < 2; k++) {
            pwr_group_policy group;
            int argc = split(pool, texts[k], &argv);

            pwr_group_policy_read(pool, argc, argv, &group);
            pwr_group_policy_apply(&group, &policy);
        }
        tap_ok(policy.points_min == table[i].want[0]
               && policy.score_min == table[i].want[1]
               && policy.history == table[i].want[2]
               && (int)policy.classes == table[i].want[3]
               && policy.points_max == 128, "%s, and %s", table[i].first,
               table[i].second);
    }
}

/* Once per group; a vhost's own take the place of the server's. */
static void test_conf(apr_pool_t *pool)
{
    const pwr_conf_row *row = pwr_conf_row_find("PwResetGroupPolicy");
    pwr_conf *server = pwr_conf_make(pool), *vhost = pwr_conf_make(pool);
    const char *const *argv;
    const char *error;
    int argc = split(pool, "a length=16", &argv);

    tap_str(pwr_conf_set(pool, server, row, argc, argv), NULL, "one group");
    error = pwr_conf_set(pool, server, row, argc, argv);
    tap_ok(error && strstr(error, "already"), "not twice");
    argc = split(pool, "b score=4", &argv);
    tap_str(pwr_conf_set(pool, server, row, argc, argv), NULL, "and another");
    tap_int(pwr_conf_uses(pool, server, row)->nelts, 2, "both are told");
    tap_int(pwr_conf_uses(pool, pwr_conf_merge(pool, server, vhost),
                          row)->nelts, 2, "a vhost inherits them");
    pwr_conf_set(pool, vhost, row, argc, argv);
    vhost = pwr_conf_merge(pool, server, vhost);
    tap_ok(!vhost->group_policies[1]
           && strcmp(vhost->group_policies[0]->group, "b") == 0,
           "or says all of its own");
    tap_ok(pwr_conf_set(pool, vhost, row, 1, argv) != NULL,
           "a group without a rule");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_read(pool);
    test_apply(pool);
    test_conf(pool);
    return tap_end();
}
