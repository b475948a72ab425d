/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a breach list; and how fast a large one is, by default one of 20
 * million records that is made here, or that of the first argument. */
#include "io/breach_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#include "tap.h"

#define LARGE_N UINT64_C(20000000)
#define LOOKS_N 20000
#define MEDIAN_USEC 50
#define GROWTH_KB 256           /* of what is this process's own */
#define NOBODY 65534

static const char *folder;

static const char *path_of(apr_pool_t *pool, const char *name)
{
    return apr_pstrcat(pool, folder, "/", name, NULL);
}

/* A list of `n` keys that are spread evenly. */
static apr_status_t make(apr_pool_t *pool, const char *path, uint64_t n)
{
    pwr_breach_writer *writer;
    apr_status_t status = pwr_breach_writer_open(pool, path, &writer);

    for (uint64_t i = 0; status == APR_SUCCESS && i < n; i++) {
        status = pwr_breach_writer_add(
            writer, UINT64_MAX / n * i
                        + i * UINT64_C(0x9E3779B97F4A7C15) % (1 << 30));
    }
    if (status == APR_SUCCESS) {
        status = pwr_breach_writer_finish(writer, 1);
    }
    return status;
}

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) {
        printf("Bail out! %s cannot be written\n", path);
        exit(1);
    }
    close(fd);
}

/* What is wrong with it, "" when nothing is. */
static const char *fault_of(apr_pool_t *pool, const char *path)
{
    const pwr_breach_file *file;
    apr_pool_t *own;
    const char *fault;

    apr_pool_create(&own, pool);
    fault = pwr_breach_file_open(own, path, &file);
    tap_ok((fault == NULL) == (file != NULL), "a file, or a fault");
    fault = fault ? apr_pstrdup(pool, fault) : "";
    apr_pool_destroy(own);
    return fault;
}

static void test_write(apr_pool_t *pool)
{
    const char *path = path_of(pool, "list");
    const pwr_breach_file *file;
    pwr_breach_writer *writer;
    struct stat st;
    apr_pool_t *own;

    tap_int(make(pool, path, 1000), APR_SUCCESS, "a list is written");
    tap_ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0644
           && st.st_size == 8032, "everybody may read it");
    apr_pool_create(&own, pool);
    tap_str(pwr_breach_file_open(own, path, &file), NULL, "it is opened");
    tap_ok(pwr_breach_file_list(file)->n == 1000
           && pwr_breach_has(pwr_breach_file_list(file),
                             UINT64_MAX / 1000 * 0), "and read");

    tap_ok(make(pool, path, 500) == APR_SUCCESS
           && pwr_breach_file_is_whole(file)
           && pwr_breach_file_list(file)->n == 1000,
           "a new one takes its place, and who has the old one keeps it");
    apr_pool_clear(own);
    tap_ok(!pwr_breach_file_open(own, path, &file)
           && pwr_breach_file_list(file)->n == 500, "the new one");
    tap_ok(truncate(path, 4000) == 0 && !pwr_breach_file_is_whole(file),
           "one that is cut is noticed");
    apr_pool_destroy(own);

    tap_ok(pwr_breach_writer_open(pool, path_of(pool, "none/list"), &writer)
           != APR_SUCCESS, "no list in a folder that is not there");
    pwr_breach_writer_drop(writer);
    pwr_breach_writer_open(pool, path_of(pool, "dropped"), &writer);
    pwr_breach_writer_add(writer, 1);
    pwr_breach_writer_drop(writer);
    tap_ok(stat(path_of(pool, "dropped"), &st) != 0, "one that is dropped");
}

static void test_distrust(apr_pool_t *pool)
{
    const char *path = path_of(pool, "other");

    tap_ok(*fault_of(pool, path) != '\0', "a file that is not there");
    tap_str(fault_of(pool, folder), "it is not a regular file", "a folder");
    mkfifo(path, 0644);
    tap_str(fault_of(pool, path), "it is not a regular file",
            "a pipe is not waited for");
    unlink(path);
    put(path, "");
    tap_str(fault_of(pool, path), "it is empty", "an empty file");
    put(path, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10434004\n");
    tap_ok(strstr(fault_of(pool, path), "pwresetctl breach build") != NULL,
           "the text that it is made of");
    unlink(path);
    make(pool, path, 10);
    tap_str(fault_of(pool, path), "", "a good one");
    chmod(path, 0664);
    tap_str(fault_of(pool, path), "its group or others may write to it",
            "its group may write");
    chmod(path, 0646);
    tap_str(fault_of(pool, path), "its group or others may write to it",
            "others may write");
    chmod(path, 0600);
    tap_str(fault_of(pool, path), "", "nobody but its owner may read it");
    if (geteuid() == 0) {
        tap_int(chown(path, NOBODY, NOBODY), 0, "give it away");
        tap_ok(strstr(fault_of(pool, path), "belongs to neither") != NULL,
               "somebody else's");
    }
}

/* ---- speed and memory ---- */

static long private_dirty_kb(void)
{
    FILE *in = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    long kb = -1;

    while (in && fgets(line, sizeof(line), in)) {
        if (strncmp(line, "Private_Dirty:", 14) == 0) {
            kb = strtol(line + 14, NULL, 10);
        }
    }
    if (in) {
        fclose(in);
    }
    return kb;
}

static int longer(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* One that is in the list, or a password that is not; returns the time. */
static int64_t look(const pwr_breach *list, int i, int *right_n)
{
    uint64_t at = (uint64_t)i * UINT64_C(0x9E3779B97F4A7C15) % list->n, key;
    char password[40];
    struct timespec begin, end;
    int is_listed;

    snprintf(password, sizeof(password), "password of nobody %d", i);
    key = 0;
    for (int k = 0; k < PWR_BREACH_RECORD; k++) {
        key = key << 8 | list->records[at * PWR_BREACH_RECORD + (size_t)k];
    }
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (i % 2) {
        pwr_breach_key(password, &key);
    }
    is_listed = pwr_breach_has(list, key);
    clock_gettime(CLOCK_MONOTONIC, &end);
    *right_n += is_listed == !(i % 2);
    return (end.tv_sec - begin.tv_sec) * INT64_C(1000000000)
        + end.tv_nsec - begin.tv_nsec;
}

static void test_speed(apr_pool_t *pool, const char *path)
{
    static int64_t took_nsec[LOOKS_N];
    const pwr_breach_file *file;
    const pwr_breach *list;
    long before_kb, after_kb;
    int right_n = 0;

    /* OpenSSL has made what it makes once. */
    pwr_breach_key("", &(uint64_t){ 0 });
    before_kb = private_dirty_kb();
    if (!tap_ok(!pwr_breach_file_open(pool, path, &file), "a large list")) {
        return;
    }
    list = pwr_breach_file_list(file);
    tap_ok(list->n >= LARGE_N, "of %llu records", (unsigned long long)list->n);
    for (int i = 0; i < LOOKS_N; i++) {
        took_nsec[i] = look(list, i, &right_n);
    }
    after_kb = private_dirty_kb();
    qsort(took_nsec, LOOKS_N, sizeof(*took_nsec), longer);
    tap_int(right_n, LOOKS_N, "all %d looks are right", LOOKS_N);
    tap_ok(took_nsec[LOOKS_N / 2] < 1000 * MEDIAN_USEC,
           "%.2f us at the median, %.2f for 99 of 100",
           (double)took_nsec[LOOKS_N / 2] / 1000,
           (double)took_nsec[LOOKS_N / 100 * 99] / 1000);
    tap_ok(before_kb >= 0 && after_kb - before_kb < GROWTH_KB
               + (long)(sizeof(took_nsec) / 1024),
           "of its own this process has %ld kB more", after_kb - before_kb);
}

int main(int argc, char **argv)
{
    apr_pool_t *pool = tap_begin();
    const char *large = argc > 1 ? argv[1] : NULL;
    const char *temporary;

    apr_temp_dir_get(&temporary, pool);
    folder = mkdtemp(apr_pstrcat(pool, temporary, "/breach-XXXXXX", NULL));
    test_write(pool);
    test_distrust(pool);
    if (!large) {
        large = path_of(pool, "large");
        tap_int(make(pool, large, LARGE_N), APR_SUCCESS, "20 million records");
    }
    test_speed(pool, large);
    unlink(path_of(pool, "list"));
    unlink(path_of(pool, "other"));
    unlink(path_of(pool, "large"));
    /* Not when a temporary file is left in it. */
    tap_int(rmdir(folder), 0, "nothing else was left");
    return tap_end();
}
