/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "io/now.h"

#define BAR_WIDTH 30
#define DRAWN_EVERY_MS 200
#define TOLD_EVERY_MS 10000

void pwr_progress_begin(pwr_progress *progress, int64_t all)
{
    progress->all = all;
    progress->is_terminal = isatty(STDERR_FILENO);
    progress->is_drawn = 0;
    progress->begin_ms = pwr_now_ms();
    progress->next_ms = progress->begin_ms
        + (progress->is_terminal ? 0 : TOLD_EVERY_MS);
}

/* "[######    ]  43 %, 31 s left, " */
static void share_print(const pwr_progress *progress, int64_t done,
                        int64_t took_ms)
{
    int64_t all = progress->all, at = done < all ? done : all;

    if (all == 0) {
        return;
    }
    if (progress->is_terminal) {
        int n = (int)(BAR_WIDTH * at / all);

        fprintf(stderr, "[%.*s%*s] ", n, "##############################",
                BAR_WIDTH - n, "");
    }
    fprintf(stderr, "%3d %%, ", (int)(100 * at / all));
    if (at > 0) {
        fprintf(stderr, "%" PRId64 " s left, ",
                (int64_t)((double)took_ms / 1000 * (double)(all - at)
                          / (double)at));
    }
}

void pwr_progress_show(pwr_progress *progress, int64_t done, uint64_t lines)
{
    int64_t now_ms = pwr_now_ms();

    if (now_ms < progress->next_ms) {
        return;
    }
    progress->next_ms = now_ms + (progress->is_terminal ? DRAWN_EVERY_MS
                                                        : TOLD_EVERY_MS);
    fputs(progress->is_terminal ? "\r" : "pwresetctl: ", stderr);
    share_print(progress, done, now_ms - progress->begin_ms);
    /* Blanks over what a longer line has left. */
    fprintf(stderr, "%" PRIu64 " lines%s", lines,
            progress->is_terminal ? "    " : "\n");
    progress->is_drawn = progress->is_terminal;
}

void pwr_progress_end(pwr_progress *progress)
{
    if (progress->is_drawn) {
        fputc('\n', stderr);
    }
    progress->is_drawn = 0;
}
