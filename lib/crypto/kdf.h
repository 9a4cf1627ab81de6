/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Key derivation: ANSI X9.63 with SHA-256, and scrypt. */
#ifndef SFI_CRYPTO_KDF_H
#define SFI_CRYPTO_KDF_H

#include <sfi/ctx.h>

/* ANSI X9.63 KDF with SHA-256 (SEC 1, 3.6.1). */
sfi_status sfi__kdf_x963(sfi_ctx *ctx, const uint8_t *z_secret, size_t z_len,
                         const uint8_t *info, size_t info_len,
                         uint8_t *out_secret, size_t out_len);

/* scrypt (RFC 7914): memory-hard, for PINs. */
struct kdf_cost {
    uint32_t log2_n;
    uint32_t r;
    uint32_t p;
};
sfi_status sfi__kdf_scrypt(sfi_ctx *ctx, const char *pin_secret, size_t pin_len,
                           const uint8_t *salt, size_t salt_len,
                           const struct kdf_cost *cost, uint8_t *out_secret,
                           size_t out_len);

#endif
