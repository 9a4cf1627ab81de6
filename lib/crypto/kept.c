/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* libcrypto's algorithms and curve, made once for each context. */
#include "crypto/kept.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

#include "core/ctx.h"
#include "crypto/ossl.h"

static void
kept_free(void *kept)
{
    struct crypto_kept *k = kept;

    EVP_MD_free(k->sha256);
    EVP_MAC_CTX_free(k->hmac_sha256);
    EVP_KDF_CTX_free(k->x963);
    EVP_CIPHER_free(k->gcm);
    EC_GROUP_free(k->p256);
    EVP_PKEY_CTX_free(k->verifier);
    OPENSSL_free(k);
}

/* Of libcrypto's memory, like everything in it. */
struct crypto_kept *
sfi__crypto_kept(sfi_ctx *ctx)
{
    OSSL_LIB_CTX *lib;
    struct crypto_kept *k;

    if (ctx->crypto != NULL)
        return ctx->crypto;
    lib = sfi__ossl_lib();
    k = lib != NULL ? OPENSSL_zalloc(sizeof(*k)) : NULL;
    if (k == NULL)
        return NULL;
    k->lib = lib;
    ctx->crypto = k;
    ctx->free_crypto = kept_free;
    return k;
}

const EVP_MD *
sfi__kept_sha256(sfi_ctx *ctx)
{
    struct crypto_kept *k = sfi__crypto_kept(ctx);

    if (k == NULL)
        return NULL;
    if (k->sha256 == NULL)
        k->sha256 = EVP_MD_fetch(k->lib, "SHA256", NULL);
    return k->sha256;
}

static EVP_MAC_CTX *
kept_make_hmac(OSSL_LIB_CTX *lib)
{
    static char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(lib, "HMAC", NULL);
    EVP_MAC_CTX *hmac = EVP_MAC_CTX_new(mac);

    EVP_MAC_free(mac);
    if (hmac == NULL || EVP_MAC_CTX_set_params(hmac, params) == 1)
        return hmac;
    EVP_MAC_CTX_free(hmac);
    return NULL;
}

const EVP_MAC_CTX *
sfi__kept_hmac(sfi_ctx *ctx)
{
    struct crypto_kept *k = sfi__crypto_kept(ctx);

    if (k == NULL)
        return NULL;
    if (k->hmac_sha256 == NULL)
        k->hmac_sha256 = kept_make_hmac(k->lib);
    return k->hmac_sha256;
}

/* X963KDF of libcrypto 3.0 crashes when it is out of memory: once is enough. */
static EVP_KDF_CTX *
kept_make_x963(OSSL_LIB_CTX *lib)
{
    EVP_KDF *kdf = EVP_KDF_fetch(lib, "X963KDF", NULL);
    EVP_KDF_CTX *x963 = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;

    EVP_KDF_free(kdf);
    return x963;
}

EVP_KDF_CTX *
sfi__kept_x963(sfi_ctx *ctx)
{
    struct crypto_kept *k = sfi__crypto_kept(ctx);

    if (k == NULL)
        return NULL;
    if (k->x963 == NULL)
        k->x963 = kept_make_x963(k->lib);
    return k->x963;
}

const EVP_CIPHER *
sfi__kept_gcm(sfi_ctx *ctx)
{
    struct crypto_kept *k = sfi__crypto_kept(ctx);

    if (k == NULL)
        return NULL;
    if (k->gcm == NULL)
        k->gcm = EVP_CIPHER_fetch(k->lib, "AES-128-GCM", NULL);
    return k->gcm;
}

const EC_GROUP *
sfi__kept_p256(sfi_ctx *ctx)
{
    struct crypto_kept *k = sfi__crypto_kept(ctx);

    if (k == NULL)
        return NULL;
    if (k->p256 == NULL)
        k->p256 =
            EC_GROUP_new_by_curve_name_ex(k->lib, NULL, NID_X9_62_prime256v1);
    return k->p256;
}
