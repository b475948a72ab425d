/* SPDX-License-Identifier: Apache-2.0 */
#include "core/addr.h"

#include <apr_strings.h>

#include "core/text.h"
#include "tap.h"

#define POCHTA "\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.\xD1\x80\xD1\x84"
#define POCHTA_UPPER "\xD0\x9F\xD0\x9E\xD0\xA7\xD0\xA2\xD0\x90.\xD0\xA0\xD0\xA4"
#define POCHTA_ASCII "xn--80a1acny.xn--p1ai"
#define IVAN "\xD0\xB8\xD0\xB2\xD0\xB0\xD0\xBD"
#define IVAN_CAPITAL "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD"
/* Eight times "e" with an acute: decomposed, and composed (64 bytes are four
 * of these). */
#define E2 "e\xCC\x81" "e\xCC\x81"
#define E8 E2 E2 E2 E2
#define C8 "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct { const char *typed, *mailbox, *canonical; } accepted[] = {
    { "ivan@example.org", "ivan@example.org", "ivan@example.org" },
    { "Ivan.Petrov@Example.ORG", "Ivan.Petrov@example.org",
      "ivan.petrov@example.org" },
    { "  ivan@example.org\t", "ivan@example.org", "ivan@example.org" },
    { "ivan@example.org\r\n", "ivan@example.org", "ivan@example.org" },
    { "\xC2\xA0ivan@example.org\xC2\xA0", "ivan@example.org",
      "ivan@example.org" },
    { "a@b.cd", "a@b.cd", "a@b.cd" },
    { "admin@localhost", "admin@localhost", "admin@localhost" },
    { "admin@LocalHost", "admin@localhost", "admin@localhost" },
    { "ivan+tag@example.org", "ivan+tag@example.org",
      "ivan+tag@example.org" },
    { "i.v.a.n@a.b.c.example.org", "i.v.a.n@a.b.c.example.org",
      "i.v.a.n@a.b.c.example.org" },
    { "o'neil#$&*=?^_`{|}~/+-@example.org",
      "o'neil#$&*=?^_`{|}~/+-@example.org",
      "o'neil#$&*=?^_`{|}~/+-@example.org" },
    { "a-@example.org", "a-@example.org", "a-@example.org" },
    { "_@example.org", "_@example.org", "_@example.org" },
    { "1@3com.example", "1@3com.example", "1@3com.example" },
    { "a@b-c.example", "a@b-c.example", "a@b-c.example" },
    { "a@b--c.example", "a@b--c.example", "a@b--c.example" },
    { "ivan@" POCHTA, "ivan@" POCHTA_ASCII, "ivan@" POCHTA_ASCII },
    { "ivan@" POCHTA_UPPER, "ivan@" POCHTA_ASCII, "ivan@" POCHTA_ASCII },
    { "ivan@" POCHTA_ASCII, "ivan@" POCHTA_ASCII, "ivan@" POCHTA_ASCII },
    { "IVAN@XN--80A1ACNY.XN--P1AI", "IVAN@" POCHTA_ASCII,
      "ivan@" POCHTA_ASCII },
    { IVAN "@" POCHTA, IVAN "@" POCHTA_ASCII, IVAN "@" POCHTA_ASCII },
    { IVAN_CAPITAL "@example.org", IVAN_CAPITAL "@example.org",
      IVAN_CAPITAL "@example.org" },                /* keeps its case */
    { "e\xCC\x81" "a@example.org", "\xC3\xA9" "a@example.org",
      "\xC3\xA9" "a@example.org" },                 /* NFC */
    { "a@e\xCC\x81" "a.de", "a@xn--a-9fa.de", "a@xn--a-9fa.de" },
    { "a@\xC3\x89" "a.de", "a@xn--a-9fa.de", "a@xn--a-9fa.de" },
    { "a@stra\xC3\x9F" "e.de", "a@xn--strae-oqa.de", "a@xn--strae-oqa.de" },
    { "a@strasse.de", "a@strasse.de", "a@strasse.de" },
    { "a@\xD0\xB0pple.com", "a@xn--pple-43d.com",
      "a@xn--pple-43d.com" },                       /* Cyrillic a */
    { "a@l\xC2\xB7l.cat", "a@xn--ll-0ea.cat", "a@xn--ll-0ea.cat" },
    { "\xE5\xB1\xB1\xE7\x94\xB0@example.org",
      "\xE5\xB1\xB1\xE7\x94\xB0@example.org",
      "\xE5\xB1\xB1\xE7\x94\xB0@example.org" },
    { "\xC3\x9F@example.org", "\xC3\x9F@example.org", "\xC3\x9F@example.org" },
    { "\xD1\x80@example.org", "\xD1\x80@example.org", "\xD1\x80@example.org" },
    { "\xC4\xB1@example.org", "\xC4\xB1@example.org", "\xC4\xB1@example.org" },
    { A63 "a@example.org", A63 "a@example.org", A63 "a@example.org" },
    { "a@" A63 ".example", "a@" A63 ".example", "a@" A63 ".example" },
    { E8 E8 E8 E8 "@example.org", C8 C8 C8 C8 "@example.org",
      C8 C8 C8 C8 "@example.org" },
    { "a@\xE1\x8F\x88.example", "a@xn--bbe.example", "a@xn--bbe.example" },
};

static const char *const refused[] = {
    /* no address at all */
    "", " ", "@", "ivan", "ivan@", "@example.org", "example.org", "@@",
    "ivan.example.org", "a@.", "a@..", ".@.", "\xC2\xA0@\xC2\xA0",
    /* more than one @, routes */
    "a@b@example.org", "a@@example.org", "@a@example.org", "a@example.org@",
    "@relay.example:ivan@example.org", "<ivan@example.org>",
    "Ivan <ivan@example.org>", "ivan@example.org>", "mailto:ivan@example.org",
    "ivan%evil.example@example.org", "relay.example!ivan@example.org",
    "ivan%@example.org", "!@example.org", "a:b@example.org",
    "a@example.org:25", "a@example.org/x", "a@example.org?bcc=b@c.de",
    /* lists */
    "a@example.org,b@example.org", "a@example.org;b@example.org",
    "a@example.org b@example.org", "a@example.org\nb@example.org",
    "a,b@example.org", "a;b@example.org", "undisclosed:;",
    /* quotes, comments, literals */
    "\"ivan\"@example.org", "\"i v\"@example.org", "\"\"@example.org",
    "\"a@b\"@example.org", "\"a\\\"b\"@example.org", "iv\"an@example.org",
    "ivan(x)@example.org", "(x)ivan@example.org", "ivan@example.org(x)",
    "ivan@(x)example.org", "a\\b@example.org", "a[b]@example.org",
    "ivan@[127.0.0.1]", "ivan@[IPv6:::1]", "ivan@127.0.0.1", "ivan@127.1",
    "ivan@2130706433", "ivan@0x7f.0x1", "ivan@1.2.3.4", "ivan@[example.org]",
    /* dots */
    ".ivan@example.org", "ivan.@example.org", "iv..an@example.org",
    ".@example.org", "ivan@.example.org", "ivan@example.org.",
    "ivan@example..org", "ivan@example.org..",
    /* for the mail program */
    "-ivan@example.org", "--@example.org", "-@example.org", "-f@example.org",
    "-oQ/tmp@example.org", "-O\tx@example.org", "|cat@example.org",
    "/dev/null@example.org",
    "ivan@-example.org", "ivan@example-.org", "ivan@example.-org",
    "ivan@example.org-", "`id`@exam`le.org", "$(id)@example.org",
    "ivan@$HOME.example", "ivan@exam_ple.org", "ivan@*.example.org",
    "ivan@exam/ple.org", "ivan@example.org|id",
    /* control characters and blanks inside */
    "ivan\r\n@example.org", "ivan@example.org\r\nBcc: x@y.de",
    "ivan\n@example.org", "ivan\r@example.org", "ivan@exam\nple.org",
    "ivan@example.org\n.\n", "a b@example.org", "a @example.org",
    "a@ example.org", "a@exam ple.org", "a\tb@example.org",
    "a\x01@example.org", "a\x7F@example.org", "a\xC2\x85@example.org",
    "a\xC2\xA0" "b@example.org", "a\xE3\x80\x80" "b@example.org",
    "a\xE2\x80\xA8" "b@example.org", "a\x1B[2J@example.org",
    /* not UTF-8 */
    "\xFF@example.org", "\x80@example.org", "iv\xE9n@example.org",
    "a@ex\xE9mple.org", "\xC0\xAE@example.org", "\xED\xA0\x80@example.org",
    "a@b.\xD1",
    /* invisible, or ASCII to whoever normalises */
    "iv\xE2\x80\x8D" "an@example.org",
    "iv\xE2\x80\x8B" "an@example.org",
    "iv\xC2\xAD" "an@example.org", "iv\xE2\x80\xAE" "an@example.org",
    "\xEF\xBB\xBFivan@example.org", "a\xEF\xBF\xBF@example.org",
    "a\xEE\x80\x80@example.org",
    "ivan\xEF\xBC\xA0" "evil.example@example.org",      /* wide @ */
    "ivan\xEF\xBC\xA0" "example.org",
    "\xEF\xBD\x89van@example.org",                      /* wide i */
    "mi\xE2\x84\xAA" "e@example.org",                   /* Kelvin sign */
    "a\xCD\xBE" "b@example.org",                        /* Greek ";" */
    "a\xE1\xBF\xAF" "b@example.org",                    /* Greek "`" */
    "a\xEF\xBC\x85" "b@example.org",                    /* wide % */
    "a\xE2\x80\xA4" "b@example.org",                    /* one dot leader */
    "\xEF\xAC\x81@example.org",                         /* fi ligature */
    "\xC2\xAA@example.org", "a\xC2\xB4@example.org",
    "\xC5\x89@example.org",                             /* 'n in one letter */
    "\xCC\xB8ivan@example.org",                         /* joins with "<" */
    /* hosts */
    "a@b", "a@org", "a@localhost.", "a@localhos", "a@xlocalhost",
    "a@example\xE3\x80\x82org",                         /* 。 */
    "a@example\xEF\xBC\x8Eorg", "a@example\xEF\xBD\xA1org",
    "a@example\xE2\x80\xA4org",
    "a@\xEF\xBD\x85xample.org",                         /* wide e */
    "a@example.o\xEF\xBD\x92g",
    "a@\xE2\x84\xAA" "asse.de",                         /* Kelvin sign */
    "a@\xC4\xB0.example",                               /* I with dot */
    "a@a\xE2\x80\x8D" "b.de", "a@a\xC2\xAD" "b.de", "a@a\xE2\x80\x8B" "b.de",
    "a@\xE2\x98\x83.net", "a@\xF0\x9F\x92\xA9.la", "a@xn--ls8h.la",
    "a@xn--.com", "a@xn--abc-.de", "a@xn--80a1acny1.de", "a@\xCC\x80" "a.de",
    "a@\xE2\x84\x80.com",                               /* a/c */
    "a@exa%6Dple.org", "a@example.org\xEF\xBC\x8F",
    /* sizes */
    A63 "aa@example.org", "a@" A63 "a.example",
    "\xE0\xA5\x98\xE0\xA5\x98\xE0\xA5\x98\xE0\xA5\x98\xE0\xA5\x98"
    "\xE0\xA5\x98\xE0\xA5\x98\xE0\xA5\x98\xE0\xA5\x98\xE0\xA5\x98"
    "\xE0\xA5\x98@example.org",                        /* NFC: 66 bytes */
    A63 "@" A63 "." A63 "." A63 ".ab",
    "\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0"
    "\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0"
    "\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0"
    "\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0\xD0\xB0"
    "a@example.org",                                    /* 65 bytes */
};

static void test_accepted(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
        const char *shown = pwr_text_printable(pool, accepted[i].typed, 80);
        const char *mailbox = pwr_addr_mailbox(pool, accepted[i].typed);
        const char *canonical = pwr_addr_canonical(pool, accepted[i].typed);

        tap_str(mailbox, accepted[i].mailbox, "mailbox of %s", shown);
        tap_str(canonical, accepted[i].canonical, "canonical of %s", shown);
        tap_str(pwr_addr_canonical(pool, mailbox), canonical,
                "canonical of the mailbox of %s", shown);
        tap_str(pwr_addr_canonical(pool, canonical), canonical,
                "canonical twice of %s", shown);
        tap_ok(pwr_addr_same(pool, accepted[i].typed, canonical),
               "it is the same: %s", shown);
    }
}

static void test_refused(apr_pool_t *pool)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        const char *shown = pwr_text_printable(pool, refused[i], 80);

        tap_str(pwr_addr_mailbox(pool, refused[i]), NULL, "no mailbox: %s",
                shown);
        tap_str(pwr_addr_canonical(pool, refused[i]), NULL,
                "no canonical form: %s", shown);
        tap_ok(!pwr_addr_same(pool, refused[i], refused[i]),
               "not even the same as itself: %s", shown);
    }
    tap_str(pwr_addr_mailbox(pool, NULL), NULL, "no mailbox of NULL");
    tap_str(pwr_addr_canonical(pool, NULL), NULL, "no canonical of NULL");
    tap_ok(!pwr_addr_same(pool, NULL, NULL), "NULL is the same as nothing");
    tap_ok(!pwr_addr_same(pool, "a@b.cd", NULL), "an address and NULL");
}

static void test_same(apr_pool_t *pool)
{
    static const struct { const char *a, *b; int same; } table[] = {
        { "Ivan@example.org", "iVAN@EXAMPLE.org", 1 },
        { "ivan@" POCHTA, "IVAN@" POCHTA_ASCII, 1 },
        { "ivan@" POCHTA_UPPER, "ivan@" POCHTA, 1 },
        { IVAN "@example.org", IVAN_CAPITAL "@example.org", 0 },
        { "ivan@example.org", "ivan@example.com", 0 },
        { "ivan@example.org", "ivan@xexample.org", 0 },
        { "ivan@example.org", "ivan+x@example.org", 0 },
        { "ivan@example.org", "i.van@example.org", 0 },
        { "a@stra\xC3\x9F" "e.de", "a@strasse.de", 0 },
        { "\xC3\x9F@example.org", "ss@example.org", 0 },
        { "\xC4\xB1@example.org", "i@example.org", 0 },
        { "m\xC4\xB1ke@example.org", "mike@example.org", 0 },
        { "\xD0\xB0@example.org", "a@example.org", 0 },     /* Cyrillic a */
        { "a@\xD0\xB0pple.com", "a@apple.com", 0 },
        { "\xC3\xA9@example.org", "e@example.org", 0 },
        { "mike@example.org", "mi\xE2\x84\xAA" "e@example.org", 0 },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_int(pwr_addr_same(pool, table[i].a, table[i].b), table[i].same,
                "%s and %s", pwr_text_printable(pool, table[i].a, 60),
                pwr_text_printable(pool, table[i].b, 60));
        tap_int(pwr_addr_same(pool, table[i].b, table[i].a), table[i].same,
                "and the other way round");
    }
}

static void test_letters(apr_pool_t *pool)
{
    static const struct { const char *in, *out; } table[] = {
        { "a@" POCHTA_ASCII,
          "a@\xD0\xBF\xD0\xBE\xD1\x87\xD1\x82\xD0\xB0.\xD1\x80\xD1\x84" },
        { "\xD0\xB0.B@mail.xn--a-9fa.de",
          "\xD0\xB0.B@mail.\xC3\xA9" "a.de" },
        { "a@example.org", NULL },
        { "a@xn--.com", NULL },
        { "a@", NULL },
        { "a", NULL },
        { "", NULL },
        { NULL, NULL },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
        tap_str(pwr_addr_in_letters(pool, table[i].in), table[i].out,
                "in letters: %s", pwr_text_printable(pool, table[i].in, 60));
        tap_ok(!table[i].out || pwr_addr_same(pool, table[i].in, table[i].out),
               "which is the same");
    }
}

/* 64 + 1 + 189 bytes are the longest address there is. */
static void test_sizes(apr_pool_t *pool)
{
    const char *longest = A63 "a@" A63 "." A63 "." A61;
    const char *longer = A63 "a@" A63 "." A63 "." A61 "a";
    char *huge = apr_palloc(pool, 1000001);

    tap_int((long long)strlen(longest), 254, "the longest has 254 bytes");
    tap_str(pwr_addr_mailbox(pool, longest), longest, "254 bytes");
    tap_str(pwr_addr_mailbox(pool, longer), NULL, "255 bytes");
    memset(huge, ' ', 1000);
    memcpy(huge + 1000, "a@example.org\r\n         ", 25);
    tap_str(pwr_addr_mailbox(pool, huge), "a@example.org",
            "1024 bytes as typed");
    huge[1024] = ' ';
    huge[1025] = '\0';
    tap_str(pwr_addr_mailbox(pool, huge), NULL, "1025 bytes as typed");
    for (size_t i = 0; i < 1000000; i++) {
        huge[i] = "a.@"[i % 3];
    }
    huge[1000000] = '\0';
    tap_str(pwr_addr_canonical(pool, huge), NULL, "a million bytes");
    memset(huge, ' ', 1000000);
    tap_str(pwr_addr_canonical(pool, huge), NULL, "a million blanks");
    tap_str(pwr_addr_canonical(pool, apr_pstrcat(pool, huge, "a@b.cd", NULL)),
            NULL, "blanks in front do not hide the size");
}

int main(void)
{
    apr_pool_t *pool = tap_begin();

    test_accepted(pool);
    test_refused(pool);
    test_same(pool);
    test_letters(pool);
    test_sizes(pool);
    return tap_end();
}
