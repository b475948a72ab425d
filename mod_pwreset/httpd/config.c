/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/text.h"
#include "flow/preset.h"
#include "httpd/log.h"

#define WORDS_MAX 100

void *pwr_config_create(apr_pool_t *pool, server_rec *server)
{
    pwr_server *self = apr_pcalloc(pool, sizeof(*self));

    self->server = server;
    self->conf = pwr_conf_make(pool);
    self->diag = pwr_log_for(server);
    return self;
}

void *pwr_config_merge(apr_pool_t *pool, void *base_, void *over_)
{
    const pwr_server *base = base_, *over = over_;
    pwr_server *merged = apr_pmemdup(pool, over, sizeof(*over));

    merged->conf = pwr_conf_merge(pool, base->conf, over->conf);
    if (!over->dbd_driver) {
        merged->dbd_driver = base->dbd_driver;
    }
    if (!over->dbd_params) {
        merged->dbd_params = base->dbd_params;
    }
    if (!over->dbd_max) {
        merged->dbd_max = base->dbd_max;
    }
    if (!over->dbd_min) {
        merged->dbd_min = base->dbd_min;
    }
    return merged;
}

pwr_server *pwr_server_of(const server_rec *server)
{
    return ap_get_module_config(server->module_config, &pwreset_module);
}

pwr_server *pwr_server_active(const server_rec *server)
{
    pwr_server *self = pwr_server_of(server);

    return self->server == server && self->site ? self : NULL;
}

int pwr_server_same_store(const pwr_server *a, const pwr_server *b)
{
    return strcmp(a->dbd_driver, b->dbd_driver) == 0
        && strcmp(a->dbd_params, b->dbd_params) == 0
        && strcmp(a->conf->table_prefix, b->conf->table_prefix) == 0;
}

int pwr_server_is_first_of_store(server_rec *main_server,
                                 const pwr_server *self)
{
    for (server_rec *s = main_server; s; s = s->next) {
        const pwr_server *other = pwr_server_active(s);

        if (other && pwr_server_same_store(other, self)) {
            return other == self;
        }
    }
    return 0;
}

int pwr_server_any_active(const server_rec *main_server)
{
    for (const server_rec *s = main_server; s; s = s->next) {
        if (pwr_server_active(s)) {
            return 1;
        }
    }
    return 0;
}

static const char *absolute_paths(cmd_parms *cmd, const pwr_conf_row *row,
                                  int argc, const char **argv)
{
    int is_path = row->kind == PWR_KIND_FILE || row->kind == PWR_KIND_FOLDER
        || row->kind == PWR_KIND_FILES
        || (row->kind == PWR_KIND_LOG && argv[0][0] != '|');
    int n = !is_path ? 0 : row->kind == PWR_KIND_FILES ? argc : 1;

    for (int i = 0; i < n; i++) {
        /* What is empty is refused later, and would be ServerRoot now. */
        argv[i] = *argv[i] ? ap_server_root_relative(cmd->pool, argv[i])
                           : argv[i];
        if (!argv[i]) {
            return "has an invalid path";
        }
    }
    return NULL;
}

/* All our directives: the row says what to do with the words. */
static const char *take(cmd_parms *cmd, void *dir_config, const char *args)
{
    const pwr_conf_row *row = cmd->info;
    pwr_server *self = pwr_server_of(cmd->server);
    const char *argv[WORDS_MAX], *error;
    int argc = 0;

    (void)dir_config;
    error = ap_check_cmd_context(cmd, row->scope == PWR_SCOPE_SERVER
                                 ? GLOBAL_ONLY : NOT_IN_DIR_CONTEXT);
    if (error) {
        return error;
    }
    while (*args && argc < WORDS_MAX) {
        argv[argc++] = ap_getword_conf(cmd->pool, &args);
    }
    error = argc == 0 || *args
        ? apr_psprintf(cmd->pool, "takes: %s", row->syntax)
        : absolute_paths(cmd, row, argc, argv);
    if (!error) {
        error = pwr_conf_set(cmd->pool, self->conf, row, argc, argv);
    }
    if (!error && row->kind == PWR_KIND_PRESET) {
        error = pwr_preset_load(cmd->pool, self->conf);
    }
    return error ? apr_pstrcat(cmd->pool, row->name, " ", error, NULL) : NULL;
}

/* mod_dbd keeps its parameters to itself, but httpd shows a directive to every
 * module that names it: we look at them and touch nothing. */
static const char *see_driver(cmd_parms *cmd, void *dir_config,
                              const char *driver)
{
    (void)dir_config;
    pwr_server_of(cmd->server)->dbd_driver = driver;
    return NULL;
}

static const char *see_params(cmd_parms *cmd, void *dir_config,
                              const char *params)
{
    (void)dir_config;
    pwr_server_of(cmd->server)->dbd_params = params;
    return NULL;
}

static const char *see_max(cmd_parms *cmd, void *dir_config,
                           const char *number)
{
    (void)dir_config;
    pwr_server_of(cmd->server)->dbd_max = (int)apr_atoi64(number);
    return NULL;
}

static const char *see_min(cmd_parms *cmd, void *dir_config,
                           const char *number)
{
    (void)dir_config;
    pwr_server_of(cmd->server)->dbd_min = number;
    return NULL;
}

static const command_rec seen_commands[] = {
    AP_INIT_TAKE1("DBDriver", see_driver, NULL, RSRC_CONF,
                  "SQL driver of mod_dbd"),
    AP_INIT_TAKE1("DBDParams", see_params, NULL, RSRC_CONF,
                  "connection parameters of mod_dbd"),
    AP_INIT_TAKE1("DBDMin", see_min, NULL, RSRC_CONF,
                  "connections that mod_dbd opens at once"),
    AP_INIT_TAKE1("DBDMax", see_max, NULL, RSRC_CONF,
                  "connections of mod_dbd"),
};

#define SEEN_N (sizeof(seen_commands) / sizeof(*seen_commands))

command_rec pwr_config_commands[PWR_CONF_ROWS_MAX + SEEN_N + 1];

/* httpd reads a module's commands before it calls anything of the module, so
 * the table is filled when the library is loaded. */
__attribute__((constructor))
static void fill_commands(void)
{
    command_rec *command = pwr_config_commands;

    for (const pwr_conf_row *row = pwr_conf_rows; row->name; row++) {
        *command++ = (command_rec)AP_INIT_RAW_ARGS(row->name, take,
                                                   (void *)row, RSRC_CONF,
                                                   row->help);
    }
    memcpy(command, seen_commands, sizeof(seen_commands));
}
