/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a statement that pwr_sqltext_compile() made: blanks and comments
 * are passed over, what is in quotes is one value.
 * Pure. */
#ifndef PWR_SQLTEXT_TOKEN_H
#define PWR_SQLTEXT_TOKEN_H

#include <apr_pools.h>

#define PWR_SQL_PARTS_MAX 3         /* base.table.column */

typedef enum pwr_sql_token_kind {
    PWR_SQL_TOKEN_END = 0,
    PWR_SQL_TOKEN_NAME,             /* also a word of SQL */
    PWR_SQL_TOKEN_VALUE,
    PWR_SQL_TOKEN_SIGN
} pwr_sql_token_kind;

typedef struct pwr_sql_token {
    pwr_sql_token_kind kind;
    const char *part[PWR_SQL_PARTS_MAX];
    int parts_n;
    int is_bare;                    /* of one part, without quotes */
    int is_all;                     /* ends in .* */
    char sign;                      /* 0 unless it is one */
} pwr_sql_token;

/* Take the token at `*text`, and go behind it and the blanks after it. */
pwr_sql_token pwr_sql_token_take(apr_pool_t *pool, const char **text);

/* Is it this word, in any case and without quotes? */
int pwr_sql_token_is(const pwr_sql_token *token, const char *word);

/* May it stand in a bare name?  These may hold any letters. */
int pwr_sqltext_is_name(char c);

#endif
