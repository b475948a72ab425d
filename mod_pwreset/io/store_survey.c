/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables hold, realm by realm, for an admin. */
#include "io/store_parts.h"

#include <string.h>

#include <apr_strings.h>

#include "core/mask.h"
#include "io/now.h"

#define ERRORS_MAX 20           /* realms whose last error is looked up */

typedef struct survey_call {
    const pwr_store_impl *impl;
    pwr_survey *survey;
} survey_call;

static int is_late(const pwr_survey *survey)
{
    return pwr_now_ms() >= survey->until_ms;
}

static void begin(pwr_survey *survey)
{
    survey->is_whole = 0;
    for (int i = 0; i < survey->n; i++) {
        pwr_survey_row *row = &survey->row[i];

        row->waiting = row->leased = row->failing = row->given_up = -1;
        row->oldest_sec = row->sessions = -1;
        row->error = NULL;
    }
}

static pwr_survey_row *row_of(const pwr_survey *survey, const char *realm)
{
    for (int i = 0; realm && i < survey->n; i++) {
        if (strcmp(survey->row[i].realm, realm) == 0) {
            return &survey->row[i];
        }
    }
    return NULL;
}

static void read_jobs(const pwr_dbd_rows *rows, pwr_survey_row *row)
{
    const char *oldest = pwr_dbd_text(rows, "oldest");

    row->waiting = pwr_dbd_number(rows, "waiting");
    row->leased = pwr_dbd_number(rows, "leased");
    row->failing = pwr_dbd_number(rows, "failing");
    row->given_up = pwr_dbd_number(rows, "given_up");
    row->oldest_sec = oldest ? pwr_dbd_number(rows, "clock")
                                   - pwr_dbd_number(rows, "oldest") : 0;
}

/* A page of realms behind `after`; `*last` is its last one, NULL: there are no
 * more. */
static apr_status_t jobs_page(pwr_dbd_run *run, const survey_call *call,
                              const char *after, const char **last)
{
    const pwr_dbd_arg args[] = {
        { "after", after },
        { "max", pwr_dbd_decimal(run, PWR_DBD_ROWS_MAX) },
        { NULL, NULL }
    };
    pwr_dbd_rows rows;
    int n = 0;

    *last = NULL;
    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_JOB_SURVEY], args,
                   &rows);
    while (n < PWR_DBD_ROWS_MAX && pwr_dbd_next(&rows)) {
        const char *realm = pwr_dbd_text(&rows, "realm");
        pwr_survey_row *row = row_of(call->survey, realm);

        n++;
        *last = n == PWR_DBD_ROWS_MAX ? realm : NULL;
        if (row) {
            read_jobs(&rows, row);
        }
    }
    return rows.status;
}

static apr_status_t jobs(pwr_dbd_run *run, const survey_call *call)
{
    const pwr_survey *s = call->survey;
    const char *after = "";
    apr_status_t status;

    do {
        status = jobs_page(run, call, after, &after);
    } while (status == APR_SUCCESS && after && !is_late(s));
    /* Who has no row has no jobs, once all of them were seen. */
    for (int i = 0; status == APR_SUCCESS && !after && i < s->n; i++) {
        pwr_survey_row *row = &s->row[i];

        if (row->waiting < 0) {
            row->waiting = row->leased = row->failing = row->given_up = 0;
            row->oldest_sec = 0;
        }
    }
    return status;
}

static apr_status_t sessions(pwr_dbd_run *run, const survey_call *call,
                             pwr_survey_row *row)
{
    const pwr_dbd_arg args[] = {
        { "realm", row->realm },
        { "idle", pwr_dbd_decimal(run, row->idle_sec) },
        { NULL, NULL }
    };
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_SESSION_SURVEY], args,
                   &rows);
    if (pwr_dbd_next(&rows)) {
        row->sessions = pwr_dbd_number(&rows, "n");
    }
    return rows.status;
}

/* Whom the job's row names, ends with NULL. */
static const char *const *names_of(const pwr_dbd_rows *rows)
{
    static const char *const columns[] = {
        "identifier", "recipient", "login", "user_id"
    };
    apr_pool_t *pool = rows->run->scratch;
    apr_array_header_t *names = apr_array_make(pool, 5, sizeof(char *));

    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
        const char *text = pwr_dbd_text(rows, columns[i]);
        char *last = NULL, *line = text
            ? apr_strtok(apr_pstrdup(pool, text), "\n", &last) : NULL;

        for (; line; line = apr_strtok(NULL, "\n", &last)) {
            APR_ARRAY_PUSH(names, const char *) = line;
        }
    }
    APR_ARRAY_PUSH(names, const char *) = NULL;
    return (const char *const *)names->elts;
}

/* Names of people do not leave the store with it. */
static apr_status_t last_error(pwr_dbd_run *run, const survey_call *call,
                               pwr_survey_row *row)
{
    const pwr_dbd_arg args[] = { { "realm", row->realm }, { NULL, NULL } };
    pwr_dbd_rows rows;

    pwr_dbd_select(run, &call->impl->sql.stmt[PWR_STMT_JOB_ERROR], args,
                   &rows);
    if (pwr_dbd_next(&rows)) {
        row->error = pwr_mask_people(run->pool, pwr_dbd_text(&rows, "error"),
                                     names_of(&rows));
    }
    return rows.status;
}

static apr_status_t survey(pwr_dbd_run *run, void *baton)
{
    const survey_call *call = baton;
    pwr_survey *s = call->survey;
    apr_status_t status;
    int i, errors = 0;

    begin(s);
    status = jobs(run, call);
    for (i = 0; status == APR_SUCCESS && i < s->n && !is_late(s); i++) {
        pwr_survey_row *row = &s->row[i];

        status = sessions(run, call, row);
        if (status == APR_SUCCESS && row->failing + row->given_up > 0
            && errors++ < ERRORS_MAX) {
            status = last_error(run, call, row);
        }
    }
    s->is_whole = status == APR_SUCCESS && i == s->n;
    return status;
}

apr_status_t pwr_store_survey(pwr_store *store, apr_pool_t *pool,
                              pwr_survey *s)
{
    static const pwr_dbd_work work = { .name = "survey", .step = survey };
    const pwr_store_impl *impl = store->impl;
    survey_call call = { impl, s };
    apr_status_t status = pwr_dbd_do(&impl->dbd, pool, &work, &call);

    if (status != APR_SUCCESS) {
        begin(s);
    }
    return status;
}
