/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program as a process of the screen "Line". */
#define _GNU_SOURCE /* pipe2() */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "station/line.h"

#define PLAN_MAX 65536u
#define NAP_NS 80000000L /* what comes meanwhile is told at once */

extern char **environ;

struct feed {
    int fd;
    char text[LINE_TEXT_MAX];
    size_t len;
    bool skip; /* the rest of a longer line */
};

/* ---- start ---- */

static void
close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0)
            (void)close(fds[i]);
        fds[i] = -1;
    }
}

/* A group of its own: a Ctrl-C for sfi-station is not one for the boards. */
sfi_status
line_spawn(const char *program, char *const words[], int in, int out,
           int events, int pin, pid_t *pid)
{
    const int fds[] = {in, out, events, pin};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, normal;
    int err;

    (void)sigemptyset(&none);
    (void)sigemptyset(&normal);
    (void)sigaddset(&normal, SIGPIPE);
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attr);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
                                              POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setpgroup(&attr, 0);
    (void)posix_spawnattr_setsigmask(&attr, &none);
    (void)posix_spawnattr_setsigdefault(&attr, &normal);
    for (int i = 0; i < 4; i++) {
        if (fds[i] >= 0)
            (void)posix_spawn_file_actions_adddup2(&actions, fds[i], i);
    }
    err = posix_spawnp(pid, program, &actions, &attr, words, environ);
    (void)posix_spawnattr_destroy(&attr);
    (void)posix_spawn_file_actions_destroy(&actions);
    errno = err;
    return err == 0 ? SFI_OK : SFI_ERR_OS;
}

static char *
read_all(int fd, size_t cap)
{
    char *text = calloc(1, cap + 1);
    size_t len = 0;
    ssize_t got = 1;

    while (text != NULL && len < cap && got != 0) {
        got = read(fd, text + len, cap - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno != EINTR)
            break;
    }
    return text;
}

/* What it said with --json; NULL: nothing. */
static json_t *
plan_ask(const char *program, const char *path)
{
    char *words[] = {(char *)"sfi-program", (char *)"--job",  (char *)path,
                     (char *)"--plan",      (char *)"--json", NULL};
    int fds[2] = {-1, -1}, null = open("/dev/null", O_RDWR | O_CLOEXEC);
    json_t *told = NULL;
    char *text;
    pid_t pid;

    if (null >= 0 && pipe2(fds, O_CLOEXEC) == 0 &&
        line_spawn(program, words, null, fds[1], null, -1, &pid) == SFI_OK) {
        close_all(&fds[1], 1);
        text = read_all(fds[0], PLAN_MAX);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
        told = text != NULL ? json_loads(text, 0, NULL) : NULL;
        free(text);
    }
    close_all(fds, 2);
    close_all(&null, 1);
    return told;
}

json_t *
line_plan(struct desk *d, const char *path, struct reply *r)
{
    json_t *told = plan_ask(d->settings->program, path);
    const json_t *error = json_object_get(told, "error");
    sfi_status st;

    if (told == NULL) {
        reply_refuse(r, SFI_ERR_OS, "job",
                     "sfi-program does not run: it is expected beside "
                     "sfi-station");
        return NULL;
    }
    if (error == NULL)
        return told;
    /* what is wrong in a job's file is a usage error of sfi-program */
    st = (sfi_status)json_integer_value(json_object_get(error, "status"));
    reply_refuse(r, st == SFI_ERR_ARGUMENT ? SFI_ERR_FORMAT : st, "job", "%s",
                 json_string_value(json_object_get(error, "message")));
    json_decref(told);
    return NULL;
}

/* ---- what it tells ---- */

static void
feed_line(struct line *l, bool is_event, const char *text)
{
    json_t *event;

    if (!is_event) {
        line_take_answer(l, text);
        return;
    }
    event = json_loads(text, 0, NULL);
    if (event != NULL)
        line_take_event(l, event);
    json_decref(event);
}

/* False: it has ended. */
static bool
feed_read(struct line *l, struct feed *f, bool is_event)
{
    ssize_t got = read(f->fd, f->text + f->len, sizeof(f->text) - 1 - f->len);
    char *end;

    if (got <= 0)
        return got < 0 && (errno == EINTR || errno == EAGAIN);
    f->len += (size_t)got;
    while ((end = memchr(f->text, '\n', f->len)) != NULL) {
        size_t used = (size_t)(end - f->text) + 1;

        *end = '\0';
        if (!f->skip)
            feed_line(l, is_event, f->text);
        f->skip = false;
        f->len -= used;
        memmove(f->text, f->text + used, f->len);
    }
    if (f->len == sizeof(f->text) - 1) {
        f->len = 0;
        f->skip = true;
    }
    return true;
}

struct reading {
    struct line *l;
    const struct settings *settings;
    struct feed out, events;
};

/* Until both pipes have ended.  What came within a moment is told together. */
static void *
reader_main(void *user)
{
    static const struct timespec nap = {.tv_nsec = NAP_NS};
    struct reading *r = user;
    struct line *l = r->l;
    struct pollfd fds[] = {{.fd = r->out.fd, .events = POLLIN},
                           {.fd = r->events.fd, .events = POLLIN}};

    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, -1) <= 0)
            continue;
        (void)pthread_mutex_lock(&l->lock);
        if (fds[1].revents != 0 && !feed_read(l, &r->events, true))
            fds[1].fd = -1;
        if (fds[0].revents != 0 && !feed_read(l, &r->out, false))
            fds[0].fd = -1;
        if (!l->is_over)
            line_tell(l, r->settings);
        (void)pthread_mutex_unlock(&l->lock);
        (void)nanosleep(&nap, NULL);
    }
    (void)pthread_mutex_lock(&l->lock);
    l->has_ended = true;
    (void)pthread_mutex_unlock(&l->lock);
    free(r);
    return NULL;
}

/* ---- the whole ---- */

struct pipes {
    int in[2], out[2], events[2], pin[2];
};

static bool
pipes_open(struct pipes *p, const struct cli_pin *pin)
{
    memset(p, 0xff, sizeof(*p)); /* -1 */
    if (pipe2(p->in, O_CLOEXEC) != 0 || pipe2(p->out, O_CLOEXEC) != 0 ||
        pipe2(p->events, O_CLOEXEC) != 0 || pipe2(p->pin, O_CLOEXEC) != 0)
        return false;
    /* a PIN is shorter than a pipe is deep */
    return pin == NULL ||
           (write(p->pin[1], pin->pin_secret, pin->len) == (ssize_t)pin->len &&
            write(p->pin[1], "\n", 1) == 1);
}

static bool
line_run(struct desk *d, const struct pipes *p, const struct cli_pin *pin)
{
    struct line *l = d->data;
    struct reading *r = calloc(1, sizeof(*r));
    char *words[] = {(char *)"sfi-program",
                     (char *)"--job",
                     l->path,
                     (char *)"--ate",
                     (char *)"--progress=ndjson",
                     pin != NULL ? (char *)"--pin-file" : NULL,
                     (char *)"/dev/fd/3",
                     NULL};

    if (r == NULL ||
        line_spawn(d->settings->program, words, p->in[0], p->out[1],
                   p->events[1], pin != NULL ? p->pin[0] : -1, &l->pid)) {
        free(r);
        return false;
    }
    r->l = l;
    r->settings = d->settings;
    r->out.fd = p->out[0];
    r->events.fd = p->events[0];
    l->has_ended = false;
    l->has_reader = pthread_create(&l->reader, NULL, reader_main, r) == 0;
    if (!l->has_reader)
        free(r);
    return l->has_reader;
}

bool
line_start(struct desk *d, const struct cli_pin *pin, struct reply *r)
{
    struct line *l = d->data;
    struct pipes p;
    bool good = pipes_open(&p, pin);

    (void)pthread_mutex_lock(&l->lock);
    json_decref(l->failure);
    l->failure = NULL;
    l->message[0] = l->ended[0] = '\0';
    good = good && line_run(d, &p, pin);
    close_all(&p.in[0], 1);
    close_all(&p.out[1], 1);
    close_all(&p.events[1], 1);
    close_all(p.pin, 2);
    if (good) {
        l->in = p.in[1];
        l->out = p.out[0];
        l->events = p.events[0];
        line_set_state(l, LINE_BEGINS);
    } else {
        close_all((int *)&p, sizeof(p) / sizeof(int));
        reply_refuse(r, SFI_ERR_OS, "", "cannot start %s: %s",
                     d->settings->program, strerror(errno));
    }
    line_tell(l, d->settings);
    (void)pthread_mutex_unlock(&l->lock);
    return good;
}

void
line_collect(struct line *l)
{
    int fds[] = {l->in, l->out, l->events};

    (void)pthread_join(l->reader, NULL);
    while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    close_all(fds, 3);
    l->in = l->out = l->events = -1;
    l->pid = 0;
    l->has_reader = l->has_ended = false;
}
