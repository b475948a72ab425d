/* SPDX-License-Identifier: Apache-2.0 */
#include "core/preset.h"

#include <apr_strings.h>

#include "core/builtin.h"
#include "tap.h"

static const char *set(apr_pool_t *pool, pwr_conf *conf, const char *line)
{
    char **argv;
    int argc = 0;

    apr_tokenize_to_argv(line, &argv, pool);
    while (argv[argc]) {
        argc++;
    }
    return pwr_conf_set(pool, conf, pwr_conf_row_find(argv[0]), argc - 1,
                        (const char *const *)argv + 1);
}

/* All uses of all rows that are set, as lines. */
static const char *said(apr_pool_t *pool, const pwr_conf *conf)
{
    const char *text = "";

    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        apr_array_header_t *uses = pwr_conf_uses(pool, conf, row);

        for (int i = 0; conf->set[row - pwr_conf_rows] && i < uses->nelts;
             i++) {
            const char *const *argv = APR_ARRAY_IDX(uses, i, const char **);

            text = apr_pstrcat(pool, text, row->name, NULL);
            for (; *argv; argv++) {
                text = apr_pstrcat(pool, text, " ", *argv, NULL);
            }
            text = apr_pstrcat(pool, text, "\n", NULL);
        }
    }
    return text;
}

static const char text[] =
    "# A comment; PwResetNothing\n"
    "\n"
    "PwResetUserQuery \"SELECT id \\\n"
    "  FROM {prefix}t WHERE mail = :email AND c = 'x'\"\n"
    "  PwResetAfterChange 'DELETE FROM {prefix}s WHERE u = :id'\r\n"
    "PwResetAfterChange \"DELETE FROM k WHERE u = :id\"\n"
    "PwResetLogin Off\n"
    "PwResetLoginURL /in\n"
    "PwResetRefuse disk \"it burns\"\n"
    "PwResetPasswordScheme bcrypt:10";

static void test_taken(apr_pool_t *pool)
{
    pwr_conf *conf = pwr_conf_make(pool);

    tap_str(pwr_preset_take(pool, text, "wp_", conf), NULL, "is taken");
    tap_str(said(pool, conf),
            "PwResetRefuse disk it burns\n"
            "PwResetUserQuery SELECT id   FROM wp_t WHERE mail = :email"
            " AND c = 'x'\n"
            "PwResetAfterChange DELETE FROM wp_s WHERE u = :id\n"
            "PwResetAfterChange DELETE FROM k WHERE u = :id\n"
            "PwResetLogin Off\nPwResetLoginURL /in\n"
            "PwResetPasswordScheme bcrypt:10\n", "and says this");
    conf = pwr_conf_make(pool);
    pwr_preset_take(pool, text, NULL, conf);
    tap_ok(strstr(said(pool, conf), " FROM t ") != NULL, "no prefix");
}

/* Wherever it stands. */
static void test_admin_wins(apr_pool_t *pool)
{
    static const char own[] = "PwResetAfterChange \"DELETE FROM x WHERE u ="
        " :id\"";
    pwr_conf *before = pwr_conf_make(pool), *behind = pwr_conf_make(pool);

    set(pool, before, own);
    set(pool, before, "PwResetLoginURL /own");
    pwr_preset_take(pool, text, "wp_", before);
    pwr_preset_take(pool, text, "wp_", behind);
    set(pool, behind, own);
    set(pool, behind, "PwResetLoginURL /own");
    tap_str(said(pool, before), said(pool, behind), "before and behind alike");
    tap_ok(!strstr(said(pool, before), "wp_s"), "a list is replaced");
    tap_ok(strstr(said(pool, before), "FROM x") != NULL, "by the admin's");
    tap_ok(strstr(said(pool, before), "/own") != NULL, "and so is a value");
    set(pool, behind, own);
    tap_int(pwr_conf_uses(pool, behind,
                          pwr_conf_row_find("PwResetAfterChange"))->nelts, 2,
            "which grows as any list");
}

static void test_inherited(apr_pool_t *pool)
{
    pwr_conf *server = pwr_conf_make(pool), *vhost = pwr_conf_make(pool);
    pwr_conf *merged;

    set(pool, server, "PwResetLoginURL /server");
    set(pool, server, "PwResetContact desk");
    pwr_preset_take(pool, text, "wp_", vhost);
    merged = pwr_conf_merge(pool, server, vhost);
    tap_str(merged->login_url, "/in", "the vhost's preset before the server");
    tap_str(merged->contact, "desk", "what it leaves out is inherited");
    merged = pwr_conf_merge(pool, vhost, server);
    tap_str(merged->login_url, "/server", "a vhost before the server's preset");
    tap_ok(merged->user_query != NULL, "which is inherited");
    set(pool, server, "PwResetPreset joomla");
    merged = pwr_conf_merge(pool, vhost, server);
    tap_ok(!merged->user_query && !merged->after_change && !merged->refuse,
           "but not beside a preset of its own");
}

static const struct { const char *text, *why; } refused[] = {
    { "\n\nPwResetNothing x", "line 3: PwResetNothing is no directive" },
    { "LoadModule x y", "line 1: LoadModule is no directive" },
    { "PwReset On", "PwReset has no place in a preset" },
    { "PwResetRealm x", "PwResetRealm has no place" },
    { "PwResetPublicURL https://x", "has no place" },
    { "PwResetMailSlots 3", "has no place" },
    { "PwResetTemplates /tmp", "has no place" },
    { "PwResetPasswordWords /tmp", "has no place" },
    { "PwResetAudit \"|x\"", "has no place" },
    { "PwResetInsist disk", "has no place" },
    { "PwResetHook /bin/sh", "has no place" },
    { "PwResetSendmail /bin/sh", "has no place" },
    { "PwResetLogo logo.svg", "has no place" },
    { "PwResetBreachList list", "has no place" },
    { "PwResetMailFrom a@example.org", "has no place" },
    { "PwResetLimit None", "has no place" },
    { "PwResetPreset joomla", "has no place" },
    { "PwResetLogin \\\nMaybe", "line 2: PwResetLogin must be On or Off" },
    { "PwResetLogin", "PwResetLogin takes: On|Off" },
    { "PwResetUserQuery SELECT 1", "PwResetUserQuery takes: SQL" },
};

static void test_refused(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        pwr_conf *conf = pwr_conf_make(pool);
        const char *fault = pwr_preset_take(pool, refused[i].text, NULL, conf);

        tap_ok(fault && strstr(fault, refused[i].why), "refused: %s",
               fault ? fault : refused[i].why);
        tap_str(said(pool, conf), "", "and nothing taken");
    }
}

static void test_directives(apr_pool_t *pool)
{
    static const char *const bad[] = {
        "PwResetPreset WordPress", "PwResetPreset ''", "PwResetPreset ../x",
        "PwResetPreset joomla a-b", "PwResetPreset joomla 'x; DROP'",
        "PwResetRefuse disk", "PwResetRefuse 'a b' c", "PwResetRefuse '' c",
        "PwResetRefuse a ''", "PwResetInsist",
    };
    pwr_conf *conf = pwr_conf_make(pool);

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        tap_ok(set(pool, conf, bad[i]) != NULL, "refused: %s", bad[i]);
    }
    tap_str(set(pool, conf, "PwResetPreset /x/y.conf db.p$_"), NULL, "a path");
    tap_str(set(pool, conf, "PwResetPreset joomla"), "is given twice", "twice");
    tap_str(pwr_conf_refusal(pool, conf), NULL, "nothing is refused");
    set(pool, conf, "PwResetRefuse disk \"it burns\"");
    set(pool, conf, "PwResetRefuse mail \"it rots\"");
    tap_str(pwr_conf_refusal(pool, conf), "PwResetRefuse disk: it burns; where "
            "that is not so, or is accepted, say PwResetInsist disk", "told");
    set(pool, conf, "PwResetInsist tape DISK");
    tap_ok(strstr(pwr_conf_refusal(pool, conf), "it rots") != NULL, "the next");
    set(pool, conf, "PwResetInsist mail disk");
    tap_str(pwr_conf_refusal(pool, conf), NULL, "until all are insisted on");
}

/* Every one that is shipped can be taken, and begins with what it cannot do. */
static void test_shipped(apr_pool_t *pool)
{
    int n = 0;

    for (const pwr_builtin *file = pwr_builtins; file->path; file++) {
        pwr_conf *conf = pwr_conf_make(pool);

        if (strncmp(file->path, "presets/", 8) != 0) {
            continue;
        }
        n++;
        tap_str(pwr_preset_take(pool, file->bytes, "p_", conf), NULL, "%s",
                file->path);
        tap_ok(conf->user_query && conf->login_query && conf->id_query
               && conf->password_update && conf->password_scheme.kind
               && strstr(conf->id_query, " p_"), "sets what a table needs");
        tap_ok(strstr(file->bytes, "# What this cannot do:") != NULL,
               "says what it cannot do");
    }
    tap_int(n, 8, "eight of them");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_taken(pool);
    test_admin_wins(pool);
    test_inherited(pool);
    test_refused(pool);
    test_directives(pool);
    test_shipped(pool);
    return tap_end();
}
