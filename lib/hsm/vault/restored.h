/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault that was restored from an older copy: sfi_hsm_ops of a vault, whose
 * `user` is a struct vault. */
#ifndef SFI_HSM_VAULT_RESTORED_H
#define SFI_HSM_VAULT_RESTORED_H

#include "hsm/vault/check.h"

sfi_status sfi__vault_check_known(void *user, uint64_t sequence,
                                  const uint8_t *head, size_t head_len,
                                  sfi_hsm_known *out);
sfi_status sfi__vault_declare_restored(void *user, uint64_t sequence,
                                       const uint8_t *head, size_t head_len,
                                       uint64_t remaining);

/* Inside a transaction: the sequence of the last statement; 0: none. */
sfi_status sfi__vault_last_restored(struct vault *v,
                                    const struct ledger_head *h,
                                    uint64_t *sequence);

#endif
