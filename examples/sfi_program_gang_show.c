/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --gang on the screen: progress of all chips, results, failures.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "sfi_program_gang.h"

#define LINE_SIZE 1024u

/* ---- while it runs ---- */

/* Erase the block; it is redrawn below the next message. */
static void
display_erase_block(struct gang *g)
{
    if (g->drawn)
        (void)printf("\033[%zuA\033[J", g->count);
    g->drawn = false;
}

void
chip_log_line(void *user, int level, const char *line)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;

    (void)pthread_mutex_lock(&g->lock);
    display_erase_block(g);
    (void)fflush(stdout);
    cli_log_to_stderr((void *)g->p->cli.spec, level, line);
    (void)pthread_mutex_unlock(&g->lock);
}

/* "1.2 s", the counter, and why it failed, as it happens. */
static void
chip_describe_end(const struct chip *chip, char *line, size_t size)
{
    const sfi_error *err = sfi_ctx_error(chip->s.ctx);
    const sfi_journal_job *job = &chip->s.job;
    char left[48] = "";

    if (job->hsm_serial != NULL && job->license != NULL)
        (void)snprintf(left, sizeof(left), ", HSM COUNTER: %" PRIu64,
                       job->hsm_remaining);
    (void)snprintf(line, size, "%s: %s after %.1f s%s%s%.400s",
                   cli_visible(chip->s.port), station_result_word(&chip->s),
                   chip->s.seconds, left, chip->s.st != SFI_OK ? ": " : "",
                   chip->s.st != SFI_OK ? cli_visible(sfi_error_message(err))
                                        : "");
}

/* A row of the block. */
static void
chip_describe_row(struct chip *chip, char *line, size_t size, unsigned columns)
{
    const char *port = cli_visible(chip->s.port);

    if (chip->ended)
        chip_describe_end(chip, line, size);
    else if (!cli_progress_row(&chip->s.progress, port, columns, line, size))
        (void)snprintf(line, size, "%s: %s", port,
                       chip->s.phase != 0 ? sfi_phase_name(chip->s.phase)
                                          : "waits");
    cli_cut(line, columns - 1);
}

/* The terminal may have got another size. */
static void
display_draw_block(struct gang *g)
{
    char line[LINE_SIZE];
    unsigned columns = cli_columns(stdout);

    if (columns > 1)
        g->columns = columns;
    if (g->drawn)
        (void)printf("\033[%zuA", g->count);
    for (size_t i = 0; i < g->count; i++) {
        chip_describe_row(&g->chips[i], line, sizeof(line), g->columns);
        (void)printf("\r%s\033[K\n", line);
    }
    g->drawn = true;
}

/* Without a terminal: a line for each quarter of a chip's progress. */
static void
display_print_news(struct gang *g)
{
    char line[LINE_SIZE];

    for (size_t i = 0; i < g->count; i++) {
        struct chip *chip = &g->chips[i];
        unsigned percent = cli_progress_percent(&chip->s.progress);
        unsigned quarters = percent / 25;

        if (chip->told || (!chip->ended && quarters == chip->quarters))
            continue;
        chip->quarters = quarters;
        chip->told = chip->ended;
        if (chip->ended)
            chip_describe_end(chip, line, sizeof(line));
        else
            (void)snprintf(line, sizeof(line), "%s: %u%%",
                           cli_visible(chip->s.port), percent);
        (void)printf("%s\n", line);
    }
}

/* Show the progress; true: all chips have ended. */
bool
gang_show_progress(struct gang *g)
{
    size_t ended = 0;

    (void)pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->count; i++)
        ended += g->chips[i].ended;
    if (!atomic_load(&g->p->typing) && !g->p->json && !g->p->progress.quiet) {
        if (g->block)
            display_draw_block(g);
        else
            display_print_news(g);
        (void)fflush(stdout);
    }
    (void)pthread_mutex_unlock(&g->lock);
    return ended == g->count;
}

/* The block needs a terminal with a line for each chip and one more. */
void
gang_find_terminal(struct gang *g)
{
    struct winsize size;

    g->block = !g->p->json && cli_columns(stdout) > 1 &&
               ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
               size.ws_row > g->count && size.ws_col > 1;
    if (g->block)
        g->columns = size.ws_col;
}

/* ---- at the end ---- */

static const char *
gang_success_word(const struct gang *g)
{
    return cli_has(&g->p->cli, OPT_SFI) ? "installed" : "done";
}

/* What was asked for, such as the option bytes, by port. */
static void
gang_print_shown(const struct gang *g)
{
    for (size_t i = 0; i < g->count; i++) {
        const struct chip *chip = &g->chips[i];

        (void)fflush(chip->s.shows);
        if (chip->shown_len > 0 && !g->p->json)
            (void)printf("%s:\n%s", cli_visible(chip->s.port), chip->shown);
    }
}

static void
gang_write_json_summary(struct gang *g, size_t succeeded)
{
    struct json *out = &g->p->out;

    json_array(out, "chips");
    for (size_t i = 0; i < g->count; i++) {
        json_object(out, NULL);
        station_write_result(&g->chips[i].s, out);
        if (g->record.journal != NULL)
            json_bool(out, "recorded", g->chips[i].s.unrecorded == SFI_OK);
        json_close(out);
    }
    json_close(out);
    json_number(out, "succeeded", succeeded);
    json_number(out, "failed", g->count - succeeded);
    json_number(out, "milliseconds",
                (uint64_t)(program_seconds_since(&g->started) * 1000));
}

/* Print the failures by port; returns the exit status of the first. */
static int
gang_print_failures(const struct gang *g)
{
    const struct cli *cli = &g->p->cli;
    int status = 0;

    for (size_t i = 0; i < g->count; i++) {
        const struct chip *chip = &g->chips[i];
        const char *where = sfi_error_where(sfi_ctx_error(chip->s.ctx));
        int one = 0;

        if (chip->s.st != SFI_OK)
            one = cli_fail_at(cli, chip->s.ctx, chip->s.st,
                              strstr(where, chip->s.port) == NULL ? chip->s.port
                                                                  : "");
        if (chip->s.unrecorded != SFI_OK)
            one = record_fail(&chip->s);
        status = status == 0 ? one : status;
    }
    return status;
}

int
gang_print_summary(struct gang *g)
{
    size_t succeeded = 0;

    for (size_t i = 0; i < g->count; i++)
        succeeded += g->chips[i].s.st == SFI_OK;
    gang_print_shown(g);
    cli_progress_step(&g->p->progress,
                      "%zu chips: %zu %s, %zu failed, in %.1f s", g->count,
                      succeeded, gang_success_word(g), g->count - succeeded,
                      program_seconds_since(&g->started));
    if (g->p->json)
        gang_write_json_summary(g, succeeded);
    return gang_print_failures(g);
}
