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

#include "cli/hsm_words.h"
#include "sfi_program_gang.h"

#define LINE_SIZE 256u

const char *
chip_result_word(const struct chip *chip)
{
    if (chip->st == SFI_ERR_CANCELLED)
        return "cancelled";
    return chip->st == SFI_OK ? "installed" : "failed";
}

void
chip_write_json(struct json *j, const struct chip *chip)
{
    const sfi_certificate *cert = sfi_installer_certificate(chip->in);
    const sfi_chip *part = sfi_installer_chip(chip->in);

    json_text(j, "port", chip->port);
    json_text(j, "result", chip_result_word(chip));
    if (part != NULL)
        json_text(j, "chip", sfi_chip_name(part));
    if (cert != NULL)
        json_text(j, "device_id", sfi_certificate_device_id(cert));
    json_number(j, "milliseconds", (uint64_t)(chip->seconds * 1000));
    if (chip->counted)
        hsm_left_json(j, &chip->hsm);
    json_error(j, chip->ctx, chip->st);
}

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
    (void)fprintf(stderr, "%s: %s%s\n", g->p->cli.spec->program,
                  level == SFI_LOG_WARNING ? "warning: " : "", line);
    (void)pthread_mutex_unlock(&g->lock);
}

static unsigned
progress_percent(const sfi_progress *at)
{
    if (at->total == 0)
        return 0;
    return (unsigned)((double)at->done * 100.0 / (double)at->total);
}

static void
chip_describe_line(const struct chip *chip, char *line, size_t size)
{
    char left[48] = "";

    if (!chip->ended) {
        (void)snprintf(line, size, "%s: %u%%", cli_visible(chip->port),
                       progress_percent(&chip->at));
        return;
    }
    if (chip->counted)
        (void)snprintf(left, sizeof(left), ", HSM COUNTER: %" PRIu64,
                       chip->hsm.remaining);
    (void)snprintf(line, size, "%s: %s after %.1f s%s", cli_visible(chip->port),
                   chip_result_word(chip), chip->seconds, left);
}

static void
display_draw_block(struct gang *g)
{
    char line[LINE_SIZE];

    if (g->drawn)
        (void)printf("\033[%zuA", g->count);
    for (size_t i = 0; i < g->count; i++) {
        chip_describe_line(&g->chips[i], line, sizeof(line));
        (void)printf("%.*s\033[K\n", (int)g->columns - 1, line);
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
        unsigned quarters = progress_percent(&chip->at) / 25;

        if (chip->told || (!chip->ended && quarters == chip->quarters))
            continue;
        chip->quarters = quarters;
        chip->told = chip->ended;
        chip_describe_line(chip, line, sizeof(line));
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
    if (!g->quiet && !g->p->json) {
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

    g->block = !g->p->json && isatty(STDOUT_FILENO) == 1 &&
               ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
               size.ws_row > g->count && size.ws_col > 1;
    if (g->block)
        g->columns = size.ws_col;
}

/* ---- at the end ---- */

static void
gang_write_json_summary(const struct gang *g, size_t installed)
{
    struct json *out = &g->p->out;

    json_array(out, "chips");
    for (size_t i = 0; i < g->count; i++) {
        json_object(out, NULL);
        chip_write_json(out, &g->chips[i]);
        if (g->record >= 0)
            json_bool(out, "recorded", g->chips[i].unrecorded == 0);
        json_close(out);
    }
    json_close(out);
    json_number(out, "installed", installed);
    json_number(out, "failed", g->count - installed);
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
        const char *where = sfi_error_where(sfi_ctx_error(chip->ctx));
        int one = 0;

        if (chip->st != SFI_OK)
            one = cli_fail_at(cli, chip->ctx, chip->st,
                              strstr(where, chip->port) == NULL ? chip->port
                                                                : "");
        if (chip->unrecorded != 0)
            one = cli_fail_text(
                cli, SFI_ERR_OS, "%s: cannot write the record of %s (%s): %s",
                cli_value(cli, OPT_RECORD), chip->port, chip_result_word(chip),
                strerror(chip->unrecorded));
        status = status == 0 ? one : status;
    }
    return status;
}

int
gang_print_summary(const struct gang *g)
{
    size_t installed = 0;

    for (size_t i = 0; i < g->count; i++)
        installed += g->chips[i].st == SFI_OK;
    cli_progress_step(&g->p->progress,
                      "%zu chips: %zu installed, %zu failed, in %.1f s",
                      g->count, installed, g->count - installed,
                      program_seconds_since(&g->started));
    if (g->p->json)
        gang_write_json_summary(g, installed);
    return gang_print_failures(g);
}
