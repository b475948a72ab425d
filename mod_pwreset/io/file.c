/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_user.h>

/* The whole of an open regular file; closes `fd`. */
static apr_status_t slurp(apr_pool_t *pool, int fd, const char **bytes,
                          size_t *len)
{
    apr_status_t status;
    struct stat st;
    char *buffer;
    ssize_t n = 0;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
        || st.st_size > PWR_FILE_BYTES_MAX) {
        close(fd);
        return APR_EINVAL;
    }
    buffer = apr_pcalloc(pool, (size_t)st.st_size + 1);
    for (*len = 0; *len < (size_t)st.st_size; *len += (size_t)n) {
        n = read(fd, buffer + *len, (size_t)st.st_size - *len);
        if (n <= 0) {
            break;
        }
    }
    status = n < 0 ? APR_FROM_OS_ERROR(errno) : APR_SUCCESS;
    close(fd);
    *bytes = buffer;
    return status;
}

apr_status_t pwr_file_read(apr_pool_t *pool, const char *path,
                           const char **bytes, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    return fd < 0 ? APR_FROM_OS_ERROR(errno) : slurp(pool, fd, bytes, len);
}

apr_status_t pwr_file_write(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        ssize_t n = write(fd, at, len);

        if (n == 0) {
            return APR_EGENERAL;
        }
        if (n < 0 && errno != EINTR) {
            return APR_FROM_OS_ERROR(errno);
        }
        at += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return APR_SUCCESS;
}

int pwr_file_is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Who may own it beside root. */
typedef struct trust {
    uid_t uid;                  /* 0: nobody */
    const char *who;
} trust;

/* And nobody else may write. */
static const char *distrust(apr_pool_t *pool, int fd, const trust *by)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return "it cannot be examined";
    }
    if (st.st_uid != 0 && st.st_uid != by->uid) {
        return apr_psprintf(pool, "it belongs to neither root nor %s",
                            by->who);
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        return "its group or others may write to it";
    }
    return NULL;
}

/* A hard link needs no right to read what it leads to, and has its owner: in
 * the folder of a customer root's file is /etc/shadow by another name, unless
 * it has no other (fs.protected_hardlinks is not everywhere). */
static const char *distrust_file(int fd, const trust *by)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return "it is not a regular file";
    }
    if (by->uid != 0 && st.st_uid == 0 && st.st_nlink > 1) {
        return "it is a hard link to a file of root";
    }
    return st.st_size > PWR_FILE_BYTES_MAX ? "it is too large" : NULL;
}

/* Open one step of the way, and close the step before. */
static int step(int parent, const char *name, int is_last)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        | (is_last ? 0 : O_DIRECTORY);
    int fd = openat(parent, name, flags), error = errno;

    close(parent);
    errno = error;
    return fd;
}

/* Open it by steps, each of which must be trusted; < 0 on failure. */
static int open_trusted(apr_pool_t *pool, const char *folder,
                        const trust *by, const char *name, pwr_file *file)
{
    char *rest = apr_pstrdup(pool, name), *part;
    int fd = open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

    while (fd >= 0) {
        file->reason = distrust(pool, fd, by);
        part = file->reason ? NULL : strsep(&rest, "/");
        if (!part) {
            break;
        }
        fd = step(fd, part, rest == NULL);
    }
    return fd;
}

static apr_status_t read_trusted(apr_pool_t *pool, const char *folder,
                                 const trust *by, const char *name,
                                 pwr_file *file)
{
    apr_status_t status;
    int fd;

    memset(file, 0, sizeof(*file));
    fd = open_trusted(pool, folder, by, name, file);
    if (fd < 0) {
        status = APR_FROM_OS_ERROR(errno);
        file->reason = status == ELOOP ? "it is a link"
            : apr_psprintf(pool, "%pm", &status);
        return status;
    }
    if (!file->reason) {
        file->reason = distrust_file(fd, by);
    }
    if (file->reason) {
        close(fd);
        return APR_EACCES;
    }
    status = slurp(pool, fd, &file->bytes, &file->len);
    file->reason = status ? apr_psprintf(pool, "%pm", &status) : NULL;
    return status;
}

apr_status_t pwr_file_read_trusted(apr_pool_t *pool, const char *folder,
                                   const char *owner, const char *name,
                                   pwr_file *file)
{
    trust by = { 0, owner ? owner : "a named owner" };
    apr_gid_t gid;

    if (owner && apr_uid_get(&by.uid, &gid, owner, pool) != APR_SUCCESS) {
        memset(file, 0, sizeof(*file));
        file->reason = apr_psprintf(pool, "there is no user %s", owner);
        return APR_EACCES;
    }
    return read_trusted(pool, folder, &by, name, file);
}

apr_status_t pwr_file_read_admins(apr_pool_t *pool, const char *path,
                                  pwr_file *file)
{
    const trust by = { geteuid(), "who starts httpd" };
    const char *name = strrchr(path, '/');
    const char *folder = !name ? "." : name == path ? "/"
        : apr_pstrmemdup(pool, path, (size_t)(name - path));

    return read_trusted(pool, folder, &by, name ? name + 1 : path, file);
}
