/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to all databases for the status page, which waits for the answers
 * only for a moment: threads ask, one database after the other, and one that
 * hangs delays neither the others nor the page.
 *
 * One round at a time in each child.  While an old one still hangs there is no
 * new one, so that pages asked for again and again pile up nothing. */
#ifndef PWR_ASK_H
#define PWR_ASK_H

#include "httpd/server.h"

/* What one store said. */
typedef struct pwr_answer {
    pwr_server *self;           /* the first of those that share it */
    apr_pool_t *pool;           /* of the texts in it */
    pwr_survey survey;
    int is_there;               /* else it has not answered yet */
    apr_status_t status;        /* the store's */
    int64_t took_usec;
} pwr_answer;

typedef struct pwr_answers {
    pwr_answer *row;
    int n;
} pwr_answers;

/* Hook child_init. */
void pwr_ask_start(apr_pool_t *pchild);

/* All distinct stores and what they said in time.  Rows live as `pool`. */
pwr_answers pwr_ask_all(apr_pool_t *pool, server_rec *main_server);

#endif
