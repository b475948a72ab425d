/* SPDX-License-Identifier: Apache-2.0 */
/* A form, from untrusted bytes to a table of the fields a page knows:
 * application/x-www-form-urlencoded (WHATWG URL, section 5.1), or an object of
 * JSON (core/json.h).
 *
 * A known field that is repeated, undecodable, not UTF-8, holds a NUL or is
 * too long is refused, never merged or cut (CVE-2023-7028 was a repeated
 * field).  Unknown fields are passed over, but must decode too.  Values are
 * secrets: they live in wiped memory.  Pure; any thread. */
#ifndef PWR_FORM_H
#define PWR_FORM_H

#include <stddef.h>

#include <apr_pools.h>

typedef enum pwr_form_verdict {
    PWR_FORM_UNDECODABLE = 0,   /* bad escape, not UTF-8, NUL, or no JSON
                                 * object of strings */
    PWR_FORM_REPEATED,          /* a known field occurs twice */
    PWR_FORM_OVERSIZED,         /* a value, or the number of fields */
    PWR_FORM_OK
} pwr_form_verdict;

/* One row per field a page takes; the list ends with name NULL. */
typedef struct pwr_form_field {
    const char *name;
    size_t bytes_max;           /* of the decoded value */
} pwr_form_field;

typedef struct pwr_form pwr_form;

/* Decode `len` bytes at `encoded`, at most 32 fields, known or not.  `*form` is
 * NULL unless PWR_FORM_OK.  Blanks, line ends and case of the values are kept
 * as they came.  Names are compared byte for byte: "token[]" is not "token".
 * `fields` must live as long as the form. */
pwr_form_verdict pwr_form_decode(apr_pool_t *pool, const char *encoded,
                                 size_t len, const pwr_form_field *fields,
                                 const pwr_form **form);

/* The same for a JSON object: {"email": "ivan@example.org"}. */
pwr_form_verdict pwr_form_decode_json(apr_pool_t *pool, const char *encoded,
                                      size_t len,
                                      const pwr_form_field *fields,
                                      const pwr_form **form);

/* The value of a field, NULL when it was not sent.  `form` may be NULL. */
const char *pwr_form_get(const pwr_form *form, const char *name);

#endif
