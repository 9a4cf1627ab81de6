/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What is told of an installed chip, and its receipt: kept in a folder, and in
 * the result. */
#include "receipts/receipts.h"

#include <inttypes.h>
#include <string.h>

#include "sfi_program.h"

#define DIGITS "0123456789abcdef"

/* FOLDER/DEVICE-INSTALLS.receipt: a chip that is installed again gets another
 * name. */
static sfi_status
receipt_save(struct station *s, const sfi_receipt *r, const char *folder)
{
    sfi_receipt_info info = {.struct_size = sizeof(info)};
    sfi_status st = sfi_receipt_get_info(r, &info);
    int len;

    if (st != SFI_OK)
        return st;
    len = snprintf(s->receipt_file, sizeof(s->receipt_file),
                   "%s/%s-%" PRIu32 ".receipt", folder, info.device_id,
                   info.installs);
    if (len < 0 || (size_t)len >= sizeof(s->receipt_file))
        return cli_report(s->ctx, SFI_ERR_LIMIT,
                          "%.200s: the name of the folder is too long", folder);
    return sfi_receipt_save(r, s->receipt_file);
}

void
station_keep_receipt(struct station *s)
{
    const char *folder = cli_value(&s->p->cli, OPT_RECEIPTS);
    const sfi_receipt *r = sfi_installer_receipt(s->in);

    if (folder == NULL || r == NULL || s->st != SFI_OK)
        return;
    s->unkept = receipt_save(s, r, folder);
    if (s->unkept != SFI_OK)
        (void)snprintf(s->why_unkept, sizeof(s->why_unkept), "%s",
                       sfi_error_message(sfi_ctx_error(s->ctx)));
}

static void
report_receipt(struct station *s)
{
    sfi_receipt_info info = {.struct_size = sizeof(info)};
    const sfi_receipt *r = sfi_installer_receipt(s->in);

    if (r == NULL || sfi_receipt_get_info(r, &info) != SFI_OK)
        cli_progress_step(&s->progress, "NO RECEIPT: %s",
                          sfi_installer_no_receipt(s->in));
    else
        cli_progress_step(&s->progress,
                          "RECEIPT: the chip has signed what it holds, install "
                          "%" PRIu32 "%s%s",
                          info.installs,
                          s->receipt_file[0] != '\0' ? " > " : "",
                          s->receipt_file);
}

void
program_report_install(struct station *s)
{
    uint64_t ms = s->job.milliseconds;

    cli_progress_step(&s->progress,
                      "Time elapsed during SFI install operation: %02" PRIu64
                      ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 " (%" PRIu64
                      " bytes, %" PRIu64 " bytes/s)",
                      ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000,
                      s->bytes, ms > 0 ? s->bytes * 1000 / ms : 0);
    if (s->job.hsm_serial != NULL)
        cli_progress_step(&s->progress, "HSM COUNTER: %" PRIu64,
                          s->job.hsm_remaining);
    report_receipt(s);
    json_bool(&s->p->out, "installed", true);
    json_text(&s->p->out, "protocol", s->p->live ? "live" : "static");
    json_number(&s->p->out, "bytes", s->bytes);
}

void
station_write_receipt(const struct station *s, struct json *j)
{
    char text[2 * SFI_RECEIPT_LEN + 1] = "";
    const char *why = sfi_installer_no_receipt(s->in);
    size_t len;
    const uint8_t *data = sfi_receipt_data(sfi_installer_receipt(s->in), &len);

    for (size_t i = 0; i < len; i++) {
        text[2 * i] = DIGITS[data[i] >> 4];
        text[2 * i + 1] = DIGITS[data[i] & 15];
    }
    if (len > 0)
        json_text(j, "receipt", text);
    if (s->st == SFI_OK && why[0] != '\0')
        json_text(j, "no_receipt", why);
    if (s->receipt_file[0] != '\0' && s->unkept == SFI_OK)
        json_text(j, "receipt_file", s->receipt_file);
}

void
station_fail_receipt(const struct station *s)
{
    if (s->unkept != SFI_OK)
        s->p->failed = cli_fail_text(
            &s->p->cli, s->unkept,
            "%s: cannot write the receipt of %s (installed): %s",
            cli_value(&s->p->cli, OPT_RECEIPTS), s->port, s->why_unkept);
}
