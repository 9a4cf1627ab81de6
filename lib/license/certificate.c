/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Device certificates: decoded, saved, verified, and issued by the chip maker.
 */
#include "license/certificate.h"

#include <string.h>

#include "util/hex.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "core/files.h"
#include "license/record.h"

#define WHAT "certificate"

_Static_assert(CERTIFICATE_LEN == SFI_CERTIFICATE_LEN &&
                   CERTIFICATE_PUBLIC_LEN == SFI_ECC_PUBLIC_LEN &&
                   CERTIFICATE_SIGNATURE_LEN == SFI_ECC_SIGNATURE_LEN,
               "certificate layout");

static sfi_status
certificate_decode(sfi_ctx *ctx, sfi_certificate *cert, const uint8_t *data,
                   size_t len)
{
    struct rd r;
    sfi_status st =
        sfi__record_check_length(ctx, WHAT, len, SFI_CERTIFICATE_LEN);

    if (st != SFI_OK)
        return st;
    memcpy(cert->data, data, len);
    sfi__rd_init(&r, data, len);
    sfi__rd_bytes(&r, cert->product_id, PRODUCT_ID_LEN);
    sfi__rd_bytes(&r, cert->public_key, sizeof(cert->public_key));
    if (!sfi__rd_ok(&r))
        return sfi__fail(ctx, SFI_ERR_INTERNAL, "certificate layout");
    st = sfi__record_check_product_id(ctx, WHAT, data);
    if (st != SFI_OK)
        return st;
    if (sfi__ecc_check_public(ctx, cert->public_key) != SFI_OK)
        return sfi__fail(
            ctx, SFI_ERR_CERTIFICATE,
            "the certificate's public key is not a point on P-256");
    st = sfi__sha256(ctx, cert->public_key, sizeof(cert->public_key),
                     cert->device_hash);
    if (st != SFI_OK)
        return st;
    sfi__hex_encode(cert->device_id, cert->device_hash, SFI_SHA256_LEN);
    return SFI_OK;
}

sfi_status
sfi__cert_new(sfi_ctx *ctx, const uint8_t *data, size_t len,
              sfi_certificate **out)
{
    sfi_certificate *cert =
        sfi__obj_new(ctx, OBJ_CERTIFICATE, sizeof(*cert), NULL);
    sfi_status st;

    *out = NULL;
    if (cert == NULL)
        return SFI_ERR_NOMEM;
    st = certificate_decode(ctx, cert, data, len);
    if (st == SFI_OK)
        *out = cert;
    else
        sfi__obj_unref(cert);
    return st;
}

sfi_status
sfi_certificate_parse(sfi_ctx *ctx, const uint8_t *data, size_t len,
                      sfi_certificate **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL);
    return sfi__cert_new(ctx, data, len, out);
}

sfi_status
sfi_certificate_load(sfi_ctx *ctx, const char *path, sfi_certificate **out)
{
    uint8_t data[SFI_CERTIFICATE_LEN];
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    st = sfi__record_load(ctx, WHAT, path, data, sizeof(data));
    if (st != SFI_OK)
        return st;
    st = sfi__cert_new(ctx, data, sizeof(data), out);
    return st == SFI_OK ? st : sfi__where(ctx, "%s", path);
}

sfi_status
sfi_certificate_save(const sfi_certificate *cert, const char *path)
{
    SFI_ENTER(cert, CERTIFICATE);
    SFI_ARG(cert, path != NULL);
    return sfi__output_save(cert->obj.ctx, path, SFI_FILE_CERTIFICATE, 0644,
                            cert->data, sizeof(cert->data));
}

const uint8_t *
sfi_certificate_data(const sfi_certificate *cert, size_t *len)
{
    bool there = sfi__is(cert, OBJ_CERTIFICATE);

    if (len != NULL)
        *len = there ? sizeof(cert->data) : 0;
    return there ? cert->data : NULL;
}

const char *
sfi_certificate_product_id(const sfi_certificate *cert)
{
    return sfi__is(cert, OBJ_CERTIFICATE) ? cert->product_id : "";
}

const char *
sfi_certificate_device_id(const sfi_certificate *cert)
{
    return sfi__is(cert, OBJ_CERTIFICATE) ? cert->device_id : "";
}

sfi_status
sfi__cert_verify(sfi_ctx *ctx, const sfi_certificate *cert,
                 const uint8_t ca_public[SFI_ECC_PUBLIC_LEN])
{
    sfi_status st = sfi__ecc_check_public(ctx, ca_public);

    if (st == SFI_ERR_CERTIFICATE)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the CA's public key is not a point on P-256");
    if (st != SFI_OK)
        return st;
    st = sfi__ecc_verify(ctx, ca_public, cert->data, CERTIFICATE_SIGNATURE_AT,
                         cert->data + CERTIFICATE_SIGNATURE_AT);
    if (st == SFI_ERR_AUTH)
        return sfi__fail(ctx, SFI_ERR_CERTIFICATE,
                         "the certificate of device %.16s... is not signed by "
                         "this CA",
                         cert->device_id);
    return st;
}

sfi_status
sfi_certificate_verify(const sfi_certificate *cert,
                       const uint8_t *ca_public_key, size_t len)
{
    SFI_ENTER(cert, CERTIFICATE);
    SFI_ARG(cert, ca_public_key != NULL);
    SFI_ARG(cert, len == SFI_ECC_PUBLIC_LEN);
    return sfi__cert_verify(cert->obj.ctx, cert, ca_public_key);
}

const uint8_t *
sfi_certificate_public_key(const sfi_certificate *cert, size_t *len)
{
    bool there = sfi__is(cert, OBJ_CERTIFICATE);

    if (len != NULL)
        *len = there ? sizeof(cert->public_key) : 0;
    return there ? cert->public_key : NULL;
}

void
sfi_certificate_free(sfi_certificate *cert)
{
    sfi__obj_free(cert, OBJ_CERTIFICATE);
}

sfi_status
sfi__cert_issue(sfi_ctx *ctx, const uint8_t ca_secret[SFI_ECC_SECRET_LEN],
                const char *product_id,
                const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                uint8_t out[SFI_CERTIFICATE_LEN])
{
    struct wr w;
    sfi_status st = sfi__record_check_length(
        ctx, "product id", strlen(product_id), PRODUCT_ID_LEN);

    if (st != SFI_OK)
        return st;
    st = sfi__record_check_product_id(ctx, WHAT, (const uint8_t *)product_id);
    if (st != SFI_OK)
        return st;
    sfi__wr_init(&w, out, SFI_CERTIFICATE_LEN);
    sfi__wr_bytes(&w, product_id, PRODUCT_ID_LEN);
    sfi__wr_bytes(&w, public_key, SFI_ECC_PUBLIC_LEN);
    return sfi__ecc_sign(ctx, ca_secret, out, sfi__wr_len(&w),
                         out + CERTIFICATE_SIGNATURE_AT);
}
