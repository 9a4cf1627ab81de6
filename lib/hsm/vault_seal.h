/* What a vault seals, hashes and authenticates; doc/format.md, "Vault". */
#ifndef SFI_HSM_VAULT_SEAL_H
#define SFI_HSM_VAULT_SEAL_H

#include <sfi/key.h>

#include "hsm/ledger.h"

#define LOG_KEY_LEN 32u

/* What the PIN protects. */
struct vault_secrets {
    uint8_t nonce[SFI_NONCE_LEN];
    uint8_t key_secret[SFI_KEY_LEN];
    uint8_t log_key_secret[LOG_KEY_LEN]; /* authenticates head and records */
};

/* What the PIN becomes: 16 bytes of key, 12 of IV. */
#define PIN_KEY_LEN 28u

/* Is this a cost that a vault of ours can have? */
bool sfi__vault_cost_ok(const struct kdf_cost *cost);
sfi_status sfi__vault_derive(sfi_ctx *ctx, const struct ledger_head *h,
                             const char *pin_secret, size_t pin_len,
                             uint8_t pin_key_secret[PIN_KEY_LEN]);
/* Fill h->sealed. */
sfi_status sfi__vault_seal(sfi_ctx *ctx, struct ledger_head *h,
                           const uint8_t pin_key_secret[PIN_KEY_LEN],
                           const struct vault_secrets *secrets);
/* SFI_ERR_AUTH: it was another PIN. */
sfi_status sfi__vault_unseal(sfi_ctx *ctx, const struct ledger_head *h,
                             const uint8_t pin_key_secret[PIN_KEY_LEN],
                             struct vault_secrets *secrets);

/* The hash of all that is written once: where the chain of records begins. */
sfi_status sfi__vault_genesis(sfi_ctx *ctx, const struct ledger_head *h,
                              uint8_t out[SFI_SHA256_LEN]);
sfi_status sfi__vault_head_mac(sfi_ctx *ctx, const struct ledger_head *h,
                               const struct vault_secrets *secrets,
                               uint8_t out[SFI_SHA256_LEN]);
/* Without secrets only the hash. */
sfi_status sfi__vault_record(sfi_ctx *ctx, const struct ledger_head *h,
                             const struct ledger_record *r,
                             const struct vault_secrets *secrets,
                             uint8_t hash[SFI_SHA256_LEN],
                             uint8_t mac[SFI_SHA256_LEN]);

#endif
