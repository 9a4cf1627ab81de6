/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reads and writes the tables of the .sfi container.  Freestanding. */
#include "wire/image.h"

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"

void
sfi__image_read_header(struct image_header *h,
                       const uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    struct rd r;

    sfi__rd_init(&r, raw, SFI_FORMAT_HEADER_LEN);
    sfi__rd_bytes(&r, h->magic, sizeof(h->magic));
    h->version = sfi__rd_u16le(&r);
    h->areas = sfi__rd_u16le(&r);
    sfi__rd_bytes(&r, h->tag, sizeof(h->tag));
}

void
sfi__image_write_header(uint8_t raw[SFI_FORMAT_HEADER_LEN],
                        const struct image_header *h)
{
    struct wr w;

    sfi__wr_init(&w, raw, SFI_FORMAT_HEADER_LEN);
    sfi__wr_bytes(&w, h->magic, sizeof(h->magic));
    sfi__wr_u16le(&w, h->version);
    sfi__wr_u16le(&w, h->areas);
    sfi__wr_bytes(&w, h->tag, sizeof(h->tag));
}

bool
sfi__image_magic_ok(const struct image_header *h)
{
    return sfi__equal(h->magic, SFI_FORMAT_MAGIC, SFI_FORMAT_MAGIC_LEN);
}

void
sfi__image_read_area(struct image_area *a,
                     const uint8_t raw[SFI_FORMAT_AREA_LEN])
{
    struct rd r;

    sfi__rd_init(&r, raw, SFI_FORMAT_AREA_LEN);
    a->type = sfi__rd_u8(&r);
    a->version = sfi__rd_u8(&r);
    a->index = sfi__rd_u16le(&r);
    a->size = sfi__rd_u32le(&r);
    a->address = sfi__rd_u32le(&r);
    a->areas = sfi__rd_u16le(&r);
    sfi__rd_bytes(&r, a->tag, sizeof(a->tag));
}

void
sfi__image_write_area(uint8_t raw[SFI_FORMAT_AREA_LEN],
                      const struct image_area *a)
{
    struct wr w;

    sfi__wr_init(&w, raw, SFI_FORMAT_AREA_LEN);
    sfi__wr_u8(&w, a->type);
    sfi__wr_u8(&w, a->version);
    sfi__wr_u16le(&w, a->index);
    sfi__wr_u32le(&w, a->size);
    sfi__wr_u32le(&w, a->address);
    sfi__wr_u16le(&w, a->areas);
    sfi__wr_bytes(&w, a->tag, sizeof(a->tag));
}

void
sfi__image_iv(uint8_t iv[SFI_FORMAT_NONCE_LEN],
              const uint8_t nonce[SFI_FORMAT_NONCE_LEN], uint16_t index)
{
    uint32_t carry = index;

    for (uint32_t i = SFI_FORMAT_NONCE_LEN; i-- > 0; carry >>= 8) {
        carry += nonce[i];
        iv[i] = (uint8_t)carry;
    }
}
