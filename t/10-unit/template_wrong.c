/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that are wrong, and those made to harm; what right ones do is in
 * template.c. */
#include "core/template.h"

#include <apr_strings.h>
#include <apr_time.h>

#include "core/model.h"

#include "tap.h"

#define N(table) (int)(sizeof(table) / sizeof(*(table)))
#define MEGABYTE (1024 * 1024)
#define DEADLINE apr_time_from_sec(5)   /* linear work takes milliseconds */

typedef struct named {
    const char *name, *text;
} named;

static const char *find(const named *rows, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return rows[i].text;
        }
    }
    return NULL;
}

static const char *partial(void *baton, const char *name, const char **file)
{
    static const named rows[] = {
        { "text", "from partial" },
        { "half", "{{#yes}}" },
        { "stray", "\n{{/yes}}" },
        { "bad-bytes", "a\n\xFF" },
        { "self", "x{{> self}}" },
        { "missing-inside", "\n\n{{> nowhere}}" },
    };

    (void)baton;
    if (strcmp(name, "half") == 0) {
        *file = "half.part";
    }
    return find(rows, N(rows), name);
}

static const char *translate(void *baton, const char *english)
{
    static const named rows[] = {
        { "bad section", "ok\n{{#yes}}x{{/yes}}" },
        { "bad partial", "{{> text}}" },
        { "bad comment", "{{! x }}" },
        { "bad words", "{{#_}}Sign in{{/_}}" },
        { "bad tag", "{{name" },
        { "bad bytes", "\xD0" },
    };
    const char *text = find(rows, N(rows), english);

    (void)baton;
    return text ? text : english;
}

static const pwr_template_source html = { PWR_ESCAPE_HTML, translate, partial,
                                          NULL };

static pwr_model *sample(apr_pool_t *pool)
{
    pwr_model *model = pwr_model_make(pool), *a = pwr_model_make(pool);
    pwr_list *list = pwr_list_make(pool);

    pwr_model_text(model, "name", "Ann");
    pwr_model_flag(model, "yes", 1);
    pwr_model_list(model, "list", list);
    pwr_model_map(model, "a", a);
    pwr_model_text(a, "name", "inner");
    pwr_model_text(pwr_list_add(list), "n", "1");
    pwr_model_text(pwr_list_add(list), "n", "2");
    pwr_model_text(pwr_list_add(list), "n", "3");
    return model;
}

static const struct { const char *text, *want; } wrong[] = {
    /* tags */
    { "{{", "t line 1: a tag {{ is not closed" },
    { "a\nb {{name", "t line 2: a tag {{ is not closed" },
    { "{{name}", "t line 1: a tag {{ is not closed" },
    { "{{{name}}", "t line 1: a tag {{{ is not closed" },
    { "{{! a", "t line 1: a tag {{ is not closed" },
    { "{{!\n\n}}\n{{> x", "t line 4: a tag {{ is not closed" },
    { "\n{{=<% %>=}}", "t line 2: delimiters cannot be changed" },
    { "{{=a}}", "t line 1: delimiters cannot be changed" },
    /* names */
    { "{{}}", "t line 1: \"\" is not a name (or a tag is not closed)" },
    { "{{ }}", "t line 1: \"\" is not a name (or a tag is not closed)" },
    { "{{#}}", "t line 1: \"\" is not a name (or a tag is not closed)" },
    { "{{{}}}", "t line 1: \"\" is not a name (or a tag is not closed)" },
    { "{{.}}", "t line 1: \".\" is not a name (or a tag is not closed)" },
    { "{{a.}}", "t line 1: \"a.\" is not a name (or a tag is not closed)" },
    { "{{.a}}", "t line 1: \".a\" is not a name (or a tag is not closed)" },
    { "{{a..b}}", "t line 1: \"a..b\" is not a name (or a tag is not "
      "closed)" },
    { "{{a/b}}", "t line 1: \"a/b\" is not a name (or a tag is not "
      "closed)" },
    { "{{a b}}", "t line 1: \"a b\" is not a name (or a tag is not "
      "closed)" },
    { "{{\xD0\x96}}", "t line 1: \"\\xd0\\x96\" is not a name (or a tag is "
      "not closed)" },
    { "{{#yes} x {{/yes}}", "t line 1: \"yes} x {{/yes\" is not a name "
      "(or a tag is not closed)" },
    { "{{$block}}", "t line 1: \"$block\" is not a name (or a tag is not "
      "closed)" },
    { "{{> ../secret}}", "t line 1: \"../secret\" is not a name (or a tag "
      "is not closed)" },
    { "{{> /etc/passwd}}", "t line 1: \"/etc/passwd\" is not a name (or a "
      "tag is not closed)" },
    { "{{> a/../b}}", "t line 1: \"a/../b\" is not a name (or a tag is not "
      "closed)" },
    { "{{> a//b}}", "t line 1: \"a//b\" is not a name (or a tag is not "
      "closed)" },
    { "{{> .a}}", "t line 1: \".a\" is not a name (or a tag is not "
      "closed)" },
    /* sections */
    { "\n{{#yes}}\n\n", "t line 2: section {{#yes}} is not closed" },
    { "{{^no}}x", "t line 1: section {{^no}} is not closed" },
    { "{{#a}}{{#b}}{{/b}}", "t line 1: section {{#a}} is not closed" },
    { "{{#a}}\n{{/b}}", "t line 2: {{/b}} stands where {{#a}} of line 1 is "
      "to be closed" },
    { "{{^a}}{{#b}}\n{{/a}}{{/b}}", "t line 2: {{/a}} stands where {{#b}} "
      "of line 1 is to be closed" },
    { "x\n{{/a}}", "t line 2: {{/a}} closes nothing" },
    { "{{#a}}{{/a}}{{/a}}", "t line 1: {{/a}} closes nothing" },
    { "{{/_}}", "t line 1: {{/_}} closes nothing" },
    /* partials */
    { "\n{{> nowhere}}", "t line 2: there is no partial {{> nowhere}}" },
    { "{{> missing-inside}}", "missing-inside line 3: there is no partial "
      "{{> nowhere}}" },
    { "{{> half}}{{/yes}}", "half.part line 1: section {{#yes}} is not "
      "closed" },
    { "{{#yes}}{{> stray}}", "stray line 2: {{/yes}} closes nothing" },
    { "{{> bad-bytes}}", "bad-bytes line 2: this is not UTF-8" },
    { "{{> self}}", "self line 1: partials are nested more than 16 deep at "
      "{{> self}}" },
    /* words */
    { "\n{{#_}}x", "t line 2: section {{#_}} is not closed" },
    { "{{#_}}x{{/yes}}", "t line 1: only variables may stand between "
      "{{#_}} and {{/_}}, not {{/yes}}" },
    { "{{#_}}a\n{{#yes}}b{{/yes}}{{/_}}", "t line 2: only variables may "
      "stand between {{#_}} and {{/_}}, not {{#yes}}" },
    { "{{#_}}{{^yes}}b{{/yes}}{{/_}}", "t line 1: only variables may stand "
      "between {{#_}} and {{/_}}, not {{^yes}}" },
    { "{{#_}}{{#_}}b{{/_}}{{/_}}", "t line 1: only variables may stand "
      "between {{#_}} and {{/_}}, not {{#_}}" },
    { "{{#_}}{{> text}}{{/_}}", "t line 1: only variables may stand "
      "between {{#_}} and {{/_}}, not {{>text}}" },
    { "{{#_}}{{! x}}{{/_}}", "t line 1: only variables may stand between "
      "{{#_}} and {{/_}}, not {{!x}}" },
    { "{{#_}}{{a b}}{{/_}}", "t line 1: \"a b\" is not a name (or a tag is "
      "not closed)" },
    { "{{#_}}{{=a}}{{/_}}", "t line 1: delimiters cannot be changed" },
    { "\n{{#_}}bad section{{/_}}", "t line 2: translation of \"bad "
      "section\" line 2: only variables may stand between {{#_}} and "
      "{{/_}}, not {{#yes}}" },
    { "{{#_}}bad partial{{/_}}", "t line 1: translation of \"bad "
      "partial\" line 1: only variables may stand between {{#_}} and "
      "{{/_}}, not {{>text}}" },
    { "{{#_}}bad comment{{/_}}", "t line 1: translation of \"bad "
      "comment\" line 1: only variables may stand between {{#_}} and "
      "{{/_}}, not {{!x}}" },
    { "{{#_}}bad words{{/_}}", "t line 1: translation of \"bad words\" "
      "line 1: only variables may stand between {{#_}} and {{/_}}, not "
      "{{#_}}" },
    { "{{#_}}bad tag{{/_}}", "t line 1: translation of \"bad tag\" line 1: "
      "a tag {{ is not closed" },
    { "{{#_}}bad bytes{{/_}}", "t line 1: translation of \"bad bytes\" "
      "line 1: this is not UTF-8" },
    /* bytes */
    { "aaa\n\n\xC0\x80", "t line 3: this is not UTF-8" },
};

static void test_errors(apr_pool_t *pool)
{
    for (int i = 0; i < N(wrong); i++) {
        const pwr_template *template = (const pwr_template *)pool;

        tap_str(pwr_template_parse(pool, "t", wrong[i].text, &html, &template),
                wrong[i].want, "wrong template %d", i);
        tap_ok(template == NULL, "wrong template %d is none", i);
    }
}

/* `unit` again and again, `n` times. */
static char *repeated(apr_pool_t *pool, const char *unit, int n)
{
    size_t len = strlen(unit);
    char *text = apr_palloc(pool, len * (size_t)n + 1), *p = text;

    for (; n > 0; n--, p += len) {
        memcpy(p, unit, len);
    }
    *p = '\0';
    return text;
}

static void test_nesting(apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, repeated(pool, "{{#a}}", 64),
                                   "{{name}}", repeated(pool, "{{/a}}", 64),
                                   NULL);
    const pwr_template *template;
    size_t len;

    tap_str(pwr_template_parse(pool, "t", text, &html, &template), NULL,
            "64 levels");
    tap_str(pwr_template_render(pool, template, sample(pool), &len), "inner",
            "64 maps within one another");
}

static const char *many(void *baton, const char *name, const char **file)
{
    const char *const *texts = baton;

    *file = name;
    return texts[*name - 'a'];
}

/* The limit of 2 MB counts every partial with its indents. */
static void test_budget(apr_pool_t *pool)
{
    enum { INDENT = 1000, LINES = 2000 };
    const char *lines[] = { apr_pstrcat(pool, repeated(pool, "\n", LINES - 1),
                                        "x", NULL) };
    const int len = INDENT + 6 + LINES + LINES * INDENT;
    const char *text = apr_pstrcat(pool, repeated(pool, " ", INDENT),
                                   "{{>a}}\n", repeated(pool, "x",
                                   2 * MEGABYTE - len), NULL);
    const pwr_template_source source = { PWR_ESCAPE_HTML, NULL, many, lines };
    const pwr_template *template;
    const char *over = "a line 1: the template and its partials are larger "
        "than 2097152 bytes";

    tap_str(pwr_template_parse(pool, "t", text, &source, &template), over,
            "a byte too many");
    tap_str(pwr_template_parse(pool, "t", apr_pstrndup(pool, text,
                               strlen(text) - 1), &source, &template), NULL,
            "just 2 MB");
}

/* Files that want the parser's stack, memory or time. */
static void test_hostile(apr_pool_t *pool)
{
    static const char *const texts[] = { "", "{{>a}}{{>a}}", NULL };
    pwr_template_source source = { PWR_ESCAPE_HTML, NULL, many, NULL };
    const char *blanks = repeated(pool, " ", MEGABYTE / 2);
    const char *lines[] = { repeated(pool, "\n", MEGABYTE) };
    struct { const char *text, *want; void *baton; } table[] = {
        { repeated(pool, "{{#a}}", MEGABYTE / 6),
          "t line 1: sections are nested more than 64 deep", NULL },
        { repeated(pool, "{{^a}}\n", 65),
          "t line 65: sections are nested more than 64 deep", NULL },
        { repeated(pool, "{{", MEGABYTE / 2),
          "t line 1: a tag {{{ is not closed", NULL },
        { repeated(pool, "{{#_}}", MEGABYTE / 6),
          "t line 1: only variables may stand between {{#_}} and {{/_}}, not "
          "{{#_}}", NULL },
        { repeated(pool, "{{/a}}", MEGABYTE / 6),
          "t line 1: {{/a}} closes nothing", NULL },
        { repeated(pool, "x", 2 * MEGABYTE + 1),
          "t line 1: the template and its partials are larger than 2097152 "
          "bytes", NULL },
        { repeated(pool, "{{>a}}", 1001),
          "t line 1: there are more than 1000 partials", (void *)texts },
        { repeated(pool, "{{>b}}", 400),
          "b line 1: there are more than 1000 partials", (void *)texts },
        { apr_pstrcat(pool, blanks, "{{>a}}", NULL),
          "a line 1: the template and its partials are larger than 2097152 "
          "bytes", lines },
        { "{{>a}}{{>a}}{{>a}}",
          "a line 1: the template and its partials are larger than 2097152 "
          "bytes", lines },
        { apr_pstrcat(pool, blanks, repeated(pool, "{{#a}}{{/a}}", 40000),
                      NULL), NULL, NULL },
        { repeated(pool, "{{a}}   {{#a}}   {{/a}}", 40000), NULL, NULL },
        { repeated(pool, "{{#_}}x{{/_}}\n", 40000), NULL, NULL },
        { repeated(pool, "\n  {{!\n}}", 100000), NULL, NULL },
    };

    for (int i = 0; i < N(table); i++) {
        const pwr_template *template;
        apr_time_t begin = apr_time_now();

        source.baton = table[i].baton;
        tap_str(pwr_template_parse(pool, "t", table[i].text, &source,
                                   &template),
                table[i].want, "hostile template %d", i);
        tap_ok(apr_time_now() - begin < DEADLINE, "hostile template %d: time",
               i);
    }
}

static void test_size(apr_pool_t *pool)
{
    struct { const char *text; size_t want; } table[] = {
        { repeated(pool, "words \n", MEGABYTE / 7), MEGABYTE / 7 * 7 },
        { repeated(pool, "{{name}}", MEGABYTE / 8), MEGABYTE / 8 * 3 },
        { repeated(pool, "{{#yes}}\n{{^no}}x{{/no}}\n{{/yes}}\n", 30000),
          60000 },
        { apr_pstrcat(pool, repeated(pool, "{{#list}}", 11), "{{name}}",
                      repeated(pool, "{{/list}}", 11), NULL),
          177147 * 3 },                 /* 3^11 names, 3 million look-ups */
    };

    for (int i = 0; i < N(table); i++) {
        const pwr_template *template;
        apr_time_t begin = apr_time_now();
        size_t len;

        tap_str(pwr_template_parse(pool, "t", table[i].text, &html, &template),
                NULL, "large template %d", i);
        tap_ok(pwr_template_render(pool, template, sample(pool), &len)
               && len == table[i].want, "large template %d is rendered", i);
        tap_ok(apr_time_now() - begin < DEADLINE, "large template %d: time", i);
    }
}

/* Templates that are small and would write without end. */
static void test_explosion(apr_pool_t *pool)
{
    const char *open = repeated(pool, "{{#list}}", 60);
    const char *close = repeated(pool, "{{/list}}", 60);
    const char *page = repeated(pool, "x", MEGABYTE);
    const char *const table[] = {
        apr_pstrcat(pool, open, "{{n}}", close, NULL),
        apr_pstrcat(pool, open, close, NULL),
        apr_pstrcat(pool, "{{#list}}{{#list}}{{#list}}", page,
                    "{{/list}}{{/list}}{{/list}}", NULL),
    };

    for (int i = 0; i < N(table); i++) {
        const pwr_template *template;
        apr_time_t begin = apr_time_now();
        size_t len = 1;

        tap_str(pwr_template_parse(pool, "t", table[i], &html, &template),
                NULL, "explosive template %d", i);
        tap_ok(pwr_template_render(pool, template, sample(pool), &len) == NULL
               && len == 0, "explosive template %d is given up", i);
        tap_ok(apr_time_now() - begin < DEADLINE, "explosive template %d: time",
               i);
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_errors(pool);
    test_nesting(pool);
    test_budget(pool);
    test_hostile(pool);
    test_size(pool);
    test_explosion(pool);
    return tap_end();
}
