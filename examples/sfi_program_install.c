/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program and what makes a chip secure: the install of an image, with
 * progress and Ctrl-C, and the chip's certificate. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>

#include "sfi_program.h"

#include "cli/hsm_words.h"

#define PATH_SIZE 4352 /* a path (PATH_MAX is 4096) and a file name */

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

static sfi_status
confirm_security(struct station *s)
{
    return station_confirm(s, "SECURITY makes this open chip secure for ever",
                           "SECURITY makes this open chip secure for ever: "
                           "from then on it takes only encrypted firmware, "
                           "with a licence. Continue?",
                           "not confirmed, the chip is still open");
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
        if (st == SFI_OK && s->phase == SFI_PHASE_SECURE && !asked) {
            asked = true;
            st = confirm_security(s);
            if (st == SFI_OK)
                cli_progress_step(&s->progress, "%s", steps[SFI_PHASE_SECURE]);
        }
        if (st == SFI_OK && finished == 0)
            st = station_enter(s, s->phase);
    } while (st == SFI_OK && finished == 0);
    return st;
}

sfi_status
station_prepare_install(struct station *s, sfi_hsm *hsm)
{
    const struct program *p = s->p;
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    const char *store = cli_key(&p->cli, use, "store");
    sfi_status st = sfi_installer_new(s->ctx, p->chip, &s->in);

    if (st == SFI_OK)
        st = sfi_installer_set_image_file(s->in, use->value[0]);
    if (st == SFI_OK && p->live)
        st = sfi_installer_set_protocol(s->in, SFI_PROTOCOL_LIVE);
    if (st == SFI_OK && p->timeout_ms != 0)
        st = sfi_installer_set_timeout(s->in, p->timeout_ms);
    if (st == SFI_OK)
        st = sfi_installer_set_erase(s->in, cli_has(&p->cli, OPT_ERASE));
    if (st == SFI_OK && store != NULL)
        st = sfi_installer_set_license_path(s->in, store, 1);
    if (st == SFI_OK && use->count > 1)
        st = sfi_installer_set_license_path(s->in, use->value[1], 0);
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
                      cli_hsm_shown(program_slot(p, use)));
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
    s->started_ms = cli_now_ms();
    if (s->many) /* a gang heeds signals all the time */
        return install_step_by_step(s);
    program_catch_signals(s->p);
    st = install_step_by_step(s);
    cli_handle_signals(SIG_DFL);
    return st;
}

/* ---- certificate and licence of a chip ---- */

/* Connect, and make the chip secure unless it is. */
static sfi_status
chip_make_secure(struct station *s)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_status st = station_connect(s);

    if (st == SFI_OK)
        st = sfi_target_get_info(s->target, &info);
    if (st == SFI_OK && info.secure == 0)
        st = confirm_security(s);
    return st == SFI_OK ? sfi_target_activate_security(s->target) : st;
}

/* In a folder the file is named after the device id. */
static sfi_status
save_certificate(struct station *s, const sfi_certificate *cert)
{
    const char *path = cli_value(&s->p->cli, OPT_GET_CERTIFICATE);
    char name[PATH_SIZE];
    sfi_status st;

    if (path == NULL)
        return SFI_OK;
    (void)snprintf(name, sizeof(name), "%s/%s.cert", path,
                   sfi_certificate_device_id(cert));
    if (cli_is_folder(path))
        path = name;
    st = sfi_certificate_save(cert, path);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Get Certificate done successfully");
    cli_progress_step(&s->progress, "Writing data to file %s", path);
    json_text(&s->p->out, "certificate", path);
    return SFI_OK;
}

sfi_status
station_save_certificate(struct station *s)
{
    const struct cli_use *use = cli_next(&s->p->cli, OPT_CHIP_LICENSE, NULL);
    sfi_certificate *cert = NULL;
    sfi_status st = SFI_OK;

    if (use != NULL) /* before the chip becomes secure */
        st = program_use_hsm(s->p, use, false);
    if (st == SFI_OK)
        st = chip_make_secure(s);
    if (st == SFI_OK)
        st = sfi_target_get_certificate(s->target, &cert);
    if (st == SFI_OK)
        st = save_certificate(s, cert);
    if (st == SFI_OK && use != NULL)
        st = program_save_license(s->p, cert, use->value[0]);
    sfi_certificate_free(cert);
    sfi_target_free(s->target); /* an installer connects by itself */
    s->target = NULL;
    return st;
}
