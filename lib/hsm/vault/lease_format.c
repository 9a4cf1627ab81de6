/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leases and end certificates: sealed and signed, checked and opened. */
#include "hsm/vault/lease_format.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/err.h"
#include "crypto/gcm.h"
#include "crypto/kdf.h"
#include "audit/audit.h"
#include "audit/chain.h"
#include "wire/certificate.h"

#define MAGIC_LEASE "SFILEASE"
#define MAGIC_END "SFILSEND"
#define TAG_REQUEST "SFILREQU"
#define TAG_EPHEMERAL "SFILEPHM"
#define TAG_LEN 8u
#define VERSION 1u
#define TERMS_LEN 232u /* the beginning of a lease */
#define OPEN_LEN (TERMS_LEN + 2 * SFI_ECC_PUBLIC_LEN)
#define END_SIGNED_LEN (SFI_LEASE_END_LEN - SFI_SHA256_LEN)
#define END_RECORD_AT 40u /* hash of the lease's record */
#define EPHEMERAL_TRIES 64u

_Static_assert(OPEN_LEN + sizeof(struct vault_secrets) + SFI_GCM_TAG_LEN ==
                   SFI_LEASE_LEN,
               "lease layout");

struct lease_keys {
    uint8_t key_secret[SFI_GCM_KEY_LEN];
    uint8_t iv[SFI_GCM_IV_LEN];
};

sfi_status
sfi__lease_request_hash(sfi_ctx *ctx, const uint8_t request[SFI_ECC_PUBLIC_LEN],
                        uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[TAG_LEN + SFI_ECC_PUBLIC_LEN];

    memcpy(data, TAG_REQUEST, TAG_LEN);
    memcpy(data + TAG_LEN, request, SFI_ECC_PUBLIC_LEN);
    return sfi__sha256(ctx, data, sizeof(data), out);
}

/* ---- keys ---- */

/* From secrets that the HSM alone has all of, so that a lease needs not be
 * stored to be given again. */
static sfi_status
lease_derive_ephemeral(sfi_ctx *ctx, const struct lease_terms *t,
                       const struct vault_secrets *secrets,
                       uint8_t secret[SFI_ECC_SECRET_LEN],
                       uint8_t public_key[SFI_ECC_PUBLIC_LEN])
{
    uint8_t data[TAG_LEN + SFI_SHA256_LEN + 4];
    sfi_status st = SFI_ERR_CRYPTO;

    for (uint32_t i = 0; st == SFI_ERR_CRYPTO && i < EPHEMERAL_TRIES; i++) {
        struct wr w;

        sfi__wr_init(&w, data, sizeof(data));
        sfi__wr_bytes(&w, TAG_EPHEMERAL, TAG_LEN);
        sfi__wr_bytes(&w, t->record, sizeof(t->record));
        sfi__wr_u32le(&w, i);
        st = sfi__hmac_sha256(ctx, (const uint8_t *)secrets, sizeof(*secrets),
                              data, sfi__wr_len(&w), secret);
        if (st == SFI_OK)
            st = sfi__ecc_public(ctx, secret, public_key);
    }
    return st;
}

static sfi_status
lease_derive_keys(sfi_ctx *ctx, const uint8_t own_secret[SFI_ECC_SECRET_LEN],
                  const uint8_t peer[SFI_ECC_PUBLIC_LEN],
                  const uint8_t request[SFI_ECC_PUBLIC_LEN],
                  const uint8_t ephemeral[SFI_ECC_PUBLIC_LEN],
                  struct lease_keys *keys)
{
    uint8_t shared_secret[SFI_ECC_SHARED_LEN];
    uint8_t info[2 * SFI_ECC_PUBLIC_LEN];
    sfi_status st = sfi__ecc_ecdh(ctx, own_secret, peer, shared_secret);

    memcpy(info, request, SFI_ECC_PUBLIC_LEN);
    memcpy(info + SFI_ECC_PUBLIC_LEN, ephemeral, SFI_ECC_PUBLIC_LEN);
    if (st == SFI_OK)
        st = sfi__kdf_x963(ctx, shared_secret, sizeof(shared_secret), info,
                           sizeof(info), (uint8_t *)keys, sizeof(*keys));
    sfi__wipe(shared_secret, sizeof(shared_secret));
    return st;
}

/* ---- a lease ---- */

static void
lease_put_terms(struct wr *w, const struct lease_terms *t)
{
    sfi__wr_bytes(w, MAGIC_LEASE, TAG_LEN);
    sfi__wr_u32le(w, VERSION);
    sfi__wr_u32le(w, t->flags);
    sfi__wr_bytes(w, t->parent, sizeof(t->parent));
    sfi__wr_u64le(w, t->sequence);
    sfi__wr_u64le(w, t->count);
    sfi__wr_u64le(w, t->time);
    sfi__wr_u64le(w, t->expires);
    sfi__wr_bytes(w, t->record, sizeof(t->record));
    sfi__wr_bytes(w, t->firmware_id, sizeof(t->firmware_id));
    sfi__wr_bytes(w, t->product_id, PRODUCT_ID_LEN);
    sfi__wr_bytes(w, t->ca_public, sizeof(t->ca_public));
}

static sfi_status
lease_encrypt(sfi_ctx *ctx, const uint8_t ephemeral_secret[SFI_ECC_SECRET_LEN],
              const uint8_t *request, const uint8_t *ephemeral,
              const struct vault_secrets *secrets, uint8_t out[SFI_LEASE_LEN])
{
    uint8_t *cipher = out + OPEN_LEN;
    struct lease_keys keys;
    sfi_status st = lease_derive_keys(ctx, ephemeral_secret, request, request,
                                      ephemeral, &keys);

    if (st == SFI_OK)
        st = sfi__gcm_seal(ctx, keys.key_secret, keys.iv, out, OPEN_LEN,
                           (const uint8_t *)secrets, sizeof(*secrets), cipher,
                           cipher + sizeof(*secrets));
    sfi__wipe(&keys, sizeof(keys));
    return st;
}

sfi_status
sfi__lease_seal(sfi_ctx *ctx, const struct lease_terms *t,
                const uint8_t request[SFI_ECC_PUBLIC_LEN],
                const struct vault_secrets *secrets, uint8_t out[SFI_LEASE_LEN])
{
    uint8_t ephemeral_secret[SFI_ECC_SECRET_LEN];
    uint8_t ephemeral[SFI_ECC_PUBLIC_LEN];
    struct vault_secrets site = *secrets;
    sfi_status st =
        lease_derive_ephemeral(ctx, t, secrets, ephemeral_secret, ephemeral);

    if (st == SFI_OK)
        st = sfi__chain_lease_key(ctx, secrets->audit_key_secret, t->record,
                                  site.audit_key_secret);
    if (st == SFI_OK) {
        struct wr w;

        sfi__wr_init(&w, out, SFI_LEASE_LEN);
        lease_put_terms(&w, t);
        sfi__wr_bytes(&w, request, SFI_ECC_PUBLIC_LEN);
        sfi__wr_bytes(&w, ephemeral, sizeof(ephemeral));
        st = lease_encrypt(ctx, ephemeral_secret, request, ephemeral, &site,
                           out);
    }
    sfi__wipe(ephemeral_secret, sizeof(ephemeral_secret));
    sfi__wipe(&site, sizeof(site));
    return st;
}

/* Who made a lease can be anybody who has the request: its terms are checked
 * as those of an HSM that is provisioned. */
static sfi_status
lease_check_terms(sfi_ctx *ctx, const struct lease_terms *t)
{
    if ((t->flags & ~AUDIT_FLAGS) != 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the lease has flags 0x%x, this libsfi supports 0x%x",
                         t->flags, AUDIT_FLAGS);
    if (t->sequence == 0 || t->sequence > LEDGER_SEQUENCE_MAX ||
        t->count == 0 || t->count > SFI_HSM_COUNT_MAX ||
        t->expires > INT64_MAX || t->expires <= t->time)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "a lease of record %llu for %llu installations until "
                         "second %llu: impossible",
                         (unsigned long long)t->sequence,
                         (unsigned long long)t->count,
                         (unsigned long long)t->expires);
    if (!sfi__audit_is_firmware(t->firmware_id) ||
        !sfi__audit_is_product(t->product_id))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the lease's firmware or product id is not printable "
                         "ASCII");
    if (sfi__ecc_check_public(ctx, t->ca_public) != SFI_OK)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the lease's key of the CA is not a point on P-256");
    return SFI_OK;
}

static sfi_status
lease_check_form(sfi_ctx *ctx, struct rd *r, size_t len, const char *what,
                 const char *magic, size_t expected)
{
    uint32_t version;

    if (len < expected)
        return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                         "%s of %zu bytes, expected %zu", what, len, expected);
    if (len > expected || !sfi__equal(sfi__rd_view(r, TAG_LEN), magic, TAG_LEN))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "not %s, expected %zu bytes that begin with \"%s\"",
                         what, expected, magic);
    version = sfi__rd_u32le(r);
    if (version != VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT, "%s of version %u, expected %u",
                         what, version, VERSION);
    return SFI_OK;
}

static void
lease_read_terms(struct rd *r, struct lease_terms *t)
{
    sfi__zero(t, sizeof(*t));
    t->flags = sfi__rd_u32le(r);
    sfi__rd_bytes(r, t->parent, sizeof(t->parent));
    t->sequence = sfi__rd_u64le(r);
    t->count = sfi__rd_u64le(r);
    t->time = sfi__rd_u64le(r);
    t->expires = sfi__rd_u64le(r);
    sfi__rd_bytes(r, t->record, sizeof(t->record));
    sfi__rd_bytes(r, t->firmware_id, sizeof(t->firmware_id));
    sfi__rd_bytes(r, t->product_id, PRODUCT_ID_LEN);
    sfi__rd_bytes(r, t->ca_public, sizeof(t->ca_public));
}

/* The text ends in its field, and zeros follow it. */
static bool
lease_text_is_clean(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    for (; end != NULL && end < text + size; end++) {
        if (*end != '\0')
            return false;
    }
    return end != NULL;
}

static sfi_status
lease_decrypt(sfi_ctx *ctx, const uint8_t key_secret[SFI_ECC_SECRET_LEN],
              const uint8_t request[SFI_ECC_PUBLIC_LEN], const uint8_t *data,
              struct vault_secrets *secrets)
{
    const uint8_t *ephemeral = data + TERMS_LEN + SFI_ECC_PUBLIC_LEN;
    const uint8_t *cipher = data + OPEN_LEN;
    struct lease_keys keys;
    sfi_status st;

    if (sfi__ecc_check_public(ctx, ephemeral) != SFI_OK)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the lease's ephemeral key is not a point on P-256");
    st = lease_derive_keys(ctx, key_secret, ephemeral, request, ephemeral,
                           &keys);
    if (st == SFI_OK)
        st = sfi__gcm_open(ctx, keys.key_secret, keys.iv, data, OPEN_LEN,
                           cipher, sizeof(*secrets), (uint8_t *)secrets,
                           cipher + sizeof(*secrets));
    sfi__wipe(&keys, sizeof(keys));
    return st == SFI_ERR_AUTH
               ? sfi__fail(ctx, st, "the lease was altered after it was made")
               : st;
}

static sfi_status
lease_read(sfi_ctx *ctx, const uint8_t key_secret[SFI_ECC_SECRET_LEN],
           const uint8_t *data, size_t len, struct lease_terms *t,
           struct vault_secrets *secrets)
{
    uint8_t request[SFI_ECC_PUBLIC_LEN];
    struct rd r;
    sfi_status st;

    sfi__rd_init(&r, data, len);
    st = lease_check_form(ctx, &r, len, "a lease", MAGIC_LEASE, SFI_LEASE_LEN);
    if (st == SFI_OK)
        st = sfi__ecc_public(ctx, key_secret, request);
    if (st != SFI_OK)
        return st;
    lease_read_terms(&r, t);
    if (!sfi__equal(sfi__rd_view(&r, sizeof(request)), request,
                    sizeof(request)))
        return sfi__fail(ctx, SFI_ERR_AUTH, "the lease is for another request");
    st = lease_decrypt(ctx, key_secret, request, data, secrets);
    if (st != SFI_OK)
        return st;
    if (!lease_text_is_clean(t->firmware_id, sizeof(t->firmware_id)))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the lease's firmware id does not end in its field");
    return lease_check_terms(ctx, t);
}

sfi_status
sfi__lease_open(sfi_ctx *ctx, const uint8_t key_secret[SFI_ECC_SECRET_LEN],
                const uint8_t *data, size_t len, struct lease_terms *t,
                struct vault_secrets *secrets)
{
    sfi_status st = lease_read(ctx, key_secret, data, len, t, secrets);

    if (st != SFI_OK) {
        sfi__zero(t, sizeof(*t));
        sfi__wipe(secrets, sizeof(*secrets));
    }
    return st;
}

/* ---- an end certificate ---- */

void
sfi__lease_end_of(const sfi_audit_head *h, struct lease_end *e)
{
    memcpy(e->parent, h->parent, sizeof(e->parent));
    e->lease = h->lease;
    memcpy(e->record, h->lease_record, sizeof(e->record));
    memcpy(e->serial, h->serial, sizeof(e->serial));
    memcpy(e->genesis, h->genesis, sizeof(e->genesis));
    e->sequence = h->sequence;
    e->remaining = h->remaining;
    memcpy(e->audit_head, h->audit_head, sizeof(e->audit_head));
}

sfi_status
sfi__lease_put_end(sfi_ctx *ctx, const struct lease_end *e,
                   const uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN],
                   uint8_t out[SFI_LEASE_END_LEN])
{
    struct wr w;

    sfi__wr_init(&w, out, SFI_LEASE_END_LEN);
    sfi__wr_bytes(&w, MAGIC_END, TAG_LEN);
    sfi__wr_u32le(&w, VERSION);
    sfi__wr_u32le(&w, 0);
    sfi__wr_bytes(&w, e->parent, sizeof(e->parent));
    sfi__wr_u64le(&w, e->lease);
    sfi__wr_bytes(&w, e->record, sizeof(e->record));
    sfi__wr_bytes(&w, e->serial, sizeof(e->serial));
    sfi__wr_bytes(&w, e->genesis, sizeof(e->genesis));
    sfi__wr_u64le(&w, e->sequence);
    sfi__wr_u64le(&w, e->remaining);
    sfi__wr_bytes(&w, e->audit_head, sizeof(e->audit_head));
    return sfi__hmac_sha256(ctx, audit_key_secret, SFI_AUDIT_KEY_LEN, out,
                            END_SIGNED_LEN, out + END_SIGNED_LEN);
}

sfi_status
sfi__lease_read_end(sfi_ctx *ctx, const uint8_t *data, size_t len,
                    struct lease_end *e)
{
    struct rd r;
    uint32_t reserved;
    sfi_status st;

    sfi__rd_init(&r, data, len);
    st = lease_check_form(ctx, &r, len, "an end certificate", MAGIC_END,
                          SFI_LEASE_END_LEN);
    if (st != SFI_OK)
        return st;
    reserved = sfi__rd_u32le(&r);
    sfi__rd_bytes(&r, e->parent, sizeof(e->parent));
    e->lease = sfi__rd_u64le(&r);
    sfi__rd_bytes(&r, e->record, sizeof(e->record));
    sfi__rd_bytes(&r, e->serial, sizeof(e->serial));
    sfi__rd_bytes(&r, e->genesis, sizeof(e->genesis));
    e->sequence = sfi__rd_u64le(&r);
    e->remaining = sfi__rd_u64le(&r);
    sfi__rd_bytes(&r, e->audit_head, sizeof(e->audit_head));
    if (reserved != 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "bytes 12 to 15 of the end certificate are in use, "
                         "expected zeros");
    return SFI_OK;
}

sfi_status
sfi__lease_check_end(sfi_ctx *ctx, const uint8_t data[SFI_LEASE_END_LEN],
                     const uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN])
{
    uint8_t mac[SFI_SHA256_LEN];
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    sfi_status st = sfi__chain_lease_key(ctx, audit_key_secret,
                                         data + END_RECORD_AT, key_secret);

    if (st == SFI_OK)
        st = sfi__hmac_sha256(ctx, key_secret, sizeof(key_secret), data,
                              END_SIGNED_LEN, mac);
    sfi__wipe(key_secret, sizeof(key_secret));
    if (st == SFI_OK && !sfi__ct_equal(mac, data + END_SIGNED_LEN, sizeof(mac)))
        return sfi__fail(ctx, SFI_ERR_AUTH,
                         "the end certificate does not match its MAC: it was "
                         "altered, or the vault has another audit key");
    return st;
}
