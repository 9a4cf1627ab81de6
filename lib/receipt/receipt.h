/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Receipts as other folders use them; doc/format.md, "Receipt". */
#ifndef SFI_RECEIPT_RECEIPT_H
#define SFI_RECEIPT_RECEIPT_H

#include <sfi/receipt.h>

#include "core/obj.h"
#include "license/certificate.h"
#include "wire/receipt.h"

struct sfi_receipt {
    struct obj obj;
    uint8_t data[SFI_RECEIPT_LEN];
    struct receipt_statement says;
    sfi_certificate *certificate; /* a reference */
};

/* Make a receipt of what a chip sent, and of its certificate. */
sfi_status sfi__receipt_new(sfi_ctx *ctx, const uint8_t raw[RECEIPT_LEN],
                            const sfi_certificate *cert, sfi_receipt **out);
/* sfi_receipt_verify() but for the CA. */
sfi_status sfi__receipt_check_signature(sfi_ctx *ctx, const sfi_receipt *r);
/* sfi_receipt_verify() and sfi_receipt_check_image() without their guards. */
sfi_status sfi__receipt_verify(sfi_ctx *ctx, const sfi_receipt *r,
                               const uint8_t ca_public[SFI_ECC_PUBLIC_LEN]);
sfi_status sfi__receipt_check_image(sfi_ctx *ctx, const sfi_receipt *r,
                                    const uint8_t *image, size_t len);

#endif
