/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A PostgreSQL database of a test, and a relay before it. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, usleep() */
#include <disk/database.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>
#include <libpq-fe.h>

#include "together.h"

static PGconn *admin;
static char name[64], folder[200];
static long asked; /* of the keeper */

/* ---- the administrator ---- */

static const char *
variable(const char *what)
{
    const char *value = getenv(what);

    ck_assert_ptr_nonnull(value);
    return value;
}

/* postgresql:///line?host=FOLDER&user=postgres */
static void
split_uri(void)
{
    const char *uri = variable("SFI_TEST_POSTGRES");

    ck_assert_int_eq(sscanf(uri, "postgresql:///line?host=%199[^&]", folder),
                     1);
}

static PGconn *
log_in(const char *database)
{
    char info[400];
    PGconn *conn;

    (void)snprintf(info, sizeof(info),
                   "host=%s user=postgres dbname=%s options='-c "
                   "client_min_messages=error'",
                   folder, database);
    conn = PQconnectdb(info);
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    return conn;
}

static void
run(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);

    ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK ||
                      PQresultStatus(r) == PGRES_TUPLES_OK,
                  "%s: %s", sql, PQerrorMessage(conn));
    PQclear(r);
}

static void
run_elsewhere(const char *verb)
{
    char sql[100];
    PGconn *conn = log_in("postgres");

    (void)snprintf(sql, sizeof(sql), verb, name);
    run(conn, sql);
    PQfinish(conn);
}

void
database_new(char *uri, size_t cap, const char *vault)
{
    static unsigned number;

    split_uri();
    (void)snprintf(name, sizeof(name), "t%ld_%u", (long)getpid(), number++);
    run_elsewhere("CREATE DATABASE %s");
    admin = log_in(name);
    (void)snprintf(uri, cap, "postgresql:///%s?host=%s&user=postgres&vault=%s",
                   name, folder, vault);
}

const char *
database_sql(const char *fmt, ...)
{
    static char answer[200];
    char sql[1024];
    PGresult *r;
    va_list args;

    va_start(args, fmt);
    ck_assert_int_lt(vsnprintf(sql, sizeof(sql), fmt, args), (int)sizeof(sql));
    va_end(args);
    r = PQexec(admin, sql);
    if (PQstatus(admin) != CONNECTION_OK) { /* the server was killed */
        PQclear(r);
        PQfinish(admin);
        admin = log_in(name);
        r = PQexec(admin, sql);
    }
    ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK ||
                      PQresultStatus(r) == PGRES_TUPLES_OK,
                  "%s: %s", sql, PQerrorMessage(admin));
    (void)snprintf(answer, sizeof(answer), "%s",
                   PQntuples(r) > 0 ? PQgetvalue(r, 0, 0) : "");
    PQclear(r);
    return answer;
}

void
database_cut(void)
{
    (void)database_sql("SELECT count(pg_terminate_backend(pid, 5000)) FROM "
                       "pg_stat_activity WHERE datname = current_database() "
                       "AND pid <> pg_backend_pid()");
}

static long
count_others(void)
{
    return atol(database_sql("SELECT count(*) FROM pg_stat_activity WHERE "
                             "datname = current_database() AND "
                             "backend_type = 'client backend' AND "
                             "pid <> pg_backend_pid()"));
}

void
database_wait_for_others(long left)
{
    long others = count_others();

    /* counted once: who was killed while it connected may come still, and go */
    for (int i = 0; i < 6000 && others > left; i++) {
        (void)usleep(10000);
        others = count_others();
    }
    ck_assert_int_le(others, left);
}

void
database_drop(void)
{
    PQfinish(admin);
    admin = NULL;
    run_elsewhere("DROP DATABASE %s WITH (FORCE)");
}

/* ---- the keeper ---- */

static void
ask_keeper(int number)
{
    pid_t keeper = (pid_t)atol(variable("SFI_TEST_POSTGRES_KEEPER"));
    struct stat info;

    if (asked == 0) {
        ck_assert_int_eq(stat(variable("SFI_TEST_POSTGRES_DONE"), &info), 0);
        asked = (long)info.st_size;
    }
    database_settle(); /* of two signals that wait the keeper sees one */
    asked++;
    ck_assert_int_eq(kill(keeper, number), 0);
}

void
database_settle(void)
{
    struct stat info = {0};

    for (int i = 0; i < 12000; i++) {
        ck_assert_int_eq(stat(variable("SFI_TEST_POSTGRES_DONE"), &info), 0);
        if (info.st_size >= asked)
            return;
        (void)usleep(10000);
    }
    ck_abort_msg("the keeper does not answer");
}

void
database_crash(void)
{
    ask_keeper(SIGUSR1);
}

void
database_go_back(void)
{
    ask_keeper(SIGUSR2);
    database_settle();
}

/* ---- the relay: a process for each connection ---- */

static volatile int *next_cut; /* shared; an enum relay_cut */
static pid_t relay;

static int
reach(const char *path, bool listens)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/.s.PGSQL.5432", path);
    if (fd < 0 || (listens ? bind : connect)(fd, (const void *)&a, sizeof(a)))
        _exit(1);
    if (listens && listen(fd, 16) != 0)
        _exit(1);
    return fd;
}

static void
pass_on(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n <= 0)
            _exit(0);
        data += n;
        len -= (size_t)n;
    }
}

/* Half a message is not a COMMIT: libpq sends each pipeline at once. */
static bool
commits(const char *data, size_t len)
{
    static const char word[] = "COMMIT"; /* and the NUL */

    for (size_t i = 0; i + sizeof(word) <= len; i++) {
        if (memcmp(data + i, word, sizeof(word)) == 0)
            return true;
    }
    return false;
}

static void
cut(enum relay_cut how, int client, int server, const char *data, size_t len)
{
    char answer[4096];

    *next_cut = RELAY_PASS;
    if (how == RELAY_LATE) {
        (void)close(client);
        (void)usleep(300000);
    }
    if (how != RELAY_CUT_BEFORE) {
        pass_on(server, data, len);
        (void)!read(server, answer, sizeof(answer));
    }
    _exit(0);
}

static void
relay_connection(int client, int server)
{
    struct pollfd ends[] = {{.fd = client, .events = POLLIN},
                            {.fd = server, .events = POLLIN}};
    char data[65536];

    for (;;) {
        (void)poll(ends, 2, -1);
        for (int i = 0; i < 2; i++) {
            ssize_t n;

            if (ends[i].revents == 0)
                continue;
            n = read(ends[i].fd, data, sizeof(data));
            if (n <= 0)
                _exit(0);
            if (i == 0 && *next_cut != RELAY_PASS && commits(data, (size_t)n))
                cut((enum relay_cut) * next_cut, client, server, data,
                    (size_t)n);
            pass_on(ends[1 - i].fd, data, (size_t)n);
        }
    }
}

static void
relay_run(int listener)
{
    leave_check();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test stops nothing */
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client < 0)
            continue;
        if (fork() == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)close(listener);
            relay_connection(client, reach(folder, false));
        }
        (void)close(client);
    }
}

void
relay_start(const char *dir, const char *uri, char *out, size_t cap)
{
    const char *rest = strstr(uri, "&user=");
    int listener;

    ck_assert_ptr_nonnull(rest);
    next_cut = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(next_cut != MAP_FAILED);
    listener = reach(dir, true);
    relay = fork();
    ck_assert_int_ge(relay, 0);
    if (relay == 0) {
        (void)setpgid(0, 0);
        relay_run(listener);
    }
    (void)setpgid(relay, relay);
    (void)close(listener);
    (void)snprintf(out, cap, "postgresql:///%s?host=%s%s", name, dir, rest);
}

void
relay_cut_next(enum relay_cut how)
{
    *next_cut = (int)how;
}

void
relay_stop(void)
{
    if (relay > 0) {
        (void)kill(-relay, SIGKILL);
        (void)waitpid(relay, NULL, 0);
    }
    relay = 0;
}
