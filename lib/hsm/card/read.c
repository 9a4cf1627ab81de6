/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Decode and check a card's replies: information, audit head, audit record. */
#include "hsm/card/card.h"

#include "util/mem.h"
#include "util/rd.h"
#include "core/err.h"
#include "wire/certificate.h"

static sfi_status
card_fail_invalid(sfi_ctx *ctx, const char *what)
{
    return sfi__fail(ctx, SFI_ERR_HSM, "the card reports an invalid value: %s",
                     what);
}

/* Printable, then zeros to the end. */
static bool
card_read_text(struct rd *r, size_t len, char *out)
{
    size_t used = 0;

    sfi__rd_bytes(r, out, len);
    while (used < len && out[used] >= ' ' && out[used] <= '~')
        used++;
    for (size_t i = used; i < len; i++) {
        if (out[i] != '\0')
            return false;
    }
    return true;
}

static sfi_status
card_read_names(sfi_ctx *ctx, struct rd *product, struct rd *firmware,
                char *product_id, char *firmware_id)
{
    bool product_ok = card_read_text(product, PRODUCT_ID_LEN, product_id);
    bool firmware_ok =
        card_read_text(firmware, SFI_FIRMWARE_ID_MAX, firmware_id);

    product_id[PRODUCT_ID_LEN] = '\0';
    firmware_id[SFI_FIRMWARE_ID_MAX] = '\0';
    if (!product_ok)
        return card_fail_invalid(ctx, "the product id is not text");
    if (!firmware_ok || sfi__rd_u8(firmware) != 0)
        return card_fail_invalid(ctx, "the firmware id is not text");
    return SFI_OK;
}

static sfi_status
card_check_counts(sfi_ctx *ctx, uint64_t remaining, uint64_t maximum)
{
    if (remaining <= maximum && maximum <= SFI_HSM_COUNT_MAX)
        return SFI_OK;
    return sfi__fail(
        ctx, SFI_ERR_HSM,
        "the card reports an invalid value: %llu of %llu installations left",
        (unsigned long long)remaining, (unsigned long long)maximum);
}

sfi_status
sfi__card_read_info(sfi_ctx *ctx, const uint8_t raw[CARD_INFO_LEN],
                    struct card_info *out)
{
    struct rd r, product;
    uint8_t version;
    sfi_status st;

    sfi__zero(out, sizeof(*out));
    sfi__rd_init(&r, raw, CARD_INFO_LEN);
    version = sfi__rd_u8(&r);
    out->state = sfi__rd_u8(&r);
    out->pin_tries = sfi__rd_u8(&r);
    sfi__rd_skip(&r, 1);
    out->flags = sfi__rd_u32be(&r);
    out->remaining = sfi__rd_u64be(&r);
    out->maximum = sfi__rd_u64be(&r);
    out->low_water = sfi__rd_u64be(&r);
    out->records = sfi__rd_u64be(&r);
    sfi__rd_bytes(&r, out->serial, sizeof(out->serial));
    product = r;
    sfi__rd_skip(&r, PRODUCT_ID_LEN);
    if (version != CARD_VERSION)
        return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                         "the card speaks version %u of its protocol, "
                         "expected %u",
                         version, CARD_VERSION);
    if (out->state > SFI_HSM_RETIRED)
        return sfi__fail(
            ctx, SFI_ERR_HSM,
            "the card reports an invalid value: state %u, expected at most %u",
            out->state, SFI_HSM_RETIRED);
    st = card_check_counts(ctx, out->remaining, out->maximum);
    return st != SFI_OK ? st
                        : card_read_names(ctx, &product, &r, out->product_id,
                                          out->firmware_id);
}

sfi_status
sfi__card_read_audit(sfi_ctx *ctx, const uint8_t raw[CARD_AUDIT_LEN],
                     sfi_audit_head *out)
{
    struct rd r, firmware;
    sfi_status st;

    sfi__rd_init(&r, raw, CARD_AUDIT_LEN);
    out->flags = sfi__rd_u32be(&r);
    out->maximum = sfi__rd_u64be(&r);
    out->low_water = sfi__rd_u64be(&r);
    out->remaining = sfi__rd_u64be(&r);
    out->sequence = sfi__rd_u64be(&r);
    firmware = r;
    sfi__rd_skip(&r, sizeof(out->firmware_id));
    st = card_read_names(ctx, &r, &firmware, out->product_id, out->firmware_id);
    sfi__rd_bytes(&r, out->serial, sizeof(out->serial));
    sfi__rd_bytes(&r, out->ca_public, sizeof(out->ca_public));
    sfi__rd_bytes(&r, out->genesis, sizeof(out->genesis));
    sfi__rd_bytes(&r, out->audit_head, sizeof(out->audit_head));
    sfi__rd_bytes(&r, out->mac, sizeof(out->mac));
    return st != SFI_OK ? st
                        : card_check_counts(ctx, out->remaining, out->maximum);
}

sfi_status
sfi__card_read_record(sfi_ctx *ctx, const uint8_t raw[CARD_RECORD_LEN],
                      uint64_t sequence, sfi_audit_record *out)
{
    struct rd r;

    sfi__rd_init(&r, raw, CARD_RECORD_LEN);
    out->kind = sfi__rd_u32be(&r);
    out->sequence = sfi__rd_u64be(&r);
    out->time = sfi__rd_u64be(&r);
    out->remaining = sfi__rd_u64be(&r);
    out->session = sfi__rd_u32be(&r);
    sfi__rd_bytes(&r, out->device, sizeof(out->device));
    sfi__rd_bytes(&r, out->license, sizeof(out->license));
    sfi__rd_bytes(&r, out->previous, sizeof(out->previous));
    sfi__rd_bytes(&r, out->hash, sizeof(out->hash));
    sfi__rd_bytes(&r, out->mac, sizeof(out->mac));
    if (out->kind < SFI_AUDIT_COUNTED || out->kind > SFI_AUDIT_RETIRED)
        return card_fail_invalid(ctx, "unknown kind of record");
    if (out->sequence != sequence)
        return sfi__fail(
            ctx, SFI_ERR_HSM, "the card returned record %llu, expected %llu",
            (unsigned long long)out->sequence, (unsigned long long)sequence);
    return SFI_OK;
}
