/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that a token seals: its key opens the secrets, and its anchor tells
 * an older copy of the vault; doc/format.md, "A token". */
#ifndef SFI_HSM_VAULT_SEALED_BY_TOKEN_H
#define SFI_HSM_VAULT_SEALED_BY_TOKEN_H

#include "hsm/vault/check.h"

/* Is this vault sealed in the way that its name says?  Else
 * SFI_ERR_HSM_STATE. */
sfi_status sfi__vault_check_way(struct vault *v, const struct ledger_head *h);

sfi_status sfi__vault_token_login(struct vault *v, const char *pin_secret,
                                  size_t pin_len);
sfi_status sfi__vault_token_change_pin(struct vault *v, const char *pin_secret,
                                       size_t pin_len,
                                       const char *new_pin_secret,
                                       size_t new_pin_len);

/* Seal a new vault under a new key, and anchor it; the genesis is there. */
sfi_status sfi__vault_token_seal(struct vault *v, struct ledger_head *h,
                                 const struct vault_secrets *secrets);
/* The vault did not come to be: take away what the token has of it.  Keeps the
 * error. */
void sfi__vault_token_undo(struct vault *v, const struct ledger_head *h);

/* All that follows is SFI_OK at once for a vault without a token. */

/* Inside a LEDGER_WRITE: does the vault have what the token remembers?
 * `h` is believed already. */
sfi_status sfi__vault_check_anchor(struct vault *v,
                                   const struct ledger_head *h);
/* Outside: the token remembers all that is on the disk now.  Nothing that was
 * written is given away before. */
sfi_status sfi__vault_anchor(struct vault *v);

#endif
