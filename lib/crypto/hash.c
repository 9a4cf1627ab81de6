/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* SHA-256 and HMAC-SHA-256. */
#include "crypto/hash.h"

#include <openssl/evp.h>

#include "crypto/kept.h"
#include "crypto/ossl.h"

sfi_status
sfi__sha256(sfi_ctx *ctx, const void *data, size_t len,
            uint8_t out[SFI_SHA256_LEN])
{
    const EVP_MD *sha256 = sfi__kept_sha256(ctx);

    if (sha256 == NULL || EVP_Digest(data, len, out, NULL, sha256, NULL) != 1)
        return sfi__ossl_fail(ctx, "SHA-256");
    return SFI_OK;
}

sfi_status
sfi__hmac_sha256(sfi_ctx *ctx, const uint8_t *key_secret, size_t key_len,
                 const void *data, size_t len, uint8_t out[SFI_SHA256_LEN])
{
    const EVP_MAC_CTX *kept = sfi__kept_hmac(ctx);
    EVP_MAC_CTX *hmac = kept != NULL ? EVP_MAC_CTX_dup(kept) : NULL;
    size_t out_len;
    sfi_status st = SFI_OK;

    if (hmac == NULL || EVP_MAC_init(hmac, key_secret, key_len, NULL) != 1 ||
        EVP_MAC_update(hmac, data, len) != 1 ||
        EVP_MAC_final(hmac, out, &out_len, SFI_SHA256_LEN) != 1)
        st = sfi__ossl_fail(ctx, "HMAC-SHA-256");
    EVP_MAC_CTX_free(hmac);
    return st;
}
