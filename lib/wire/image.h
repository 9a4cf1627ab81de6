/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The .sfi container, protocol version 1: doc/format.md, "Image".
 * Freestanding: the device core reads the same table. */
#ifndef SFI_WIRE_IMAGE_H
#define SFI_WIRE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define SFI_FORMAT_MAGIC "SFIMAGIC"
#define SFI_FORMAT_MAGIC_LEN 8u
#define SFI_FORMAT_VERSION 1u
#define SFI_FORMAT_TAG_LEN 16u
#define SFI_FORMAT_HEADER_LEN 28u
#define SFI_FORMAT_HEADER_AAD_LEN 12u /* all before the tag */
#define SFI_FORMAT_AREA_LEN 30u
#define SFI_FORMAT_AREA_AAD_LEN 14u /* all before the tag */
#define SFI_FORMAT_NONCE_LEN 12u

#define SFI_FORMAT_FIRMWARE 'F'
#define SFI_FORMAT_MODULE 'M'
#define SFI_FORMAT_CONFIGURATION 'C'

struct image_header {
    uint8_t magic[SFI_FORMAT_MAGIC_LEN];
    uint16_t version;
    uint16_t areas;
    uint8_t tag[SFI_FORMAT_TAG_LEN];
};

struct image_area {
    uint8_t type;
    uint8_t version;
    uint16_t index; /* from 1 */
    uint32_t size;  /* of the content; descriptor not included */
    uint32_t address;
    uint16_t areas;
    uint8_t tag[SFI_FORMAT_TAG_LEN];
};

void sfi__image_read_header(struct image_header *h,
                            const uint8_t raw[SFI_FORMAT_HEADER_LEN]);
void sfi__image_write_header(uint8_t raw[SFI_FORMAT_HEADER_LEN],
                             const struct image_header *h);
bool sfi__image_magic_ok(const struct image_header *h);
void sfi__image_read_area(struct image_area *a,
                          const uint8_t raw[SFI_FORMAT_AREA_LEN]);
void sfi__image_write_area(uint8_t raw[SFI_FORMAT_AREA_LEN],
                           const struct image_area *a);
/* IV = nonce + index, a 96-bit big-endian sum; computed only here. */
void sfi__image_iv(uint8_t iv[SFI_FORMAT_NONCE_LEN],
                   const uint8_t nonce[SFI_FORMAT_NONCE_LEN], uint16_t index);

#endif
