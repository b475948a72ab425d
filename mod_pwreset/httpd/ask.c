/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/ask.h"

#include <apr_strings.h>

#include "httpd/host.h"
#include "httpd/shared.h"
#include "httpd/thread.h"

#define DEADLINE_MS 1500
#define THREADS_MAX 8
#define LEAVE_MS (2 * DEADLINE_MS)

/* A round of questions.  Each answer has a pool of its own, as each is got by
 * another thread; all else is under `lock`. */
typedef struct ask_round {
    apr_pool_t *pool;
    pwr_answers answers;
    int64_t until_ms;
    int next;                   /* the first that nobody asks yet */
    int left;                   /* that have not answered */
    int readers;                /* requests that wait for it */
    apr_thread_t *thread[THREADS_MAX];
    int threads_n;
} ask_round;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static ask_round *current;
static int is_open;             /* between child_init and the child's end */

/* ---- asking ---- */

static void *APR_THREAD_FUNC ask(apr_thread_t *thread, void *data)
{
    ask_round *round = data;

    (void)thread;
    pthread_mutex_lock(&lock);
    while (round->next < round->answers.n) {
        pwr_answer *answer = &round->answers.row[round->next++];
        pwr_store *store = answer->self->store;
        int64_t begun_usec = pwr_now_usec();
        apr_status_t status;

        pthread_mutex_unlock(&lock);
        status = store->ops->survey(store, answer->pool, &answer->survey);
        pthread_mutex_lock(&lock);
        answer->status = status;
        answer->took_usec = pwr_now_usec() - begun_usec;
        answer->is_there = 1;
        round->left--;
        pthread_cond_broadcast(&changed);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void start_threads(ask_round *round)
{
    int n = round->answers.n < THREADS_MAX ? round->answers.n : THREADS_MAX;

    while (round->threads_n < n
           && pwr_thread_start(&round->thread[round->threads_n], ask, round,
                               round->pool) == APR_SUCCESS) {
        round->threads_n++;
    }
    if (round->threads_n == 0) {
        round->left = 0;        /* nobody will answer */
    }
}

/* Nobody reads it any more; waits for its threads. */
static void end_round(ask_round *round)
{
    apr_status_t status;

    for (int i = 0; i < round->threads_n; i++) {
        apr_thread_join(&status, round->thread[i]);
    }
    for (int i = 0; i < round->answers.n; i++) {
        apr_pool_destroy(round->answers.row[i].pool);
    }
    apr_pool_destroy(round->pool);
}

/* ---- what is asked ---- */

static pwr_answer *find_store(const pwr_answers *answers,
                              const pwr_server *self)
{
    for (int i = 0; i < answers->n; i++) {
        if (pwr_server_same_store(answers->row[i].self, self)) {
            return &answers->row[i];
        }
    }
    return NULL;
}

static void add_realm(pwr_answer *answer, const pwr_conf *conf)
{
    pwr_survey *survey = &answer->survey;

    for (int i = 0; i < survey->n; i++) {
        if (strcmp(survey->row[i].realm, conf->realm) == 0) {
            return;
        }
    }
    survey->row[survey->n++] = (pwr_survey_row){
        .realm = conf->realm, .idle_sec = conf->session_idle_sec
    };
}

/* All stores and the realms in each; NULL: no memory. */
static ask_round *make_round(server_rec *main_server)
{
    apr_pool_t *pool = pwr_host_pool();
    ask_round *round = pool ? apr_pcalloc(pool, sizeof(*round)) : NULL;
    int servers_n = 0;

    if (!round) {
        return NULL;
    }
    for (server_rec *s = main_server; s; s = s->next) {
        servers_n += pwr_server_active(s) != NULL;
    }
    round->pool = pool;
    round->until_ms = pwr_now_ms() + DEADLINE_MS;
    round->answers.row = apr_pcalloc(pool, sizeof(pwr_answer)
                                               * (size_t)(servers_n + 1));
    for (server_rec *s = main_server; s; s = s->next) {
        pwr_server *self = pwr_server_active(s);
        pwr_answer *answer = self ? find_store(&round->answers, self) : NULL;

        if (self && !answer) {
            answer = &round->answers.row[round->answers.n++];
            answer->self = self;
            answer->pool = pwr_host_pool();
            answer->survey.row = apr_pcalloc(pool, sizeof(pwr_survey_row)
                                                       * (size_t)servers_n);
            answer->survey.until_ms = pwr_now_ms() + DEADLINE_MS;
        }
        if (self) {
            add_realm(answer, self->conf);
        }
    }
    round->left = round->answers.n;
    return round;
}

/* ---- answers ---- */

/* Until an answer is there, a thread writes to it. */
static pwr_answer copy_one(apr_pool_t *pool, const pwr_answer *from)
{
    const pwr_survey *survey = &from->survey;
    pwr_answer to = { .self = from->self, .is_there = from->is_there };

    to.survey.n = survey->n;
    to.survey.row = apr_palloc(pool, sizeof(*survey->row)
                                         * (size_t)survey->n);
    if (from->is_there) {
        to.status = from->status;
        to.took_usec = from->took_usec;
        to.survey.is_whole = survey->is_whole;
    }
    for (int i = 0; i < survey->n; i++) {
        pwr_survey_row *row = &to.survey.row[i];

        *row = from->is_there ? survey->row[i] : (pwr_survey_row){
            .realm = survey->row[i].realm, .waiting = -1, .leased = -1,
            .failing = -1, .given_up = -1, .oldest_sec = -1, .sessions = -1
        };
        row->error = apr_pstrdup(pool, row->error);
    }
    return to;
}

static pwr_answers copy(apr_pool_t *pool, const ask_round *round)
{
    int n = round->answers.n;
    pwr_answers answers = {
        apr_palloc(pool, sizeof(pwr_answer) * (size_t)n), n
    };

    for (int i = 0; i < n; i++) {
        answers.row[i] = copy_one(pool, &round->answers.row[i]);
    }
    return answers;
}

/* The round that is under way, or a new one; `*over` is an old one to end once
 * the lock is free, as its threads may still want that. */
static ask_round *join_round(server_rec *main_server, ask_round **over)
{
    *over = NULL;
    if (current && current->left == 0 && current->readers == 0) {
        *over = current;
        current = NULL;
    }
    if (!current && is_open) {
        current = make_round(main_server);
        if (current) {
            start_threads(current);
        }
    }
    return current;
}

/* The last reader of a round that is through takes it away. */
static ask_round *leave_round(ask_round *round)
{
    round->readers--;
    pthread_cond_broadcast(&changed);
    if (round->left > 0 || round->readers > 0 || current != round) {
        return NULL;
    }
    current = NULL;
    return round;
}

pwr_answers pwr_ask_all(apr_pool_t *pool, server_rec *main_server)
{
    pwr_answers answers = { NULL, 0 };
    ask_round *round, *over[2] = { NULL, NULL };

    pthread_mutex_lock(&lock);
    round = join_round(main_server, &over[0]);
    if (round) {
        round->readers++;
        while (round->left > 0
               && pwr_thread_wait(&changed, &lock, 1000 * round->until_ms)) {
            ;
        }
        answers = copy(pool, round);
        over[1] = leave_round(round);
    }
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < 2; i++) {
        if (over[i]) {
            end_round(over[i]);
        }
    }
    return answers;
}

/* ---- start and stop ---- */

static apr_status_t stop(void *data)
{
    int64_t until_ms = pwr_now_ms() + LEAVE_MS;
    ask_round *over;

    (void)data;
    pthread_mutex_lock(&lock);
    is_open = 0;
    if (current) {
        current->next = current->answers.n;
    }
    while (current && current->readers > 0
           && pwr_thread_wait(&changed, &lock, 1000 * until_ms)) {
        ;
    }
    over = current;
    current = NULL;
    pthread_mutex_unlock(&lock);
    if (over) {
        end_round(over);
    }
    return APR_SUCCESS;
}

void pwr_ask_start(apr_pool_t *pchild)
{
    pwr_thread_make_cond(&changed);
    is_open = 1;
    apr_pool_pre_cleanup_register(pchild, NULL, stop);
}
