/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for a new password: judged, listed for people before they type,
 * and told to password managers, all from one pwr_policy.
 *
 * Length counts code points (NIST SP 800-63B); the score is zxcvbn's with the
 * user's own words, Cyrillic also judged as typed on the Latin layout, the
 * lower score counting; the common list compares whole passwords, case folded,
 * also without digits and punctuation at the ends, on both keyboard layouts
 * (ЙЦУКЕН and QWERTY).  Classes are off unless configured (ASVS 6.2.5).
 * Pure; any thread; well under 5 ms for the longest input. */
#ifndef PWR_POLICY_H
#define PWR_POLICY_H

#include <stddef.h>

#include <apr_pools.h>

/* Bits of pwr_policy.classes. */
#define PWR_CLASS_LOWER 1u
#define PWR_CLASS_UPPER 2u
#define PWR_CLASS_DIGIT 4u
#define PWR_CLASS_SPECIAL 8u

typedef struct pwr_words pwr_words;     /* a common list, sorted, read-only */

typedef struct pwr_policy {
    int points_min;
    int points_max;
    size_t bytes_max;           /* of the scheme; 0: no such rule */
    int score_min;              /* 0: off, to 4 */
    unsigned classes;           /* PWR_CLASS_* that must each occur */
    const pwr_words *common;    /* NULL: no such rule */
} pwr_policy;

/* Whose password it is to be; NULL members are passed over. */
typedef struct pwr_policy_person {
    const char *login;
    const char *email;
    const char *name;
    const char *site_name;
    const char *site_host;
} pwr_policy_person;

typedef enum pwr_rule {
    PWR_RULE_NONE = 0,
    PWR_RULE_SHORT,         /* {{min}} */
    PWR_RULE_LONG,          /* {{max}} */
    PWR_RULE_BYTES,         /* {{max}}, {{have}} bytes */
    PWR_RULE_LOWER,
    PWR_RULE_UPPER,
    PWR_RULE_DIGIT,
    PWR_RULE_SPECIAL,
    PWR_RULE_COMMON,
    PWR_RULE_PERSONAL,      /* contains the login, the e-mail or the site name */
    PWR_RULE_WEAK,          /* zxcvbn score below the minimum */
    PWR_RULE_CONTROL,       /* a control character: cannot be typed again */
    PWR_RULES_N
} pwr_rule;

/* All rules that `password` (UTF-8) breaks, in the order above; returns their
 * number, `broken` holds PWR_RULES_N.  WEAK is only told when neither COMMON
 * nor PERSONAL nor SHORT explains it. */
size_t pwr_policy_judge(apr_pool_t *pool, const pwr_policy *policy,
                        const pwr_policy_person *person,
                        const char *password, pwr_rule *broken);

/* The rules in force, to be listed before anything is typed; as above. */
size_t pwr_policy_list(const pwr_policy *policy, pwr_rule *rules);

/* English sentence of a rule, for the catalog: first as it is listed ("At
 * least {{min}} characters."), second as it is told when broken ("The password
 * has fewer than {{min}} characters."). */
const char *pwr_rule_listed(pwr_rule rule);
const char *pwr_rule_broken(pwr_rule rule);

/* Value of the HTML attribute `passwordrules` (Apple's syntax), nothing that
 * is not enforced: "minlength: 12; maxlength: 128; required: lower;". */
const char *pwr_policy_passwordrules(apr_pool_t *pool,
                                     const pwr_policy *policy);

/* Make a list from text: one word a line, "#" comments, UTF-8; words are
 * folded here.  Add to `base` when not NULL. */
const pwr_words *pwr_words_parse(apr_pool_t *pool, const char *text,
                                 const pwr_words *base);

/* Is the password, in any of the forms above, on the list? */
int pwr_words_has(apr_pool_t *pool, const pwr_words *words,
                  const char *password);

#endif
