/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences: decoded and checked, sealed for a device, and opened by it. */
#include "license/license.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "core/files.h"
#include "crypto/gcm.h"
#include "crypto/kdf.h"
#include "license/record.h"

#define WHAT "licence"

_Static_assert(LICENSE_LEN == SFI_LICENSE_LEN &&
                   LICENSE_EPHEMERAL_LEN == SFI_ECC_PUBLIC_LEN &&
                   LICENSE_SEALED_LEN == LICENSE_IV_LEN + SFI_KEY_LEN &&
                   LICENSE_TAG_LEN == SFI_GCM_TAG_LEN,
               "licence layout");

/* The keys that both sides derive from the shared secret. */
struct session_keys {
    uint8_t key_secret[SFI_GCM_KEY_LEN];
    uint8_t iv[LICENSE_IV_LEN]; /* GCM uses the first 12 bytes */
    uint8_t token_secret[32];
};

static sfi_status
license_check_type(sfi_ctx *ctx, const uint8_t type[LICENSE_TYPE_LEN])
{
    char found[2 * LICENSE_TYPE_LEN + 1];

    if (sfi__equal(type, LICENSE_STATIC, LICENSE_TYPE_LEN) ||
        sfi__equal(type, LICENSE_LIVE, LICENSE_TYPE_LEN))
        return SFI_OK;
    sfi__hex_encode(found, type, LICENSE_TYPE_LEN);
    return sfi__fail(ctx, SFI_ERR_FORMAT,
                     "licence type is 0x%s, expected 0x5346492e (\"SFI.\") or "
                     "0x5346494c (\"SFIL\")",
                     found);
}

static sfi_status
license_check_session_id(sfi_ctx *ctx, const uint8_t type[LICENSE_TYPE_LEN],
                         uint32_t session)
{
    bool is_live = sfi__equal(type, LICENSE_LIVE, LICENSE_TYPE_LEN);

    if (!is_live && session != 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "a static licence with session id 0x%08x, expected 0",
                         session);
    if (is_live && session == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "a live licence with session id 0, expected that of "
                         "the device's session");
    return SFI_OK;
}

static sfi_status
license_check_head(sfi_ctx *ctx, const uint8_t *data, size_t len)
{
    uint8_t ephemeral[SFI_ECC_PUBLIC_LEN];
    const uint8_t *type;
    uint32_t session, version, security;
    uint64_t reserved;
    struct rd r;
    sfi_status st = sfi__record_check_length(ctx, WHAT, len, SFI_LICENSE_LEN);

    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, data, len);
    type = sfi__rd_view(&r, LICENSE_TYPE_LEN);
    session = sfi__rd_u32le(&r);
    version = sfi__rd_u32le(&r);
    security = sfi__rd_u32le(&r);
    reserved = sfi__rd_u64le(&r);
    sfi__rd_bytes(&r, ephemeral, sizeof(ephemeral));
    st = license_check_type(ctx, type);
    if (st != SFI_OK)
        return st;
    if (version != LICENSE_VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "licence version is %u, expected %u", version,
                         LICENSE_VERSION);
    st = license_check_session_id(ctx, type, session);
    if (st != SFI_OK)
        return st;
    if (security != 0 || reserved != 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "licence bytes 12 to 23 are in use, expected zeros");
    if (sfi__ecc_check_public(ctx, ephemeral) != SFI_OK)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the licence's ephemeral key is not a point on P-256");
    return SFI_OK;
}

sfi_status
sfi__license_new(sfi_ctx *ctx, const uint8_t *data, size_t len,
                 sfi_license **out)
{
    sfi_status st = license_check_head(ctx, data, len);
    sfi_license *lic;

    *out = NULL;
    if (st != SFI_OK)
        return st;
    lic = sfi__obj_new(ctx, OBJ_LICENSE, sizeof(*lic), NULL);
    if (lic == NULL)
        return SFI_ERR_NOMEM;
    memcpy(lic->data, data, sizeof(lic->data));
    *out = lic;
    return SFI_OK;
}

sfi_status
sfi_license_parse(sfi_ctx *ctx, const uint8_t *data, size_t len,
                  sfi_license **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL);
    return sfi__license_new(ctx, data, len, out);
}

sfi_status
sfi_license_load(sfi_ctx *ctx, const char *path, sfi_license **out)
{
    uint8_t data[SFI_LICENSE_LEN];
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    st = sfi__record_load(ctx, WHAT, path, data, sizeof(data));
    if (st != SFI_OK)
        return st;
    st = sfi__license_new(ctx, data, sizeof(data), out);
    return st == SFI_OK ? st : sfi__where(ctx, "%s", path);
}

sfi_status
sfi_license_save(const sfi_license *lic, const char *path)
{
    SFI_ENTER(lic, LICENSE);
    SFI_ARG(lic, path != NULL);
    return sfi__output_save(lic->obj.ctx, path, SFI_FILE_LICENSE, 0644,
                            lic->data, sizeof(lic->data));
}

const uint8_t *
sfi_license_data(const sfi_license *lic, size_t *len)
{
    bool there = sfi__is(lic, OBJ_LICENSE);

    if (len != NULL)
        *len = there ? sizeof(lic->data) : 0;
    return there ? lic->data : NULL;
}

uint32_t
sfi_license_type(const sfi_license *lic)
{
    if (!sfi__is(lic, OBJ_LICENSE))
        return 0;
    return sfi__equal(lic->data, LICENSE_LIVE, LICENSE_TYPE_LEN)
               ? SFI_LICENSE_LIVE
               : SFI_LICENSE_STATIC;
}

uint32_t
sfi_license_session(const sfi_license *lic)
{
    struct rd r;

    if (!sfi__is(lic, OBJ_LICENSE))
        return 0;
    sfi__rd_init(&r, lic->data, sizeof(lic->data));
    sfi__rd_skip(&r, LICENSE_SESSION_AT);
    return sfi__rd_u32le(&r);
}

void
sfi_license_free(sfi_license *lic)
{
    sfi__obj_free(lic, OBJ_LICENSE);
}

/* SEC 1, 5.1 (ECIES) with the choices of doc/format.md. */
static sfi_status
license_agree_keys(sfi_ctx *ctx, const uint8_t secret[SFI_ECC_SECRET_LEN],
                   const uint8_t peer[SFI_ECC_PUBLIC_LEN],
                   struct session_keys *keys)
{
    uint8_t shared_secret[SFI_ECC_SHARED_LEN];
    sfi_status st = sfi__ecc_ecdh(ctx, secret, peer, shared_secret);

    if (st == SFI_OK)
        st = sfi__kdf_x963(ctx, shared_secret, sizeof(shared_secret), NULL, 0,
                           (uint8_t *)keys, sizeof(*keys));
    sfi__wipe(shared_secret, sizeof(shared_secret));
    return st;
}

/* The tag authenticates, besides the ciphertext, the head and a token that only
 * the two sides know. */
struct license_aad {
    uint8_t head[LICENSE_SEALED_AT];
    uint8_t token_secret[32];
};

static void
license_fill_aad(struct license_aad *c, const uint8_t *license,
                 const struct session_keys *keys)
{
    memcpy(c->head, license, sizeof(c->head));
    memcpy(c->token_secret, keys->token_secret, sizeof(c->token_secret));
}

sfi_status
sfi__license_seal(sfi_ctx *ctx,
                  const uint8_t ephemeral_secret[SFI_ECC_SECRET_LEN],
                  const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                  const char *type, uint32_t session,
                  const uint8_t key_secret[SFI_KEY_LEN],
                  const uint8_t nonce[SFI_NONCE_LEN],
                  uint8_t out[SFI_LICENSE_LEN])
{
    uint8_t ephemeral[SFI_ECC_PUBLIC_LEN];
    uint8_t plain_secret[LICENSE_SEALED_LEN] = {0};
    struct session_keys keys;
    struct license_aad aad;
    struct wr w;
    sfi_status st = sfi__ecc_public(ctx, ephemeral_secret, ephemeral);

    if (st != SFI_OK)
        return st;
    st = license_agree_keys(ctx, ephemeral_secret, public_key, &keys);
    if (st != SFI_OK)
        goto out;
    sfi__wr_init(&w, out, SFI_LICENSE_LEN);
    sfi__wr_bytes(&w, type, LICENSE_TYPE_LEN);
    sfi__wr_u32le(&w, session);
    sfi__wr_u32le(&w, LICENSE_VERSION);
    sfi__wr_u32le(&w, 0); /* minimum security version */
    sfi__wr_fill(&w, 0, LICENSE_RESERVED_LEN);
    sfi__wr_bytes(&w, ephemeral, sizeof(ephemeral));
    memcpy(plain_secret, nonce, SFI_NONCE_LEN);
    memcpy(plain_secret + LICENSE_IV_LEN, key_secret, SFI_KEY_LEN);
    license_fill_aad(&aad, out, &keys);
    st = sfi__gcm_seal(ctx, keys.key_secret, keys.iv, (const uint8_t *)&aad,
                       sizeof(aad), plain_secret, sizeof(plain_secret),
                       out + LICENSE_SEALED_AT, out + LICENSE_TAG_AT);
out:
    sfi__wipe(&aad, sizeof(aad));
    sfi__wipe(&keys, sizeof(keys));
    sfi__wipe(plain_secret, sizeof(plain_secret));
    return st;
}

sfi_status
sfi__license_make(sfi_ctx *ctx, const uint8_t public_key[SFI_ECC_PUBLIC_LEN],
                  const char *type, uint32_t session,
                  const uint8_t key_secret[SFI_KEY_LEN],
                  const uint8_t nonce[SFI_NONCE_LEN],
                  uint8_t out[SFI_LICENSE_LEN])
{
    uint8_t ephemeral_secret[SFI_ECC_SECRET_LEN];
    sfi_status st = sfi__ecc_random_secret(ctx, ephemeral_secret);

    if (st == SFI_OK)
        st = sfi__license_seal(ctx, ephemeral_secret, public_key, type, session,
                               key_secret, nonce, out);
    sfi__wipe(ephemeral_secret, sizeof(ephemeral_secret));
    return st;
}

static sfi_status
license_unpack_key(sfi_ctx *ctx, const uint8_t plain_secret[LICENSE_SEALED_LEN],
                   uint8_t key_secret[SFI_KEY_LEN],
                   uint8_t nonce[SFI_NONCE_LEN])
{
    struct rd r;

    sfi__rd_init(&r, plain_secret, LICENSE_SEALED_LEN);
    sfi__rd_bytes(&r, nonce, SFI_NONCE_LEN);
    if (sfi__rd_u32le(&r) != 0) {
        sfi__wipe(nonce, SFI_NONCE_LEN);
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the licence's IV does not end in four zero bytes");
    }
    sfi__rd_bytes(&r, key_secret, SFI_KEY_LEN);
    return SFI_OK;
}

sfi_status
sfi__license_open(sfi_ctx *ctx, const uint8_t device_secret[SFI_ECC_SECRET_LEN],
                  const uint8_t data[SFI_LICENSE_LEN],
                  uint8_t key_secret[SFI_KEY_LEN], uint8_t nonce[SFI_NONCE_LEN])
{
    const uint8_t *ephemeral = data + LICENSE_EPHEMERAL_AT;
    uint8_t plain_secret[LICENSE_SEALED_LEN];
    struct session_keys keys;
    struct license_aad aad;
    sfi_status st = license_check_head(ctx, data, SFI_LICENSE_LEN);

    sfi__wipe(key_secret, SFI_KEY_LEN);
    sfi__wipe(nonce, SFI_NONCE_LEN);
    if (st != SFI_OK)
        return st;
    st = license_agree_keys(ctx, device_secret, ephemeral, &keys);
    if (st != SFI_OK)
        goto out;
    license_fill_aad(&aad, data, &keys);
    st = sfi__gcm_open(ctx, keys.key_secret, keys.iv, (const uint8_t *)&aad,
                       sizeof(aad), data + LICENSE_SEALED_AT,
                       LICENSE_SEALED_LEN, plain_secret, data + LICENSE_TAG_AT);
    if (st == SFI_ERR_AUTH)
        st = sfi__fail(ctx, st, "the licence is not for this device");
    if (st != SFI_OK)
        goto out;
    st = license_unpack_key(ctx, plain_secret, key_secret, nonce);
out:
    sfi__wipe(&aad, sizeof(aad));
    sfi__wipe(&keys, sizeof(keys));
    sfi__wipe(plain_secret, sizeof(plain_secret));
    return st;
}
