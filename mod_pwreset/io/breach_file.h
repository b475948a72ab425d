/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a breach list: mapped for the life of a server, and written.
 *
 * A new list takes the place of an old one by its name (rename), so that a
 * process which has the old one mapped keeps it. */
#ifndef PWR_BREACH_FILE_H
#define PWR_BREACH_FILE_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "core/breach.h"

typedef struct pwr_breach_file pwr_breach_file;

/* Map a list for as long as `pool` lives.  It must be a regular file of root or
 * of who runs this process, and nobody else may write to it: a file that is cut
 * while it is mapped ends the process that reads there.
 * Returns NULL and sets `*out`, or what is wrong. */
const char *pwr_breach_file_open(apr_pool_t *pool, const char *path,
                                 const pwr_breach_file **out);

/* What is in it. */
const pwr_breach *pwr_breach_file_list(const pwr_breach_file *file);

/* Is the mapped file as long as it was?  To be asked before it is read. */
int pwr_breach_file_is_whole(const pwr_breach_file *file);

/* A list that is being written, to a temporary file beside `path`. */
typedef struct pwr_breach_writer pwr_breach_writer;

/* The status is of the system; after a failure, and instead of finish,
 * pwr_breach_writer_drop() leaves nothing behind. */
apr_status_t pwr_breach_writer_open(apr_pool_t *pool, const char *path,
                                    pwr_breach_writer **out);

/* The next key; each is greater than the one before. */
apr_status_t pwr_breach_writer_add(pwr_breach_writer *writer, uint64_t key);

/* Write the header, and give the file its name, once all is on the disk. */
apr_status_t pwr_breach_writer_finish(pwr_breach_writer *writer,
                                      uint64_t least);
void pwr_breach_writer_drop(pwr_breach_writer *writer);

#endif
