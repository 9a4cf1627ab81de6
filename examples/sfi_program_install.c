/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -sfi: install one image on one chip, with progress and Ctrl-C. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "sfi_program.h"

static const char *const steps[] = {
    [SFI_PHASE_CONNECT] = "Connecting ...",
    [SFI_PHASE_SECURE] = "Activating security ...",
    [SFI_PHASE_CERTIFICATE] = "Requesting Chip Certificate from device ...",
    [SFI_PHASE_LICENSE] = "Requesting license for the current STM32 device ...",
    [SFI_PHASE_AREAS] = "Starting Firmware Install operation ...",
    [SFI_PHASE_CONFIRM] =
        "Programming option bytes, requesting security state ...",
    [SFI_PHASE_DONE] = "SFI Process Finished!",
};

static void
install_on_progress(void *user, const sfi_progress *at)
{
    struct station *s = user;

    if (s->phase == SFI_PHASE_AREAS && at->done > 0)
        cli_progress_show(&s->progress, at);
    s->progress.phase = sfi_phase_name(at->phase);
    if (at->phase != s->phase && at->phase != SFI_PHASE_SECURE)
        cli_progress_step(&s->progress, "%s", steps[at->phase]);
    s->phase = at->phase;
    s->bytes = at->total;
}

double
program_seconds_since(const struct timespec *then)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) +
           (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

void
program_report_install(struct station *s)
{
    double seconds = (double)s->job.milliseconds / 1000;
    unsigned long whole = (unsigned long)seconds;
    double rate = seconds > 0 ? (double)s->bytes / seconds : 0;

    cli_progress_step(&s->progress,
                      "Time elapsed during SFI install operation: "
                      "%02lu:%02lu:%02lu.%03u (%" PRIu64 " bytes, %.0f "
                      "bytes/s)",
                      whole / 3600, whole / 60 % 60, whole % 60,
                      (unsigned)((seconds - (double)whole) * 1000), s->bytes,
                      rate);
    if (s->job.hsm_serial != NULL)
        cli_progress_step(&s->progress, "HSM COUNTER: %" PRIu64,
                          s->job.hsm_remaining);
    json_bool(&s->p->out, "installed", true);
    json_text(&s->p->out, "protocol", s->p->live ? "live" : "static");
    json_number(&s->p->out, "bytes", s->bytes);
}

/* Before the step that makes a chip secure it is asked, once: everything that
 * can be known was checked by the installer. */
static sfi_status
install_step_by_step(struct station *s)
{
    bool asked = false;
    int finished = 0;
    sfi_status st;

    do {
        st = sfi_installer_step(s->in, &finished);
        if (st != SFI_OK || s->phase != SFI_PHASE_SECURE || asked)
            continue;
        asked = true;
        st = program_confirm_security(s);
        if (st == SFI_OK)
            cli_progress_step(&s->progress, "%s", steps[SFI_PHASE_SECURE]);
    } while (st == SFI_OK && finished == 0);
    return st;
}

/* A licence or a store of licences, when the command line names one. */
static sfi_status
installer_set_licenses(struct station *s, const struct cli_use *use)
{
    const char *folder = cli_key(&s->p->cli, use, "store");
    const char *given = use->count > 1 ? use->value[1] : NULL;
    int may_grow = folder != NULL;
    sfi_license_store *store = NULL;
    sfi_license *lic = NULL;
    sfi_status st = SFI_OK;

    if (folder == NULL && given != NULL && cli_is_folder(given))
        folder = given;
    if (folder != NULL) {
        st = sfi_license_store_open(s->ctx, folder, may_grow, &store);
        if (st == SFI_OK)
            st = sfi_installer_set_license_store(s->in, store);
    } else if (given != NULL) {
        st = sfi_license_load(s->ctx, given, &lic);
        if (st == SFI_OK)
            st = sfi_installer_set_license(s->in, lic);
    }
    sfi_license_store_free(store);
    sfi_license_free(lic);
    return st;
}

static sfi_status
installer_set_up(struct station *s, const struct cli_use *use)
{
    sfi_status st = sfi_installer_set_image_file(s->in, use->value[0]);

    if (st == SFI_OK && s->p->live)
        st = sfi_installer_set_protocol(s->in, SFI_PROTOCOL_LIVE);
    if (st == SFI_OK && s->p->timeout_ms != 0)
        st = sfi_installer_set_timeout(s->in, s->p->timeout_ms);
    if (st == SFI_OK)
        st = sfi_installer_set_erase(s->in, cli_has(&s->p->cli, OPT_ERASE));
    if (st == SFI_OK)
        st = installer_set_licenses(s, use);
    return st;
}

sfi_status
station_prepare_install(struct station *s, sfi_hsm *hsm)
{
    const struct cli_use *use = cli_next(&s->p->cli, OPT_SFI, NULL);
    sfi_status st = sfi_installer_new(s->ctx, s->p->chip, &s->in);

    if (st == SFI_OK)
        st = installer_set_up(s, use);
    if (st == SFI_OK)
        st = sfi_installer_set_progress(s->in, install_on_progress, s);
    if (st == SFI_OK && hsm != NULL)
        st = sfi_installer_set_hsm(s->in, hsm);
    return st;
}

sfi_status
program_log_in_to_install(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);

    cli_progress_step(&p->progress, "Protocol Information : %s",
                      p->live ? "live" : "static");
    cli_progress_step(&p->progress, "SFI file path : %s", use->value[0]);
    sfi_hsm_free(p->hsm);
    p->hsm = NULL;
    if (use->count > 1) /* the licence is given */
        return SFI_OK;
    cli_progress_step(&p->progress, "SFI HSM slot ID : %s",
                      program_slot(p, use));
    return program_use_hsm(p, use, cli_key(&p->cli, use, "store") != NULL);
}

sfi_status
station_install(struct station *s)
{
    sfi_status st = SFI_OK;

    if (!s->many)
        st = program_log_in_to_install(s->p);
    if (st == SFI_OK && !s->many)
        st = station_prepare_install(s, s->p->hsm);
    if (st == SFI_OK)
        st = sfi_installer_set_transport(s->in, s->tp);
    if (st != SFI_OK)
        return st;
    (void)clock_gettime(CLOCK_MONOTONIC, &s->started);
    if (s->many) /* a gang heeds signals all the time */
        return install_step_by_step(s);
    program_catch_signals(s->p);
    st = install_step_by_step(s);
    cli_handle_signals(SIG_DFL);
    return st;
}
