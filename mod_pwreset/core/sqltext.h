/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's queries, with named parameters, compiled to apr_dbd's format.
 *
 * "SELECT ... WHERE email = :email" becomes "... WHERE email = %s" and the list
 * {email}.  Text inside '...', "...", `...`, -- and # line comments and block
 * comments is kept (a backslash in the first two guards the next character, as
 * in MySQL); a literal % becomes %%; "::" and a ":" not followed by a letter
 * are literal.  A parameter may occur several times.
 *
 * What databases read differently is refused, because a parameter that only one
 * of us counts makes the MySQL driver bind past its array: a bare "?", a
 * comment that MySQL runs, and "--" without a blank after it.
 * Pure; the input is an admin's. */
#ifndef PWR_SQLTEXT_H
#define PWR_SQLTEXT_H

#include <stddef.h>

#include <apr_pools.h>

#define PWR_SQL_PARAMS_MAX 32

typedef enum pwr_sql_verb {
    PWR_SQL_OTHER = 0,
    PWR_SQL_SELECT,
    PWR_SQL_INSERT,
    PWR_SQL_UPDATE,
    PWR_SQL_DELETE
} pwr_sql_verb;

typedef struct pwr_sqltext {
    const char *format;         /* for apr_dbd_prepare */
    const char **params;        /* names in the order of the %s, NULL at end */
    int params_n;
    pwr_sql_verb verb;
} pwr_sqltext;

/* Compile `sql`.  `allowed` lists the permitted parameter names (NULL at the
 * end).  "{prefix}" outside quotes is replaced by `prefix` when not NULL.
 * Returns NULL and fills `*out`, or what is wrong, for the admin: an unknown
 * parameter (with the allowed ones), too many, an unclosed quote, more than one
 * statement (";" before the end; one at the end is dropped), an empty text, a
 * prefix that is no name. `*out` is then zeroed. */
const char *pwr_sqltext_compile(apr_pool_t *pool, const char *sql,
                                const char *const *allowed,
                                const char *prefix, pwr_sqltext *out);

/* Bytes of the text in '' or "", or of the comment, that begins at `text`; 0
 * when none does, or it has no end. */
size_t pwr_sqltext_quote_len(const char *text);
size_t pwr_sqltext_comment_len(const char *text);

/* Can `prefix` stand before a table's name: letters, digits, _ $ and .? */
int pwr_sqltext_is_prefix(const char *prefix);

/* The UPDATE `sql` with one more condition: that the column which is set to the
 * parameter `set` equals the parameter `is`.  Returns 0 when that cannot be
 * said: there is no such column or no WHERE, or something else follows it. */
int pwr_sqltext_guard(apr_pool_t *pool, const pwr_sqltext *sql,
                      const char *set, const char *is, pwr_sqltext *out);

/* A name in a statement, of one part or the first two of more: `base`, which
 * may be NULL, a dot, and `name`. */
typedef struct pwr_sql_name {
    const char *base;
    const char *name;
} pwr_sql_name;

/* Are they the same, letter by letter? */
int pwr_sqltext_same_name(const pwr_sql_name *a, const pwr_sql_name *b);

/* All names in front of the first SET (of a text without one, all there are),
 * each once; `name` is NULL at the end.  The tables of an UPDATE are among
 * them, beside whatever else looks like a name. */
const pwr_sql_name *pwr_sqltext_names(apr_pool_t *pool, const char *sql);

/* The column that is set to the parameter `param` and nothing else, "pw" in
 * "SET u.pw = :hash"; NULL when there is none. */
const char *pwr_sqltext_column(apr_pool_t *pool, const pwr_sqltext *sql,
                               const char *param);

#endif
