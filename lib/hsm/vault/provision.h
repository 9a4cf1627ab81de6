/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Make a vault, and lock it for ever. */
#ifndef SFI_HSM_VAULT_PROVISION_H
#define SFI_HSM_VAULT_PROVISION_H

#include "hsm/vault/check.h"

/* Is there no vault yet, and a PIN for it? */
sfi_status sfi__vault_check_blank(struct vault *v);
/* Make it, of a head that lacks serial, genesis, MAC and seal, and log in. */
sfi_status sfi__vault_create(struct vault *v, struct ledger_head *h,
                             const struct vault_secrets *secrets);

/* Of sfi_hsm_ops; `user`: a struct vault. */
sfi_status sfi__vault_provision(void *user, const uint8_t *key, size_t key_len,
                                const uint8_t *nonce, size_t nonce_len,
                                const char *firmware_id, uint64_t max_count,
                                const uint8_t *perso, size_t perso_len,
                                const sfi_provision_options *options);

#endif
