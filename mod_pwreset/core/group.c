/* SPDX-License-Identifier: Apache-2.0 */
#include "core/group.h"

#include <stddef.h>
#include <string.h>

#include <apr_strings.h>

#include "core/conf_kind.h"
#include "core/text.h"

#define SHOWN_POINTS 40

/* classes= is none of them: it takes words. */
static const struct number {
    const char *name;
    size_t offset;              /* in pwr_group_policy */
    int min, max;
} numbers[] = {
    { "length", offsetof(pwr_group_policy, points_min), 8, 1024 },
    { "score", offsetof(pwr_group_policy, score_min), 1, 4 },
    { "history", offsetof(pwr_group_policy, history), 1,
      PWR_PASSWORD_HISTORY_MAX },
};

#define NUMBERS_N (sizeof(numbers) / sizeof(*numbers))

static int *slot(const pwr_group_policy *policy, const struct number *number)
{
    return (int *)((char *)policy + number->offset);
}

/* What follows "name=" in an argument; NULL when it is another one. */
static const char *value_of(const char *argument, const char *name)
{
    size_t len = strlen(name);

    return strncmp(argument, name, len) == 0 && argument[len] == '='
        ? argument + len + 1 : NULL;
}

static const char *number_read(apr_pool_t *pool, const struct number *number,
                               const char *value, int *out)
{
    char *end;
    apr_int64_t n = apr_strtoi64(value, &end, 10);

    if (*out) {
        return apr_psprintf(pool, "says %s twice", number->name);
    }
    if (!*value || *end || n < number->min || n > number->max) {
        return apr_psprintf(pool, "takes %s=N with N from %d to %d",
                            number->name, number->min, number->max);
    }
    *out = (int)n;
    return NULL;
}

static const char *classes_read(apr_pool_t *pool, const char *value,
                                unsigned *classes)
{
    char *rest = apr_pstrdup(pool, value), *name;

    if (*classes) {
        return "says classes twice";
    }
    while ((name = strsep(&rest, ",")) != NULL) {
        const pwr_conf_word *word = pwr_conf_class_words;

        while (word->name && strcmp(word->name, name) != 0) {
            word++;
        }
        if (!word->name) {
            return "takes classes= with some of lower,upper,digit,special";
        }
        *classes |= word->bits;
    }
    return NULL;
}

static const char *argument_read(apr_pool_t *pool, const char *argument,
                                 pwr_group_policy *policy)
{
    const char *value = value_of(argument, "classes");

    if (value) {
        return classes_read(pool, value, &policy->classes);
    }
    for (size_t i = 0; i < NUMBERS_N; i++) {
        value = value_of(argument, numbers[i].name);
        if (value) {
            return number_read(pool, &numbers[i], value,
                               slot(policy, &numbers[i]));
        }
    }
    return apr_psprintf(pool, "has no rule '%s': take some of length=, score=, "
                        "classes= and history=",
                        pwr_text_printable(pool, argument, SHOWN_POINTS));
}

const char *pwr_group_policy_read(apr_pool_t *pool, int argc,
                                  const char *const *argv,
                                  pwr_group_policy *policy)
{
    const char *error = NULL;

    *policy = (pwr_group_policy){ .group = argv[0] };
    if (!*argv[0] || !pwr_text_is_utf8(argv[0], strlen(argv[0]))
        || !pwr_text_is_plain(argv[0])) {
        return "must begin with the name of a group";
    }
    for (int i = 1; !error && i < argc; i++) {
        error = argument_read(pool, argv[i], policy);
    }
    /* cppcheck-suppress returnDanglingLifetime; sentences are of the pool */
    return error;
}

static const char *classes_show(apr_pool_t *pool, unsigned classes)
{
    const char *text = "classes=", *comma = "";

    for (const pwr_conf_word *word = pwr_conf_class_words; word->name;
         word++) {
        if (classes & word->bits) {
            text = apr_pstrcat(pool, text, comma, word->name, NULL);
            comma = ",";
        }
    }
    return text;
}

const char **pwr_group_policy_show(apr_pool_t *pool,
                                   const pwr_group_policy *policy)
{
    const char **argv = apr_pcalloc(pool, (PWR_GROUP_ARGS_MAX + 1)
                                          * sizeof(*argv));
    int n = 0;

    argv[n++] = policy->group;
    for (size_t i = 0; i < NUMBERS_N; i++) {
        int number = *slot(policy, &numbers[i]);

        if (number) {
            argv[n++] = apr_psprintf(pool, "%s=%d", numbers[i].name, number);
        }
    }
    if (policy->classes) {
        argv[n++] = classes_show(pool, policy->classes);
    }
    return argv;
}

static int greater(int a, int b)
{
    return a > b ? a : b;
}

void pwr_group_policy_apply(const pwr_group_policy *group, pwr_policy *policy)
{
    policy->points_min = greater(policy->points_min, group->points_min);
    policy->score_min = greater(policy->score_min, group->score_min);
    policy->history = greater(policy->history, group->history);
    policy->classes |= group->classes;
}
