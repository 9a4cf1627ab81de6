/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: what an HSM's owner does later: save and verify its audit log,
 * change the PIN, close the HSM. */
#include <inttypes.h>

#include "sfi_hsm.h"

/* ---- the audit log ---- */

sfi_status
hsm_export_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_AUDIT);
    sfi_status st = cli_check_output(p->ctx, path, SFI_FILE_AUDIT,
                                     cli_has(&p->cli, OPT_FORCE));

    if (st == SFI_OK)
        st = sfi_hsm_export_audit(p->hsm, path);
    if (st == SFI_OK)
        cli_print("Writing audit log to file %s\n", cli_visible(path));
    return st;
}

static sfi_status
show_audit(struct program *p, const sfi_description *facts)
{
    sfi_status st = sfi_description_json(facts, json_members, &p->out);

    if (st != SFI_OK || cli_wants_json())
        return st;
    cli_print("AUDIT LOG VERIFIED: every record is in place and authentic\n");
    return sfi_description_text(facts, NULL, cli_write, stdout);
}

sfi_status
hsm_verify_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_VERIFY_AUDIT);
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    const sfi_describe_options with = {
        .struct_size = sizeof(with),
        .kind = SFI_FILE_AUDIT,
        .audit_key = key_secret,
        .audit_before = cli_value(&p->cli, OPT_BEFORE),
    };
    sfi_description *facts = NULL;
    sfi_status st =
        sfi_audit_key_load(p->ctx, cli_value(&p->cli, OPT_KEY), key_secret);

    if (st == SFI_OK)
        st = sfi_description_new(p->ctx, &facts);
    if (st == SFI_OK)
        st = sfi_description_read(facts, path, &with);
    cli_wipe(key_secret, sizeof(key_secret));
    cli_progress_end(&p->progress);
    json_text(&p->out, "audit", path);
    json_bool(&p->out, "verified", st == SFI_OK);
    if (st == SFI_OK && with.audit_before != NULL)
        json_text(&p->out, "before", with.audit_before);
    if (st == SFI_OK)
        st = show_audit(p, facts);
    sfi_description_free(facts);
    return st;
}

/* Every record, with the key that the HSM has. */
sfi_status
hsm_verify_inside(struct program *p)
{
    sfi_status st = hsm_log_in(p, false);

    if (st == SFI_OK)
        st = sfi_hsm_verify_audit(p->hsm);
    cli_progress_end(&p->progress);
    if (st == SFI_OK)
        cli_print("HSM VERIFIED: all %" PRIu64 " records are in place and "
                  "authentic\n",
                  p->info.records);
    return st;
}

/* ---- images ---- */

sfi_status
hsm_match_image(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_MATCHES);
    struct cli_file image;
    sfi_status st = cli_file_read(p->ctx, path, &image);

    if (st == SFI_OK)
        st = hsm_log_in(p, false);
    if (st == SFI_OK)
        st = sfi_hsm_check_image(p->hsm, image.data, image.len);
    if (st == SFI_OK)
        cli_print("IMAGE MATCHES: %s has the key and nonce of this HSM\n",
                  cli_visible(path));
    cli_file_free(&image);
    return st;
}

/* ---- the PIN ---- */

sfi_status
hsm_change_pin(struct program *p)
{
    const char *old_file = cli_value(&p->cli, OPT_PIN_FILE);
    const char *new_file = cli_value(&p->cli, OPT_NEW_PIN_FILE);
    struct cli_pin old = {{0}, 0}, new = {{0}, 0};
    sfi_status st = cli_pin_read(&p->cli, p->ctx, old_file, false, &old);

    if (st == SFI_OK)
        st = cli_new_pin_read(&p->cli, p->ctx, new_file, "--new-pin-file FILE",
                              &new);
    if (st == SFI_OK)
        st = sfi_hsm_change_pin(p->hsm, old.pin_secret, old.len, new.pin_secret,
                                new.len);
    cli_pin_wipe(&old);
    cli_pin_wipe(&new);
    if (st == SFI_OK)
        cli_print("The PIN was changed\n");
    return st;
}

/* ---- retire ---- */

sfi_status
hsm_retire(struct program *p)
{
    sfi_status st;

    if (p->info.state == SFI_HSM_RETIRED)
        return hsm_refuse(p, SFI_ERR_HSM_STATE, "the HSM is retired already");
    (void)printf("%s will be retired for ever\n"
                 "  firmware identifier   : %s\n"
                 "  installations given up: %" PRIu64 " of %" PRIu64 "\n",
                 p->slot, p->info.firmware_id, p->info.remaining,
                 p->info.maximum);
    st = hsm_confirm(p, "Retire it for ever?");
    if (st == SFI_OK)
        st = hsm_log_in(p, false);
    return st == SFI_OK ? sfi_hsm_retire(p->hsm) : st;
}
