/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a part signs to prove what it holds: doc/format.md, "Receipt".
 * Freestanding: the device core writes it, the host reads it. */
#ifndef SFI_WIRE_RECEIPT_H
#define SFI_WIRE_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/certificate.h"
#include "wire/image.h"

#define RECEIPT_MAGIC "SFRC"
#define RECEIPT_MAGIC_LEN 4u
#define RECEIPT_VERSION 1u
#define RECEIPT_DIGEST_LEN 32u
#define RECEIPT_SIGNATURE_LEN 64u
/* What is signed, and behind it the signature. */
#define RECEIPT_STATEMENT_LEN 132u
#define RECEIPT_LEN (RECEIPT_STATEMENT_LEN + RECEIPT_SIGNATURE_LEN)

struct receipt_statement {
    uint8_t magic[RECEIPT_MAGIC_LEN];
    uint8_t version;
    uint8_t reserved; /* 0 */
    uint16_t chip_id; /* DEV_ID */
    uint8_t product_id[PRODUCT_ID_LEN];
    uint32_t installs;                  /* how many had begun */
    uint8_t device[RECEIPT_DIGEST_LEN]; /* SHA-256 of the public key */
    uint8_t header_tag[SFI_FORMAT_TAG_LEN];
    uint8_t areas[RECEIPT_DIGEST_LEN];        /* see RECEIPT_LINK_LEN */
    uint8_t option_bytes[RECEIPT_DIGEST_LEN]; /* SHA-256 as programmed */
};

/* The areas' digest is a chain: it begins with zeros, and each area makes it
 * the SHA-256 of what it was and of the area's descriptor with its tag. */
#define RECEIPT_LINK_LEN (RECEIPT_DIGEST_LEN + SFI_FORMAT_AREA_LEN)

void sfi__receipt_write(uint8_t raw[RECEIPT_STATEMENT_LEN],
                        const struct receipt_statement *s);
void sfi__receipt_read(struct receipt_statement *s,
                       const uint8_t raw[RECEIPT_STATEMENT_LEN]);

#endif
