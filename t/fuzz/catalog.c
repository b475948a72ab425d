/* SPDX-License-Identifier: Apache-2.0 */
/* .po files, and sentences folded. */
#include "core/catalog.h"
#include "core/text.h"

#include "fuzz.h"

#define SENTENCE_MAX 1000

static const char *folded(apr_pool_t *pool, const char *text)
{
    size_t size = strlen(text) + 1, len;
    char *out = apr_palloc(pool, size);

    len = pwr_catalog_fold(out, size, text, size - 1);
    FUZZ_CLAIM(len < size && strlen(out) == len);
    return out;
}

static void look_fold(apr_pool_t *pool, const char *text)
{
    const char *once = folded(pool, text);
    char start[8];
    size_t len = pwr_catalog_fold(start, sizeof(start), text, strlen(text));

    FUZZ_CLAIM(fuzz_same(folded(pool, once), once));
    FUZZ_CLAIM(!strstr(once, "  ") && !strpbrk(once, "\t\n\v\f\r"));
    FUZZ_CLAIM(len == strlen(once) && strlen(start) < sizeof(start)
               && strncmp(start, once, strlen(start)) == 0);
}

static const char *quoted(apr_pool_t *pool, const char *text)
{
    char *out = apr_palloc(pool, 2 * strlen(text) + 3), *p = out;

    *p++ = '"';
    for (; *text; text++) {
        if (strchr("\n\t\"\\", *text)) {
            *p++ = '\\';
        }
        *p++ = *text == '\n' ? 'n' : *text == '\t' ? 't' : *text;
    }
    *p++ = '"';
    *p = '\0';
    return out;
}

/* A sentence and its translation written into a file are found in it. */
static void look_written(apr_pool_t *pool, const char *english,
                         const char *translation)
{
    const pwr_catalog *catalog;
    const char *file;

    if (!pwr_text_is_utf8(english, strlen(english))
        || !pwr_text_is_utf8(translation, strlen(translation))
        || !*folded(pool, english) || !*translation
        || strlen(english) > SENTENCE_MAX) {
        return;
    }
    file = apr_pstrcat(pool, "msgid ", quoted(pool, english), "\nmsgstr \"\"\n",
                       quoted(pool, translation), "\n", NULL);
    FUZZ_CLAIM(!pwr_catalog_parse(pool, "po", file, &catalog));
    FUZZ_CLAIM(fuzz_same(pwr_catalog_get(catalog, english), translation));
    FUZZ_CLAIM(fuzz_same(pwr_catalog_get(catalog, folded(pool, english)),
                         translation));
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    const char *text = fuzz_text(pool, &in), *english = fuzz_text(pool, &in);
    const pwr_catalog *catalog = NULL;
    const char *problem = pwr_catalog_parse(pool, "po", text, &catalog);

    FUZZ_CLAIM((problem == NULL) == (catalog != NULL));
    FUZZ_CLAIM(!problem || (strncmp(problem, "po line ", 8) == 0
                            && pwr_text_is_plain(problem)));
    FUZZ_CLAIM(*english == '\0' || *pwr_catalog_get(catalog, english));
    look_fold(pool, text);
    look_written(pool, english, text);
}
