/* SPDX-License-Identifier: Apache-2.0 */
/* Each way in which a mail can fail has its remedy. */
#include "io/remedy.h"

#include <string.h>
#include <unistd.h>

#include <apr_strings.h>

#include "io/sendmail.h"
#include "tap.h"

static int is_general(const char *detail)
{
    return strstr(pwr_remedy_of(detail), "mail test ADDRESS") != NULL;
}

static void test_words(void)
{
    static const struct { const char *detail, *remedy; } table[] = {
        { "/usr/sbin/sendmail: exit 67 (EX_NOUSER)", "user table" },
        { "/m: exit 75 (EX_TEMPFAIL): 451 says (EX_NOPERM)", "another try" },
        { "/m: exit 77 (EX_NOPERM): (EX_TEMPFAIL)", "may not send" },
        { "/m: ended by signal 11 (SIGSEGV): (EX_CONFIG)", "crashed" },
        { "the database could not be asked, see its message", "check" },
        { "the account's address is not one that mail can go to",
          "correct the address" },
        { "the mail cannot be written: a template gives nothing",
          "PwResetTemplates" },
    };

    tap_ok(is_general(NULL), "nothing was said");
    tap_ok(is_general(""), "an empty text");
    tap_ok(is_general("/m: exit 3: what is this"), "what nobody knows");
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_ok(strstr(pwr_remedy_of(table[i].detail), table[i].remedy)
               != NULL, "%s", table[i].detail);
    }
}

static void test_hook(void)
{
    static const struct { const char *error, *remedy; } table[] = {
        { "/h: exit 75 (EX_TEMPFAIL): (EX_NOUSER)", "another try" },
        { "/h: exit 67 (EX_NOUSER)", "program of PwResetHook" },
        { "/h: exit 127 (the shell does not find it)", "with its path" },
        { "/h: stopped, as it had not ended after 60 s", "it hangs" },
        { "/h: No such file or directory; install it or its interpreter, or "
          "set PwResetHook", "name yours with PwResetHook" },
        { "/h: Permission denied; let httpd's user run it (mode)", "mode" },
        { "the site has no PwResetHook any more", "set PwResetHook again" },
        { NULL, "program of PwResetHook" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const pwr_job job = { .kind = PWR_JOB_HOOK, .error = table[i].error };
        const char *remedy = pwr_remedy_of_job(&job);

        tap_ok(strstr(remedy, table[i].remedy) && !strstr(remedy, "mail "),
               "a hook: %s", table[i].error ? table[i].error : "nothing");
    }
}

/* What io/program.c really says of a shell script that does `line`. */
static const char *said(apr_pool_t *pool, const char *line,
                        int64_t timeout_sec)
{
    const char *const argv[] = { "/bin/sh", "-c", line, NULL };
    const pwr_sendmail conf = { argv, "a@example.org", timeout_sec, -1 };
    const char *detail = NULL;

    pwr_sendmail_run(pool, &conf, "b@example.org", "A: b\n\nc\n", 8, &detail);
    return detail;
}

static void test_all(apr_pool_t *pool)
{
    static const int codes[] = { 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74,
                                 75, 76, 77, 78, 111, 126, 127 };
    const char *const nowhere[] = { "/nowhere/sendmail", NULL };
    pwr_sendmail conf = { nowhere, "a@example.org", 9, -1 };
    const char *detail;

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        const char *line = apr_psprintf(pool, "exit %d", codes[i]);

        detail = said(pool, line, 9);
        tap_ok(!is_general(detail), "%s", detail);
    }
    detail = said(pool, "kill -9 $$", 9);
    tap_ok(!is_general(detail), "%s", detail);
    detail = said(pool, "exec sleep 9", 0);
    tap_ok(!is_general(detail), "%s", detail);
    pwr_sendmail_run(pool, &conf, "b@example.org", "x", 1, &detail);
    tap_ok(!is_general(detail), "%s", detail);
    pwr_sendmail_run(pool, &conf, "-b@example.org", "x", 1, &detail);
    tap_ok(!is_general(detail), "%s", detail);
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_words();
    test_hook();
    test_all(pool);
    return tap_end();
}
