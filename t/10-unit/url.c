/* SPDX-License-Identifier: Apache-2.0 */
#include "core/url.h"

#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

#define POCHTA "\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.\xD1\x80\xD1\x84"
#define POCHTA_UPPER "\xD0\x9F\xD0\x9E\xD0\xA7\xD0\xA2\xD0\x90.\xD0\xA0\xD0\xA4"
#define POCHTA_ASCII "xn--80a1acny.xn--p1ai"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_parse(apr_pool_t *pool)
{
    static const struct {
        const char *text, *origin, *host;
        int port;
    } table[] = {
        { "https://example.org", "https://example.org", "example.org", 443 },
        { "https://example.org/", "https://example.org", "example.org", 443 },
        { "http://example.org", "http://example.org", "example.org", 80 },
        { "HTTPS://Example.ORG", "https://example.org", "example.org", 443 },
        { "https://example.org:443", "https://example.org", "example.org",
          443 },
        { "http://example.org:443", "http://example.org:443", "example.org",
          443 },
        { "http://example.org:80/", "http://example.org", "example.org", 80 },
        { "http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1",
          8080 },
        { "http://localhost:1", "http://localhost:1", "localhost", 1 },
        { "http://localhost:65535/", "http://localhost:65535", "localhost",
          65535 },
        { "http://[::1]:8080/", "http://[::1]:8080", "[::1]", 8080 },
        { "http://[::1]", "http://[::1]", "[::1]", 80 },
        { "https://[2001:DB8:0:0::1]", "https://[2001:db8::1]",
          "[2001:db8::1]", 443 },
        { "https://" POCHTA, "https://" POCHTA_ASCII, POCHTA_ASCII, 443 },
        { "https://" POCHTA_UPPER ":8443", "https://" POCHTA_ASCII ":8443",
          POCHTA_ASCII, 8443 },
        { "https://xn--80A1ACNY.XN--P1AI", "https://" POCHTA_ASCII,
          POCHTA_ASCII, 443 },
        { "https://stra\xC3\x9F" "e.de", "https://xn--strae-oqa.de",
          "xn--strae-oqa.de", 443 },
        { "http://az09-za.example", "http://az09-za.example",
          "az09-za.example", 80 },
        { "https://3com.example", "https://3com.example", "3com.example",
          443 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        const char *shown = pwr_text_printable(pool, table[i].text, 60);
        pwr_url url;

        tap_str(pwr_url_parse(pool, table[i].text, &url), NULL, "parse %s",
                shown);
        tap_str(url.origin, table[i].origin, "origin of %s", shown);
        tap_str(url.host, table[i].host, "host of %s", shown);
        tap_int(url.port, table[i].port, "port of %s", shown);
        tap_ok(url.scheme && strncmp(url.origin, url.scheme,
                                     strlen(url.scheme)) == 0,
               "scheme of %s", shown);
    }
}

/* Each refused for the reason whose words the second column has. */
static const struct { const char *text, *word; } bad_urls[] = {
    { "", "https://" },
    { "example.org", "https://" },
    { "//example.org", "https://" },
    { "ftp://example.org", "https://" },
    { "javascript://example.org", "https://" },
    { " https://example.org", "https://" },
    { "https:/example.org", "https://" },
    { "https:example.org", "https://" },
    { "https:\\\\example.org", "https://" },
    { "httpss://example.org", "https://" },
    { "https://user@example.org", "user name" },
    { "https://user:secret@example.org", "user name" },
    { "https://@example.org", "user name" },
    { "https://example.org@evil.example", "user name" },
    { "https://example.org/shop", "path" },
    { "https://example.org//", "path" },
    { "https://example.org/.", "path" },
    { "https://example.org\\", "path" },
    { "https://example.org\\@evil.example", "path" },
    { "https://example.org/@evil", "path" },
    { "https://example.org?", "query" },
    { "https://example.org/?a=b", "query" },
    { "https://example.org#", "fragment" },
    { "https://example.org/#top", "fragment" },
    { "https://example.org:", "port" },
    { "https://example.org:0", "port" },
    { "https://example.org:00443", "port" },
    { "https://example.org:65536", "port" },
    { "https://example.org:4294967297", "port" },
    { "https://example.org:99999999999999999999", "port" },
    { "https://example.org:+443", "port" },
    { "https://example.org:-1", "port" },
    { "https://example.org:443 ", "port" },
    { "https://example.org:44a", "port" },
    { "https://[::1]:x", "port" },
    { "https://", "host" },
    { "https:///", "host" },
    { "https://:443", "host" },
    { "https://.", "host" },
    { "https://example.org.", "host" },
    { "https://.example.org", "host" },
    { "https://example..org", "host" },
    { "https://exa mple.org", "host" },
    { "https://example.org\r\nX: y", "host" },
    { "https://exa\tmple.org", "host" },
    { "https://example.org ", "host" },
    { "https://my_app", "host" },
    { "https://-example.org", "host" },
    { "https://example-.org", "host" },
    { "https://exa%6Dple.org", "host" },
    { "https://*.example.org", "host" },
    { "https://example.org:80:80", "host" },
    { "https://::1", "host" },
    { "https://[::1", "host" },
    { "https://::1]", "host" },
    { "https://[]", "host" },
    { "https://[::1]x", "host" },
    { "https://[::1]]", "host" },
    { "https://x[::1]", "host" },
    { "https://[::1%25eth0]", "host" },
    { "https://[fe80::1%eth0]", "host" },
    { "https://[::ffff:127.0.0.1]", "host" },
    { "https://[::127.0.0.1]", "host" },
    { "https://[::1::]", "host" },
    { "https://[127.0.0.1]", "host" },
    { "https://127.1", "host" },
    { "https://0127.0.0.1", "host" },
    { "https://2130706433", "host" },
    { "https://0x7f000001", "host" },
    { "https://127.0.0.0x1", "host" },
    { "https://256.1.1.1", "host" },
    { "https://1.2.3.4.5", "host" },
    { "https://example\xE3\x80\x82org", "host" },        /* 。 */
    { "https://\xEF\xBD\x85xample.org", "host" },        /* wide e */
    { "https://\xE2\x84\xAA" "asse.de", "host" },        /* Kelvin sign */
    { "https://\xC4\xB0.example", "host" },              /* I with dot */
    { "https://exam\xC2\xADple.org", "host" },           /* soft hyphen */
    { "https://\xF0\x9F\x92\xA9.la", "host" },
    { "https://xn--ls8h.la", "host" },
    { "https://xn--abc-.de", "host" },
    { "https://\xFF.example", "host" },
    { "https://" A63 "a.example", "host" },
    { "https://" A63 "." A63 "." A63 "." A61 "a", "host" },
};

static void test_parse_refused(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(bad_urls) / sizeof(*bad_urls); i++) {
        const char *shown = pwr_text_printable(pool, bad_urls[i].text, 60);
        pwr_url url = { "x", "x", 1, "x" };
        const char *error = pwr_url_parse(pool, bad_urls[i].text, &url);

        if (!tap_ok(error && strstr(error, bad_urls[i].word), "%s: %s",
                    shown, bad_urls[i].word)) {
            printf("# got: %s\n", error ? error : "(taken)");
        }
        tap_ok(!url.scheme && !url.host && !url.port && !url.origin,
               "nothing is left of %s", shown);
        tap_ok(!error || !strstr(error, "secret"), "no password is told");
    }
}

static void test_host_sizes(apr_pool_t *pool)
{
    const char *longest = A63 "." A63 "." A63 "." A61;
    char *huge = apr_palloc(pool, 1000001);

    tap_str(pwr_url_host(pool, longest), longest, "a host of 253 bytes");
    tap_str(pwr_url_host(pool, NULL), NULL, "no host");
    memset(huge, 'a', 1000000);
    huge[1000000] = '\0';
    tap_str(pwr_url_host(pool, huge), NULL, "a host of a million bytes");
    memset(huge, '.', 1000000);
    tap_str(pwr_url_host(pool, huge), NULL, "a million dots");
}

static void test_decode(apr_pool_t *pool)
{
    static const struct {
        const char *text;
        int ok;
        const char *decoded;
        size_t len;
    } table[] = {
        { "", 1, "", 0 },
        { "a+b", 1, "a+b", 3 },
        { "%41%7a%7A", 1, "Azz", 3 },
        { "%00%ff", 1, "\0\xFF", 2 },
        { "%2541", 1, "%41", 3 },
        { "%", 0, "", 0 },
        { "%4", 0, "", 0 },
        { "%%41", 0, "", 0 },
        { "%4g", 0, "", 0 },
        { "% 1", 0, "", 0 },
        { "%\xC1" "1", 0, "", 0 },
        { "abc%", 0, "", 0 },
    };
    char cut[] = "%41";
    size_t len;

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        char *bytes = apr_pstrdup(pool, table[i].text);

        len = 99;
        tap_int(pwr_url_decode(bytes, strlen(bytes), &len), table[i].ok,
                "decode %s", pwr_text_printable(pool, table[i].text, 60));
        tap_int((long long)len, (long long)table[i].len, "its length");
        tap_ok(memcmp(bytes, table[i].decoded, table[i].len) == 0,
               "its bytes");
    }
    tap_ok(!pwr_url_decode(cut, 2, &len),
           "an escape that goes on behind the end");
}

static const char *const local_targets[] = {
    "/", "/portal/", "/portal/page.html", "/?a=b", "/a?b=c&d=e", "/a#b",
    "/#", "/?", "/.evil", "/..evil", "/...", "/a.b/..c/d..", "/x//evil",
    "/x//", "/a@b", "/users/ivan@example.org", "/?to=a@b.org",
    "/?next=https://example.org/", "/?next=//evil", "/?a=%5Cb",
    "/?text=a%0D%0Ab", "/?a=../..", "/?a=/../", "/a#/../b", "/a:b",
    "/https://example.org", "/javascript:alert(1)", "/%D0%9F%D1%80",
    "/a%2Fb", "/a%5cb", "/a%25b", "/a%20b", "/-", "/~user/", "/a;b=c",
    "/a?b[]=c&d={e}|f^g`h", "/!$&'()*+,=", "/%41%2e%41",
    "/a%2f%2f", "/a..%2f..b", "/a%2fb..", "/?a=%2f..%2f",
};

static const char *const foreign_targets[] = {
    "", "a", "portal/", "?a=b", "#a", ".", "..", "../a", "./a",
    "//", "//evil.example", "//evil.example/%2f..", "///", "///evil.example",
    "////evil.example", "//evil.example\\@x", "//@evil.example",
    "//\\evil.example", "//\tevil.example", "//0x7f000001", "//[::1]/",
    "/\\", "/\\evil.example", "/\\/evil.example", "/\\\\evil.example",
    "\\", "\\evil.example", "\\\\evil.example", "\\/evil.example",
    "\\/\\/evil.example", "/a\\b", "/a/\\evil.example", "/a?b=\\", "/a#\\",
    "http://evil.example", "https://evil.example/", "HTTPS://evil.example",
    "https:evil.example", "https:/evil.example", "https:///evil.example",
    "https:\\\\evil.example", "http:/\\evil.example", "ftp://evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://%0aalert(1)",
    "data:text/html,x", "vbscript:x", "mailto:a@b.org", "evil.example",
    "@evil.example", "user@evil.example", ".evil.example", "%2f%2fevil.example",
    " /", " //evil.example", "\t/a", "\n//evil.example", "\v/a", "/ ", "/a ",
    "/\t/evil.example", "/\n/evil.example", "/\r/evil.example",
    "/\r\n/evil.example", "/\x01/evil.example", "/\x7F/evil.example",
    "/a\r\nSet-Cookie: x=y", "/a\nLocation: //evil.example", "/a b",
    "/\x0C/evil.example", "/\x1B[2J",
    "/@evil.example", "/@", "/%40evil.example", "/%2f", "/%2F",
    "/%2fevil.example", "/%2F/evil.example", "/%5c", "/%5Cevil.example",
    "/%5c%5cevil.example", "/%252fevil.example", "/%25", "/%",
    "/%0", "/%zz", "/a%", "/a%4", "/a%zz/b",
    "/%00", "/%00/evil.example", "/%09/evil.example", "/%0a/evil.example",
    "/%0d%0aSet-Cookie:%20x=y", "/a%0d%0aSet-Cookie:%20x=y", "/a%00",
    "/a%1fb", "/a%7fb", "/a/%09",
    "/.", "/./", "/..", "/../", "/.//evil.example", "/..//evil.example",
    "/x/..//evil.example", "/x/.//evil.example", "/x/../", "/x/..", "/x/.",
    "/%2e%2e//evil.example", "/x/%2e%2e//evil.example", "/x/.%2E//evil",
    "/x/%2e/", "/x/%2e%2e", "/%2e", "/x/..?a=b", "/x/..#a",
    "/..%2f/evil.example", "/%2e%2e%2F/evil.example", "/x%2f..//evil.example",
    "/x%5C..//evil.example", "/x/..%5c/evil.example", "/x/.%2f",
    "/\"", "/<script>", "/a>b", "/?a=\"b",
    "\xEF\xBC\x8F\xEF\xBC\x8F" "evil.example",          /* wide slashes */
    "/\xEF\xBC\x8F" "evil.example", "\xEF\xBC\x8F/evil.example",
    "/\xE2\x81\x84" "evil.example",                     /* fraction slash */
    "/\xE3\x80\x82" "evil", "/\xC2\xA0/evil.example", "/\xC2\x85/evil",
    "\xEF\xBB\xBF//evil.example", "/\xE2\x80\x8B/evil.example",
    "/\xE2\x80\xAE", "/\xD0\x9F", "/\xFF", "/\x80",
};

static void test_local(apr_pool_t *pool)
{
    size_t local_n = sizeof(local_targets) / sizeof(*local_targets);
    size_t foreign_n = sizeof(foreign_targets) / sizeof(*foreign_targets);
    char *sized = apr_palloc(pool, 2002);

    for (size_t i = 0; i < local_n; i++) {
        tap_ok(pwr_url_is_local(local_targets[i]), "taken: %s",
               pwr_text_printable(pool, local_targets[i], 60));
    }
    for (size_t i = 0; i < foreign_n; i++) {
        tap_ok(!pwr_url_is_local(foreign_targets[i]), "refused: %s",
               pwr_text_printable(pool, foreign_targets[i], 60));
    }
    tap_ok(!pwr_url_is_local(NULL), "refused: none at all");
    memset(sized, 'a', 2001);
    sized[0] = '/';
    sized[2001] = '\0';
    tap_ok(!pwr_url_is_local(sized), "refused: 2001 bytes");
    sized[2000] = '\0';
    tap_ok(pwr_url_is_local(sized), "taken: 2000 bytes");
}

static void test_with(apr_pool_t *pool)
{
    static const struct { const char *path, *value, *result; } table[] = {
        { "/login", "/portal/", "/login?return=%2Fportal%2F" },
        { "/login?lang=ru", "/a?b=c&d",
          "/login?lang=ru&return=%2Fa%3Fb%3Dc%26d" },
        { "/login", NULL, "/login" },
        { "/login", "", "/login?return=" },
        { "/login#top", "x", "/login?return=x#top" },
        { "/login?a#b?c", "x", "/login?a&return=x#b?c" },
        { "/login#a?b", "x", "/login?return=x#a?b" },
        { "/login", "\xD0\x9F \r\n#\"<", "/login?return=%D0%9F%20%0D%0A%23"
          "%22%3C" },
        { "", "x", "?return=x" },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_url_with(pool, table[i].path, "return", table[i].value),
                table[i].result, "%s with %s", table[i].path,
                pwr_text_printable(pool, table[i].value, 60));
    }
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_parse(pool);
    test_parse_refused(pool);
    test_host_sizes(pool);
    test_decode(pool);
    test_local(pool);
    test_with(pool);
    return tap_end();
}
