/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --gang: many chips at once, a context and a thread for each, one
 * image and one HSM for all. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sfi_program_gang.h"

#define TICK_NS 50000000L

/* All that the signal handler sets; every thread looks at it. */
static atomic_int interrupted;

static void
gang_on_signal(int signum)
{
    (void)signum;
    interrupted = 1;
}

/* ---- the command line ---- */

static void
check_gang_sfi(const struct cli *c, const struct cli_use *sfi)
{
    if (sfi->count > 1 && !cli_is_folder(sfi->value[1]))
        cli_usage(c,
                  "%s: one licence installs one chip, expected a folder of "
                  "licences with --gang",
                  sfi->value[1]);
}

void
program_check_gang(const struct program *p)
{
    const struct cli *c = &p->cli;
    const struct cli_use *sfi = cli_next(c, OPT_SFI, NULL);
    const char *port = cli_value(c, OPT_GANG);
    size_t count = 1;

    if (sfi != NULL)
        check_gang_sfi(c, sfi);
    for (;; port++) {
        size_t len = strcspn(port, ",");

        if (len == 0)
            cli_usage(c, "--gang has a port without a name");
        port += len;
        if (*port == '\0')
            break;
        count++;
    }
    if (count > GANG_MAX)
        cli_usage(c, "--gang has %zu ports, expected at most %u", count,
                  GANG_MAX);
}

/* Split the ports, and refuse one that is named twice. */
static void
gang_name_chips(struct gang *g)
{
    char *save = NULL;

    for (char *word = strtok_r(g->ports, ",", &save); word != NULL;
         word = strtok_r(NULL, ",", &save)) {
        struct chip *chip = &g->chips[g->count];

        for (size_t i = 0; i < g->count; i++) {
            if (strcmp(g->chips[i].s.port, word) == 0)
                cli_usage(&g->p->cli, "--gang names %s twice", word);
        }
        chip->gang = g;
        chip->s.port = word;
        program_port(g->p, cli_next(&g->p->cli, OPT_GANG, NULL), word,
                     chip->s.uri);
        g->count++;
    }
}

/* ---- a chip's thread ---- */

/* Record the result, success or failure, then mark the chip as ended. */
static void
chip_finish(struct chip *chip)
{
    struct gang *g = chip->gang;

    chip->s.seconds = program_seconds_since(&g->started);
    station_end_job(&chip->s);
    if (g->record.journal != NULL) {
        (void)pthread_mutex_lock(&g->record_lock);
        record_station(&g->record, &chip->s);
        (void)pthread_mutex_unlock(&g->record_lock);
    }
    cli_progress_end(&chip->s.progress);
    cli_report_ended(chip->s.port, station_result_word(&chip->s), chip->s.ctx,
                     chip->s.st);
    chip->ended = true;
}

static void *
chip_thread_main(void *user)
{
    struct chip *chip = user;

    struct station *s = &chip->s;

    s->st = station_open(s);
    if (s->st == SFI_OK)
        s->st = s->in != NULL ? station_install(s) : station_run(s);
    chip_finish(chip);
    return NULL;
}

static void
gang_watch_until_end(struct gang *g)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};
    bool cancelled = false;

    while (!gang_show_progress(g)) {
        (void)nanosleep(&tick, NULL);
        if (!interrupted || cancelled)
            continue;
        cancelled = true;
        for (size_t i = 0; i < g->count; i++) {
            sfi_ctx_cancel(g->chips[i].s.ctx, 1);
            sfi_installer_cancel(g->chips[i].s.in); /* may be NULL */
        }
    }
}

/* ---- all together ---- */

static void
gang_catch_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGHUP);
    cli_handle_signals(gang_on_signal);
}

/* Signals go to the watching thread, so the chips' threads block them. */
static void
gang_run_threads(struct gang *g)
{
    sigset_t signals, before;
    bool started[GANG_MAX] = {false};

    gang_catch_signals(&signals);
    (void)clock_gettime(CLOCK_MONOTONIC, &g->started);
    (void)pthread_sigmask(SIG_BLOCK, &signals, &before);
    for (size_t i = 0; i < g->count; i++) {
        struct chip *chip = &g->chips[i];
        int err = pthread_create(&chip->thread, NULL, chip_thread_main, chip);

        started[i] = err == 0;
        if (started[i])
            continue;
        chip->s.st = SFI_ERR_OS;
        sfi_ctx_report(chip->s.ctx, chip->s.st, err, "cannot start a thread");
        chip_finish(chip);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    gang_watch_until_end(g);
    for (size_t i = 0; i < g->count; i++) {
        if (started[i])
            (void)pthread_join(g->chips[i].thread, NULL);
    }
}

/* ---- one HSM for all chips, each of which has a handle ---- */

static sfi_status
gang_lock_hsm(void *user)
{
    struct gang *g = user;

    (void)pthread_mutex_lock(&g->hsm_lock);
    return SFI_OK;
}

static void
gang_unlock_hsm(void *user)
{
    struct gang *g = user;

    (void)pthread_mutex_unlock(&g->hsm_lock);
}

static sfi_status
chip_prepare_install(struct chip *chip, bool from_hsm)
{
    static const sfi_hsm_lock lock = {
        .struct_size = sizeof(lock),
        .lock = gang_lock_hsm,
        .unlock = gang_unlock_hsm,
    };
    struct gang *g = chip->gang;
    sfi_hsm *hsm = NULL;
    sfi_status st = SFI_OK;

    if (from_hsm)
        st = sfi_hsm_share(chip->s.ctx, g->p->hsm, &lock, g, &hsm);
    if (st == SFI_OK)
        st = station_prepare_install(&chip->s, hsm);
    sfi_hsm_free(hsm); /* the installer holds a reference */
    return st;
}

static sfi_status
chip_prepare(struct chip *chip, bool from_hsm)
{
    struct program *p = chip->gang->p;
    const sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = cli_log_level(),
        .log = chip_log_line,
        .log_user = chip,
    };

    if (sfi_ctx_new(&options, &chip->s.ctx) != SFI_OK)
        cli_nomem(p->cli.spec->program);
    station_begin(&chip->s, p, chip->s.ctx);
    chip->s.many = true;
    chip->s.stop = &interrupted;
    cli_progress_init(&chip->s.progress, NULL);
    chip->s.progress.port = chip->s.port;
    cli_log_waits(NULL);
    chip->s.shows = open_memstream(&chip->shown, &chip->shown_len);
    if (chip->s.shows == NULL)
        cli_nomem(p->cli.spec->program);
    return cli_has(&p->cli, OPT_SFI) ? chip_prepare_install(chip, from_hsm)
                                     : station_load_files(&chip->s);
}

/* What fails in a chip's context is reported in the program's. */
static void
gang_copy_error(const sfi_ctx *from, sfi_ctx *to, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(from);
    const char *where = sfi_error_where(err);
    char message[512];

    (void)snprintf(message, sizeof(message), "%s%s%s", where,
                   where[0] != '\0' ? ": " : "", sfi_error_message(err));
    sfi_ctx_report(to, st, sfi_error_peer_code(err), message);
}

/* Before the first count.  An HSM may not be able to tell. */
static sfi_status
gang_check_image(struct program *p)
{
    struct cli_file image;
    sfi_status st = cli_file_read(p->ctx, cli_value(&p->cli, OPT_SFI), &image);

    if (st == SFI_OK)
        st = sfi_hsm_check_image(p->hsm, image.data, image.len);
    cli_file_free(&image);
    return st == SFI_ERR_UNSUPPORTED ? SFI_OK : st;
}

/* Load image, licences and HSM before any chip is touched. */
static sfi_status
gang_prepare_chips(struct gang *g)
{
    struct program *p = g->p;
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    bool from_hsm = use != NULL && use->count == 1;
    bool late = from_hsm && cli_key(&p->cli, use, "store") != NULL;
    sfi_status st = SFI_OK;

    if (from_hsm)
        st = program_use_hsm(p, use, late);
    for (size_t i = 0; st == SFI_OK && i < g->count; i++) {
        st = chip_prepare(&g->chips[i], from_hsm);
        if (st != SFI_OK)
            gang_copy_error(g->chips[i].s.ctx, p->ctx, st);
    }
    if (st == SFI_OK)
        st = record_open(p, &g->record);
    if (st == SFI_OK && from_hsm && !late)
        st = gang_check_image(p);
    return st;
}

static void
gang_release(struct gang *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct chip *chip = &g->chips[i];

        if (chip->s.p == NULL)
            continue; /* an earlier chip failed */
        station_end(&chip->s);
        if (chip->s.shows != NULL)
            (void)fclose(chip->s.shows);
        free(chip->shown);
        sfi_ctx_free(chip->s.ctx);
    }
    record_close(&g->record);
    (void)pthread_mutex_destroy(&g->lock);
    (void)pthread_mutex_destroy(&g->hsm_lock);
    (void)pthread_mutex_destroy(&g->record_lock);
    free(g->ports);
    free(g->chips);
}

sfi_status
program_gang(struct program *p)
{
    struct gang g = {
        .p = p,
        .chips = calloc(GANG_MAX, sizeof(*g.chips)),
        .ports = strdup(cli_value(&p->cli, OPT_GANG)),
    };
    sfi_status st;

    if (g.chips == NULL || g.ports == NULL ||
        pthread_mutex_init(&g.lock, NULL) != 0 ||
        pthread_mutex_init(&g.hsm_lock, NULL) != 0 ||
        pthread_mutex_init(&g.record_lock, NULL) != 0)
        cli_nomem(p->cli.spec->program);
    gang_name_chips(&g);
    gang_find_terminal(&g);
    st = gang_prepare_chips(&g);
    if (st == SFI_OK) {
        gang_run_threads(&g);
        p->failed = gang_print_summary(&g);
    }
    gang_release(&g);
    return st;
}
