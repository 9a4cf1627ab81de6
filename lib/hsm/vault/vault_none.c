/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stands in for the vault when libsfi is built without SQLite. */
#include "hsm/vault/vault.h"

#include "core/err.h"

sfi_status
sfi__vault_open(sfi_ctx *ctx, const char *path, const struct kdf_cost *cost,
                const struct ledger_place *place, sfi_hsm_ops *ops, void **user)
{
    (void)path;
    (void)cost;
    (void)place;
    (void)ops;
    *user = NULL;
    return sfi__fail(
        ctx, SFI_ERR_UNSUPPORTED,
        "this libsfi was built without the vault: it needs SQLite");
}
