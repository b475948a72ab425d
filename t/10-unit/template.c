/* SPDX-License-Identifier: Apache-2.0 */
#include "core/template.h"

#include <apr_strings.h>

#include "core/model.h"

#include "tap.h"

#define N(table) (int)(sizeof(table) / sizeof(*(table)))

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
        { "empty", "" },
        { "variable", "*{{name}}*" },
        { "lines", "one\ntwo\n" },
        { "lines-crlf", "one\r\ntwo\r\n" },
        { "blank-line", "one\n\ntwo" },
        { "padded", "|\n{{{two_lines}}}\n|\n" },
        { "section", "{{#yes}}\n in\n{{/yes}}\n" },
        { "outer", "(\n  {{> lines}}\n)\n" },
        { "marked", "\xEF\xBB\xBFm" },
        { "words", "{{#_}}Sign in{{/_}}" },
        { "parts/head.html", "head" },
    };

    (void)baton;
    (void)file;
    return find(rows, N(rows), name);
}

static const char *translate(void *baton, const char *english)
{
    static const named rows[] = {
        { "Sign in", "\xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8" },
        { "Hello, {{name}}!", "{{name}}, privet!" },
        { "Enter the address", "Adres" },
        { "bold {{{html}}}", "<b>{{{html}}}</b>" },
        { "two lines", "a\nb" },
        { "nothing", "" },
    };
    const char *text = find(rows, N(rows), english);

    (void)baton;
    return text ? text : english;
}

static const pwr_template_source html = { PWR_ESCAPE_HTML, translate, partial,
                                          NULL };
static const pwr_template_source plain = { PWR_ESCAPE_NONE, translate, partial,
                                           NULL };

static pwr_model *sample(apr_pool_t *pool)
{
    pwr_model *model = pwr_model_make(pool), *a = pwr_model_make(pool);
    pwr_model *b = pwr_model_make(pool), *item;
    pwr_list *list = pwr_list_make(pool), *none = pwr_list_make(pool);
    pwr_list *letters = pwr_list_make(pool);

    pwr_model_text(model, "name", "Ann");
    pwr_model_text(model, "html", "& < > \" ' ` =");
    pwr_model_text(model, "blank", "");
    pwr_model_text(model, "absent", NULL);
    pwr_model_text(model, "two_lines", "<\n->");
    pwr_model_flag(model, "yes", 1);
    pwr_model_flag(model, "no", 0);
    pwr_model_list(model, "list", list);
    pwr_model_list(model, "none", none);
    pwr_model_map(model, "a", a);
    for (int i = 0; i < 3; i++) {
        static const char *const numbers[] = { "1", "2", "3" };

        item = pwr_list_add(list);
        pwr_model_text(item, "n", numbers[i]);
        pwr_model_flag(item, "last", i == 2);
        pwr_model_text(item, "hidden", i == 1 ? NULL : "shown");
    }
    pwr_model_text(pwr_list_add(letters), "letter", "x");
    pwr_model_text(pwr_list_add(letters), "letter", "y");
    pwr_model_text(model, "hidden", "outer");
    pwr_model_text(a, "name", "inner");
    pwr_model_map(a, "b", b);
    pwr_model_list(a, "letters", letters);
    pwr_model_text(b, "c", "deep");
    pwr_model_text(b, "\xD0\x96", "never");
    return model;
}

static void check_text(apr_pool_t *pool, const pwr_template_source *source,
                       const char *text, const char *want, const char *name)
{
    const pwr_template *template;
    const char *problem = pwr_template_parse(pool, "t", text, source,
                                             &template);
    const char *got = problem;
    size_t len = 0;

    if (!problem) {
        got = pwr_template_render(pool, template, sample(pool), &len);
        tap_int((long long)len, (long long)strlen(want), "%s: length", name);
    }
    tap_str(got, want, "%s", name);
}

/* What the Mustache spec asks for, file by file of it. */
static const struct { const char *name, *text, *want; } spec[] = {
    { "nothing", "", "" },
    { "no tags", "Hello {world}\n}}", "Hello {world}\n}}" },
    /* interpolation */
    { "variable", "Hello, {{name}}!", "Hello, Ann!" },
    { "variable, blanks", "{{  name\t}}", "Ann" },
    { "variable, line feeds", "{{\n name\r\n}}", "Ann" },
    { "escaped", "{{html}}",
      "&amp; &lt; &gt; &quot; &#39; &#96; &#61;" },
    { "three braces", "{{{html}}}", "& < > \" ' ` =" },
    { "three braces, blanks", "{{{ html }}}", "& < > \" ' ` =" },
    { "ampersand", "{{&html}}", "& < > \" ' ` =" },
    { "ampersand, blanks", "{{& html }}", "& < > \" ' ` =" },
    { "missing", "[{{nobody}}{{{nobody}}}{{&nobody}}]", "[]" },
    { "absent", "[{{absent}}]", "[]" },
    { "empty text", "[{{blank}}]", "[]" },
    { "flag, list and map have no text", "[{{yes}}{{list}}{{a}}]", "[]" },
    { "blanks around stay", "| {{name}} |", "| Ann |" },
    { "variable alone on its line", "  {{name}}\n", "  Ann\n" },
    { "raw alone on its line", "  {{{name}}}\n{{&name}}\n", "  Ann\nAnn\n" },
    { "dotted", "{{a.name}} {{a.b.c}}", "inner deep" },
    { "dotted, raw", "{{{a.b.c}}}{{&a.b.c}}", "deepdeep" },
    { "dotted, missing end", "[{{a.b.d}}]", "[]" },
    { "dotted, missing middle", "[{{a.x.c}}]", "[]" },
    { "dotted, missing begin", "[{{x.b.c}}]", "[]" },
    { "dotted through a text", "[{{name.b}}]", "[]" },
    { "dotted through a list", "[{{list.n}}]", "[]" },
    { "dotted, the rest is not sought outside", "{{#a}}[{{b.name}}]{{/a}}",
      "[]" },
    { "next to each other", "{{name}}{{name}}", "AnnAnn" },
    { "single braces around", "{{{name}}}}{ {{name}} }", "Ann}{ Ann }" },
    /* sections */
    { "truth", "{{#yes}}x{{/yes}}", "x" },
    { "falsehood", "[{{#no}}x{{/no}}]", "[]" },
    { "section of a missing name", "[{{#nobody}}x{{/nobody}}]", "[]" },
    { "section of an absent text", "[{{#absent}}x{{/absent}}]", "[]" },
    { "section of a text", "{{#name}}{{name}}{{/name}}", "Ann" },
    { "section of an empty text", "{{#blank}}x{{/blank}}", "x" },
    { "section of a map", "{{#a}}{{name}}{{/a}}", "inner" },
    { "maps in maps", "{{#a}}{{#b}}{{c}}{{name}}{{/b}}{{/a}}", "deepinner" },
    { "outer names", "{{#a}}{{html}}{{/a}}",
      "&amp; &lt; &gt; &quot; &#39; &#96; &#61;" },
    { "list", "{{#list}}{{n}}{{/list}}", "123" },
    { "list, outer names", "{{#list}}{{name}}{{n}} {{/list}}",
      "Ann1 Ann2 Ann3 " },
    { "flags in a list", "{{#list}}{{n}}{{^last}}, {{/last}}{{/list}}",
      "1, 2, 3" },
    { "an absent text hides the outer", "{{#list}}[{{hidden}}]{{/list}}",
      "[shown][][shown]" },
    { "empty list", "[{{#none}}x{{/none}}]", "[]" },
    { "list twice", "{{#list}}{{n}}{{/list}}{{#list}}{{n}}{{/list}}",
      "123123" },
    { "list in a map", "{{#a}}{{#letters}}{{letter}}{{/letters}}{{/a}}",
      "xy" },
    { "list by dots", "{{#a.letters}}{{letter}}{{name}} {{/a.letters}}",
      "xAnn yAnn " },
    { "section by dots", "{{#a.b.c}}x{{/a.b.c}}", "x" },
    { "section by dots, missing", "[{{#a.b.x}}x{{/a.b.x}}]", "[]" },
    { "list within another", "{{#list}}{{n}}{{#a.letters}}{{letter}}"
      "{{/a.letters}}{{/list}}", "1xy2xy3xy" },
    { "same name nested", "|{{#yes}}B{{#yes}}C{{/yes}}D{{/yes}}|", "|BCD|" },
    { "nested in what is not shown", "[{{#no}}B{{#yes}}C{{/yes}}{{/no}}]",
      "[]" },
    { "one after the other", "{{#yes}}1{{/yes}}{{#no}}2{{/no}}"
      "{{#yes}}3{{/yes}}", "13" },
    { "blanks in section tags", "{{# yes }}x{{/\tyes\n}}", "x" },
    { "empty section", "{{#yes}}{{/yes}}{{#list}}{{/list}}", "" },
    /* inverted sections */
    { "inverted truth", "[{{^yes}}x{{/yes}}]", "[]" },
    { "inverted falsehood", "{{^no}}x{{/no}}", "x" },
    { "inverted missing", "{{^nobody}}x{{/nobody}}", "x" },
    { "inverted text", "[{{^name}}x{{/name}}]", "[]" },
    { "inverted absent text", "{{^absent}}x{{/absent}}", "x" },
    { "inverted map", "[{{^a}}x{{/a}}]", "[]" },
    { "inverted list", "[{{^list}}x{{/list}}]", "[]" },
    { "inverted empty list", "{{^none}}x{{/none}}", "x" },
    { "inverted, dots", "[{{^a.b.c}}x{{/a.b.c}}{{^a.b.x}}y{{/a.b.x}}]",
      "[y]" },
    { "either or", "{{#yes}}1{{/yes}}{{^yes}}2{{/yes}}{{^no}}3{{/no}}", "13" },
    { "inverted in a section", "{{#yes}}{{^no}}x{{/no}}{{/yes}}", "x" },
    /* lines of their own */
    { "section lines vanish", "a\n{{#yes}}\nb\n{{/yes}}\nc\n", "a\nb\nc\n" },
    { "indented section lines vanish", "a\n  {{#yes}}\t\n b\n\t{{/yes}} \nc",
      "a\n b\nc" },
    { "at the begin", "{{#yes}}\na{{/yes}}", "a" },
    { "at the begin, indented", "  {{#yes}}\na{{/yes}}", "a" },
    { "at the end", "{{#yes}}\na\n  {{/yes}}", "a\n" },
    { "carriage returns", "a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc",
      "a\r\nb\r\nc" },
    { "a carriage return alone ends no line", "a\n{{#yes}}\rb{{/yes}}",
      "a\n\rb" },
    { "two on a line stay", "a\n{{#yes}} {{/yes}}\nb", "a\n \nb" },
    { "behind a variable", "{{name}} {{#yes}}\nb{{/yes}}", "Ann \nb" },
    { "before text", " {{#yes}} b{{/yes}}", "  b" },
    { "behind text", "a {{#yes}}\nb{{/yes}}", "a \nb" },
    { "inverted lines vanish", "a\n{{^no}}\nb\n{{/no}}\nc", "a\nb\nc" },
    { "empty lines stay", "{{#yes}}\n\na\n\n{{/yes}}\n\nb", "\na\n\n\nb" },
    { "nested lines", "{{#list}}\n{{#last}}\n{{n}}\n{{/last}}\n{{/list}}\n",
      "3\n" },
    /* comments */
    { "comment", "a{{! b }}c", "ac" },
    { "comment over lines", "a{{!\n b\n c\n}}d", "ad" },
    { "comment alone", "a\n  {{! b }}\nc\n", "a\nc\n" },
    { "comment alone over lines", "a\n  {{!\n b\n  }}  \nc\n", "a\nc\n" },
    { "comment alone, CRLF", "a\r\n{{! b }}\r\nc", "a\r\nc" },
    { "comment at the end", "a\n  {{! b }}", "a\n" },
    { "comment in a line", "  12 {{! b }}\n", "  12 \n" },
    { "comment's last line ends another tag's", "a\n{{!\n}} {{#yes}}\nb"
      "{{/yes}}", "a\n \nb" },
    { "anything in a comment", "{{! {{# \" .. \xD0\x96 }}x", "x" },
    { "a comment's name is no name", "{{!name}}[{{! name}}]", "[]" },
    /* partials */
    { "partial", "[{{> text}}]", "[from partial]" },
    { "partial, blanks", "[{{>text}}{{>  text\t}}]",
      "[from partialfrom partial]" },
    { "partial, empty", "[{{> empty}}]", "[]" },
    { "partial, variables", "{{#a}}{{> variable}}{{/a}}{{> variable}}",
      "*inner**Ann*" },
    { "partial in a folder", "{{> parts/head.html}}", "head" },
    { "partial alone", "a\n{{> lines}}\nb", "a\none\ntwo\nb" },
    { "partial indented", "a\n  {{> lines}}\nb", "a\n  one\n  two\nb" },
    { "partial indented by a tab", "\t{{> lines}}", "\tone\n\ttwo\n" },
    { "partial indented, CRLF", " {{> lines-crlf}}\r\nb",
      " one\r\n two\r\nb" },
    { "partial indented, lines of values are not", "\\\n {{> padded}}\n/",
      "\\\n |\n <\n->\n |\n/" },
    { "partial in a line is not indented", "  {{name}}  {{> lines}}|",
      "  Ann  one\ntwo\n|" },
    { "partial before text is not indented", "  {{> lines}}|",
      "  one\ntwo\n|" },
    { "every line is indented", " {{> blank-line}}\n|", " one\n \n two|" },
    { "partial's section lines vanish", "a\n  {{> section}}\nb",
      "a\n   in\nb" },
    { "partials nested, indents add up", " {{> outer}}\n|",
      " (\n   one\n   two\n )\n|" },
    { "partial in a list", "{{#list}}\n{{> variable}}\n{{/list}}\n",
      "*Ann**Ann**Ann*" },
    { "byte order marks vanish", "\xEF\xBB\xBF{{> marked}}", "m" },
};

static const struct { const char *name, *text, *want; } words[] = {
    { "words", "<b>{{#_}}Sign in{{/_}}</b>",
      "<b>\xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8</b>" },
    { "words, blanks in tags", "{{# _ }}Sign in{{/ _ }}",
      "\xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8" },
    { "words unknown", "{{#_}}Sign <b>out</b> & go{{/_}}",
      "Sign <b>out</b> & go" },
    { "words wrapped", "  {{#_}}\n  Enter\r\n\tthe\n  address\n  {{/_}}\n",
      "  Adres\n" },
    { "words unknown are folded", "{{#_}}\n  not \n known\n{{/_}}",
      "not known" },
    { "words with a variable", "{{#_}}Hello, {{name}}!{{/_}}", "Ann, privet!" },
    { "a variable is looked up where the words stand",
      "{{#a}}{{#_}}Hello, {{name}}!{{/_}}{{/a}}", "inner, privet!" },
    { "words with raw text", "{{#_}}bold {{{html}}}{{/_}}",
      "<b>& < > \" ' ` =</b>" },
    { "unknown words with a variable", "{{#_}}By {{html}} {{&name}}{{/_}}",
      "By &amp; &lt; &gt; &quot; &#39; &#96; &#61; Ann" },
    { "a translation of lines", "{{#_}}two lines{{/_}}|", "a\nb|" },
    { "an empty translation", "[{{#_}}nothing{{/_}}]", "[]" },
    { "no words", "[{{#_}}{{/_}}{{#_}} \n {{/_}}]", "[]" },
    { "words twice on a line", "{{#_}}a{{/_}}{{#_}}b{{/_}}", "ab" },
    { "words alone are no section line", " {{#_}}Sign out{{/_}} \n|",
      " Sign out \n|" },
    { "a section behind words is none", "{{#_}}a\n{{/_}} {{#yes}}\nb{{/yes}}",
      "a \nb" },
    { "words in a partial", "{{> words}}",
      "\xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8" },
    { "words in an indented partial", " {{> words}}",
      " \xD0\x92\xD0\xBE\xD0\xB9\xD1\x82\xD0\xB8" },
};

static void test_spec(apr_pool_t *pool)
{
    for (int i = 0; i < N(spec); i++) {
        check_text(pool, &html, spec[i].text, spec[i].want, spec[i].name);
    }
    for (int i = 0; i < N(words); i++) {
        check_text(pool, &html, words[i].text, words[i].want, words[i].name);
    }
    check_text(pool, &plain, "{{html}} {{{html}}} {{name}}",
               "& < > \" ' ` = & < > \" ' ` = Ann", "text is not escaped");
}

static void test_bare_source(apr_pool_t *pool)
{
    static const pwr_template_source bare = { PWR_ESCAPE_HTML, NULL, NULL,
                                              NULL };
    const pwr_template *template;

    check_text(pool, &bare, "{{#_}} Sign \n in{{/_}}", "Sign in",
               "without translations");
    tap_str(pwr_template_parse(pool, "t", "{{> text}}", &bare, &template),
            "t line 1: there is no partial {{> text}}", "without partials");
}

/* The texts of the admin's files are freed after parsing. */
static void test_lifetime(apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, "a {{name}} {{#yes}}b{{/yes}}");
    const pwr_template *template;
    size_t len;

    tap_str(pwr_template_parse(pool, "t", text, &html, &template), NULL,
            "a text that goes away");
    memset(text, '#', strlen(text));
    tap_str(pwr_template_render(pool, template, sample(pool), &len),
            "a Ann b", "is not needed any more");
}

/* Values of so many bytes beside the template's own text are written at once;
 * of more the length is counted, and all is written again. */
#define GUESS_BYTES 4096

static void check_long(apr_pool_t *pool, int values_len)
{
    char *value = apr_palloc(pool, (apr_size_t)values_len + 1);
    pwr_model *model = pwr_model_make(pool);
    const pwr_template *template;
    const char *want;
    size_t len;

    for (int i = 0; i < values_len; i++) {
        value[i] = (char)('a' + i % 26);
    }
    value[values_len] = '\0';
    want = apr_pstrcat(pool, "<p>", value, "</p>\n", NULL);
    pwr_model_text(model, "value", value);
    pwr_template_parse(pool, "t", "<p>{{value}}</p>\n", &html, &template);
    tap_str(pwr_template_render(pool, template, model, &len), want,
            "a value of %d bytes", values_len);
    tap_int((long long)len, (long long)strlen(want), "and its length");
}

/* With entities, lists and sections: all that writes does so twice. */
static void test_long(apr_pool_t *pool)
{
    pwr_model *model = sample(pool);
    pwr_list *rows = pwr_list_make(pool);
    const char *want = "Ann:";
    const pwr_template *template;
    const char *got;
    size_t len;

    for (int i = GUESS_BYTES - 2; i <= GUESS_BYTES + 2; i++) {
        check_long(pool, i);
    }
    check_long(pool, 4 * GUESS_BYTES);
    for (int i = 0; i < 500; i++) {
        pwr_model *row = pwr_list_add(rows);

        pwr_model_text(row, "n", apr_psprintf(pool, "%d", i));
        pwr_model_flag(row, "odd", i % 2);
        want = apr_psprintf(pool, "%s (%d%s &lt; %s &#96;=)", want, i,
                            i % 2 ? "!" : "", i % 2 ? "inner" : "Ann");
    }
    want = apr_pstrcat(pool, want, " end", NULL);
    pwr_model_list(model, "rows", rows);
    pwr_model_text(model, "mark", "<");
    pwr_template_parse(pool, "t", "{{name}}:{{#rows}} ({{n}}{{#odd}}!{{/odd}} "
                       "{{mark}} {{#odd}}{{a.name}}{{/odd}}{{^odd}}{{name}}"
                       "{{/odd}} &#96;=){{/rows}} end", &html, &template);
    got = pwr_template_render(pool, template, model, &len);
    tap_str(got, want, "a long list");
    tap_int((long long)len, (long long)strlen(want), "and its length");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_spec(pool);
    test_bare_source(pool);
    test_lifetime(pool);
    test_long(pool);
    return tap_end();
}
