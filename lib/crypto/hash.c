/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SHA-256 and HMAC-SHA-256. */
#include "crypto/hash.h"

#include <openssl/evp.h>

#include "crypto/ossl.h"

sfi_status
sfi__sha256(sfi_ctx *ctx, const void *data, size_t len,
            uint8_t out[SFI_SHA256_LEN])
{
    if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
        return sfi__ossl_fail(ctx, "SHA-256");
    return SFI_OK;
}

sfi_status
sfi__hmac_sha256(sfi_ctx *ctx, const uint8_t *key_secret, size_t key_len,
                 const void *data, size_t len, uint8_t out[SFI_SHA256_LEN])
{
    size_t out_len;

    if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key_secret, key_len, data,
                  len, out, SFI_SHA256_LEN, &out_len) == NULL)
        return sfi__ossl_fail(ctx, "HMAC-SHA-256");
    return SFI_OK;
}
