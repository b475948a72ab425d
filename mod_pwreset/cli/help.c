/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"

static void commands_print(void)
{
    const pwr_command *command;

    puts("usage: pwresetctl [-c HTTPD_CONF] [-s VHOST] COMMAND [ARGUMENT...]\n"
         "\n"
         "  -c HTTPD_CONF  httpd's configuration file, if not its own default\n"
         "  -s VHOST       the site, as name or name:port, where several say\n"
         "                 PwReset On\n"
         "\n"
         "Commands:");
    for (command = pwr_commands; command->name; command++) {
        printf("  %-13s %s\n", command->name, command->help);
    }
    puts("\nPasswords are read from standard input, never from arguments.\n"
         "HTTPD in the environment names the httpd to ask.");
}

static void command_print(apr_pool_t *pool, const pwr_command *command)
{
    const pwr_option *option = command->options;

    printf("usage: pwresetctl %s%s%s%s\n\n%s\n", command->name,
           option ? " [OPTION...]" : "", *command->syntax ? " " : "",
           command->syntax, command->help);
    if (command->more) {
        printf("\n%s", command->more);
    }
    for (int i = 0; option && option[i].name; i++) {
        const char *value = option[i].value;

        printf("%s  %-24s %s\n", i == 0 ? "\n" : "",
               apr_pstrcat(pool, "--", option[i].name, value ? " " : "",
                           value ? value : "", NULL), option[i].help);
    }
}

int pwr_command_help(pwr_call *call)
{
    const pwr_command *command;
    int words;

    if (call->args_n == 0) {
        commands_print();
        return EX_OK;
    }
    command = pwr_command_find(call->args, call->args_n, &words);
    if (!command) {
        return EX_USAGE;
    }
    command_print(call->pool, command);
    return EX_OK;
}

int pwr_command_version(pwr_call *call)
{
    (void)call;
    puts("pwresetctl " PWR_VERSION);
    return EX_OK;
}
