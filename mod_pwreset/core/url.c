/* SPDX-License-Identifier: Apache-2.0 */
#include "core/url.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <idn2.h>
#include <unicase.h>
#include <unistr.h>

#include "core/encoded.h"
#include "core/text.h"

#define LOCAL_BYTES_MAX 2000
#define HOST_BYTES_MAX 1024         /* as typed: UTF-8, before Punycode */
#define LABEL_BYTES_MAX 63
#define PORT_MAX 65535
#define UTF8_BYTES_MAX 4

static const char host_help[] =
    "the host is neither a name, an IPv4 address nor an IPv6 address in []";

typedef struct scheme_row {
    const char *name;
    const char *start;
    int port;
} scheme_row;

static const scheme_row schemes[] = {
    { "https", "https://", 443 },
    { "http", "http://", 80 },
    { NULL, NULL, 0 }
};

/* The byte that "%HH" at `p` stands for; -1 when it is none. */
static int escaped(const char *p, const char *end)
{
    return end - p < 3 || *p != '%' ? -1 : pwr_encoded_hex_byte(p + 1);
}

int pwr_url_decode(char *bytes, size_t len, size_t *decoded_len)
{
    const char *end = bytes + len;
    char *to = bytes;

    *decoded_len = 0;
    for (const char *p = bytes; p < end; p++) {
        int byte = (unsigned char)*p;

        if (byte == '%') {
            byte = escaped(p, end);
            if (byte < 0) {
                return 0;
            }
            p += 2;
        }
        *to++ = (char)byte;
    }
    *decoded_len = (size_t)(to - bytes);
    return 1;
}

/* The letter in lower case, as IDNA2008 wants it and as browsers do (RFC
 * 5895).  None may become ASCII by it: "i with dot above" has "i" as its lower
 * case.  Of Cherokee's letters IDNA2008 has the capitals (RFC 5892 2.2 folds,
 * and Unicode folds these upwards). */
static ucs4_t fold_letter(ucs4_t point)
{
    ucs4_t lower = uc_tolower(point);

    return (point >= 0x80 && lower < 0x80)
        || (point >= 0x13A0 && point <= 0x13F5) ? point : lower;
}

static char *fold_host(apr_pool_t *pool, const char *host)
{
    size_t left = strlen(host);
    const uint8_t *p = (const uint8_t *)host;
    uint8_t *out = apr_palloc(pool, UTF8_BYTES_MAX * left + 1), *to = out;

    while (left > 0) {
        ucs4_t point;
        int width = u8_mbtouc(&point, p, left);

        to += u8_uctomb(to, fold_letter(point), UTF8_BYTES_MAX);
        p += width;
        left -= (size_t)width;
    }
    *to = '\0';
    return (char *)out;
}

/* Letters, digits and inner hyphens (RFC 1123 2.1).  In lower case, because
 * what NFC made of a Kelvin sign is a capital K and no letter of a host. */
static int is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_BYTES_MAX || *label == '-'
        || label[len - 1] == '-') {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        if (!apr_isdigit(label[i]) && label[i] != '-'
            && !(label[i] >= 'a' && label[i] <= 'z')) {
            return 0;
        }
    }
    return 1;
}

/* Browsers read a host with such a last label as an IPv4 address, in octal,
 * hex or with parts left out (WHATWG URL 3.5, "ends in a number"). */
static int is_number(const char *label)
{
    if (strncmp(label, "0x", 2) == 0) {
        return label[2 + strspn(label + 2, "0123456789abcdef")] == '\0';
    }
    return label[strspn(label, "0123456789")] == '\0';
}

static int is_host(const char *host)
{
    const char *label = host, *dot;

    while ((dot = strchr(label, '.')) != NULL) {
        if (!is_label(label, (size_t)(dot - label))) {
            return 0;
        }
        label = dot + 1;
    }
    return is_label(label, strlen(label)) && !is_number(label);
}

const char *pwr_url_host(apr_pool_t *pool, const char *text)
{
    size_t len = text ? strlen(text) : 0;
    uint8_t *ascii = NULL;
    const char *host;

    if (len == 0 || len > HOST_BYTES_MAX || !pwr_text_is_utf8(text, len)) {
        return NULL;
    }
    /* libidn2 holds the limit of the whole name (253 bytes as A-labels).
     * TR46 is off: its mapping makes ASCII of full-width look-alikes and of
     * other dots, so that a filter and we would read different hosts. */
    if (idn2_lookup_u8((const uint8_t *)fold_host(pool, text), &ascii,
                       IDN2_NFC_INPUT | IDN2_NO_TR46) != IDN2_OK) {
        return NULL;
    }
    host = apr_pstrdup(pool, (const char *)ascii);
    idn2_free(ascii);
    return is_host(host) ? host : NULL;
}

/* The address between the brackets as browsers write it. Forms that hold an
 * IPv4 address are left out, because programs differ in writing those. */
static const char *ip6_host(apr_pool_t *pool, const char *text)
{
    char shown[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET6, text, bytes) != 1
        || !inet_ntop(AF_INET6, bytes, shown, sizeof(shown))
        || strchr(shown, '.')) {
        return NULL;
    }
    return apr_pstrcat(pool, "[", shown, "]", NULL);
}

static const char *parse_port(const char *text, int *port)
{
    long value = strtol(text, NULL, 10);

    if (text[strspn(text, "0123456789")] != '\0' || *text == '0'
        || value < 1 || value > PORT_MAX) {
        return "the port is not a number from 1 to 65535";
    }
    *port = (int)value;
    return NULL;
}

static const char *parse_host(apr_pool_t *pool, char *authority, pwr_url *url)
{
    unsigned char ip4[sizeof(struct in_addr)];
    char *port = strrchr(authority, ':');
    char *bracket = strchr(authority, ']');

    if (*authority == '[' && bracket) {
        port = bracket[1] ? bracket + 1 : NULL;
        *bracket = '\0';
        url->host = ip6_host(pool, authority + 1);
        if (port && *port != ':') {
            return host_help;
        }
    }
    else {
        if (port) {
            *port = '\0';
        }
        url->host = inet_pton(AF_INET, authority, ip4) == 1
                        ? authority : pwr_url_host(pool, authority);
    }
    if (!url->host) {
        return host_help;
    }
    return port ? parse_port(port + 1, &url->port) : NULL;
}

/* What follows the scheme, without the host and port at its start. */
static const char *judge_rest(const char *authority, const char *rest)
{
    if (memchr(authority, '@', (size_t)(rest - authority))) {
        return "it holds a user name: leave out what stands before the @";
    }
    if (strchr(rest, '?') || strchr(rest, '#')) {
        return "it holds a query or a fragment: end it after the host and port";
    }
    if (*rest != '\0' && strcmp(rest, "/") != 0) {
        return "it holds a path: end it after the host and port"
               " (PwResetBase says under which path the pages are)";
    }
    return NULL;
}

const char *pwr_url_parse(apr_pool_t *pool, const char *text, pwr_url *url)
{
    const scheme_row *scheme = schemes;
    const char *authority, *rest, *error;
    pwr_url parsed = { NULL, NULL, 0, NULL };

    *url = parsed;
    while (scheme->name && apr_cstr_casecmpn(text, scheme->start,
                                             strlen(scheme->start)) != 0) {
        scheme++;
    }
    if (!scheme->name) {
        return "it does not begin with https:// or http://";
    }
    authority = text + strlen(scheme->start);
    rest = authority + strcspn(authority, "/\\?#");
    error = judge_rest(authority, rest);
    if (error) {
        return error;
    }
    parsed.scheme = scheme->name;
    parsed.port = scheme->port;
    error = parse_host(pool, apr_pstrmemdup(pool, authority,
                                            (size_t)(rest - authority)),
                       &parsed);
    if (error) {
        return error;
    }
    parsed.origin = apr_pstrcat(pool, scheme->start, parsed.host,
                                parsed.port == scheme->port ? ""
                                    : apr_psprintf(pool, ":%d", parsed.port),
                                NULL);
    *url = parsed;
    return NULL;
}

/* No byte that a browser drops, turns into another, or never sends: blanks,
 * controls, what is not ASCII, the backslash it takes for a slash. */
static int is_uri_text(const char *s)
{
    for (; *s; s++) {
        if (!apr_isgraph(*s) || (unsigned char)*s >= 0x80
            || strchr("\\\"<>", *s)) {
            return 0;
        }
    }
    return 1;
}

/* Does a path segment of `len` bytes read "." or "..", also as %2e? */
static int is_dots(const char *segment, size_t len)
{
    const char *p = segment, *end = segment + len;
    int dots_n = 0;

    while (p < end) {
        if (*p != '.' && escaped(p, end) != '.') {
            return 0;
        }
        p += *p == '.' ? 1 : 3;
        dots_n++;
    }
    return dots_n == 1 || dots_n == 2;
}

/* Length of the path segment at `p`.  An escaped slash or backslash ends it
 * too, for somebody who decodes a path before he tidies it up. */
static size_t segment_len(const char *p, const char *end)
{
    size_t len = 0;

    while (p + len < end && p[len] != '/') {
        int byte = escaped(p + len, end);

        if (byte == '/' || byte == '\\') {
            break;
        }
        len++;
    }
    return len;
}

/* The path without its first slash.  Escapes that become a control character,
 * and dot segments, which no browser sends and which turn "/x/..//evil" into
 * "//evil" where somebody tidies paths up. */
static int is_safe_path(const char *path, const char *end)
{
    for (const char *p = path; p < end; p++) {
        int byte = escaped(p, end);

        if (*p == '%' && (byte < 0x20 || byte == 0x7F)) {
            return 0;
        }
    }
    while (path < end) {
        size_t len = segment_len(path, end);

        if (is_dots(path, len)) {
            return 0;
        }
        path += len;
        if (path < end) {
            path += *path == '/' ? 1 : 3;
        }
    }
    return 1;
}

int pwr_url_is_local(const char *target)
{
    const char *path, *end;
    int first;

    if (!target || *target != '/' || strlen(target) > LOCAL_BYTES_MAX
        || !is_uri_text(target)) {
        return 0;
    }
    path = target + 1;
    end = path + strcspn(path, "?#");
    first = *path == '%' ? escaped(path, end) : *path;
    /* With one of these after the slash it is "//host" to somebody: to a
     * browser, or behind a proxy that decodes once too often. */
    if (path < end && (first < 0 || strchr("/\\@%", first))) {
        return 0;
    }
    return is_safe_path(path, end);
}

const char *pwr_url_with(apr_pool_t *pool, const char *path, const char *name,
                         const char *value)
{
    size_t len = strcspn(path, "#");
    int has_query = memchr(path, '?', len) != NULL;

    if (!value) {
        return path;
    }
    return apr_pstrcat(pool, apr_pstrmemdup(pool, path, len),
                       has_query ? "&" : "?", name, "=",
                       pwr_text_urlencode(pool, value), path + len, NULL);
}
