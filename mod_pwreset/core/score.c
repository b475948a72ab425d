/* SPDX-License-Identifier: Apache-2.0 */
#include "core/score.h"

#include <apr_strings.h>
#include <openssl/crypto.h>
#include <unistr.h>
#include <zxcvbn.h>

#include "core/person.h"

#define LOG10_2 0.30102999566398120
#define SCORED_BYTES_MAX 64

/* zxcvbn's own limits for its score of 0 to 4, as powers of ten. */
static int score_of(double bits)
{
    static const double limits[] = { 3, 6, 8, 10 };
    int score = 0;

    while (score < 4 && bits * LOG10_2 >= limits[score]) {
        score++;
    }
    return score;
}

/* The beginning decides: zxcvbn takes the time of the cubed length. */
static int text_score(const char *text, const char **dictionary)
{
    char part[SCORED_BYTES_MAX + 1];
    int score;

    apr_cpystrn(part, text, sizeof(part));
    score = score_of(ZxcvbnMatch(part, dictionary, NULL));
    OPENSSL_cleanse(part, sizeof(part));
    return score;
}

/* zxcvbn takes Cyrillic for random bytes, hence the second look. */
int pwr_score_of(apr_pool_t *pool, const char *password,
                 const pwr_forms *forms, const pwr_words *common,
                 const apr_array_header_t *own_words)
{
    const uint32_t *latin = forms->points[PWR_LAYOUT_LATIN];
    const char **dictionary = pwr_words_dictionary(
        pool, common, forms, pwr_person_texts(pool, own_words));
    char keys[SCORED_BYTES_MAX + 1];
    int score = text_score(password, dictionary), latin_score;

    if (u32_cmp(latin, forms->points[PWR_LAYOUT_FOLDED], forms->n) == 0) {
        return score;
    }
    pwr_keyboard_encode(latin, forms->n, keys, sizeof(keys));
    latin_score = text_score(keys, dictionary);
    OPENSSL_cleanse(keys, sizeof(keys));
    return latin_score < score ? latin_score : score;
}
