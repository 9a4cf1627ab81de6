/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Seal and open a vault's secrets under a key that is derived from its PIN. */
#include "hsm/vault/seal.h"

#include <string.h>

#include "util/mem.h"
#include "util/wr.h"
#include "core/err.h"
#include "crypto/rand.h"

/* As in chain.c: the tag says what is authenticated. */
#define TAG_SEAL "SFIVSEAL"
#define TAG_CHECK "SFIVCHCK"
#define TAG_LEN 8u
#define CHECK_LEN (TAG_LEN + 16 + LEDGER_SALT_LEN + LEDGER_SEALED_LEN)

_Static_assert(sizeof(struct vault_secrets) == LEDGER_SECRETS_LEN,
               "no padding");

/* scrypt takes 128 * r * 2^log2_n bytes; a damaged file must not make it take
 * more than 256 MiB. */
#define LOG2_N_MAX 18u
#define COST_R 8u
#define COST_P 1u

bool
sfi__vault_cost_ok(const struct kdf_cost *cost)
{
    return cost->log2_n >= 1 && cost->log2_n <= LOG2_N_MAX &&
           cost->r == COST_R && cost->p == COST_P;
}

sfi_status
sfi__vault_derive(sfi_ctx *ctx, const struct ledger_head *h,
                  const char *pin_secret, size_t pin_len,
                  uint8_t pin_key_secret[SFI_GCM_KEY_LEN])
{
    return sfi__kdf_scrypt(ctx, pin_secret, pin_len, h->salt, sizeof(h->salt),
                           &h->cost, pin_key_secret, SFI_GCM_KEY_LEN);
}

void
sfi__vault_seal_aad(const struct ledger_head *h,
                    uint8_t aad[VAULT_SEAL_AAD_LEN])
{
    memcpy(aad, TAG_SEAL, TAG_LEN);
    memcpy(aad + TAG_LEN, h->audit.genesis, SFI_SHA256_LEN);
}

sfi_status
sfi__vault_seal(sfi_ctx *ctx, struct ledger_head *h,
                const uint8_t pin_key_secret[SFI_GCM_KEY_LEN],
                const struct vault_secrets *secrets)
{
    uint8_t aad[VAULT_SEAL_AAD_LEN];
    uint8_t *cipher = h->sealed + SFI_GCM_IV_LEN;
    sfi_status st = sfi__random(ctx, h->sealed, SFI_GCM_IV_LEN);

    if (st != SFI_OK)
        return st;
    sfi__vault_seal_aad(h, aad);
    st = sfi__gcm_seal(ctx, pin_key_secret, h->sealed, aad, sizeof(aad),
                       (const uint8_t *)secrets, sizeof(*secrets), cipher,
                       cipher + sizeof(*secrets));
    if (st != SFI_OK)
        return st;
    return sfi__vault_sealed_check(ctx, h, h->sealed_check);
}

sfi_status
sfi__vault_unseal(sfi_ctx *ctx, const struct ledger_head *h,
                  const uint8_t pin_key_secret[SFI_GCM_KEY_LEN],
                  struct vault_secrets *secrets)
{
    uint8_t aad[VAULT_SEAL_AAD_LEN];
    const uint8_t *cipher = h->sealed + SFI_GCM_IV_LEN;

    sfi__vault_seal_aad(h, aad);
    return sfi__gcm_open(ctx, pin_key_secret, h->sealed, aad, sizeof(aad),
                         cipher, sizeof(*secrets), (uint8_t *)secrets,
                         cipher + sizeof(*secrets));
}

sfi_status
sfi__vault_sealed_check(sfi_ctx *ctx, const struct ledger_head *h,
                        uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[CHECK_LEN];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_bytes(&w, TAG_CHECK, TAG_LEN);
    sfi__wr_u32le(&w, h->seal);
    sfi__wr_u32le(&w, h->cost.log2_n);
    sfi__wr_u32le(&w, h->cost.r);
    sfi__wr_u32le(&w, h->cost.p);
    sfi__wr_bytes(&w, h->salt, sizeof(h->salt));
    sfi__wr_bytes(&w, h->sealed, sizeof(h->sealed));
    return sfi__sha256(ctx, data, sfi__wr_len(&w), out);
}

bool
sfi__vault_same_seal(const struct ledger_head *a, const struct ledger_head *b)
{
    return sfi__equal(a->sealed_check, b->sealed_check,
                      sizeof(a->sealed_check));
}
