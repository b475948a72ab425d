/* SPDX-License-Identifier: Apache-2.0 */
/* What all fuzz targets share.  A target is one file that defines
 *
 *   static void fuzz_one(apr_pool_t *pool, fuzz_input in);
 *
 * which hands the input to a parser and claims what must hold whatever it is.
 * Configured with --enable-fuzz libFuzzer calls it.  Otherwise main() below
 * replays files and folders, naming each file before it is read.
 *
 * Parts of an input are separated by NUL, which no text of ours can hold. */
#ifndef PWR_FUZZ_H
#define PWR_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

#define FUZZ_BYTES_MAX (1 << 20)

typedef struct fuzz_input {
    const char *bytes;
    size_t len;
} fuzz_input;

static void fuzz_one(apr_pool_t *pool, fuzz_input in);

/* What must hold, in every build. */
#define FUZZ_CLAIM(holds) do { \
        if (!(holds)) { \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, \
                    #holds); \
            abort(); \
        } \
    } while (0)

/* What pools gave out: for good at the start, then of the input at hand. */
static struct {
    void **blocks;
    size_t n, room;
} fuzz_memory;

static inline void fuzz_memory_keep(void *block)
{
    if (fuzz_memory.n == fuzz_memory.room) {
        fuzz_memory.room = 2 * fuzz_memory.room + 64;
        fuzz_memory.blocks = realloc(fuzz_memory.blocks, fuzz_memory.room
                                     * sizeof(*fuzz_memory.blocks));
        FUZZ_CLAIM(fuzz_memory.blocks);
    }
    fuzz_memory.blocks[fuzz_memory.n++] = block;
}

/* Stands before libapr's.  A pool puts its blocks side by side, where
 * AddressSanitizer takes a step from one into the next for a good one; so
 * each gets bounds of its own. */
__attribute__((visibility("default")))
void *apr_palloc(apr_pool_t *pool, apr_size_t size)
{
    void *block = malloc(size);

    (void)pool;
    FUZZ_CLAIM(block);
    fuzz_memory_keep(block);
    return block;
}

/* The input up to its next NUL, as a text; "" when none is left. */
__attribute__((unused))
static char *fuzz_text(apr_pool_t *pool, fuzz_input *in)
{
    size_t len = in->len > 0 ? strnlen(in->bytes, in->len) : 0;
    char *text = apr_pstrmemdup(pool, in->len > 0 ? in->bytes : "", len);
    size_t step = len + (len < in->len);

    in->bytes += step;
    in->len -= step;
    return text;
}

/* The same, NULL when the input is used up. */
__attribute__((unused))
static char *fuzz_text_or_null(apr_pool_t *pool, fuzz_input *in)
{
    return in->len > 0 ? fuzz_text(pool, in) : NULL;
}

/* Equal, NULL only to NULL. */
__attribute__((unused))
static int fuzz_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline void fuzz_run(const char *bytes, size_t len)
{
    fuzz_input in = { bytes, len };
    size_t before = fuzz_memory.n;
    apr_pool_t *pool;

    FUZZ_CLAIM(apr_pool_create(&pool, NULL) == APR_SUCCESS);
    fuzz_one(pool, in);
    apr_pool_destroy(pool);
    while (fuzz_memory.n > before) {
        free(fuzz_memory.blocks[--fuzz_memory.n]);
    }
}

#ifdef PWR_FUZZ

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return apr_initialize() != APR_SUCCESS;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    fuzz_run((const char *)bytes, len);
    return 0;
}

#else

static int fuzz_replay_file(apr_pool_t *pool, const char *path)
{
    apr_file_t *file;
    apr_size_t len = 0;
    char *bytes = malloc(FUZZ_BYTES_MAX), *exact;

    printf("%s\n", path);
    FUZZ_CLAIM(bytes);
    if (apr_file_open(&file, path, APR_READ, 0, pool) != APR_SUCCESS) {
        fprintf(stderr, "%s cannot be read\n", path);
        return 1;
    }
    apr_file_read_full(file, bytes, FUZZ_BYTES_MAX, &len);
    apr_file_close(file);
    exact = realloc(bytes, len > 0 ? len : 1);
    fuzz_run(exact, len);
    free(exact);
    return 0;
}

static int fuzz_replay(apr_pool_t *pool, const char *path)
{
    apr_dir_t *folder;
    apr_finfo_t entry;
    int status = 0;

    if (apr_dir_open(&folder, path, pool) != APR_SUCCESS) {
        return fuzz_replay_file(pool, path);
    }
    while (apr_dir_read(&entry, APR_FINFO_NAME, folder) == APR_SUCCESS) {
        if (entry.name[0] != '.') {
            status |= fuzz_replay_file(pool, apr_pstrcat(pool, path, "/",
                                                         entry.name, NULL));
        }
    }
    apr_dir_close(folder);
    return status;
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    int status = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    FUZZ_CLAIM(apr_initialize() == APR_SUCCESS);
    FUZZ_CLAIM(apr_pool_create(&pool, NULL) == APR_SUCCESS);
    for (int i = 1; i < argc; i++) {
        status |= fuzz_replay(pool, argv[i]);
    }
    apr_pool_destroy(pool);
    return status;
}

#endif
#endif
