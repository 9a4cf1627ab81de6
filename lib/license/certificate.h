/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates as other folders use them; doc/format.md, "Certificate". */
#ifndef SFI_LICENSE_CERTIFICATE_H
#define SFI_LICENSE_CERTIFICATE_H

#include <sfi/certificate.h>

#include "core/obj.h"
#include "crypto/ecc.h"
#include "crypto/hash.h"
#include "wire/certificate.h"

struct sfi_certificate {
    struct obj obj;
    uint8_t data[SFI_CERTIFICATE_LEN];
    uint8_t public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t device_hash[SFI_SHA256_LEN]; /* SHA-256 of the public key */
    char device_id[2 * SFI_SHA256_LEN + 1];
    char product_id[PRODUCT_ID_LEN + 1];
};

/* sfi_certificate_parse() without the guard. */
sfi_status sfi__cert_new(sfi_ctx *ctx, const uint8_t *data, size_t len,
                         sfi_certificate **out);
/* sfi_certificate_verify() without the guard. */
sfi_status sfi__cert_verify(sfi_ctx *ctx, const sfi_certificate *cert,
                            const uint8_t ca_public[SFI_ECC_PUBLIC_LEN]);
/* Sign a device's public key, as the chip maker does. */
sfi_status sfi__cert_issue(sfi_ctx *ctx,
                           const uint8_t ca_secret[SFI_ECC_SECRET_LEN],
                           const char *product_id,
                           const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                           uint8_t out[SFI_CERTIFICATE_LEN]);

#endif
