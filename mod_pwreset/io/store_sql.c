/* SPDX-License-Identifier: Apache-2.0 */
#include "io/store_sql.h"

#include <apr_strings.h>

#include "core/text.h"

#define GRACE APR_STRINGIFY(PWR_TOKEN_GRACE_SEC)
#define SKEW APR_STRINGIFY(PWR_CLOCK_SKEW_SEC)
#define CLICK_SEC APR_STRINGIFY(PWR_DOUBLE_CLICK_SEC)
#define CLICK_TRIES APR_STRINGIFY(PWR_DOUBLE_CLICK_TRIES)

/* "due" of a job that was given up: its index is never read that far. */
#define NEVER "9223372036854775807"

#define JOB_COLUMNS \
    "SELECT id, kind, realm, identifier, identify_by, user_id, login," \
    " recipient, language, address, agent, created, due, tries, error," \
    " lease_until, owner, gave_up FROM {prefix}job"

/* In PWR_STMT_TOKEN_TALLY. */
#define LIVE_OF_OTHERS \
    "job <> :job AND stamp = :stamp AND spent_at = 0" \
    " AND expires > {now} AND created <= {now} + " SKEW

/* {now} is the database's clock in epoch seconds, {now_ms} the same in
 * milliseconds, and {prefix} ours before the table names.  Drivers bind every
 * value as text, and SQLite compares a bare number with a text as "smaller", so
 * a value meets a column or arithmetic, never {now} itself.  Isolation: READ
 * COMMITTED is enough everywhere, for whatever is read to be decided on stands
 * behind PWR_STMT_LOCK or is named in the statement that writes. */
static const struct {
    pwr_stmt id;
    const char *name;
    const char *text;
} statements[] = {
    /* The time, where several rows must agree on it or C computes with it.
     * One row: clock. */
    { PWR_STMT_CLOCK, "clock",
      "SELECT {now} AS clock" },

    /* Held to the end of a transaction: one change or minting at a time for
     * users that share a :lock.  The value changes, so that the nodes of a
     * Galera cluster collide too.  One row of meta's primary key. */
    { PWR_STMT_LOCK, "lock",
      "UPDATE {prefix}meta SET value = value + 1 WHERE name = :lock" },

    /* At most two rows: name, value.  Primary key. */
    { PWR_STMT_SCHEMA_VERSION, "schema_version",
      "SELECT name, value FROM {prefix}meta"
      " WHERE name IN ('schema', 'schema-least')" },

    /* A realm was seen behind an unconfigured proxy.  Primary key. */
    { PWR_STMT_PROXY_SEEN, "proxy_seen",
      "UPDATE {prefix}meta SET value = {now} WHERE name = :name" },

    /* For the first time: "exists" is another node. */
    { PWR_STMT_PROXY_ADD, "proxy_seen add",
      "INSERT INTO {prefix}meta (name, value) VALUES (:name, {now})" },

    /* At most one row: age, in seconds.  Primary key. */
    { PWR_STMT_PROXY_AGE, "proxy_age",
      "SELECT {now} - value AS age FROM {prefix}meta WHERE name = :name" },

    /* A job due in :delay seconds.  :id is random: "exists" is our own first
     * try whose answer was lost. */
    { PWR_STMT_JOB_ADD, "job_add",
      "INSERT INTO {prefix}job (id, kind, realm, identifier, identify_by,"
      " user_id, login, recipient, language, address, agent, created, due)"
      " VALUES (:id, :kind, :realm, :identifier, :by, :user, :login,"
      " :recipient, :language, :address, :agent, {now}, {now} + :delay)" },

    /* At most :max due jobs that nobody holds, oldest first, behind the one
     * with :due and :id.  Index due. */
    { PWR_STMT_JOB_BATCH, "job_batch",
      JOB_COLUMNS " WHERE due <= {now} AND lease_until <= {now}"
      " AND (due > :due OR (due = :due AND id > :id))"
      " ORDER BY due, id LIMIT :max" },

    /* One row when the job is :owner's for :lease seconds from now on.
     * Primary key; needs no transaction. */
    { PWR_STMT_JOB_CLAIM, "job_claim",
      "UPDATE {prefix}job SET owner = :owner, lease_until = {now} + :lease,"
      " tries = tries + 1"
      " WHERE id = :id AND due <= {now} AND lease_until <= {now}" },

    /* Held on to by the same.  Primary key. */
    { PWR_STMT_JOB_HOLD, "job_hold",
      "UPDATE {prefix}job SET lease_until = {now} + :lease"
      " WHERE id = :id AND owner = :owner" },

    /* Put back by the one who holds it.  Primary key. */
    { PWR_STMT_JOB_RETRY, "job_retry",
      "UPDATE {prefix}job SET owner = NULL, lease_until = 0,"
      " due = {now} + :delay, error = :error, recipient = :recipient"
      " WHERE id = :id AND owner = :owner" },

    /* Never due again; stays for the admin until it is purged. */
    { PWR_STMT_JOB_GIVE_UP, "job_give_up",
      "UPDATE {prefix}job SET owner = NULL, lease_until = 0,"
      " due = " NEVER ", gave_up = {now}, error = :error"
      " WHERE id = :id AND owner = :owner" },

    { PWR_STMT_JOB_DONE, "job_done",
      "DELETE FROM {prefix}job WHERE id = :id AND owner = :owner" },

    /* The same of all jobs.  Index due. */
    { PWR_STMT_JOB_LIST, "job_list",
      JOB_COLUMNS " WHERE due > :due OR (due = :due AND id > :id)"
      " ORDER BY due, id LIMIT :max" },

    /* At most one row.  Primary key. */
    { PWR_STMT_JOB_FIND, "job_find", JOB_COLUMNS " WHERE id = :id" },

    /* Reads the whole table, for an operator. */
    { PWR_STMT_JOB_ABOUT, "job_about",
      JOB_COLUMNS " WHERE realm = :realm"
      " AND (identifier = :identifier OR user_id = :user)"
      " ORDER BY due, id LIMIT :max" },

    /* An operator's: due now, unless a worker is at it.  Primary key. */
    { PWR_STMT_JOB_AGAIN, "job_again",
      "UPDATE {prefix}job SET owner = NULL, lease_until = 0, due = {now},"
      " gave_up = 0 WHERE id = :id AND lease_until <= {now}" },

    { PWR_STMT_JOB_DROP, "job_drop",
      "DELETE FROM {prefix}job WHERE id = :id AND lease_until <= {now}" },

    /* At most :max jobs that were given up :keep seconds ago.  Index due. */
    { PWR_STMT_JOB_DEAD, "purge jobs",
      "SELECT id FROM {prefix}job"
      " WHERE due = " NEVER " AND gave_up < {now} - :keep LIMIT :max" },

    { PWR_STMT_JOB_PURGE, "purge job",
      "DELETE FROM {prefix}job WHERE id = :id AND due = " NEVER },

    /* At most :max jobs that have been due for :keep seconds and that nobody
     * has: of a realm that no server serves any more.  Not by `due` alone,
     * which an admin may set to 0.  Index due. */
    { PWR_STMT_JOB_LOST, "purge lost jobs",
      "SELECT id FROM {prefix}job"
      " WHERE due < {now} - :keep AND created < {now} - :keep"
      " AND lease_until <= {now} ORDER BY due LIMIT :max" },

    { PWR_STMT_JOB_LOST_PURGE, "purge lost job",
      "DELETE FROM {prefix}job WHERE id = :id AND due < {now} - :keep"
      " AND created < {now} - :keep AND lease_until <= {now}" },

    /* For each realm behind :after, at most :max: clock, how many jobs of each
     * state, and when the oldest that is not given up was made.  Reads the
     * whole table, which holds what is to be done and a week's failures. */
    { PWR_STMT_JOB_SURVEY, "survey jobs",
      "SELECT realm, {now} AS clock,"
      " SUM(CASE WHEN due < " NEVER " AND lease_until <= {now}"
      " AND error IS NULL THEN 1 ELSE 0 END) AS waiting,"
      " SUM(CASE WHEN lease_until > {now} THEN 1 ELSE 0 END) AS leased,"
      " SUM(CASE WHEN due < " NEVER " AND lease_until <= {now}"
      " AND error IS NOT NULL THEN 1 ELSE 0 END) AS failing,"
      " SUM(CASE WHEN due = " NEVER " THEN 1 ELSE 0 END) AS given_up,"
      " MIN(CASE WHEN due < " NEVER " THEN created END) AS oldest"
      " FROM {prefix}job WHERE realm > :after"
      " GROUP BY realm ORDER BY realm LIMIT :max" },

    /* At most one row: why a job of the realm failed, and who it was for; one
     * that is tried again before one that was given up, later before sooner. */
    { PWR_STMT_JOB_ERROR, "survey error",
      "SELECT error, identifier, recipient, login, user_id FROM {prefix}job"
      " WHERE realm = :realm AND error IS NOT NULL"
      " ORDER BY CASE WHEN due = " NEVER " THEN 1 ELSE 0 END,"
      " CASE WHEN due = " NEVER " THEN gave_up ELSE due END DESC LIMIT 1" },

    /* At most :max jobs of :keep seconds ago that tell who asked.  Reads the
     * table, which is short. */
    { PWR_STMT_JOB_OLD, "forget jobs",
      "SELECT id, realm FROM {prefix}job"
      " WHERE realm = :realm AND created < {now} - :keep"
      " AND (address IS NOT NULL OR agent IS NOT NULL) LIMIT :max" },

    { PWR_STMT_JOB_FORGET, "forget job",
      "UPDATE {prefix}job SET address = NULL, agent = NULL WHERE id = :id" },

    /* :created and :expires come from the clock of PWR_STMT_TOKEN_TALLY. */
    { PWR_STMT_TOKEN_ADD, "token_add",
      "INSERT INTO {prefix}token (realm, digest, purpose, user_id, login,"
      " language, job, stamp, created, expires)"
      " VALUES (:realm, :digest, :purpose, :user, :login, :language, :job,"
      " :stamp, :created, :expires)" },

    /* At most one row, whatever its state.  Primary key. */
    { PWR_STMT_TOKEN_FIND, "token_find",
      "SELECT realm, user_id, login, language, job, stamp, created, expires,"
      " spent_at, spent_by, why, {now} AS clock FROM {prefix}token"
      " WHERE realm = :realm AND digest = :digest AND purpose = :purpose" },

    /* What is there for a user and for the mailbox, one row:
     *   clock
     *   ended   strings of :job that were used or cancelled
     *   recent  live strings that other jobs minted within :merge seconds
     *   live    other jobs with live strings
     *   minted  other jobs that minted within :within seconds
     *   sent    the same, of mails to the mailbox
     *   noted   1 when :job has sent one there
     * A string of another :stamp is dead: the password was changed by another
     * program.  Behind the lock.  Index owner twice, and primary key. */
    { PWR_STMT_TOKEN_TALLY, "token_tally",
      "SELECT {now} AS clock,"
      " COUNT(CASE WHEN job = :job AND spent_at > 0 THEN 1 END) AS ended,"
      " COUNT(CASE WHEN " LIVE_OF_OTHERS " AND created > {now} - :merge"
      " THEN 1 END) AS recent,"
      " COUNT(DISTINCT CASE WHEN " LIVE_OF_OTHERS " THEN job END) AS live,"
      " COUNT(DISTINCT CASE WHEN job <> :job AND created > {now} - :within"
      " AND created <= {now} + " SKEW " THEN job END) AS minted,"
      " (SELECT COUNT(DISTINCT job) FROM {prefix}token"
      " WHERE realm = :realm AND user_id = :mailbox AND job <> :job"
      " AND purpose = 'mailbox' AND created > {now} - :within"
      " AND created <= {now} + " SKEW ") AS sent,"
      " (SELECT COUNT(*) FROM {prefix}token WHERE realm = :realm"
      " AND digest = :digest AND purpose = 'mailbox') AS noted"
      " FROM {prefix}token"
      " WHERE realm = :realm AND user_id = :user AND purpose = 'recover'" },

    /* One row for the one who spends it, none for everybody else: this decides
     * who wins.  In the transaction that writes the password.  Primary key. */
    { PWR_STMT_TOKEN_SPEND, "token_spend",
      "UPDATE {prefix}token SET spent_at = {now}, spent_by = :change,"
      " why = 'used'"
      " WHERE realm = :realm AND digest = :digest AND purpose = 'recover'"
      " AND user_id = :user AND spent_at = 0 AND expires > {now} - " GRACE
      " AND created <= {now} + " SKEW },

    /* The other strings of the user end with any change.  Index owner. */
    { PWR_STMT_TOKEN_CANCEL, "token_cancel",
      "UPDATE {prefix}token SET spent_at = {now}, spent_by = :change,"
      " why = 'changed'"
      " WHERE realm = :realm AND user_id = :user AND purpose = 'recover'"
      " AND spent_at = 0" },

    /* And those that somebody could still use end with "this was not me", or
     * by an operator: :why.  Behind the lock.  Index owner. */
    { PWR_STMT_TOKEN_END, "token_end",
      "UPDATE {prefix}token SET spent_at = {now}, why = :why"
      " WHERE realm = :realm AND user_id = :user AND purpose = 'recover'"
      " AND spent_at = 0 AND expires > {now} - " GRACE },

    /* At most :max rows of a user, or of a mailbox.  Index owner. */
    { PWR_STMT_TOKEN_LIST, "tokens_list",
      "SELECT realm, user_id, login, language, job, stamp, created, expires,"
      " spent_at, spent_by, why, {now} AS clock FROM {prefix}token"
      " WHERE realm = :realm AND user_id = :user AND purpose = :purpose"
      " ORDER BY created DESC, expires DESC, job LIMIT :max" },

    /* One row when one more comparison is allowed.  Primary key. */
    { PWR_STMT_TOKEN_CLICK, "token_double_click",
      "UPDATE {prefix}token SET clicks = clicks + 1"
      " WHERE realm = :realm AND digest = :digest AND why = 'used'"
      " AND spent_at > {now} - " CLICK_SEC " AND spent_at <= {now} + " SKEW
      " AND clicks < " CLICK_TRIES },

    /* As session_restamp.  Index owner. */
    { PWR_STMT_TOKEN_RESTAMP, "token_restamp",
      "UPDATE {prefix}token SET stamp = :stamp WHERE realm = :realm"
      " AND user_id = :user AND purpose = 'recover' AND stamp = :before" },

    /* At most :max strings that ended :keep seconds ago, spent or not.
     * Index expires. */
    { PWR_STMT_TOKEN_DEAD, "purge tokens",
      "SELECT realm, digest FROM {prefix}token WHERE expires < {now} - :keep"
      " ORDER BY expires LIMIT :max" },

    { PWR_STMT_TOKEN_PURGE, "purge token",
      "DELETE FROM {prefix}token WHERE realm = :realm AND digest = :digest" },

    /* :digest is random: "exists" is our own first try. */
    { PWR_STMT_SESSION_ADD, "session_add",
      "INSERT INTO {prefix}session (realm, digest, user_id, login, created,"
      " seen, expires, stamp, address, agent)"
      " VALUES (:realm, :digest, :user, :login, {now}, {now},"
      " {now} + :lifetime, :stamp, :address, :agent)" },

    /* At most one row, expired ones too.  Primary key. */
    { PWR_STMT_SESSION_FIND, "session_find",
      "SELECT realm, user_id, login, created, seen, expires, stamp, address,"
      " agent, {now} AS clock FROM {prefix}session"
      " WHERE realm = :realm AND digest = :digest" },

    /* Unless another request did so in the last :every seconds. */
    { PWR_STMT_SESSION_TOUCH, "session_find touch",
      "UPDATE {prefix}session SET seen = {now}"
      " WHERE realm = :realm AND digest = :digest"
      " AND seen < {now} - :every" },

    { PWR_STMT_SESSION_END, "session_end",
      "DELETE FROM {prefix}session WHERE realm = :realm AND digest = :digest" },

    /* All of a user, on all devices.  Index owner. */
    { PWR_STMT_SESSION_END_USER, "session_end user",
      "DELETE FROM {prefix}session WHERE realm = :realm AND user_id = :user" },

    { PWR_STMT_SESSION_END_OTHERS, "session_end others",
      "DELETE FROM {prefix}session WHERE realm = :realm AND user_id = :user"
      " AND digest <> :digest" },

    /* A user's whose hash alone was made anew.  Index owner. */
    { PWR_STMT_SESSION_RESTAMP, "session_restamp",
      "UPDATE {prefix}session SET stamp = :stamp WHERE realm = :realm"
      " AND user_id = :user AND stamp = :before" },

    /* At most :max live sessions of a user whose row has :stamp, that of
     * :digest first.  Index owner. */
    { PWR_STMT_SESSION_LIST, "sessions_list",
      "SELECT realm, user_id, digest, login, created, seen, expires, address,"
      " agent FROM {prefix}session"
      " WHERE realm = :realm AND user_id = :user AND stamp = :stamp"
      " AND expires > {now} AND seen > {now} - :idle"
      " AND created <= {now} + " SKEW " AND seen <= {now} + " SKEW
      " ORDER BY digest = :digest DESC, seen DESC, digest LIMIT :max" },

    /* One row: n, the live sessions of a realm; more are not counted, as a page
     * asks for it every few seconds.  Primary key. */
    { PWR_STMT_SESSION_SURVEY, "survey sessions",
      "SELECT COUNT(*) AS n FROM (SELECT 1 AS one FROM {prefix}session"
      " WHERE realm = :realm AND expires > {now} AND seen > {now} - :idle"
      " LIMIT 100000) AS live" },

    /* Sessions beyond their lifetime.  Index expires. */
    { PWR_STMT_SESSION_DEAD, "purge sessions",
      "SELECT realm, digest FROM {prefix}session WHERE expires < {now} - :keep"
      " ORDER BY expires LIMIT :max" },

    /* At most :max sessions of :keep seconds ago that tell from where they are
     * used.  Reads all of the realm. */
    { PWR_STMT_SESSION_OLD, "forget sessions",
      "SELECT realm, digest FROM {prefix}session"
      " WHERE realm = :realm AND created < {now} - :keep"
      " AND (address IS NOT NULL OR agent IS NOT NULL) LIMIT :max" },

    { PWR_STMT_SESSION_FORGET, "forget session",
      "UPDATE {prefix}session SET address = NULL, agent = NULL"
      " WHERE realm = :realm AND digest = :digest" },

    /* One row: clock, and the queues of a name (:common, :newcomers) and of a
     * network at it (:share), NULL where nobody was.  Primary key, thrice;
     * writes nothing, as most attempts of a flood end here. */
    { PWR_STMT_GUESS_FIND, "guess_take find",
      "SELECT {now_ms} AS clock, c.next_ms AS common_ms, c.network AS network,"
      " n.next_ms AS newcomers_ms, s.next_ms AS share_ms"
      " FROM (SELECT 1 AS one) AS o"
      " LEFT JOIN {prefix}guess AS c"
      " ON c.realm = :realm AND c.digest = :common"
      " LEFT JOIN {prefix}guess AS n"
      " ON n.realm = :realm AND n.digest = :newcomers"
      " LEFT JOIN {prefix}guess AS s"
      " ON s.realm = :realm AND s.digest = :share" },

    /* The first of a queue; "exists" when another was quicker. */
    { PWR_STMT_GUESS_BEGIN, "guess_take begin",
      "INSERT INTO {prefix}guess (realm, digest, next_ms, network)"
      " VALUES (:realm, :digest, :next, :share)" },

    /* One row for the one who takes the slot that was seen at :seen.  Primary
     * key. */
    { PWR_STMT_GUESS_MOVE, "guess_take",
      "UPDATE {prefix}guess SET next_ms = :next, network = :share"
      " WHERE realm = :realm AND digest = :digest AND next_ms = :seen" },

    { PWR_STMT_GUESS_GIVE_BACK, "guess_give_back",
      "UPDATE {prefix}guess SET next_ms = next_ms - :interval"
      " WHERE realm = :realm AND digest = :digest" },

    /* A queue that everybody has left is as good as none.  Index next. */
    { PWR_STMT_GUESS_DEAD, "purge guesses",
      "SELECT realm, digest FROM {prefix}guess WHERE next_ms < {now_ms}"
      " ORDER BY next_ms LIMIT :max" },

    { PWR_STMT_GUESS_PURGE, "purge guess",
      "DELETE FROM {prefix}guess"
      " WHERE realm = :realm AND digest = :digest AND next_ms < {now_ms}" },

    /* One row when the browser is known to :user and has a slot: a queue of
     * its own, :depth deep.  A slot later than any was ever given is of before
     * the clock went back.  Primary key; needs no transaction. */
    { PWR_STMT_DEVICE_TAKE, "device_take",
      "UPDATE {prefix}device SET next_ms = CASE WHEN next_ms > {now_ms}"
      " AND next_ms - :depth - :interval <= {now_ms}"
      " THEN next_ms ELSE {now_ms} END + :interval,"
      " expires = {now} + :lifetime"
      " WHERE realm = :realm AND digest = :digest AND user_id = :user"
      " AND stamp = :stamp AND expires > {now}"
      " AND (next_ms - :depth <= {now_ms}"
      " OR next_ms - :depth - :interval > {now_ms})" },

    /* :digest is random: "exists" is our own first try. */
    { PWR_STMT_DEVICE_ADD, "device_add",
      "INSERT INTO {prefix}device (realm, digest, user_id, stamp, next_ms,"
      " created, expires) VALUES (:realm, :digest, :user, :stamp, 0, {now},"
      " {now} + :lifetime)" },

    /* The browser's other accounts, under its new cookie.  Primary key. */
    { PWR_STMT_DEVICE_RENAME, "device_add rename",
      "UPDATE {prefix}device SET digest = :digest"
      " WHERE realm = :realm AND digest = :before AND user_id <> :user" },

    /* All of a user.  Index owner. */
    { PWR_STMT_DEVICE_END_USER, "device_end user",
      "DELETE FROM {prefix}device WHERE realm = :realm AND user_id = :user" },

    /* As session_restamp.  Index owner. */
    { PWR_STMT_DEVICE_RESTAMP, "device_restamp",
      "UPDATE {prefix}device SET stamp = :stamp WHERE realm = :realm"
      " AND user_id = :user AND stamp = :before" },

    /* The last of as many as an account may have.  Index owner. */
    { PWR_STMT_DEVICE_LEAST, "device_add least",
      "SELECT expires AS least FROM {prefix}device"
      " WHERE realm = :realm AND user_id = :user"
      " ORDER BY expires DESC LIMIT 1 OFFSET :max" },

    { PWR_STMT_DEVICE_TRIM, "device_add trim",
      "DELETE FROM {prefix}device"
      " WHERE realm = :realm AND user_id = :user AND expires <= :least" },

    /* Index expires. */
    { PWR_STMT_DEVICE_DEAD, "purge devices",
      "SELECT realm, digest, user_id FROM {prefix}device"
      " WHERE expires < {now} - :keep ORDER BY expires LIMIT :max" },

    { PWR_STMT_DEVICE_PURGE, "purge device",
      "DELETE FROM {prefix}device"
      " WHERE realm = :realm AND digest = :digest AND user_id = :user" },

    /* :id is the change's: "exists" is our own first try. */
    { PWR_STMT_HISTORY_ADD, "history_add",
      "INSERT INTO {prefix}history (id, realm, user_id, password, ended_ms,"
      " checked) VALUES (:id, :realm, :user, :password, {now_ms}, {now})" },

    /* At most :max former passwords of a user.  Index owner. */
    { PWR_STMT_HISTORY_LIST, "history_list",
      "SELECT realm, user_id, password FROM {prefix}history"
      " WHERE realm = :realm AND user_id = :user"
      " ORDER BY ended_ms DESC, id LIMIT :max" },

    /* The last of those that are too many.  Index owner. */
    { PWR_STMT_HISTORY_LEAST, "history_add least",
      "SELECT ended_ms AS least FROM {prefix}history"
      " WHERE realm = :realm AND user_id = :user"
      " ORDER BY ended_ms DESC LIMIT 1 OFFSET :max" },

    { PWR_STMT_HISTORY_TRIM, "history_add trim",
      "DELETE FROM {prefix}history"
      " WHERE realm = :realm AND user_id = :user AND ended_ms <= :least" },

    /* At most one row: realm.  Index checked. */
    { PWR_STMT_HISTORY_STALEST, "history_stalest",
      "SELECT realm FROM {prefix}history WHERE checked < {now} - :keep"
      " ORDER BY checked LIMIT 1" },

    /* At most :max rows of a realm.  Index checked. */
    { PWR_STMT_HISTORY_STALE, "history_tidy",
      "SELECT realm, user_id FROM {prefix}history"
      " WHERE realm = :realm AND checked < {now} - :keep"
      " ORDER BY checked, user_id LIMIT :max" },

    /* Index owner. */
    { PWR_STMT_HISTORY_SEEN, "history_tidy seen",
      "UPDATE {prefix}history SET checked = {now}"
      " WHERE realm = :realm AND user_id = :user" },

    { PWR_STMT_HISTORY_DROP, "history_tidy drop",
      "DELETE FROM {prefix}history WHERE realm = :realm AND user_id = :user" },

    /* A row of the shipped user table; "exists" when the login is taken. */
    { PWR_STMT_USER_ADD, "user_add",
      "INSERT INTO {prefix}user (id, login, email, password, language, name,"
      " changed_at) VALUES (:id, :login, :email, :password, :language, :name,"
      " {now})" },

    /* Of MySQL alone, and one table; :base is NULL in our own database. */
    { PWR_STMT_ENGINE_OF, "engine_of",
      "SELECT t.table_type AS kind, t.engine AS engine, e.transactions AS can"
      " FROM information_schema.tables t LEFT JOIN information_schema.engines e"
      " ON e.engine = t.engine WHERE t.table_name = :table"
      " AND t.table_schema = COALESCE(:base, DATABASE())" },
    { PWR_STMT_VIEW_OF, "view_of",
      "SELECT CAST(view_definition AS CHAR(8000)) AS definition FROM"
      " information_schema.views WHERE table_name = :table"
      " AND table_schema = COALESCE(:base, DATABASE())" },
    { PWR_STMT_WIDTH_OF, "width_of",
      "SELECT character_maximum_length AS width FROM"
      " information_schema.columns WHERE table_name = :table"
      " AND table_schema = COALESCE(:base, DATABASE())"
      " AND column_name = :column" },
};

static const char *const our_params[] = {
    "address", "after", "agent", "base", "before", "by", "change", "column",
    "common", "created", "delay", "depth", "digest", "due", "email", "error",
    "every", "expires", "id", "identifier", "idle", "interval", "job", "keep",
    "kind", "language", "lease", "least", "lifetime", "lock", "login",
    "mailbox", "max", "merge", "name", "newcomers", "next", "owner", "password",
    "purpose", "realm", "recipient", "seen", "share", "stamp", "table", "user",
    "why", "within", NULL
};

/* Not UNIX_TIMESTAMP(NOW(3)): local time says two o'clock twice a year. */
static const struct {
    const char *word;
    const char *sql[2];         /* by pwr_dialect */
} clocks[] = {
    { "{now}",
      { "UNIX_TIMESTAMP()", "CAST(strftime('%s', 'now') AS INTEGER)" } },
    { "{now_ms}",
      { "(UNIX_TIMESTAMP() * 1000 + MICROSECOND(NOW(3)) DIV 1000)",
        "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)" } },
};

static const char *clocks_replace(apr_pool_t *pool, const char *text,
                                  pwr_dialect dialect)
{
    for (size_t i = 0; i < sizeof(clocks) / sizeof(*clocks); i++) {
        text = pwr_text_replace(pool, text, clocks[i].word,
                                clocks[i].sql[dialect]);
    }
    return text;
}

static const char *ours_compile(apr_pool_t *pool, const pwr_store_conf *conf,
                                pwr_dialect dialect, pwr_store_sql *sql)
{
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
        pwr_dbd_stmt *stmt = &sql->stmt[statements[i].id];
        const char *text = clocks_replace(pool, statements[i].text, dialect);
        const char *fault = pwr_sqltext_compile(pool, text, our_params,
                                                conf->prefix, &stmt->sql);

        stmt->name = statements[i].name;
        if (fault) {
            return apr_pstrcat(pool, "PwResetTablePrefix: ", fault, NULL);
        }
    }
    return NULL;
}

const char *pwr_store_sql_make(apr_pool_t *pool, const pwr_store_conf *conf,
                               pwr_dialect dialect, pwr_store_sql *sql)
{
    const char *fault = pwr_store_query_compile(pool, conf, sql);

    return fault ? fault : ours_compile(pool, conf, dialect, sql);
}
