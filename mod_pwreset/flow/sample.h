/* SPDX-License-Identifier: Apache-2.0 */
/* Pages and mails as a site would make them, of an account that does not exist:
 * for those who change its words or its look.  Asks no database. */
#ifndef PWR_SAMPLE_H
#define PWR_SAMPLE_H

#include "core/mime.h"
#include "flow/env.h"

/* The page `name` ("reset") in one of its states ("expired"; NULL: the first),
 * made into `response`.  Returns zero when there is none. */
int pwr_sample_page(const pwr_env *env, const pwr_request *request,
                    const char *name, const char *state,
                    pwr_response *response);

/* The names of all pages, or the states of one, in words with blanks between
 * them; "" when there is no such page. */
const char *pwr_sample_pages(apr_pool_t *pool);
const char *pwr_sample_states(apr_pool_t *pool, const char *name);

/* The mail `name` ("recover") in the language of `voice`, of now; it lacks an
 * id.  Returns zero when there is none. */
int pwr_sample_mail(const pwr_env *env, const pwr_voice *voice,
                    const char *name, pwr_message *message);
const char *pwr_sample_mails(apr_pool_t *pool);

#endif
