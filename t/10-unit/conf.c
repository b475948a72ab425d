/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf.h"

#include <apr_strings.h>

#include "core/policy.h"
#include "tap.h"

static const char *set(apr_pool_t *pool, pwr_conf *conf, const char *name,
                       const char *arguments)
{
    char **argv;
    int argc = 0;

    apr_tokenize_to_argv(arguments, &argv, pool);
    while (argv[argc]) {
        argc++;
    }
    return pwr_conf_set(pool, conf, pwr_conf_row_find(name), argc,
                        (const char *const *)argv);
}

static void test_table(apr_pool_t *pool)
{
    int n = 0;

    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++, n++) {
        pwr_conf *conf = pwr_conf_make(pool);

        tap_ok(row->help && row->syntax, "%s has a help line", row->name);
        tap_ok(pwr_conf_row_find(row->name) == row, "%s is there once",
               row->name);
        /* Every default of the table is one that the setter takes. */
        if (row->standard) {
            pwr_conf_defaults(pool, conf);
            tap_ok(pwr_conf_uses(pool, conf, row)->nelts > 0,
                   "%s has its default %s", row->name, row->standard);
        }
    }
    tap_ok(n <= PWR_CONF_ROWS_MAX, "the rows fit into pwr_conf.set");
}

static void test_defaults(apr_pool_t *pool)
{
    pwr_conf *conf = pwr_conf_make(pool);

    pwr_conf_defaults(pool, conf);
    tap_str(conf->base, "/account", "base");
    tap_int(conf->token_lifetime_sec, 3600, "an hour");
    tap_int(conf->password_length[0], 12, "shortest");
    tap_int(conf->password_length[1], 128, "longest");
    tap_ok(conf->password_classes == 0 && conf->password_history == 0
           && !conf->breach_list, "rules that are off");
    tap_str(conf->sendmail[1], "-i", "arguments of sendmail");
    tap_ok(conf->sendmail[2] == NULL, "and no more");
    tap_str(conf->languages[1], "ru", "languages");
    tap_int(conf->identify[0], PWR_IDENTIFY_EMAIL | PWR_IDENTIFY_LOGIN,
            "login by both");
    tap_int(conf->identify[1], PWR_IDENTIFY_EMAIL, "forgot by address");
    tap_int(conf->session_cache_sec, 5, "cache seconds");
    tap_ok(conf->hide_cookie && !conf->enabled, "flags");
}

static void test_refusals(apr_pool_t *pool)
{
    static const char *const table[][2] = {
        { "PwReset", "maybe" },
        { "PwReset", "On Off" },
        { "PwResetBase", "account" },
        { "PwResetBase", "/" },
        { "PwResetBase", "/account/" },
        { "PwResetBase", "/a//b" },
        { "PwResetBase", "/a/../b" },
        { "PwResetBase", "/a?b" },
        { "PwResetBase", "/%41" },
        { "PwResetPublicURL", "example.org" },
        { "PwResetPublicURL", "https://example.org/path" },
        { "PwResetTokenLifetime", "0" },
        { "PwResetTokenLifetime", "soon" },
        { "PwResetTokenLifetime", "10y" },
        { "PwResetTokenLifetime", "99999999999999999999h" },
        { "PwResetTokenLifetime", "8d" },
        { "PwResetPasswordLength", "20 10" },
        { "PwResetPasswordLength", "4 128" },
        { "PwResetPasswordScore", "5" },
        { "PwResetPasswordScore", "3x" },
        { "PwResetPasswordClasses", "lower vowels" },
        { "PwResetPasswordScheme", "md5" },
        { "PwResetDefaultScheme", "md55" },
        { "PwResetDefaultScheme", "{}" },
        { "PwResetDefaultScheme", "LANMAN" },
        { "PwResetRehash", "always" },
        { "PwResetMailFrom", "Nobody <nobody@example.org>" },
        { "PwResetMailFrom", "-oQ/tmp@example.org" },
        { "PwResetIdentify", "phone" },
        { "PwResetIdentify", "reset email" },
        { "PwResetSiteName", "''" },
        { "PwResetSiteName", "\xff" },
        { "PwResetHashGate", "0" },
        { "PwResetHashGate", "10001" },
        { "PwResetHashGate", "4 10001" },
        { "PwResetLimit", "login 10/1h" },
        { "PwResetLimit", "login-client" },
        { "PwResetLimit", "login-client often" },
        { "PwResetLimit", "login-client 10/1h 0" },
        { "PwResetLimit", "login-client 10/1h 5 6" },
        { "PwResetLimit", "None 10/1h" },
        { "PwResetLimit", "forgot-account 10/1h 10" },
        { "PwResetMailSlots", "1000" },
        { "PwResetAudit", "'|| '" },
        { "PwResetAudit", "|$" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        pwr_conf *conf = pwr_conf_make(pool);

        tap_ok(set(pool, conf, table[i][0], table[i][1]) != NULL,
               "%s %s is refused", table[i][0], table[i][1]);
    }
}

static void test_merge(apr_pool_t *pool)
{
    pwr_conf *base = pwr_conf_make(pool), *over = pwr_conf_make(pool);
    pwr_conf *merged;

    set(pool, base, "PwReset", "On");
    set(pool, base, "PwResetRealm", "main");
    set(pool, base, "PwResetPasswordScore", "2");
    set(pool, base, "PwResetSiteName", "Main");
    set(pool, base, "PwResetLimit", "forgot-client 2/1h");
    set(pool, base, "PwResetLimit", "login-client 3/1h");
    set(pool, over, "PwResetPasswordScore", "3");
    set(pool, over, "PwResetLimit", "login-client 4/1h");
    merged = pwr_conf_merge(pool, base, over);
    tap_int(merged->enabled, 0, "PwReset is a vhost's own");
    tap_ok(merged->realm == NULL, "so is the realm");
    tap_int(merged->password_score, 3, "explicit wins, default or not");
    tap_str(merged->site_name, "Main", "the rest is inherited");
    tap_int(merged->limit[PWR_LIMIT_LOGIN_CLIENT].count, 4,
            "a limit of one's own");
    tap_int(merged->limit[PWR_LIMIT_FORGOT_CLIENT].count, 2,
            "and the other classes are inherited");
    tap_int(base->limit[PWR_LIMIT_LOGIN_CLIENT].count, 3,
            "the server's limits are as they were");
}

/* The help of PwResetLimit names the defaults that are built in. */
static void test_limits(apr_pool_t *pool)
{
    const pwr_conf_row *row = pwr_conf_row_find("PwResetLimit");
    pwr_conf *conf = pwr_conf_make(pool), *written = pwr_conf_make(pool);
    char *text = strstr(row->help, "by default ") + strlen("by default ");
    char *use, *rest = apr_pstrndup(pool, text, strlen(text) - 1);
    int uses = 0;

    pwr_conf_defaults(pool, conf);
    while ((use = strsep(&rest, ","))) {
        tap_str(set(pool, written, row->name, use), NULL, "default%s", use);
        uses++;
    }
    tap_int(uses, PWR_LIMITS_N - 1, "every class is named");
    pwr_limits_defaults(written->limit);
    tap_ok(memcmp(conf->limit, written->limit, sizeof(conf->limit)) == 0,
           "the help line says the defaults");
}

/* What pwr_conf_uses gives makes the same conf again: the dump and the command
 * depend on it. */
static void test_round_trip(apr_pool_t *pool)
{
    pwr_conf *conf = pwr_conf_make(pool), *again = pwr_conf_make(pool);

    set(pool, conf, "PwResetIdentify", "login email");
    set(pool, conf, "PwResetPasswordClasses", "lower digit");
    set(pool, conf, "PwResetSendmail", "/bin/prog 'two words' -x");
    set(pool, conf, "PwResetAfterChange", "'DELETE FROM a WHERE id = :id'");
    set(pool, conf, "PwResetAfterChange", "'DELETE FROM b WHERE id = :id'");
    set(pool, conf, "PwResetTemplates", "/srv/templates web");
    set(pool, conf, "PwResetAudit", "'|/bin/prog -x'");
    set(pool, conf, "PwResetHashGate", "3");
    set(pool, conf, "PwResetLimit", "forgot-site None");
    set(pool, conf, "PwResetLimit", "login-client 5/10min 7");
    pwr_conf_defaults(pool, conf);
    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        apr_array_header_t *uses = pwr_conf_uses(pool, conf, row);

        for (int i = 0; i < uses->nelts; i++) {
            const char **argv = APR_ARRAY_IDX(uses, i, const char **);
            int argc = 0;

            while (argv[argc]) {
                argc++;
            }
            tap_str(pwr_conf_set(pool, again, row, argc, argv), NULL,
                    "%s is taken back", row->name);
        }
    }
    tap_str(again->sendmail[1], "two words", "a word with a blank");
    tap_str(again->after_change[1], "DELETE FROM b WHERE id = :id",
            "a repeatable directive");
    tap_int(again->identify[0], PWR_IDENTIFY_EMAIL, "identify");
    tap_int((long long)again->password_classes,
            PWR_CLASS_LOWER | PWR_CLASS_DIGIT, "classes");
    tap_str(again->templates[1], "web", "folder and owner");
    tap_str(again->audit, "|/bin/prog -x", "a program of a log");
    tap_int(again->hash_gate[0], 3, "a range of one");
    tap_ok(memcmp(again->limit + 1, conf->limit + 1,
                  sizeof(conf->limit) - sizeof(*conf->limit)) == 0,
           "limits");
    tap_int(again->mail_retry_sec, 0, "an unset number stays unset");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_table(pool);
    test_defaults(pool);
    test_refusals(pool);
    test_merge(pool);
    test_limits(pool);
    test_round_trip(pool);
    return tap_end();
}
