/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The lock of a licence server: a file beside the vault.  Whoever has it
 * locked is the one server; the file itself says nothing, and stays. */
#ifndef SFI_HSM_VAULT_LEDGER_HOLD_H
#define SFI_HSM_VAULT_LEDGER_HOLD_H

#include <sfi/ctx.h>

/* Lock the file that belongs to the vault at `path`; `*fd` is -1 on failure,
 * else sfi__fd_close() gives it back.  SFI_ERR_TIMEOUT: another has it. */
sfi_status sfi__ledger_hold(sfi_ctx *ctx, const char *path, uint32_t timeout_ms,
                            int *fd);

#endif
