/* SPDX-License-Identifier: Apache-2.0 */
/* What a stranger with a clock or a crowd can do: measure, and flood.
 *
 *   load time PORT N FILE FILE              times of two sorts of requests, in
 *                                           random order: "0 USEC STATUS", or 1
 *   load visit PORT N FILE FILE             the same on one connection,
 *                                           and its new one when it was closed
 *   load turn PORT 1 FILE FILE              so each once, one after the other
 *   load flood PORT CONNECTIONS MS FILE     statuses: "503 COUNT"
 *   load mix PORT CLIENTS N FILE...         the same of N requests, or until
 *                                           SIGTERM, and "again COUNT"
 *
 * A FILE holds requests, each ended by NUL, that go over one connection; the
 * last is measured, from its first byte sent to the last of its answer.  XXXXX
 * in them becomes a number that is another each time; between two such files
 * there is a pause, in which the server does what it was asked for.
 *
 * The clients of a mix are browsers: each keeps its connection, and where
 * that was closed between two requests sends a GET again (RFC 9110, 9.2.2).
 * What may not be sent twice goes over a new one.  They choose among the files
 * at random, one request in each. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 65536
#define SCRIPT_MAX 16384
#define CONNECTIONS_MAX 4096
#define PAUSE_MS 4
#define SCRIPTS_MAX 64
#define PATIENCE_SEC 20
#define STATUSES 1000

typedef struct script {
    char bytes[SCRIPT_MAX];
    size_t len;
} script;

static struct sockaddr_in server = { .sin_family = AF_INET };

static int64_t now_usec(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * INT64_C(1000000) + ts.tv_nsec / 1000;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static void script_read(script *s, const char *path)
{
    FILE *in = fopen(path, "rb");

    if (!in) {
        fail(path);
    }
    s->len = fread(s->bytes, 1, SCRIPT_MAX - 1, in);
    fclose(in);
}

/* Is `got` a whole answer?  Ours have a Content-Length or no body. */
static int is_whole(const char *got, size_t len)
{
    const char *end = strstr(got, "\r\n\r\n");
    const char *length = end ? strcasestr(got, "\r\nContent-Length: ") : NULL;
    size_t body = length && length < end
        ? strtoul(length + strlen("\r\nContent-Length: "), NULL, 10) : 0;

    return end && len >= (size_t)(end + 4 - got) + body;
}

static int connection(int flags)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), on = 1;

    if (fd < 0) {
        fail("socket");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (struct sockaddr *)&server, sizeof(server)) != 0
        && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

/* ---- time ---- */

/* One request and its answer; 0 when there is none. */
static int exchange(int fd, const char *request, char *answer)
{
    size_t len = 0;
    ssize_t n;

    answer[0] = '\0';
    if (write(fd, request, strlen(request)) < 0) {
        return 0;
    }
    do {
        n = read(fd, answer + len, ANSWER_MAX - 1 - len);
        len += n > 0 ? (size_t)n : 0;
        answer[len] = '\0';
    } while (n > 0 && !is_whole(answer, len));
    return is_whole(answer, len);
}

/* Write a number over every XXXXX; returns how many there were. */
static int number(script *s, int n)
{
    char digits[16];
    int count = 0;

    snprintf(digits, sizeof(digits), "%05d", n % 100000);
    for (char *at = s->bytes; at < s->bytes + s->len; at++) {
        at = memmem(at, (size_t)(s->bytes + s->len - at), "XXXXX", 5);
        if (!at) {
            break;
        }
        memcpy(at, digits, 5);
        count++;
    }
    return count;
}

/* `fd` is an open connection, or -1; returns the one that was used. */
static int measure(int sort, const script *s, int fd)
{
    static char answer[ANSWER_MAX];
    int64_t begin = 0;

    for (size_t at = 0; at < s->len; at += strlen(s->bytes + at) + 1) {
        begin = now_usec();
        if (fd >= 0 && exchange(fd, s->bytes + at, answer)) {
            continue;
        }
        close(fd);
        fd = connection(0);
        if (fd < 0 || !exchange(fd, s->bytes + at, answer)) {
            fail("no answer");
        }
    }
    printf("%d %lld %.3s\n", sort, (long long)(now_usec() - begin),
           answer + strlen("HTTP/1.1 "));
    return fd;
}

/* In life who measures has a machine of its own; here the time until it gets a
 * processor, which the crowd's client wants too, would be counted as the
 * server's.  Root may. */
static void go_first(void)
{
    const struct sched_param first = { .sched_priority = 1 };

    sched_setscheduler(0, SCHED_RR, &first);
}

static int compare(int is_visit, char **argv)
{
    int fd = -1;
    static script scripts[2], one;
    int n = (int)strtol(argv[0], NULL, 10);

    script_read(&scripts[0], argv[1]);
    script_read(&scripts[1], argv[2]);
    go_first();
    /* Not in pairs: what the server has yet to do for the one before would
     * then be the other sort's more often than not. */
    for (int i = 0; i < 2 * n; i++) {
        unsigned char random;

        if (getrandom(&random, 1, 0) != 1) {
            fail("getrandom");
        }
        one = scripts[random & 1];
        if (number(&one, i)) {
            poll(NULL, 0, PAUSE_MS);
        }
        fd = measure(random & 1, &one, is_visit ? fd : connection(0));
        if (!is_visit) {
            close(fd);
        }
    }
    return 0;
}

static int take_turns(char **argv)
{
    static script one;
    int fd = -1;

    for (int sort = 0; sort < 2; sort++) {
        script_read(&one, argv[1 + sort]);
        fd = measure(sort, &one, fd);
    }
    return 0;
}

/* ---- flood ---- */

static char answers[CONNECTIONS_MAX][32];
static size_t answer_len[CONNECTIONS_MAX];
static long counts[STATUSES];
static int is_over;

/* Another request on a connection of its own: an answer may close it. */
static void begin(struct pollfd *p, int i)
{
    answer_len[i] = 0;
    p->fd = is_over ? -1 : connection(SOCK_NONBLOCK);
    p->events = p->fd < 0 ? 0 : POLLOUT;
}

static void print_counts(const long *of)
{
    for (int i = 0; i < STATUSES; i++) {
        if (of[i]) {
            printf("%d %ld\n", i, of[i]);
        }
    }
}

/* Of the answer that has ended; 0: none. */
static int status_of(int i)
{
    long status = answer_len[i]
        ? strtol(answers[i] + strlen("HTTP/1.1 "), NULL, 10) : 0;

    return status > 0 && status < STATUSES ? (int)status : 0;
}

static void step(struct pollfd *p, int i, const script *s)
{
    char rest[ANSWER_MAX];
    ssize_t n;

    if (p->revents & POLLOUT) {
        n = write(p->fd, s->bytes, strlen(s->bytes));
        p->events = POLLIN;
        p->revents = n > 0 ? 0 : POLLERR;
    }
    if (!p->revents) {
        return;
    }
    n = read(p->fd, rest, sizeof(rest));
    if (n > 0 && answer_len[i] < sizeof(answers[i])) {
        size_t room = sizeof(answers[i]) - 1 - answer_len[i];

        memcpy(answers[i] + answer_len[i], rest,
               (size_t)n < room ? (size_t)n : room);
        answer_len[i] = sizeof(answers[i]);
    }
    if (n <= 0 && errno != EAGAIN) {
        counts[status_of(i)]++;
        close(p->fd);
        begin(p, i);
    }
}

static void turn(struct pollfd *fds, int n, const script *s)
{
    if (poll(fds, (nfds_t)n, 100) < 0) {
        fail("poll");
    }
    for (int i = 0; i < n; i++) {
        if (fds[i].fd < 0) {
            begin(&fds[i], i);
        }
        else if (fds[i].revents) {
            errno = 0;
            step(&fds[i], i, s);
        }
    }
}

static int is_any_open(const struct pollfd *fds, int n)
{
    int is_open = 0;

    for (int i = 0; i < n; i++) {
        is_open |= fds[i].fd >= 0;
    }
    return is_open;
}

static int flood(char **argv)
{
    static struct pollfd fds[CONNECTIONS_MAX];
    static script s;
    int n = (int)strtol(argv[0], NULL, 10);
    int64_t until = now_usec() + strtoll(argv[1], NULL, 10) * 1000;
    int64_t patience = until + PATIENCE_SEC * INT64_C(1000000);

    if (n < 1 || n > CONNECTIONS_MAX) {
        return 2;
    }
    script_read(&s, argv[2]);
    for (int i = 0; i < n; i++) {
        begin(&fds[i], i);
    }
    while (now_usec() < until) {
        turn(fds, n, &s);
    }
    /* Who waits for an answer still, gets it. */
    is_over = 1;
    while (is_any_open(fds, n) && now_usec() < patience) {
        turn(fds, n, &s);
    }
    print_counts(counts);
    return 0;
}

/* ---- mix ---- */

/* What the clients share. */
typedef struct mix {
    long left;
    long again;
    long counts[STATUSES];
} mix;

static mix *shared;

static void end_early(int signal)
{
    (void)signal;
    __atomic_store_n(&shared->left, 0, __ATOMIC_RELAXED);
}

static int patient_connection(void)
{
    const struct timeval patience = { .tv_sec = PATIENCE_SEC };
    int fd = connection(0);

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    return fd;
}

static void drop(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* One request; returns its status, 0: it was not answered. */
static int ask(int *fd, const char *request)
{
    static char answer[ANSWER_MAX];
    int is_kept, is_done, was_closed;

    if (strncmp(request, "GET ", 4) != 0) {
        drop(fd);
    }
    do {
        is_kept = *fd >= 0;
        if (!is_kept) {
            *fd = patient_connection();
        }
        errno = 0;
        is_done = *fd >= 0 && exchange(*fd, request, answer);
        was_closed = !is_done && is_kept && !answer[0] && errno != EAGAIN;
        if (!is_done || strcasestr(answer, "\r\nConnection: close")) {
            drop(fd);
        }
        __atomic_add_fetch(&shared->again, was_closed, __ATOMIC_RELAXED);
    } while (was_closed);
    return is_done ? (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10) : 0;
}

static void live(const script *scripts, int scripts_n)
{
    static script one;
    int fd = -1;
    long n;

    while ((n = __atomic_sub_fetch(&shared->left, 1, __ATOMIC_RELAXED)) >= 0) {
        unsigned char random;
        int status;

        if (getrandom(&random, 1, 0) != 1) {
            fail("getrandom");
        }
        one = scripts[random % scripts_n];
        number(&one, (int)n);
        status = ask(&fd, one.bytes);
        __atomic_add_fetch(&shared->counts[status % STATUSES], 1,
                           __ATOMIC_RELAXED);
    }
    exit(0);
}

static int run_mix(int files_n, char **argv)
{
    static script scripts[SCRIPTS_MAX];
    int clients = (int)strtol(argv[0], NULL, 10);

    if (files_n > SCRIPTS_MAX) {
        return 2;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        fail("mmap");
    }
    shared->left = strtol(argv[1], NULL, 10);
    for (int i = 0; i < files_n; i++) {
        script_read(&scripts[i], argv[2 + i]);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end_early);
    for (int i = 0; i < clients; i++) {
        if (fork() == 0) {
            live(scripts, files_n);
        }
    }
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    print_counts(shared->counts);
    printf("again %ld\n", shared->again);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        fprintf(stderr, "load time|visit|turn|flood|mix PORT ...\n");
        return 2;
    }
    server.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    if (strcmp(argv[1], "mix") == 0) {
        return run_mix(argc - 5, argv + 3);
    }
    if (strcmp(argv[1], "turn") == 0) {
        return take_turns(argv + 3);
    }
    return strcmp(argv[1], "flood") == 0 ? flood(argv + 3)
        : compare(strcmp(argv[1], "visit") == 0, argv + 3);
}
