/* SPDX-License-Identifier: Apache-2.0 */
/* What a site looks like: files of PwResetTemplates in the place of the shipped
 * ones, PwResetColor as a second stylesheet, PwResetLogo. */
#include "flow/site_parts.h"

#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "core/crypto.h"
#include "core/text.h"

#define FOLDER "assets/"
#define STYLE FOLDER "pwreset.css"
#define ICON FOLDER "icon.svg"
#define COLORS FOLDER "colors.css"
#define LOGO FOLDER "logo"
#define LOGO_NIGHT FOLDER "logo-night"
#define LOGO_BYTES_MAX (256 * 1024)
#define ETAG_DIGITS 16

/* One of the site's own; what it is called is not copied. */
static const char *add(const pwr_maker *m, apr_array_header_t *assets,
                       const char *path, const char *bytes, size_t len)
{
    pwr_builtin *asset = apr_array_push(assets);
    char digest[PWR_DIGEST_HEX + 1];

    if (pwr_crypto_content(digest, bytes, len) != APR_SUCCESS) {
        return "PwReset: no SHA-256: OpenSSL is out of memory, or its "
               "configuration forbids it";
    }
    digest[ETAG_DIGITS] = '\0';
    *asset = (pwr_builtin){ path, bytes, len,
                            apr_pstrcat(m->pool, "\"", digest, "\"", NULL) };
    return NULL;
}

/* The admin's files in the place of shipped ones. */
static const char *add_overrides(const pwr_maker *m,
                                 apr_array_header_t *assets)
{
    const char *error = NULL;

    for (const pwr_builtin *b = pwr_builtins; !error && b->path
         && m->conf->templates[0]; b++) {
        pwr_file file = { NULL, 0, NULL };

        if (strncmp(b->path, FOLDER, strlen(FOLDER)) != 0) {
            continue;
        }
        error = pwr_maker_override(m, b->path, &file);
        if (error) {
            error = pwr_maker_blame(m, "PwResetTemplates", error);
        }
        if (file.bytes) {
            error = add(m, assets, b->path, file.bytes, file.len);
        }
    }
    return error;
}

static const pwr_builtin *find(const apr_array_header_t *assets,
                               const char *path)
{
    for (int i = 0; i < assets->nelts; i++) {
        const pwr_builtin *own = &APR_ARRAY_IDX(assets, i, pwr_builtin);

        if (strcmp(own->path, path) == 0) {
            return own;
        }
    }
    return pwr_builtin_find(path);
}

/* ---- colours ---- */

static const char *hue_of(apr_pool_t *pool, const pwr_palette *palette,
                          pwr_hue hue)
{
    return pwr_color_show(pool, palette->color[PWR_DAY][hue]);
}

/* Mails, and the shipped picture, do not have the admin's stylesheet. */
static void color_mails(const pwr_maker *m, pwr_site *site)
{
    pwr_palette palette = m->conf->color;

    pwr_palette_complete(&palette, pwr_builtin_find(STYLE)->bytes);
    site->accent = hue_of(m->pool, &palette, PWR_HUE_ACCENT);
    site->on_accent = hue_of(m->pool, &palette, PWR_HUE_ON_ACCENT);
}

/* The admin's own stays. */
static const char *color_icon(const pwr_maker *m, apr_array_header_t *assets,
                              const char *accent)
{
    const pwr_builtin *icon = pwr_builtin_find(ICON);
    pwr_palette shipped = { 0 };
    const char *bytes;

    if (find(assets, ICON) != icon) {
        return NULL;
    }
    pwr_palette_complete(&shipped, pwr_builtin_find(STYLE)->bytes);
    bytes = pwr_text_replace(m->pool, icon->bytes,
                             hue_of(m->pool, &shipped, PWR_HUE_ACCENT),
                             accent);
    return add(m, assets, ICON, bytes, strlen(bytes));
}

static void complain(const pwr_maker *m, const pwr_palette *palette)
{
    const char *complaint;
    int at = 0;

    while (m->strict && (complaint = pwr_palette_complaint(m->pool, palette,
                                                           &at))) {
        pwr_diag_log(m->diag, PWR_LEVEL_WARNING, 0, "PWR0402",
                     "PwResetColor: %s: some people cannot read that",
                     complaint);
    }
}

static const char *add_colors(const pwr_maker *m, apr_array_header_t *assets,
                              pwr_site *site)
{
    pwr_palette palette = m->conf->color;
    const char *css, *error;

    color_mails(m, site);
    pwr_palette_complete(&palette, find(assets, STYLE)->bytes);
    css = pwr_palette_css(m->pool, &palette);
    if (!css) {
        return NULL;
    }
    complain(m, &palette);
    site->style_brand = COLORS;
    error = add(m, assets, COLORS, css, strlen(css));
    return error ? error : color_icon(m, assets, site->accent);
}

/* ---- kinds of files ---- */

/* By its name, and what a picture must begin with or hold; else NULL. */
static const struct kind {
    const char *suffix, *type;
    const char *begins, *holds;
} kinds[] = {
    { ".css", "text/css; charset=utf-8", NULL, NULL },
    { ".js", "text/javascript; charset=utf-8", NULL, NULL },
    { ".svg", "image/svg+xml", "", "<svg" },
    { ".png", "image/png", "\x89PNG\r\n\x1A\n", "" },
    { ".jpg", "image/jpeg", "\xFF\xD8\xFF", "" },
    { ".jpeg", "image/jpeg", "\xFF\xD8\xFF", "" },
    { ".webp", "image/webp", "RIFF", "" },
    { NULL, "application/octet-stream", NULL, NULL }
};

static const struct kind *kind_of(const char *path)
{
    const char *suffix = strrchr(path, '.');
    const struct kind *kind = kinds;

    while (kind->suffix && !pwr_text_same(kind->suffix, suffix)) {
        kind++;
    }
    return kind;
}

const char *pwr_site_asset_type(const char *path)
{
    return kind_of(path)->type;
}

/* ---- the logo ---- */

/* Read it; a sentence when that is no picture to be trusted. */
static const char *read_logo(const pwr_maker *m, const char *path,
                             const struct kind *kind, pwr_file *file)
{
    /* httpd has made it absolute. */
    const char *name = strrchr(path, '/');
    const char *folder = !name ? "." : name == path ? "/"
        : apr_pstrmemdup(m->pool, path, (size_t)(name - path));

    if (!kind->begins) {
        return "it is no .svg, .png, .jpg or .webp";
    }
    if (pwr_file_read_trusted(m->pool, folder, m->conf->templates[1],
                              name ? name + 1 : path, file)
        != APR_SUCCESS) {
        return file->reason;
    }
    if (file->len > LOGO_BYTES_MAX) {
        return "it has more than 256 KB";
    }
    return strncmp(file->bytes, kind->begins, strlen(kind->begins)) == 0
        && strstr(file->bytes, kind->holds) ? NULL
        : "its content is not what its name says";
}

static const char *add_logo(const pwr_maker *m, apr_array_header_t *assets,
                            const char *path, const char *name,
                            const char **out)
{
    const struct kind *kind;
    const char *error;
    pwr_file file;

    if (!path) {
        return NULL;
    }
    kind = kind_of(path);
    error = read_logo(m, path, kind, &file);
    if (error) {
        return pwr_maker_blame(m, "PwResetLogo",
                               apr_psprintf(m->pool, "%s cannot be used: %s",
                                            path, error));
    }
    *out = apr_pstrcat(m->pool, name, kind->suffix, NULL);
    return add(m, assets, *out, file.bytes, file.len);
}

const char *pwr_brand_make(const pwr_maker *m, pwr_site *site)
{
    apr_array_header_t *assets = apr_array_make(m->pool, 1,
                                                sizeof(pwr_builtin));
    const char *const *logo = m->conf->logo;
    const char *error;

    if ((error = add_overrides(m, assets))
        || (error = add_colors(m, assets, site))
        || (error = add_logo(m, assets, logo[0], LOGO, &site->logo))) {
        return error;
    }
    /* Of a pair, half is nothing. */
    if (site->logo) {
        error = add_logo(m, assets, logo[1], LOGO_NIGHT, &site->logo_night);
    }
    *(pwr_builtin *)apr_array_push(assets) = (pwr_builtin){ .path = NULL };
    site->assets = (const pwr_builtin *)assets->elts;
    return error;
}
