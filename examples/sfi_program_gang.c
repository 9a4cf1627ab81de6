/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --gang: many chips at once, a context and a thread for each, one
 * image and one HSM for all. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <string.h>
#include <time.h>

#include "cli/system.h"
#include "sfi_program_gang.h"

#define TICK_NS 50000000L

void
program_read_gang(struct program *p, const struct cli_use *use)
{
    const struct cli_use *sfi = cli_next(&p->cli, OPT_SFI, NULL);
    size_t count = 1;

    if (sfi != NULL && sfi->count > 1 && !cli_is_folder(sfi->value[1]))
        cli_usage(&p->cli,
                  "%s: one licence installs one chip, expected a folder of "
                  "licences with --gang",
                  sfi->value[1]);
    for (const char *at = use->value[0]; *at != '\0'; at++)
        count += *at == ',';
    if (count > STATIONS_MAX)
        cli_usage(&p->cli, "--gang has %zu ports, expected at most %u", count,
                  STATIONS_MAX);
    p->ports = strdup(use->value[0]);
    if (p->ports == NULL)
        cli_nomem(p->cli.spec->program);
    for (char *port = p->ports; p->station_count < count;) {
        char *end = port + strcspn(port, ",");

        *end = '\0';
        if (end == port)
            cli_usage(&p->cli, "--gang has a port without a name");
        for (size_t i = 0; i < p->station_count; i++) {
            if (strcmp(p->stations[i].port, port) == 0)
                cli_usage(&p->cli, "--gang names %s twice", port);
        }
        program_add_station(p, use, port);
        port = end + 1;
    }
}

/* ---- before any chip is touched ---- */

/* One HSM for all chips, each of which has a handle. */
static pthread_mutex_t hsm_lock = PTHREAD_MUTEX_INITIALIZER;

static sfi_status
gang_lock_hsm(void *user)
{
    (void)user;
    (void)pthread_mutex_lock(&hsm_lock);
    return SFI_OK;
}

static void
gang_unlock_hsm(void *user)
{
    (void)user;
    (void)pthread_mutex_unlock(&hsm_lock);
}

static sfi_status
gang_prepare_chip(struct program *p, struct station *s)
{
    static const sfi_hsm_lock lock = {
        .struct_size = sizeof(lock),
        .lock = gang_lock_hsm,
        .unlock = gang_unlock_hsm,
    };
    const sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = cli_log_level(),
        .log = gang_log_line,
        .log_user = (void *)p->cli.spec,
    };
    bool installs = cli_has(&p->cli, OPT_SFI);
    sfi_hsm *hsm = NULL;
    sfi_ctx *ctx;
    sfi_status st = SFI_OK;

    if (sfi_ctx_new(&options, &ctx) != SFI_OK)
        cli_nomem(p->cli.spec->program);
    station_begin(s, p, ctx);
    if (installs && p->hsm != NULL)
        st = sfi_hsm_share(ctx, p->hsm, &lock, NULL, &hsm);
    if (st == SFI_OK)
        st = installs ? station_prepare_install(s, hsm) : station_load_files(s);
    sfi_hsm_free(hsm); /* the installer holds a reference */
    return st == SFI_OK ? st : program_take_error(p, ctx, st);
}

/* ---- all at once ---- */

/* An event, with what the result of all has, too. */
static void
gang_report_ended(struct station *s)
{
    struct json j;

    if (!cli_event_begin(&j, "state"))
        return;
    json_text(&j, "phase", "end");
    if (s->board != 0)
        json_number(&j, "board", s->board);
    json_text(&j, "license", s->job.license);
    station_write_result(s, &j);
    cli_event_end(&j);
}

static void *
gang_thread_main(void *user)
{
    struct station *s = user;

    station_work(s);
    gang_report_ended(s);
    s->ended = true;
    return NULL;
}

/* Signals go to the thread that watches. */
static void
gang_start(struct program *p)
{
    program_catch_signals(p);
    for (size_t i = 0; i < p->station_count; i++) {
        struct station *s = &p->stations[i];
        int err = system_start_thread(&s->thread, gang_thread_main, s);

        s->has_thread = err == 0;
        if (err == 0)
            continue;
        s->st = SFI_ERR_OS;
        sfi_ctx_report(s->ctx, s->st, err, "cannot start a thread");
        (void)gang_thread_main(s);
    }
}

sfi_status
gang_prepare(struct program *p)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < p->station_count; i++)
        st = gang_prepare_chip(p, &p->stations[i]);
    return st;
}

void
gang_work(struct program *p)
{
    const struct timespec tick = {.tv_nsec = TICK_NS};

    gang_start(p);
    while (!gang_show_progress(p))
        (void)nanosleep(&tick, NULL);
    for (size_t i = 0; i < p->station_count; i++) {
        if (p->stations[i].has_thread)
            (void)pthread_join(p->stations[i].thread, NULL);
    }
}

sfi_status
program_gang(struct program *p)
{
    uint64_t began;
    sfi_status st = SFI_OK;

    if (cli_has(&p->cli, OPT_SFI))
        st = program_log_in_to_install(p);
    if (st == SFI_OK)
        st = gang_prepare(p);
    if (st == SFI_OK)
        st = program_open_record(p);
    if (st != SFI_OK)
        return st;
    began = cli_now_ms();
    gang_work(p);
    gang_print_summary(p, (double)(cli_now_ms() - began) / 1000);
    cli_handle_signals(SIG_DFL); /* before the stations end */
    return SFI_OK;
}
