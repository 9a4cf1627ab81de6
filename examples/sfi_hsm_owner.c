/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: what an HSM's owner does later: save and verify its audit log,
 * change the PIN, close the HSM. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <time.h>

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

#define DATE_LEN 32

/* A date, or the number of seconds when it is not a calendar date. */
static const char *
audit_format_date(char out[DATE_LEN], uint64_t seconds)
{
    time_t at = (time_t)seconds;
    struct tm tm;

    if (seconds > INT64_MAX || gmtime_r(&at, &tm) == NULL ||
        strftime(out, DATE_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(out, DATE_LEN, "%" PRIu64, seconds);
    return out;
}

static void
show_audit_times(struct program *p, const sfi_audit_summary *s)
{
    char first[DATE_LEN], last[DATE_LEN];

    if (s->records == 0)
        return;
    (void)audit_format_date(first, s->first_time);
    (void)audit_format_date(last, s->last_time);
    cli_print("AUDIT TIME: %s to %s\n", first, last);
    json_text(&p->out, "first_time", first);
    json_text(&p->out, "last_time", last);
}

static void
show_audit_summary(struct program *p, const sfi_audit_summary *s)
{
    struct json *j = &p->out;

    cli_print("AUDIT LOG VERIFIED: every record is in place and authentic\n"
              "HSM SERIAL NUMBER: %s\n"
              "HSM FW IDENTIFIER: %s\n"
              "HSM PRODUCT ID: %s\n"
              "AUDIT RECORDS: %" PRIu64 "\n",
              s->serial, s->firmware_id, s->product_id, s->records);
    show_audit_times(p, s);
    cli_print("DEVICES LICENSED: %" PRIu64 " of %" PRIu64 "\n"
              "INSTALLATIONS LEFT: %" PRIu64 "\n"
              "AUDIT LOG CLOSED: %s\n",
              s->licensed, s->maximum, s->remaining,
              s->retired != 0 ? "yes, no licence can follow" : "no");
    if (s->set_back > 0)
        cli_print("CLOCK SET BACK: %" PRIu64 " times\n", s->set_back);
    json_text(j, "serial", s->serial);
    json_text(j, "firmware_id", s->firmware_id);
    json_text(j, "product_id", s->product_id);
    json_number(j, "records", s->records);
    json_number(j, "licensed", s->licensed);
    json_number(j, "remaining", s->remaining);
    json_number(j, "maximum", s->maximum);
    json_bool(j, "retired", s->retired != 0);
    json_number(j, "set_back", s->set_back);
}

sfi_status
hsm_verify_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_VERIFY_AUDIT);
    const char *before = cli_value(&p->cli, OPT_BEFORE);
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    sfi_status st =
        sfi_audit_key_load(p->ctx, cli_value(&p->cli, OPT_KEY), key_secret);

    if (st == SFI_OK)
        st = sfi_audit_verify(p->ctx, path, key_secret, sizeof(key_secret),
                              before, &sum);
    cli_wipe(key_secret, sizeof(key_secret));
    cli_progress_end(&p->progress);
    json_text(&p->out, "audit", path);
    json_bool(&p->out, "verified", st == SFI_OK);
    if (st != SFI_OK)
        return st;
    show_audit_summary(p, &sum);
    if (before == NULL)
        return SFI_OK;
    cli_print("AUDIT LOG CONTINUES: %s\n", cli_visible(before));
    json_text(&p->out, "before", before);
    return SFI_OK;
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
