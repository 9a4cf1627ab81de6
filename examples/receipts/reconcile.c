/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm reconcile: an order as counted, installed and unproven. */
#include "receipts/receipts.h"

#include <inttypes.h>

#include "cli/secrets.h"
#include "sfi_hsm_table.h"

#define EXIT_UNPROVEN 8 /* something is unproven, foreign or refused */

static sfi_status
begin(const struct cli *c, sfi_ctx *ctx, sfi_reconciliation **r)
{
    const struct cli_use *audits = cli_next(c, RECONCILE_AUDIT, NULL);
    const char *image = cli_value(c, RECONCILE_IMAGE);
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    sfi_status st =
        sfi_audit_key_load(ctx, cli_value(c, RECONCILE_KEY), key_secret);

    if (st == SFI_OK)
        st = sfi_reconciliation_new(ctx, audits->value, audits->count,
                                    key_secret, sizeof(key_secret), r);
    cli_wipe(key_secret, sizeof(key_secret));
    if (st == SFI_OK && image != NULL)
        st = sfi_reconciliation_set_image_file(*r, image);
    for (size_t i = 0; st == SFI_OK && i < c->operand_count; i++)
        st = sfi_reconciliation_add_file(*r, c->operands[i]);
    return st;
}

static sfi_status
show_devices(sfi_reconciliation *r, uint64_t count, struct json *out)
{
    sfi_reconciled_device d = {.struct_size = sizeof(d)};
    sfi_status st = SFI_OK;

    json_open_array(out, "devices");
    for (uint64_t i = 0; st == SFI_OK && i < count; i++) {
        st = sfi_reconciliation_get_device(r, i, &d);
        json_open_object(out, NULL);
        json_text(out, "device_id", d.device_id);
        json_bool(out, "installed", d.installed != 0);
        json_close(out);
        if (st == SFI_OK && d.installed == 0)
            cli_print("unproven: %s\n", d.device_id);
    }
    json_close(out);
    return st;
}

static void
show_sum(const sfi_reconciliation_sum *s, struct json *out)
{
    json_number(out, "counted", s->counted);
    json_number(out, "proven", s->installed);
    json_number(out, "unproven", s->unproven);
    json_number(out, "receipts", s->receipts);
    json_number(out, "repeated", s->repeated);
    json_number(out, "foreign", s->foreign);
    json_number(out, "refused", s->refused);
    cli_print("COUNTED   : %" PRIu64 " devices in the audit log\n"
              "INSTALLED : %" PRIu64 " with a genuine receipt\n"
              "UNPROVEN  : %" PRIu64 " without one\n",
              s->counted, s->installed, s->unproven);
    if (s->repeated + s->foreign + s->refused > 0)
        cli_print("receipts  : %" PRIu64 ", of these %" PRIu64
                  " of a device that had one, %" PRIu64
                  " of a device that was not counted, %" PRIu64 " refused\n",
                  s->receipts, s->repeated, s->foreign, s->refused);
}

sfi_status
hsm_reconcile(const struct cli *c, sfi_ctx *ctx, struct json *out, int *status)
{
    sfi_reconciliation_sum sum = {.struct_size = sizeof(sum)};
    sfi_reconciliation *r = NULL;
    sfi_status st = begin(c, ctx, &r);

    if (st == SFI_OK)
        st = sfi_reconciliation_get_sum(r, &sum);
    if (st == SFI_OK)
        st = show_devices(r, sum.counted, out);
    if (st == SFI_OK)
        show_sum(&sum, out);
    if (sum.unproven + sum.foreign + sum.refused > 0)
        *status = EXIT_UNPROVEN;
    sfi_reconciliation_free(r);
    return st;
}
