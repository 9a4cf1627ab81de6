/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* How far long work is: a bar on a terminal, lines elsewhere, events for
 * machines. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/system.h"

#define BAR_LEAST 10u
#define BAR_MOST 40u
#define BAR_FRAME 3u    /* a blank and two brackets */
#define PERCENT_WIDTH 5 /* " 100%" */
#define TICK_NS 100000000L
#define EVENT_MS 100u /* between two events of one phase, at least */
#define RATE_MS 200u  /* before that a rate says nothing */
#define LINE_MAX_COLUMNS 250u

static const struct {
    const char *what, *phase;
    enum cli_unit unit;
} phases[] = {
    {"Writing areas", "areas", CLI_BYTES},
    {"Writing", "write", CLI_BYTES},
    {"Reading", "read", CLI_BYTES},
    {"Verifying", "verify", CLI_BYTES},
    {"Checking", "check", CLI_BYTES},
    {"Erasing", "erase", CLI_TIME},
    {"Licensing", "license", CLI_ITEMS},
    {"Verifying the audit log", "audit", CLI_BYTES},
    {"Verifying the records", "records", CLI_ITEMS},
    {"Waiting for the power cycle", "power_cycle", CLI_TIME},
};

static const char *
phase_of(const char *what)
{
    for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
        if (strcmp(phases[i].what, what) == 0)
            return phases[i].phase;
    }
    return what;
}

uint64_t
cli_now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- a line ---- */

/* "1.5 of 3.0 KiB": both in the unit of the whole. */
static void
amount_text(const struct cli_pace *p, char *out, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    double scale = 1;
    size_t u = 0;

    out[0] = '\0';
    if (p->unit == CLI_TIME)
        return;
    if (p->unit == CLI_ITEMS) {
        (void)snprintf(out, size, "  %" PRIu64 " of %" PRIu64, p->done,
                       p->total);
        return;
    }
    for (; u < 3 && (double)p->total / scale >= 1024; u++)
        scale *= 1024;
    (void)snprintf(out, size, "  %.*f of %.*f %s", u > 0,
                   (double)p->done / scale, u > 0, (double)p->total / scale,
                   units[u]);
}

static void
rate_text(const struct cli_pace *p, char *out, size_t size)
{
    double rate = (double)p->rate;

    out[0] = '\0';
    if (p->rate == 0 || p->unit == CLI_TIME)
        return;
    if (p->unit == CLI_ITEMS)
        (void)snprintf(out, size, "  %" PRIu64 "/s", p->rate);
    else if (rate < 1024)
        (void)snprintf(out, size, "  %" PRIu64 " B/s", p->rate);
    else if (rate < 1024 * 1024)
        (void)snprintf(out, size, "  %.1f KiB/s", rate / 1024);
    else
        (void)snprintf(out, size, "  %.1f MiB/s", rate / 1024 / 1024);
}

static void
left_text(const struct cli_pace *p, char *out, size_t size)
{
    uint64_t s = (p->eta_ms + 999) / 1000;

    out[0] = '\0';
    if (!p->has_eta)
        return;
    if (s >= 3600)
        (void)snprintf(out, size, "  %" PRIu64 ":%02u:%02u left", s / 3600,
                       (unsigned)(s / 60 % 60), (unsigned)(s % 60));
    else
        (void)snprintf(out, size, "  %u:%02u left", (unsigned)(s / 60),
                       (unsigned)(s % 60));
}

unsigned
pace_percent(const struct cli_pace *p)
{
    uint64_t done = p->done < p->total ? p->done : p->total;

    return p->total > 0 ? (unsigned)((double)done * 100.0 / (double)p->total)
                        : 0;
}

/* What is left out first in a narrow terminal: the amount, the rate, the time,
 * the bar, the end of the label.  The last column stays free, because some
 * terminals go to the next line when it is filled. */
void
cli_progress_line(char *out, size_t size, unsigned columns,
                  const struct cli_pace *p)
{
    char part[3][64]; /* in the order of the line */
    char bar[BAR_MOST + 1];
    unsigned width = columns > 1 ? columns - 1 : 1;
    unsigned label = (unsigned)strlen(p->what);
    unsigned percent = pace_percent(p);
    unsigned used, cells = 0;

    if (width > LINE_MAX_COLUMNS)
        width = LINE_MAX_COLUMNS;
    amount_text(p, part[0], sizeof(part[0]));
    rate_text(p, part[1], sizeof(part[1]));
    left_text(p, part[2], sizeof(part[2]));
    if (label + PERCENT_WIDTH > width)
        label = width > PERCENT_WIDTH ? width - PERCENT_WIDTH : 0;
    used = label + PERCENT_WIDTH;
    if (used + BAR_FRAME + BAR_LEAST <= width)
        cells = BAR_LEAST, used += BAR_FRAME + BAR_LEAST;
    for (size_t i = 3; i-- > 0;) {
        if (used + strlen(part[i]) > width)
            part[i][0] = '\0';
        used += (unsigned)strlen(part[i]);
    }
    if (cells > 0)
        cells += width - used < BAR_MOST - BAR_LEAST ? width - used
                                                     : BAR_MOST - BAR_LEAST;
    for (unsigned i = 0; i < cells; i++)
        bar[i] = i < percent * cells / 100 ? '#' : '.';
    bar[cells] = '\0';
    (void)snprintf(out, size, "%.*s%s%s%s %3u%%%s%s%s", (int)label, p->what,
                   cells > 0 ? " [" : "", bar, cells > 0 ? "]" : "", percent,
                   part[0], part[1], part[2]);
    if (strlen(out) > width)
        out[width] = '\0';
}

/* ---- on the screen ---- */

/* What is drawn belongs to the thread that works and to the one that keeps a
 * bar moving meanwhile. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cli_progress *active; /* its bar is moved */
static bool ticking;

unsigned
cli_columns(FILE *out)
{
    struct system_window window;

    if (out == NULL || !system_can_redraw() || !system_get_window(out, &window))
        return 0;
    return window.columns > 0 ? window.columns : 80;
}

static void
bar_draw(struct cli_progress *p)
{
    char line[LINE_MAX_COLUMNS + 64];
    unsigned columns = cli_columns(p->out);

    cli_progress_line(line, sizeof(line), columns > 0 ? columns : 80, &p->pace);
    (void)fprintf(p->out, "\r%s\033[K", line);
    (void)fflush(p->out);
    p->open = true;
    p->columns = columns;
}

/* What is done, as time passes: until it is more than was expected. */
static void
pace_update(struct cli_pace *p, uint64_t done)
{
    uint64_t elapsed = cli_now_ms() - p->began_ms;

    if (p->unit == CLI_TIME) {
        p->done = elapsed < p->total ? elapsed : p->total - 1;
        p->eta_ms = p->total - p->done;
        p->has_eta = elapsed < p->total;
        return;
    }
    p->done = done < p->total ? done : p->total;
    p->rate = 0;
    if (elapsed >= RATE_MS && p->done > p->first)
        p->rate = (p->done - p->first) * 1000 / elapsed;
    p->has_eta = p->rate > 0;
    if (p->has_eta)
        p->eta_ms =
            (uint64_t)((double)(p->total - p->done) * 1000.0 / (double)p->rate);
}

static void
event_tell(struct cli_progress *p, bool at_once)
{
    const struct cli_pace *at = &p->pace;
    uint64_t now = cli_now_ms();

    if (!at_once && now - p->told_ms < EVENT_MS)
        return;
    p->told_ms = now;
    report_progress(p->port, &(struct report_progress){
                                 .phase = phase_of(at->what),
                                 .done = at->done,
                                 .total = at->total,
                                 .rate = at->unit == CLI_TIME ? 1000 : at->rate,
                                 .has_eta = at->has_eta,
                                 .eta_ms = at->eta_ms,
                             });
}

static void *
tick(void *user)
{
    const struct timespec pause = {.tv_nsec = TICK_NS};

    (void)user;
    for (;;) {
        (void)nanosleep(&pause, NULL);
        (void)pthread_mutex_lock(&lock);
        if (active != NULL) {
            pace_update(&active->pace, active->pace.done);
            if (active->terminal)
                bar_draw(active);
            if (active->pace.unit == CLI_TIME)
                event_tell(active, false);
        }
        (void)pthread_mutex_unlock(&lock);
    }
    return NULL;
}

/* It also redraws the bar after the terminal got another size. */
static void
ticker_start(void)
{
    pthread_t thread;

    if (ticking)
        return;
    ticking = system_start_thread(&thread, tick, NULL) == 0;
    if (ticking)
        (void)pthread_detach(thread);
}

void
cli_progress_init(struct cli_progress *p, FILE *out)
{
    memset(p, 0, sizeof(*p));
    p->out = out;
    p->terminal = cli_columns(out) > 0;
}

static void
progress_end(struct cli_progress *p)
{
    if (active == p)
        active = NULL;
    if (p->open)
        (void)fputc('\n', p->out);
    p->open = false;
    p->pace.what = NULL;
    if (p->out != NULL)
        (void)fflush(p->out);
}

void
cli_progress_end(struct cli_progress *p)
{
    (void)pthread_mutex_lock(&lock);
    progress_end(p);
    (void)pthread_mutex_unlock(&lock);
}

void
progress_make_room(void)
{
    (void)pthread_mutex_lock(&lock);
    if (active != NULL && active->open) {
        (void)fputs("\r\033[K", active->out);
        (void)fflush(active->out);
        active->open = false; /* until it is drawn again, below */
    }
    (void)pthread_mutex_unlock(&lock);
}

void
cli_progress_done(struct cli_progress *p)
{
    (void)pthread_mutex_lock(&lock);
    if (p->pace.what != NULL) {
        p->pace.done = p->pace.total;
        p->pace.has_eta = false;
        event_tell(p, true);
        if (p->open)
            bar_draw(p);
    }
    progress_end(p);
    (void)pthread_mutex_unlock(&lock);
}

void
cli_progress_step(struct cli_progress *p, const char *fmt, ...)
{
    char line[1024];
    va_list args;

    cli_progress_end(p);
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    cli_log_line(line);
    report_state(p->port, p->phase, line);
    p->phase = NULL;
    if (p->out == NULL)
        return;
    (void)fprintf(p->out, "%s\n", cli_visible(line));
    (void)fflush(p->out);
}

static void
pace_begin(struct cli_progress *p, enum cli_unit unit, const char *what,
           uint64_t done, uint64_t total)
{
    progress_end(p);
    p->pace = (struct cli_pace){
        .what = what,
        .unit = unit,
        .first = done,
        .total = total,
        .began_ms = cli_now_ms(),
    };
    if ((p->terminal && !p->quiet) ||
        (unit == CLI_TIME && report_has_events())) {
        active = p;
        ticker_start();
    }
}

static void
progress_at(struct cli_progress *p, enum cli_unit unit, const char *what,
            uint64_t done, uint64_t total)
{
    bool fresh = p->pace.what != what;
    unsigned percent;

    if (fresh)
        pace_begin(p, unit, what, done, total);
    p->pace.total = total;
    pace_update(&p->pace, done);
    event_tell(p, fresh || done >= total);
    percent = pace_percent(&p->pace);
    if (p->out == NULL || p->quiet || (!fresh && percent == p->shown))
        return;
    if (p->terminal)
        bar_draw(p);
    else if (fresh || percent / 10 != p->shown / 10)
        (void)fprintf(p->out, "%s: %u%%\n", what, percent / 10 * 10);
    p->shown = percent;
    (void)fflush(p->out);
}

bool
cli_progress_row(const struct cli_progress *p, const char *port,
                 unsigned columns, char *out, size_t size)
{
    char label[128];
    struct cli_pace pace;

    (void)pthread_mutex_lock(&lock);
    pace = p->pace;
    (void)pthread_mutex_unlock(&lock);
    if (pace.what == NULL)
        return false;
    (void)snprintf(label, sizeof(label), "%s: %s", port, phase_of(pace.what));
    if (pace.unit == CLI_TIME)
        pace_update(&pace, 0);
    pace.what = label;
    cli_progress_line(out, size, columns, &pace);
    return true;
}

unsigned
cli_progress_percent(const struct cli_progress *p)
{
    unsigned percent;

    (void)pthread_mutex_lock(&lock);
    percent = pace_percent(&p->pace);
    (void)pthread_mutex_unlock(&lock);
    return percent;
}

/* A character from U+1100 on may be as wide as two. */
void
cli_cut(char *text, unsigned columns)
{
    unsigned char *at = (unsigned char *)text;
    unsigned used = 0;

    while (*at != '\0') {
        unsigned wide = *at >= 0xe1 ? 2 : 1;
        size_t len = *at < 0x80 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;

        if (used + wide > columns) {
            *at = '\0';
            return;
        }
        used += wide;
        while (len-- > 0 && *at != '\0')
            at++;
    }
}

void
cli_progress_items(struct cli_progress *p, const char *what, uint64_t done,
                   uint64_t total)
{
    (void)pthread_mutex_lock(&lock);
    progress_at(p, CLI_ITEMS, what, done, total);
    (void)pthread_mutex_unlock(&lock);
}

void
cli_progress_show(struct cli_progress *p, const sfi_progress *at)
{
    const char *phase = sfi_phase_name(at->phase);

    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < sizeof(phases) / sizeof(*phases); i++) {
        if (strcmp(phases[i].phase, phase) == 0)
            progress_at(p, phases[i].unit, phases[i].what, at->done, at->total);
    }
    (void)pthread_mutex_unlock(&lock);
}

void
cli_progress_expect(struct cli_progress *p, const char *what, uint64_t ms)
{
    (void)pthread_mutex_lock(&lock);
    pace_begin(p, CLI_TIME, what, 0, ms > 0 ? ms : 1);
    pace_update(&p->pace, 0);
    event_tell(p, true);
    if (p->terminal && !p->quiet)
        bar_draw(p);
    (void)pthread_mutex_unlock(&lock);
}

static void
watch_show(void *progress, const sfi_progress *at)
{
    if (at->done == 0) /* a log that another one continues comes first */
        cli_progress_end(progress);
    if (at->total > 0)
        cli_progress_show(progress, at);
}

void
cli_progress_watch(struct cli_progress *p, sfi_ctx *ctx)
{
    bool shown = !cli_wants_json() && cli_columns(stdout) > 0;

    cli_progress_init(p, shown ? stdout : NULL);
    sfi_ctx_set_progress(ctx, watch_show, p);
}
