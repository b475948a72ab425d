/* SPDX-License-Identifier: Apache-2.0 */
/* The control string as people type it. */
#include "core/token.h"

#include "fuzz.h"

static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void look_read(apr_pool_t *pool, const char *bare)
{
    char again[PWR_TOKEN_LEN + 1];

    FUZZ_CLAIM(strlen(bare) == PWR_TOKEN_LEN
               && strspn(bare, symbols) == PWR_TOKEN_LEN);
    FUZZ_CLAIM(pwr_token_read(again, pwr_token_show(pool, bare))
               == PWR_TOKEN_READ);
    FUZZ_CLAIM(strcmp(again, bare) == 0);
}

/* One wrong symbol in what we show is a typing mistake, always. */
static void look_wrong(apr_pool_t *pool, const char *bare, unsigned which)
{
    char out[PWR_TOKEN_LEN + 1];
    char *wrong = apr_pstrdup(pool, bare);
    char *place = wrong + which % PWR_TOKEN_LEN;
    char was = *place;

    for (const char *symbol = symbols; *symbol; symbol++) {
        *place = *symbol;
        FUZZ_CLAIM(*symbol == was || pwr_token_read(out, wrong)
                                         == PWR_TOKEN_MISTYPED);
    }
}

/* Of the bytes a string is made of; what was typed stands around it as the
 * text of a mail would, on lines of its own. */
static void look_made(apr_pool_t *pool, const char *random, const char *typed)
{
    char bare[PWR_TOKEN_LEN + 1], out[PWR_TOKEN_LEN + 1];
    const char *shown;

    pwr_token_make(bare, (const unsigned char *)random);
    look_read(pool, bare);
    look_wrong(pool, bare, (unsigned char)random[0]);
    shown = pwr_token_show(pool, bare);
    if (strspn(typed, " \t\n.:!?,;") == strlen(typed)) {
        FUZZ_CLAIM(pwr_token_read(out, apr_pstrcat(pool, typed, shown, typed,
                                                   NULL))
                   == PWR_TOKEN_READ);
        FUZZ_CLAIM(strcmp(out, bare) == 0);
    }
}

static void fuzz_one(apr_pool_t *pool, fuzz_input in)
{
    char out[PWR_TOKEN_LEN + 1], spaced[PWR_TOKEN_LEN + 1];
    const char *all = in.bytes, *typed;
    size_t all_len = in.len;
    pwr_token_reading reading;

    FUZZ_CLAIM(pwr_token_read(out, NULL) == PWR_TOKEN_EMPTY);
    typed = fuzz_text(pool, &in);
    reading = pwr_token_read(out, typed);
    FUZZ_CLAIM((reading == PWR_TOKEN_READ) == (*out != '\0'));
    FUZZ_CLAIM(reading == pwr_token_read(spaced, apr_pstrcat(pool, "\n ", typed,
                                                             " \n", NULL)));
    FUZZ_CLAIM(strcmp(out, spaced) == 0);
    if (reading == PWR_TOKEN_READ) {
        look_read(pool, out);
    }
    if (all_len >= PWR_TOKEN_RANDOM) {
        look_made(pool, all, typed);
    }
}
