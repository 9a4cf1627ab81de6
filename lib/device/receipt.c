/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the part holds, collected while it is installed, and signed when a host
 * asks (doc/protocol.md, "Receipts"). */
#include "device/device.h"

#include <string.h>

#include "device/port.h"
#include "util/mem.h"

bool
sfi__receipt_add_area(struct sfi_device *dev, const struct image_area *a)
{
    uint8_t link[RECEIPT_LINK_LEN];

    if (!sfi__port_has_receipts(dev->port))
        return true;
    memcpy(link, dev->record.areas, RECEIPT_DIGEST_LEN);
    sfi__image_write_area(link + RECEIPT_DIGEST_LEN, a);
    return sfi__port_digest(dev, link, sizeof(link), dev->record.areas);
}

/* Installed by a core that kept no digests, or never. */
static bool
receipt_is_kept(const struct record *r)
{
    static const uint8_t nothing[RECEIPT_DIGEST_LEN];

    return r->ob_len > 0 && !sfi__equal(r->areas, nothing, sizeof(nothing));
}

static bool
receipt_fill(struct sfi_device *dev, struct receipt_statement *s)
{
    uint8_t certificate[CERTIFICATE_LEN];
    const struct record *r = &dev->record;

    if (!sfi__port_certificate(dev, certificate))
        return false;
    memcpy(s->magic, RECEIPT_MAGIC, RECEIPT_MAGIC_LEN);
    s->version = RECEIPT_VERSION;
    s->reserved = 0;
    s->chip_id = (uint16_t)dev->chip->device_id;
    memcpy(s->product_id, dev->chip->product_id, sizeof(s->product_id));
    s->installs = r->installs;
    memcpy(s->header_tag, r->header_tag, sizeof(s->header_tag));
    memcpy(s->areas, r->areas, sizeof(s->areas));
    return sfi__port_digest(dev, certificate + CERTIFICATE_PUBLIC_AT,
                            CERTIFICATE_PUBLIC_LEN, s->device) &&
           sfi__port_digest(dev, r->ob, r->ob_len, s->option_bytes);
}

static bool
receipt_sign(struct sfi_device *dev)
{
    uint8_t *raw = dev->receipt.raw;
    struct receipt_statement s;
    uint8_t digest[RECEIPT_DIGEST_LEN];

    if (!receipt_fill(dev, &s))
        return false;
    sfi__receipt_write(raw, &s);
    return sfi__port_digest(dev, raw, RECEIPT_STATEMENT_LEN, digest) &&
           sfi__port_sign(dev, digest, raw + RECEIPT_STATEMENT_LEN);
}

/* Signed once for each start, however often a host asks: so a host can compare
 * two replies, and nobody can have the key used as often as he likes. */
uint8_t
sfi__receipt_give(struct sfi_device *dev, struct wr *reply)
{
    if (dev->state != SFI_DEVICE_INSTALLED)
        return SFI_CAUSE_STATE;
    if (!sfi__port_has_receipts(dev->port) || !receipt_is_kept(&dev->record))
        return SFI_CAUSE_NO_RECEIPT;
    if (!dev->receipt.is_signed)
        dev->receipt.is_signed = receipt_sign(dev);
    if (!dev->receipt.is_signed)
        return SFI_CAUSE_SIGN;
    sfi__wr_bytes(reply, dev->receipt.raw, RECEIPT_LEN);
    return SFI_CAUSE_NONE;
}
