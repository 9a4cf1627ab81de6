/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Serialises the parts of an audit chain, to hash and authenticate them. */
#include "audit/chain.h"

#include "util/wr.h"
#include "wire/certificate.h"

/* Every hashed block begins with a tag of eight bytes, so that no block can be
 * mistaken for one of another kind. */
#define TAG_INIT "SFIVINIT"
#define TAG_HEAD "SFIVHEAD"
#define TAG_RECORD "SFIVRECD"
#define TAG_LEASE_KEY "SFILAKEY"
#define TAG_LEN 8u
#define FORMAT_VERSION 1u
#define FORMAT_LEASED 2u

#define FIRMWARE_ID_FIELD 64u
#define INIT_LEN 248u
#define HEAD_LEN 88u
#define RECORD_LEN 224u

_Static_assert(FIRMWARE_ID_FIELD == sizeof(((sfi_audit_head *)0)->firmware_id),
               "firmware id");

bool
sfi__chain_has_license(uint32_t kind)
{
    return kind == SFI_AUDIT_COUNTED || kind == SFI_AUDIT_AGAIN;
}

bool
sfi__chain_moves(uint32_t kind)
{
    return kind >= SFI_AUDIT_LEASE && kind <= SFI_AUDIT_RESTORED;
}

sfi_status
sfi__chain_genesis(sfi_ctx *ctx, const sfi_audit_head *h,
                   uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[INIT_LEN];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, TAG_INIT, TAG_LEN);
    sfi__wr_u32le(&w, h->lease == 0 ? FORMAT_VERSION : FORMAT_LEASED);
    sfi__wr_u32le(&w, h->flags);
    sfi__wr_bytes(&w, h->serial, sizeof(h->serial));
    sfi__wr_bytes(&w, h->firmware_id, FIRMWARE_ID_FIELD);
    sfi__wr_bytes(&w, h->product_id, PRODUCT_ID_LEN);
    sfi__wr_bytes(&w, h->ca_public, sizeof(h->ca_public));
    sfi__wr_u64le(&w, h->maximum);
    sfi__wr_u64le(&w, h->low_water);
    if (h->lease != 0) {
        sfi__wr_u64le(&w, h->lease);
        sfi__wr_u64le(&w, h->expires);
        sfi__wr_bytes(&w, h->parent, sizeof(h->parent));
        sfi__wr_bytes(&w, h->lease_record, sizeof(h->lease_record));
    }
    return sfi__sha256(ctx, data, sfi__wr_len(&w), out);
}

sfi_status
sfi__chain_lease_key(sfi_ctx *ctx, const uint8_t key_secret[SFI_AUDIT_KEY_LEN],
                     const uint8_t record[SFI_SHA256_LEN],
                     uint8_t out_secret[SFI_AUDIT_KEY_LEN])
{
    uint8_t data[TAG_LEN + SFI_SHA256_LEN];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, TAG_LEASE_KEY, TAG_LEN);
    sfi__wr_bytes(&w, record, SFI_SHA256_LEN);
    return sfi__hmac_sha256(ctx, key_secret, SFI_AUDIT_KEY_LEN, data,
                            sfi__wr_len(&w), out_secret);
}

sfi_status
sfi__chain_head_mac(sfi_ctx *ctx, const sfi_audit_head *h,
                    const uint8_t key_secret[SFI_AUDIT_KEY_LEN],
                    uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[HEAD_LEN];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, TAG_HEAD, TAG_LEN);
    sfi__wr_bytes(&w, h->genesis, sizeof(h->genesis));
    sfi__wr_u64le(&w, h->remaining);
    sfi__wr_u64le(&w, h->sequence);
    sfi__wr_bytes(&w, h->audit_head, sizeof(h->audit_head));
    return sfi__hmac_sha256(ctx, key_secret, SFI_AUDIT_KEY_LEN, data,
                            sfi__wr_len(&w), out);
}

sfi_status
sfi__chain_record(sfi_ctx *ctx, const sfi_audit_head *h,
                  const sfi_audit_record *r, const uint8_t *key_secret,
                  uint8_t hash[SFI_SHA256_LEN], uint8_t mac[SFI_SHA256_LEN])
{
    uint8_t data[RECORD_LEN];
    struct wr w;
    sfi_status st;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, TAG_RECORD, TAG_LEN);
    sfi__wr_u32le(&w, r->kind);
    sfi__wr_u64le(&w, r->sequence);
    sfi__wr_u64le(&w, r->time);
    sfi__wr_bytes(&w, h->firmware_id, FIRMWARE_ID_FIELD);
    sfi__wr_bytes(&w, h->product_id, PRODUCT_ID_LEN);
    sfi__wr_bytes(&w, r->device, sizeof(r->device));
    sfi__wr_u32le(&w, r->session);
    sfi__wr_u64le(&w, r->remaining);
    sfi__wr_bytes(&w, r->license, sizeof(r->license));
    sfi__wr_bytes(&w, r->previous, sizeof(r->previous));
    if (sfi__chain_moves(r->kind)) {
        sfi__wr_u64le(&w, r->amount);
        sfi__wr_u64le(&w, r->detail);
    }
    st = sfi__sha256(ctx, data, sfi__wr_len(&w), hash);
    if (st == SFI_OK && key_secret != NULL)
        st = sfi__hmac_sha256(ctx, key_secret, SFI_AUDIT_KEY_LEN, data,
                              sfi__wr_len(&w), mac);
    return st;
}
