/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stands in for pcsc.c when libsfi is built without libpcsclite. */
#include "hsm/card/channel.h"

#include "core/err.h"

static sfi_status
pcsc_fail_unsupported(sfi_ctx *ctx)
{
    return sfi__fail(
        ctx, SFI_ERR_UNSUPPORTED,
        "this libsfi was built without smartcards: they need libpcsclite");
}

sfi_status
sfi__pcsc_open(sfi_ctx *ctx, const char *reader, struct channel *out)
{
    (void)reader;
    (void)out;
    return pcsc_fail_unsupported(ctx);
}

sfi_status
sfi__pcsc_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn, void *user)
{
    (void)fn;
    (void)user;
    return pcsc_fail_unsupported(ctx);
}
