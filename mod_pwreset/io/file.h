/* SPDX-License-Identifier: Apache-2.0 */
/* Small files read whole while the server starts: templates, translations,
 * word lists, time zones; and what is written whole. */
#ifndef PWR_FILE_H
#define PWR_FILE_H

#include <stddef.h>

#include <apr_errno.h>
#include <apr_pools.h>

#define PWR_FILE_BYTES_MAX (8 * 1024 * 1024)

/* Read a regular file of at most PWR_FILE_BYTES_MAX bytes, following links.
 * `*bytes` is NUL-terminated beyond `*len`. */
apr_status_t pwr_file_read(apr_pool_t *pool, const char *path,
                           const char **bytes, size_t *len);

/* Write all of it, in pieces if need be. */
apr_status_t pwr_file_write(int fd, const void *bytes, size_t len);

/* Is there a folder of this name, perhaps through a link? */
int pwr_file_is_folder(const char *path);

/* One that was read, or what is wrong with it. */
typedef struct pwr_file {
    const char *bytes;          /* NUL-terminated beyond `len`; or NULL */
    size_t len;
    const char *reason;         /* a sentence; NULL: nothing is */
} pwr_file;

/* Read `name` (relative, "/" between folders) below `folder`, opened without
 * following any link below it; the file and every folder on the way must
 * belong to root or to `owner` (a user name, may be NULL) and be writable by
 * nobody else: a customer must not show us /etc/shadow as a template.
 * APR_ENOENT when there is none; each failure sets the reason. */
apr_status_t pwr_file_read_trusted(apr_pool_t *pool, const char *folder,
                                   const char *owner, const char *name,
                                   pwr_file *file);

/* Read the file at `path`, which the configuration names and which has a say in
 * who gets in: it and its folder must belong to root or to who started us and
 * be writable by nobody else, and it must be no link.  Failures as above. */
apr_status_t pwr_file_read_admins(apr_pool_t *pool, const char *path,
                                  pwr_file *file);

#endif
