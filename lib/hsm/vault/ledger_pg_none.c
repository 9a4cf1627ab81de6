/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stands in for vaults in PostgreSQL when libsfi is built without libpq. */
#include "hsm/vault/ledger.h"

#include "core/err.h"

static sfi_status
none_open(sfi_ctx *ctx, const char *path, struct ledger **out)
{
    (void)path;
    *out = NULL;
    return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                     "this libsfi was built without vaults in PostgreSQL: they "
                     "need libpq");
}

static sfi_status
none_create(sfi_ctx *ctx, const char *path, const struct ledger_head *head)
{
    struct ledger *l;

    (void)head;
    return none_open(ctx, path, &l);
}

const struct ledger_place sfi__ledger_pg = {
    .open = none_open,
    .create = none_create,
};
