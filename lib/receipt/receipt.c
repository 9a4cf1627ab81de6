/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Receipts: decoded, saved, and verified. */
#include "receipt/receipt.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/abi.h"
#include "core/err.h"
#include "core/files.h"
#include "license/record.h"

#define WHAT "receipt"

SFI_ABI_PIN(sfi_receipt_info, option_bytes);

_Static_assert(SFI_RECEIPT_LEN == RECEIPT_LEN + CERTIFICATE_LEN,
               "receipt layout");

static void
receipt_destroy(void *self)
{
    sfi_receipt *r = self;

    sfi__obj_unref(r->certificate);
}

static sfi_status
receipt_decode(sfi_ctx *ctx, sfi_receipt *r)
{
    sfi__receipt_read(&r->says, r->data);
    if (!sfi__equal(r->says.magic, RECEIPT_MAGIC, RECEIPT_MAGIC_LEN))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "not a receipt: it does not begin with \"%s\"",
                         RECEIPT_MAGIC);
    if (r->says.version != RECEIPT_VERSION || r->says.reserved != 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "a receipt of version %u.%u, expected %u.0",
                         r->says.version, r->says.reserved, RECEIPT_VERSION);
    return sfi__record_check_product_id(ctx, WHAT, r->says.product_id);
}

static sfi_status
receipt_new(sfi_ctx *ctx, const uint8_t *data, sfi_receipt **out)
{
    sfi_receipt *r =
        sfi__obj_new(ctx, OBJ_RECEIPT, sizeof(*r), receipt_destroy);
    sfi_status st;

    *out = NULL;
    if (r == NULL)
        return SFI_ERR_NOMEM;
    memcpy(r->data, data, sizeof(r->data));
    st = receipt_decode(ctx, r);
    if (st == SFI_OK)
        st = sfi__cert_new(ctx, data + RECEIPT_LEN, CERTIFICATE_LEN,
                           &r->certificate);
    if (st == SFI_OK)
        *out = r;
    else
        sfi__obj_unref(r);
    return st;
}

sfi_status
sfi__receipt_new(sfi_ctx *ctx, const uint8_t raw[RECEIPT_LEN],
                 const sfi_certificate *cert, sfi_receipt **out)
{
    uint8_t data[SFI_RECEIPT_LEN];

    memcpy(data, raw, RECEIPT_LEN);
    memcpy(data + RECEIPT_LEN, cert->data, CERTIFICATE_LEN);
    return receipt_new(ctx, data, out);
}

sfi_status
sfi_receipt_parse(sfi_ctx *ctx, const uint8_t *data, size_t len,
                  sfi_receipt **out)
{
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL);
    st = sfi__record_check_length(ctx, WHAT, len, SFI_RECEIPT_LEN);
    return st == SFI_OK ? receipt_new(ctx, data, out) : st;
}

sfi_status
sfi_receipt_load(sfi_ctx *ctx, const char *path, sfi_receipt **out)
{
    uint8_t data[SFI_RECEIPT_LEN];
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    st = sfi__record_load(ctx, WHAT, path, data, sizeof(data));
    if (st != SFI_OK)
        return st;
    st = receipt_new(ctx, data, out);
    return st == SFI_OK ? st : sfi__where(ctx, "%s", path);
}

sfi_status
sfi_receipt_save(const sfi_receipt *receipt, const char *path)
{
    SFI_ENTER(receipt, RECEIPT);
    SFI_ARG(receipt, path != NULL);
    return sfi__output_save(receipt->obj.ctx, path, SFI_FILE_RECEIPT, 0644,
                            receipt->data, sizeof(receipt->data));
}

const uint8_t *
sfi_receipt_data(const sfi_receipt *receipt, size_t *len)
{
    bool there = sfi__is(receipt, OBJ_RECEIPT);

    if (len != NULL)
        *len = there ? sizeof(receipt->data) : 0;
    return there ? receipt->data : NULL;
}

const sfi_certificate *
sfi_receipt_certificate(const sfi_receipt *receipt)
{
    return sfi__is(receipt, OBJ_RECEIPT) ? receipt->certificate : NULL;
}

sfi_status
sfi_receipt_get_info(const sfi_receipt *receipt, sfi_receipt_info *out)
{
    sfi_receipt_info o = {.struct_size = sizeof(o)};
    const struct receipt_statement *s;

    SFI_ENTER(receipt, RECEIPT);
    SFI_ARG(receipt, out != NULL);
    s = &receipt->says;
    o.chip_id = s->chip_id;
    o.installs = s->installs;
    memcpy(o.product_id, s->product_id, sizeof(s->product_id));
    sfi__hex_encode(o.device_id, s->device, sizeof(s->device));
    memcpy(o.header_tag, s->header_tag, sizeof(o.header_tag));
    memcpy(o.areas, s->areas, sizeof(o.areas));
    memcpy(o.option_bytes, s->option_bytes, sizeof(o.option_bytes));
    return SFI_ABI_OUT(receipt, sfi_receipt_info, out, &o);
}

void
sfi_receipt_free(sfi_receipt *receipt)
{
    sfi__obj_free(receipt, OBJ_RECEIPT);
}
