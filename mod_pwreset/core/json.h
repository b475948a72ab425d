/* SPDX-License-Identifier: Apache-2.0 */
/* JSON (RFC 8259) as programs send a form and are told of a page.
 *
 * Read is one object whose members are strings, in place.  By hand, and not by
 * jansson, which the rest of the project reads JSON with: it would leave copies
 * of passwords in memory that nobody wipes.  t/fuzz/json.c holds this one
 * against it.  Pure; any thread. */
#ifndef PWR_JSON_H
#define PWR_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "core/model.h"
#include "core/sink.h"

typedef struct pwr_json_reader {
    char *at;                   /* is written to */
    const char *end;
    int is_open;                /* zero at first */
} pwr_json_reader;

/* Both are UTF-8 with a NUL behind and none within. */
typedef struct pwr_json_member {
    const char *name;
    const char *value;
    size_t value_len;
} pwr_json_member;

typedef enum pwr_json_step {
    PWR_JSON_BAD = 0,           /* no JSON, a NUL, half a surrogate pair, not
                                 * UTF-8, or a value that is no string */
    PWR_JSON_MEMBER,
    PWR_JSON_END                /* and nothing stands behind the object */
} pwr_json_step;

/* The object's next member, in the order they were sent, names repeated if they
 * were.  Not to be called again after PWR_JSON_BAD or PWR_JSON_END. */
pwr_json_step pwr_json_next(pwr_json_reader *reader, pwr_json_member *member);

#define PWR_JSON_ESCAPE_MAX sizeof("\\uD83D\\uDE00")

/* This character in ASCII, escaped, at `out`, which holds PWR_JSON_ESCAPE_MAX:
 * \" and \\, any other one as \uXXXX, or two of these beyond U+FFFF.  Returns
 * its bytes; a NUL stands behind them. */
size_t pwr_json_escape(char *out, uint32_t point);

/* A string with its quotes.  What is not UTF-8 becomes U+FFFD. */
void pwr_json_text(pwr_sink *sink, const char *text);

/* The members of a map without the braces: texts as strings, flags as true,
 * lists as arrays of objects; what is absent is left out.  `keys` (NULL at the
 * end) chooses them and their order; NULL: all.  A comma comes before each, but
 * for the first where `is_first`.  A map must not hold itself. */
void pwr_json_members(pwr_sink *sink, const pwr_model *model,
                      const char *const *keys, int is_first);

#endif
