/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of one vhost, and the one table of directives.
 *
 * A row of pwr_conf_rows says everything about a directive; the setters, the
 * merge, the dump, `pwresetctl directives` and the reference document walk the
 * table.  A new directive is a row, a member, its use and its test.
 * Pure; written while httpd reads its configuration, read-only afterwards. */
#ifndef PWR_CONF_H
#define PWR_CONF_H

#include <stdint.h>

#include <apr_pools.h>
#include <apr_tables.h>

#include "core/group.h"
#include "core/limit.h"
#include "core/palette.h"
#include "core/password.h"

#define PWR_IDENTIFY_EMAIL 1
#define PWR_IDENTIFY_LOGIN 2

#define PWR_CONF_ROWS_MAX 64
#define PWR_INSIST_NO_TRANSACTIONS "no-transactions"
#define PWR_HASH_GATE_MAX 10000     /* of places, and of the queue */

/* What the command and the module say to each other: `httpd -t -D` this dumps
 * the configuration, into the pipe of the number in this variable. */
#define PWR_DUMP_DEFINE "DUMP_PWRESET"
#define PWR_DUMP_VARIABLE "PWRESET_DUMP_FD"

/* The statements for the shipped user table; {prefix} is PwResetTablePrefix. */
#define PWR_SHIPPED_COLUMNS \
    "SELECT id, login, email, password, language, name, changed_at" \
    " FROM {prefix}user WHERE "
#define PWR_SHIPPED_USER_QUERY PWR_SHIPPED_COLUMNS "email = :email"
#define PWR_SHIPPED_LOGIN_QUERY PWR_SHIPPED_COLUMNS "login = :login"
#define PWR_SHIPPED_ID_QUERY PWR_SHIPPED_COLUMNS "id = :id"
#define PWR_SHIPPED_LIST_QUERY \
    PWR_SHIPPED_COLUMNS "id > :after ORDER BY id LIMIT :max"
#define PWR_SHIPPED_PASSWORD_UPDATE \
    "UPDATE {prefix}user SET password = :hash, changed_at = :now" \
    " WHERE id = :id"

typedef enum pwr_kind {
    PWR_KIND_FLAG,          /* int: On 1, Off 0 */
    PWR_KIND_TEXT,          /* const char * */
    PWR_KIND_PATH,          /* const char *: absolute URL path, no end slash */
    PWR_KIND_URL,           /* const char *: http(s) origin */
    PWR_KIND_ADDRESS,       /* const char *: a mail address */
    PWR_KIND_NUMBER,        /* int within min..max */
    PWR_KIND_PAIR,          /* int[2] within min..max, second optional (0) */
    PWR_KIND_RANGE,         /* int[2] within min..max, first <= second */
    PWR_KIND_SECONDS,       /* int64_t, httpd's duration syntax */
    PWR_KIND_WORDS,         /* const char ** with NULL: all arguments */
    PWR_KIND_SQL,           /* const char *: a statement */
    PWR_KIND_SQLS,          /* const char ** with NULL: repeatable */
    PWR_KIND_SCHEME,        /* pwr_scheme */
    PWR_KIND_BRACED,        /* const char *: a scheme as it is in braces */
    PWR_KIND_CLASSES,       /* unsigned: PWR_CLASS_* */
    PWR_KIND_IDENTIFY,      /* int[2]: login, forgot */
    PWR_KIND_FILE,          /* const char *: below ServerRoot */
    PWR_KIND_LOG,           /* const char *: the same, or | and a program */
    PWR_KIND_FILES,         /* const char *[2]: likewise, second optional */
    PWR_KIND_FOLDER,        /* const char *[2]: folder, owner or NULL */
    PWR_KIND_PRESET,        /* const char *[2]: name or path, prefix or NULL */
    PWR_KIND_REFUSALS,      /* const char ** with NULL: a word and a sentence,
                             * and again; repeatable */
    PWR_KIND_GROUPS,        /* const pwr_group_policy ** with NULL: repeatable,
                             * once for each group */
    PWR_KIND_COLORS,        /* pwr_palette; each hue is inherited on its own */
    PWR_KIND_LIMITS         /* pwr_rate[PWR_LIMITS_N]; each class is inherited
                             * on its own */
} pwr_kind;

/* Who wrote a value. */
typedef enum pwr_said {
    PWR_SAID_NOT = 0,
    PWR_SAID_BY_ADMIN,
    PWR_SAID_BY_PRESET      /* the admin's own, wherever it stands, wins */
} pwr_said;

/* Where a value may come from. */
typedef enum pwr_scope {
    PWR_SCOPE_VHOST = 0,    /* server or vhost; a vhost inherits it */
    PWR_SCOPE_OWN,          /* a vhost's own, never inherited */
    PWR_SCOPE_SERVER        /* once for the whole server */
} pwr_scope;

typedef struct pwr_conf {
    int enabled;
    const char *base;
    const char *realm;
    const char *public_url;
    const char *table_prefix;
    const char *preset[2];          /* name or path, prefix of its tables */
    const char **refuse;            /* word, sentence, ..., NULL */
    const char **insist;            /* words */
    int identify[2];                /* [0] login, [1] forgot: PWR_IDENTIFY_* */
    const char *user_query;
    const char *login_query;
    const char *id_query;
    const char *list_query;         /* NULL: none, or the shipped table's */
    const char *password_update;
    const char **after_change;
    int login;
    const char *login_url;
    const char *landing;
    int64_t token_lifetime_sec;
    pwr_scheme password_scheme;
    const char *default_scheme;
    int rehash;
    int password_length[2];
    int password_score;
    unsigned password_classes;
    const char *password_words;
    const char *breach_list;
    int password_history;
    const char *group_query;            /* NULL: nobody is in any */
    const pwr_group_policy **group_policies;    /* NULL: none */
    const char **sendmail;
    const char *mail_from;
    int64_t mail_timeout_sec;
    int mail_slots;
    int64_t mail_retry_sec;         /* 0: by kind of mail */
    const char **hook;              /* NULL: none */
    const char *contact;
    const char *site_name;
    const char **languages;
    const char *time_zone;
    const char *templates[2];
    const char *logo[2];            /* for day and night */
    pwr_palette color;
    int64_t session_lifetime_sec;
    int64_t session_idle_sec;
    int64_t session_cache_sec;
    pwr_rate limit[PWR_LIMITS_N];   /* by pwr_limit_class */
    int hash_gate[2];               /* places, queue; 0: by the machine */
    const char *user_header;
    int hide_cookie;
    int status;                     /* serves the status page */
    const char *audit;
    int64_t audit_keep_sec;
    unsigned char set[PWR_CONF_ROWS_MAX];   /* by row: pwr_said */
} pwr_conf;

typedef struct pwr_conf_row {
    const char *name;
    pwr_kind kind;
    size_t offset;                  /* in pwr_conf */
    const char *unit;               /* "seconds", "code points", or NULL */
    int64_t min, max;               /* of numbers; 0, 0: no range */
    const char *standard;           /* the default as the admin would write it;
                                     * NULL: none, or worked out at start */
    pwr_scope scope;
    const char *syntax;             /* after the name */
    const char *help;               /* one line */
} pwr_conf_row;

extern const pwr_conf_row pwr_conf_rows[];  /* ends with name NULL */

/* A conf with nothing set. */
pwr_conf *pwr_conf_make(apr_pool_t *pool);

/* Take one use of a directive.  `argv` are its `argc` arguments.
 * Returns NULL, or a sentence for the admin without the directive's name. */
const char *pwr_conf_set(apr_pool_t *pool, pwr_conf *conf,
                         const pwr_conf_row *row, int argc,
                         const char *const *argv);

/* What the preset `from` (of core/preset.h) says and the admin does not. */
void pwr_conf_take_preset(pwr_conf *conf, const pwr_conf *from);

/* Has the admin said this word with PwResetInsist? */
int pwr_conf_insists(const pwr_conf *conf, const char *word);

/* What PwResetRefuse has that nobody insists on: a sentence for the admin, with
 * the way out; NULL when there is none. */
const char *pwr_conf_refusal(apr_pool_t *pool, const pwr_conf *conf);

/* `over` where it is set, else `base` (PWR_SCOPE_OWN rows: never `base`; what
 * came from its preset: not where `over` has one of its own). */
pwr_conf *pwr_conf_merge(apr_pool_t *pool, const pwr_conf *base,
                         const pwr_conf *over);

/* Fill in the defaults of all rows that nobody set.  Each one in the table
 * passes through pwr_conf_set, so an impossible one fails the first test. */
void pwr_conf_defaults(apr_pool_t *pool, pwr_conf *conf);

/* The uses of a directive that would give this value: one array of arguments
 * (const char **, NULL at the end) per use; none when it has no value.  For the
 * dump, from which the command makes the same conf with pwr_conf_set. */
apr_array_header_t *pwr_conf_uses(apr_pool_t *pool, const pwr_conf *conf,
                                  const pwr_conf_row *row);

/* The row of a directive, any case; NULL when there is none. */
const pwr_conf_row *pwr_conf_row_find(const char *name);

#endif
