/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What production has kept, compared with what the HSM has counted: receipts,
 * records of sfi-program, journals of jobs, and CSV reports. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "station/proof.h"

#define DEVICE_DIGITS 64u
#define COLUMNS_MAX 64u
#define LINES_A_LOOK 1024u

/* ---- the chips of the records ---- */

static bool
records_decode(const char *text, uint8_t *out, size_t len)
{
    if (text == NULL || strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};

        if (strspn(pair, "0123456789abcdefABCDEF") != 2)
            return false;
        out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

/* Only what names its chip can be compared; false: no memory. */
static bool
records_add(struct proof_records *p, const char *device_id, const char *result)
{
    struct proof_device device = {
        .installed = result != NULL && strncmp(result, "installed", 9) == 0};

    if (result == NULL ||
        !records_decode(device_id, device.hash, sizeof(device.hash)))
        return true;
    if (p->count == p->cap) {
        size_t cap = p->cap > 0 ? 2 * p->cap : 1024;
        struct proof_device *more = calloc(cap, sizeof(*more));

        if (more == NULL)
            return false;
        if (p->count > 0)
            memcpy(more, p->devices, p->count * sizeof(*more));
        free(p->devices);
        p->devices = more;
        p->cap = cap;
    }
    p->devices[p->count++] = device;
    return true;
}

static int
records_order(const void *a, const void *b)
{
    const struct proof_device *x = a, *y = b;

    return memcmp(x->hash, y->hash, sizeof(x->hash));
}

/* A chip that failed and was installed later is installed. */
static void
records_sort(struct proof_records *p)
{
    size_t kept = 0;

    if (p->count > 0)
        qsort(p->devices, p->count, sizeof(*p->devices), records_order);
    for (size_t i = 0; i < p->count; i++) {
        if (kept > 0 &&
            records_order(&p->devices[kept - 1], &p->devices[i]) == 0)
            p->devices[kept - 1].installed |= p->devices[i].installed;
        else
            p->devices[kept++] = p->devices[i];
    }
    p->count = kept;
}

/* ---- lines of JSON ---- */

/* Of a journal only the ends tell a result, and they name their chip unless the
 * board failed before it was known. */
static bool
records_json(struct proof_records *p, const char *line, size_t len)
{
    json_t *value = json_loadb(line, len, 0, NULL);
    const char *step = json_string_value(json_object_get(value, "step"));
    bool good = true;

    if (!json_is_object(value))
        p->damaged++;
    else if (step == NULL || strcmp(step, "end") == 0)
        good = records_add(
            p, json_string_value(json_object_get(value, "device_id")),
            json_string_value(json_object_get(value, "result")));
    json_decref(value);
    return good;
}

/* ---- CSV ---- */

/* Split a row (RFC 4180) in place; a quoted cell may not hold a line's end. */
static size_t
csv_split(char *line, char *cells[COLUMNS_MAX])
{
    size_t count = 0;
    char *from = line;

    while (from != NULL && count < COLUMNS_MAX) {
        bool quoted = *from == '"';
        char *to = from;
        char *at = from + quoted;

        cells[count++] = to;
        for (; *at != '\0' && (quoted || *at != ','); at++) {
            if (quoted && *at == '"' && *++at != '"')
                break;
            *to++ = *at;
        }
        from = *at == ',' ? at + 1 : NULL;
        *to = '\0';
    }
    return count;
}

struct csv_head {
    size_t device, result, receipt; /* columns; COLUMNS_MAX: there is none */
};

static struct csv_head
csv_read_head(char *line)
{
    struct csv_head h = {COLUMNS_MAX, COLUMNS_MAX, COLUMNS_MAX};
    char *cells[COLUMNS_MAX];
    size_t count = csv_split(line, cells);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(cells[i], "device_id") == 0)
            h.device = i;
        else if (strcmp(cells[i], "result") == 0)
            h.result = i;
        else if (strcmp(cells[i], "receipt") == 0)
            h.receipt = i;
    }
    return h;
}

/* Its sums tell what became of a receipt. */
static sfi_status
csv_receipt(struct proof_work *w, sfi_reconciliation *r, const char *text)
{
    uint8_t data[SFI_RECEIPT_LEN];
    sfi_receipt *receipt = NULL;
    sfi_status st;

    if (!records_decode(text, data, sizeof(data)) ||
        sfi_receipt_parse(w->ctx, data, sizeof(data), &receipt) != SFI_OK) {
        w->records.damaged++;
        return SFI_OK;
    }
    st = sfi_reconciliation_add(r, receipt);
    sfi_receipt_free(receipt);
    return st == SFI_ERR_NOMEM || st == SFI_ERR_LIMIT ? st : SFI_OK;
}

static sfi_status
csv_row(struct proof_work *w, sfi_reconciliation *r, const struct csv_head *h,
        char *line)
{
    char *cells[COLUMNS_MAX];
    size_t count = csv_split(line, cells);

    if (h->device >= count || h->result >= count) {
        w->records.damaged += line[0] != '\0';
        return SFI_OK;
    }
    if (!records_add(&w->records, cells[h->device], cells[h->result]))
        return cli_report(w->ctx, SFI_ERR_NOMEM, "no memory for the records");
    if (h->receipt < count && cells[h->receipt][0] != '\0')
        return csv_receipt(w, r, cells[h->receipt]);
    return SFI_OK;
}

/* ---- files ---- */

static sfi_status
records_csv_head(struct proof_work *w, struct csv_head *h, char *line)
{
    *h = csv_read_head(line);
    if (h->device < COLUMNS_MAX && h->result < COLUMNS_MAX)
        return SFI_OK;
    return cli_report(w->ctx, SFI_ERR_FORMAT,
                      "the first line has no columns \"device_id\" and "
                      "\"result\", expected those of a CSV report");
}

static sfi_status
records_read_lines(struct proof_work *w, sfi_reconciliation *r, FILE *in)
{
    struct csv_head h = {0};
    bool is_csv = false;
    char *line = NULL;
    size_t cap = 0;
    sfi_status st = SFI_OK;
    ssize_t len;

    for (size_t n = 0; st == SFI_OK && (len = getline(&line, &cap, in)) > 0;
         n++) {
        if (n == 0)
            is_csv = line[0] != '{';
        line[strcspn(line, "\r\n")] = '\0';
        if (is_csv)
            st = n == 0 ? records_csv_head(w, &h, line)
                        : csv_row(w, r, &h, line);
        else if (!records_json(&w->records, line, strlen(line)))
            st = cli_report(w->ctx, SFI_ERR_NOMEM, "no memory for the records");
        if (n % LINES_A_LOOK == 0 && !proof_work_goes_on(w, 0, 0))
            st = SFI_ERR_CANCELLED;
    }
    free(line);
    return st;
}

/* Receipts and lines of JSON are read by the library too, for the receipts. */
static sfi_status
records_read(struct proof_work *w, sfi_reconciliation *r, const char *path)
{
    uint32_t kind = SFI_FILE_OTHER;
    sfi_status st = sfi_ctx_file_kind(w->ctx, path, &kind);
    FILE *in;
    int fd;

    w->records.files++;
    if (st == SFI_OK && (kind == SFI_FILE_RECEIPT || kind == SFI_FILE_JSON))
        st = sfi_reconciliation_add_file(r, path);
    if (st != SFI_OK || kind == SFI_FILE_RECEIPT)
        return st;
    st = cli_open(w->ctx, path, O_RDONLY, 0, &fd);
    if (st != SFI_OK)
        return st;
    in = fdopen(fd, "r");
    if (in == NULL) {
        (void)close(fd);
        return cli_report(w->ctx, SFI_ERR_NOMEM, "no memory for the records");
    }
    st = records_read_lines(w, r, in);
    (void)fclose(in);
    if (st == SFI_ERR_FORMAT)
        (void)snprintf(w->where, sizeof(w->where), "%.500s", path);
    return st;
}

/* ---- compare ---- */

static void
records_differ(struct proof_records *p, enum proof_difference kind,
               const char *device_id)
{
    p->differences[kind]++;
    if (p->rows == NULL)
        p->rows = calloc(PROOF_ROWS_MAX, sizeof(*p->rows));
    if (p->rows == NULL || p->row_count == PROOF_ROWS_MAX)
        return;
    p->rows[p->row_count].kind = kind;
    (void)snprintf(p->rows[p->row_count++].device_id,
                   sizeof(p->rows->device_id), "%s", device_id);
}

static void
records_compare_device(struct proof_records *p, const sfi_reconciled_device *d)
{
    struct proof_device key = {.installed = false}, *found = NULL;

    if (p->count > 0 &&
        records_decode(d->device_id, key.hash, sizeof(key.hash)))
        found = bsearch(&key, p->devices, p->count, sizeof(*p->devices),
                        records_order);
    if (found != NULL) {
        found->counted = true;
        p->recorded += found->installed;
    }
    if (d->installed != 0)
        return;
    if (found == NULL)
        records_differ(p, PROOF_MISSING, d->device_id);
    else
        records_differ(p, found->installed ? PROOF_UNPROVEN : PROOF_FAILED,
                       d->device_id);
}

static void
records_find_extra(struct proof_records *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct proof_device *d = &p->devices[i];
        char text[DEVICE_DIGITS + 1];

        if (d->counted || !d->installed)
            continue;
        for (size_t j = 0; j < sizeof(d->hash); j++)
            (void)snprintf(text + 2 * j, 3, "%02x", d->hash[j]);
        records_differ(p, PROOF_EXTRA, text);
    }
}

sfi_status
proof_records_compare(struct proof_work *w, const char *const *audits,
                      size_t count)
{
    struct proof_records *p = &w->records;
    sfi_reconciled_device device = {.struct_size = sizeof(device)};
    sfi_reconciliation *r = NULL;
    sfi_status st = sfi_reconciliation_new(w->ctx, audits, count, w->key_secret,
                                           sizeof(w->key_secret), &r);

    if (st == SFI_OK && w->image != NULL)
        st = sfi_reconciliation_set_image_file(r, w->image->path);
    for (size_t i = 0; st == SFI_OK && i < w->files.count; i++) {
        if (w->files.all[i].use == PROOF_RECORDS)
            st = records_read(w, r, w->files.all[i].path);
    }
    records_sort(p);
    p->sum.struct_size = sizeof(p->sum);
    if (st == SFI_OK)
        st = sfi_reconciliation_get_sum(r, &p->sum);
    for (uint64_t i = 0; st == SFI_OK && i < p->sum.counted; i++) {
        st = sfi_reconciliation_get_device(r, i, &device);
        if (st == SFI_OK)
            records_compare_device(p, &device);
        if (!proof_work_goes_on(w, i, p->sum.counted))
            st = SFI_ERR_CANCELLED;
    }
    if (st == SFI_OK)
        records_find_extra(p);
    sfi_reconciliation_free(r);
    return st;
}
