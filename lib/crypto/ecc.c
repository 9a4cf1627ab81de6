/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* P-256: keys, key agreement, signatures, PEM. */
#include "crypto/ecc.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "util/mem.h"
#include "core/err.h"
#include "crypto/hash.h"
#include "crypto/kept.h"
#include "crypto/ossl.h"

#define COORDINATE_LEN 32u
/* SEC 1, 2.3.3: 04 || X || Y */
#define POINT_LEN (1u + SFI_ECC_PUBLIC_LEN)
#define POINT_UNCOMPRESSED 0x04

static void
ecc_encode_point(uint8_t point[POINT_LEN], const uint8_t xy[SFI_ECC_PUBLIC_LEN])
{
    point[0] = POINT_UNCOMPRESSED;
    memcpy(point + 1, xy, SFI_ECC_PUBLIC_LEN);
}

/* Make a key from its parts; `secret` may be NULL.  NULL when libcrypto fails.
 */
static EVP_PKEY *
ecc_import_key(OSSL_LIB_CTX *lib, const uint8_t xy[SFI_ECC_PUBLIC_LEN],
               const uint8_t *secret)
{
    int selection = secret != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *pctx =
        lib != NULL ? EVP_PKEY_CTX_new_from_name(lib, "EC", NULL) : NULL;
    BIGNUM *d = BN_secure_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;
    uint8_t point[POINT_LEN];

    ecc_encode_point(point, xy);
    if (bld == NULL || pctx == NULL || d == NULL ||
        !OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME,
                                         "prime256v1", 0) ||
        !OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
                                          sizeof(point)))
        goto out;
    if (secret != NULL &&
        (BN_bin2bn(secret, SFI_ECC_SECRET_LEN, d) == NULL ||
         !OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, d,
                                     SFI_ECC_SECRET_LEN)))
        goto out;
    params = OSSL_PARAM_BLD_to_param(bld);
    if (params == NULL || EVP_PKEY_fromdata_init(pctx) != 1 ||
        EVP_PKEY_fromdata(pctx, &key, selection, params) != 1)
        key = NULL;
out:
    OSSL_PARAM_free(params);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(pctx);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

static bool
ecc_export_secret(const EVP_PKEY *key, uint8_t secret[SFI_ECC_SECRET_LEN])
{
    BIGNUM *d = NULL;
    bool ok =
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 &&
        BN_bn2binpad(d, secret, SFI_ECC_SECRET_LEN) == (int)SFI_ECC_SECRET_LEN;

    BN_clear_free(d);
    return ok;
}

/* ---- the curve without a key object, which would cost more time ---- */

struct curve {
    const EC_GROUP *group; /* the context keeps it */
    EC_POINT *peer;
    EC_POINT *product;
    BN_CTX *scratch; /* without one libcrypto would take the process's */
    BIGNUM *d;
    BIGNUM *x;
};

static bool
ecc_curve_open(sfi_ctx *ctx, struct curve *c)
{
    c->group = sfi__kept_p256(ctx);
    c->peer = c->group != NULL ? EC_POINT_new(c->group) : NULL;
    c->product = c->group != NULL ? EC_POINT_new(c->group) : NULL;
    c->scratch =
        c->group != NULL ? BN_CTX_secure_new_ex(sfi__ossl_lib()) : NULL;
    c->d = BN_secure_new();
    c->x = BN_secure_new();
    return c->peer != NULL && c->product != NULL && c->scratch != NULL &&
           c->d != NULL && c->x != NULL;
}

static void
ecc_curve_close(struct curve *c)
{
    BN_clear_free(c->x);
    BN_clear_free(c->d);
    BN_CTX_free(c->scratch);
    EC_POINT_clear_free(c->product);
    EC_POINT_free(c->peer);
}

/* BN_FLG_CONSTTIME: the time of a multiplication does not depend on d. */
static sfi_status
ecc_curve_set_secret(sfi_ctx *ctx, struct curve *c,
                     const uint8_t secret[SFI_ECC_SECRET_LEN])
{
    if (BN_bin2bn(secret, SFI_ECC_SECRET_LEN, c->d) == NULL)
        return sfi__ossl_fail(ctx, "P-256 private key");
    BN_set_flags(c->d, BN_FLG_CONSTTIME);
    if (BN_is_zero(c->d) || BN_cmp(c->d, EC_GROUP_get0_order(c->group)) >= 0)
        return sfi__fail(ctx, SFI_ERR_CRYPTO,
                         "the private key is not between 1 and the order of "
                         "P-256");
    return SFI_OK;
}

sfi_status
sfi__ecc_public(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                uint8_t public_key[SFI_ECC_PUBLIC_LEN])
{
    struct curve c;
    uint8_t point[POINT_LEN];
    sfi_status st;

    if (!ecc_curve_open(ctx, &c)) {
        st = sfi__ossl_fail(ctx, "P-256 public key");
        goto out;
    }
    st = ecc_curve_set_secret(ctx, &c, secret);
    if (st != SFI_OK)
        goto out;
    if (EC_POINT_mul(c.group, c.product, c.d, NULL, NULL, c.scratch) != 1 ||
        EC_POINT_point2oct(c.group, c.product, POINT_CONVERSION_UNCOMPRESSED,
                           point, sizeof(point), c.scratch) != sizeof(point)) {
        st = sfi__ossl_fail(ctx, "P-256 public key");
        goto out;
    }
    memcpy(public_key, point + 1, SFI_ECC_PUBLIC_LEN);
out:
    ecc_curve_close(&c);
    return st;
}

/* FIPS 186-5, A.2.2: a random number from 1 to the order less 1. */
static bool
ecc_curve_draw_secret(struct curve *c, uint8_t secret[SFI_ECC_SECRET_LEN])
{
    do {
        if (BN_priv_rand_range_ex(c->d, EC_GROUP_get0_order(c->group), 0,
                                  c->scratch) != 1)
            return false;
    } while (BN_is_zero(c->d));
    return BN_bn2binpad(c->d, secret, SFI_ECC_SECRET_LEN) ==
           (int)SFI_ECC_SECRET_LEN;
}

sfi_status
sfi__ecc_random_secret(sfi_ctx *ctx, uint8_t secret[SFI_ECC_SECRET_LEN])
{
    struct curve c;
    sfi_status st = SFI_OK;

    if (!ecc_curve_open(ctx, &c) || !ecc_curve_draw_secret(&c, secret))
        st = sfi__ossl_fail(ctx, "P-256 key generation");
    ecc_curve_close(&c);
    return st;
}

sfi_status
sfi__ecc_generate(sfi_ctx *ctx, uint8_t secret[SFI_ECC_SECRET_LEN],
                  uint8_t public_key[SFI_ECC_PUBLIC_LEN])
{
    sfi_status st = sfi__ecc_random_secret(ctx, secret);

    return st == SFI_OK ? sfi__ecc_public(ctx, secret, public_key) : st;
}

static sfi_status
ecc_fail_not_a_point(sfi_ctx *ctx)
{
    sfi__ossl_forget();
    return sfi__fail(ctx, SFI_ERR_CERTIFICATE,
                     "the public key is not a point on P-256");
}

/* Check that the point is on the curve; with cofactor 1 that is enough. */
static sfi_status
ecc_curve_set_peer(sfi_ctx *ctx, struct curve *c,
                   const uint8_t xy[SFI_ECC_PUBLIC_LEN])
{
    uint8_t point[POINT_LEN];

    ecc_encode_point(point, xy);
    return EC_POINT_oct2point(c->group, c->peer, point, sizeof(point),
                              c->scratch) == 1
               ? SFI_OK
               : ecc_fail_not_a_point(ctx);
}

/* The import checks that the point is on the curve. */
static sfi_status
ecc_import_public(sfi_ctx *ctx, const uint8_t xy[SFI_ECC_PUBLIC_LEN],
                  EVP_PKEY **out)
{
    *out = ecc_import_key(sfi__ossl_lib(), xy, NULL);
    return *out != NULL ? SFI_OK : ecc_fail_not_a_point(ctx);
}

static sfi_status
ecc_import_secret(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                  EVP_PKEY **out)
{
    uint8_t xy[SFI_ECC_PUBLIC_LEN];
    sfi_status st = sfi__ecc_public(ctx, secret, xy);

    *out = NULL;
    if (st != SFI_OK)
        return st;
    *out = ecc_import_key(sfi__ossl_lib(), xy, secret);
    return *out != NULL ? SFI_OK : sfi__ossl_fail(ctx, "P-256 private key");
}

sfi_status
sfi__ecc_check_public(sfi_ctx *ctx,
                      const uint8_t public_key[SFI_ECC_PUBLIC_LEN])
{
    struct curve c;
    sfi_status st = ecc_curve_open(ctx, &c)
                        ? ecc_curve_set_peer(ctx, &c, public_key)
                        : sfi__ossl_fail(ctx, "check of a P-256 public key");

    ecc_curve_close(&c);
    return st;
}

sfi_status
sfi__ecc_ecdh(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
              const uint8_t peer[SFI_ECC_PUBLIC_LEN],
              uint8_t shared_secret[SFI_ECC_SHARED_LEN])
{
    struct curve c;
    sfi_status st;

    if (!ecc_curve_open(ctx, &c)) {
        st = sfi__ossl_fail(ctx, "P-256 key agreement");
        goto out;
    }
    st = ecc_curve_set_peer(ctx, &c, peer);
    if (st != SFI_OK)
        goto out;
    st = ecc_curve_set_secret(ctx, &c, secret);
    if (st != SFI_OK)
        goto out;
    if (EC_POINT_mul(c.group, c.product, NULL, c.peer, c.d, c.scratch) != 1 ||
        EC_POINT_get_affine_coordinates(c.group, c.product, c.x, NULL,
                                        c.scratch) != 1 ||
        BN_bn2binpad(c.x, shared_secret, SFI_ECC_SHARED_LEN) !=
            (int)SFI_ECC_SHARED_LEN)
        st = sfi__ossl_fail(ctx, "P-256 key agreement");
out:
    ecc_curve_close(&c);
    return st;
}

/* Convert a signature from r || s to DER (SEC 1, C.8). */
static bool
ecc_signature_to_der(const uint8_t raw[SFI_ECC_SIGNATURE_LEN], uint8_t **der,
                     size_t *len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, COORDINATE_LEN, NULL);
    BIGNUM *s = BN_bin2bn(raw + COORDINATE_LEN, COORDINATE_LEN, NULL);
    int n = 0;

    *der = NULL;
    if (sig != NULL && r != NULL && s != NULL &&
        ECDSA_SIG_set0(sig, r, s) == 1) {
        r = NULL;
        s = NULL;
        n = i2d_ECDSA_SIG(sig, der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    *len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static bool
ecc_signature_from_der(const uint8_t *der, size_t len,
                       uint8_t raw[SFI_ECC_SIGNATURE_LEN])
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = sig != NULL &&
              BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, COORDINATE_LEN) > 0 &&
              BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + COORDINATE_LEN,
                           COORDINATE_LEN) > 0;

    ECDSA_SIG_free(sig);
    return ok;
}

sfi_status
sfi__ecc_sign_digest(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                     const uint8_t digest[SFI_SHA256_LEN],
                     uint8_t signature[SFI_ECC_SIGNATURE_LEN])
{
    EVP_PKEY_CTX *signer = NULL;
    uint8_t der[SFI_ECC_SIGNATURE_LEN + 16];
    size_t der_len = sizeof(der);
    EVP_PKEY *key;
    sfi_status st = ecc_import_secret(ctx, secret, &key);

    if (st == SFI_OK)
        signer = EVP_PKEY_CTX_new_from_pkey(sfi__ossl_lib(), key, NULL);
    if (st == SFI_OK &&
        (signer == NULL || EVP_PKEY_sign_init(signer) != 1 ||
         EVP_PKEY_sign(signer, der, &der_len, digest, SFI_SHA256_LEN) != 1 ||
         !ecc_signature_from_der(der, der_len, signature)))
        st = sfi__ossl_fail(ctx, "ECDSA signature");
    EVP_PKEY_CTX_free(signer);
    EVP_PKEY_free(key);
    return st;
}

sfi_status
sfi__ecc_sign(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
              const uint8_t *data, size_t len,
              uint8_t signature[SFI_ECC_SIGNATURE_LEN])
{
    uint8_t digest[SFI_SHA256_LEN];
    sfi_status st = sfi__sha256(ctx, data, len, digest);

    return st == SFI_OK ? sfi__ecc_sign_digest(ctx, secret, digest, signature)
                        : st;
}

/* Keep a context of libcrypto that verifies signatures of this key. */
static sfi_status
ecc_keep_verifier(sfi_ctx *ctx, struct crypto_kept *k,
                  const uint8_t public_key[SFI_ECC_PUBLIC_LEN])
{
    EVP_PKEY *key;
    sfi_status st = ecc_import_public(ctx, public_key, &key);

    if (st != SFI_OK)
        return st;
    EVP_PKEY_CTX_free(k->verifier);
    k->verifier = EVP_PKEY_CTX_new_from_pkey(k->lib, key, NULL);
    EVP_PKEY_free(key);
    if (k->verifier == NULL || EVP_PKEY_verify_init(k->verifier) != 1) {
        EVP_PKEY_CTX_free(k->verifier);
        k->verifier = NULL;
        return sfi__ossl_fail(ctx, "ECDSA verification");
    }
    memcpy(k->verifier_key, public_key, sizeof(k->verifier_key));
    return SFI_OK;
}

static sfi_status
ecc_find_verifier(sfi_ctx *ctx, const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                  EVP_PKEY_CTX **out)
{
    struct crypto_kept *k = sfi__crypto_kept(ctx);
    sfi_status st = SFI_OK;

    if (k == NULL)
        return sfi__ossl_fail(ctx, "ECDSA verification");
    if (k->verifier == NULL ||
        !sfi__equal(k->verifier_key, public_key, sizeof(k->verifier_key)))
        st = ecc_keep_verifier(ctx, k, public_key);
    *out = k->verifier;
    return st;
}

sfi_status
sfi__ecc_verify(sfi_ctx *ctx, const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                const uint8_t *data, size_t len,
                const uint8_t signature[SFI_ECC_SIGNATURE_LEN])
{
    uint8_t hash[SFI_SHA256_LEN];
    uint8_t *der = NULL;
    size_t der_len;
    EVP_PKEY_CTX *verifier = NULL;
    sfi_status st = ecc_find_verifier(ctx, public_key, &verifier);

    if (st == SFI_OK)
        st = sfi__sha256(ctx, data, len, hash);
    if (st != SFI_OK)
        return st;
    if (!ecc_signature_to_der(signature, &der, &der_len))
        return sfi__ossl_fail(ctx, "ECDSA verification");
    if (EVP_PKEY_verify(verifier, der, der_len, hash, sizeof(hash)) != 1) {
        sfi__ossl_forget();
        st = sfi__fail(ctx, SFI_ERR_AUTH, "the signature does not match");
    }
    OPENSSL_free(der);
    return st;
}

static sfi_status
ecc_copy_pem(sfi_ctx *ctx, BIO *bio, bool written, char *out, size_t cap,
             size_t *len)
{
    char *text = NULL;
    long n = bio != NULL ? BIO_get_mem_data(bio, &text) : 0;

    *len = 0;
    if (!written || n <= 0)
        return sfi__ossl_fail(ctx, "PEM");
    if ((size_t)n >= cap)
        return sfi__fail(ctx, SFI_ERR_BUFFER, "PEM needs %ld bytes, got %zu",
                         n + 1, cap);
    memcpy(out, text, (size_t)n);
    out[n] = '\0';
    *len = (size_t)n;
    return SFI_OK;
}

sfi_status
sfi__ecc_secret_to_pem(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                       char *out, size_t cap, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    EVP_PKEY *key;
    sfi_status st = ecc_import_secret(ctx, secret, &key);

    if (st == SFI_OK) {
        bool ok = bio != NULL &&
                  PEM_write_bio_PrivateKey_ex(bio, key, NULL, NULL, 0, NULL,
                                              NULL, sfi__ossl_lib(), NULL) == 1;

        st = ecc_copy_pem(ctx, bio, ok, out, cap, len);
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return st;
}

sfi_status
sfi__ecc_public_to_pem(sfi_ctx *ctx,
                       const uint8_t public_key[SFI_ECC_PUBLIC_LEN], char *out,
                       size_t cap, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key;
    sfi_status st = ecc_import_public(ctx, public_key, &key);

    if (st == SFI_OK) {
        bool ok = bio != NULL &&
                  PEM_write_bio_PUBKEY_ex(bio, key, sfi__ossl_lib(), NULL) == 1;

        st = ecc_copy_pem(ctx, bio, ok, out, cap, len);
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return st;
}

static bool
ecc_key_is_p256(const EVP_PKEY *key)
{
    char group[32];
    size_t len;

    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* Without this libcrypto asks for the passphrase on the terminal. */
static int
ecc_refuse_passphrase(char *out, int cap, int writing, void *user)
{
    (void)out;
    (void)cap;
    (void)writing;
    (void)user;
    return -1;
}

sfi_status
sfi__ecc_secret_from_pem(sfi_ctx *ctx, const char *pem, size_t len,
                         uint8_t secret[SFI_ECC_SECRET_LEN])
{
    OSSL_LIB_CTX *lib = sfi__ossl_lib();
    BIO *bio = len <= 65536 ? BIO_new_mem_buf(pem, (int)len) : NULL;
    EVP_PKEY *key = NULL;
    sfi_status st = SFI_OK;

    if (bio != NULL && lib != NULL)
        key = PEM_read_bio_PrivateKey_ex(bio, NULL, ecc_refuse_passphrase, NULL,
                                         lib, NULL);
    if (key == NULL || !ecc_key_is_p256(key) ||
        !ecc_export_secret(key, secret)) {
        sfi__ossl_forget();
        st = sfi__fail(ctx, SFI_ERR_FORMAT, "not a P-256 private key in PEM");
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return st;
}
