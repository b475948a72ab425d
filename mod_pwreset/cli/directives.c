/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "cli/manual.h"
#include "core/conf.h"
#include "core/text.h"

#define HEADING "\n### "        /* of a directive */
#define ANY_HEADING "\n##"      /* of one, or of a section */

/* In the words of httpd's manual. */
static const char *const contexts[] = {
    [PWR_SCOPE_VHOST] = "server config, virtual host",
    [PWR_SCOPE_OWN] = "server config, virtual host (not inherited)",
    [PWR_SCOPE_SERVER] = "server config"
};

static int table_print(void)
{
    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        printf("%s\t%s\t%s\t%s\t%s\n", row->name, row->syntax,
               row->standard ? row->standard : "-", contexts[row->scope],
               row->help);
    }
    return EX_OK;
}

static int entry_print(const pwr_call *call, const char *name)
{
    const pwr_conf_row *row = pwr_conf_row_find(name);
    const char *entry, *end;

    if (!row) {
        return pwr_call_fail(EX_USAGE, "there is no directive '%s': "
                             "pwresetctl directives --table has them all",
                             pwr_text_printable(call->pool, name, 40));
    }
    entry = strstr(pwr_manual, apr_pstrcat(call->pool, HEADING, row->name,
                                           "\n", NULL));
    if (!entry) {
        return pwr_call_fail(EX_SOFTWARE, "this program was built without "
                             "a word on %s: make docs, and build it again",
                             row->name);
    }
    entry++;
    end = strstr(entry, ANY_HEADING);
    printf("%.*s", end ? (int)(end - entry) : (int)strlen(entry), entry);
    return EX_OK;
}

int pwr_command_directives(pwr_call *call)
{
    int status = EX_OK;

    if (pwr_call_option(call, "table")) {
        return call->args_n == 0 ? table_print()
            : pwr_call_fail(EX_USAGE, "--table is of all directives: leave "
                            "out the names");
    }
    if (call->args_n == 0) {
        fputs(pwr_manual, stdout);
    }
    for (int i = 0; i < call->args_n && status == EX_OK; i++) {
        fputs(i > 0 ? "\n" : "", stdout);
        status = entry_print(call, call->args[i]);
    }
    return status;
}
