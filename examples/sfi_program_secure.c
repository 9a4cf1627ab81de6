/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: make a chip secure, and its certificate. */
#include "sfi_program.h"

#define PATH_SIZE 4352 /* a path (PATH_MAX is 4096) and a file name */

sfi_status
program_confirm_security(struct station *s)
{
    if (!cli_has(&s->p->cli, OPT_YES) && !s->p->json && !s->many)
        cli_progress_step(&s->progress,
                          "SECURITY makes this open chip secure for ever: from "
                          "then on it takes only encrypted firmware, with a "
                          "licence");
    return station_confirm(s, "SECURITY makes this open chip secure for ever",
                           "Make it secure for ever?",
                           "not confirmed, the chip is still open");
}

/* Connect, and make the chip secure unless it is. */
static sfi_status
chip_make_secure(struct station *s)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_status st = station_connect(s);

    if (st == SFI_OK)
        st = sfi_target_get_info(s->target, &info);
    if (st == SFI_OK && info.secure == 0)
        st = program_confirm_security(s);
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
    cli_progress_step(&s->progress,
                      "Get Certificate done successfully\n"
                      "Writing data to file %s",
                      path);
    json_text(&s->p->out, "certificate", path);
    return SFI_OK;
}

sfi_status
program_save_certificate(struct station *s)
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
