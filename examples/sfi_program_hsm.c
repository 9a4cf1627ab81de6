/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program and the HSM: login, licences, state. */
#include <inttypes.h>

#include "cli/hsm_words.h"
#include "sfi_program.h"

const char *
program_slot(const struct program *p, const struct cli_use *use)
{
    const char *slot = cli_key(&p->cli, use, "slot");

    return slot != NULL ? slot : "1";
}

/* ---- an HSM that is opened when it is needed ---- */

/* A blank HSM is reported before the PIN is asked for, or a chip changes. */
static sfi_status
open_provisioned_hsm(void *user, sfi_ctx *ctx, sfi_hsm **out)
{
    struct program *p = user;
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st = cli_hsm_open(
        p->ctx, p->slot, "the HSM is blank: provision it first", out, &info);

    (void)ctx;
    p->hsm_opened = st == SFI_OK;
    return st;
}

/* The PIN may be asked for.  The HSM is the place of its own errors. */
static sfi_status
log_in_with_pin(void *user, sfi_hsm *hsm)
{
    struct program *p = user;
    const char *file = cli_value(&p->cli, OPT_PIN_FILE);
    const sfi_error *err;
    sfi_status st;

    cli_progress_end(&p->progress);
    atomic_store(&p->typing, true);
    st = cli_hsm_login(&p->cli, p->ctx, p->slot, hsm, file, false);
    atomic_store(&p->typing, false);
    err = sfi_ctx_error(p->ctx);
    if (st == SFI_OK || !p->hsm_is_late || sfi_error_where(err)[0] != '\0')
        return st;
    return cli_report(p->ctx, st,
                      "%.250s; the chip's licence is not in the store, and "
                      "without a PIN the HSM gives none",
                      sfi_error_message(err));
}

sfi_status
program_use_hsm(struct program *p, const struct cli_use *use, bool late)
{
    static const sfi_hsm_opener opener = {
        .struct_size = sizeof(opener),
        .open = open_provisioned_hsm,
        .login = log_in_with_pin,
    };
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st;

    sfi_hsm_free(p->hsm);
    p->hsm = NULL;
    p->hsm_opened = false;
    p->hsm_is_late = late;
    p->slot = program_slot(p, use);
    st = sfi_hsm_open_late(p->ctx, &opener, p, &p->hsm);
    if (st == SFI_OK && !late)
        st = sfi_hsm_get_info(p->hsm, &info);
    if (st == SFI_OK && !late)
        st = log_in_with_pin(p, p->hsm);
    return st;
}

/* ---- licences ---- */

sfi_status
program_save_license(struct program *p, const sfi_certificate *cert,
                     const char *path)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_license *lic = NULL;
    sfi_status st = sfi_hsm_generate_license(p->hsm, cert, &lic);

    if (st == SFI_OK)
        st = sfi_license_save(lic, path);
    sfi_license_free(lic);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&p->progress,
                      "Succeed to get License for Firmware from HSM slot "
                      "ID %s\nWriting data to file %s",
                      cli_hsm_shown(p->slot), path);
    json_text(&p->out, "license", path);
    if (sfi_hsm_get_info(p->hsm, &info) == SFI_OK)
        hsm_left_json(&p->out, &info);
    return SFI_OK;
}

sfi_status
program_get_license(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_HSM_LICENSE, NULL);
    sfi_certificate *cert = NULL;
    sfi_status st;

    if (cli_is_folder(use->value[0]) || cli_is_folder(use->value[1]))
        return program_license_batch(p, use);
    st = sfi_certificate_load(p->ctx, use->value[0], &cert);
    if (st == SFI_OK)
        st = program_use_hsm(p, use, false);
    if (st == SFI_OK)
        st = program_save_license(p, cert, use->value[1]);
    sfi_certificate_free(cert);
    return st;
}

/* ---- questions to an HSM ---- */

sfi_status
program_ask_hsm(struct program *p, size_t id)
{
    const char *slot = program_slot(p, cli_next(&p->cli, id, NULL));
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = NULL;
    sfi_status st = cli_hsm_open(p->ctx, slot, NULL, &hsm, &info);

    sfi_hsm_free(hsm);
    if (st != SFI_OK)
        return st;
    if (id == OPT_HSM_COUNTER)
        cli_print("HSM COUNTER: %" PRIu64 "\n", info.remaining);
    else if (id == OPT_HSM_FW_ID)
        cli_print("HSM FW IDENTIFIER: %s\n", cli_visible(info.firmware_id));
    else if (id == OPT_HSM_STATUS)
        cli_print("HSM STATE: %s\n", hsm_state(&info));
    else if (!p->json)
        hsm_print(stdout, &info);
    json_open_object(&p->out, "hsm");
    json_text(&p->out, "slot", cli_hsm_shown(slot));
    hsm_json(&p->out, &info);
    json_close(&p->out);
    return SFI_OK;
}
