/* SPDX-License-Identifier: Apache-2.0 */
#include "core/words.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>
#include <apr_tables.h>
#include <unictype.h>

#include "core/crypto.h"
#include "core/keyboard.h"
#include "core/text.h"

/* Up to this length a repeated part is refused unlisted: seven characters
 * typed twice are guessed like seven. */
#define REPEATED_MAX 7
/* Repetitions of listed words are looked for up to this length. */
#define WORD_MAX 32
/* "ert" or "aa" between random digits is nothing that anybody tries. */
#define PATTERN_MIN 4

/* Nine bits for a listed word: four of them are still a good password. */
#define DICTIONARY_RANK 512
#define UNTYPED_WORD "\x01"     /* holds a place, is in no password */

typedef struct word {
    const uint32_t *points;
    size_t n;
    const char *latin;          /* of a listed word */
} word;

struct pwr_words {
    const word *sorted;
    size_t n;
};

static int word_compare(const void *left, const void *right)
{
    const word *a = left, *b = right;

    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (a->points[i] != b->points[i]) {
            return a->points[i] < b->points[i] ? -1 : 1;
        }
    }
    return (a->n > b->n) - (a->n < b->n);
}

static void line_add(apr_array_header_t *words, const char *line, size_t len)
{
    const char *trimmed = pwr_text_trim(
        words->pool, apr_pstrmemdup(words->pool, line, len));
    size_t bytes = strlen(trimmed);
    uint32_t *points;
    word *added;

    if (*trimmed == '#' || bytes == 0) {
        return;
    }
    points = apr_palloc(words->pool, bytes * sizeof(*points));
    added = apr_array_push(words);
    added->n = pwr_keyboard_fold(trimmed, bytes, points);
    added->points = points;
    added->latin = pwr_keyboard_latin(words->pool, points, added->n);
}

const pwr_words *pwr_words_parse(apr_pool_t *pool, const char *text,
                                 const pwr_words *base)
{
    apr_array_header_t *list = apr_array_make(pool, 2048, sizeof(word));
    pwr_words *words = apr_pcalloc(pool, sizeof(*words));

    if (!pwr_text_is_utf8(text, strlen(text))) {
        return NULL;
    }
    for (size_t i = 0; base && i < base->n; i++) {
        APR_ARRAY_PUSH(list, word) = base->sorted[i];
    }
    text = pwr_text_unmarked(text);
    while (*text) {
        size_t len = strcspn(text, "\n");

        line_add(list, text, len);
        text += len + (text[len] == '\n');
    }
    qsort(list->elts, (size_t)list->nelts, sizeof(word), word_compare);
    words->sorted = (const word *)list->elts;
    words->n = (size_t)list->nelts;
    return words;
}

static const word *word_find(const pwr_words *words, word w)
{
    return bsearch(&w, words->sorted, words->n, sizeof(w), word_compare);
}

/* Does the whole consist of its first `period` points, the last time perhaps
 * cut short? */
static int is_repetition(word w, size_t period)
{
    for (size_t i = period; i < w.n; i++) {
        if (w.points[i] != w.points[i - period]) {
            return 0;
        }
    }
    return 1;
}

static int is_walk(word w)
{
    return w.n >= PATTERN_MIN && pwr_keyboard_is_walk(w.points, w.n);
}

static int is_digit(uint32_t point)
{
    return point >= '0' && point <= '9';
}

static word strip_ends(word w)
{
    while (w.n > 0 && !uc_is_property_alphabetic(w.points[0])) {
        w.points++;
        w.n--;
    }
    while (w.n > 0 && !uc_is_property_alphabetic(w.points[w.n - 1])) {
        w.n--;
    }
    return w;
}

static int is_repeated(const pwr_words *words, word w)
{
    for (size_t n = 1; n <= w.n / 2 && n <= WORD_MAX; n++) {
        word part = { .points = w.points, .n = n };

        if (is_repetition(w, n)
            && ((n <= REPEATED_MAX && w.n >= PATTERN_MIN)
                || word_find(words, part)
                || word_find(words, strip_ends(part)))) {
            return 1;
        }
    }
    return 0;
}

/* Letters and digits only: "i love you", "p.a.s.s.w.o.r.d". */
static word run_together(word w, uint32_t *scratch)
{
    word result = { .points = scratch };

    for (size_t i = 0; i < w.n; i++) {
        uint32_t point = w.points[i];

        if (uc_is_property_alphabetic(point) || is_digit(point)) {
            scratch[result.n++] = point;
        }
    }
    return result;
}

static int has_form(const pwr_words *words, word whole, uint32_t *scratch)
{
    word together = run_together(whole, scratch);
    word variants[] = { whole, strip_ends(whole), together,
                        strip_ends(together) };

    for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
        if (word_find(words, variants[i]) || is_repeated(words, variants[i])
            || is_walk(variants[i])) {
            return 1;
        }
    }
    return 0;
}

int pwr_words_has(apr_pool_t *pool, const pwr_words *words,
                  const char *password)
{
    pwr_forms forms;
    uint32_t *scratch;
    int found = 0;

    if (!pwr_keyboard_forms(pool, password, &forms) || forms.n == 0) {
        return 0;
    }
    scratch = pwr_secret_alloc(pool, forms.n * sizeof(*scratch));
    for (int i = 0; !found && i < PWR_LAYOUTS_N; i++) {
        word whole = { .points = forms.points[i], .n = forms.n };

        found = has_form(words, whole, scratch);
    }
    return found;
}

static void contained_add(const pwr_words *words, word w,
                          apr_array_header_t *dictionary)
{
    for (size_t at = 0; at < w.n && at < PWR_WORDS_JUDGED; at++) {
        for (size_t n = PATTERN_MIN; n <= WORD_MAX && at + n <= w.n; n++) {
            word part = { .points = w.points + at, .n = n };
            const word *found = word_find(words, part);

            if (found) {
                APR_ARRAY_PUSH(dictionary, const char *) = found->latin;
            }
        }
    }
}

const char **pwr_words_dictionary(apr_pool_t *pool, const pwr_words *words,
                                  const pwr_forms *password,
                                  const apr_array_header_t *own)
{
    apr_array_header_t *dictionary = apr_array_copy(pool, own);

    for (size_t i = 0; i < DICTIONARY_RANK; i++) {
        APR_ARRAY_PUSH(dictionary, const char *) = UNTYPED_WORD;
    }
    for (int i = 0; words && i < PWR_LAYOUTS_N; i++) {
        word whole = { .points = password->points[i], .n = password->n };

        contained_add(words, whole, dictionary);
    }
    APR_ARRAY_PUSH(dictionary, const char *) = NULL;
    return (const char **)dictionary->elts;
}
