/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program and the HSM: login, licences, state. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>

#include "cli/hsm_words.h"
#include "sfi_offline.h"
#include "sfi_program.h"

const char *
program_slot(const struct program *p, const struct cli_use *use)
{
    const char *slot = cli_key(&p->cli, use, "slot");

    return slot != NULL ? slot : "1";
}

static sfi_status
program_reopen_hsm(struct program *p, const char *slot)
{
    sfi_hsm_free(p->hsm);
    p->hsm = NULL;
    p->logged_in = false;
    return sfi_hsm_open(p->ctx, slot, &p->hsm);
}

static sfi_status
query_existing_hsm(struct program *p, const char *slot, sfi_hsm_info *info)
{
    char text[512];
    sfi_status st = program_reopen_hsm(p, slot);

    if (st == SFI_OK)
        st = sfi_hsm_get_info(p->hsm, info);
    if (st != SFI_OK || !hsm_is_missing(slot, info))
        return st;
    (void)snprintf(text, sizeof(text), "%.400s: " HSM_MISSING, slot);
    sfi_ctx_report(p->ctx, SFI_ERR_OS, 0, text);
    return SFI_ERR_OS;
}

/* A blank HSM is reported before the PIN is asked for, or a chip changes. */
static sfi_status
open_provisioned_hsm(struct program *p, const char *slot)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    char text[512];
    sfi_status st = query_existing_hsm(p, slot, &info);

    if (st != SFI_OK || info.state != SFI_HSM_BLANK)
        return st;
    (void)snprintf(text, sizeof(text),
                   "%.400s: the HSM is blank: provision it first", slot);
    sfi_ctx_report(p->ctx, SFI_ERR_HSM_STATE, 0, text);
    return SFI_ERR_HSM_STATE;
}

int
program_login(struct program *p, const char *slot, sfi_status *st)
{
    const char *file = cli_value(&p->cli, OPT_PIN_FILE);
    struct cli_pin pin;
    int status;

    *st = open_provisioned_hsm(p, slot);
    if (*st != SFI_OK)
        return 0;
    status = cli_pin_read(&p->cli, p->ctx, file, false, &pin);
    if (status == 0)
        *st = sfi_hsm_login(p->hsm, pin.pin_secret, pin.len);
    cli_pin_wipe(&pin);
    p->logged_in = status == 0 && *st == SFI_OK;
    return status;
}

/* ---- an HSM that is opened when a licence is needed ---- */

sfi_status
program_login_late(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    const char *slot = program_slot(p, use);
    sfi_status st = SFI_OK;

    if (p->logged_in)
        return SFI_OK;
    cli_progress_end(&p->progress); /* the PIN may be asked for */
    if (program_login(p, slot, &st) == 0)
        return st;
    sfi_ctx_report(p->ctx, SFI_ERR_HSM_PIN, 0,
                   "the chip's licence is not in the store, and without a PIN "
                   "the HSM gives none");
    return SFI_ERR_HSM_PIN;
}

sfi_status
program_hsm_info(struct program *p, sfi_hsm_info *out)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    sfi_status st = SFI_OK;

    if (p->hsm == NULL)
        st = open_provisioned_hsm(p, program_slot(p, use));
    return st == SFI_OK ? sfi_hsm_get_info(p->hsm, out) : st;
}

int
program_check_image(struct program *p, sfi_status *st)
{
    struct cli_file image;
    int status =
        cli_file_read(&p->cli, p->ctx, cli_value(&p->cli, OPT_SFI), &image);

    if (status != 0)
        return status;
    *st = sfi_hsm_check_image(p->hsm, image.data, image.len);
    if (*st == SFI_ERR_UNSUPPORTED)
        *st = SFI_OK;
    cli_file_free(&image);
    return 0;
}

sfi_status
program_license(struct program *p, const uint8_t *cert, size_t cert_len,
                uint32_t session, uint8_t *out, size_t *out_len)
{
    sfi_certificate *parsed = NULL;
    sfi_license *lic = NULL;
    sfi_status st = sfi_certificate_parse(p->ctx, cert, cert_len, &parsed);

    if (st == SFI_OK)
        st = session != 0
                 ? sfi_hsm_generate_live_license(p->hsm, parsed, session, &lic)
                 : sfi_hsm_generate_license(p->hsm, parsed, &lic);
    if (st == SFI_OK) {
        memcpy(out, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
        *out_len = SFI_LICENSE_LEN;
    }
    sfi_license_free(lic);
    sfi_certificate_free(parsed);
    return st;
}

static sfi_status
license_on_demand(void *user, const uint8_t *cert, size_t cert_len,
                  uint32_t session, uint8_t *out, size_t *out_len)
{
    struct program *p = user;
    sfi_status st = program_login_late(p);

    if (st != SFI_OK)
        return st;
    return program_license(p, cert, cert_len, session, out, out_len);
}

static sfi_status
info_on_demand(void *user, sfi_hsm_info *out)
{
    return program_hsm_info(user, out);
}

static sfi_status
check_on_demand(void *user, const uint8_t *header, size_t header_len)
{
    struct program *p = user;
    sfi_status st = program_login_late(p);

    return st == SFI_OK ? sfi_hsm_check_image(p->hsm, header, header_len) : st;
}

sfi_status
program_late_hsm(struct program *p, sfi_hsm **out)
{
    const sfi_hsm_ops ops = {
        .struct_size = sizeof(ops),
        .info = info_on_demand,
        .check_image = check_on_demand,
        .license = license_on_demand,
    };

    return sfi_hsm_open_custom(p->ctx, &ops, p, out);
}

/* ---- questions to an HSM ---- */

static void
print_hsm_answer(size_t id, const sfi_hsm_info *info)
{
    switch (id) {
    case OPT_HSM_COUNTER:
        (void)printf("HSM COUNTER: %" PRIu64 "\n", info->remaining);
        break;
    case OPT_HSM_FW_ID:
        (void)printf("HSM FW IDENTIFIER: %s\n", cli_visible(info->firmware_id));
        break;
    case OPT_HSM_STATUS:
        (void)printf("HSM STATE: %s\n", hsm_state(info));
        break;
    default:
        hsm_print(stdout, info);
        break;
    }
}

sfi_status
program_ask_hsm(struct program *p, size_t id)
{
    const char *slot = program_slot(p, cli_next(&p->cli, id, NULL));
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st = query_existing_hsm(p, slot, &info);

    if (st != SFI_OK)
        return st;
    if (!p->json) {
        print_hsm_answer(id, &info);
        return SFI_OK;
    }
    json_object(&p->out, "hsm");
    json_text(&p->out, "slot", slot);
    hsm_json(&p->out, &info);
    json_close(&p->out);
    return SFI_OK;
}

static int
batch_log_in(void *user, sfi_hsm **hsm, sfi_status *st)
{
    struct program *p = user;
    const struct cli_use *use = cli_next(&p->cli, OPT_HSM_LICENSE, NULL);
    int status = program_login(p, program_slot(p, use), st);

    *hsm = status == 0 && *st == SFI_OK ? p->hsm : NULL;
    return status;
}

/* From a folder of certificates, or into a folder of licences. */
static int
get_license_batch(struct program *p, const struct cli_use *use, sfi_status *st)
{
    const struct offline o = {
        .cli = &p->cli,
        .ctx = p->ctx,
        .progress = &p->progress,
        .out = p->json ? &p->out : NULL,
        .login = batch_log_in,
        .user = p,
    };

    return offline_license(&o, use->value[0], use->value[1], st);
}

static void
write_license_json(struct program *p, const char *path)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    json_text(&p->out, "license", path);
    if (sfi_hsm_get_info(p->hsm, &info) == SFI_OK)
        hsm_left_json(&p->out, &info);
}

sfi_status
program_save_license(struct program *p, const sfi_certificate *cert,
                     const char *slot, const char *path)
{
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
                      slot, path);
    if (p->json)
        write_license_json(p, path);
    return SFI_OK;
}

int
program_get_license(struct program *p, sfi_status *st)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_HSM_LICENSE, NULL);
    sfi_certificate *cert = NULL;
    int status = 0;

    if (offline_is_folder(use->value[0]) || offline_is_folder(use->value[1]))
        return get_license_batch(p, use, st);
    *st = sfi_certificate_load(p->ctx, use->value[0], &cert);
    if (*st == SFI_OK)
        status = program_login(p, program_slot(p, use), st);
    if (*st == SFI_OK && status == 0)
        *st =
            program_save_license(p, cert, program_slot(p, use), use->value[1]);
    sfi_certificate_free(cert);
    return status;
}
