/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Personalisation files: decoded and verified, and issued by the chip maker. */
#include "license/personalization.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "core/files.h"
#include "license/license.h"

#define WHAT "personalisation file"
#define MAGIC "SFIPERSO"
#define MAGIC_LEN 8u
#define FORMAT_VERSION 1u
#define SECURITY_VERSION 0u
#define SIGNED_LEN (PERSO_LEN - SFI_ECC_SIGNATURE_LEN)

struct fields {
    uint32_t format, license_version, security_version;
    const uint8_t *magic, *license_type, *product_id, *ca_public, *signature;
};

static bool
personalization_split(struct fields *f, const uint8_t *data, size_t len)
{
    struct rd r;

    sfi__rd_init(&r, data, len);
    f->magic = sfi__rd_view(&r, MAGIC_LEN);
    f->format = sfi__rd_u32le(&r);
    f->license_type = sfi__rd_view(&r, LICENSE_TYPE_LEN);
    f->license_version = sfi__rd_u32le(&r);
    f->security_version = sfi__rd_u32le(&r);
    f->product_id = sfi__rd_view(&r, PRODUCT_ID_LEN);
    f->ca_public = sfi__rd_view(&r, SFI_ECC_PUBLIC_LEN);
    f->signature = sfi__rd_view(&r, SFI_ECC_SIGNATURE_LEN);
    return sfi__rd_ok(&r) && sfi__rd_left(&r) == 0;
}

static sfi_status
personalization_check_versions(sfi_ctx *ctx, const struct fields *f)
{
    char type[2 * LICENSE_TYPE_LEN + 1];

    if (f->format != FORMAT_VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "personalisation format %u, expected %u", f->format,
                         FORMAT_VERSION);
    if (!sfi__equal(f->license_type, LICENSE_STATIC, LICENSE_TYPE_LEN)) {
        sfi__hex_encode(type, f->license_type, LICENSE_TYPE_LEN);
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "personalisation for licences of type 0x%s, expected "
                         "0x5346492e (\"SFI.\")",
                         type);
    }
    if (f->license_version != LICENSE_VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "personalisation for licence version %u, expected %u",
                         f->license_version, LICENSE_VERSION);
    if (f->security_version != SECURITY_VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "personalisation for security version %u, expected %u",
                         f->security_version, SECURITY_VERSION);
    return SFI_OK;
}

static sfi_status
personalization_check(sfi_ctx *ctx, const struct fields *f, const uint8_t *data)
{
    sfi_status st;

    if (!sfi__equal(f->magic, MAGIC, MAGIC_LEN))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "not a personalisation file, expected \"" MAGIC
                         "\" as its first bytes");
    st = personalization_check_versions(ctx, f);
    if (st != SFI_OK)
        return st;
    st = sfi__record_check_product_id(ctx, WHAT, f->product_id);
    if (st != SFI_OK)
        return st;
    if (sfi__ecc_check_public(ctx, f->ca_public) != SFI_OK)
        return sfi__fail(
            ctx, SFI_ERR_CERTIFICATE,
            "the personalisation's CA key is not a point on P-256");
    st = sfi__ecc_verify(ctx, f->ca_public, data, SIGNED_LEN, f->signature);
    if (st == SFI_ERR_AUTH)
        return sfi__fail(ctx, st,
                         "the CA's signature of the personalisation file does "
                         "not match");
    return st;
}

sfi_status
sfi__perso_new(sfi_ctx *ctx, const uint8_t *data, size_t len,
               sfi_personalization **out)
{
    sfi_personalization *p;
    struct fields f;
    sfi_status st = sfi__record_check_length(ctx, WHAT, len, PERSO_LEN);

    *out = NULL;
    if (st != SFI_OK)
        return st;
    if (!personalization_split(&f, data, len))
        return sfi__fail(ctx, SFI_ERR_INTERNAL, "personalisation layout");
    st = personalization_check(ctx, &f, data);
    if (st != SFI_OK)
        return st;
    p = sfi__obj_new(ctx, OBJ_PERSONALIZATION, sizeof(*p), NULL);
    if (p == NULL)
        return SFI_ERR_NOMEM;
    memcpy(p->data, data, sizeof(p->data));
    memcpy(p->ca_public, f.ca_public, sizeof(p->ca_public));
    memcpy(p->product_id, f.product_id, PRODUCT_ID_LEN);
    *out = p;
    return SFI_OK;
}

sfi_status
sfi_personalization_parse(sfi_ctx *ctx, const uint8_t *data, size_t len,
                          sfi_personalization **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL);
    return sfi__perso_new(ctx, data, len, out);
}

sfi_status
sfi_personalization_load(sfi_ctx *ctx, const char *path,
                         sfi_personalization **out)
{
    uint8_t data[PERSO_LEN];
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    st = sfi__record_load(ctx, WHAT, path, data, sizeof(data));
    if (st != SFI_OK)
        return st;
    st = sfi__perso_new(ctx, data, sizeof(data), out);
    return st == SFI_OK ? st : sfi__where(ctx, "%s", path);
}

const char *
sfi_personalization_product_id(const sfi_personalization *p)
{
    return sfi__is(p, OBJ_PERSONALIZATION) ? p->product_id : "";
}

const uint8_t *
sfi_personalization_data(const sfi_personalization *p, size_t *len)
{
    bool there = sfi__is(p, OBJ_PERSONALIZATION);

    if (len != NULL)
        *len = there ? sizeof(p->data) : 0;
    return there ? p->data : NULL;
}

sfi_status
sfi_personalization_save(const sfi_personalization *p, const char *path)
{
    SFI_ENTER(p, PERSONALIZATION);
    SFI_ARG(p, path != NULL);
    return sfi__output_save(p->obj.ctx, path, SFI_FILE_PERSONALIZATION, 0644,
                            p->data, sizeof(p->data));
}

const uint8_t *
sfi_personalization_ca_public_key(const sfi_personalization *p, size_t *len)
{
    bool there = sfi__is(p, OBJ_PERSONALIZATION);

    if (len != NULL)
        *len = there ? sizeof(p->ca_public) : 0;
    return there ? p->ca_public : NULL;
}

void
sfi_personalization_free(sfi_personalization *p)
{
    sfi__obj_free(p, OBJ_PERSONALIZATION);
}

sfi_status
sfi__perso_issue(sfi_ctx *ctx, const uint8_t ca_secret[SFI_ECC_SECRET_LEN],
                 const char *product_id, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t ca_public[SFI_ECC_PUBLIC_LEN];
    struct wr w;
    sfi_status st = sfi__record_check_length(
        ctx, "product id", strlen(product_id), PRODUCT_ID_LEN);

    *len = 0;
    if (st == SFI_OK)
        st = sfi__record_check_product_id(ctx, WHAT,
                                          (const uint8_t *)product_id);
    if (st != SFI_OK)
        return st;
    if (cap < PERSO_LEN)
        return sfi__fail(ctx, SFI_ERR_BUFFER,
                         "a personalisation file needs %u bytes, got %zu",
                         PERSO_LEN, cap);
    st = sfi__ecc_public(ctx, ca_secret, ca_public);
    if (st != SFI_OK)
        return st;
    sfi__wr_init(&w, out, PERSO_LEN);
    sfi__wr_bytes(&w, MAGIC, MAGIC_LEN);
    sfi__wr_u32le(&w, FORMAT_VERSION);
    sfi__wr_bytes(&w, LICENSE_STATIC, LICENSE_TYPE_LEN);
    sfi__wr_u32le(&w, LICENSE_VERSION);
    sfi__wr_u32le(&w, SECURITY_VERSION);
    sfi__wr_bytes(&w, product_id, PRODUCT_ID_LEN);
    sfi__wr_bytes(&w, ca_public, sizeof(ca_public));
    st = sfi__ecc_sign(ctx, ca_secret, out, sfi__wr_len(&w), out + SIGNED_LEN);
    if (st == SFI_OK)
        *len = PERSO_LEN;
    return st;
}

void
sfi__perso_name(const char *product_id, char out[PERSO_NAME_LEN])
{
    uint8_t versions[8];
    char hex[2 * sizeof(versions) + 1];
    struct wr w;

    /* As in the names of ST's packages: both versions in memory order. */
    sfi__wr_init(&w, versions, sizeof(versions));
    sfi__wr_u32le(&w, LICENSE_VERSION);
    sfi__wr_u32le(&w, SECURITY_VERSION);
    sfi__hex_encode(hex, versions, sizeof(versions));
    sfi__text_format(out, PERSO_NAME_LEN, "%.8s_SFI_%.8s_%.8s.pd", product_id,
                     hex, hex + 8);
}
