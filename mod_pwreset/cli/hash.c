/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/command.h"
#include "cli/prompt.h"
#include "core/password.h"

int pwr_call_hash(apr_pool_t *pool, const pwr_scheme *scheme,
                  const char *secret, const char **stored)
{
    apr_status_t made = pwr_password_make(pool, scheme, secret, stored);
    const char *name = pwr_scheme_show(pool, scheme);

    if (made == APR_EINVAL) {
        return pwr_call_fail(EX_DATAERR, "the password has %" APR_SIZE_T_FMT
                             " bytes, %s takes at most %" APR_SIZE_T_FMT
                             ": choose a shorter one or another scheme",
                             strlen(secret), name,
                             pwr_scheme_bytes_max(scheme));
    }
    if (made != APR_SUCCESS) {
        return pwr_call_fail(EX_OSERR, "the password was not hashed: the "
                             "system has no %s, or too little memory", name);
    }
    return EX_OK;
}

int pwr_command_hash_make(pwr_call *call)
{
    const char *name = call->args_n > 0 ? call->args[0] : "keep";
    const char *secret, *stored, *error;
    pwr_scheme scheme;
    int status;

    error = pwr_scheme_parse(call->pool, name, &scheme);
    if (error) {
        return pwr_call_fail(EX_USAGE, "scheme '%s': %s", name, error);
    }
    scheme = pwr_scheme_choose(&scheme, NULL);
    status = pwr_prompt_read(call->pool, PWR_PROMPT_TWICE, &secret);
    if (status == EX_OK) {
        status = pwr_call_hash(call->pool, &scheme, secret, &stored);
    }
    if (status == EX_OK) {
        puts(stored);
    }
    return status;
}

int pwr_command_hash_verify(pwr_call *call)
{
    const char *secret;
    int match, status;

    status = pwr_prompt_read(call->pool, PWR_PROMPT_ONCE, &secret);
    if (status != EX_OK) {
        return status;
    }
    pwr_password_verify(secret, call->args[0], &match);
    puts(match ? "matches" : "does not match");
    return match ? EX_OK : 1;
}
