/* SPDX-License-Identifier: Apache-2.0 */
#include "core/sqluse.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_strings.h>

#include "core/sqltext_token.h"

#define DEPTH_MAX 32            /* of parentheses */

/* Where a name may stand. */
typedef enum clause {
    CLAUSE_SAME = 0,            /* of a word: what it was before */
    CLAUSE_LIST,                /* of a SELECT */
    CLAUSE_TABLES,
    CLAUSE_ON,
    CLAUSE_READ,
    CLAUSE_LABELS,              /* GROUP BY and the like: a label or a column */
    CLAUSE_SET,
    CLAUSE_TARGETS              /* DELETE these FROM */
} clause;

/* A table in FROM and the like. */
typedef struct source {
    pwr_sql_name table;         /* name NULL: a SELECT in parentheses */
    const char *alias;
} source;

/* One SELECT, or the statement around it. */
typedef struct scope {
    struct scope *outer;
    apr_array_header_t *sources;    /* of source */
    apr_array_header_t *labels;     /* of const char *: "AS x" */
} scope;

/* A name that has yet to find its table: FROM stands behind the list. */
typedef struct mention {
    scope *in;
    const char *base, *table;   /* as it is written; may be NULL */
    const char *column;         /* NULL: all */
    pwr_sql_right right;
} mention;

typedef struct reader {
    apr_pool_t *pool;
    const char *p;
    apr_array_header_t *mentions;   /* of mention */
    int depth;
} reader;

/* What the names that come next are. */
typedef struct place {
    scope *in;
    clause at;
    int is_statement;           /* or within parentheses of one */
    int is_table_next;
    int is_alias_next;          /* perhaps */
    int is_label_next;
    int is_target_next;         /* of SET */
    int is_operand;             /* what came last was a value */
    int is_insert;
    int has_columns;            /* of INSERT */
    int is_delete_next;         /* the first table is the one */
    int skips;                  /* names of something else */
} place;

static pwr_sql_token token_peek(const reader *r)
{
    const char *ahead = r->p;

    return pwr_sql_token_take(r->pool, &ahead);
}

/* ---- what is noted ---- */

static void mention_add(reader *r, const mention *m)
{
    APR_ARRAY_PUSH(r->mentions, mention) = *m;
}

static scope *scope_make(const reader *r, scope *outer)
{
    scope *made = apr_pcalloc(r->pool, sizeof(*made));

    made->outer = outer;
    made->sources = apr_array_make(r->pool, 2, sizeof(source));
    made->labels = apr_array_make(r->pool, 2, sizeof(const char *));
    return made;
}

static int is_label(const scope *in, const char *name)
{
    for (int i = 0; i < in->labels->nelts; i++) {
        if (apr_cstr_casecmp(APR_ARRAY_IDX(in->labels, i, const char *), name)
            == 0) {
            return 1;
        }
    }
    return 0;
}

static void column_note(reader *r, const place *p, const pwr_sql_token *t,
                        pwr_sql_right right)
{
    int n = t->parts_n - !t->is_all;
    const mention m = {
        .in = p->in, .right = right,
        .base = n > 1 ? t->part[n - 2] : NULL,
        .table = n > 0 ? t->part[n - 1] : NULL,
        .column = t->is_all ? NULL : t->part[t->parts_n - 1]
    };

    if (n == 0 && p->at == CLAUSE_LABELS && is_label(p->in, m.column)) {
        return;
    }
    mention_add(r, &m);
}

static void table_note(reader *r, place *p, const pwr_sql_token *t)
{
    source *made = apr_array_push(p->in->sources);
    int n = t->parts_n;

    made->table.name = t->part[n - 1];
    made->table.base = n > 1 ? t->part[n - 2] : NULL;
    made->alias = NULL;
    p->is_table_next = 0;
    p->is_alias_next = !p->is_insert;
    if (p->is_delete_next) {
        const mention m = { .in = p->in, .right = PWR_SQL_RIGHT_DELETE };

        mention_add(r, &m);
        p->is_delete_next = 0;
    }
}

static void name_note(reader *r, place *p, const pwr_sql_token *t)
{
    if (p->skips > 0) {
        p->skips--;
    }
    else if (p->is_table_next) {
        table_note(r, p, t);
    }
    else if (p->is_alias_next) {
        APR_ARRAY_IDX(p->in->sources, p->in->sources->nelts - 1, source).alias
            = t->part[0];
        p->is_alias_next = 0;
    }
    else if (p->is_label_next || p->is_operand) {
        /* A label, the type of a CAST, or a unit: INTERVAL 1 DAY. */
        if (p->is_statement && p->at == CLAUSE_LIST) {
            APR_ARRAY_PUSH(p->in->labels, const char *) = t->part[0];
        }
    }
    else if (p->at == CLAUSE_TARGETS) {
        const mention m = {
            .in = p->in, .table = t->part[t->parts_n - 1],
            .base = t->parts_n > 1 ? t->part[0] : NULL,
            .right = PWR_SQL_RIGHT_DELETE
        };

        mention_add(r, &m);
        p->is_delete_next = 0;
    }
    else if (p->is_target_next) {
        column_note(r, p, t, p->is_insert ? PWR_SQL_RIGHT_INSERT
                                          : PWR_SQL_RIGHT_UPDATE);
        p->is_target_next = 0;
    }
    /* What is called is no column. */
    else if (*r->p != '(' || !t->is_bare) {
        column_note(r, p, t, PWR_SQL_RIGHT_SELECT);
    }
    p->is_label_next = 0;
    p->is_operand = *r->p != '(' || !t->is_bare;
}

/* ---- words of SQL ---- */

typedef struct word {
    const char *name;
    clause at;                  /* that it opens in a statement */
    int skips;                  /* names behind it are no columns */
    int is_value;
    const char *fault;          /* why it cannot be read */
} word;

#define OWN_NAMES "brings names that are no columns"

/* Reserved words alone, which no bare column is called. */
static const word words[] = {
    { "FROM", .at = CLAUSE_TABLES }, { "INTO", .at = CLAUSE_TABLES },
    { "JOIN", .at = CLAUSE_TABLES }, { "STRAIGHT_JOIN", .at = CLAUSE_TABLES },
    { "ON", .at = CLAUSE_ON }, { "SET", .at = CLAUSE_SET },
    { "WHERE", .at = CLAUSE_READ }, { "LIMIT", .at = CLAUSE_READ },
    { "VALUES", .at = CLAUSE_READ }, { "RETURNING", .at = CLAUSE_READ },
    { "GROUP", .at = CLAUSE_LABELS }, { "ORDER", .at = CLAUSE_LABELS },
    { "HAVING", .at = CLAUSE_LABELS },
    { "COLLATE", .skips = 1 }, { "CHARACTER", .skips = 2 },
    { "NULL", .is_value = 1 }, { "TRUE", .is_value = 1 },
    { "FALSE", .is_value = 1 }, { "DEFAULT", .is_value = 1 },
    { "CURRENT_DATE", .is_value = 1 }, { "CURRENT_TIME", .is_value = 1 },
    { "CURRENT_TIMESTAMP", .is_value = 1 },
    { "EXTRACT", .fault = OWN_NAMES }, { "INDEX", .fault = OWN_NAMES },
    { "LATERAL", .fault = OWN_NAMES }, { "OVER", .fault = OWN_NAMES },
    { "PARTITION", .fault = OWN_NAMES }, { "TIMESTAMPADD", .fault = OWN_NAMES },
    { "TIMESTAMPDIFF", .fault = OWN_NAMES }, { "WINDOW", .fault = OWN_NAMES },
    { "FOR", .fault = "locks what it reads" },
    { "KEY", .fault = "writes columns in two ways, or names no column" },
    { "NATURAL", .fault = "does not name its columns" },
    { NULL, .at = CLAUSE_SAME }
};

/* Words that change nothing here. */
static const char *const plain_words[] = {
    "ALL", "AND", "ASC", "BETWEEN", "BINARY", "BY", "CASE", "CROSS", "DELAYED",
    "DESC", "DISTINCT", "DIV", "ELSE", "EXISTS", "HIGH_PRIORITY", "IGNORE",
    "IN", "INNER", "INTERVAL", "IS", "LEFT", "LIKE", "LOW_PRIORITY", "MOD",
    "NOT", "OR", "OUTER", "REGEXP", "RIGHT", "RLIKE", "SEPARATOR", "THEN",
    "UNION", "WHEN", "XOR", NULL
};

static const word *word_of(const pwr_sql_token *t)
{
    static const word plain = { .name = "" };
    const word *w = words;

    while (w->name && !pwr_sql_token_is(t, w->name)) {
        w++;
    }
    if (w->name) {
        return w;
    }
    for (const char *const *name = plain_words; *name; name++) {
        if (pwr_sql_token_is(t, *name)) {
            return &plain;
        }
    }
    return NULL;
}

static void clause_open(place *p, clause at)
{
    p->is_alias_next = 0;
    p->is_table_next = at == CLAUSE_TABLES;
    p->is_target_next = at == CLAUSE_SET;
    p->at = at;
}

static const char *word_take(reader *r, place *p, const word *w)
{
    if (w->fault) {
        return apr_psprintf(r->pool, "%s in it %s", w->name, w->fault);
    }
    /* TRIM(x FROM y) and its like open none. */
    if (w->at != CLAUSE_SAME && p->is_statement) {
        clause_open(p, w->at);
    }
    p->skips = w->skips;
    p->is_operand = w->is_value;
    p->is_label_next = 0;
    return NULL;
}

/* INSERT without a list of columns writes them all. */
static void insert_note(reader *r, place *p)
{
    const mention m = { .in = p->in, .right = PWR_SQL_RIGHT_INSERT };

    if (p->is_insert && p->is_statement && !p->has_columns
        && p->at == CLAUSE_TABLES) {
        mention_add(r, &m);
        p->has_columns = 1;
    }
}

/* ---- the statement ---- */

static const char *statement_read(reader *r, scope *outer);
static const char *all_read(reader *r, place *p);

/* Behind "(", up to ")". */
static const char *parens_read(reader *r, place *p)
{
    pwr_sql_token t = token_peek(r);
    place inner = { .in = p->in, .at = CLAUSE_READ };
    const char *fault;

    if (r->depth++ == DEPTH_MAX) {
        return "it has too many parentheses in one another";
    }
    if (pwr_sql_token_is(&t, "SELECT") || (p->is_table_next && t.sign == '(')) {
        insert_note(r, p);
        fault = statement_read(r, p->in);
    }
    else if (p->is_table_next) {
        fault = "it has tables in parentheses";
    }
    else {
        inner.is_target_next = inner.is_insert = p->is_insert
            && !p->has_columns && p->at == CLAUSE_TABLES;
        inner.at = p->at == CLAUSE_LABELS ? CLAUSE_LABELS : CLAUSE_READ;
        fault = all_read(r, &inner);
        p->has_columns |= inner.is_insert;
    }
    r->depth--;
    if (p->is_table_next) {
        const source made = { { NULL, NULL }, NULL };

        APR_ARRAY_PUSH(p->in->sources, source) = made;
        p->is_table_next = 0;
        p->is_alias_next = 1;
    }
    p->is_operand = 1;
    return fault;
}

static const char *sign_take(reader *r, place *p, char sign)
{
    if (sign == '(') {
        return parens_read(r, p);
    }
    if (sign == '*' && !p->is_operand && p->is_statement
        && p->at == CLAUSE_LIST) {
        const mention m = { .in = p->in, .right = PWR_SQL_RIGHT_SELECT };

        mention_add(r, &m);
        p->is_operand = 1;
        return NULL;
    }
    p->is_operand = 0;
    if (sign == ',') {
        p->is_target_next = p->at == CLAUSE_SET
            || (p->is_insert && !p->is_statement);
        if (p->is_statement
            && (p->at == CLAUSE_TABLES || p->at == CLAUSE_ON)) {
            clause_open(p, CLAUSE_TABLES);
        }
    }
    return NULL;
}

/* AS, USING, SELECT: words that mean one thing or another. */
static const char *odd_take(reader *r, place *p, const pwr_sql_token *t,
                            int *taken)
{
    *taken = 1;
    if (pwr_sql_token_is(t, "AS")) {
        p->is_label_next = !p->is_alias_next;
        return NULL;
    }
    if (pwr_sql_token_is(t, "USING")) {
        p->skips = 1;
        p->is_operand = 0;
        return p->is_statement ? "USING in it does not say whose columns are"
            " meant" : NULL;
    }
    if (pwr_sql_token_is(t, "SELECT") && p->is_statement) {
        insert_note(r, p);
        *p = (place){ .in = scope_make(r, p->in->outer), .at = CLAUSE_LIST,
                      .is_statement = 1 };
        return NULL;
    }
    *taken = 0;
    return NULL;
}

static const char *token_read(reader *r, place *p, const pwr_sql_token *t)
{
    const word *w = word_of(t);
    const char *fault;
    int taken;

    if (t->kind == PWR_SQL_TOKEN_VALUE) {
        p->is_operand = 1;
        return NULL;
    }
    if (t->kind == PWR_SQL_TOKEN_SIGN) {
        return sign_take(r, p, t->sign);
    }
    fault = odd_take(r, p, t, &taken);
    if (taken) {
        return fault;
    }
    /* LEFT(x, 1) is a word, too, and does no harm. */
    if (w && p->skips == 0) {
        if (w->at == CLAUSE_READ) {
            insert_note(r, p);
        }
        return word_take(r, p, w);
    }
    name_note(r, p, t);
    return NULL;
}

/* To the end of the text or of the parentheses. */
static const char *all_read(reader *r, place *p)
{
    pwr_sql_token t = pwr_sql_token_take(r->pool, &r->p);

    while (t.kind != PWR_SQL_TOKEN_END && t.sign != ')') {
        const char *fault = token_read(r, p, &t);

        if (fault) {
            return fault;
        }
        t = pwr_sql_token_take(r->pool, &r->p);
    }
    return NULL;
}

static const char *statement_read(reader *r, scope *outer)
{
    place p = { .in = scope_make(r, outer), .is_statement = 1 };
    pwr_sql_token t = pwr_sql_token_take(r->pool, &r->p);

    if (t.sign == '(') {
        const char *fault = parens_read(r, &p);

        return fault ? fault : all_read(r, &p);
    }
    if (pwr_sql_token_is(&t, "SELECT")) {
        p.at = CLAUSE_LIST;
    }
    else if (pwr_sql_token_is(&t, "DELETE")) {
        p.at = CLAUSE_TARGETS;
        p.is_delete_next = 1;
    }
    else if (pwr_sql_token_is(&t, "INSERT") || pwr_sql_token_is(&t, "UPDATE")) {
        p.is_insert = pwr_sql_token_is(&t, "INSERT");
        clause_open(&p, CLAUSE_TABLES);
    }
    else {
        return "it begins with none of SELECT, INSERT, UPDATE and DELETE";
    }
    return all_read(r, &p);
}

/* ---- whose a name is ---- */

static int is_called(const source *from, const mention *m)
{
    if (from->alias) {
        return !m->base && strcmp(from->alias, m->table) == 0;
    }
    return from->table.name && strcmp(from->table.name, m->table) == 0
        && (!m->base || !from->table.base
            || strcmp(m->base, from->table.base) == 0);
}

static const source *source_find(const mention *m)
{
    for (const scope *in = m->in; in; in = in->outer) {
        for (int i = 0; i < in->sources->nelts; i++) {
            const source *from = &APR_ARRAY_IDX(in->sources, i, source);

            if (is_called(from, m)) {
                return from;
            }
        }
    }
    return NULL;
}

static int is_noted(const apr_array_header_t *uses, const pwr_sql_use *use)
{
    for (int i = 0; i < uses->nelts; i++) {
        const pwr_sql_use *one = &APR_ARRAY_IDX(uses, i, pwr_sql_use);

        if (one->right == use->right
            && pwr_sqltext_same_name(&one->table, &use->table)
            && !one->column == !use->column
            && (!use->column
                || apr_cstr_casecmp(one->column, use->column) == 0)) {
            return 1;
        }
    }
    return 0;
}

static void use_add(apr_array_header_t *uses, const source *from,
                    const mention *m)
{
    const pwr_sql_use use = { from->table, m->column, m->right };

    if (from->table.name && !is_noted(uses, &use)) {
        APR_ARRAY_PUSH(uses, pwr_sql_use) = use;
    }
}

/* The nearest SELECT around a bare name that has tables. */
static const scope *scope_of(const mention *m)
{
    const scope *in = m->in;

    while (in && in->sources->nelts == 0) {
        in = in->outer;
    }
    return in;
}

static const char *bare_settle(apr_pool_t *pool, const mention *m,
                               apr_array_header_t *uses)
{
    const scope *in = scope_of(m);

    if (!in) {
        return apr_psprintf(pool, "its %s is of no table",
                            m->column ? m->column : "*");
    }
    if (m->column && in->sources->nelts > 1) {
        return apr_psprintf(pool, "its %s may be of several tables: write "
                            "table.%s", m->column, m->column);
    }
    for (int i = 0; i < in->sources->nelts; i++) {
        use_add(uses, &APR_ARRAY_IDX(in->sources, i, source), m);
    }
    return NULL;
}

static const char *mention_settle(apr_pool_t *pool, const mention *m,
                                  apr_array_header_t *uses)
{
    const source *from;

    if (!m->table) {
        return bare_settle(pool, m, uses);
    }
    from = source_find(m);
    if (!from) {
        return apr_psprintf(pool, "none of its tables is called %s",
                            m->table);
    }
    use_add(uses, from, m);
    return NULL;
}

const char *pwr_sqluse_read(apr_pool_t *pool, const char *format,
                            apr_array_header_t *uses)
{
    reader r = { .pool = pool, .p = format,
                 .mentions = apr_array_make(pool, 16, sizeof(mention)) };
    int before = uses->nelts;
    const char *fault = statement_read(&r, NULL);

    for (int i = 0; !fault && i < r.mentions->nelts; i++) {
        fault = mention_settle(pool, &APR_ARRAY_IDX(r.mentions, i, mention),
                               uses);
    }
    if (fault) {
        uses->nelts = before;
    }
    return fault;
}
