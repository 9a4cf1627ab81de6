/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Key derivation: ANSI X9.63 with SHA-256, and scrypt. */
#include "crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "core/err.h"
#include "crypto/kept.h"
#include "crypto/ossl.h"

/* Memory limit of scrypt, which needs a little more than 128 * N * r bytes. */
#define SCRYPT_MEMORY_MAX ((uint64_t)1 << 30)
/* With a larger N the memory limit is exceeded for every r. */
#define SCRYPT_LOG2_N_MAX 23u

static sfi_status
kdf_derive_bytes(sfi_ctx *ctx, EVP_KDF_CTX *kdf, const char *name,
                 const OSSL_PARAM params[], uint8_t *out_secret, size_t out_len)
{
    sfi_status st = SFI_OK;

    if (kdf == NULL || EVP_KDF_derive(kdf, out_secret, out_len, params) != 1)
        st = sfi__ossl_fail(ctx, name);
    if (kdf != NULL)
        EVP_KDF_CTX_reset(kdf); /* it wipes */
    return st;
}

sfi_status
sfi__kdf_x963(sfi_ctx *ctx, const uint8_t *z_secret, size_t z_len,
              const uint8_t *info, size_t info_len, uint8_t *out_secret,
              size_t out_len)
{
    static char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)z_secret,
                                          z_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info,
                                          info_len),
        OSSL_PARAM_construct_end(),
    };

    return kdf_derive_bytes(ctx, sfi__kept_x963(ctx), "X963KDF", params,
                            out_secret, out_len);
}

sfi_status
sfi__kdf_scrypt(sfi_ctx *ctx, const char *pin_secret, size_t pin_len,
                const uint8_t *salt, size_t salt_len,
                const struct kdf_cost *cost, uint8_t *out_secret,
                size_t out_len)
{
    uint32_t log2_n = cost->log2_n;
    uint64_t n = (uint64_t)1 << (log2_n <= SCRYPT_LOG2_N_MAX ? log2_n : 0);
    uint64_t memory = SCRYPT_MEMORY_MAX;
    uint32_t r = cost->r;
    uint32_t p = cost->p;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
                                          (void *)pin_secret, pin_len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
                                          salt_len),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
        OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_construct_end(),
    };
    OSSL_LIB_CTX *lib = sfi__ossl_lib();
    EVP_KDF *scrypt;
    EVP_KDF_CTX *kdf;
    sfi_status st;

    if (log2_n < 1 || log2_n > SCRYPT_LOG2_N_MAX || r < 1 || p < 1)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "scrypt cost is 2^%u, r %u, p %u, expected 2^1 to "
                         "2^%u, r and p from 1",
                         log2_n, r, p, SCRYPT_LOG2_N_MAX);
    scrypt = lib != NULL ? EVP_KDF_fetch(lib, "SCRYPT", NULL) : NULL;
    kdf = scrypt != NULL ? EVP_KDF_CTX_new(scrypt) : NULL;
    st = kdf_derive_bytes(ctx, kdf, "SCRYPT", params, out_secret, out_len);
    EVP_KDF_CTX_free(kdf);
    EVP_KDF_free(scrypt);
    return st;
}
