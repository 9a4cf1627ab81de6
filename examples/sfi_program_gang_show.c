/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --gang on the screen: progress of all chips, results, failures.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>

#include "cli/system.h"
#include "sfi_program_gang.h"

#define LINE_SIZE 1024u

static struct {
    pthread_mutex_t lock;
    size_t drawn; /* lines of a block, which is redrawn in place */
} screen = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The block is redrawn below the message. */
void
gang_log_line(void *user, int level, const char *line)
{
    (void)pthread_mutex_lock(&screen.lock);
    if (screen.drawn > 0)
        (void)printf("\033[%zuA\033[J", screen.drawn);
    screen.drawn = 0;
    (void)fflush(stdout);
    cli_log_to_stderr(user, level, line);
    (void)pthread_mutex_unlock(&screen.lock);
}

/* ---- while it runs ---- */

/* The time, the counter, and why it failed, as it happens. */
static void
station_describe_end(const struct station *s, char *line, size_t size)
{
    const sfi_journal_job *job = &s->job;
    char left[48] = "";

    if (job->hsm_serial != NULL && job->license != NULL)
        (void)snprintf(left, sizeof(left), ", HSM COUNTER: %" PRIu64,
                       job->hsm_remaining);
    (void)snprintf(line, size, "%s: %s after %.1f s%s%s%.400s",
                   cli_visible(s->port), job->result,
                   (double)job->milliseconds / 1000, left,
                   s->st != SFI_OK ? ": " : "",
                   cli_visible(sfi_error_message(job->error)));
}

/* A row of the block. */
static void
station_print_row(const struct station *s, unsigned columns)
{
    const char *port = cli_visible(s->port);
    char line[LINE_SIZE];

    if (s->ended)
        station_describe_end(s, line, sizeof(line));
    else if (!cli_progress_row(&s->progress, port, columns, line, sizeof(line)))
        (void)snprintf(line, sizeof(line), "%s: %s", port,
                       s->phase != 0 ? sfi_phase_name(s->phase) : "waits");
    cli_cut(line, columns - 1);
    (void)printf("\r%s\033[K\n", line);
}

/* Without a terminal: a line for each quarter of a chip's progress. */
static void
station_print_news(struct station *s)
{
    unsigned percent = cli_progress_percent(&s->progress);
    char line[LINE_SIZE];

    if (s->told)
        return;
    s->told = s->ended;
    if (s->told) {
        station_describe_end(s, line, sizeof(line));
        (void)printf("%s\n", line);
    } else if (percent / 25 != s->quarters)
        (void)printf("%s: %u%%\n", cli_visible(s->port), percent);
    s->quarters = percent / 25;
}

/* A block needs a terminal with a line for each chip and one more. */
static void
screen_draw(const struct program *p)
{
    struct system_window window;
    unsigned columns = cli_columns(stdout);
    bool block = columns > 1 && system_get_window(stdout, &window) &&
                 window.rows > p->station_count;

    if (screen.drawn > 0)
        (void)printf("\033[%zuA", screen.drawn);
    for (size_t i = 0; i < p->station_count; i++) {
        if (block)
            station_print_row(&p->stations[i], columns);
        else
            station_print_news(&p->stations[i]);
    }
    screen.drawn = block ? p->station_count : 0;
    (void)fflush(stdout);
}

bool
gang_show_progress(const struct program *p)
{
    size_t ended = 0;

    (void)pthread_mutex_lock(&screen.lock);
    for (size_t i = 0; i < p->station_count; i++)
        ended += p->stations[i].ended;
    if (!atomic_load(&p->typing) && !p->json && !p->progress.quiet)
        screen_draw(p);
    (void)pthread_mutex_unlock(&screen.lock);
    return ended == p->station_count;
}

/* ---- at the end ---- */

/* Print the failures by port. */
static void
gang_print_failures(struct program *p)
{
    for (size_t i = 0; i < p->station_count; i++) {
        const struct station *s = &p->stations[i];
        const char *where = sfi_error_where(s->job.error);

        if (s->st != SFI_OK)
            program_fail(p, s->ctx, s->st,
                         strstr(where, s->port) == NULL ? s->port : "");
        station_fail_record(s);
    }
}

void
gang_print_summary(struct program *p, double seconds)
{
    bool installs = cli_has(&p->cli, OPT_SFI);
    size_t succeeded = 0;

    json_open_array(&p->out, "chips");
    for (size_t i = 0; i < p->station_count; i++) {
        struct station *s = &p->stations[i];

        succeeded += s->st == SFI_OK;
        (void)fflush(s->shows);
        if (s->shown_len > 0) /* what was asked for, as option bytes */
            cli_print("%s:\n%s", cli_visible(s->port), s->shown_text);
        json_open_object(&p->out, NULL);
        station_write_result(s, &p->out);
        json_close(&p->out);
        station_write_ate(s);
    }
    json_close(&p->out);
    cli_progress_step(&p->progress, "%zu chips: %zu %s, %zu failed, in %.1f s",
                      p->station_count, succeeded,
                      installs ? "installed" : "done",
                      p->station_count - succeeded, seconds);
    json_number(&p->out, "succeeded", succeeded);
    json_number(&p->out, "failed", p->station_count - succeeded);
    json_number(&p->out, "milliseconds", (uint64_t)(seconds * 1000));
    gang_print_failures(p);
}
