/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sysexits.h>

#include "cli/command.h"
#include "core/conf.h"

/* In the words of httpd's manual. */
static const char *const contexts[] = {
    [PWR_SCOPE_VHOST] = "server config, virtual host",
    [PWR_SCOPE_OWN] = "server config, virtual host (not inherited)",
    [PWR_SCOPE_SERVER] = "server config"
};

int pwr_command_directives(pwr_call *call)
{
    (void)call;
    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        printf("%s\t%s\t%s\t%s\t%s\n", row->name, row->syntax,
               row->preset ? row->preset : "-", contexts[row->scope],
               row->help);
    }
    return EX_OK;
}
