/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -sfi: install one image on one chip, with progress and Ctrl-C. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "sfi_program.h"

/* The install that the signal handler cancels. */
static sfi_installer *volatile running;

static void
install_on_signal(int signum)
{
    (void)signum;
    sfi_installer_cancel(running);
}

static const char *
install_phase_text(uint32_t phase)
{
    switch (phase) {
    case SFI_PHASE_CONNECT:
        return "Connecting ...";
    case SFI_PHASE_SECURE:
        return "Activating security ...";
    case SFI_PHASE_CERTIFICATE:
        return "Requesting Chip Certificate from device ...";
    case SFI_PHASE_LICENSE:
        return "Requesting license for the current STM32 device ...";
    case SFI_PHASE_AREAS:
        return "Starting Firmware Install operation ...";
    case SFI_PHASE_CONFIRM:
        return "Programming option bytes, requesting security state ...";
    default:
        return "SFI Process Finished!";
    }
}

static void
install_on_progress(void *user, const sfi_progress *at)
{
    struct station *s = user;

    if (s->phase == SFI_PHASE_AREAS && at->done > 0)
        cli_progress_at(&s->progress, "Writing areas", at->done, at->total);
    s->progress.phase = sfi_phase_name(at->phase);
    if (at->phase != s->phase && at->phase != SFI_PHASE_SECURE)
        cli_progress_step(&s->progress, "%s", install_phase_text(at->phase));
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
    double seconds = s->seconds;
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
    if (!s->p->json)
        return;
    json_bool(&s->p->out, "installed", true);
    json_text(&s->p->out, "protocol", s->p->live ? "live" : "static");
    json_number(&s->p->out, "bytes", s->bytes);
}

/* Everything that can be known was checked by the installer. */
static sfi_status
install_confirm_security(struct station *s)
{
    sfi_status st = program_confirm_security(s);

    if (st == SFI_OK)
        cli_progress_step(&s->progress, "%s",
                          install_phase_text(SFI_PHASE_SECURE));
    return st;
}

static sfi_status
install_step_by_step(struct station *s)
{
    int finished = 0;
    sfi_status st;

    do {
        st = sfi_installer_step(s->in, &finished);
        if (st == SFI_OK && s->phase == SFI_PHASE_SECURE && !s->secures) {
            st = install_confirm_security(s);
            s->secures = true;
        }
    } while (st == SFI_OK && finished == 0);
    return st;
}

sfi_status
station_install(struct station *s)
{
    sfi_status st = sfi_installer_set_transport(s->in, s->tp);

    if (st != SFI_OK)
        return st;
    (void)clock_gettime(CLOCK_MONOTONIC, &s->started);
    if (s->many) /* a gang has its own handler */
        return install_step_by_step(s);
    running = s->in;
    cli_handle_signals(install_on_signal);
    st = install_step_by_step(s);
    cli_handle_signals(SIG_DFL);
    running = NULL;
    cli_progress_end(&s->progress);
    return st;
}

/* A licence or a store of licences, when the command line names one. */
static sfi_status
installer_set_licenses(struct station *s, sfi_installer *in)
{
    const struct cli_use *use = cli_next(&s->p->cli, OPT_SFI, NULL);
    const char *store_path = cli_key(&s->p->cli, use, "store");
    const char *given = use->count > 1 ? use->value[1] : NULL;
    sfi_license_store *store = NULL;
    sfi_license *lic = NULL;
    sfi_status st = SFI_OK;

    if (store_path != NULL)
        st = sfi_license_store_open(s->ctx, store_path, 1, &store);
    else if (given != NULL && cli_is_folder(given))
        st = sfi_license_store_open(s->ctx, given, 0, &store);
    else if (given != NULL)
        st = sfi_license_load(s->ctx, given, &lic);
    if (st == SFI_OK && store != NULL)
        st = sfi_installer_set_license_store(in, store);
    if (st == SFI_OK && lic != NULL)
        st = sfi_installer_set_license(in, lic);
    sfi_license_store_free(store);
    sfi_license_free(lic);
    return st;
}

static sfi_status
installer_set_up(struct station *s, sfi_installer *in)
{
    const struct cli_use *use = cli_next(&s->p->cli, OPT_SFI, NULL);
    sfi_status st = sfi_installer_set_image_file(in, use->value[0]);

    if (st == SFI_OK && s->p->live)
        st = sfi_installer_set_protocol(in, SFI_PROTOCOL_LIVE);
    if (st != SFI_OK)
        return st;
    if (s->p->timeout_ms != 0)
        st = sfi_installer_set_timeout(in, s->p->timeout_ms);
    if (st != SFI_OK)
        return st;
    st = sfi_installer_set_erase(in, cli_has(&s->p->cli, OPT_ERASE));
    if (st != SFI_OK)
        return st;
    return installer_set_licenses(s, in);
}

sfi_status
station_prepare_install(struct station *s, sfi_hsm *hsm)
{
    sfi_status st = sfi_installer_new(s->ctx, s->p->chip, &s->in);

    if (st == SFI_OK)
        st = installer_set_up(s, s->in);
    if (st == SFI_OK)
        st = sfi_installer_set_progress(s->in, install_on_progress, s);
    if (st == SFI_OK && hsm != NULL)
        st = sfi_installer_set_hsm(s->in, hsm);
    return st;
}

/* The HSM's login before the chip is touched, unless a store may do without. */
static int
install_log_in(struct station *s, const struct cli_use *use, sfi_status *st)
{
    const char *slot = program_slot(s->p, use);

    if (use->count > 1) /* the licence is given */
        return 0;
    cli_progress_step(&s->progress, "SFI HSM slot ID : %s", slot);
    if (cli_key(&s->p->cli, use, "store") == NULL)
        return program_login(s->p, slot, st);
    *st = program_use_hsm(s->p, slot);
    return 0;
}

int
program_install(struct station *s, sfi_status *st)
{
    const struct cli_use *use = cli_next(&s->p->cli, OPT_SFI, NULL);
    int status;

    cli_progress_step(&s->progress, "Protocol Information : %s",
                      s->p->live ? "live" : "static");
    cli_progress_step(&s->progress, "SFI file path : %s", use->value[0]);
    status = install_log_in(s, use, st);
    if (status != 0 || *st != SFI_OK)
        return status;
    *st = station_prepare_install(s, use->count > 1 ? NULL : s->p->hsm);
    if (*st == SFI_OK)
        *st = station_install(s);
    return 0;
}
