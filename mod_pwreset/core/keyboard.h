/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords as fingers know them: the same keys on another layout, and
 * walks along the rows.
 *
 * The layouts are QWERTY and the Russian ЙЦУКЕН of PCs.  Works on code points,
 * in wiped memory: what is judged here are passwords.  Pure; any thread. */
#ifndef PWR_KEYBOARD_H
#define PWR_KEYBOARD_H

#include <stddef.h>
#include <stdint.h>

#include <apr_pools.h>

#define PWR_UTF8_WIDTH_MAX 4

/* A text in lower case (ё as е), then with the same keys on each layout. */
typedef enum pwr_layout_form {
    PWR_LAYOUT_FOLDED = 0,
    PWR_LAYOUT_LATIN,             /* пароль -> gfhjkm */
    PWR_LAYOUT_CYRILLIC,          /* gfhjkm -> пароль */
    PWR_LAYOUTS_N
} pwr_layout_form;

typedef struct pwr_forms {
    uint32_t *points[PWR_LAYOUTS_N];
    size_t n;                   /* code points of each */
} pwr_forms;

/* Make the forms of a text.  Returns 0 when it is not UTF-8. */
int pwr_keyboard_forms(apr_pool_t *pool, const char *text, pwr_forms *forms);

/* Folded code points with the same keys on the Latin layout, as UTF-8.  Not
 * for passwords: the memory is not wiped. */
const char *pwr_keyboard_latin(apr_pool_t *pool, const uint32_t *points,
                               size_t n);

/* Code points as UTF-8, NUL-terminated, as many as `size` bytes hold.  Returns
 * the number of bytes without the NUL. */
size_t pwr_keyboard_encode(const uint32_t *points, size_t n, char *out,
                           size_t size);

/* The first form alone into `out`, which holds a code point per byte of
 * `text` (UTF-8).  Returns the number of code points. */
size_t pwr_keyboard_fold(const char *text, size_t len, uint32_t *out);

/* Are at least four fifths of the code points part of straight runs of three
 * or more: neighbouring keys in one direction, the alphabet, digits in equal
 * steps, one key again and again?  So are "qwertyuiop12", "qazwsxedc",
 * "йцукенгшщзхъ", "111222333".  Two runs may be plaited: "1q2w3e4r5t". */
int pwr_keyboard_is_walk(const uint32_t *points, size_t n);

#endif
