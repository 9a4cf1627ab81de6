/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The seal of a vault: its secrets, and the key that protects them;
 * doc/format.md, "Vault". */
#ifndef SFI_HSM_VAULT_SEAL_H
#define SFI_HSM_VAULT_SEAL_H

#include <sfi/key.h>

#include "hsm/vault/ledger.h"

/* ledger_head.seal */
#define VAULT_SEAL_PIN 1u
#define VAULT_SEAL_TOKEN 2u /* a PKCS#11 token's key */

/* The secrets that the seal protects. */
struct vault_secrets {
    uint8_t nonce[SFI_NONCE_LEN];
    uint8_t key_secret[SFI_KEY_LEN];
    uint8_t
        audit_key_secret[SFI_AUDIT_KEY_LEN]; /* authenticates head, records */
};

/* Binds a seal to its vault, so that it does not open in a different one. */
#define VAULT_SEAL_AAD_LEN (8u + SFI_SHA256_LEN)
void sfi__vault_seal_aad(const struct ledger_head *h,
                         uint8_t aad[VAULT_SEAL_AAD_LEN]);

/* Whether a vault of libsfi can have this cost. */
bool sfi__vault_cost_ok(const struct kdf_cost *cost);
/* Derive the key from the PIN. */
sfi_status sfi__vault_derive(sfi_ctx *ctx, const struct ledger_head *h,
                             const char *pin_secret, size_t pin_len,
                             uint8_t pin_key_secret[SFI_GCM_KEY_LEN]);
/* Fill in h->sealed; the other fields of the seal and the genesis must be set.
 */
sfi_status sfi__vault_seal(sfi_ctx *ctx, struct ledger_head *h,
                           const uint8_t pin_key_secret[SFI_GCM_KEY_LEN],
                           const struct vault_secrets *secrets);
/* SFI_ERR_AUTH: wrong PIN. */
sfi_status sfi__vault_unseal(sfi_ctx *ctx, const struct ledger_head *h,
                             const uint8_t pin_key_secret[SFI_GCM_KEY_LEN],
                             struct vault_secrets *secrets);
/* The hash of the seal, which distinguishes damage from a wrong PIN. */
sfi_status sfi__vault_sealed_check(sfi_ctx *ctx, const struct ledger_head *h,
                                   uint8_t out[SFI_SHA256_LEN]);
/* Whether both heads have the same seal. */
bool sfi__vault_same_seal(const struct ledger_head *a,
                          const struct ledger_head *b);

#endif
