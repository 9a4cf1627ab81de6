/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A thread for each firmware: it opens the HSM, waits until it is the one
 * server, gathers what waits, and asks the HSM for all of it in one step.  At a
 * database a second thread does this too, for licences alone. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "served/served.h"
#include "served/writer.h"

/* What was gathered is asked for when there is GATHER_MAX of it, or after this
 * time: one commit of a database takes about as long. */
#define GATHER_US 2000u
/* As many as can wait at all: the connections are limited. */
#define QUEUE_MAX 65536u
/* Between two tries to reach an HSM that is away, or held by another. */
#define RETRY_MS 500u
#define HOLD_MS 250u
#define LOOK_US 2000000u /* without a request: /healthz is to be true */
/* Then it is opened anew. */
#define PROBES_MAX 10u

static struct {
    struct firmware all[FIRMWARES_MAX];
    size_t count;
    atomic_size_t clients;
    int pipe[2];
    pthread_mutex_t lock; /* of what follows */
    struct job *done, **done_end;
    bool is_told; /* a byte is in the pipe */
    char fatal[1024];
    sfi_status fatal_st;
} writers = {.pipe = {-1, -1}, .lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what the event loop sees ---- */

struct firmware *
firmware_find(const char *name)
{
    for (size_t i = 0; i < writers.count; i++) {
        if (strcmp(writers.all[i].conf.name, name) == 0)
            return &writers.all[i];
    }
    return NULL;
}

size_t
firmware_count(void)
{
    return writers.count;
}

struct firmware *
firmware_at(size_t i)
{
    return &writers.all[i];
}

const char *
firmware_name(const struct firmware *f)
{
    return f->conf.name;
}

uint32_t
firmware_bit(const struct firmware *f)
{
    return 1u << (uint32_t)(f - writers.all);
}

enum writer_state
firmware_state(struct firmware *f)
{
    return (enum writer_state)atomic_load(&f->state);
}

const char *
firmware_state_text(enum writer_state state)
{
    static const char *const texts[] = {"starting",    "standby",
                                        "no database", "serving",
                                        "rolled back", "ended"};

    return texts[state];
}

void
firmware_why(struct firmware *f, char *out, size_t size)
{
    (void)pthread_mutex_lock(&f->lock);
    (void)snprintf(out, size, "%s", f->why);
    (void)pthread_mutex_unlock(&f->lock);
}

bool
firmware_is_live_only(struct firmware *f)
{
    return atomic_load(&f->live_only);
}

void
firmware_facts(struct firmware *f, struct writer_facts *out)
{
    (void)pthread_mutex_lock(&f->lock);
    *out = f->facts;
    out->queued = f->queued;
    (void)pthread_mutex_unlock(&f->lock);
    out->state = firmware_state(f);
}

void
writers_set_clients(size_t count)
{
    atomic_store(&writers.clients, count);
}

/* Nobody else can come meanwhile. */
static bool
queue_is_full(const struct firmware *f)
{
    return f->queued >= GATHER_MAX ||
           f->queued >= atomic_load(&writers.clients);
}

bool
firmware_ask(struct firmware *f, struct job *j)
{
    bool taken = false;

    (void)pthread_mutex_lock(&f->lock);
    if (firmware_state(f) == WRITER_SERVING && !f->stop &&
        f->queued < QUEUE_MAX) {
        j->next = NULL;
        *f->queue_end = j;
        f->queue_end = &j->next;
        f->queued++;
        taken = true;
        /* who gathers need not be woken for each */
        if (f->queued == 1 || j->kind != JOB_LICENSE || queue_is_full(f))
            (void)pthread_cond_signal(&f->more);
        if (f->queued >= SECOND_MIN)
            (void)pthread_cond_signal(&f->much);
    }
    (void)pthread_mutex_unlock(&f->lock);
    return taken;
}

int
writers_fd(void)
{
    return writers.pipe[0];
}

/* With the lock held. */
static void
writers_tell(void)
{
    if (!writers.is_told)
        writers.is_told = write(writers.pipe[1], "", 1) == 1;
}

struct job *
writers_take_done(void)
{
    struct job *done;
    char bytes[16];

    (void)pthread_mutex_lock(&writers.lock);
    while (read(writers.pipe[0], bytes, sizeof(bytes)) > 0)
        continue;
    writers.is_told = false;
    done = writers.done;
    writers.done = NULL;
    writers.done_end = &writers.done;
    (void)pthread_mutex_unlock(&writers.lock);
    return done;
}

const char *
writers_fatal(sfi_status *st)
{
    const char *text;

    (void)pthread_mutex_lock(&writers.lock);
    *st = writers.fatal_st;
    text = writers.fatal_st != SFI_OK ? writers.fatal : NULL;
    (void)pthread_mutex_unlock(&writers.lock);
    return text;
}

/* ---- jobs ---- */

static const char *const count_names[] = {"none", "new", "again", "unknown"};

const char *
writer_count_name(uint32_t count)
{
    return count <= SFI_COUNT_UNKNOWN ? count_names[count] : "unknown";
}

void
job_fail(struct job *j, unsigned http, sfi_status st, const char *message)
{
    free(j->body);
    j->http = http;
    j->st = st;
    j->body = api_error_text(st, message, j->count);
}

void
job_free(struct job *j)
{
    free(j->body);
    free(j);
}

void
jobs_give_back(struct job **jobs, size_t count)
{
    (void)pthread_mutex_lock(&writers.lock);
    for (size_t i = 0; i < count; i++) {
        jobs[i]->next = NULL;
        *writers.done_end = jobs[i];
        writers.done_end = &jobs[i]->next;
    }
    writers_tell();
    (void)pthread_mutex_unlock(&writers.lock);
}

/* ---- states ---- */

static void
writer_set_state(struct firmware *f, enum writer_state state, const char *why)
{
    static const char *const names[] = {"starting", "standby",     "away",
                                        "serving",  "rolled back", "ended"};

    if (firmware_state(f) == state && strcmp(f->why, why) == 0)
        return;
    (void)pthread_mutex_lock(&f->lock);
    atomic_store(&f->state, (int)state);
    (void)snprintf(f->why, sizeof(f->why), "%s", why);
    (void)pthread_mutex_unlock(&f->lock);
    told_event(names[state], f->conf.name, why[0] != '\0' ? why : NULL);
    told_flush();
}

const char *
writer_why(const struct writer *w, char *out, size_t size)
{
    const sfi_error *e = sfi_ctx_error(w->ctx);
    const char *where = sfi_error_where(e);

    (void)snprintf(out, size, "%s%s%s", where, where[0] != '\0' ? ": " : "",
                   sfi_error_message(e));
    return out;
}

/* The whole program ends: it would fail again in the same way. */
static void
writer_die(struct firmware *f, sfi_status st, const char *why)
{
    writer_set_state(f, WRITER_ENDED, why);
    (void)pthread_mutex_lock(&writers.lock);
    if (writers.fatal_st == SFI_OK) {
        writers.fatal_st = st;
        (void)snprintf(writers.fatal, sizeof(writers.fatal), "firmware %s: %s",
                       f->conf.name, why);
    }
    writers_tell();
    (void)pthread_mutex_unlock(&writers.lock);
}

static bool
writer_must_stop(struct firmware *f)
{
    bool stop;

    (void)pthread_mutex_lock(&f->lock);
    stop = f->stop;
    (void)pthread_mutex_unlock(&f->lock);
    return stop;
}

static struct timespec
writer_in(uint64_t us)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += (time_t)(us / 1000000);
    at.tv_nsec += (long)(us % 1000000) * 1000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    return at;
}

static void
writer_nap(struct firmware *f)
{
    struct timespec until = writer_in(RETRY_MS * 1000u);

    (void)pthread_mutex_lock(&f->lock);
    while (!f->stop && pthread_cond_timedwait(&f->more, &f->lock, &until) == 0)
        continue;
    (void)pthread_mutex_unlock(&f->lock);
}

/* What may be gone when it is tried again. */
static bool
writer_may_come_back(sfi_status st)
{
    return st == SFI_ERR_IO || st == SFI_ERR_TIMEOUT ||
           st == SFI_ERR_NO_DEVICE || st == SFI_ERR_OS ||
           st == SFI_ERR_ACCESS || st == SFI_ERR_NOMEM;
}

/* ---- the HSM: open, log in, hold ---- */

void
writer_close(struct writer *w)
{
    sfi_hsm_free(w->hsm);
    w->hsm = NULL;
}

/* Its error is told, and may end the program. */
static void
writer_trouble(struct writer *w, sfi_status st)
{
    struct firmware *f = w->f;
    char why[400];

    ring_clear(f);
    (void)writer_why(w, why, sizeof(why));
    if (st == SFI_ERR_HSM_ROLLBACK)
        writer_set_state(f, WRITER_ROLLED_BACK, why);
    else if (writer_may_come_back(st) || f->served)
        writer_set_state(f, WRITER_AWAY, why);
    else
        writer_die(f, st, why);
}

static sfi_status
writer_log_in(struct writer *w)
{
    struct firmware *f = w->f;
    char why[800], error[400];
    sfi_status st = sfi_hsm_login(w->hsm, f->pin.pin_secret, f->pin.len);

    if (st == SFI_OK || st == SFI_ERR_UNSUPPORTED) {
        f->refused = false;
        return SFI_OK;
    }
    if (st != SFI_ERR_HSM_PIN && st != SFI_ERR_HSM_STATE)
        return st;
    (void)snprintf(why, sizeof(why),
                   "%s (the PIN is from %s; it is not tried again)",
                   writer_why(w, error, sizeof(error)), f->pin_path);
    writer_die(f, st, why);
    return st;
}

/* What is fixed for good, and where the chain ends. */
static sfi_status
writer_read_facts(struct writer *w)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st = sfi_hsm_get_info(w->hsm, &info);

    if (st != SFI_OK)
        return st;
    if (info.state == SFI_HSM_BLANK) {
        sfi_ctx_report(w->ctx, SFI_ERR_HSM_STATE, 0,
                       "the HSM is blank: provision it with sfi-hsm");
        return SFI_ERR_HSM_STATE;
    }
    atomic_store(&w->f->live_only, (info.flags & SFI_HSM_LIVE_ONLY) != 0);
    return SFI_OK;
}

static sfi_status
writer_open(struct writer *w)
{
    sfi_status st;

    if (w->hsm != NULL)
        return SFI_OK;
    st = sfi_hsm_open(w->ctx, w->f->conf.ledger, &w->hsm);
    if (st == SFI_OK)
        st = writer_read_facts(w);
    if (st == SFI_OK)
        st = writer_log_in(w);
    if (st != SFI_OK)
        writer_close(w);
    return st;
}

/* Waits for the server before this one. */
static sfi_status
writer_hold(struct writer *w)
{
    struct firmware *f = w->f;
    sfi_status st;

    do {
        st = sfi_hsm_hold(w->hsm, HOLD_MS);
        if (st == SFI_ERR_TIMEOUT)
            writer_set_state(f, WRITER_STANDBY, "");
    } while (st == SFI_ERR_TIMEOUT && !writer_must_stop(f));
    return st == SFI_ERR_UNSUPPORTED ? SFI_OK : st;
}

/* True: it serves now. */
static bool
writer_get_ready(struct writer *w)
{
    struct firmware *f = w->f;
    sfi_status st = writer_open(w);

    if (st == SFI_OK)
        st = writer_hold(w);
    if (st == SFI_OK)
        st = step_check_seen(w);
    if (st == SFI_OK)
        st = step_read_head(w);
    if (st == SFI_OK) {
        f->served = true;
        f->probes = 0;
        writer_set_state(f, WRITER_SERVING, "");
        return true;
    }
    if (firmware_state(f) == WRITER_ENDED || writer_must_stop(f))
        return false;
    writer_trouble(w, st);
    if (++f->probes % PROBES_MAX == 0)
        writer_close(w);
    writer_nap(f);
    return false;
}

/* ---- gathering ---- */

size_t
firmware_front(const struct firmware *f)
{
    size_t n = 0;

    for (const struct job *j = f->queue;
         j != NULL && j->kind == JOB_LICENSE && n < GATHER_MAX; j = j->next)
        n++;
    return n;
}

void
firmware_take(struct firmware *f, struct job **jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i] = f->queue;
        f->queue = jobs[i]->next;
    }
    if (f->queue == NULL)
        f->queue_end = &f->queue;
    f->queued -= count;
}

/* Jobs of one kind: up to 64 licences, or one of the others; 0: stop, or a look
 * round is due. */
static size_t
writer_gather(struct firmware *f, struct job *jobs[GATHER_MAX])
{
    struct timespec until;
    size_t count;

    (void)pthread_mutex_lock(&f->lock);
    until = writer_in(LOOK_US);
    while (f->queue == NULL && !f->stop && !f->alarm &&
           pthread_cond_timedwait(&f->more, &f->lock, &until) == 0)
        continue;
    until = writer_in(GATHER_US);
    while (f->queue != NULL && f->queue->kind == JOB_LICENSE && !f->stop &&
           !f->alarm && !queue_is_full(f) &&
           pthread_cond_timedwait(&f->more, &f->lock, &until) == 0)
        continue;
    count = f->alarm ? 0 : firmware_front(f);
    if (count == 0 && f->queue != NULL && !f->alarm)
        count = 1;
    firmware_take(f, jobs, count);
    (void)pthread_mutex_unlock(&f->lock);
    return count;
}

/* Whoever waits learns that nobody serves. */
static void
writer_turn_away(struct firmware *f)
{
    enum writer_state state = firmware_state(f);
    struct job *jobs[GATHER_MAX];
    char text[80];
    size_t count;

    (void)snprintf(text, sizeof(text), "the server does not serve now: %s",
                   state == WRITER_SERVING ? "draining"
                                           : firmware_state_text(state));
    do {
        (void)pthread_mutex_lock(&f->lock);
        count = f->queued < GATHER_MAX ? f->queued : GATHER_MAX;
        firmware_take(f, jobs, count);
        (void)pthread_mutex_unlock(&f->lock);
        for (size_t i = 0; i < count; i++)
            job_fail(jobs[i], 503, SFI_ERR_IO, text);
        if (count > 0)
            jobs_give_back(jobs, count);
    } while (count > 0);
}

void
writer_note_step(struct firmware *f, size_t count)
{
    size_t size = 0;

    while (count > (size_t)1 << size && size < 7)
        size++;
    (void)pthread_mutex_lock(&f->lock);
    f->facts.steps++;
    f->facts.step_jobs += count;
    f->facts.steps_by_size[size]++;
    (void)pthread_mutex_unlock(&f->lock);
}

/* The HSM refused because another server serves: these ask again. */
static void
writer_step_down(struct firmware *f, struct job **jobs, size_t count)
{
    ring_clear(f);
    writer_set_state(f, WRITER_STANDBY, "another server took over");
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->st == SFI_ERR_HSM_STATE)
            job_fail(jobs[i], 503, SFI_ERR_HSM_STATE,
                     "another server took over: ask again");
    }
}

/* The HSM is damaged, or went back.  A handle that has seen more would refuse
 * it for ever: its owner's statement is found by a new one. */
static void
writer_look_again(struct writer *w, struct job **jobs, size_t count)
{
    char why[400];
    sfi_status st;

    writer_close(w);
    st = writer_open(w);
    if (st == SFI_OK)
        st = step_check_seen(w);
    if (st != SFI_ERR_HSM_ROLLBACK)
        return;
    writer_trouble(w, st);
    (void)writer_why(w, why, sizeof(why));
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->st == SFI_ERR_HSM || jobs[i]->st == SFI_ERR_HSM_ROLLBACK)
            job_fail(jobs[i], 409, st, why);
    }
}

/* The second writer has met trouble, or nobody has asked for a while: is it
 * still the one server, and is the HSM there, and the same? */
static sfi_status
writer_look_round(struct writer *w)
{
    sfi_status st;

    (void)pthread_mutex_lock(&w->f->lock);
    w->f->alarm = false;
    (void)pthread_mutex_unlock(&w->f->lock);
    st = sfi_hsm_hold(w->hsm, 0);
    if (st == SFI_OK || st == SFI_ERR_UNSUPPORTED)
        st = step_check_seen(w);
    if (st == SFI_OK)
        st = step_read_head(w);
    return st;
}

static bool
writer_serve(struct writer *w)
{
    struct firmware *f = w->f;
    struct job *jobs[GATHER_MAX];
    size_t count = writer_gather(f, jobs);
    sfi_status st;

    if (count == 0 && writer_must_stop(f))
        return false;
    if (count > 0 && jobs[0]->kind == JOB_LICENSE)
        writer_note_step(f, count);
    st = count > 0 ? step_do(w, jobs, count) : writer_look_round(w);
    if ((st == SFI_ERR_HSM_STATE || st == SFI_ERR_TIMEOUT) &&
        sfi_hsm_hold(w->hsm, 0) == SFI_ERR_TIMEOUT)
        writer_step_down(f, jobs, count);
    else if (st != SFI_OK && st != SFI_ERR_HSM_STATE)
        writer_trouble(w, st);
    if (st == SFI_ERR_HSM || w->went_back)
        writer_look_again(w, jobs, count);
    if (count > 0)
        jobs_give_back(jobs, count);
    return firmware_state(f) == WRITER_SERVING;
}

static void *
writer_main(void *arg)
{
    struct writer *w = arg;
    struct firmware *f = w->f;

    while (firmware_state(f) != WRITER_ENDED && !writer_must_stop(f)) {
        if (writer_get_ready(w)) {
            while (writer_serve(w))
                continue;
        }
        writer_turn_away(f);
    }
    writer_close(w);
    sfi_ctx_free(w->ctx);
    w->ctx = NULL;
    return NULL;
}

/* ---- start and end ---- */

static void
writer_on_log(void *user, int level, const char *line)
{
    const struct firmware *f = user;

    (void)level;
    told_event("warning", f->conf.name, line);
}

static sfi_status
writer_read_pin(const struct cli *c, sfi_ctx *ctx, struct firmware *f)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");

    if (f->conf.pin_file[0] != '\0')
        (void)snprintf(f->pin_path, sizeof(f->pin_path), "%s",
                       f->conf.pin_file);
    else if (folder != NULL && strlen(folder) < 200)
        (void)snprintf(f->pin_path, sizeof(f->pin_path), "%s/%s.pin", folder,
                       f->conf.name);
    else
        return cli_report(ctx, SFI_ERR_HSM_PIN,
                          "firmware %s: no pin-file, and no systemd "
                          "credential %s.pin",
                          f->conf.name, f->conf.name);
    return cli_pin_read(c, ctx, f->pin_path, false, &f->pin);
}

static sfi_status
writer_start(sfi_ctx *ctx, struct firmware *f, struct writer *w,
             void *(*work)(void *))
{
    const sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = SFI_LOG_WARNING,
        .log = writer_on_log,
        .log_user = f,
    };
    sfi_status st = sfi_ctx_new(&options, &w->ctx);

    if (st != SFI_OK)
        return cli_report(ctx, st, "no memory");
    w->f = f;
    if (pthread_create(&w->thread, NULL, work, w) != 0)
        return cli_report(ctx, SFI_ERR_OS, "no thread could be started");
    w->runs = true;
    return SFI_OK;
}

/* In a file the second writer would wait for the lock of the first. */
static bool
firmware_is_in_database(const struct firmware *f)
{
    return strncmp(f->conf.ledger, "vault:postgres", 14) == 0 &&
           strstr(f->conf.ledger, "token=") == NULL;
}

static sfi_status
firmware_start(const struct cli *c, sfi_ctx *ctx, struct firmware *f)
{
    pthread_condattr_t attr;
    sfi_status st = writer_read_pin(c, ctx, f);

    if (st != SFI_OK)
        return st;
    f->queue_end = &f->queue;
    (void)pthread_mutex_init(&f->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&f->more, &attr);
    (void)pthread_cond_init(&f->much, &attr);
    (void)pthread_condattr_destroy(&attr);
    st = writer_start(ctx, f, &f->writer, writer_main);
    if (st == SFI_OK && firmware_is_in_database(f))
        st = writer_start(ctx, f, &f->second, second_main);
    return st;
}

sfi_status
writers_start(const struct cli *c, sfi_ctx *ctx, const struct config *config)
{
    sfi_status st = SFI_OK;

    writers.done_end = &writers.done;
    if (pipe(writers.pipe) != 0)
        return cli_report_os(ctx, errno, "no pipe");
    for (int i = 0; i < 2; i++) {
        (void)fcntl(writers.pipe[i], F_SETFD, FD_CLOEXEC);
        (void)fcntl(writers.pipe[i], F_SETFL, O_NONBLOCK);
    }
    for (size_t i = 0; i < config->firmware_count; i++)
        writers.all[i].conf = config->firmwares[i];
    writers.count = config->firmware_count;
    for (size_t i = 0; st == SFI_OK && i < writers.count; i++)
        st = firmware_start(c, ctx, &writers.all[i]);
    return st;
}

void
writers_stop(void)
{
    struct job *j;

    for (size_t i = 0; i < writers.count; i++) {
        struct firmware *f = &writers.all[i];

        if (f->writer.runs) {
            (void)pthread_mutex_lock(&f->lock);
            f->stop = true;
            (void)pthread_cond_signal(&f->more);
            (void)pthread_cond_signal(&f->much);
            (void)pthread_mutex_unlock(&f->lock);
        }
    }
    for (size_t i = 0; i < writers.count; i++) {
        if (writers.all[i].writer.runs)
            (void)pthread_join(writers.all[i].writer.thread, NULL);
        if (writers.all[i].second.runs)
            (void)pthread_join(writers.all[i].second.thread, NULL);
        cli_pin_wipe(&writers.all[i].pin);
    }
    while ((j = writers.done) != NULL) { /* their connections are gone */
        writers.done = j->next;
        job_free(j);
    }
    for (int i = 0; i < 2; i++) {
        if (writers.pipe[i] >= 0)
            (void)close(writers.pipe[i]);
    }
}
