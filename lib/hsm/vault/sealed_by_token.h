/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault sealed by a PKCS#11 token, which also detects a rollback to an older
 * copy; doc/format.md, "A token". */
#ifndef SFI_HSM_VAULT_SEALED_BY_TOKEN_H
#define SFI_HSM_VAULT_SEALED_BY_TOKEN_H

#include "hsm/vault/check.h"

/* SFI_ERR_HSM_STATE unless the vault is sealed as its name says: with a token,
 * or without. */
sfi_status sfi__vault_check_seal_kind(struct vault *v,
                                      const struct ledger_head *h);

sfi_status sfi__vault_token_login(struct vault *v, const char *pin_secret,
                                  size_t pin_len);
sfi_status sfi__vault_token_change_pin(struct vault *v, const char *pin_secret,
                                       size_t pin_len,
                                       const char *new_pin_secret,
                                       size_t new_pin_len);

/* Seal a new vault under a new key and anchor it; the genesis must be set. */
sfi_status sfi__vault_token_seal(struct vault *v, struct ledger_head *h,
                                 const struct vault_secrets *secrets);
/* Creating the vault failed: remove its key and anchor from the token.  Keeps
 * the error. */
void sfi__vault_token_undo(struct vault *v, const struct ledger_head *h);

/* Without a token both functions return SFI_OK at once. */

/* Inside LEDGER_WRITE: check that the vault has the record that the anchor
 * names. `h` is verified already. */
sfi_status sfi__vault_check_anchor(struct vault *v,
                                   const struct ledger_head *h);
/* Outside a transaction: move the anchor to the last record.  Nothing that was
 * written leaves the vault before. */
sfi_status sfi__vault_anchor(struct vault *v);

#endif
