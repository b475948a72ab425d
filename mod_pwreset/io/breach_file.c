/* SPDX-License-Identifier: Apache-2.0 */
#include "io/breach_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "io/file.h"

#define BUFFER_BYTES (1 << 20)
#define MODE 0644               /* others may read what everybody can */

struct pwr_breach_file {
    int fd;
    size_t len;
    void *bytes;
    pwr_breach list;
};

struct pwr_breach_writer {
    apr_pool_t *pool;
    const char *path;
    char *temporary;            /* name of what `fd` is, until it is renamed */
    int fd;
    unsigned char *buffer;
    size_t used;                /* of it */
    uint64_t n;
};

/* ---- reading ---- */

static const char *system_fault(apr_pool_t *pool)
{
    apr_status_t status = APR_FROM_OS_ERROR(errno);

    return apr_psprintf(pool, "%pm", &status);
}

static const char *distrust(const struct stat *st)
{
    if (!S_ISREG(st->st_mode)) {
        return "it is not a regular file";
    }
    if (st->st_uid != 0 && st->st_uid != geteuid()) {
        return "it belongs to neither root nor who starts httpd";
    }
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        return "its group or others may write to it";
    }
    return st->st_size > 0 ? NULL : "it is empty";
}

static apr_status_t unmap(void *data)
{
    pwr_breach_file *file = data;

    munmap(file->bytes, file->len);
    close(file->fd);
    return APR_SUCCESS;
}

/* Of a file that is open; it is closed where that fails. */
static const char *map(apr_pool_t *pool, int fd, pwr_breach_file *file)
{
    struct stat st;
    const char *fault = fstat(fd, &st) == 0 ? distrust(&st)
                                            : system_fault(pool);

    if (fault) {
        close(fd);
        return fault;
    }
    file->fd = fd;
    file->len = (size_t)st.st_size;
    file->bytes = mmap(NULL, file->len, PROT_READ, MAP_SHARED, fd, 0);
    if (file->bytes == MAP_FAILED) {
        fault = system_fault(pool);
        close(fd);
        return fault;
    }
    apr_pool_cleanup_register(pool, file, unmap, apr_pool_cleanup_null);
    /* What lies around a record is not asked for next. */
    madvise(file->bytes, file->len, MADV_RANDOM);
    return pwr_breach_read(file->bytes, file->len, &file->list);
}

const char *pwr_breach_file_open(apr_pool_t *pool, const char *path,
                                 const pwr_breach_file **out)
{
    const char *fault;
    pwr_breach_file *file;
    uint64_t any;
    int fd;

    *out = NULL;
    if (pwr_breach_key("", &any) != APR_SUCCESS) {
        return "OpenSSL has no SHA-1 here: its configuration forbids it";
    }
    /* Not to wait for who writes to a pipe. */
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return system_fault(pool);
    }
    file = apr_pcalloc(pool, sizeof(*file));
    fault = map(pool, fd, file);
    *out = fault ? NULL : file;
    return fault;
}

const pwr_breach *pwr_breach_file_list(const pwr_breach_file *file)
{
    return &file->list;
}

int pwr_breach_file_is_whole(const pwr_breach_file *file)
{
    struct stat st;

    return fstat(file->fd, &st) == 0 && (uint64_t)st.st_size >= file->len;
}

/* ---- writing ---- */

static apr_status_t flush(pwr_breach_writer *writer)
{
    apr_status_t status = pwr_file_write(writer->fd, writer->buffer,
                                         writer->used);

    writer->used = 0;
    return status;
}

apr_status_t pwr_breach_writer_open(apr_pool_t *pool, const char *path,
                                    pwr_breach_writer **out)
{
    pwr_breach_writer *writer = apr_pcalloc(pool, sizeof(*writer));

    *out = writer;
    writer->pool = pool;
    writer->path = path;
    writer->temporary = apr_pstrcat(pool, path, ".XXXXXX", NULL);
    writer->fd = mkostemp(writer->temporary, O_CLOEXEC);
    if (writer->fd < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    writer->buffer = apr_pcalloc(pool, BUFFER_BYTES);
    writer->used = PWR_BREACH_HEAD;     /* none yet: it says how many */
    return fchmod(writer->fd, MODE) == 0 ? APR_SUCCESS
                                         : APR_FROM_OS_ERROR(errno);
}

apr_status_t pwr_breach_writer_add(pwr_breach_writer *writer, uint64_t key)
{
    apr_status_t status = APR_SUCCESS;

    if (writer->used + PWR_BREACH_RECORD > BUFFER_BYTES) {
        status = flush(writer);
    }
    pwr_breach_record(writer->buffer + writer->used, key);
    writer->used += PWR_BREACH_RECORD;
    writer->n++;
    return status;
}

/* The new name is on the disk as well.  Where a folder cannot be opened for
 * that it is so a little later. */
static void sync_folder(const pwr_breach_writer *writer)
{
    const char *slash = strrchr(writer->path, '/');
    const char *folder = slash
        ? apr_pstrmemdup(writer->pool, writer->path,
                         (size_t)(slash + 1 - writer->path))
        : ".";
    int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

apr_status_t pwr_breach_writer_finish(pwr_breach_writer *writer,
                                      uint64_t least)
{
    unsigned char head[PWR_BREACH_HEAD];
    apr_status_t status = flush(writer);

    pwr_breach_head(head, writer->n, least);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (lseek(writer->fd, 0, SEEK_SET) < 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    status = pwr_file_write(writer->fd, head, sizeof(head));
    if (status != APR_SUCCESS) {
        return status;
    }
    if (fsync(writer->fd) != 0
        || rename(writer->temporary, writer->path) != 0) {
        return APR_FROM_OS_ERROR(errno);
    }
    writer->temporary = NULL;
    sync_folder(writer);
    pwr_breach_writer_drop(writer);
    return APR_SUCCESS;
}

void pwr_breach_writer_drop(pwr_breach_writer *writer)
{
    if (writer->fd >= 0) {
        close(writer->fd);
        if (writer->temporary) {
            unlink(writer->temporary);
        }
    }
    writer->fd = -1;
}
