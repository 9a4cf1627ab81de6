/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* NIST P-256: keys as raw big-endian bytes, X || Y and r || s. */
#ifndef SFI_CRYPTO_ECC_H
#define SFI_CRYPTO_ECC_H

#include <sfi/ctx.h>

#include "crypto/hash.h"

#define SFI_ECC_SECRET_LEN 32u
#define SFI_ECC_PUBLIC_LEN 64u
#define SFI_ECC_SIGNATURE_LEN 64u
#define SFI_ECC_SHARED_LEN 32u

sfi_status sfi__ecc_generate(sfi_ctx *ctx, uint8_t secret[SFI_ECC_SECRET_LEN],
                             uint8_t public_key[SFI_ECC_PUBLIC_LEN]);
/* A private key whose public key comes later. */
sfi_status sfi__ecc_random_secret(sfi_ctx *ctx,
                                  uint8_t secret[SFI_ECC_SECRET_LEN]);
/* The public key of a private key; SFI_ERR_CRYPTO when the private key is not
 * valid. */
sfi_status sfi__ecc_public(sfi_ctx *ctx,
                           const uint8_t secret[SFI_ECC_SECRET_LEN],
                           uint8_t public_key[SFI_ECC_PUBLIC_LEN]);
/* SFI_OK, or SFI_ERR_CERTIFICATE: not a point on the curve. */
sfi_status sfi__ecc_check_public(sfi_ctx *ctx,
                                 const uint8_t public_key[SFI_ECC_PUBLIC_LEN]);
/* The x coordinate of the shared point (SEC 1, 3.3.1; P-256 has cofactor 1).
 * The peer's point is checked first. */
sfi_status sfi__ecc_ecdh(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                         const uint8_t peer[SFI_ECC_PUBLIC_LEN],
                         uint8_t shared_secret[SFI_ECC_SHARED_LEN]);
/* ECDSA over SHA-256 of data. */
sfi_status sfi__ecc_sign(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                         const uint8_t *data, size_t len,
                         uint8_t signature[SFI_ECC_SIGNATURE_LEN]);
/* ... over a digest of SHA-256. */
sfi_status sfi__ecc_sign_digest(sfi_ctx *ctx,
                                const uint8_t secret[SFI_ECC_SECRET_LEN],
                                const uint8_t digest[SFI_SHA256_LEN],
                                uint8_t signature[SFI_ECC_SIGNATURE_LEN]);
/* SFI_OK, or SFI_ERR_AUTH: the signature does not match. */
sfi_status sfi__ecc_verify(sfi_ctx *ctx,
                           const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                           const uint8_t *data, size_t len,
                           const uint8_t signature[SFI_ECC_SIGNATURE_LEN]);
/* Private key as PEM (PKCS#8) and public key as PEM (SubjectPublicKeyInfo), as
 * openssl reads them.  `out` holds `cap` bytes; *len without NUL. */
sfi_status sfi__ecc_secret_to_pem(sfi_ctx *ctx,
                                  const uint8_t secret[SFI_ECC_SECRET_LEN],
                                  char *out, size_t cap, size_t *len);
sfi_status sfi__ecc_secret_from_pem(sfi_ctx *ctx, const char *pem, size_t len,
                                    uint8_t secret[SFI_ECC_SECRET_LEN]);
sfi_status sfi__ecc_public_to_pem(sfi_ctx *ctx,
                                  const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                                  char *out, size_t cap, size_t *len);

#endif
