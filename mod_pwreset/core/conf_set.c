/* SPDX-License-Identifier: Apache-2.0 */
#include "core/conf_kind.h"

#include <string.h>

#include <apr_strings.h>

#include "core/addr.h"
#include "core/duration.h"
#include "core/policy.h"
#include "core/sqltext.h"
#include "core/text.h"
#include "core/url.h"

const pwr_conf_word pwr_conf_class_words[] = {
    { "lower", PWR_CLASS_LOWER },
    { "upper", PWR_CLASS_UPPER },
    { "digit", PWR_CLASS_DIGIT },
    { "special", PWR_CLASS_SPECIAL },
    { NULL, 0 }
};

const pwr_conf_word pwr_conf_identify_words[] = {
    { "email", PWR_IDENTIFY_EMAIL },
    { "login", PWR_IDENTIFY_LOGIN },
    { "both", PWR_IDENTIFY_EMAIL | PWR_IDENTIFY_LOGIN },
    { NULL, 0 }
};

/* The word `name` of a list; NULL when it is none. */
static const pwr_conf_word *word_find(const pwr_conf_word *word,
                                      const char *name)
{
    while (word->name && !pwr_text_same(word->name, name)) {
        word++;
    }
    return word->name ? word : NULL;
}

/* One use of a directive on its way into a conf. */
typedef struct use {
    apr_pool_t *pool;
    const pwr_conf_row *row;
    int argc;
    const char *const *argv;
} use;

/* ---- setters, one per kind; each returns a sentence or NULL ---- */

static const char *out_of_range(const use *u)
{
    return apr_psprintf(u->pool, "must be from %" APR_INT64_T_FMT " to %"
                        APR_INT64_T_FMT "%s%s", u->row->min, u->row->max,
                        u->row->unit ? " " : "",
                        u->row->unit ? u->row->unit : "");
}

static const char *take_number(const use *u, const char *text, int *out)
{
    char *end;
    apr_int64_t number = apr_strtoi64(text, &end, 10);

    if (!*text || *end) {
        return apr_psprintf(u->pool, "'%s' is not a number", text);
    }
    if (number < u->row->min || number > u->row->max) {
        return out_of_range(u);
    }
    *out = (int)number;
    return NULL;
}

static const char *set_flag(const use *u, void *slot)
{
    int on = pwr_text_same(u->argv[0], "On");

    if (!on && !pwr_text_same(u->argv[0], "Off")) {
        return "must be On or Off";
    }
    *(int *)slot = on;
    return NULL;
}

static const char *set_text(const use *u, void *slot)
{
    if (!*u->argv[0] || !pwr_text_is_utf8(u->argv[0], strlen(u->argv[0]))
        || !pwr_text_is_plain(u->argv[0])) {
        return "must be one line of UTF-8 text, and not empty";
    }
    *(const char **)slot = u->argv[0];
    return NULL;
}

static const char *set_path(const use *u, void *slot)
{
    const char *path = u->argv[0];
    size_t len = strlen(path);

    if (*path != '/' || len < 2 || path[len - 1] == '/'
        || strstr(path, "//")
        || strspn(path, "/abcdefghijklmnopqrstuvwxyz"
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != len
        || strstr(path, "/.")) {
        return "must be a path such as /account: letters, digits, - _ . and "
               "single slashes, none at the end";
    }
    *(const char **)slot = path;
    return NULL;
}

static const char *set_url(const use *u, void *slot)
{
    pwr_url url;
    const char *error = pwr_url_parse(u->pool, u->argv[0], &url);

    if (error) {
        return apr_psprintf(u->pool, "must be an address such as "
                            "https://www.example.org: %s", error);
    }
    *(const char **)slot = u->argv[0];
    return NULL;
}

static const char *set_address(const use *u, void *slot)
{
    const char *mailbox = pwr_addr_mailbox(u->pool, u->argv[0]);

    if (!mailbox) {
        return "must be a mail address such as noreply@example.org";
    }
    *(const char **)slot = mailbox;
    return NULL;
}

static const char *set_number(const use *u, void *slot)
{
    return take_number(u, u->argv[0], slot);
}

static const char *set_pair(const use *u, void *slot)
{
    int taken[2] = { 0, 0 };
    const char *error = take_number(u, u->argv[0], &taken[0]);

    if (!error && u->argc > 1) {
        error = take_number(u, u->argv[1], &taken[1]);
    }
    if (!error) {
        memcpy(slot, taken, sizeof(taken));
    }
    return error;
}

static const char *set_range(const use *u, void *slot)
{
    int taken[2];
    const char *error = set_pair(u, taken);

    if (!error && taken[0] > taken[1]) {
        error = "the first number must not be greater than the second";
    }
    if (!error) {
        memcpy(slot, taken, sizeof(taken));
    }
    return error;
}

static const char *set_seconds(const use *u, void *slot)
{
    int64_t sec = pwr_duration_sec(u->argv[0]);

    if (sec < 0) {
        return apr_psprintf(u->pool, "'%s' is not a duration such as 90s, "
                            "15min, 2h or 3d", u->argv[0]);
    }
    if (sec < u->row->min || sec > u->row->max) {
        return out_of_range(u);
    }
    *(int64_t *)slot = sec;
    return NULL;
}

static const char **copy_words(const use *u, const char **before)
{
    int n = 0;
    const char **words;

    while (before && before[n]) {
        n++;
    }
    words = apr_pcalloc(u->pool, (size_t)(n + u->argc + 1) * sizeof(*words));
    if (n > 0) {
        memcpy(words, before, (size_t)n * sizeof(*words));
    }
    memcpy(words + n, u->argv, (size_t)u->argc * sizeof(*words));
    return words;
}

static const char *set_words(const use *u, void *slot)
{
    for (int i = 0; i < u->argc; i++) {
        if (!*u->argv[i]) {
            return "an argument is empty";
        }
    }
    *(const char ***)slot = copy_words(u, NULL);
    return NULL;
}

static const char *set_sqls(const use *u, void *slot)
{
    const char ***list = slot;

    *list = copy_words(u, *list);
    return NULL;
}

static const char *set_groups(const use *u, void *slot)
{
    const pwr_group_policy ***list = slot, **before = *list, **grown;
    pwr_group_policy *added = apr_pcalloc(u->pool, sizeof(*added));
    const char *error = pwr_group_policy_read(u->pool, u->argc, u->argv,
                                              added);
    int n = 0;

    while (!error && before && before[n]) {
        if (strcmp(before[n++]->group, added->group) == 0) {
            error = "was said for this group already";
        }
    }
    if (error) {
        return error;
    }
    grown = apr_pcalloc(u->pool, (size_t)(n + 2) * sizeof(*list));
    for (int i = 0; i < n; i++) {
        grown[i] = before[i];
    }
    grown[n] = added;
    *list = grown;
    return NULL;
}

static const char *set_scheme(const use *u, void *slot)
{
    return pwr_scheme_parse(u->pool, u->argv[0], slot);
}

/* As Dovecot's administrators write it, with braces or without. */
static const char *set_braced(const use *u, void *slot)
{
    const char *name = u->argv[0];
    size_t len = strlen(name);
    const char *error;

    if (len > 2 && name[0] == '{' && name[len - 1] == '}') {
        name = apr_pstrmemdup(u->pool, name + 1, len - 2);
    }
    error = pwr_wrap_name_refusal(u->pool, name);
    if (!error) {
        *(const char **)slot = name;
    }
    return error;
}

static const char *set_classes(const use *u, void *slot)
{
    unsigned bits = 0;

    if (u->argc == 1 && pwr_text_same(u->argv[0], "none")) {
        *(unsigned *)slot = 0;
        return NULL;
    }
    for (int i = 0; i < u->argc; i++) {
        const pwr_conf_word *word = word_find(pwr_conf_class_words,
                                              u->argv[i]);

        if (!word) {
            return "takes none, or some of lower upper digit special";
        }
        bits |= word->bits;
    }
    *(unsigned *)slot = bits;
    return NULL;
}

static const char *set_identify(const use *u, void *slot)
{
    int *bits = slot;
    const pwr_conf_word *word = word_find(pwr_conf_identify_words,
                                          u->argv[u->argc - 1]);
    int login = u->argc == 1 || pwr_text_same(u->argv[0], "login");
    int forgot = u->argc == 1 || pwr_text_same(u->argv[0], "forgot");

    if (!word || (!login && !forgot)) {
        return "takes an optional page, login or forgot, and one of email, "
               "login, both";
    }
    if (login) {
        bits[0] = (int)word->bits;
    }
    if (forgot) {
        bits[1] = (int)word->bits;
    }
    return NULL;
}

static const char *set_log(const use *u, void *slot)
{
    if (*u->argv[0] == '|'
        && u->argv[0][strspn(u->argv[0], "| \t$")] == '\0') {
        return "names no program after |";
    }
    return set_text(u, slot);
}

static const char *set_folder(const use *u, void *slot)
{
    const char **pair = slot;

    pair[0] = u->argv[0];
    pair[1] = u->argc > 1 ? u->argv[1] : NULL;
    return NULL;
}

static const char *set_preset(const use *u, void *slot)
{
    const char **pair = slot, *name = u->argv[0];
    const char *letters = "abcdefghijklmnopqrstuvwxyz0123456789-";

    if (pair[0]) {
        return "is given twice";
    }
    if (*name != '/' && (!*name || name[strspn(name, letters)])) {
        return "takes the name of a preset, such as wordpress, or the whole "
               "path of a file";
    }
    if (u->argc > 1 && !pwr_sqltext_is_prefix(u->argv[1])) {
        return "takes as PREFIX what the names of its tables begin with: "
               "letters, digits, _ $ and .";
    }
    pair[0] = name;
    pair[1] = u->argc > 1 ? u->argv[1] : NULL;
    return NULL;
}

static const char *set_refusals(const use *u, void *slot)
{
    const char ***list = slot;

    if (!*u->argv[0] || u->argv[0][strcspn(u->argv[0], " \t")]) {
        return "takes one word that PwResetInsist can say, and a sentence";
    }
    if (!pwr_text_is_utf8(u->argv[1], strlen(u->argv[1]))
        || !pwr_text_is_plain(u->argv[1]) || !*u->argv[1]) {
        return "must be one line of UTF-8 text, and not empty";
    }
    *list = copy_words(u, *list);
    return NULL;
}

static const char *set_limits(const use *u, void *slot)
{
    return pwr_limits_take(u->pool, u->argc, u->argv, slot);
}

static const char *set_colors(const use *u, void *slot)
{
    return pwr_palette_take(u->pool, u->argc, u->argv, slot);
}

static const struct setter {
    const char *(*set)(const use *u, void *slot);
    int argc_min, argc_max;
    size_t size;
} setters[] = {
    [PWR_KIND_FLAG] = { set_flag, 1, 1, sizeof(int) },
    [PWR_KIND_TEXT] = { set_text, 1, 1, sizeof(char *) },
    [PWR_KIND_PATH] = { set_path, 1, 1, sizeof(char *) },
    [PWR_KIND_URL] = { set_url, 1, 1, sizeof(char *) },
    [PWR_KIND_ADDRESS] = { set_address, 1, 1, sizeof(char *) },
    [PWR_KIND_NUMBER] = { set_number, 1, 1, sizeof(int) },
    [PWR_KIND_PAIR] = { set_pair, 1, 2, 2 * sizeof(int) },
    [PWR_KIND_RANGE] = { set_range, 2, 2, 2 * sizeof(int) },
    [PWR_KIND_SECONDS] = { set_seconds, 1, 1, sizeof(int64_t) },
    [PWR_KIND_WORDS] = { set_words, 1, 100, sizeof(char **) },
    [PWR_KIND_SQL] = { set_text, 1, 1, sizeof(char *) },
    [PWR_KIND_SQLS] = { set_sqls, 1, 1, sizeof(char **) },
    [PWR_KIND_SCHEME] = { set_scheme, 1, 1, sizeof(pwr_scheme) },
    [PWR_KIND_BRACED] = { set_braced, 1, 1, sizeof(char *) },
    [PWR_KIND_CLASSES] = { set_classes, 1, 4, sizeof(unsigned) },
    [PWR_KIND_IDENTIFY] = { set_identify, 1, 2, 2 * sizeof(int) },
    [PWR_KIND_FILE] = { set_text, 1, 1, sizeof(char *) },
    [PWR_KIND_LOG] = { set_log, 1, 1, sizeof(char *) },
    [PWR_KIND_FILES] = { set_folder, 1, 2, 2 * sizeof(char *) },
    [PWR_KIND_COLORS] = { set_colors, 2, 3, sizeof(pwr_palette) },
    [PWR_KIND_FOLDER] = { set_folder, 1, 2, 2 * sizeof(char *) },
    [PWR_KIND_PRESET] = { set_preset, 1, 2, 2 * sizeof(char *) },
    [PWR_KIND_REFUSALS] = { set_refusals, 2, 2, sizeof(char **) },
    [PWR_KIND_GROUPS] = { set_groups, 2, PWR_GROUP_ARGS_MAX,
                          sizeof(pwr_group_policy **) },
    [PWR_KIND_LIMITS] = { set_limits, 1, 3,
                          PWR_LIMITS_N * sizeof(pwr_rate) },
};

size_t pwr_conf_kind_size(pwr_kind kind)
{
    return setters[kind].size;
}

int pwr_conf_kind_args_max(pwr_kind kind)
{
    return setters[kind].argc_max;
}

const char *pwr_conf_set(apr_pool_t *pool, pwr_conf *conf,
                         const pwr_conf_row *row, int argc,
                         const char *const *argv)
{
    const struct setter *setter = &setters[row->kind];
    unsigned char *said = &conf->set[row - pwr_conf_rows];
    use u = { pool, row, argc, argv };
    const char *error;

    if (argc < setter->argc_min || argc > setter->argc_max) {
        return apr_psprintf(pool, "takes: %s", row->syntax);
    }
    if (*said == PWR_SAID_BY_PRESET) {
        memset(pwr_conf_slot(conf, row), 0, setter->size);
        *said = PWR_SAID_NOT;
    }
    error = setter->set(&u, pwr_conf_slot(conf, row));
    if (!error) {
        *said = PWR_SAID_BY_ADMIN;
    }
    /* cppcheck-suppress returnDanglingLifetime; sentences are of the pool */
    return error;
}
