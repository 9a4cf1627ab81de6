#include "wire/image.h"

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"

void
format_read_header(struct image_header *h,
                   const uint8_t raw[SFI_FORMAT_HEADER_LEN])
{
    struct rd r;

    rd_init(&r, raw, SFI_FORMAT_HEADER_LEN);
    rd_bytes(&r, h->magic, sizeof(h->magic));
    h->version = rd_u16le(&r);
    h->areas = rd_u16le(&r);
    rd_bytes(&r, h->tag, sizeof(h->tag));
}

void
format_write_header(uint8_t raw[SFI_FORMAT_HEADER_LEN],
                    const struct image_header *h)
{
    struct wr w;

    wr_init(&w, raw, SFI_FORMAT_HEADER_LEN);
    wr_bytes(&w, h->magic, sizeof(h->magic));
    wr_u16le(&w, h->version);
    wr_u16le(&w, h->areas);
    wr_bytes(&w, h->tag, sizeof(h->tag));
}

bool
format_magic_ok(const struct image_header *h)
{
    return sfi__equal(h->magic, SFI_FORMAT_MAGIC, SFI_FORMAT_MAGIC_LEN);
}

void
format_read_area(struct image_area *a, const uint8_t raw[SFI_FORMAT_AREA_LEN])
{
    struct rd r;

    rd_init(&r, raw, SFI_FORMAT_AREA_LEN);
    a->type = rd_u8(&r);
    a->version = rd_u8(&r);
    a->index = rd_u16le(&r);
    a->size = rd_u32le(&r);
    a->address = rd_u32le(&r);
    a->areas = rd_u16le(&r);
    rd_bytes(&r, a->tag, sizeof(a->tag));
}

void
format_write_area(uint8_t raw[SFI_FORMAT_AREA_LEN], const struct image_area *a)
{
    struct wr w;

    wr_init(&w, raw, SFI_FORMAT_AREA_LEN);
    wr_u8(&w, a->type);
    wr_u8(&w, a->version);
    wr_u16le(&w, a->index);
    wr_u32le(&w, a->size);
    wr_u32le(&w, a->address);
    wr_u16le(&w, a->areas);
    wr_bytes(&w, a->tag, sizeof(a->tag));
}

void
format_iv(uint8_t iv[SFI_FORMAT_NONCE_LEN],
          const uint8_t nonce[SFI_FORMAT_NONCE_LEN], uint16_t index)
{
    uint32_t carry = index;

    for (uint32_t i = SFI_FORMAT_NONCE_LEN; i-- > 0; carry >>= 8) {
        carry += nonce[i];
        iv[i] = (uint8_t)carry;
    }
}
