/* SPDX-License-Identifier: Apache-2.0 */
#include "core/diag.h"

#include "tap.h"

#define TEXT_MAX 1000

typedef struct heard {
    int n;
    pwr_level level;
    apr_status_t status;
    const char *id;
    char text[2 * TEXT_MAX];
} heard;

static void hear(void *baton, pwr_level level, apr_status_t status,
                 const char *id, const char *text)
{
    heard *h = baton;

    h->n++;
    h->level = level;
    h->status = status;
    h->id = id;
    snprintf(h->text, sizeof(h->text), "%s", text);
}

static int is_first(void *baton, const pwr_diag_tale *tale)
{
    const heard *h = baton;

    tap_str(tale->id, "PWR9999", "it is asked for an id");
    return h->n == 0 || strcmp(tale->cause, "another") == 0;
}

static void test_tell(void)
{
    heard h = { 0 };
    const pwr_diag patient = { hear, &h, NULL }, once = { hear, &h, is_first };
    const pwr_diag_tale tale = { "PWR9999", PWR_LEVEL_ERROR, PWR_LEVEL_INFO,
                                 "one", 0 };

    pwr_diag_tell(&once, &tale, "%d", 1);
    tap_int(h.level, PWR_LEVEL_ERROR, "a tale is loud");
    pwr_diag_tell(&once, &tale, "%d", 2);
    tap_int(h.level, PWR_LEVEL_INFO, "and not when it repeats");
    tap_str(h.text, "2", "but still told");
    pwr_diag_tell(&once, PWR_DIAG_ERROR("PWR9999", "another"), "x");
    tap_int(h.level, PWR_LEVEL_ERROR, "another cause is loud");
    pwr_diag_tell(&patient, &tale, "x");
    tap_int(h.level, PWR_LEVEL_ERROR, "where nobody counts all are");
    pwr_diag_tell(NULL, &tale, "nobody");
    tap_int(h.n, 4, "where nobody listens nothing is said");
}

int main(void)
{
    static char flood[2 * TEXT_MAX];
    heard h = { 0 };
    const pwr_diag diag = { hear, &h, NULL }, mute = { NULL, &h, NULL };

    tap_begin();
    pwr_diag_log(&diag, PWR_LEVEL_WARNING, APR_ENOENT, "PWR9999",
                 "%s of %d", "one", 2);
    tap_int(h.n, 1, "a message comes once");
    tap_int(h.level, PWR_LEVEL_WARNING, "with its level");
    tap_int(h.status, APR_ENOENT, "its status");
    tap_str(h.id, "PWR9999", "its id");
    tap_str(h.text, "one of 2", "and its text, filled in");

    memset(flood, 'x', sizeof(flood) - 1);
    pwr_diag_log(&diag, PWR_LEVEL_INFO, 0, "PWR9999", "%s", flood);
    tap_int((long long)strlen(h.text), TEXT_MAX, "a long one is cut");
    pwr_diag_log(&diag, PWR_LEVEL_INFO, 0, "PWR9999", "%s", "100%s%n");
    tap_str(h.text, "100%s%n", "what is filled in is no format");

    pwr_diag_log(NULL, PWR_LEVEL_ERROR, 0, "PWR9999", "nobody");
    pwr_diag_log(&mute, PWR_LEVEL_ERROR, 0, "PWR9999", "nobody");
    tap_int(h.n, 3, "where nobody listens nothing is said");
    test_tell();
    return tap_end();
}
