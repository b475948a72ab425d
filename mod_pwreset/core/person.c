/* SPDX-License-Identifier: Apache-2.0 */
#include "core/person.h"

#include <string.h>

#include <unictype.h>
#include <unistr.h>

#define WORD_MIN 4
#define LEN_WHOLE ((size_t)-1)

static int is_word_point(uint32_t point)
{
    return uc_is_property_alphabetic(point)
        || uc_is_general_category(point, UC_CATEGORY_N);
}

static void word_add(apr_array_header_t *words, const uint32_t *points,
                     size_t n)
{
    if (n >= WORD_MIN) {
        APR_ARRAY_PUSH(words, pwr_person_word) = (pwr_person_word){ points, n };
    }
}

/* The whole and, where there are several, its parts. */
static void text_add(apr_array_header_t *words, const char *text, size_t len)
{
    uint32_t *points = apr_palloc(words->pool, (len + 1) * sizeof(*points));
    size_t n = pwr_keyboard_fold(text, len, points), begin = 0;

    word_add(words, points, n);
    for (size_t i = 0; i <= n; i++) {
        if (i == n || !is_word_point(points[i])) {
            if (i - begin < n) {
                word_add(words, points + begin, i - begin);
            }
            begin = i + 1;
        }
    }
}

apr_array_header_t *pwr_person_words(apr_pool_t *pool,
                                     const pwr_policy_person *person)
{
    static const pwr_policy_person nobody;
    const pwr_policy_person *p = person ? person : &nobody;
    const char *dot = p->site_host ? strrchr(p->site_host, '.') : NULL;
    const struct { const char *text; size_t len; } sources[] = {
        { p->login, LEN_WHOLE },
        { p->email, LEN_WHOLE },
        { p->email, p->email ? strcspn(p->email, "@") : 0 },
        { p->name, LEN_WHOLE },
        { p->site_name, LEN_WHOLE },
        { p->site_host, dot ? (size_t)(dot - p->site_host) : LEN_WHOLE },
    };
    apr_array_header_t *words = apr_array_make(pool, 8,
                                               sizeof(pwr_person_word));

    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
        const char *text = sources[i].text;

        if (text) {
            text_add(words, text, sources[i].len == LEN_WHOLE
                                      ? strlen(text) : sources[i].len);
        }
    }
    return words;
}

/* Mark every place where the word occurs in `points`. */
static void word_mark(pwr_person_word w, const uint32_t *points, size_t n,
                      char *marks)
{
    for (size_t at = 0; at + w.n <= n; at++) {
        if (u32_cmp(points + at, w.points, w.n) == 0) {
            memset(marks + at, 1, w.n);
        }
    }
}

size_t pwr_person_rest(apr_pool_t *pool, const apr_array_header_t *words,
                       const pwr_forms *password)
{
    size_t fewest = password->n;

    for (int form = 0; form < PWR_LAYOUTS_N; form++) {
        char *marks = apr_pcalloc(pool, password->n + 1);
        size_t rest = 0;

        for (int i = 0; i < words->nelts; i++) {
            word_mark(APR_ARRAY_IDX(words, i, pwr_person_word),
                      password->points[form], password->n, marks);
        }
        for (size_t i = 0; i < password->n; i++) {
            rest += !marks[i];
        }
        fewest = rest < fewest ? rest : fewest;
    }
    return fewest;
}

apr_array_header_t *pwr_person_texts(apr_pool_t *pool,
                                     const apr_array_header_t *words)
{
    apr_array_header_t *texts = apr_array_make(pool, 2 * words->nelts + 1,
                                               sizeof(char *));

    for (int i = 0; i < words->nelts; i++) {
        pwr_person_word w = APR_ARRAY_IDX(words, i, pwr_person_word);
        size_t size = PWR_UTF8_WIDTH_MAX * w.n + 1;
        char *text = apr_palloc(pool, size);

        pwr_keyboard_encode(w.points, w.n, text, size);
        APR_ARRAY_PUSH(texts, const char *) = text;
        APR_ARRAY_PUSH(texts, const char *) =
            pwr_keyboard_latin(pool, w.points, w.n);
    }
    return texts;
}
