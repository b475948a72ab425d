/* SPDX-License-Identifier: Apache-2.0 */
/* `mime --print` prints the Russian message below instead of testing, and
 * `mime --print-plain` one without HTML: mime.t gives them to Email::MIME. */
#include "core/mime.h"

#include <stdlib.h>

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "tap.h"

#define N(table) (int)(sizeof(table) / sizeof(*(table)))
#define MEGABYTE (1024 * 1024)
#define ZHE "\xD0\x96"
#define LINK "https://www.example.ru/account/reset?token=" \
             "ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345&lang=ru&from=mail#form"

static const pwr_message russian = {
    .from_name = "\xD0\x9E\xD0\x9E\xD0\x9E \"\xD0\xA0\xD0\xBE\xD0\xB3\xD0\xB0 "
                 "\xD0\xB8 \xD0\xBA\xD0\xBE\xD0\xBF\xD1\x8B\xD1\x82\xD0\xB0\"",
    .from = "noreply@example.ru",
    .to = "Ivan.Petrov@xn--80a1acny.xn--p1ai",
    .subject = "\xD0\x92\xD0\xBE\xD1\x81\xD1\x81\xD1\x82\xD0\xB0\xD0\xBD\xD0"
               "\xBE\xD0\xB2\xD0\xBB\xD0\xB5\xD0\xBD\xD0\xB8\xD0\xB5 \xD0\xBF"
               "\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8F \xD0\xBD\xD0\xB0 \xD1"
               "\x81\xD0\xB0\xD0\xB9\xD1\x82\xD0\xB5 www.example.ru \xF0\x9F"
               "\x94\x91 \xD0\xB8 \xD0\xBD\xD0\xB5 \xD1\x82\xD0\xBE\xD0\xBB"
               "\xD1\x8C\xD0\xBA\xD0\xBE",
    .id = "0123456789abcdef0123456789abcdef.2",
    .language = "ru",
    .date_epoch_sec = 1767225599,
    .text = "\xD0\x97\xD0\xB4\xD1\x80\xD0\xB0\xD0\xB2\xD1\x81\xD1\x82\xD0\xB2"
            "\xD1\x83\xD0\xB9\xD1\x82\xD0\xB5, \xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD"
            "!\n\n" LINK "\n\nFrom here on\n.\n-- \n"
            "example.ru = \xE2\x82\xAC\n",
    .html = "<p>\xD0\x97\xD0\xB4\xD1\x80\xD0\xB0\xD0\xB2\xD1\x81\xD1\x82\xD0"
            "\xB2\xD1\x83\xD0\xB9\xD1\x82\xD0\xB5, <a href=\"" LINK "\">"
            "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD</a>!</p>\n",
};

static const pwr_message english = {
    .from_name = "Example, \"Ltd\"",
    .from = "noreply@example.org",
    .to = "ann@example.org",
    .subject = "Your password was changed",
    .id = "f-1",
    .date_epoch_sec = 0,
    .text = "It was.",
};

static const char *render(apr_pool_t *pool, const pwr_message *message)
{
    const char *bytes;
    size_t len;
    apr_status_t status = pwr_mime_render(pool, message, &bytes, &len);

    if (status != APR_SUCCESS) {
        return bytes || len ? "bytes in spite of an error" : NULL;
    }
    return strlen(bytes) == len ? bytes : "length is wrong";
}

/* The unfolded value of a header field, "" when there is none. */
static char *header(apr_pool_t *pool, const char *bytes, const char *name)
{
    const char *end = strstr(bytes, "\n\n"), *p;
    char *value = apr_pstrdup(pool, ""), *out;
    size_t len = strlen(name);

    for (p = bytes; p && p < end; p = strchr(p, '\n'), p += p != NULL) {
        if (strncmp(p, name, len) == 0 && strncmp(p + len, ": ", 2) == 0) {
            break;
        }
    }
    if (!p || p >= end) {
        return value;
    }
    value = out = apr_pstrdup(pool, p + len + 2);
    for (p = value; *p && (*p != '\n' || p[1] == ' '); p++) {
        if (*p != '\n') {
            *out++ = *p;
        }
    }
    *out = '\0';
    return value;
}

/* A reader of RFC 2047 of the test's own: base64 words, blanks between them
 * dropped, nothing else. */
static char *decoded_words(apr_pool_t *pool, const char *value)
{
    static const char begin[] = "=?UTF-8?B?";
    char *out = apr_pcalloc(pool, strlen(value) + 1), *p = out;

    while (*value) {
        const char *end = strstr(value, "?=");
        const char *gap = value + strspn(value, " ");

        if (p > out && strncmp(gap, begin, sizeof(begin) - 1) == 0) {
            value = gap;
        }
        if (strncmp(value, begin, sizeof(begin) - 1) != 0 || !end) {
            *p++ = *value++;
            continue;
        }
        value += sizeof(begin) - 1;
        p += apr_base64_decode(p, apr_pstrmemdup(pool, value,
                                                 (size_t)(end - value)));
        value = end + 2;
    }
    *p = '\0';
    return out;
}

/* A reader of quoted-printable of the test's own. */
static char *decoded(apr_pool_t *pool, const char *text, const char *end)
{
    char *out = apr_pcalloc(pool, (size_t)(end - text) + 1), *p = out;

    while (text < end) {
        char hex[3] = "";

        if (*text != '=') {
            *p++ = *text++;
            continue;
        }
        if (text[1] != '\n') {
            memcpy(hex, text + 1, 2);
            *p++ = (char)strtol(hex, NULL, 16);
        }
        text += text[1] == '\n' ? 2 : 3;
    }
    return out;
}

/* The encoded body of a message without HTML. */
static const char *body(apr_pool_t *pool, const char *text)
{
    pwr_message message = english;
    const char *bytes;

    message.text = text;
    bytes = render(pool, &message);
    bytes = bytes ? strstr(bytes, "\n\n") : NULL;
    return bytes ? bytes + 2 : NULL;
}

/* The longest line of `text`, without the line feed. */
static size_t longest_line(const char *text)
{
    size_t longest = 0;

    while (*text) {
        size_t len = strcspn(text, "\n");

        longest = len > longest ? len : longest;
        text += len + (text[len] == '\n');
    }
    return longest;
}

static void test_message(apr_pool_t *pool)
{
    static const char want[] =
        "From: \"Example, \\\"Ltd\\\"\" <noreply@example.org>\n"
        "To: ann@example.org\n"
        "Subject: Your password was changed\n"
        "Date: Thu, 01 Jan 1970 00:00:00 +0000\n"
        "Message-ID: <f-1@example.org>\n"
        "MIME-Version: 1.0\n"
        "Auto-Submitted: auto-generated\n"
        "X-Auto-Response-Suppress: All\n"
        "Content-Language: en\n"
        "Content-Type: multipart/alternative;\n"
        " boundary=\"=_f-1\"\n"
        "\n"
        "--=_f-1\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: quoted-printable\n"
        "\n"
        "It was.\n"
        "\n"
        "--=_f-1\n"
        "Content-Type: text/html; charset=utf-8\n"
        "Content-Transfer-Encoding: quoted-printable\n"
        "\n"
        "<p>It was.\n"
        "\n"
        "--=_f-1--\n";
    pwr_message message = english;
    const char *bytes = render(pool, &message);

    tap_str(header(pool, bytes, "Content-Language"), "", "no language");
    tap_str(header(pool, bytes, "Content-Type"), "text/plain; charset=utf-8",
            "without HTML it is one part");
    tap_str(strstr(bytes, "\n\n"), "\n\nIt was.\n", "which is the body");
    message.language = "en";
    message.html = "<p>It was.";
    tap_str(render(pool, &message), want, "a whole message");
    tap_str(render(pool, &message), want, "and the same again");
    message.from_name = "";
    tap_str(header(pool, render(pool, &message), "From"), "noreply@example.org",
            "without a name");
}

static void test_dates(apr_pool_t *pool)
{
    static const struct { int64_t epoch_sec; const char *want; } table[] = {
        { 0, "Thu, 01 Jan 1970 00:00:00 +0000" },
        { 951782400, "Tue, 29 Feb 2000 00:00:00 +0000" },
        { 1767225599, "Wed, 31 Dec 2025 23:59:59 +0000" },
        { 4102444800, "Fri, 01 Jan 2100 00:00:00 +0000" },
        { 253402300799, "Fri, 31 Dec 9999 23:59:59 +0000" },
    };
    pwr_message message = english;

    for (int i = 0; i < N(table); i++) {
        message.date_epoch_sec = table[i].epoch_sec;
        tap_str(header(pool, render(pool, &message), "Date"), table[i].want,
                "date %d", i);
    }
}

/* `part` again and again, `n` times. */
static char *repeated(apr_pool_t *pool, const char *part, int n)
{
    size_t len = strlen(part);
    char *text = apr_palloc(pool, len * (size_t)n + 1), *p = text;

    for (; n > 0; n--, p += len) {
        memcpy(p, part, len);
    }
    *p = '\0';
    return text;
}

/* Is the field written as `plain`, or, if that is NULL, encoded so that `text`
 * comes back? */
static void check_words(apr_pool_t *pool, const char *field, const char *plain,
                        const char *text, int i)
{
    if (plain) {
        tap_str(field, plain, "words %d as they are", i);
        return;
    }
    tap_ok(strncmp(field, "=?UTF-8?B?", 10) == 0, "words %d encoded", i);
    tap_ok(strcmp(decoded_words(pool, field), text) == 0, "words %d decoded",
           i);
}

/* Subjects and names: what stands in the field, or NULL where it is encoded;
 * decoded it is the same again. */
static void test_words(apr_pool_t *pool)
{
    const struct { const char *text, *subject, *name; } table[] = {
        { "Hello", "Hello", "Hello" },
        { "Hello world!", "Hello world!", "Hello world!" },
        { "A. B.", "A. B.", "\"A. B.\"" },
        { "a@b", "a@b", "\"a@b\"" },
        { "!a~b", "!a~b", "!a~b" },
        { "a\\b \"c\" <d>", "a\\b \"c\" <d>", "\"a\\\\b \\\"c\\\" <d>\"" },
        { "a: b, (c)", "a: b, (c)", "\"a: b, (c)\"" },
        { repeated(pool, "\"", 60), repeated(pool, "\"", 60),
          apr_pstrcat(pool, "\"", repeated(pool, "\\\"", 60), "\"", NULL) },
        { repeated(pool, "x", 60), repeated(pool, "x", 60),
          repeated(pool, "x", 60) },
        { repeated(pool, "x", 61), NULL, NULL },
        { apr_pstrcat(pool, repeated(pool, "word ", 100), "end", NULL),
          apr_pstrcat(pool, repeated(pool, "word ", 100), "end", NULL), NULL },
        { " a", NULL, NULL },
        { "a ", NULL, NULL },
        { " ", NULL, NULL },
        { "a  b", NULL, NULL },
        { "=?UTF-8?B?QQ==?=", NULL, NULL },     /* is meant as it stands */
        { "a =?", NULL, NULL },
        { ZHE, NULL, NULL },
        { "Caf\xC3\xA9 for two", NULL, NULL },
        { "\xF0\x9F\x94\x91", NULL, NULL },
        { repeated(pool, ZHE, 200), NULL, NULL },
        { repeated(pool, "\xF0\x9F\x94\x91", 99), NULL, NULL },
        { apr_pstrcat(pool, "a", repeated(pool, ZHE, 200), NULL), NULL, NULL },
        { apr_pstrcat(pool, "ab", repeated(pool, "\xE2\x82\xAC", 99), NULL),
          NULL, NULL },
        { repeated(pool, ZHE, 100000), NULL, NULL },
    };

    for (int i = 0; i < N(table); i++) {
        pwr_message message = english;
        const char *bytes, *from = " <noreply@example.org>";

        message.subject = message.from_name = table[i].text;
        bytes = render(pool, &message);
        check_words(pool, header(pool, bytes, "Subject"), table[i].subject,
                    table[i].text, i);
        if (table[i].name) {
            tap_str(header(pool, bytes, "From"),
                    apr_pstrcat(pool, table[i].name, from, NULL),
                    "name %d as it is", i);
            continue;
        }
        check_words(pool, header(pool, bytes, "From"), NULL,
                    apr_pstrcat(pool, table[i].text, from, NULL), i);
        tap_ok(longest_line(bytes) <= 76, "name and subject %d are folded", i);
    }
}

/* Lines are folded behind 76 columns, and not before. */
static void test_folding(apr_pool_t *pool)
{
/* 57 bytes */
#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    static const struct {
        const char *name, *from, *subject, *want;
    } table[] = {
        { "", "a@b", LONG " 123456789", "\nSubject: " LONG " 123456789\n" },
        { "", "a@b", LONG " 1234567890", "\nSubject: " LONG "\n 1234567890\n" },
        { "", "a@b", LONG " 1234567890 " LONG " 123456",
          "\nSubject: " LONG "\n 1234567890 " LONG " 123456\n" },
        { "", "a@b", LONG " 1234567890 " LONG " 1234567",
          "\nSubject: " LONG "\n 1234567890 " LONG "\n 1234567\n" },
        { LONG, "12345678@b", "a", "From: " LONG " <12345678@b>\n" },
        { LONG, "123456789@b", "a", "From: " LONG "\n <123456789@b>\n" },
    };

    for (int i = 0; i < N(table); i++) {
        pwr_message message = english;

        message.from_name = table[i].name;
        message.from = table[i].from;
        message.subject = table[i].subject;
        tap_ok(strstr(render(pool, &message), table[i].want) != NULL,
               "folding %d", i);
    }
}

static int is_utf8_start(const char *s)
{
    return ((unsigned char)*s & 0xC0) != 0x80;
}

/* RFC 2047 2 and 5: 75 bytes at most, whole characters in each. */
static void test_word_limits(apr_pool_t *pool)
{
    for (int ascii = 0; ascii < 8; ascii++) {
        pwr_message message = english;
        const char *p;
        int good = 1, n = 0;

        message.subject = apr_pstrcat(pool, repeated(pool, "a", ascii),
                                      repeated(pool, "\xE2\x82\xAC", 80), NULL);
        p = header(pool, render(pool, &message), "Subject");
        for (; *p; p += strspn(p, " "), n++) {
            size_t len = strcspn(p, " ");
            const char *word = apr_pstrmemdup(pool, p, len);

            good = good && len <= 75
                && is_utf8_start(decoded_words(pool, word));
            p += len;
        }
        tap_ok(good && n > 5, "encoded words %d", ascii);
    }
}

/* Bodies as they are written; decoded they are the same again. */
static void test_body(apr_pool_t *pool)
{
    const struct { const char *text, *want; } table[] = {
        { "a", "a\n" },
        { "a\n", "a\n" },
        { "a\n\n", "a\n\n" },
        { "\n", "\n" },
        { "a\r\nb\r\n", "a\nb\n" },
        { "a\rb\n", "a=0Db\n" },
        { "a=b\n", "a=3Db\n" },
        { ZHE "\n", "=D0=96\n" },
        { "a \nb\t\n \n\t", "a=20\nb=09\n=20\n=09\n" },
        { "a \r\n", "a=20\n" },
        { "a  \n", "a =20\n" },
        { " a\tb c\n", " a\tb c\n" },
        { "\x01\x7F\n", "=01=7F\n" },
        { "!~\n", "!~\n" },
        { ".\n", "=2E\n" },
        { "a\n.\nb\n", "a\n=2E\nb\n" },
        { "..\n", "=2E.\n" },
        { "a.\n", "a.\n" },
        { "From here\nFrom \nFrom\nFromage\n From me\n",
          "=46rom here\n=46rom=20\nFrom\nFromage\n From me\n" },
        { "-- \n--=_f-1\n--=_f-1--\n", "--=20\n--=3D_f-1\n--=3D_f-1--\n" },
        { repeated(pool, "x", 75), apr_pstrcat(pool, repeated(pool, "x", 75),
                                               "\n", NULL) },
        { repeated(pool, "x", 76), apr_pstrcat(pool, repeated(pool, "x", 75),
                                               "=\nx\n", NULL) },
        { repeated(pool, "x", 151), apr_pstrcat(pool, repeated(pool, "x", 75),
          "=\n", repeated(pool, "x", 75), "=\nx\n", NULL) },
        /* A soft break must not make such a line either. */
        { apr_pstrcat(pool, repeated(pool, "x", 75), ".", NULL),
          apr_pstrcat(pool, repeated(pool, "x", 75), "=\n=2E\n", NULL) },
        { apr_pstrcat(pool, repeated(pool, "x", 75), "From a", NULL),
          apr_pstrcat(pool, repeated(pool, "x", 75), "=\n=46rom a\n", NULL) },
        { apr_pstrcat(pool, repeated(pool, "x", 73), ZHE, NULL),
          apr_pstrcat(pool, repeated(pool, "x", 73), "=\n=D0=96\n", NULL) },
        { apr_pstrcat(pool, repeated(pool, "x", 74), "  ", NULL),
          apr_pstrcat(pool, repeated(pool, "x", 74), " =\n=20\n", NULL) },
    };

    for (int i = 0; i < N(table); i++) {
        const char *got = body(pool, table[i].text);

        tap_str(got, table[i].want, "body %d", i);
        tap_ok(longest_line(got) <= 76, "body %d has short lines", i);
    }
}

/* Everything that is UTF-8 comes back, at every column. */
static void test_round_trip(apr_pool_t *pool)
{
    static const char *const ends[] = {
        "", " ", ".", ZHE, "From x", "\t.", "= =", "\xF0\x9F\x94\x91 .",
    };

    for (int i = 0; i < N(ends); i++) {
        int good = 1;

        for (int column = 0; column < 160; column++) {
            const char *text = apr_pstrcat(pool, repeated(pool, "x", column),
                                           ends[i], ends[i], "\n", NULL);
            const char *got = body(pool, text);

            good = good && longest_line(got) <= 76
                && !strstr(got, "\n.") && !strstr(got, "\nFrom ")
                && !strstr(got, " \n")
                && !strcmp(decoded(pool, got, got + strlen(got)), text);
        }
        tap_ok(good, "round trip %d at 160 columns", i);
    }
}

static void test_links(apr_pool_t *pool)
{
    const char *fits = apr_pstrcat(pool, "https://a/?",
                                   repeated(pool, "=", 329), NULL);
    const struct { const char *line; int whole; } table[] = {
        { LINK, 1 },
        { "http://a/" LINK, 1 },
        { fits, 1 },                                        /* 998 encoded */
        { apr_pstrcat(pool, fits, "x", NULL), 0 },
        { apr_pstrcat(pool, LINK, " and more", NULL), 0 },
        { apr_pstrcat(pool, " ", LINK, NULL), 0 },
        { apr_pstrcat(pool, LINK, "\t", NULL), 0 },
        { apr_pstrcat(pool, "ftp", LINK, NULL), 0 },
        { apr_pstrcat(pool, "httpsx://", LINK, NULL), 0 },
    };

    for (int i = 0; i < N(table); i++) {
        const char *text = apr_pstrcat(pool, "a\n", table[i].line, "\r\nb\n",
                                       NULL);
        const char *got = body(pool, text);

        tap_int(strstr(got, "=\n") == NULL, table[i].whole,
                "link %d stays whole or not", i);
        tap_ok(longest_line(got) <= (table[i].whole ? 998 : 76),
               "link %d: length", i);
        tap_str(decoded(pool, got, got + strlen(got)),
                apr_pstrcat(pool, "a\n", table[i].line, "\nb\n", NULL),
                "link %d decoded", i);
    }
}

/* A boundary in the text is not the boundary. */
static void test_boundary(apr_pool_t *pool)
{
    pwr_message message = english;
    const char *p;
    int n = 0;

    message.text = "\n--=_f-1\n\n--=_f-1--\nhttps://a/\n--=_f-1";
    message.html = message.text;
    for (p = render(pool, &message); (p = strstr(p, "\n--=_f-1")); p++) {
        n++;
    }
    tap_int(n, 3, "three boundaries");
}

/* A place in pwr_message, and what must not stand there. */
static void test_refused(apr_pool_t *pool)
{
#define AT(member) offsetof(pwr_message, member)
    const struct { size_t at; const char *value; } table[] = {
        { AT(from), NULL }, { AT(from), "" }, { AT(from), "a" },
        { AT(from), "@b" }, { AT(from), "a@" }, { AT(from), "a@b@c" },
        { AT(from), "a@b\nBcc: c@d" }, { AT(from), "a@b\r\nBcc: c@d" },
        { AT(from), "a@b>" }, { AT(from), "<a@b" }, { AT(from), "a b@c" },
        { AT(from), "a@\xFF" },
        { AT(to), NULL }, { AT(to), "" }, { AT(to), "a@b, c@d" },
        { AT(to), "a,c@d" }, { AT(to), "a;c@d" }, { AT(to), "\"a\"@b" },
        { AT(to), "a@b\n" }, { AT(to), "a\t@b" }, { AT(to), "a@b\x7F" },
        { AT(to), "a\xC2\x85@b" }, { AT(to), "a(b)@c" }, { AT(to), "g:a@b" },
        { AT(to), apr_pstrcat(pool, repeated(pool, "a", 319), "@b", NULL) },
        { AT(subject), NULL }, { AT(subject), "" }, { AT(subject), "\n" },
        { AT(subject), "a\nBcc: c@d" }, { AT(subject), "a\r\n b" },
        { AT(subject), "a\r" }, { AT(subject), "a\tb" },
        { AT(subject), "a\x1B[2J" }, { AT(subject), "a\x7F" },
        { AT(subject), "\xC2\x85" }, { AT(subject), "a\xFF" },
        { AT(subject), "a\xC0\x8A" }, { AT(subject), "\xED\xA0\x80" },
        { AT(from_name), "a\nBcc: c@d" }, { AT(from_name), "a\r\nb" },
        { AT(from_name), "a\x01" }, { AT(from_name), "\xFF" },
        { AT(id), NULL }, { AT(id), "" }, { AT(id), "A" }, { AT(id), "g" },
        { AT(id), "a b" }, { AT(id), "a\nb" }, { AT(id), "a@b" },
        { AT(id), "a>" }, { AT(id), repeated(pool, "a", 65) },
        { AT(language), "" }, { AT(language), "ru\nX: y" },
        { AT(language), "r u" }, { AT(language), ZHE },
        { AT(language), repeated(pool, "a", 36) },
        { AT(text), NULL }, { AT(text), "" }, { AT(text), "a\xFF" },
        { AT(html), "" }, { AT(html), "\xED\xA0\x80" },
    };
    pwr_message message = english;

    for (int i = 0; i < N(table); i++) {
        const char *bytes = "x";
        apr_status_t status;
        size_t len = 1;

        message = english;
        memcpy((char *)&message + table[i].at, &table[i].value,
               sizeof(table[i].value));
        status = pwr_mime_render(pool, &message, &bytes, &len);
        tap_ok(status == APR_EINVAL && !bytes && len == 0, "refused %d", i);
    }
    message = english;
    message.date_epoch_sec = -1;
    tap_str(render(pool, &message), NULL, "before 1970");
    message.date_epoch_sec = 253402300800;
    tap_str(render(pool, &message), NULL, "after 9999");
    message.date_epoch_sec = INT64_MAX;
    tap_str(render(pool, &message), NULL, "long after 9999");
}

/* The largest that is taken. */
static void test_limits(apr_pool_t *pool)
{
    pwr_message message = english;
    const char *bytes;

    message.id = repeated(pool, "a", 64);
    message.language = repeated(pool, "a", 35);
    message.to = apr_pstrcat(pool, repeated(pool, "a", 318), "@b", NULL);
    bytes = render(pool, &message);
    tap_str(header(pool, bytes, "To"), message.to, "the longest address");
    tap_str(header(pool, bytes, "Message-ID"),
            apr_pstrcat(pool, "<", message.id, "@example.org>", NULL),
            "the longest id");
}

static void test_size(apr_pool_t *pool)
{
    static const char *const parts[] = { "x", "\n", ZHE, "=", " ", "From \n",
                                         "https://" };

    for (int i = 0; i < N(parts); i++) {
        const char *text = repeated(pool, parts[i],
                                    MEGABYTE / (int)strlen(parts[i]));
        apr_time_t begin = apr_time_now();
        const char *got = body(pool, text);
        size_t len = strlen(text);

        tap_ok(got && !strncmp(decoded(pool, got, got + strlen(got)), text,
                               len), "a megabyte of part %d", i);
        tap_ok(apr_time_now() - begin < apr_time_from_sec(5),
               "a megabyte of part %d: time", i);
    }
}

int main(int argc, char **argv)
{
    apr_pool_t *pool = tap_begin();

    if (argc == 2) {
        fputs(render(pool, strcmp(argv[1], "--print") == 0 ? &russian
                                                           : &english),
              stdout);
        return 0;
    }
    test_message(pool);
    test_dates(pool);
    test_words(pool);
    test_folding(pool);
    test_word_limits(pool);
    test_body(pool);
    test_round_trip(pool);
    test_links(pool);
    test_boundary(pool);
    test_refused(pool);
    test_limits(pool);
    test_size(pool);
    return tap_end();
}
