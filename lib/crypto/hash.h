/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SHA-256 and HMAC-SHA-256. */
#ifndef SFI_CRYPTO_HASH_H
#define SFI_CRYPTO_HASH_H

#include <sfi/ctx.h>

#define SFI_SHA256_LEN 32u

sfi_status sfi__sha256(sfi_ctx *ctx, const void *data, size_t len,
                       uint8_t out[SFI_SHA256_LEN]);
sfi_status sfi__hmac_sha256(sfi_ctx *ctx, const uint8_t *key_secret,
                            size_t key_len, const void *data, size_t len,
                            uint8_t out[SFI_SHA256_LEN]);

#endif
