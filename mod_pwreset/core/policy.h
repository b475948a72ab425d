/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for a new password: judged, listed for people before they type,
 * and told to password managers, all from one pwr_policy.
 *
 * Length counts code points (NIST SP 800-63B); the score is zxcvbn's with the
 * user's own words and those of the common list, Cyrillic also judged as typed
 * on the Latin layout, the lower score counting; core/words.h says what is
 * common, core/breach.h what has leaked.  The user's own words may stand in a
 * password that is long enough without them.  Classes are off unless
 * configured (ASVS 6.2.5).
 * Pure; any thread; well under 5 ms for the longest input. */
#ifndef PWR_POLICY_H
#define PWR_POLICY_H

#include <stddef.h>

#include <apr_pools.h>

#include "core/breach.h"
#include "core/person.h"
#include "core/words.h"

/* Bits of pwr_policy.classes. */
#define PWR_CLASS_LOWER 1u
#define PWR_CLASS_UPPER 2u
#define PWR_CLASS_DIGIT 4u
#define PWR_CLASS_SPECIAL 8u

#define PWR_PASSWORD_HISTORY_MAX 24 /* each takes a hash at every change */

typedef struct pwr_policy {
    int points_min;
    int points_max;             /* 0: no such rule */
    size_t bytes_max;           /* of the scheme; 0: no such rule */
    int score_min;              /* 0: off, to 4 */
    unsigned classes;           /* PWR_CLASS_* that must each occur */
    const pwr_words *common;    /* NULL: no such rule */
    const pwr_breach *breach;   /* likewise */
    int history;                /* former passwords that are none; 0: no rule */
} pwr_policy;

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
    PWR_RULE_LEAKED,        /* in pwr_policy.breach */
    PWR_RULE_PERSONAL,      /* little more than login, name, e-mail or site */
    PWR_RULE_WEAK,          /* zxcvbn score below the minimum */
    PWR_RULE_USED,          /* a former one: who has the hashes finds out */
    PWR_RULE_CONTROL,       /* a control character: cannot be typed again */
    PWR_RULES_N
} pwr_rule;

/* All rules that `password` (UTF-8) breaks, in the order above; returns their
 * number, `broken` holds PWR_RULES_N.  LEAKED is only told when COMMON does
 * not explain it, WEAK when none of COMMON, LEAKED, PERSONAL and SHORT does;
 * LONG only where its limit is the one that is reached first, else BYTES.  What
 * is not UTF-8 breaks CONTROL.  USED is never among them. */
size_t pwr_policy_judge(apr_pool_t *pool, const pwr_policy *policy,
                        const pwr_policy_person *person,
                        const char *password, pwr_rule *broken);

/* The rules in force, to be listed before anything is typed; as above.  Left
 * out are BYTES where only rare scripts come near it, and CONTROL. */
size_t pwr_policy_list(const pwr_policy *policy, pwr_rule *rules);

/* English sentence of a rule, for the catalog: first as it is listed ("At
 * least {{min}} characters."), NULL for what is never listed; second as it is
 * told when broken ("The password is too short: ..."). */
const char *pwr_rule_listed(pwr_rule rule);
const char *pwr_rule_broken(pwr_rule rule);

/* What the sentences of a rule are filled with. */
typedef struct pwr_rule_numbers {
    size_t min, max, have;
} pwr_rule_numbers;

/* Characters, of PWR_RULE_BYTES bytes; `password` NULL: have is 0. */
pwr_rule_numbers pwr_rule_count(const pwr_policy *policy, pwr_rule rule,
                                const char *password);

/* Value of the HTML attribute `passwordrules` (Apple's syntax), nothing that
 * is not enforced: "minlength: 12; maxlength: 128; required: lower;". */
const char *pwr_policy_passwordrules(apr_pool_t *pool,
                                     const pwr_policy *policy);

#endif
