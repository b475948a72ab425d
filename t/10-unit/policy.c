/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy.h"

#include <time.h>

#include <apr_strings.h>

#include "core/builtin.h"
#include "tap.h"

static const char *const names[PWR_RULES_N] = {
    "none", "short", "long", "bytes", "lower", "upper", "digit", "special",
    "common", "leaked", "personal", "weak", "used", "control",
};

static const pwr_policy_person ivan = {
    .login = "ivan.petrov", .email = "petrov@post.example",
    .name = "Иван Петров", .site_name = "Ромашка",
    .site_host = "kabinet.romashka.org",
};

/* The names of the broken rules, blanks between them. */
static const char *judge(apr_pool_t *pool, const pwr_policy *policy,
                         const pwr_policy_person *person,
                         const char *password)
{
    pwr_rule broken[PWR_RULES_N];
    size_t n = pwr_policy_judge(pool, policy, person, password, broken);
    const char *text = "";

    for (size_t i = 0; i < n; i++) {
        text = apr_pstrcat(pool, text, i ? " " : "", names[broken[i]], NULL);
    }
    return text;
}

static pwr_policy shipped(apr_pool_t *pool)
{
    const pwr_builtin *list = pwr_builtin_find("common-passwords.txt");

    return (pwr_policy){
        .points_min = 12, .points_max = 128, .bytes_max = 72, .score_min = 3,
        .common = pwr_words_parse(pool, list ? list->bytes : "", NULL),
    };
}

static const struct { const char *password, *broken; } judged[] = {
    { "correct horse battery staple", "" },
    { "лошадь скрепка батарея верно", "" },
    { "xK9#mQ2!vB7$pL4w", "" },
    { "  blanks at the ends  ", "" },
    { "", "short" },
    { "x", "short" },
    { "Tr0ub4dor&3", "short common" },              /* 11 */
    { "xK9#mQ2!vB7", "short" },
    { "xK9#mQ2!vB7$", "" },                         /* 12 */
    { "ёжик ежитсяё", "" },                         /* 12, 23 bytes */
    { "ёжик ежится", "short" },                     /* 11, 21 bytes */
    { "password", "short common" },
    { "password1234", "common" },
    { "пароль123456", "common" },
    { "gfhjkm123456", "common" },
    { "йцукенгшщзхъ", "common" },
    { "приветпривет", "common" },
    { "любимаямамочка", "common" },
    { "111111111111", "common" },
    { "ivan.petrov1", "personal" },
    { "Иван-Петров-2026", "personal" },
    { "KabinetRomashka1", "personal" },
    { "Ромашка-2026", "common personal" },
    { "petrov@post.example", "personal" },
    { "шмфтюзуекщм1", "personal" },
    { "petrov rides a green bicycle", "" },
    { "наташапетрухина", "" },
    { "natashakolobok", "weak" },
    { "summer2026summer", "weak" },
    { "мойпарольмосква", "weak" },
    { "tab\tin the middle of it", "control" },
    { "line\nbreak in the middle", "control" },
    { "delete \x7F in the middle", "control" },
    { "C1 \xC2\x85 in the middle of it", "control" },
    { "xK9#mQ2!vB7$pL4w\xFF", "control" },
    { "xK9#mQ2!vB7$pL4w\xD0", "control" },
    { "\x01", "short control" },
};

static void test_judge(apr_pool_t *pool)
{
    pwr_policy policy = shipped(pool);

    for (size_t i = 0; i < sizeof(judged) / sizeof(*judged); i++) {
        tap_str(judge(pool, &policy, &ivan, judged[i].password),
                judged[i].broken, "judged case %d", (int)i);
    }
    tap_str(judge(pool, &policy, NULL, "ivan.petrov1 rides"), "",
            "nobody's own words");
}

static char *repeat(apr_pool_t *pool, const char *pattern, size_t bytes)
{
    char *s = apr_palloc(pool, bytes + 1);

    for (size_t i = 0; i < bytes; i++) {
        s[i] = pattern[i % strlen(pattern)];
    }
    s[bytes] = '\0';
    return s;
}

#define UNRELATED "Zt4-jh7w.Qq9xPm2hVx8rT2nQzLw6KdBm5"      /* 34 */

static void test_limits(apr_pool_t *pool)
{
    static const struct {
        int points_max;
        size_t bytes_max, bytes;
        const char *pattern, *broken;
    } table[] = {
        { 128, 0, 128, UNRELATED, "" },
        { 128, 0, 129, UNRELATED, "long" },
        { 128, 511, 129, UNRELATED, "long" },
        { 128, 128, 128, UNRELATED, "" },
        { 128, 128, 129, UNRELATED, "long bytes" },
        { 128, 72, 72, UNRELATED, "" },
        { 128, 72, 73, UNRELATED, "bytes" },
        { 128, 72, 129, UNRELATED, "bytes" },
        { 128, 72, 72, "жук полёт верба мощь", "" },
        { 128, 72, 74, "жук полёт верба мощь", "bytes" },
        { 128, 511, 256, "жёщфбъэяюшцчгдлпзи", "" },
        { 128, 511, 258, "жёщфбъэяюшцчгдлпзи", "long" },
        { 128, 511, 512, "\xF0\x9F\x94\x91\xF0\x9F\x9A\xB2\xF0\x9F\x90\x8E"
          "\xF0\x9F\x8C\xB5\xF0\x9F\x8D\x89\xF0\x9F\x9A\x97\xF0\x9F\x8E\xBB"
          "\xF0\x9F\x90\x99", "bytes" },
        { 0, 0, 4000, UNRELATED, "" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_policy policy = {
            .points_min = 12, .points_max = table[i].points_max,
            .bytes_max = table[i].bytes_max, .score_min = 3 };

        tap_str(judge(pool, &policy, &ivan,
                      repeat(pool, table[i].pattern, table[i].bytes)),
                table[i].broken, "%d of %d bytes, %d characters",
                (int)table[i].bytes, (int)table[i].bytes_max,
                table[i].points_max);
    }
}

static void test_classes(apr_pool_t *pool)
{
    static const struct { const char *password, *broken; } table[] = {
        { "aA1-", "" },
        { "a", "upper digit special" },
        { "A", "lower digit special" },
        { "7", "lower upper special" },
        { " ", "lower upper digit" },
        { "я", "upper digit special" },
        { "Я", "lower digit special" },
        { "\xD9\xA3", "lower upper special" },          /* Arabic three */
        { "\xE5\xAD\x97", "lower upper digit special" },    /* no case */
        { "\xF0\x9F\x94\x91", "lower upper digit" },
    };
    pwr_policy policy = { .points_min = 1, .classes = PWR_CLASS_LOWER
                              | PWR_CLASS_UPPER | PWR_CLASS_DIGIT
                              | PWR_CLASS_SPECIAL };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(judge(pool, &policy, NULL, table[i].password),
                table[i].broken, "classes of %s", table[i].password);
    }
    policy.classes = PWR_CLASS_DIGIT;
    tap_str(judge(pool, &policy, NULL, "a"), "digit",
            "only the classes configured");
}

/* Each rule can be switched off by itself. */
static void test_off(apr_pool_t *pool)
{
    pwr_policy none = { .points_min = 1 }, scored = { .score_min = 3 };

    tap_str(judge(pool, &none, NULL, "password"), "",
            "no list, no score: anything goes");
    tap_str(judge(pool, &none, NULL, ""), "short", "... but nothing at all");
    tap_str(judge(pool, &scored, NULL, ""), "short",
            "... whatever the minimum");
    tap_str(judge(pool, &scored, NULL, "password"), "weak", "only the score");
}

/* Known by its SHA-1, so byte by byte; and told where nothing simpler is. */
static void test_leaked(apr_pool_t *pool)
{
    static const char *const leaked[] = {
        "natashakolobok", "plough zebra 31", "скрипка и Кедр", "ivan.petrov1",
        "password1234", "short",
    };
    static const struct { const char *password, *broken; } table[] = {
        { "plough zebra 31", "leaked" },
        { "Plough zebra 31", "" },
        { "plough zebra 31 ", "" },
        { "скрипка и Кедр", "leaked" },
        { "natashakolobok", "leaked" },         /* and weak */
        { "natashakolobuk", "" },
        { "password1234", "common" },
        { "ivan.petrov1", "leaked personal" },
        { "short", "short leaked" },
        { "", "short" },
    };
    unsigned char records[sizeof(leaked) / sizeof(*leaked)][PWR_BREACH_RECORD];
    pwr_breach list = { records[0], 0, 1 };
    pwr_policy policy = shipped(pool);
    uint64_t last = 0;

    while (list.n < sizeof(leaked) / sizeof(*leaked)) {
        uint64_t next = UINT64_MAX, key;

        for (size_t i = 0; i < sizeof(leaked) / sizeof(*leaked); i++) {
            pwr_breach_key(leaked[i], &key);
            next = key > last && key < next ? key : next;
        }
        pwr_breach_record(records[list.n++], next);
        last = next;
    }
    policy.breach = &list;
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(judge(pool, &policy, &ivan, table[i].password),
                table[i].broken, "leaked case %d", (int)i);
    }
}

static const char *listed(apr_pool_t *pool, const pwr_policy *policy)
{
    pwr_rule rules[PWR_RULES_N];
    size_t n = pwr_policy_list(policy, rules);
    const char *text = "";

    for (size_t i = 0; i < n; i++) {
        text = apr_pstrcat(pool, text, i ? " " : "", names[rules[i]], NULL);
    }
    return text;
}

static void test_list(apr_pool_t *pool)
{
    pwr_policy policy = shipped(pool);

    tap_str(listed(pool, &policy), "short bytes common personal weak",
            "bcrypt's limit hides that of characters");
    policy.bytes_max = 511;
    tap_str(listed(pool, &policy), "short long common personal weak",
            "no limit in bytes where Cyrillic does not reach it");
    policy.bytes_max = 200;
    tap_str(listed(pool, &policy), "short long bytes common personal weak",
            "both where Cyrillic may reach it");
    policy = (pwr_policy){ .points_min = 8, .points_max = 64,
                           .classes = PWR_CLASS_UPPER | PWR_CLASS_SPECIAL };
    tap_str(listed(pool, &policy), "short long upper special personal",
            "what is configured, in order");
    policy = (pwr_policy){ .points_min = 8, .history = 1,
                           .breach = &(pwr_breach){ 0 } };
    tap_str(listed(pool, &policy), "short leaked personal used",
            "what has leaked, and what was used");
}

static void test_sentences(void)
{
    for (int rule = PWR_RULE_SHORT; rule < PWR_RULES_N; rule++) {
        const char *first = pwr_rule_listed((pwr_rule)rule);
        const char *second = pwr_rule_broken((pwr_rule)rule);

        tap_ok((first != NULL) == (rule != PWR_RULE_CONTROL)
               && second != NULL, "sentences of %s", names[rule]);
    }
    tap_ok(!pwr_rule_listed(PWR_RULE_NONE) && !pwr_rule_broken(PWR_RULE_NONE),
           "none of no rule");
}

static void test_numbers(apr_pool_t *pool)
{
    pwr_policy policy = shipped(pool);
    pwr_rule_numbers short_ = pwr_rule_count(&policy, PWR_RULE_SHORT, "ёж");
    pwr_rule_numbers bytes = pwr_rule_count(&policy, PWR_RULE_BYTES, "ёж");
    pwr_rule_numbers empty = pwr_rule_count(&policy, PWR_RULE_LONG, NULL);

    tap_ok(short_.min == 12 && short_.max == 128 && short_.have == 2,
           "numbers in characters");
    tap_ok(bytes.max == 72 && bytes.have == 4, "numbers in bytes");
    tap_ok(empty.max == 128 && empty.have == 0, "numbers of nothing typed");
}

static void test_passwordrules(apr_pool_t *pool)
{
    pwr_policy policy = { .points_min = 12, .points_max = 128 };

    tap_str(pwr_policy_passwordrules(pool, &policy),
            "minlength: 12; maxlength: 128;", "for password managers");
    policy.bytes_max = 72;
    tap_str(pwr_policy_passwordrules(pool, &policy),
            "minlength: 12; maxlength: 72;", "... with bcrypt's limit");
    policy = (pwr_policy){ .points_min = 8, .classes = PWR_CLASS_LOWER
                               | PWR_CLASS_UPPER | PWR_CLASS_DIGIT
                               | PWR_CLASS_SPECIAL };
    tap_str(pwr_policy_passwordrules(pool, &policy),
            "minlength: 8; required: lower; required: upper;"
            " required: digit; required: special;", "... with classes");
}

/* Processor time of one judgement in ms, the best of three. */
static double judging_ms(apr_pool_t *pool, const pwr_policy *policy,
                         const char *password)
{
    double best = 1e9;

    for (int i = 0; i < 3; i++) {
        apr_pool_t *step;
        clock_t begun = clock();
        double ms;

        apr_pool_create(&step, pool);
        judge(step, policy, &ivan, password);
        ms = 1000.0 * (double)(clock() - begun) / CLOCKS_PER_SEC;
        best = ms < best ? ms : best;
        apr_pool_destroy(step);
    }
    return best;
}

static void test_time(apr_pool_t *pool)
{
    static const char *const patterns[] = {
        "a", "1", "p@ssw0rd", "qwerty1!", "наташа", "yfnfif", "petrov",
        "19850417", "любимаямосква", UNRELATED, "a1", "\xFF",
    };
    static const size_t sizes[] = { 128, 4096, 1 << 17 };
    static const double limits_ms[] = { 25, 50, 1000 };
    pwr_policy policy = shipped(pool);

    policy.common = pwr_words_parse(pool, "petrovich", policy.common);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        double worst = 0;
        size_t which = 0;

        for (size_t j = 0; j < sizeof(patterns) / sizeof(*patterns); j++) {
            char *password = repeat(pool, patterns[j], sizes[i]);
            double ms;

            password[sizes[i] - 1] = 'x';       /* no repetition */
            ms = judging_ms(pool, &policy, password);
            which = ms > worst ? j : which;
            worst = ms > worst ? ms : worst;
        }
        tap_ok(worst < limits_ms[i], "%d bytes take %.2f ms at worst (%s)",
               (int)sizes[i], worst, patterns[which]);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_judge(pool);
    test_limits(pool);
    test_classes(pool);
    test_off(pool);
    test_leaked(pool);
    test_list(pool);
    test_sentences();
    test_numbers(pool);
    test_passwordrules(pool);
    test_time(pool);
    return tap_end();
}
