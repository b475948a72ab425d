/* SPDX-License-Identifier: Apache-2.0 */
#include "core/status.h"

#include <apr_strings.h>

#include <jansson.h>

#include "tap.h"

#define HOSTILE "<script>\"\\&'\xFF\n\x1b{}#\xE2\x80\xAE|"

/* A host on which all is well. */
static pwr_status fine(apr_pool_t *pool)
{
    pwr_status s = {
        .now = 1795929609,
        .host = { .name = "web1", .version = "1.2", .software = "Apache",
                  .uptime_sec = 7384, .children = 2, .hash_places = 2,
                  .hash_seats = 10, .worker_alive = 1, .worker = "process 7",
                  .swept_sec = 4 },
        .stores_n = 1,
        .realms_n = 2,
    };

    s.store = apr_pcalloc(pool, sizeof(*s.store));
    s.realm = apr_pcalloc(pool, sizeof(*s.realm) * 2);
    s.store[0] = (pwr_status_store){
        .name = "mysql site", .up = 1, .answer_usec = 2100, .borrow_usec = 45,
        .use_usec = 1234567, .away_sec = -1, .lent = 1, .lent_max = 8,
        .uses = 12, .error_sec = -1
    };
    s.realm[0] = (pwr_status_realm){
        .name = "a.org/account", .site = "https://a.org", .store = "mysql site",
        .waiting = 1, .oldest_sec = 3, .sessions = 12
    };
    s.realm[0].count[PWR_COUNT_MAIL_SENT] = 5;
    s.realm[0].count[PWR_COUNT_LIMIT + PWR_LIMIT_LOGIN_CLIENT] = 9;
    s.realm[1] = s.realm[0];
    s.realm[1].name = "b.org/account";
    return s;
}

static const char *show(apr_pool_t *pool, const pwr_status *s,
                        pwr_status_as as)
{
    size_t len;
    const char *text = pwr_status_show(pool, s, as, &len);

    tap_int((long long)len, (long long)strlen(text), "format %d: its length",
            as);
    return text;
}

static void has(const char *text, const char *part, const char *name)
{
    if (!tap_ok(strstr(text, part) != NULL, "%s", name)) {
        printf("#  wanted: %s\n", part);
    }
}

static void test_fine(apr_pool_t *pool)
{
    const pwr_status s = fine(pool);
    const char *text = show(pool, &s, PWR_STATUS_AUTO);

    tap_int(pwr_status_judge(pool, &s).n, 0, "nothing is wrong");
    has(text, "Host: web1\nVersion: 1.2\n", "auto: the host");
    has(text, "\nStore[0]DatabaseAnswerSeconds: 0.002100\n", "auto: seconds");
    has(text, "\nStore[0]DatabaseUseSeconds: 1.234567\n", "auto: more");
    has(text, "\nRealm[1]MailsSent: 5\n", "auto: a counter");
    has(text, "\nRealm[1]LimitedLoginClient: 9\n", "auto: a class");
    tap_ok(!strstr(text, "\nError"), "auto: no errors");

    text = show(pool, &s, PWR_STATUS_METRICS);
    has(text, "# HELP pwreset_mails_total Runs of the mail program.\n"
        "# TYPE pwreset_mails_total counter\n"
        "pwreset_mails_total{realm=\"a.org/account\",store=\"mysql site\","
        "outcome=\"sent\"} 5\npwreset_mails_total{realm=\"b.org/account\","
        "store=\"mysql site\",outcome=\"sent\"} 5\n"
        "pwreset_mails_total{realm=\"a.org/account\",store=\"mysql site\","
        "outcome=\"failed\"} 0\n", "metrics: one group for a name");
    has(text, "\n# TYPE pwreset_uptime_seconds gauge\n"
        "pwreset_uptime_seconds 7384\n", "metrics: no labels");

    text = show(pool, &s, PWR_STATUS_HTML);
    has(text, "</span> OK</b> All is well</h1>", "html: all is well");
    has(text, "answered in 2.1 ms", "html: how quick");
    has(text, "<dt>Running and counting for</dt><dd>2 h 3 min</dd>",
        "html: a span of time");
    has(text, "login-client 9", "html: a limit");
    tap_ok(!strstr(text, "style=") && !strstr(text, "<script"),
           "html: nothing inline");
}

/* Every row of the table has its place in every format. */
static void test_table(apr_pool_t *pool)
{
    const pwr_status s = fine(pool);
    const char *metrics = show(pool, &s, PWR_STATUS_METRICS);
    json_t *root = json_loads(show(pool, &s, PWR_STATUS_JSON), 0, NULL);
    const char *const lists[] = { "host", "stores", "realms" };
    size_t keys[3] = { 0, 0, 0 };

    tap_ok(root != NULL, "json: it is");
    for (const pwr_metric *row = pwr_metrics; row->name; row++) {
        size_t len = strlen(row->name);
        int is_total = len > 6 && !strcmp(row->name + len - 6, "_total");

        keys[row->where]++;
        tap_ok(is_total == (row->type == PWR_METRIC_COUNTER),
               "%s: a counter is called so", row->name);
        tap_ok((row->unit != PWR_METRIC_NUMBER)
               == (strstr(row->name, "_seconds") != NULL),
               "%s: its unit is in its name", row->name);
        has(metrics, apr_psprintf(pool, "# HELP pwreset_%s %s\n", row->name,
                                  row->help), row->name);
        tap_ok(!row->label == !row->value && row->help[strlen(row->help) - 1]
               == '.', "%s: a label has a value, help is a sentence",
               row->name);
    }
    for (int i = 0; i < 3; i++) {
        json_t *list = json_object_get(root, lists[i]);
        json_t *object = i ? json_array_get(list, 0) : list;
        static const size_t texts[] = { 4, 2, 5 };

        tap_int((long long)json_object_size(object),
                (long long)(keys[i] + texts[i]), "json: %s has all",
                lists[i]);
    }
    json_decref(root);
}

static void test_wrong(apr_pool_t *pool)
{
    pwr_status s = fine(pool);
    pwr_problems found;
    const char *text;

    s.store[0].up = 0;
    s.store[0].away_sec = 200;
    s.store[0].error = "gone away";
    s.realm[0].failing = 2;
    s.realm[0].oldest_sec = 3700;
    s.realm[0].job_error = "exit 75";
    s.realm[1].given_up = 1;
    s.realm[1].oldest_sec = 301;
    s.host.swept_sec = 500;
    found = pwr_status_judge(pool, &s);
    tap_int(found.n, 5, "five problems");
    tap_ok(found.row[0].is_error && found.row[1].is_error
           && !found.row[2].is_error, "errors come first");
    tap_str(found.row[0].text, "The child that sends mails (process 7) has "
            "not looked for any for 8 min 20 s.", "the worker");
    tap_str(found.row[1].text, "The database mysql site has not answered for "
            "3 min 20 s. Visitors of its sites are told to try again. Last "
            "error: gone away", "the database");
    tap_str(found.row[2].text, "a.org/account: 2 mails could not be sent yet, "
            "the oldest for 1 h 1 min. Last error: exit 75", "mails");
    tap_str(found.row[3].text, "b.org/account: a mail has been waiting for 5 "
            "min 1 s.", "one that waits");
    tap_str(found.row[4].text, "b.org/account: 1 mail given up.",
            "one given up");
    text = show(pool, &s, PWR_STATUS_HTML);
    has(text, "</span> Error</b> 2 errors, 3 warnings</h1>", "html: how many");
    has(text, "<span class=\"bad\">has not answered for 3 min 20 s</span>",
        "html: the database");
    text = show(pool, &s, PWR_STATUS_METRICS);
    has(text, "pwreset_problems{severity=\"error\"} 2\n", "metrics: errors");
    has(text, "pwreset_database_up{store=\"mysql site\"} 0\n", "metrics: up");
    has(show(pool, &s, PWR_STATUS_AUTO), "\nError: The database mysql",
        "auto: errors");
    s = fine(pool);
    s.store[0].up = 0;
    s.store[0].refuses = 1;
    s.host.worker_alive = 0;
    s.host.hash_taken = s.host.hash_seats;
    s.host.hash_waiting = 1;
    s.store[0].lent = 8;
    tap_int(pwr_status_judge(pool, &s).n, 4, "four others");
    has(pwr_status_judge(pool, &s).row[1].text, "answers, but with an error",
        "it refuses");
}

/* What nobody knows is left out, or said. */
static void test_unknown(apr_pool_t *pool)
{
    pwr_status s = fine(pool);
    pwr_status none = { .host = { .name = "web1", .version = "1",
                                  .software = "A", .worker_alive = -1 } };
    const char *text;

    s.realm[0].waiting = s.realm[0].sessions = s.realm[0].oldest_sec = -1;
    for (int i = 0; i < PWR_COUNTS_N; i++) {
        s.realm[1].count[i] = -1;
    }
    text = show(pool, &s, PWR_STATUS_METRICS);
    tap_ok(!strstr(text, "pwreset_sessions{realm=\"a.org")
           && !strstr(text, "pwreset_mails_total{realm=\"b.org")
           && !strstr(text, "} -"), "metrics: left out");
    has(show(pool, &s, PWR_STATUS_JSON), "\"sessions\": null", "json: null");
    tap_ok(!strstr(show(pool, &s, PWR_STATUS_AUTO), "Realm[0]Sessions"),
           "auto: left out");
    text = show(pool, &s, PWR_STATUS_HTML);
    has(text, "<dt>Sessions</dt><dd>unknown</dd>", "html: unknown");
    has(text, "with another site of this realm", "html: counted elsewhere");
    for (int as = PWR_STATUS_HTML; as <= PWR_STATUS_METRICS; as++) {
        show(pool, &none, (pwr_status_as)as);
    }
    has(show(pool, &none, PWR_STATUS_HTML), "No site says PwReset On",
        "html: nothing at all");
}

static void test_hostile(apr_pool_t *pool)
{
    pwr_status s = fine(pool);
    const char *text, *line;
    json_t *root;

    s.host.name = s.host.software = s.host.version = s.host.worker = HOSTILE;
    s.store[0].name = s.store[0].error = HOSTILE;
    s.store[0].up = 0;
    s.realm[0].name = s.realm[0].site = s.realm[0].store = HOSTILE;
    s.realm[0].job_error = s.realm[0].mail_error = HOSTILE;
    s.realm[0].failing = 1;
    text = show(pool, &s, PWR_STATUS_HTML);
    tap_ok(!strstr(text, "<script") && !strstr(text, "\x1b")
           && !strstr(text, "\xFF") && !strstr(text, "\xE2\x80\xAE"),
           "html: escaped");
    has(text, "&lt;script&gt;&quot;\\&amp;'", "html: and readable");
    root = json_loads(show(pool, &s, PWR_STATUS_JSON), 0, NULL);
    tap_ok(root != NULL, "json: it still is");
    tap_str(json_string_value(json_object_get(json_array_get(json_object_get(
        root, "realms"), 0), "job_error")), "<script>\"\\&'\xEF\xBF\xBD"
        "\xEF\xBF\xBD\xEF\xBF\xBD{}#\xEF\xBF\xBD|", "json: read back");
    json_decref(root);
    has(show(pool, &s, PWR_STATUS_METRICS), "{store=\"<script>\\\"\\\\&'",
        "metrics: escaped");
    text = show(pool, &s, PWR_STATUS_AUTO);
    for (line = text; line && *line; line = strchr(line, '\n') + 1) {
        if (!strstr(line, ": ") || strchr(line, '\x1b')) {
            break;
        }
    }
    tap_ok(!*line, "auto: a line stays one");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_fine(pool);
    test_table(pool);
    test_wrong(pool);
    test_unknown(pool);
    test_hostile(pool);
    return tap_end();
}
