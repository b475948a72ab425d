/* SPDX-License-Identifier: Apache-2.0 */
/* A whole mail: its fields, its parts, and the text that comes out of them. */
#include "core/mime.h"

#include "core/addr.h"
#include "core/text.h"
#include "fuzz.h"

static const char *const names[] = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version",
    "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language",
    "Content-Type", "Content-Transfer-Encoding", NULL
};

/* Fields of the head in our order, none twice: nothing was slipped in.
 * Returns the body. */
static const char *look_head(const char *mail)
{
    const char *const *name = names;

    for (; *mail != '\n'; mail = strchr(mail, '\n') + 1) {
        size_t len = strcspn(mail, ":\n");

        FUZZ_CLAIM(strchr(mail, '\n'));
        if (*mail == ' ') {
            continue;
        }
        while (*name && (strlen(*name) != len
                         || strncmp(*name, mail, len) != 0)) {
            name++;
        }
        FUZZ_CLAIM(*name && mail[len] == ':');
        name++;
    }
    return mail + 1;
}

/* RFC 2045 6.7; the body is ASCII in lines of at most 998 bytes, no line
 * begins with a dot or "From ". */
static char *unquoted(apr_pool_t *pool, const char *body, const char *end)
{
    char *out = apr_palloc(pool, (size_t)(end - body) + 1), *to = out;
    size_t column = 0;

    for (const char *p = body; p < end; p++) {
        char hex[3] = { 0 };

        column = *p == '\n' ? 0 : column + 1;
        FUZZ_CLAIM(column <= 998 && ((*p >= ' ' && *p <= '~') || *p == '\n'
                                     || *p == '\t'));
        FUZZ_CLAIM(column != 1 || (*p != '.' && strncmp(p, "From ", 5) != 0));
        FUZZ_CLAIM(*p != '\n' || p == body || !strchr(" \t", p[-1]));
        if (*p != '=') {
            *to++ = *p;
            continue;
        }
        p++;
        if (*p == '\n') {
            column = 0;
            continue;
        }
        FUZZ_CLAIM(strspn(p, "0123456789ABCDEF") >= 2);
        memcpy(hex, p, 2);
        *to++ = (char)strtol(hex, NULL, 16);
        p++;
        column += 2;
    }
    *to = '\0';
    return out;
}

/* `text` with line feeds at the ends of all lines and nothing else there. */
static char *lines_of(apr_pool_t *pool, const char *text)
{
    char *out = apr_palloc(pool, strlen(text) + 2), *to = out;

    for (; *text; text++) {
        if (*text != '\r' || text[1] != '\n') {
            *to++ = *text;
        }
    }
    if (to == out || to[-1] != '\n') {
        to -= to > out && to[-1] == '\r';
        *to++ = '\n';
    }
    *to = '\0';
    return out;
}

static const char *look_part(apr_pool_t *pool, const char *part,
                             const char *boundary, const char *text)
{
    const char *body = strstr(part, "\n\n"), *end;

    FUZZ_CLAIM(body);
    body += 2;
    end = boundary ? strstr(body, boundary) : body + strlen(body);
    FUZZ_CLAIM(end);
    FUZZ_CLAIM(fuzz_same(unquoted(pool, body, end), lines_of(pool, text)));
    return end + (boundary ? strlen(boundary) : 0);
}

static void look(apr_pool_t *pool, const pwr_message *m, const char *mail)
{
    const char *boundary = m->html
        ? apr_pstrcat(pool, "\n--=_", m->id, NULL) : NULL;
    const char *body = look_head(mail);

    FUZZ_CLAIM(strstr(mail, apr_pstrcat(pool, "\nTo: ", m->to, "\n", NULL)));
    if (!m->html) {
        FUZZ_CLAIM(fuzz_same(unquoted(pool, body, body + strlen(body)),
                             lines_of(pool, m->text)));
        return;
    }
    body = strstr(body - 1, boundary);
    FUZZ_CLAIM(body);
    body = look_part(pool, body + strlen(boundary), boundary, m->text);
    FUZZ_CLAIM(*body == '\n');
    body = look_part(pool, body, boundary, m->html);
    FUZZ_CLAIM(fuzz_same(body, "--\n"));
}

/* An input: text, html, from, to, subject, id, language, date, name. */
static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    pwr_message m = { .text = fuzz_text(pool, &in) };
    const char *mail, *again;
    size_t len, again_len;

    m.html = fuzz_text(pool, &in);
    m.html = *m.html ? m.html : NULL;
    m.from = fuzz_text(pool, &in);
    m.to = fuzz_text(pool, &in);
    m.subject = fuzz_text(pool, &in);
    m.id = fuzz_text(pool, &in);
    m.language = fuzz_text(pool, &in);
    m.language = *m.language ? m.language : NULL;
    m.date_epoch_sec = apr_atoi64(fuzz_text(pool, &in));
    m.from_name = fuzz_text_or_null(pool, &in);
    if (pwr_mime_render(pool, &m, &mail, &len) != APR_SUCCESS) {
        FUZZ_CLAIM(!mail && len == 0);
        FUZZ_CLAIM(!pwr_text_is_utf8(m.text, strlen(m.text)) || !*m.text
                   || !pwr_addr_mailbox(pool, m.to) || m.html || m.from_name
                   || !fuzz_same(pwr_addr_mailbox(pool, m.from), m.from)
                   || !fuzz_same(pwr_addr_mailbox(pool, m.to), m.to)
                   || strlen(m.id) != 32 || m.language || m.date_epoch_sec
                   || !*m.subject || !pwr_text_is_plain(m.subject)
                   || !pwr_text_is_utf8(m.subject, strlen(m.subject))
                   || strspn(m.id, "0123456789abcdef") < 32);
        return;
    }
    FUZZ_CLAIM(len == strlen(mail));
    look(pool, &m, mail);
    FUZZ_CLAIM(pwr_mime_render(pool, &m, &again, &again_len) == APR_SUCCESS);
    FUZZ_CLAIM(fuzz_same(mail, again) && len == again_len);
}
