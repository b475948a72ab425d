/* SPDX-License-Identifier: Apache-2.0 */
/* What several commands begin with. */
#include <string.h>
#include <sysexits.h>

#include <apr_strings.h>

#include "cli/command.h"
#include "core/text.h"

#define SHOWN_POINTS 1000       /* as the column job.error */

int pwr_call_env(const pwr_call *call, pwr_env *env)
{
    pwr_site *site;
    const char *error = pwr_site_make(call->pool, call->vhost->conf,
                                      pwr_kit_make(call->pool), call->diag,
                                      0, &site);

    if (error) {
        return pwr_call_fail(EX_CONFIG, "%s:%d: %s", call->vhost->file,
                             call->vhost->line, error);
    }
    *env = (pwr_env){ .pool = call->pool, .site = site, .store = call->store,
                      .diag = call->diag };
    return EX_OK;
}

int pwr_call_user(const pwr_call *call, const char *login, pwr_user *user)
{
    pwr_users users = { 0 };
    apr_status_t done = call->store->ops->users_find(
        call->store, call->pool, PWR_USER_BY_LOGIN, login, &users);

    memset(user, 0, sizeof(*user));
    if (done != APR_SUCCESS) {
        return pwr_call_store_status(done);
    }
    if (users.n == 0) {
        return pwr_call_fail(EX_NOUSER, "%s has no user of this login: a login "
                             "name is needed, not an address",
                             call->vhost->server);
    }
    if (users.n > 1) {
        return pwr_call_fail(EX_DATAERR, "%d users have this login: make them "
                             "different in the table first", users.n);
    }
    *user = users.row[0];
    return EX_OK;
}

const char *pwr_call_change_fault(pwr_change_outcome outcome, int *status)
{
    static const struct {
        pwr_change_outcome outcome;
        int status;
        const char *words;
    } faults[] = {
        { PWR_CHANGE_STALE, EX_TEMPFAIL, "somebody else changed this user "
          "meanwhile: nothing was changed here, try again" },
        { PWR_CHANGE_NO_USER, EX_CONFIG, "PwResetPasswordUpdate wrote no row "
          "for this user and nothing was changed: its WHERE must name the user "
          "by :id as PwResetIdQuery does" },
        { PWR_CHANGE_REFUSED, EX_SOFTWARE, "the change was refused: nothing "
          "was changed" },
    };
    size_t i = 0;

    while (faults[i].outcome != outcome
           && faults[i].outcome != PWR_CHANGE_REFUSED) {
        i++;
    }
    *status = faults[i].status;
    return faults[i].words;
}

const char *pwr_call_shown(const pwr_call *call, const char *text)
{
    return text && *text ? pwr_text_line(call->pool, text, SHOWN_POINTS) : "-";
}

/* In the largest unit of which there are at least two. */
static const char *span(apr_pool_t *pool, int64_t seconds)
{
    static const struct { int64_t seconds; const char *name; } units[] = {
        { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" },
    };
    size_t i = 0;

    while (units[i].seconds > 1 && seconds < 2 * units[i].seconds) {
        i++;
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT " %s",
                        (apr_int64_t)(seconds / units[i].seconds),
                        units[i].name);
}

const char *pwr_call_when(const pwr_call *call, int64_t now, int64_t at)
{
    if (at == now) {
        return "now";
    }
    return at > now
        ? apr_pstrcat(call->pool, "in ", span(call->pool, at - now), NULL)
        : apr_pstrcat(call->pool, span(call->pool, now - at), " ago", NULL);
}
