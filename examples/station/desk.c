/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desks: a thread each, with what it was asked in a row. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "station/local.h"

#define DESKS 5u
#define ERRANDS_MAX 32u /* that wait at a desk */
#define TICK_MS 250

struct counter {
    struct desk desk;
    pthread_t thread;
    bool runs;
    struct errand *first, **last;
    size_t waiting;
    uint64_t ticked_ms;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    struct counter counters[DESKS];
    struct errand *done, **done_last;
    int pipe[2];
    bool ends;
} desks = {.lock = PTHREAD_MUTEX_INITIALIZER, .pipe = {-1, -1}};

static const struct desk_class *const desk_classes[DESKS] = {
    &image_desk, &hsm_desk, &line_desk, &proof_desk, &files_desk};

const struct route *
desks_find(const char *path, size_t *desk)
{
    for (size_t i = 0; i < DESKS; i++) {
        for (const struct route *r = desk_classes[i]->routes; r->path != NULL;
             r++) {
            if (strcmp(r->path, path) == 0) {
                *desk = i;
                return r;
            }
        }
    }
    return NULL;
}

void
errand_free(struct errand *e)
{
    if (e == NULL)
        return;
    json_decref(e->json);
    if (e->body != NULL)
        cli_wipe(e->body, e->ask.len);
    free(e->body);
    free(e->name);
    free(e->reply.body);
    free(e);
}

static void
desk_finish(struct errand *e)
{
    static const char one = 1;

    e->next = NULL;
    (void)pthread_mutex_lock(&desks.lock);
    *desks.done_last = e;
    desks.done_last = &e->next;
    (void)pthread_mutex_unlock(&desks.lock);
    while (write(desks.pipe[1], &one, 1) < 0 && errno == EINTR)
        ;
}

/* The next errand; NULL: it is time for a tick, or the end. */
static struct errand *
desk_wait(struct counter *c, bool *ends)
{
    struct timespec until;
    struct errand *e;
    int rc = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_mutex_lock(&desks.lock);
    while (c->first == NULL && !desks.ends && rc == 0)
        rc = pthread_cond_timedwait(&desks.asked, &desks.lock, &until);
    e = c->first;
    if (e != NULL) {
        c->first = e->next;
        if (c->first == NULL)
            c->last = &c->first;
        c->waiting--;
    }
    *ends = desks.ends;
    (void)pthread_mutex_unlock(&desks.lock);
    return e;
}

static void *
desk_run(void *arg)
{
    struct counter *c = arg;
    const struct desk_class *class = c->desk.class;
    sfi_status st = SFI_OK;
    bool ends = false;
    struct errand *e;

    if (class->start != NULL)
        st = class->start(&c->desk);
    while (!ends) {
        e = desk_wait(c, &ends);
        if (e != NULL) {
            if (st == SFI_OK)
                e->route->run(&c->desk, &e->ask, &e->reply);
            else
                reply_failure(&e->reply, c->desk.ctx, st);
            desk_finish(e);
        }
        if (!ends && st == SFI_OK && class->tick != NULL &&
            cli_now_ms() - c->ticked_ms >
                TICK_MS - 5) { /* however busy it is */
            class->tick(&c->desk);
            c->ticked_ms = cli_now_ms();
        }
    }
    if (class->stop != NULL)
        class->stop(&c->desk);
    return NULL;
}

static sfi_ctx *
desk_context(void)
{
    sfi_ctx_options options = {.struct_size = sizeof(options)};
    sfi_ctx *ctx = NULL;

    return sfi_ctx_new(&options, &ctx) == SFI_OK ? ctx : NULL;
}

sfi_status
desks_start(const struct settings *s)
{
    pthread_condattr_t attr;

    if (pipe(desks.pipe) != 0)
        return SFI_ERR_OS;
    for (size_t i = 0; i < 2; i++) {
        (void)fcntl(desks.pipe[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(desks.pipe[i], F_SETFL, O_NONBLOCK);
    }
    desks.done_last = &desks.done;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&desks.asked, &attr);
    (void)pthread_condattr_destroy(&attr);
    for (size_t i = 0; i < DESKS; i++) {
        struct counter *c = &desks.counters[i];

        c->last = &c->first;
        c->desk = (struct desk){
            .class = desk_classes[i], .settings = s, .ctx = desk_context()};
        if (c->desk.ctx == NULL ||
            pthread_create(&c->thread, NULL, desk_run, c) != 0)
            return SFI_ERR_NOMEM;
        c->runs = true;
    }
    return SFI_OK;
}

void
desks_stop(void)
{
    (void)pthread_mutex_lock(&desks.lock);
    desks.ends = true;
    (void)pthread_cond_broadcast(&desks.asked);
    (void)pthread_mutex_unlock(&desks.lock);
    for (size_t i = 0; i < DESKS; i++) {
        struct counter *c = &desks.counters[i];

        if (c->runs)
            (void)pthread_join(c->thread, NULL);
        while (c->first != NULL) {
            struct errand *e = c->first;

            c->first = e->next;
            errand_free(e);
        }
        sfi_ctx_free(c->desk.ctx);
    }
    while (desks.done != NULL) {
        struct errand *e = desks.done;

        desks.done = e->next;
        errand_free(e);
    }
    (void)close(desks.pipe[0]);
    (void)close(desks.pipe[1]);
}

bool
desks_give(size_t desk, struct errand *e)
{
    struct counter *c = &desks.counters[desk];
    bool has_room;

    e->next = NULL;
    (void)pthread_mutex_lock(&desks.lock);
    has_room = c->waiting < ERRANDS_MAX;
    if (has_room) {
        *c->last = e;
        c->last = &e->next;
        c->waiting++;
        (void)pthread_cond_broadcast(&desks.asked);
    }
    (void)pthread_mutex_unlock(&desks.lock);
    return has_room;
}

int
desks_fd(void)
{
    return desks.pipe[0];
}

struct errand *
desks_take_done(void)
{
    char bytes[64];
    struct errand *e;

    while (read(desks.pipe[0], bytes, sizeof(bytes)) > 0)
        ;
    (void)pthread_mutex_lock(&desks.lock);
    e = desks.done;
    desks.done = NULL;
    desks.done_last = &desks.done;
    (void)pthread_mutex_unlock(&desks.lock);
    return e;
}
