/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Is a receipt genuine, and is it of this image, these option bytes, this
 * install? */
#include "receipt/receipt.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/wr.h"
#include "core/err.h"
#include "core/files.h"
#include "image/structure.h"
#include "option_bytes/option_bytes.h"
#include "wire/image.h"

#define IMAGE_MAX ((size_t)16 << 20)

/* Enough of an id or a tag to tell two apart. */
#define SHORT_LEN 8u

static const char *
check_short_text(char text[2 * SHORT_LEN + 1], const uint8_t *id)
{
    sfi__hex_encode(text, id, SHORT_LEN);
    return text;
}

sfi_status
sfi__receipt_check_signature(sfi_ctx *ctx, const sfi_receipt *r)
{
    const sfi_certificate *cert = r->certificate;
    char mine[2 * SHORT_LEN + 1], theirs[2 * SHORT_LEN + 1];
    sfi_status st;

    if (!sfi__equal(r->says.device, cert->device_hash, sizeof(r->says.device)))
        return sfi__fail(ctx, SFI_ERR_CERTIFICATE,
                         "the receipt is of device %s..., its certificate of "
                         "device %s...",
                         check_short_text(mine, r->says.device),
                         check_short_text(theirs, cert->device_hash));
    st = sfi__ecc_verify(ctx, cert->public_key, r->data, RECEIPT_STATEMENT_LEN,
                         r->data + RECEIPT_STATEMENT_LEN);
    if (st == SFI_ERR_AUTH)
        return sfi__fail(ctx, SFI_ERR_AUTH,
                         "the receipt of device %s... was altered, or not "
                         "signed by this device",
                         check_short_text(mine, r->says.device));
    return st;
}

sfi_status
sfi__receipt_verify(sfi_ctx *ctx, const sfi_receipt *r,
                    const uint8_t ca_public[SFI_ECC_PUBLIC_LEN])
{
    sfi_status st = sfi__cert_verify(ctx, r->certificate, ca_public);

    return st == SFI_OK ? sfi__receipt_check_signature(ctx, r) : st;
}

/* The digest of doc/format.md, "Receipt", of an image whose structure is
 * good. */
static sfi_status
check_sum_areas(sfi_ctx *ctx, const uint8_t *image, size_t len,
                uint8_t sum[RECEIPT_DIGEST_LEN])
{
    uint8_t link[RECEIPT_LINK_LEN];
    struct image_area a;
    size_t at = SFI_FORMAT_HEADER_LEN;

    sfi__zero(sum, RECEIPT_DIGEST_LEN);
    while (at < len) {
        sfi_status st;

        memcpy(link, sum, RECEIPT_DIGEST_LEN);
        memcpy(link + RECEIPT_DIGEST_LEN, image + at, SFI_FORMAT_AREA_LEN);
        st = sfi__sha256(ctx, link, sizeof(link), sum);
        if (st != SFI_OK)
            return st;
        sfi__image_read_area(&a, image + at);
        at += SFI_FORMAT_AREA_LEN + a.size;
    }
    return SFI_OK;
}

sfi_status
sfi__receipt_check_image(sfi_ctx *ctx, const sfi_receipt *r,
                         const uint8_t *image, size_t len)
{
    uint8_t sum[RECEIPT_DIGEST_LEN];
    struct image_header h;
    char mine[2 * SHORT_LEN + 1], theirs[2 * SHORT_LEN + 1];
    sfi_status st = sfi__image_structure(ctx, image, len);

    if (st == SFI_OK)
        st = check_sum_areas(ctx, image, len, sum);
    if (st != SFI_OK)
        return st;
    sfi__image_read_header(&h, image);
    if (!sfi__equal(h.tag, r->says.header_tag, sizeof(h.tag)))
        return sfi__fail(ctx, SFI_ERR_MISMATCH,
                         "the chip holds another image: its header has tag "
                         "%s..., expected %s...",
                         check_short_text(mine, r->says.header_tag),
                         check_short_text(theirs, h.tag));
    if (!sfi__equal(sum, r->says.areas, sizeof(sum)))
        return sfi__fail(ctx, SFI_ERR_MISMATCH,
                         "the chip holds other areas than this image, whose "
                         "header is the same");
    return SFI_OK;
}

/* ---- public ---- */

sfi_status
sfi_receipt_verify(const sfi_receipt *receipt, const uint8_t *ca_public_key,
                   size_t len)
{
    SFI_ENTER(receipt, RECEIPT);
    SFI_ARG(receipt, ca_public_key != NULL);
    SFI_ARG(receipt, len == SFI_ECC_PUBLIC_LEN);
    return sfi__receipt_verify(receipt->obj.ctx, receipt, ca_public_key);
}

sfi_status
sfi_receipt_check_image(const sfi_receipt *receipt, const uint8_t *image,
                        size_t len)
{
    SFI_ENTER(receipt, RECEIPT);
    SFI_ARG(receipt, image != NULL);
    return sfi__receipt_check_image(receipt->obj.ctx, receipt, image, len);
}

sfi_status
sfi_receipt_check_image_file(const sfi_receipt *receipt, const char *path)
{
    struct buf image;
    sfi_ctx *ctx;
    sfi_status st;

    SFI_ENTER(receipt, RECEIPT);
    SFI_ARG(receipt, path != NULL);
    ctx = receipt->obj.ctx;
    st = sfi__load(ctx, path, IMAGE_MAX, false, &image);
    if (st == SFI_OK) {
        st = sfi__receipt_check_image(ctx, receipt, image.data, image.len);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", path);
    }
    sfi__buf_free(&image);
    return st;
}

sfi_status
sfi_receipt_check_option_bytes(const sfi_receipt *receipt,
                               const sfi_option_bytes *ob)
{
    uint8_t words[4 * CHIP_OB_ROWS_MAX], sum[RECEIPT_DIGEST_LEN];
    struct wr w;
    sfi_status st;

    SFI_ENTER(receipt, RECEIPT);
    SFI_HANDLE(receipt, ob, OPTION_BYTES);
    sfi__wr_init(&w, words, sizeof(words));
    for (uint32_t i = 0; i < ob->chip->ob_count; i++)
        sfi__wr_u32le(&w, ob->values[i]);
    st = sfi__sha256(receipt->obj.ctx, words, sfi__wr_len(&w), sum);
    if (st != SFI_OK ||
        sfi__equal(sum, receipt->says.option_bytes, sizeof(sum)))
        return st;
    return sfi__fail(receipt->obj.ctx, SFI_ERR_MISMATCH,
                     "the chip programmed other option bytes than these");
}

sfi_status
sfi_receipt_check_install(const sfi_receipt *receipt, uint32_t installs)
{
    SFI_ENTER(receipt, RECEIPT);
    if (receipt->says.installs == installs)
        return SFI_OK;
    return sfi__fail(receipt->obj.ctx, SFI_ERR_MISMATCH,
                     "the receipt is of install %u of this chip, expected %u",
                     receipt->says.installs, installs);
}
