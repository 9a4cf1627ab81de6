/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --gang: many chips at once, a context and a thread for each, one
 * image and one HSM for all. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sfi_offline.h"
#include "sfi_program_gang.h"
#include "sfi_program_record.h"

#define TICK_NS 50000000L

/* All that the signal handler does. */
static volatile sig_atomic_t interrupted;

static void
gang_on_signal(int signum)
{
    (void)signum;
    interrupted = 1;
}

/* ---- the command line ---- */

void
program_check_gang(const struct program *p)
{
    const struct cli_use *sfi = cli_next(&p->cli, OPT_SFI, NULL);
    const char *port = cli_value(&p->cli, OPT_GANG);
    size_t count = 1;

    if (cli_has(&p->cli, OPT_CONNECT))
        cli_usage(&p->cli,
                  "--gang names the ports, so it cannot be combined with -c");
    if (sfi == NULL || cli_has(&p->cli, OPT_GET_CERTIFICATE))
        cli_usage(&p->cli,
                  "--gang needs -sfi, and cannot be combined with -gc");
    if (sfi->count > 1 && !offline_is_folder(sfi->value[1]))
        cli_usage(&p->cli,
                  "%s: one licence installs one chip, expected a folder of "
                  "licences with --gang",
                  sfi->value[1]);
    for (;; port++) {
        size_t len = strcspn(port, ",");

        if (len == 0)
            cli_usage(&p->cli, "--gang has a port without a name");
        port += len;
        if (*port == '\0')
            break;
        count++;
    }
    if (count > GANG_MAX)
        cli_usage(&p->cli, "--gang has %zu ports, expected at most %u", count,
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
            if (strcmp(g->chips[i].port, word) == 0)
                cli_usage(&g->p->cli, "--gang names %s twice", word);
        }
        chip->gang = g;
        chip->port = word;
        program_port(g->p, word, g->p->baud, chip->uri);
        g->count++;
    }
}

/* ---- one HSM for all ---- */

static sfi_status
gang_login_once(struct gang *g)
{
    struct program *p = g->p;

    if (g->hsm_refused != SFI_OK || p->logged_in)
        return g->hsm_refused;
    (void)pthread_mutex_lock(&g->lock);
    g->quiet = true;
    (void)pthread_mutex_unlock(&g->lock);
    g->hsm_refused = program_login_late(p);
    (void)pthread_mutex_lock(&g->lock);
    g->quiet = false;
    (void)pthread_mutex_unlock(&g->lock);
    return g->hsm_refused;
}

/* The HSM fails in the program's context; the chip's needs the reason. */
static void
copy_error_to_context(const sfi_ctx *from, sfi_ctx *to, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(from);
    const char *where = sfi_error_where(err);
    char message[512];

    (void)snprintf(message, sizeof(message), "%s%s%s", where,
                   where[0] != '\0' ? ": " : "", sfi_error_message(err));
    sfi_ctx_report(to, st, sfi_error_peer_code(err), message);
}

static sfi_status
gang_get_license(void *user, const uint8_t *cert, size_t cert_len,
                 uint32_t session, uint8_t *out, size_t *out_len)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;
    sfi_status st;

    (void)pthread_mutex_lock(&g->hsm_lock);
    st = gang_login_once(g);
    if (st == SFI_OK)
        st = program_license(g->p, cert, cert_len, session, out, out_len);
    if (st != SFI_OK)
        copy_error_to_context(g->p->ctx, chip->ctx, st);
    chip->hsm.struct_size = sizeof(chip->hsm);
    chip->counted =
        st == SFI_OK && sfi_hsm_get_info(g->p->hsm, &chip->hsm) == SFI_OK;
    (void)pthread_mutex_unlock(&g->hsm_lock);
    return st;
}

static sfi_status
gang_get_info(void *user, sfi_hsm_info *out)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;
    sfi_status st;

    (void)pthread_mutex_lock(&g->hsm_lock);
    st = program_hsm_info(g->p, out);
    if (st != SFI_OK)
        copy_error_to_context(g->p->ctx, chip->ctx, st);
    (void)pthread_mutex_unlock(&g->hsm_lock);
    return st;
}

static sfi_status
gang_check_image(void *user, const uint8_t *header, size_t header_len)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;
    sfi_status st;

    (void)pthread_mutex_lock(&g->hsm_lock);
    st = gang_login_once(g);
    if (st == SFI_OK)
        st = sfi_hsm_check_image(g->p->hsm, header, header_len);
    if (st != SFI_OK)
        copy_error_to_context(g->p->ctx, chip->ctx, st);
    (void)pthread_mutex_unlock(&g->hsm_lock);
    return st;
}

/* ---- the record ---- */

static void
record_write_time(struct json *j)
{
    char text[32] = "";
    time_t now = time(NULL);
    struct tm utc;

    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_text(j, "time", text);
}

static int
chip_append_record(const struct chip *chip)
{
    const struct program *p = chip->gang->p;
    char *line = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&line, &len);
    struct json j;
    int err;

    if (f == NULL)
        return errno;
    json_init_line(&j, f);
    json_object(&j, NULL);
    record_write_time(&j);
    json_text(&j, "image", cli_value(&p->cli, OPT_SFI));
    json_text(&j, "protocol", p->live ? "live" : "static");
    chip_write_json(&j, chip);
    json_close(&j);
    err = fclose(f) == 0 ? record_append(chip->gang->record, line, len) : errno;
    free(line);
    return err;
}

/* ---- a chip's thread ---- */

static void
chip_on_progress(void *user, const sfi_progress *at)
{
    struct chip *chip = user;

    (void)pthread_mutex_lock(&chip->gang->lock);
    chip->at = *at;
    (void)pthread_mutex_unlock(&chip->gang->lock);
}

static sfi_status
chip_open_transport(struct chip *chip)
{
    sfi_transport *tp = NULL;
    sfi_status st = sfi_transport_open(chip->ctx, chip->uri, &tp);

    if (st == SFI_OK)
        st = sfi_installer_set_transport(chip->in, tp);
    sfi_transport_free(tp); /* the installer holds a reference */
    return st;
}

/* Record the result, success or failure, then mark the chip as ended. */
static void
chip_finish_install(struct chip *chip)
{
    struct gang *g = chip->gang;

    chip->seconds = program_seconds_since(&g->started);
    if (g->record >= 0) {
        (void)pthread_mutex_lock(&g->record_lock);
        chip->unrecorded = chip_append_record(chip);
        (void)pthread_mutex_unlock(&g->record_lock);
    }
    (void)pthread_mutex_lock(&g->lock);
    chip->ended = true;
    (void)pthread_mutex_unlock(&g->lock);
}

/* Many chips at once cannot ask: --yes must have been given. */
static sfi_status
chip_run_install(struct chip *chip)
{
    bool agreed = cli_has(&chip->gang->p->cli, OPT_YES);
    int finished = 0;
    sfi_status st;

    do {
        st = sfi_installer_step(chip->in, &finished);
        if (st != SFI_OK || agreed || chip->at.phase != SFI_PHASE_SECURE)
            continue;
        st = SFI_ERR_CANCELLED;
        sfi_ctx_report(chip->ctx, st, 0,
                       "SECURITY makes this open chip secure for ever: state "
                       "--yes with --gang");
    } while (st == SFI_OK && finished == 0);
    return st;
}

static void *
chip_thread_main(void *user)
{
    struct chip *chip = user;

    chip->st = chip_open_transport(chip);
    if (chip->st == SFI_OK)
        chip->st = chip_run_install(chip);
    chip_finish_install(chip);
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
        for (size_t i = 0; i < g->count; i++)
            sfi_installer_cancel(g->chips[i].in);
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
        chip->st = SFI_ERR_OS;
        sfi_ctx_report(chip->ctx, chip->st, err, "cannot start a thread");
        chip_finish_install(chip);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    gang_watch_until_end(g);
    for (size_t i = 0; i < g->count; i++) {
        if (started[i])
            (void)pthread_join(g->chips[i].thread, NULL);
    }
}

/* A handle in the chip's context that asks the one HSM. */
static sfi_status
chip_set_shared_hsm(struct chip *chip)
{
    const sfi_hsm_ops ops = {
        .struct_size = sizeof(ops),
        .info = gang_get_info,
        .license = gang_get_license,
        .check_image = gang_check_image,
    };
    sfi_hsm *hsm = NULL;
    sfi_status st = sfi_hsm_open_custom(chip->ctx, &ops, chip, &hsm);

    if (st == SFI_OK)
        st = sfi_installer_set_hsm(chip->in, hsm);
    sfi_hsm_free(hsm); /* the installer holds a reference */
    return st;
}

static sfi_status
chip_prepare_install(struct chip *chip, bool from_hsm)
{
    struct program *p = chip->gang->p;
    const sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = SFI_LOG_WARNING,
        .log = chip_log_line,
        .log_user = chip,
    };
    sfi_status st;

    if (sfi_ctx_new(&options, &chip->ctx) != SFI_OK)
        cli_nomem(p->cli.spec->program);
    st = sfi_installer_new(chip->ctx, p->chip, &chip->in);
    if (st != SFI_OK)
        return st;
    st = program_set_up(p, chip->ctx, chip->in);
    if (st != SFI_OK)
        return st;
    st = sfi_installer_set_progress(chip->in, chip_on_progress, chip);
    if (st != SFI_OK || !from_hsm)
        return st;
    return chip_set_shared_hsm(chip);
}

/* Load image, licences and HSM before any chip is touched. */
static int
gang_prepare_chips(struct gang *g, sfi_status *st)
{
    struct program *p = g->p;
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    const char *record = cli_value(&p->cli, OPT_RECORD);
    bool from_hsm = use->count == 1;
    int status = 0;

    if (from_hsm && cli_key(&p->cli, use, "store") == NULL)
        status = program_login(p, cli_key(&p->cli, use, "slot"), st);
    if (status != 0 || *st != SFI_OK)
        return status;
    for (size_t i = 0; i < g->count; i++) {
        *st = chip_prepare_install(&g->chips[i], from_hsm);
        if (*st == SFI_OK)
            continue;
        copy_error_to_context(g->chips[i].ctx, p->ctx, *st);
        return 0;
    }
    if (record != NULL)
        status = record_open(&p->cli, p->ctx, record, &g->record);
    if (status == 0 && p->logged_in)
        status = program_check_image(p, st); /* before the first count */
    return status;
}

static void
gang_release(struct gang *g)
{
    for (size_t i = 0; i < g->count; i++) {
        sfi_installer_free(g->chips[i].in);
        sfi_ctx_free(g->chips[i].ctx);
    }
    if (g->record >= 0)
        (void)close(g->record);
    (void)pthread_mutex_destroy(&g->lock);
    (void)pthread_mutex_destroy(&g->hsm_lock);
    (void)pthread_mutex_destroy(&g->record_lock);
    free(g->ports);
    free(g->chips);
}

int
program_gang(struct program *p, sfi_status *st)
{
    struct gang g = {
        .p = p,
        .chips = calloc(GANG_MAX, sizeof(*g.chips)),
        .ports = strdup(cli_value(&p->cli, OPT_GANG)),
        .record = -1,
    };
    int status;

    if (g.chips == NULL || g.ports == NULL ||
        pthread_mutex_init(&g.lock, NULL) != 0 ||
        pthread_mutex_init(&g.hsm_lock, NULL) != 0 ||
        pthread_mutex_init(&g.record_lock, NULL) != 0)
        cli_nomem(p->cli.spec->program);
    gang_name_chips(&g);
    gang_find_terminal(&g);
    status = gang_prepare_chips(&g, st);
    if (status == 0 && *st == SFI_OK) {
        gang_run_threads(&g);
        status = gang_print_summary(&g);
    }
    gang_release(&g);
    return status;
}
