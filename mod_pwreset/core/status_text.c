/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot for machines. */
#include "core/status_int.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "core/json.h"

#define TOTAL "_total"

/* What the metrics of a host, store or realm are of, by number. */
static const void *object_of(const pwr_status *s, pwr_metric_where where,
                             int i)
{
    switch (where) {
    case PWR_METRIC_HOST:
        return i == 0 ? &s->host : NULL;
    case PWR_METRIC_STORE:
        return i < s->stores_n ? &s->store[i] : NULL;
    case PWR_METRIC_REALM:
        break;
    }
    return i < s->realms_n ? &s->realm[i] : NULL;
}

static const char *number(apr_pool_t *pool, const pwr_metric *row,
                          int64_t n)
{
    return row->unit == PWR_METRIC_USEC
        ? apr_psprintf(pool, "%" APR_INT64_T_FMT ".%06" APR_INT64_T_FMT,
                       n / 1000000, n % 1000000)
        : apr_psprintf(pool, "%" APR_INT64_T_FMT, n);
}

/* "mails_sent" of mails_total{outcome="sent"}. */
static char *key_of(apr_pool_t *pool, const pwr_metric *row)
{
    size_t len = strlen(row->name), cut = strlen(TOTAL);
    char *key;

    if (len > cut && strcmp(row->name + len - cut, TOTAL) == 0) {
        len -= cut;
    }
    key = apr_psprintf(pool, "%.*s%s%s", (int)len, row->name,
                       row->value ? "_" : "", row->value ? row->value : "");
    for (char *p = key; *p; p++) {
        if (*p == '-') {
            *p = '_';
        }
    }
    return key;
}

/* ---- key: value ---- */

/* "MailsSent" of "mails_sent". */
static const char *camel(char *key)
{
    char *to = key;
    int is_first = 1;

    for (const char *p = key; *p; p++) {
        if (*p == '_') {
            is_first = 1;
            continue;
        }
        *to++ = (char)(is_first ? apr_toupper(*p) : *p);
        is_first = 0;
    }
    *to = '\0';
    return key;
}

static void auto_text(const pwr_status_out *out, const char *prefix,
                      const char *key, const char *value)
{
    if (value) {
        pwr_status_put(out, "%s%s: %s\n", prefix, key, value);
    }
}

static void auto_numbers(const pwr_status_out *out, pwr_metric_where where,
                         int i, const char *prefix)
{
    const void *of = object_of(out->status, where, i);

    for (const pwr_metric *row = pwr_metrics; row->name; row++) {
        int64_t n = row->where == where ? pwr_metric_of(row, of) : -1;

        if (n >= 0) {
            auto_text(out, prefix, camel(key_of(out->pool, row)),
                      number(out->pool, row, n));
        }
    }
}

void pwr_status_auto(const pwr_status_out *out)
{
    const pwr_status *s = out->status;

    auto_text(out, "", "Host", s->host.name);
    auto_text(out, "", "Version", s->host.version);
    auto_text(out, "", "Server", s->host.software);
    auto_text(out, "", "Worker", s->host.worker);
    auto_numbers(out, PWR_METRIC_HOST, 0, "");
    for (int i = 0; i < s->stores_n; i++) {
        const char *prefix = apr_psprintf(out->pool, "Store[%d]", i);

        auto_text(out, prefix, "Name", s->store[i].name);
        auto_numbers(out, PWR_METRIC_STORE, i, prefix);
        auto_text(out, prefix, "LastError", s->store[i].error);
    }
    for (int i = 0; i < s->realms_n; i++) {
        const char *prefix = apr_psprintf(out->pool, "Realm[%d]", i);

        auto_text(out, prefix, "Name", s->realm[i].name);
        auto_text(out, prefix, "Site", s->realm[i].site);
        auto_text(out, prefix, "Store", s->realm[i].store);
        auto_numbers(out, PWR_METRIC_REALM, i, prefix);
        auto_text(out, prefix, "JobError", s->realm[i].job_error);
        auto_text(out, prefix, "MailError", s->realm[i].mail_error);
    }
    for (int i = 0; i < out->problems->n; i++) {
        auto_text(out, "", out->problems->row[i].is_error ? "Error"
                                                          : "Warning",
                  out->problems->row[i].text);
    }
}

/* ---- JSON ---- */

static void json_text(const pwr_status_out *out, const char *before,
                      const char *key, const char *value)
{
    pwr_status_put(out, "%s\"%s\": ", before, key);
    if (value) {
        pwr_json_text(out->sink, value);
    }
    else {
        pwr_sink_text(out->sink, "null");
    }
}

static void json_numbers(const pwr_status_out *out, pwr_metric_where where,
                         int i)
{
    const void *of = object_of(out->status, where, i);

    for (const pwr_metric *row = pwr_metrics; row->name; row++) {
        int64_t n;

        if (row->where == where) {
            n = pwr_metric_of(row, of);
            pwr_status_put(out, ", \"%s\": %s", key_of(out->pool, row),
                           n < 0 ? "null" : number(out->pool, row, n));
        }
    }
}

static void json_store(const pwr_status_out *out, int i)
{
    const pwr_status_store *s = &out->status->store[i];

    json_text(out, i ? ",\n  {" : "\n  {", "name", s->name);
    json_text(out, ", ", "last_error", s->error);
    json_numbers(out, PWR_METRIC_STORE, i);
    pwr_sink_text(out->sink, "}");
}

static void json_realm(const pwr_status_out *out, int i)
{
    const pwr_status_realm *r = &out->status->realm[i];

    json_text(out, i ? ",\n  {" : "\n  {", "name", r->name);
    json_text(out, ", ", "site", r->site);
    json_text(out, ", ", "store", r->store);
    json_text(out, ", ", "job_error", r->job_error);
    json_text(out, ", ", "mail_error", r->mail_error);
    json_numbers(out, PWR_METRIC_REALM, i);
    pwr_sink_text(out->sink, "}");
}

static void json_problem(const pwr_status_out *out, int i)
{
    const pwr_problem *p = &out->problems->row[i];

    json_text(out, i ? ",\n  {" : "\n  {", "severity",
              p->is_error ? "error" : "warning");
    json_text(out, ", ", "text", p->text);
    json_text(out, ", ", "remedy", p->remedy);
    pwr_sink_text(out->sink, "}");
}

void pwr_status_json(const pwr_status_out *out)
{
    const pwr_status *s = out->status;

    json_text(out, "{\"host\": {", "name", s->host.name);
    json_text(out, ", ", "version", s->host.version);
    json_text(out, ", ", "server", s->host.software);
    json_text(out, ", ", "worker", s->host.worker);
    json_numbers(out, PWR_METRIC_HOST, 0);
    pwr_sink_text(out->sink, "},\n\"problems\": [");
    for (int i = 0; i < out->problems->n; i++) {
        json_problem(out, i);
    }
    pwr_sink_text(out->sink, "],\n\"stores\": [");
    for (int i = 0; i < s->stores_n; i++) {
        json_store(out, i);
    }
    pwr_sink_text(out->sink, "],\n\"realms\": [");
    for (int i = 0; i < s->realms_n; i++) {
        json_realm(out, i);
    }
    pwr_sink_text(out->sink, "]}\n");
}

/* ---- Prometheus ---- */

/* In label values ", \ and LF are escaped; there is no LF in a line. */
static const char *quoted(apr_pool_t *pool, const char *text)
{
    char *quote = apr_palloc(pool, 2 * strlen(text) + 3), *to = quote;

    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return quote;
}

static const char *labels_of(const pwr_status_out *out, const pwr_metric *row,
                             int i)
{
    const char *own = "", *comma = "", *more = "";

    if (row->where == PWR_METRIC_STORE) {
        own = apr_pstrcat(out->pool, "store=",
                          quoted(out->pool, out->status->store[i].name),
                          NULL);
    }
    if (row->where == PWR_METRIC_REALM) {
        const pwr_status_realm *r = &out->status->realm[i];

        own = apr_pstrcat(out->pool, "realm=", quoted(out->pool, r->name),
                          ",store=", quoted(out->pool, r->store), NULL);
    }
    if (row->label) {
        comma = *own ? "," : "";
        more = apr_pstrcat(out->pool, row->label, "=\"", row->value, "\"",
                           NULL);
    }
    return *own || *more ? apr_pstrcat(out->pool, "{", own, comma, more, "}",
                                       NULL) : "";
}

static void metric_rows(const pwr_status_out *out, const pwr_metric *row)
{
    const void *of;

    for (int i = 0; (of = object_of(out->status, row->where, i)); i++) {
        int64_t n = pwr_metric_of(row, of);

        if (n >= 0) {
            pwr_status_put(out, "pwreset_%s%s %s\n", row->name,
                           labels_of(out, row, i), number(out->pool, row, n));
        }
    }
}

void pwr_status_metrics(const pwr_status_out *out)
{
    const pwr_status_host *h = &out->status->host;
    const char *before = "";

    pwr_status_put(out, "# HELP pwreset_info Version of the module.\n"
                   "# TYPE pwreset_info gauge\n"
                   "pwreset_info{version=%s} 1\n",
                   quoted(out->pool, h->version));
    for (const pwr_metric *row = pwr_metrics; row->name; row++) {
        if (strcmp(row->name, before) != 0) {
            pwr_status_put(out, "# HELP pwreset_%s %s\n# TYPE pwreset_%s "
                           "%s\n", row->name, row->help, row->name,
                           row->type == PWR_METRIC_COUNTER ? "counter"
                                                           : "gauge");
        }
        metric_rows(out, row);
        before = row->name;
    }
}
