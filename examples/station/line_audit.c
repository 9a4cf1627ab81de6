/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The proof of the count: which boards the HSM's own audit has, and which have
 * a genuine receipt of their chip.  Neither is taken from the journal's word.
 * A part at each tick: an audit may have a million records. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "station/hsm.h"
#include "station/line.h"

#define PART_MS 100
#define PART_RECORDS 64u /* between two looks at the clock */

void
line_audit_clear(struct line *l)
{
    struct line_audit *a = &l->audit;

    json_decref(a->counted);
    json_decref(a->proven);
    json_decref(a->pending);
    *a = (struct line_audit){.counted = json_object(),
                             .proven = json_object(),
                             .pending = json_array()};
}

void
line_audit_free(struct line *l)
{
    json_decref(l->audit.counted);
    json_decref(l->audit.proven);
    json_decref(l->audit.pending);
}

void
line_audit_add(struct line *l, const char *device_id, const char *receipt)
{
    l->audit.is_due = true;
    if (device_id[0] == '\0' || receipt[0] == '\0' ||
        json_object_get(l->audit.proven, device_id) != NULL)
        return;
    (void)json_array_append_new(
        l->audit.pending,
        json_pack("{s:s, s:s}", "device_id", device_id, "receipt", receipt));
}

static int64_t
now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the HSM's audit ---- */

static void
audit_take(struct line_audit *a, const sfi_audit_record *record)
{
    char device[2 * sizeof(record->device) + 1];

    a->sequence = record->sequence;
    if (record->kind != SFI_AUDIT_COUNTED)
        return;
    hsm_hex(record->device, sizeof(record->device), device);
    (void)json_object_set_new(a->counted, device, json_true());
}

/* SFI_OK and `*more`: another part is wanted. */
static sfi_status
audit_read(sfi_hsm *hsm, struct line_audit *a, int64_t until, bool *more)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_status st = sfi_hsm_get_audit_head(hsm, &head);

    if (st != SFI_OK)
        return st;
    if (memcmp(a->serial, head.serial, sizeof(a->serial)) != 0) {
        (void)json_object_clear(a->counted);
        a->sequence = 0;
    }
    memcpy(a->serial, head.serial, sizeof(a->serial));
    memcpy(a->ca, head.ca_public, sizeof(a->ca));
    while (st == SFI_OK && a->sequence < head.sequence) {
        if (a->sequence % PART_RECORDS == 0 && now_ms() > until)
            break;
        st = sfi_hsm_get_audit_record(hsm, a->sequence + 1, &record);
        if (st == SFI_OK)
            audit_take(a, &record);
    }
    *more = a->sequence < head.sequence;
    return st;
}

/* ---- receipts ---- */

static bool
receipt_bytes(const char *text, uint8_t *out, size_t size, size_t *len)
{
    *len = 0;
    for (; text[0] != '\0' && text[1] != '\0' && *len < size; text += 2) {
        const char pair[3] = {text[0], text[1], '\0'};
        char *end;

        out[(*len)++] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != '\0')
            return false;
    }
    return *text == '\0';
}

static bool
receipt_is_genuine(sfi_ctx *ctx, const struct line_audit *a,
                   const char *device_id, const char *text)
{
    uint8_t data[1024];
    size_t len;
    sfi_receipt_info info = {.struct_size = sizeof(info)};
    sfi_receipt *receipt = NULL;
    bool good = receipt_bytes(text, data, sizeof(data), &len) &&
                sfi_receipt_parse(ctx, data, len, &receipt) == SFI_OK &&
                sfi_receipt_verify(receipt, a->ca, sizeof(a->ca)) == SFI_OK &&
                sfi_receipt_get_info(receipt, &info) == SFI_OK &&
                strcmp(info.device_id, device_id) == 0;

    sfi_receipt_free(receipt);
    return good;
}

static bool
receipts_verify(sfi_ctx *ctx, struct line_audit *a, int64_t until)
{
    size_t left = json_array_size(a->pending);

    while (left > 0 && now_ms() <= until) {
        const json_t *one = json_array_get(a->pending, --left);
        const char *device =
            json_string_value(json_object_get(one, "device_id"));

        if (receipt_is_genuine(
                ctx, a, device,
                json_string_value(json_object_get(one, "receipt"))))
            (void)json_object_set_new(a->proven, device, json_true());
        (void)json_array_remove(a->pending, left);
    }
    return left > 0;
}

/* ---- a part ---- */

/* While the job runs a card is its process's: another reader would disturb. */
static bool
audit_may_look(const struct line *l, const char *slot)
{
    return l->state == LINE_IDLE ||
           (l->state == LINE_READY && strncmp(slot, "vault:", 6) == 0);
}

void
line_audit_part(struct desk *d)
{
    struct line *l = d->data;
    struct line_audit *a = &l->audit;
    const char *slot;
    char name[STATION_PATH_MAX];
    int64_t until = now_ms() + PART_MS;
    bool more = false;
    sfi_hsm *hsm = NULL;
    sfi_status st;

    (void)pthread_mutex_lock(&l->lock);
    slot = json_string_value(json_object_get(l->plan, "slot"));
    if (!a->is_due || slot == NULL || !audit_may_look(l, slot)) {
        (void)pthread_mutex_unlock(&l->lock);
        return;
    }
    line_hsm(l, slot, name);
    (void)pthread_mutex_unlock(&l->lock);
    st = sfi_hsm_open(d->ctx, name, &hsm); /* may be slow: without the lock */
    (void)pthread_mutex_lock(&l->lock);
    if (st == SFI_OK)
        st = audit_read(hsm, a, until, &more);
    if (st == SFI_OK && !more)
        more = receipts_verify(d->ctx, a, until);
    a->is_due = st == SFI_OK && more;
    a->is_read = st == SFI_OK;
    (void)snprintf(a->message, sizeof(a->message), "%.1000s",
                   st != SFI_OK ? sfi_error_message(sfi_ctx_error(d->ctx))
                                : "");
    l->sum_is_new = true;
    line_tell(l, d->settings);
    (void)pthread_mutex_unlock(&l->lock);
    sfi_hsm_free(hsm);
}
