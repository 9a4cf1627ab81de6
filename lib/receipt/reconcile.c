/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Which devices of an audit log are proven to be installed. */
#include <string.h>

#include "util/buf.h"
#include "util/hex.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/file_kind.h"
#include "core/files.h"
#include "audit/audit.h"
#include "image/structure.h"
#include "journal/json.h"
#include "receipt/receipt.h"

SFI_ABI_PIN(sfi_reconciliation_sum, refused);
SFI_ABI_PIN(sfi_reconciled_device, reserved);

#define IMAGE_MAX ((size_t)16 << 20)
#define RECORD_MAX ((size_t)256 << 20)

struct sfi_reconciliation {
    struct obj obj;
    uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
    struct buf devices; /* the hash of each, in the logs' order */
    struct audit_devices counted, proven;
    struct buf image; /* empty: any */
    sfi_reconciliation_sum sum;
};

static void
reconciliation_destroy(void *self)
{
    sfi_reconciliation *r = self;

    sfi__audit_devices_free(&r->counted);
    sfi__audit_devices_free(&r->proven);
    sfi__buf_free(&r->devices);
    sfi__buf_free(&r->image);
}

/* ---- the audit logs ---- */

/* A device may be in the logs of an HSM and of a site. */
static sfi_status
reconciliation_count(sfi_reconciliation *r, const sfi_audit_record *record)
{
    sfi_status st;

    if (record->kind != SFI_AUDIT_COUNTED ||
        sfi__audit_devices_have(&r->counted, record->device))
        return SFI_OK;
    st = sfi__audit_devices_add(&r->counted, record->device);
    if (st != SFI_OK)
        return st;
    r->sum.counted++;
    return sfi__buf_append(&r->devices, record->device, SFI_SHA256_LEN)
               ? SFI_OK
               : sfi__nomem(r->obj.ctx);
}

static sfi_status
reconciliation_read(sfi_reconciliation *r, const char *path)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_audit_reader *reader = NULL;
    int more = 1;
    sfi_status st = sfi_audit_reader_open(r->obj.ctx, path, &reader);

    if (st == SFI_OK)
        st = sfi_audit_reader_get_head(reader, &head);
    memcpy(r->ca_public, head.ca_public, sizeof(r->ca_public));
    while (st == SFI_OK && more != 0) {
        st = sfi_audit_reader_next(reader, &record, &more);
        if (st == SFI_OK && more != 0)
            st = reconciliation_count(r, &record);
    }
    sfi_audit_reader_free(reader);
    return st;
}

static sfi_status
reconciliation_verify(sfi_ctx *ctx, const char *const *audits, size_t count,
                      const uint8_t *key, size_t key_len)
{
    sfi_audit_summary one = {.struct_size = sizeof(one)};
    sfi_audit_total all = {.struct_size = sizeof(all)};

    if (count == 1)
        return sfi_audit_verify(ctx, audits[0], key, key_len, NULL, &one);
    return sfi_audit_verify_all(ctx, audits, count, key, key_len, &all);
}

sfi_status
sfi_reconciliation_new(sfi_ctx *ctx, const char *const *audits, size_t count,
                       const uint8_t *key, size_t key_len,
                       sfi_reconciliation **out)
{
    sfi_reconciliation *r;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, audits != NULL);
    SFI_ARG(ctx, key != NULL);
    st = reconciliation_verify(ctx, audits, count, key, key_len);
    if (st != SFI_OK)
        return st;
    r = sfi__obj_new(ctx, OBJ_RECONCILIATION, sizeof(*r),
                     reconciliation_destroy);
    if (r == NULL)
        return SFI_ERR_NOMEM;
    sfi__buf_init(&r->devices, &ctx->alloc, false);
    sfi__buf_init(&r->image, &ctx->alloc, false);
    sfi__audit_devices_init(&r->counted, ctx);
    sfi__audit_devices_init(&r->proven, ctx);
    for (size_t i = 0; st == SFI_OK && i < count; i++)
        st = reconciliation_read(r, audits[i]);
    if (st == SFI_OK)
        *out = r;
    else
        sfi__obj_unref(r);
    return st;
}

/* ---- receipts ---- */

sfi_status
sfi_reconciliation_set_image_file(sfi_reconciliation *r, const char *path)
{
    struct buf image;
    sfi_ctx *ctx;
    sfi_status st;

    SFI_ENTER(r, RECONCILIATION);
    SFI_ARG(r, path != NULL);
    ctx = r->obj.ctx;
    st = sfi__load(ctx, path, IMAGE_MAX, false, &image);
    if (st == SFI_OK) {
        st = sfi__image_structure(ctx, image.data, image.len);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", path);
    }
    if (st != SFI_OK) {
        sfi__buf_free(&image);
        return st;
    }
    sfi__buf_free(&r->image);
    r->image = image;
    return SFI_OK;
}

static sfi_status
receipt_judge(sfi_reconciliation *r, const sfi_receipt *receipt)
{
    sfi_ctx *ctx = r->obj.ctx;
    sfi_status st = sfi__receipt_verify(ctx, receipt, r->ca_public);

    if (st == SFI_OK && r->image.len > 0)
        st =
            sfi__receipt_check_image(ctx, receipt, r->image.data, r->image.len);
    return st;
}

static sfi_status
receipt_add(sfi_reconciliation *r, const sfi_receipt *receipt)
{
    const uint8_t *device = receipt->says.device;
    sfi_status st = receipt_judge(r, receipt);

    r->sum.receipts++;
    if (st != SFI_OK) {
        r->sum.refused++;
        return st;
    }
    if (!sfi__audit_devices_have(&r->counted, device)) {
        r->sum.foreign++;
        return sfi__fail(r->obj.ctx, SFI_ERR_MISMATCH,
                         "the receipt is of device %.16s..., which the audit "
                         "log has not counted",
                         receipt->certificate->device_id);
    }
    if (sfi__audit_devices_have(&r->proven, device)) {
        r->sum.repeated++;
        return SFI_OK;
    }
    r->sum.installed++;
    return sfi__audit_devices_add(&r->proven, device);
}

sfi_status
sfi_reconciliation_add(sfi_reconciliation *r, const sfi_receipt *receipt)
{
    SFI_ENTER(r, RECONCILIATION);
    SFI_HANDLE(r, receipt, RECEIPT);
    return receipt_add(r, receipt);
}

/* ---- files of receipts ---- */

/* Failures that are not of one receipt. */
static bool
file_must_end(sfi_status st)
{
    return st == SFI_ERR_NOMEM || st == SFI_ERR_LIMIT || st == SFI_ERR_CRYPTO;
}

static sfi_status
file_add_bytes(sfi_reconciliation *r, const char *path, size_t line,
               const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = r->obj.ctx;
    sfi_receipt *receipt = NULL;
    sfi_status st = sfi_receipt_parse(ctx, data, len, &receipt);

    if (st == SFI_OK) {
        st = receipt_add(r, receipt);
    } else if (!file_must_end(st)) {
        r->sum.receipts++;
        r->sum.refused++;
    }
    sfi__obj_unref(receipt);
    if (st == SFI_OK || file_must_end(st))
        return st;
    sfi__log(ctx, SFI_LOG_WARNING, "%s:%zu: receipt refused: %s", path, line,
             ctx->error.message);
    sfi__clear_error(ctx);
    return SFI_OK;
}

/* The text of a receipt in a line; "": it has none. */
struct line_receipt {
    char text[2 * SFI_RECEIPT_LEN + 1];
    bool there, bad;
};

static void
line_take_value(void *user, const struct json_value *v)
{
    struct line_receipt *l = user;

    if (v->in[0] != '\0' || strcmp(v->name, "receipt") != 0)
        return;
    l->there = true;
    l->bad = !sfi__json_value_text(v, l->text, sizeof(l->text)) ||
             strlen(l->text) != sizeof(l->text) - 1;
}

/* What a power cut has left of a line is no record. */
static sfi_status
file_add_line(sfi_reconciliation *r, const char *path, size_t number,
              const char *line, size_t len)
{
    struct line_receipt l = {.there = false};
    uint8_t data[SFI_RECEIPT_LEN] = {0};

    if (!sfi__json_read(line, len, line_take_value, &l) || !l.there)
        return SFI_OK;
    if (l.bad || !sfi__hex_decode(data, sizeof(data), l.text))
        data[0] = 0; /* refused: it has no magic */
    return file_add_bytes(r, path, number, data, sizeof(data));
}

static sfi_status
file_add_lines(sfi_reconciliation *r, const char *path, const struct buf *file)
{
    const char *text = (const char *)file->data;
    size_t left = file->len, number = 0;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && left > 0) {
        const char *end = memchr(text, '\n', left);
        size_t len = end != NULL ? (size_t)(end - text) : left;

        st = file_add_line(r, path, ++number, text, len);
        len += end != NULL;
        text += len;
        left -= len;
    }
    return st;
}

static sfi_status
file_add(sfi_reconciliation *r, const char *path, const struct buf *file)
{
    size_t head = file->len < FILE_KIND_HEAD ? file->len : FILE_KIND_HEAD;
    uint32_t kind = sfi__file_kind_of(file->data, head, file->len);

    if (kind == SFI_FILE_RECEIPT)
        return file_add_bytes(r, path, 1, file->data, file->len);
    if (kind == SFI_FILE_JSON)
        return file_add_lines(r, path, file);
    return sfi__fail(r->obj.ctx, SFI_ERR_FORMAT,
                     "%s, expected a receipt or a record of sfi-program",
                     sfi_file_kind_name(kind));
}

sfi_status
sfi_reconciliation_add_file(sfi_reconciliation *r, const char *path)
{
    struct buf file;
    sfi_status st;

    SFI_ENTER(r, RECONCILIATION);
    SFI_ARG(r, path != NULL);
    st = sfi__load(r->obj.ctx, path, RECORD_MAX, false, &file);
    if (st == SFI_OK) {
        st = file_add(r, path, &file);
        if (st != SFI_OK)
            (void)sfi__where(r->obj.ctx, "%s", path);
    }
    sfi__buf_free(&file);
    return st;
}

/* ---- the result ---- */

sfi_status
sfi_reconciliation_get_sum(sfi_reconciliation *r, sfi_reconciliation_sum *out)
{
    sfi_reconciliation_sum o;

    SFI_ENTER(r, RECONCILIATION);
    SFI_ARG(r, out != NULL);
    o = r->sum;
    o.struct_size = sizeof(o);
    o.unproven = o.counted - o.installed;
    return SFI_ABI_OUT(r, sfi_reconciliation_sum, out, &o);
}

sfi_status
sfi_reconciliation_get_device(sfi_reconciliation *r, uint64_t index,
                              sfi_reconciled_device *out)
{
    sfi_reconciled_device o = {.struct_size = sizeof(o)};
    const uint8_t *device;

    SFI_ENTER(r, RECONCILIATION);
    SFI_ARG(r, out != NULL);
    SFI_ARG(r, index < r->sum.counted);
    device = r->devices.data + (size_t)index * SFI_SHA256_LEN;
    o.installed = sfi__audit_devices_have(&r->proven, device);
    sfi__hex_encode(o.device_id, device, SFI_SHA256_LEN);
    return SFI_ABI_OUT(r, sfi_reconciled_device, out, &o);
}

void
sfi_reconciliation_free(sfi_reconciliation *r)
{
    sfi__obj_free(r, OBJ_RECONCILIATION);
}
