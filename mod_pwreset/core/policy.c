/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy.h"

#include <string.h>

#include <apr_strings.h>
#include <unictype.h>
#include <unistr.h>

#include "core/catalog.h"
#include "core/score.h"
#include "core/text.h"

/* What is being judged. */
typedef struct subject {
    apr_pool_t *pool;
    const pwr_policy *policy;
    const char *password;
    pwr_forms forms;
    apr_array_header_t *own_words;
    unsigned classes;           /* that occur */
    int is_utf8;
    unsigned told;              /* bits of the rules found broken so far */
} subject;

typedef struct rule_row {
    const char *listed, *broken;
    int (*is_listed)(const pwr_policy *policy);
    int (*is_broken)(const subject *s);
    unsigned class_bit;         /* instead of the two functions */
    const char *required;       /* in passwordrules */
} rule_row;

/* A limit in bytes that no Latin password can pass under the limit of
 * characters hides the latter. */
static int long_counts(const pwr_policy *policy)
{
    return policy->points_max > 0
        && (policy->bytes_max == 0
            || (size_t)policy->points_max <= policy->bytes_max);
}

static int bytes_listed(const pwr_policy *policy)
{
    return policy->bytes_max > 0
        && (policy->points_max <= 0
            || policy->bytes_max < 2 * (size_t)policy->points_max);
}

static int always_listed(const pwr_policy *policy)
{
    (void)policy;
    return 1;
}

static int common_listed(const pwr_policy *policy)
{
    return policy->common != NULL;
}

static int leaked_listed(const pwr_policy *policy)
{
    return policy->breach != NULL;
}

static int weak_listed(const pwr_policy *policy)
{
    return policy->score_min > 0;
}

static int used_listed(const pwr_policy *policy)
{
    return policy->history > 0;
}

static int never_broken(const subject *s)
{
    (void)s;
    return 0;
}

static int short_broken(const subject *s)
{
    return !*s->password
        || pwr_text_points(s->password) < (size_t)s->policy->points_min;
}

static int long_broken(const subject *s)
{
    return long_counts(s->policy)
        && pwr_text_points(s->password) > (size_t)s->policy->points_max;
}

static int bytes_broken(const subject *s)
{
    return s->policy->bytes_max > 0
        && strlen(s->password) > s->policy->bytes_max;
}

static int common_broken(const subject *s)
{
    return s->policy->common
        && pwr_words_has(s->pool, s->policy->common, s->password);
}

static int leaked_broken(const subject *s)
{
    uint64_t key;

    return s->policy->breach && !(s->told & 1u << PWR_RULE_COMMON)
        && pwr_breach_key(s->password, &key) == APR_SUCCESS
        && pwr_breach_has(s->policy->breach, key);
}

static int personal_broken(const subject *s)
{
    size_t rest = pwr_person_rest(s->pool, s->own_words, &s->forms);

    return rest < s->forms.n && rest < (size_t)s->policy->points_min;
}

static int weak_broken(const subject *s)
{
    return !(s->told & (1u << PWR_RULE_SHORT | 1u << PWR_RULE_COMMON
                        | 1u << PWR_RULE_LEAKED | 1u << PWR_RULE_PERSONAL))
        && s->policy->score_min > 0
        && pwr_score_of(s->pool, s->password, &s->forms, s->policy->common,
                        s->own_words) < s->policy->score_min;
}

static int control_broken(const subject *s)
{
    return !s->is_utf8 || !pwr_text_is_plain(s->password);
}

/* Sentences without plural forms: no language has to know which number takes
 * which form. */
static const rule_row rows[PWR_RULES_N] = {
    [PWR_RULE_SHORT] = {
        N_("At least {{min}} characters."),
        N_("The password is too short: at least {{min}} characters are "
           "needed."),
        always_listed, short_broken, 0, NULL },
    [PWR_RULE_LONG] = {
        N_("At most {{max}} characters."),
        N_("The password is too long: at most {{max}} characters are "
           "possible."),
        long_counts, long_broken, 0, NULL },
    [PWR_RULE_BYTES] = {
        N_("At most {{max}} bytes: a Latin letter counts as one, a Cyrillic "
           "letter as two."),
        N_("The password is too long: it takes {{have}} bytes, and at most "
           "{{max}} fit. A Latin letter counts as one, a Cyrillic letter as "
           "two."),
        bytes_listed, bytes_broken, 0, NULL },
    [PWR_RULE_LOWER] = {
        N_("A small letter."),
        N_("The password has no small letter."),
        NULL, NULL, PWR_CLASS_LOWER, "lower" },
    [PWR_RULE_UPPER] = {
        N_("A capital letter."),
        N_("The password has no capital letter."),
        NULL, NULL, PWR_CLASS_UPPER, "upper" },
    [PWR_RULE_DIGIT] = {
        N_("A digit."),
        N_("The password has no digit."),
        NULL, NULL, PWR_CLASS_DIGIT, "digit" },
    [PWR_RULE_SPECIAL] = {
        N_("A character that is neither a letter nor a digit."),
        N_("The password has only letters and digits: another character is "
           "needed, such as a dash or a blank."),
        NULL, NULL, PWR_CLASS_SPECIAL, "special" },
    [PWR_RULE_COMMON] = {
        N_("Not a common password, a keyboard row or one word repeated."),
        N_("The password is a common one, a keyboard row or a repetition: "
           "those are tried first."),
        common_listed, common_broken, 0, NULL },
    [PWR_RULE_LEAKED] = {
        N_("Not one that has leaked from another site."),
        N_("The password is in a list of those that have leaked from other "
           "sites: those are tried first."),
        leaked_listed, leaked_broken, 0, NULL },
    [PWR_RULE_PERSONAL] = {
        N_("Not built from your login, your name, your email address or the "
           "name of this site."),
        N_("The password contains your login, your name, your email address "
           "or the name of this site, and little else."),
        always_listed, personal_broken, 0, NULL },
    [PWR_RULE_WEAK] = {
        N_("Hard to guess: three or four unrelated words are good."),
        N_("The password is easy to guess. Three or four unrelated words "
           "are good."),
        weak_listed, weak_broken, 0, NULL },
    [PWR_RULE_USED] = {
        N_("Not one that you have had here before."),
        N_("You have had this password here before. Choose another."),
        used_listed, never_broken, 0, NULL },
    [PWR_RULE_CONTROL] = {
        NULL,
        N_("The password contains a character that cannot be typed, such as "
           "a tab or a line break."),
        NULL, control_broken, 0, NULL },
};

static unsigned classes_of(const char *password)
{
    const uint8_t *p = (const uint8_t *)password;
    unsigned classes = 0;
    ucs4_t point;
    int width;

    while ((width = u8_strmbtouc(&point, p)) > 0) {
        p += width;
        if (uc_is_general_category_withtable(point, UC_CATEGORY_MASK_L)) {
            classes |= uc_is_property_lowercase(point) ? PWR_CLASS_LOWER : 0;
            classes |= uc_is_property_uppercase(point) ? PWR_CLASS_UPPER : 0;
        }
        else if (uc_is_general_category_withtable(point,
                                                  UC_CATEGORY_MASK_N)) {
            classes |= PWR_CLASS_DIGIT;
        }
        else {
            classes |= PWR_CLASS_SPECIAL;
        }
    }
    return classes;
}

static int row_broken(const rule_row *row, const subject *s)
{
    return row->class_bit ? (s->policy->classes & ~s->classes & row->class_bit)
                                != 0
                          : row->is_broken(s);
}

static int row_listed(const rule_row *row, const pwr_policy *policy)
{
    return row->class_bit ? (policy->classes & row->class_bit) != 0
                          : row->is_listed && row->is_listed(policy);
}

size_t pwr_policy_judge(apr_pool_t *pool, const pwr_policy *policy,
                        const pwr_policy_person *person,
                        const char *password, pwr_rule *broken)
{
    subject s = { .pool = pool, .policy = policy, .password = password };
    size_t n = 0;

    s.is_utf8 = pwr_keyboard_forms(pool, password, &s.forms);
    s.own_words = pwr_person_words(pool, person);
    s.classes = classes_of(password);
    for (pwr_rule rule = PWR_RULE_SHORT; rule < PWR_RULES_N; rule++) {
        if (row_broken(&rows[rule], &s)) {
            s.told |= 1u << rule;
            broken[n++] = rule;
        }
    }
    return n;
}

size_t pwr_policy_list(const pwr_policy *policy, pwr_rule *rules)
{
    size_t n = 0;

    for (pwr_rule rule = PWR_RULE_SHORT; rule < PWR_RULES_N; rule++) {
        if (row_listed(&rows[rule], policy)) {
            rules[n++] = rule;
        }
    }
    return n;
}

const char *pwr_rule_listed(pwr_rule rule)
{
    return rows[rule].listed;
}

const char *pwr_rule_broken(pwr_rule rule)
{
    return rows[rule].broken;
}

pwr_rule_numbers pwr_rule_count(const pwr_policy *policy, pwr_rule rule,
                                const char *password)
{
    const char *text = password ? password : "";
    int in_bytes = rule == PWR_RULE_BYTES;

    return (pwr_rule_numbers){
        .min = (size_t)policy->points_min,
        .max = in_bytes ? policy->bytes_max : (size_t)policy->points_max,
        .have = in_bytes ? strlen(text) : pwr_text_points(text),
    };
}

const char *pwr_policy_passwordrules(apr_pool_t *pool,
                                     const pwr_policy *policy)
{
    size_t max = long_counts(policy) ? (size_t)policy->points_max
                                     : policy->bytes_max;
    const char *rules = apr_psprintf(pool, "minlength: %d;",
                                     policy->points_min);

    if (max > 0) {
        rules = apr_psprintf(pool, "%s maxlength: %" APR_SIZE_T_FMT ";",
                             rules, max);
    }
    for (pwr_rule rule = PWR_RULE_SHORT; rule < PWR_RULES_N; rule++) {
        if (rows[rule].required && row_listed(&rows[rule], policy)) {
            rules = apr_pstrcat(pool, rules, " required: ",
                                rows[rule].required, ";", NULL);
        }
    }
    return rules;
}
