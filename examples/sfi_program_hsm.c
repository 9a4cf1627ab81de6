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

/* What it opened is the caller's, also after a failure. */
static sfi_status
open_existing_hsm(struct program *p, const char *slot, sfi_hsm_info *info,
                  sfi_hsm **out)
{
    sfi_status st = sfi_hsm_open(p->ctx, slot, out);

    if (st == SFI_OK)
        st = sfi_hsm_get_info(*out, info);
    if (st == SFI_OK && hsm_is_missing(slot, info))
        st = cli_report(p->ctx, SFI_ERR_OS, "%.400s: %s", slot, HSM_MISSING);
    return st;
}

/* A blank HSM is reported before the PIN is asked for, or a chip changes. */
static sfi_status
open_provisioned_hsm(void *user, sfi_ctx *ctx, sfi_hsm **out)
{
    struct program *p = user;
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st = open_existing_hsm(p, p->slot, &info, out);

    (void)ctx;
    if (st == SFI_OK && info.state == SFI_HSM_BLANK)
        st =
            cli_report(p->ctx, SFI_ERR_HSM_STATE,
                       "%.400s: the HSM is blank: provision it first", p->slot);
    p->hsm_opened = st == SFI_OK;
    if (p->hsm_opened)
        return SFI_OK;
    sfi_hsm_free(*out);
    *out = NULL;
    return st;
}

static sfi_status
log_in_with_pin(void *user, sfi_hsm *hsm)
{
    struct program *p = user;
    const char *file = cli_value(&p->cli, OPT_PIN_FILE);
    struct cli_pin pin;
    sfi_status st;

    cli_progress_end(&p->progress); /* the PIN may be asked for */
    atomic_store(&p->typing, true);
    st = cli_pin_read(&p->cli, p->ctx, file, false, &pin);
    atomic_store(&p->typing, false);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, pin.pin_secret, pin.len);
    else if (p->hsm_is_late)
        st = cli_report(p->ctx, st,
                        "%.250s; the chip's licence is not in the store, and "
                        "without a PIN the HSM gives none",
                        sfi_error_message(sfi_ctx_error(p->ctx)));
    cli_pin_wipe(&pin);
    return st;
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
                      p->slot, path);
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

static void
print_hsm_answer(size_t id, const sfi_hsm_info *info)
{
    if (id == OPT_HSM_COUNTER)
        (void)printf("HSM COUNTER: %" PRIu64 "\n", info->remaining);
    else if (id == OPT_HSM_FW_ID)
        (void)printf("HSM FW IDENTIFIER: %s\n", cli_visible(info->firmware_id));
    else if (id == OPT_HSM_STATUS)
        (void)printf("HSM STATE: %s\n", hsm_state(info));
    else
        hsm_print(stdout, info);
}

sfi_status
program_ask_hsm(struct program *p, size_t id)
{
    const char *slot = program_slot(p, cli_next(&p->cli, id, NULL));
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm = NULL;
    sfi_status st = open_existing_hsm(p, slot, &info, &hsm);

    sfi_hsm_free(hsm);
    if (st != SFI_OK)
        return st;
    if (!p->json)
        print_hsm_answer(id, &info);
    json_object(&p->out, "hsm");
    json_text(&p->out, "slot", slot);
    hsm_json(&p->out, &info);
    json_close(&p->out);
    return SFI_OK;
}
