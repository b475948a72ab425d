/* SPDX-License-Identifier: Apache-2.0 */
/* The files of htdocs/, which are compiled in (builtin.c is generated
 * by build-aux/embed.pl). */
#ifndef PWR_BUILTIN_H
#define PWR_BUILTIN_H

#include <stddef.h>

typedef struct pwr_builtin {
    const char *path;           /* "pages/forgot.html", "po/ru.po", ... */
    const char *bytes;          /* NUL-terminated beyond `len` */
    size_t len;
    const char *etag;           /* quoted; of the content */
} pwr_builtin;

/* NULL when there is no such file. */
const pwr_builtin *pwr_builtin_find(const char *path);

/* All of them in the order of their paths; ends with path NULL. */
extern const pwr_builtin pwr_builtins[];

#endif
