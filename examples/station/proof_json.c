/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a verification has found, for the page; and its differences as CSV. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/proof.h"

#define HASH_SIZE (2 * SFI_AUDIT_HASH_LEN + 1)

static json_t *
json_count(uint64_t value)
{
    return json_integer(value <= INT64_MAX ? (json_int_t)value : INT64_MAX);
}

/* What a file holds need not be UTF-8. */
static json_t *
json_foreign(const char *text)
{
    char out[4 * 64 + 1];
    json_t *value = json_string(text);

    if (value != NULL)
        return value;
    sfi_text_escape(text, out, sizeof(out));
    value = json_string(out);
    return value != NULL ? value : json_string("?");
}

static json_t *
json_hash(const uint8_t *data, size_t len)
{
    char text[HASH_SIZE];

    for (size_t i = 0; i < len; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", data[i]);
    return json_string(text);
}

const char *
proof_difference_name(enum proof_difference d)
{
    static const char *const names[] = {"unproven", "failed", "missing",
                                        "extra"};

    return names[d];
}

/* ---- the state, which is told ---- */

static const char *
state_name(const struct proof_work *w)
{
    if (w->st == SFI_OK)
        return "done";
    return w->st == SFI_ERR_CANCELLED ? "cancelled" : "failed";
}

json_t *
proof_state_json(const struct proof_work *w)
{
    json_t *state = json_pack("{s:i, s:s}", "number", (int)w->number, "state",
                              state_name(w));

    if (w->st != SFI_OK && w->st != SFI_ERR_CANCELLED)
        (void)json_object_set_new(state, "error",
                                  failure_json(w->st, w->where, w->message));
    return state;
}

/* ---- the result ---- */

static json_t *
result_log(const struct proof_log *log)
{
    const sfi_audit_summary *s = &log->sum;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:b, s:b, s:b, s:o, s:o}",
        "name", json_foreign(log->file->name), "serial",
        json_foreign(s->serial), "firmware_id", json_foreign(s->firmware_id),
        "product_id", json_foreign(s->product_id), "records",
        json_count(s->records), "licensed", json_count(s->licensed),
        "remaining", json_count(s->remaining), "maximum",
        json_count(s->maximum), "first_time", json_count(s->first_time),
        "last_time", json_count(s->last_time), "set_back",
        json_count(s->set_back), "leased", json_count(s->leased), "returned",
        json_count(s->returned), "given_up", json_count(s->given_up), "retired",
        s->retired != 0, "is_lease", log->head.lease != 0, "continues",
        log->continues, "expires", json_count(log->head.expires), "last_record",
        json_hash(log->head.audit_head, sizeof(log->head.audit_head)));
}

static json_t *
result_total(const sfi_audit_total *t)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "maximum",
                     json_count(t->maximum), "licensed",
                     json_count(t->licensed), "remaining",
                     json_count(t->remaining), "outstanding",
                     json_count(t->outstanding), "spent", json_count(t->spent),
                     "given_up", json_count(t->given_up), "leases",
                     json_count(t->leases), "missing", json_count(t->missing));
}

static json_t *
result_days(const struct proof_work *w)
{
    json_t *days = json_array();

    for (size_t i = 0; i < w->day_count; i++) {
        const struct proof_day *d = &w->days[i];

        (void)json_array_append_new(
            days, json_pack("[o, o, o]", json_count(d->day),
                            json_count(d->devices), json_count(d->again)));
    }
    return days;
}

static json_t *
result_events(const struct proof_work *w, const struct proof_events *e)
{
    json_t *list = json_array();

    for (size_t i = 0; i < e->kept; i++) {
        const struct proof_event *row = &e->rows[i];

        (void)json_array_append_new(
            list,
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "log",
                      json_foreign(w->logs[row->log].file->name), "sequence",
                      json_count(row->sequence), "time", json_count(row->time),
                      "amount", json_count(row->amount), "detail",
                      json_count(row->detail), "remaining",
                      json_count(row->remaining), "returned",
                      json_count(row->returned), "is_back", row->is_back));
    }
    return list;
}

static json_t *
result_warnings(const struct proof_work *w)
{
    json_t *list = json_array();

    for (size_t i = 0; i < PROOF_WARNINGS_MAX && w->warnings[i] != NULL; i++)
        (void)json_array_append_new(list, json_foreign(w->warnings[i]));
    return list;
}

static json_t *
result_rows(const struct proof_records *p)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < p->row_count && i < PROOF_ROWS_SHOWN; i++)
        (void)json_array_append_new(
            rows, json_pack("[s, s]", proof_difference_name(p->rows[i].kind),
                            p->rows[i].device_id));
    return rows;
}

static json_t *
result_records(const struct proof_records *p)
{
    json_t *value;

    if (p->files == 0)
        return json_null();
    value = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "files",
        json_count(p->files), "counted", json_count(p->sum.counted), "proven",
        json_count(p->sum.installed), "receipts", json_count(p->sum.receipts),
        "repeated", json_count(p->sum.repeated), "foreign",
        json_count(p->sum.foreign), "refused", json_count(p->sum.refused),
        "recorded", json_count(p->recorded), "damaged", json_count(p->damaged),
        "rows", result_rows(p));
    for (size_t i = 0; i < PROOF_DIFFERENCES; i++)
        (void)json_object_set_new(
            value, proof_difference_name((enum proof_difference)i),
            json_count(p->differences[i]));
    return value;
}

json_t *
proof_result_json(const struct proof_work *w)
{
    json_t *logs = json_array();

    for (size_t i = 0; i < w->log_count; i++)
        (void)json_array_append_new(logs, result_log(&w->logs[i]));
    return json_pack(
        "{s:i, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o}",
        "number", (int)w->number, "verified_at", json_count(w->ended_s),
        "libsfi", sfi_version_str(), "key", w->fingerprint, "logs", logs,
        "before",
        w->before != NULL ? json_foreign(w->before->name) : json_null(),
        "image", w->image != NULL ? json_foreign(w->image->name) : json_null(),
        "total", w->log_count > 1 ? result_total(&w->total) : json_null(),
        "days", result_days(w), "other_days", json_count(w->other_days),
        "leases", result_events(w, &w->leases), "lease_count",
        json_count(w->leases.count), "restores", result_events(w, &w->restores),
        "restore_count", json_count(w->restores.count), "warnings",
        result_warnings(w), "warning_count", json_count(w->warning_count),
        "records", result_records(&w->records));
}

/* ---- CSV ---- */

void
proof_reply_csv(const struct proof_work *w, struct reply *r)
{
    const struct proof_records *p = &w->records;
    uint64_t all = 0;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL) {
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory for the table");
        return;
    }
    for (size_t i = 0; i < PROOF_DIFFERENCES; i++)
        all += p->differences[i];
    (void)fputs("difference,device_id\r\n", out);
    for (size_t i = 0; i < p->row_count; i++) {
        cli_csv_cell(out, proof_difference_name(p->rows[i].kind), ",");
        cli_csv_cell(out, p->rows[i].device_id, "\r\n");
    }
    if (all > p->row_count)
        (void)fprintf(out, "and %llu more,\r\n",
                      (unsigned long long)(all - p->row_count));
    if (fclose(out) == 0) {
        reply_bytes(r, "text/csv; charset=utf-8", text, len);
        (void)snprintf(r->name, sizeof(r->name), "differences.csv");
    } else {
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory for the table");
    }
    free(text);
}
