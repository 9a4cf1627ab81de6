/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: what an HSM's owner does later: save and verify its audit log,
 * change the PIN, close the HSM. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <time.h>

#include "sfi_hsm.h"

/* ---- the audit log ---- */

int
hsm_export_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_AUDIT);
    sfi_status st = cli_check_output(p->ctx, path, SFI_FILE_AUDIT,
                                     cli_has(&p->cli, OPT_FORCE));

    if (st == SFI_OK)
        st = hsm_open_and_query(p);
    if (st == SFI_OK)
        st = sfi_hsm_export_audit(p->hsm, path);
    if (st == SFI_OK && !p->json)
        (void)printf("Writing audit log to file %s\n", cli_visible(path));
    return hsm_report_with(p, st, "audit", path);
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
print_audit_summary(const sfi_audit_summary *s, const char *before)
{
    char first[DATE_LEN], last[DATE_LEN];

    (void)printf("AUDIT LOG VERIFIED: every record is in place and "
                 "authentic\n"
                 "HSM SERIAL NUMBER: %s\n"
                 "HSM FW IDENTIFIER: %s\n"
                 "HSM PRODUCT ID: %s\n"
                 "AUDIT RECORDS: %" PRIu64 "\n",
                 s->serial, s->firmware_id, s->product_id, s->records);
    if (s->records > 0)
        (void)printf("AUDIT TIME: %s to %s\n",
                     audit_format_date(first, s->first_time),
                     audit_format_date(last, s->last_time));
    (void)printf("DEVICES LICENSED: %" PRIu64 " of %" PRIu64 "\n"
                 "INSTALLATIONS LEFT: %" PRIu64 "\n"
                 "AUDIT LOG CLOSED: %s\n",
                 s->licensed, s->maximum, s->remaining,
                 s->retired != 0 ? "yes, no licence can follow" : "no");
    if (s->set_back > 0)
        (void)printf("CLOCK SET BACK: %" PRIu64 " times\n", s->set_back);
    if (before != NULL)
        (void)printf("AUDIT LOG CONTINUES: %s\n", cli_visible(before));
}

static void
print_audit_json(struct program *p, const char *path, const char *before,
                 const sfi_audit_summary *s, sfi_status st)
{
    struct json *j = &p->out;
    char first[DATE_LEN], last[DATE_LEN];

    cli_json_begin(j);
    json_text(j, "audit", path);
    json_bool(j, "verified", st == SFI_OK);
    if (st == SFI_OK) {
        json_text(j, "serial", s->serial);
        json_text(j, "firmware_id", s->firmware_id);
        json_text(j, "product_id", s->product_id);
        json_number(j, "records", s->records);
        json_number(j, "licensed", s->licensed);
        json_number(j, "remaining", s->remaining);
        json_number(j, "maximum", s->maximum);
        json_bool(j, "retired", s->retired != 0);
        if (s->records > 0) {
            json_text(j, "first_time", audit_format_date(first, s->first_time));
            json_text(j, "last_time", audit_format_date(last, s->last_time));
        }
        json_number(j, "set_back", s->set_back);
    }
    if (st == SFI_OK && before != NULL)
        json_text(j, "before", before);
}

int
hsm_verify_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_VERIFY_AUDIT);
    const char *before = cli_value(&p->cli, OPT_BEFORE);
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    sfi_status st =
        sfi_audit_key_load(p->ctx, cli_need(&p->cli, OPT_KEY), key_secret);
    int status = 0;

    if (st == SFI_OK)
        st = sfi_audit_verify(p->ctx, path, key_secret, sizeof(key_secret),
                              before, &sum);
    cli_wipe(key_secret, sizeof(key_secret));
    if (st != SFI_OK)
        status = cli_fail(&p->cli, p->ctx, st);
    if (p->json)
        print_audit_json(p, path, before, &sum, st);
    else if (st == SFI_OK)
        print_audit_summary(&sum, before);
    return status;
}

/* Every record, with the key that the HSM has. */
int
hsm_verify_inside(struct program *p)
{
    sfi_status st = hsm_open_and_query(p);
    int status = 0;

    if (st == SFI_OK && p->info.state == SFI_HSM_BLANK)
        return hsm_refuse(p, SFI_ERR_HSM_STATE,
                          "the HSM is blank: it has no records");
    if (st == SFI_OK)
        status = hsm_log_in(p, false, &st);
    if (status != 0)
        return status;
    if (st == SFI_OK)
        st = sfi_hsm_verify_audit(p->hsm);
    if (st == SFI_OK && !p->json)
        (void)printf("HSM VERIFIED: all %" PRIu64 " records are in place and "
                     "authentic\n",
                     p->info.records);
    return hsm_report(p, st);
}

/* ---- images ---- */

static int
match_loaded_image(struct program *p, const struct cli_file *image)
{
    const char *path = cli_value(&p->cli, OPT_MATCHES);
    sfi_status st = SFI_OK;
    int status = hsm_log_in(p, false, &st);

    if (status != 0)
        return status;
    if (st == SFI_OK)
        st = sfi_hsm_check_image(p->hsm, image->data, image->len);
    if (st == SFI_OK)
        st = hsm_query_info(p);
    if (st == SFI_OK && !p->json)
        (void)printf("IMAGE MATCHES: %s has the key and nonce of this HSM\n",
                     path);
    return hsm_report_with(p, st, "matches", path);
}

int
hsm_match_image(struct program *p)
{
    struct cli_file image;
    sfi_status st =
        cli_file_read(p->ctx, cli_value(&p->cli, OPT_MATCHES), &image);
    int status;

    if (st != SFI_OK)
        return cli_fail(&p->cli, p->ctx, st);
    st = hsm_open_and_query(p);
    if (st != SFI_OK)
        status = hsm_report(p, st);
    else if (p->info.state == SFI_HSM_BLANK)
        status = hsm_refuse(p, SFI_ERR_HSM_STATE,
                            "the HSM is blank: it has no key yet");
    else
        status = match_loaded_image(p, &image);
    cli_file_free(&image);
    return status;
}

/* ---- the PIN ---- */

static sfi_status
read_both_pins(struct program *p, struct cli_pin *old, struct cli_pin *new)
{
    const char *old_file = cli_value(&p->cli, OPT_PIN_FILE);
    const char *new_file = cli_value(&p->cli, OPT_NEW_PIN_FILE);
    sfi_status st = cli_pin_read(&p->cli, p->ctx, old_file, false, old);

    if (st != SFI_OK)
        return st;
    return cli_new_pin_read(&p->cli, p->ctx, new_file, "--new-pin-file FILE",
                            new);
}

int
hsm_change_pin(struct program *p)
{
    struct cli_pin old = {{0}, 0}, new = {{0}, 0};
    sfi_status st = hsm_open_and_query(p);

    if (st != SFI_OK)
        return hsm_report(p, st);
    if (p->info.state == SFI_HSM_BLANK)
        return hsm_refuse(p, SFI_ERR_HSM_STATE,
                          "the HSM is blank: it has no PIN");
    st = read_both_pins(p, &old, &new);
    if (st == SFI_OK)
        st = sfi_hsm_change_pin(p->hsm, old.pin_secret, old.len, new.pin_secret,
                                new.len);
    cli_pin_wipe(&old);
    cli_pin_wipe(&new);
    if (st == SFI_OK)
        st = hsm_query_info(p);
    if (st == SFI_OK)
        (void)printf("The PIN was changed\n");
    return hsm_report(p, st);
}

/* ---- retire ---- */

static bool
confirm_retirement(struct program *p)
{
    (void)printf("%s will be retired for ever\n"
                 "  firmware identifier   : %s\n"
                 "  installations given up: %" PRIu64 " of %" PRIu64 "\n",
                 p->slot, p->info.firmware_id, p->info.remaining,
                 p->info.maximum);
    return cli_has(&p->cli, OPT_YES) ||
           cli_confirm(&p->cli, "Retire it for ever?", "--yes");
}

static sfi_status
retire_and_query(struct program *p)
{
    sfi_status st = sfi_hsm_retire(p->hsm);

    return st == SFI_OK ? hsm_query_info(p) : st;
}

static int
log_in_and_retire(struct program *p)
{
    sfi_status st = SFI_OK;
    int status = hsm_log_in(p, false, &st);

    if (status != 0)
        return status;
    if (st == SFI_OK)
        st = retire_and_query(p);
    status = hsm_report(p, st);
    if (st == SFI_OK && !p->json)
        (void)printf("HSM retired: save its audit log as proof\n");
    return status;
}

int
hsm_retire(struct program *p)
{
    sfi_status st = hsm_open_and_query(p);

    if (st != SFI_OK)
        return hsm_report(p, st);
    if (p->info.state == SFI_HSM_BLANK)
        return hsm_refuse(p, SFI_ERR_HSM_STATE,
                          "the HSM is blank: there is nothing to retire");
    if (p->info.state == SFI_HSM_RETIRED)
        return hsm_refuse(p, SFI_ERR_HSM_STATE, "the HSM is retired already");
    if (!confirm_retirement(p))
        return hsm_refuse(p, SFI_ERR_CANCELLED,
                          "not confirmed, the HSM is unchanged");
    return log_in_and_retire(p);
}
