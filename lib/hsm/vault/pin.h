/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault's PIN: what it opens, what a guess costs, how it changes. */
#ifndef SFI_HSM_VAULT_PIN_H
#define SFI_HSM_VAULT_PIN_H

#include "hsm/vault/check.h"

/* End the login and wipe its secrets. */
void sfi__vault_forget(struct vault *v);
/* Log in with these secrets, unchecked. */
void sfi__vault_unlock(struct vault *v, const struct ledger_head *h,
                       const struct vault_secrets *secrets);

/* Log in with these secrets, if head and last records verify with them. */
sfi_status sfi__vault_enter(struct vault *v, const struct ledger_head *h,
                            const struct vault_secrets *secrets);

sfi_status sfi__vault_check_pin(sfi_ctx *ctx, const char *what, size_t pin_len);
sfi_status sfi__vault_login(struct vault *v, const char *pin_secret,
                            size_t pin_len);
sfi_status sfi__vault_change_pin(struct vault *v, const char *pin_secret,
                                 size_t pin_len, const char *new_pin_secret,
                                 size_t new_pin_len);
/* Seal under a PIN with a fresh salt; the genesis must be set. */
sfi_status sfi__vault_seal_under(struct vault *v, struct ledger_head *h,
                                 const char *pin_secret, size_t pin_len,
                                 const struct vault_secrets *secrets);

#endif
