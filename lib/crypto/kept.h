/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a context keeps of libcrypto: to build a curve anew costs more than to
 * multiply on it.  No secrets.  Only lib/crypto includes this. */
#ifndef SFI_CRYPTO_KEPT_H
#define SFI_CRYPTO_KEPT_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <sfi/ctx.h>

#include "crypto/ecc.h"

/* Each is made when it is first needed, and freed with the context. */
struct crypto_kept {
    OSSL_LIB_CTX *lib; /* where all else is from; there from the beginning */
    EVP_MD *sha256;
    EVP_MAC_CTX *hmac_sha256; /* without a key: to copy */
    EVP_KDF_CTX *x963;        /* reset after each use */
    EVP_CIPHER *gcm;
    EC_GROUP *p256;
    /* the last public key that verified something: an HSM has one CA */
    EVP_PKEY_CTX *verifier;
    uint8_t verifier_key[SFI_ECC_PUBLIC_LEN];
};

/* NULL: libcrypto failed, not recorded, as below.  A member is NULL until it
 * was needed. */
struct crypto_kept *sfi__crypto_kept(sfi_ctx *ctx);

const EVP_MD *sfi__kept_sha256(sfi_ctx *ctx);
const EVP_MAC_CTX *sfi__kept_hmac(sfi_ctx *ctx);
EVP_KDF_CTX *sfi__kept_x963(sfi_ctx *ctx);
const EVP_CIPHER *sfi__kept_gcm(sfi_ctx *ctx);
const EC_GROUP *sfi__kept_p256(sfi_ctx *ctx);

#endif
