/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Verify the audit logs of an HSM and of the leases that it gave. */
#include "lease/lease.h"

#include <inttypes.h>

#include "sfi_hsm_table.h"

static void
print_total(const sfi_audit_total *t)
{
    cli_print("AUDIT LOGS VERIFIED: every installation is accounted for\n"
              "HSM SERIAL NUMBER: %s\n"
              "HSM FW IDENTIFIER: %s\n"
              "HSM MAXIMUM COUNTER: %" PRIu64 "\n"
              "  devices licensed      : %" PRIu64 "\n"
              "  left in the HSM       : %" PRIu64 "\n"
              "  left in open leases   : %" PRIu64 "\n"
              "  leases without a log  : %" PRIu64 " of %" PRIu64
              ", spent %" PRIu64 "\n"
              "  taken off, lost       : %" PRIu64 "\n",
              cli_visible(t->serial), cli_visible(t->firmware_id), t->maximum,
              t->licensed, t->remaining, t->outstanding, t->missing, t->leases,
              t->spent, t->given_up);
}

static void
write_total(struct json *j, const sfi_audit_total *t)
{
    json_text(j, "serial", t->serial);
    json_text(j, "firmware_id", t->firmware_id);
    json_number(j, "maximum", t->maximum);
    json_number(j, "licensed", t->licensed);
    json_number(j, "remaining", t->remaining);
    json_number(j, "outstanding", t->outstanding);
    json_number(j, "leases", t->leases);
    json_number(j, "missing", t->missing);
    json_number(j, "spent", t->spent);
    json_number(j, "given_up", t->given_up);
}

sfi_status
hsm_verify_logs(const struct cli *c, sfi_ctx *ctx,
                const uint8_t key_secret[SFI_AUDIT_KEY_LEN], struct json *out)
{
    const struct cli_use *use = cli_next(c, OPT_VERIFY_AUDIT, NULL);
    sfi_audit_total total = {.struct_size = sizeof(total)};
    sfi_status st;

    if (cli_has(c, OPT_BEFORE))
        cli_usage(c, "--before is of use with one audit log");
    st = sfi_audit_verify_all(ctx, use->value, use->count, key_secret,
                              SFI_AUDIT_KEY_LEN, &total);

    json_open_array(out, "audits");
    for (unsigned i = 0; i < use->count; i++)
        json_text(out, NULL, use->value[i]);
    json_close(out);
    json_bool(out, "verified", st == SFI_OK);
    if (st != SFI_OK)
        return st;
    write_total(out, &total);
    print_total(&total);
    return SFI_OK;
}
